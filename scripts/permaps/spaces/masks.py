"""Small volumes and regions of the user, as sets of elements of a space."""

from pathlib import Path

import numpy as np

from permaps.maps.images import UnusableMap, load_volume, read_grid, same_grid, values_at
from permaps.spaces.volume import Volume
from permaps.workflow.errors import UserError


def elements_inside(space: Volume, where: str | Path | dict, key: str) -> np.ndarray:
    """Return which elements of a space lie in a mask or a sphere.

    Parameters
    ----------
    space : permaps.spaces.volume.Volume
    where : path or dict
        Mask image, on any grid in the space of the maps; or a sphere, by its `center` [x, y, z] and its `radius`
        in mm.
    key : str
        The config key that names it.

    Returns
    -------
    numpy.ndarray of int
        Those whose centre lies in the sphere, or in a voxel of the mask that is above 0.

    Raises
    ------
    UserError
        If there is no such image, or no element lies in it.
    """
    places = space.coordinates(np.arange(space.n_elements))
    if isinstance(where, dict):
        return _in_sphere(places, where["center"], where["radius"], key)
    try:
        data, affine = load_volume(where)
    except UnusableMap as error:
        raise UserError(f"{key}: {where}: {error}. Expected a mask image.") from None
    inside = np.flatnonzero(np.nan_to_num(values_at(data, affine, places)) > 0)
    if not len(inside):
        raise UserError(
            f"{key}: {where} has no voxel inside the analysis mask. Expected a mask that overlaps with it: compare "
            "the two in a viewer. Is it in the space of the maps?"
        )
    return inside


def on_other_grids(space: Volume, files: dict[str, str]) -> list[str]:
    """Return the keys of the images that are not on the grid of a space, and so are taken at the nearest voxel."""
    return [
        key for key, path in files.items() if not same_grid(*read_grid(path), space.mask.shape, space.affine)
    ]


def _in_sphere(places, center, radius, key):
    distances = np.sqrt(((places - np.asarray(center, float)) ** 2).sum(axis=1))
    inside = np.flatnonzero(distances <= radius)
    if not len(inside):
        nearest = ", ".join(f"{c:.0f}" for c in places[np.argmin(distances)])
        raise UserError(
            f"{key}: no voxel of the analysis mask is within {radius:g} mm of {', '.join(f'{c:g}' for c in center)}; "
            f"the nearest is at {nearest}, {distances.min():.0f} mm away. Expected a place in the mask, in mm."
        )
    return inside
