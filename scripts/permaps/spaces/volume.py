"""Voxels of a mask on a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from permaps.spaces.adjacency import Adjacency, grid_adjacency
from permaps.spaces.elements import Alike, Selection


@dataclass(frozen=True)
class Volume(Alike):
    """The voxels of a mask; see `permaps.spaces.space.Space`.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
        Its true voxels, in C order, are the elements.
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    """

    mask: np.ndarray
    affine: np.ndarray
    kind: ClassVar[str] = "volume"
    element: ClassVar[str] = "voxel"
    elements: ClassVar[str] = "voxels"
    whole: ClassVar[str] = "brain mask"
    unit: ClassVar[str] = "mm3"
    place_columns: ClassVar[tuple] = ("x", "y", "z")

    @property
    def sizes(self) -> np.ndarray:
        """Their volume, mm3; shape (n_elements,)."""
        return np.full(self.n_elements, abs(np.linalg.det(self.affine[:3, :3])))

    def measures(self) -> dict:
        """Return its facts for the record of a run."""
        return {
            "voxel_size_mm": [
                round(float(side), 4) for side in np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
            ],
            "share_of_image": round(float(self.mask.mean()), 4),
        }

    @property
    def touching(self) -> Adjacency:
        """Voxels that share a face, an edge or a corner."""
        return grid_adjacency(self.mask, 26)

    def adjacency(self, connectivity: int) -> Adjacency:
        """Return which voxels are neighbours, with 6, 18 or 26 neighbours per voxel."""
        return grid_adjacency(self.mask, connectivity)

    def place(self, elements: Selection) -> dict:
        """Return where elements are, by `place_columns`."""
        return dict(zip(self.place_columns, self.coordinates(elements).T, strict=True))

    def named(self, element: int) -> str:
        """Say where an element is."""
        return ", ".join(f"{c:.0f}" for c in self.coordinates([element])[0]) + " mm"

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the voxels at n places in mm, given by `place_columns`; shape (n,), -1 outside the mask."""
        inverse = np.linalg.inv(self.affine)
        centres = np.column_stack([places[axis] for axis in self.place_columns])
        voxels = np.rint(centres @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
        inside = ((voxels >= 0) & (voxels < self.mask.shape)).all(axis=1)
        number = self.full(np.arange(self.n_elements), -1)
        return np.where(inside, number[tuple(np.where(inside[:, None], voxels, 0).T)], -1)

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return the centres of voxels, in mm; shape (n, 3)."""
        return np.argwhere(self.mask)[elements] @ self.affine[:3, :3].T + self.affine[:3, 3]
