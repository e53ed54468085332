"""An image at places, whatever its grid."""

import numpy as np
from nibabel.affines import apply_affine


def values_at(data: np.ndarray, affine: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the value of an image at places: that of the nearest voxel, or 0 outside.

    Parameters
    ----------
    data : numpy.ndarray, shape (x, y, z)
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    places : array, shape (n, 3)
        In mm.
    """
    voxels = np.rint(apply_affine(np.linalg.inv(affine), np.reshape(places, (-1, 3)))).astype(int)
    inside = ((voxels >= 0) & (voxels < data.shape)).all(axis=1)
    values = np.zeros(len(voxels), data.dtype)
    values[inside] = data[tuple(voxels[inside].T)]
    return values
