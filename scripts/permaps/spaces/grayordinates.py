"""Grayordinates: the vertices of the cortices and the voxels below them, as in CIFTI files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from permaps.spaces.adjacency import Adjacency, pair_adjacency
from permaps.spaces.elements import Masked, Selection
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume


@dataclass(frozen=True)
class Grayordinates(Masked):
    """The grayordinates of a mask; see `permaps.spaces.space.Space`.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (n_grayordinates,)
        Of the vertices and voxels of the files, in the order of `permaps.maps.cifti.BrainModels`, its true ones
        are the elements.
    cortex : permaps.spaces.surface.Surface or None
        All vertices of the files.
    voxels : permaps.spaces.volume.Volume or None
        All voxels of the files.
    structures : numpy.ndarray of str, shape (n_structures,)
        In the order of the files.
    structure : numpy.ndarray of int, shape (n_grayordinates,)
        The number of the structure that each belongs to.
    order : numpy.ndarray of int, shape (n_grayordinates,)
        Where each is in the files.
    """

    mask: np.ndarray
    cortex: Surface | None
    voxels: Volume | None
    structures: np.ndarray
    structure: np.ndarray
    order: np.ndarray
    kind: ClassVar[str] = "grayordinates"
    element: ClassVar[str] = "grayordinate"
    elements: ClassVar[str] = "grayordinates"
    whole: ClassVar[str] = "grayordinates"
    unit: ClassVar[str] = "mm2 or mm3"
    place_columns: ClassVar[tuple] = ("structure", "hemisphere", "vertex", "x", "y", "z")

    @property
    def parts(self) -> dict:
        """The cortices and the voxels, each with its elements and the space that they are."""
        parts, start = {}, 0
        for name, whole in (("cortex", self.cortex), ("voxels", self.voxels)):
            if whole is None:
                continue
            there = self.mask[start : start + whole.n_elements]
            start += whole.n_elements
            first = sum(part.n_elements for _, part in parts.values())
            if there.any():
                parts[name] = slice(first, first + int(there.sum())), whole.part(there)
        return parts

    @property
    def sizes(self) -> np.ndarray:
        """The area of vertices, mm2, and the volume of voxels, mm3."""
        return np.concatenate([part.sizes for _, part in self.parts.values()])

    def measures(self) -> dict:
        """Return its facts for the record of a run."""
        return {
            name: {f"n_{part.elements}": part.n_elements} | part.measures()
            for name, (_, part) in self.parts.items()
        }

    @property
    def touching(self) -> Adjacency:
        """Vertices that an edge of the mesh joins, and voxels that share a face, an edge or a corner."""
        return self.adjacency(26)

    def adjacency(self, connectivity: int | None) -> Adjacency:
        """Return which vertices and which voxels are neighbours; a vertex is never one of a voxel."""
        pairs = [
            part.adjacency(connectivity).pairs + elements.start for elements, part in self.parts.values()
        ]
        return pair_adjacency(np.concatenate(pairs), self.n_elements, self.sizes)

    def place(self, elements: Selection) -> dict:
        """Return where elements are, by `place_columns`; a voxel has no hemisphere and no vertex."""
        n = self.n_elements
        columns = {"structure": self.structures[self.structure[self.mask]].astype(object)}
        columns |= {"hemisphere": np.full(n, None, object), "vertex": np.full(n, np.nan)}
        columns |= dict(zip("xyz", np.empty((3, n)), strict=True))
        for inside, part in self.parts.values():
            for name, values in part.place(slice(None)).items():
                columns[name][inside] = values
        return {name: values[elements] for name, values in columns.items()}

    def named(self, element: int) -> str:
        """Say where an element is."""
        x, y, z = self.coordinates([element])[0]
        return f"{self.structures[self.structure[self.mask][element]]} ({x:.0f}, {y:.0f}, {z:.0f} mm)"

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the elements at places, given by `place_columns`; -1 where there is none."""
        columns = {name: np.asarray(places[name]) for name in self.place_columns}
        numbers = np.full(len(columns["x"]), -1)
        on_cortex = np.isfinite(np.asarray(columns["vertex"], float))
        for name, (elements, part) in self.parts.items():
            rows = np.flatnonzero(on_cortex == (name == "cortex"))
            there = part.at({column: columns[column][rows] for column in part.place_columns})
            numbers[rows] = np.where(there < 0, -1, there + elements.start)
        return numbers

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return where elements are, in mm; shape (n, 3)."""
        return np.concatenate([part.coordinates(slice(None)) for _, part in self.parts.values()])[elements]

    def full(self, values: np.ndarray, fill: float = 0) -> np.ndarray:
        """Return values of the elements at all grayordinates of the files, in their order."""
        here = super().full(values, fill)
        whole = np.empty_like(here)
        whole[self.order] = here
        return whole
