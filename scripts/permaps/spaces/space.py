"""What a space must provide: the interface between maps and everything that uses them.

A space says what the elements of a map are. It consists of plain arrays, because permutation jobs read it
with numpy only. `permaps.spaces.files` reads and writes its files.
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
        Unit of their size, as in the names of columns: "mm3".
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
        """Which elements touch at all: a peak is no lower than any element that it touches."""

    def adjacency(self, connectivity) -> Adjacency:
        """Return which elements are neighbours in clusters."""

    def coordinates(self, elements) -> np.ndarray:
        """Return where elements are, in mm; shape (n, 3)."""

    def nearest(self, places) -> np.ndarray:
        """Return the elements at places in mm, or -1 where there is none."""

    def part(self, elements):
        """Return the space that consists of some of its elements."""
