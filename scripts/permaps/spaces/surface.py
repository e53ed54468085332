"""Vertices of a mesh, of one hemisphere or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from permaps.spaces.adjacency import Adjacency, pair_adjacency
from permaps.spaces.elements import Alike, Selection


@dataclass(frozen=True)
class Surface(Alike):
    """The vertices of a mask on a mesh; see `permaps.spaces.space.Space`.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (n_vertices,)
        Its true vertices are the elements: those of the left hemisphere, then those of the right one.
    hemispheres : numpy.ndarray of str, shape (n_hemispheres,)
        "L" or "R".
    counts : numpy.ndarray of int, shape (n_hemispheres,)
        Vertices of each on the whole mesh.
    places : numpy.ndarray of float32, shape (n_vertices, 3)
        Where the vertices are, in mm.
    triangles : numpy.ndarray of int32, shape (n_triangles, 3)
        Their corners, numbered through both hemispheres.
    mesh : numpy.ndarray of str, shape (1,)
        What the config calls the mesh.
    """

    mask: np.ndarray
    hemispheres: np.ndarray
    counts: np.ndarray
    places: np.ndarray
    triangles: np.ndarray
    mesh: np.ndarray
    kind: ClassVar[str] = "surface"
    element: ClassVar[str] = "vertex"
    elements: ClassVar[str] = "vertices"
    whole: ClassVar[str] = "mask"
    unit: ClassVar[str] = "mm2"
    place_columns: ClassVar[tuple] = ("hemisphere", "vertex", "x", "y", "z")

    @classmethod
    def on_mesh(
        cls, mask: np.ndarray, name: str, counts: dict[str, int], places: np.ndarray, triangles: np.ndarray
    ) -> Self:
        """Return the vertices of a mask on a mesh, as `permaps.maps.surfaces.read_mesh` reads it by its name."""
        sides, numbers = np.array(list(counts)), np.array(list(counts.values()))
        return cls(mask, sides, numbers, places, triangles, np.array([name]))

    @property
    def areas(self) -> np.ndarray:
        """Of every vertex of the mesh, a third of the area of its triangles, mm2; shape (n_vertices,)."""
        a, b, c = (self.places[corner].astype(float) for corner in self.triangles.T)
        across = np.cross(b - a, c - a)
        thirds = np.sqrt((across * across).sum(axis=1)) / 6
        return np.bincount(self.triangles.ravel(), np.repeat(thirds, 3), len(self.mask))

    @property
    def sizes(self) -> np.ndarray:
        """The area of the vertices in the mask, mm2; shape (n_elements,)."""
        return self.areas[self.mask]

    def measures(self) -> dict:
        """Return its facts for the record of a run."""
        return {
            "mesh": str(self.mesh[0]),
            "hemispheres": self.hemispheres.tolist(),
            "area_mm2": round(float(self.sizes.sum()), 1),
        }

    @property
    def mesh_edges(self) -> np.ndarray:
        """Vertices of the mesh that an edge joins, each pair once; shape (n_edges, 2)."""
        sides = self.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
        sides = sides[sides[:, 0] != sides[:, 1]]  # a flat triangle may name a vertex twice
        low, high = sides.min(axis=1), sides.max(axis=1)
        return np.column_stack(np.divmod(np.unique(low * len(self.mask) + high), len(self.mask)))

    def adjacency(self, connectivity: int | None = None) -> Adjacency:
        """Return which vertices an edge joins, and their areas; a mesh has one kind of neighbours only."""
        number = np.cumsum(self.mask) - 1
        pairs = self.mesh_edges
        pairs = pairs[self.mask[pairs].all(axis=1)]
        return pair_adjacency(number[pairs], self.n_elements, self.sizes, self.places[self.mask])

    def sides(self, elements: Selection = slice(None)) -> np.ndarray:
        """Return the hemisphere of n elements, "L" or "R"; shape (n,)."""
        return np.repeat(self.hemispheres, self.counts)[self.mask][elements]

    def vertices(self, elements: Selection = slice(None)) -> np.ndarray:
        """Return the numbers of n elements on the meshes of their hemispheres; shape (n,)."""
        return np.concatenate([np.arange(n) for n in self.counts])[self.mask][elements]

    def place(self, elements: Selection) -> dict:
        """Return where elements are, by `place_columns`."""
        x, y, z = self.coordinates(elements).T
        return dict(
            zip(self.place_columns, (self.sides(elements), self.vertices(elements), x, y, z), strict=True)
        )

    def named(self, element: int) -> str:
        """Say where an element is."""
        side, vertex, *place = self.where(element).values()
        return f"{side} {vertex} ({', '.join(f'{c:.0f}' for c in place)} mm)"

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the elements at places, given by `place_columns`; -1 where there is none."""
        starts = dict(zip(self.hemispheres, np.cumsum(self.counts) - self.counts, strict=True))
        vertex = [
            starts[side] + int(n) for side, n in zip(places["hemisphere"], places["vertex"], strict=True)
        ]
        return super().full(np.arange(self.n_elements), -1)[np.array(vertex, int)]

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return where vertices are on the mesh, in mm; shape (n, 3)."""
        return self.places[self.mask][elements].astype(float)

    def full(self, values: np.ndarray, fill: float = 0) -> dict[str, np.ndarray]:
        """Return values of the elements, shape (n_elements,), at all vertices of the mesh, by hemisphere."""
        by_side = np.split(super().full(values, fill), np.cumsum(self.counts)[:-1])
        return dict(zip(self.hemispheres.tolist(), by_side, strict=True))
