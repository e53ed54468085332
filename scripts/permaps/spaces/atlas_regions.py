"""In which regions of an atlas the elements of a space lie."""

from functools import singledispatch
from pathlib import Path

import numpy as np

from permaps.maps.atlas import Atlas
from permaps.maps.labels import read_labels
from permaps.maps.surfaces import SIDES
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.workflow.errors import UserError


@singledispatch
def region_names(space: Space, image: str | list[str], labels: str | Path | None) -> list[str | None]:
    """Return the region of every element, None outside all regions.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    image : path, or list of path
        A label image in the space of the maps; or the files of labels of a surface, or of grayordinates.
    labels : path or None
        The table with the names of a label image.

    Raises
    ------
    permaps.workflow.errors.UserError
        If a file has no such names, or is on another mesh.
    """
    return Atlas(image, labels).regions(space.coordinates(np.arange(space.n_elements)))


@region_names.register
def _(space: Surface, image, labels):
    return _of_cortex(space, read_labels(_listed(image)))


@region_names.register
def _(space: Grayordinates, image, labels):
    of_vertices, names = read_labels(_listed(image)), []
    for name, (_, part) in space.parts.items():
        if name == "cortex":
            names += _of_cortex(part, of_vertices)
        else:
            # By place: the atlas may have other brain models than the maps.
            of = {tuple(np.round(centre, 1)): name for centre, name in of_vertices.get("voxels", ())}
            names += [of.get(tuple(np.round(place, 1))) for place in part.coordinates(slice(None))]
    return names


def check_labels(labels: dict, side: str, n_vertices: int) -> None:
    """Refuse names of regions of the other hemisphere alone, or on another mesh than that of the maps.

    Parameters
    ----------
    labels : dict
        As `permaps.maps.labels.read_labels` gives it.
    side : {"L", "R"}
    n_vertices : int
        Of the maps in this hemisphere.
    """
    if side not in labels:
        raise UserError(
            f"atlas.image: it has no regions of the {SIDES[side]} hemisphere, and the maps have values there; "
            "expected a file for each hemisphere, with {hemi} in place of lh and rh, or L and R, or one .dlabel.nii "
            "of both."
        )
    if len(labels[side]) != n_vertices:
        raise UserError(
            f"atlas.image: its {SIDES[side]} hemisphere has {len(labels[side]):,} vertices, and the maps have "
            f"{n_vertices:,} there; expected an atlas on the mesh of the maps."
        )


def _of_cortex(surface, labels):
    names = []
    for side, n in zip(surface.hemispheres.tolist(), surface.counts.tolist(), strict=True):
        check_labels(labels, side, n)
        names.append(labels[side])
    return np.concatenate(names)[surface.mask].tolist()


def _listed(files):
    return [files] if isinstance(files, str) else list(files)
