"""Spaces as plain arrays in the files of models and observed maps."""

from dataclasses import fields

import numpy as np

from permaps.spaces.edges import Edges
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume

# Each kind of space has one entry here.
KINDS = {space.kind: space for space in (Volume, Surface, Edges)}


def space_arrays(space) -> dict[str, np.ndarray]:
    """Return a space as arrays, by names that start with `space`.

    Parameters
    ----------
    space : permaps.spaces.space.Space or None
        None gives no arrays.
    """
    if space is None:
        return {}
    kind = next(name for name, cls in KINDS.items() if cls is type(space))
    return {"space": np.array(kind)} | {
        f"space_{field.name}": np.asarray(getattr(space, field.name)) for field in fields(space)
    }


def take_space(stored):
    """Take a space out of the arrays of a file, if there is one.

    Parameters
    ----------
    stored : dict of numpy.ndarray
        The arrays from `space_arrays` are removed from it.

    Returns
    -------
    permaps.spaces.space.Space or None
    """
    kind = stored.pop("space", None)
    if kind is None:
        return None
    cls = KINDS[str(kind)]
    return cls(**{field.name: stored.pop(f"space_{field.name}") for field in fields(cls)})
