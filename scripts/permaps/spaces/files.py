"""Files of spaces and maps. Apart from the spaces, which permutation jobs import without nibabel."""

from functools import singledispatch
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.cifti2 import BrainModelAxis

from permaps.maps.cifti import CORTICES, PREFIX, BrainModels, axis_in, axis_of, write_scalars
from permaps.maps.connectomes import read_square, write_square
from permaps.maps.images import load_volume, write_image
from permaps.maps.surfaces import write_metric
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.tables.text import read_rows, write_rows
from permaps.workflow.arrays import read_arrays, write_arrays

_MODELS = {side: PREFIX + name for name, side in CORTICES.items()}


def read_space(path: str | Path) -> Space:
    """Read what maps are defined on.

    Parameters
    ----------
    path : path
        A mask image, whose voxels above 0 are the elements, in C order; or the arrays of another space (.npz).
    """
    if Path(path).suffix == ".npz":
        return take_space(read_arrays(path))
    data, affine = load_volume(path)
    return Volume(data > 0, affine)


@singledispatch
def write_space(space: Space, path: str | Path, description: str) -> None:
    """Write what maps are defined on, for `read_space`.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    path : path
    description : str
        At most 79 bytes.
    """
    write_arrays(path, **space_arrays(space))


@write_space.register
def _(space: Volume, path, description):
    write_image(path, space.mask, space.affine, description)


@singledispatch
def read_map(space: Space, path: str | Path) -> np.ndarray:
    """Return the values of a space's elements that `write_map` wrote, float64 of shape (n_elements,)."""
    return np.asarray(nib.load(path).dataobj, float)[0]


@read_map.register
def _(space: Volume, path):
    return load_volume(path)[0][space.mask].astype(float)


@singledispatch
def write_map(space: Space, path: str | Path, values: np.ndarray, description: str) -> None:
    """Write values of a space's elements as a file that others can read, 0 elsewhere.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    path : path
    values : array, shape (n_elements,)
        float32 in the file; of a volume, whole numbers stay as they are.
    description : str
        What the values are, at most 79 bytes.
    """
    raise NotImplementedError(space)


@write_map.register
def _(space: Volume, path, values, description):
    whole = np.asarray(values).dtype.kind in "iu"
    values = np.asarray(values, None if whole else np.float32)
    write_image(path, space.full(values), space.affine, description)


@write_map.register
def _(space: Surface, path, values, description):
    sides, vertices = space.sides(), space.vertices()
    models = [
        BrainModelAxis.from_surface(vertices[sides == side], int(n), name=_MODELS[side])
        for side, n in zip(space.hemispheres, space.counts, strict=True)
        if (sides == side).any()
    ]
    write_scalars(path, values, sum(models[1:], models[0]), description)


@read_map.register
def _(space: Grayordinates, path):
    return np.asarray(nib.load(path).dataobj, float)[0][space.order[space.mask]]


@write_map.register
def _(space: Grayordinates, path, values, description):
    write_scalars(path, space.full(np.asarray(values, np.float32)), _axis(space), description)


def _axis(space):
    """Return the brain models of the files, whatever the mask has left of them."""
    parts = [part for part in (space.cortex, space.voxels) if part is not None]
    index = [
        np.outer(part.vertices(), [1, 0, 0]) if isinstance(part, Surface) else np.argwhere(part.mask)
        for part in parts
    ]
    counts, shape, affine = {}, (), np.eye(4)
    if space.cortex is not None:
        counts = dict(zip(space.cortex.hemispheres.tolist(), space.cortex.counts.tolist(), strict=True))
    if space.voxels is not None:
        shape, affine = space.voxels.mask.shape, space.voxels.affine
    models = BrainModels(
        space.structures, space.structure, np.concatenate(index), space.order, counts, shape, affine
    )
    return axis_of(models)


@read_map.register
def _(space: Parcels, path):
    if len(space.header):
        return np.asarray(nib.load(path).dataobj, float)[0][space.mask]
    _, rows, _ = read_rows(path)
    return np.array([row["value"] for row in rows if row["value"] is not None], np.float32).astype(float)


@write_map.register
def _(space: Parcels, path, values, description):
    values = np.asarray(values, np.float32)
    if len(space.header):
        write_scalars(path, space.full(values), axis_in(space.header), description)
        return
    value = iter(f"{v:.9g}" for v in values)
    rows = [
        {"index": i, "name": name, "value": next(value) if inside else None}
        for i, (name, inside) in enumerate(zip(space.names.tolist(), space.mask, strict=True), start=1)
    ]
    write_rows(path, ["index", "name", "value"], rows)


@read_map.register
def _(space: Edges, path):
    one, other = space.ends.T
    return read_square(path)[one, other]


@write_map.register
def _(space: Edges, path, values, description):
    write_square(path, space.names.tolist(), space.full(np.asarray(values, np.float32)))


def write_hemispheres(
    space: Surface, paths: dict[str, str | Path], values: np.ndarray, description: str
) -> None:
    """Write values at the vertices of a surface as GIFTI, a file per hemisphere, 0 outside the mask.

    Parameters
    ----------
    space : permaps.spaces.surface.Surface
    paths : dict of str to path
        By hemisphere, "L" and "R".
    values : array of float, shape (n_elements,)
    description : str
    """
    for side, whole in space.full(np.asarray(values, np.float32)).items():
        write_metric(paths[side], whole, side, description)
