"""Spaces as plain arrays in the files of models and observed maps."""

from dataclasses import fields

import numpy as np

from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume

# Each kind of space has one entry here.
CLASSES = {space.kind: space for space in (Volume, Surface, Grayordinates, Parcels, Edges)}


def space_arrays(space: Space | None, name: str = "space") -> dict[str, np.ndarray]:
    """Return a space as arrays, by names that start with `name`.

    Parameters
    ----------
    space : permaps.spaces.space.Space or None
        None gives no arrays. A field may be a space itself.
    name : str
    """
    if space is None:
        return {}
    kind = next(name for name, cls in CLASSES.items() if cls is type(space))
    arrays = {name: np.array(kind)}
    for field in fields(space):
        value, key = getattr(space, field.name), f"{name}_{field.name}"
        within = value is None or type(value) in CLASSES.values()
        arrays |= space_arrays(value, key) if within else {key: np.asarray(value)}
    return arrays


def take_space(stored: dict[str, np.ndarray], name: str = "space") -> Space | None:
    """Take a space out of the arrays of a file, if there is one.

    Parameters
    ----------
    stored : dict of numpy.ndarray
        The arrays from `space_arrays` are removed from it.
    name : str
    """
    kind = stored.pop(name, None)
    if kind is None:
        return None
    cls = CLASSES[str(kind)]
    # Arrays of a space have a dimension; the name of a kind, or what is not there, has none.
    return cls(
        **{
            field.name: stored.pop(key) if np.ndim(stored.get(key)) else take_space(stored, key)
            for field in fields(cls)
            for key in [f"{name}_{field.name}"]
        }
    )
