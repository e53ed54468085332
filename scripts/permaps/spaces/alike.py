"""Whether two spaces are the same, whatever their masks have left of them, and how they differ."""

import numpy as np

from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays


def alike(one: Space, other: Space) -> bool:
    """Tell whether two spaces are the same, whatever their masks have left of them."""
    mine, its = space_arrays(one), space_arrays(other)
    return mine.keys() == its.keys() and all(
        np.shape(mine[key]) == np.shape(its[key]) if key == "space_mask" else _same(mine[key], its[key])
        for key in mine
    )


def _same(one, other):
    """Tell whether two arrays of a space are the same, affines up to rounding."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    return np.allclose(one, other, equal_nan=True) if one.dtype.kind == "f" else np.array_equal(one, other)


def apart(one: Space, first: str, other: Space, second: str) -> str:
    """Say how two spaces differ, and what to do.

    Parameters
    ----------
    one, other : permaps.spaces.space.Space
    first, second : str
        What has them.
    """
    if hasattr(one, "names") and hasattr(other, "names"):
        own, its = (space.names.tolist() for space in (one, other))
        alone = [f"{name!r} is in {first} alone" for name in own if name not in its]
        alone += [f"{name!r} is in {second} alone" for name in its if name not in own]
        what = f"found other names or another order ({alone[0] if alone else 'the names are the same'})"
        return (
            f"{first} and {second} are not of the same {one.elements}: {what}. Expected the same names in the same "
            "order in both: narrow or correct dataset.maps."
        )
    return (
        f"the maps of {first} and of {second} are on different grids or meshes. Expected inputs that share one: "
        "resample them first, for example with nilearn.image.resample_to_img."
    )
