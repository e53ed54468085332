"""What a space must know: the one seam between maps and all that is done with them.

A space says what the elements of a map are. It is plain arrays, since permutation jobs read it with numpy
alone; its files are read and written by `permaps.spaces.files`.
"""

from typing import Protocol

import numpy as np

from permaps.spaces.adjacency import Adjacency


class Space(Protocol):
    """What maps are defined on.

    Attributes
    ----------
    element : str
        What one element is called: "voxel".
    unit : str
        Of their size, as in the names of columns: "mm3".
    """

    element: str
    unit: str

    @property
    def n_elements(self) -> int:
        """Number of elements."""

    @property
    def sizes(self) -> np.ndarray:
        """The size of each element, in `unit`; shape (n_elements,)."""

    @property
    def touching(self) -> Adjacency:
        """Who touches whom at all: a peak is no lower than any of these."""

    def adjacency(self, connectivity) -> Adjacency:
        """Return who is whose neighbour in clusters."""

    def coordinates(self, elements) -> np.ndarray:
        """Return where elements are, in mm; shape (n, 3)."""

    def nearest(self, places) -> np.ndarray:
        """Return the elements at some places, in mm; -1 where there is none."""

    def part(self, elements):
        """Return the space of some of its elements."""
