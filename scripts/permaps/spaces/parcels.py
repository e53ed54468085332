"""Parcels: the regions of a parcellation, with a value each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from permaps.spaces.adjacency import Adjacency, pair_adjacency
from permaps.spaces.elements import Counted, Selection
from permaps.spaces.surface import Surface


@dataclass(frozen=True)
class Parcels(Counted):
    """The regions of a mask; see `permaps.spaces.space.Space`.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (n_parcels,)
        Its true ones are the elements.
    names : numpy.ndarray of str, shape (n_parcels,)
    places : numpy.ndarray, shape (n_parcels, 3)
        Where they are, in mm; NaN where that is not known.
    neighbours : numpy.ndarray of int, shape (n_pairs, 2)
        Numbers of parcels that are neighbours, each pair once.
    header : numpy.ndarray of uint8
        The XML of a CIFTI file that says what the parcels are; empty where they are columns of a table.
    surface : permaps.spaces.surface.Surface, optional
        The vertices that they consist of; None where these are not known.
    region : numpy.ndarray of int, shape (surface.n_elements,), optional
        The number of the parcel at each of these vertices.
    """

    mask: np.ndarray
    names: np.ndarray
    places: np.ndarray
    neighbours: np.ndarray
    header: np.ndarray
    surface: Surface | None = None
    region: np.ndarray | None = None
    kind: ClassVar[str] = "parcels"
    element: ClassVar[str] = "region"
    elements: ClassVar[str] = "regions"
    whole: ClassVar[str] = "regions"
    place_columns: ClassVar[tuple] = ("region",)

    def measures(self) -> dict:
        """Return its facts for the record of a run."""
        return {"n_neighbours": len(self.neighbours)}

    def adjacency(self, connectivity: int | None = None) -> Adjacency:
        """Return which regions are neighbours; a parcellation has one kind of them only."""
        number = np.cumsum(self.mask) - 1
        pairs = self.neighbours[self.mask[self.neighbours].all(axis=1)]
        return pair_adjacency(number[pairs], self.n_elements)

    def place(self, elements: Selection) -> dict:
        """Return the names of regions, by `place_columns`."""
        return {"region": self.names[self.mask][elements]}

    def named(self, element: int) -> str:
        """Return the name of a region."""
        return str(self.names[self.mask][element])

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the regions of some names, given by `place_columns`; -1 where there is none."""
        number = {name: i for i, name in enumerate(self.names[self.mask].tolist())}
        return np.array([number.get(str(name), -1) for name in places["region"]], int)

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return where regions are, in mm; shape (n, 3), NaN where that is not known."""
        return self.places[self.mask][elements]

    def at_vertices(self, values: np.ndarray, fill: float = np.nan) -> np.ndarray:
        """Return values of the elements at the vertices of the surface, with a value where a parcel left."""
        return self.full(values, fill)[self.region]
