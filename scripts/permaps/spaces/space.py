"""What a space must provide: the interface between maps and everything that uses them.

A space says what the elements of a map are. It consists of plain arrays, because permutation jobs read it
with numpy only. `permaps.spaces.files` reads and writes its files.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import numpy as np

from permaps.spaces.adjacency import Adjacency
from permaps.spaces.elements import Selection


class Space(Protocol):
    """What maps are defined on.

    Attributes
    ----------
    kind : str
        Name of its row in `permaps.spaces.kinds`.
    element, elements : str
        What one element is called, and several: "voxel", "voxels".
    whole : str
        What all of them are called, before some leave for their values: "brain mask".
    unit : str
        Unit of their size, as in the names of columns: "mm3"; empty where they have none but their number. Of
        unlike parts, each has its own.
    place_columns : tuple of str
        Columns of tables that say where an element is.
    """

    kind: str
    element: str
    elements: str
    whole: str
    unit: str
    place_columns: tuple

    @property
    def n_elements(self) -> int:
        """Number of elements."""

    @property
    def parts(self) -> dict:
        """Parts of unlike kind, by name: the elements of each, as a slice, and the space that they are.

        Each is enhanced on its own. All elements of `permaps.spaces.elements.Alike` are one part.
        """

    @property
    def sizes(self) -> np.ndarray:
        """The size of each element, in `unit`; shape (n_elements,)."""

    @property
    def touching(self) -> Adjacency:
        """Which elements touch at all: a peak is no lower than any element that it touches."""

    def measures(self) -> dict:
        """Return its facts for the record of a run, as plain values."""

    def adjacency(self, connectivity: int | None) -> Adjacency:
        """Return which elements are neighbours in clusters."""

    def place(self, elements: Selection) -> dict:
        """Return where elements are, by `place_columns`."""

    def where(self, element: int) -> dict:
        """Return where one element is, by `place_columns`."""

    def named(self, element: int) -> str:
        """Say where an element is."""

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the elements at n places, given by `place_columns`; shape (n,), -1 where there is none."""

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return where elements are, in mm; shape (n, 3), NaN where that is not known."""

    def full(self, values: np.ndarray, fill: float = 0) -> np.ndarray | dict[str, np.ndarray]:
        """Return values of the elements as arrays of everything that the maps have, with a value for the rest.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_elements,)
        fill : float

        Returns
        -------
        numpy.ndarray, or dict of them
            In the shape of a map: of a volume (x, y, z), of a surface (n_vertices,) by hemisphere.
        """

    def part(self, elements: Selection) -> Self:
        """Return the space that consists of some of its elements."""
