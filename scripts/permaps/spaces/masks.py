"""The user's masks, as sets of elements of a space."""

from pathlib import Path

import numpy as np

from permaps.inputs.images import UnusableMap, load_map, same_grid
from permaps.spaces.volume import Volume
from permaps.workflow.errors import UserError


def elements_inside(space: Volume, path: str | Path, key: str) -> np.ndarray:
    """Return which elements of a space lie in a mask.

    Parameters
    ----------
    space : permaps.spaces.volume.Volume
    path : path
        Mask image on the grid of the maps.
    key : str
        The config key that names it.

    Returns
    -------
    numpy.ndarray of int

    Raises
    ------
    UserError
        If there is no such image, it is on another grid, or no element lies in it.
    """
    try:
        data, affine = load_map(path)
    except UnusableMap as error:
        raise UserError(f"{key}: {path}: {error}. Expected a mask image.") from None
    if not same_grid(data.shape, affine, space.mask.shape, space.affine):
        raise UserError(
            f"{key}: {path} has another grid than the maps (shape {data.shape} against {space.mask.shape}, or "
            "another affine). Expected a mask on the maps' grid: resample it, with nearest-neighbour interpolation."
        )
    inside = np.flatnonzero(np.nan_to_num(data)[space.mask] > 0)
    if not len(inside):
        raise UserError(
            f"{key}: {path} has no voxel inside the analysis mask. Expected a mask that overlaps with it: compare "
            "the two in a viewer."
        )
    return inside
