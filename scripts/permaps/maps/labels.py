"""Names of regions of the cortex and below it, in files that hold both: .annot, .label.gii and .dlabel.nii."""

import os
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from permaps.maps.cifti import CORTICES, PREFIX
from permaps.maps.images import quiet
from permaps.maps.map_paths import side_of
from permaps.maps.surfaces import SIDES, side_inside
from permaps.workflow.errors import UserError, one_line

# Names that mean no region.
NOWHERE = frozenset({"", "???", "unknown", "medialwall", "medial_wall", "medial wall"})


def read_labels(files: Sequence[str | Path], key: str = "atlas.image") -> dict[str, np.ndarray]:
    """Return the name of the region at each vertex, and at each voxel where a file has voxels.

    Parameters
    ----------
    files : sequence of path
        One .annot or .label.gii for each hemisphere, or one .dlabel.nii.
    key : str
        Of the config, which names them.

    Returns
    -------
    dict of str to numpy.ndarray of object
        By hemisphere, "L" and "R", shape (n_vertices,); and by "voxels" one of shape (n_voxels, 2) with the centre
        in mm and the name of each. None outside all regions.

    Raises
    ------
    UserError
        If a file is none of these.
    """
    labels = {}
    for file in map(os.fspath, files):
        with quiet():
            try:
                labels |= _read(file)
            except Exception as error:  # a damaged file can raise nearly anything
                raise UserError(
                    f"{key}: {file}: no names of regions ({one_line(error)}). Expected .annot or .label.gii "
                    "with {hemi} for the hemispheres, or .dlabel.nii."
                ) from None
    return labels


def _read(file):
    if file.endswith(".dlabel.nii"):
        return _of_cifti(nib.load(file))
    if file.endswith(".label.gii"):
        image = nib.load(file)
        names = image.labeltable.get_labels_as_dict()
        return {_side(file, side_inside(image)): _named(image.darrays[0].data, names)}
    if file.endswith(".annot"):
        numbers, _, names = nib.freesurfer.read_annot(file)
        return {_side(file): _named(numbers, dict(enumerate(name.decode() for name in names)))}
    raise ValueError("another ending")


def _side(file, inside=None):
    named = side_of(file)
    if inside and named and inside != named:
        raise ValueError(f"hemispheres swapped: {SIDES[inside]} inside, and {SIDES[named]} in its name")
    if (side := inside or named) is None:
        raise ValueError("neither the name nor the file says left or right")
    return side


def _of_cifti(image):
    rows, axis = image.header.get_axis(0), image.header.get_axis(1)
    names = {number: name for number, (name, _) in rows.label[0].items()}
    at = _named(np.asarray(image.dataobj)[0], names)
    labels = {}
    for structure, inside, part in axis.iter_structures():
        if side := CORTICES.get(str(structure).removeprefix(PREFIX)):
            labels[side] = np.full(axis.nvertices[structure], None, object)
            labels[side][part.vertex] = at[inside]
    below = ~axis.surface_mask
    if below.any():
        centres = axis.voxel[below] @ axis.affine[:3, :3].T + axis.affine[:3, 3]
        labels["voxels"] = np.array([*zip(map(tuple, centres), at[below], strict=True)], object)
    return labels


def _named(numbers, names):
    """Return the name of each number; None where it means nothing."""
    known = {n: name for n, name in names.items() if name.casefold() not in NOWHERE}
    return np.array([known.get(int(number)) for number in numbers], object)
