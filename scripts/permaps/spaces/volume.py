"""Voxels of a mask on a grid."""

from dataclasses import dataclass

import numpy as np

from permaps.spaces.adjacency import Adjacency, grid_adjacency


@dataclass(frozen=True)
class Volume:
    """The voxels of a mask.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
        Its true voxels, in C order, are the elements.
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    """

    mask: np.ndarray
    affine: np.ndarray

    @property
    def n_elements(self) -> int:
        """Number of voxels."""
        return int(self.mask.sum())

    def adjacency(self, connectivity) -> Adjacency:
        """Return who is whose neighbour, by 6, 18 or 26 neighbours a voxel."""
        return grid_adjacency(self.mask, connectivity)
