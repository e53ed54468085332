"""Where the regions of a table or a parcellated CIFTI lie on the cortex."""

import os
import re
from collections.abc import Mapping, Sequence

import numpy as np

from permaps.maps.cifti import CORTICES, PREFIX, axis_in
from permaps.maps.labels import read_labels
from permaps.maps.map_paths import hemisphere_files
from permaps.maps.surfaces import read_mesh
from permaps.spaces.surface import Surface
from permaps.workflow.errors import UserError, listed
from permaps.workflow.jobs import warn
from permaps.workflow.paths import LABELLED

_WORDS = {"lh": "L", "l": "L", "left": "L", "rh": "R", "r": "R", "right": "R"}


def is_parcellation(path: str | None) -> bool:
    """Tell whether a file holds labels of vertices, and not a table."""
    return path is not None and path.lower().endswith(LABELLED)


def on_cortex(
    names: Sequence[str], labels: str | None, mesh: str | None, header: np.ndarray
) -> tuple[Surface | None, np.ndarray | None]:
    """Return the vertices that regions consist of, and which region each belongs to.

    Parameters
    ----------
    names : sequence of str
        Of the regions.
    labels : str or None
        .annot or .label.gii with {hemi}, or .dlabel.nii. None, or a table, says nothing of vertices.
    mesh : str or None
        As in `space.mesh`.
    header : numpy.ndarray of uint8
        As `permaps.maps.cifti.read_header` gives it; empty without one.

    Returns
    -------
    surface : permaps.spaces.surface.Surface or None
        None where it is not known where the regions lie.
    region : numpy.ndarray of int, shape (surface.n_elements,), or None
        The place of a region in `names`.

    Raises
    ------
    UserError
        If labels and mesh are of no use without each other, or for these regions.
    """
    given = is_parcellation(labels)
    if len(header):
        if given:
            raise UserError(
                f"space.labels: found {labels}, and .pscalar.nii files say themselves which vertices their regions "
                "have; leave it out, or give a table with names and coordinates."
            )
        by_side = _in_header(header) if mesh else {}
    elif given:
        by_side = _by_labels(names, labels)
    elif mesh:
        raise UserError(
            f"space.mesh: found {mesh}, and nothing says which of its vertices each region has; expected that in "
            "space.labels (.annot or .label.gii with {hemi}, or .dlabel.nii), or leave out the mesh."
        )
    else:
        by_side = {}
    if not by_side:
        return None, None
    counts = {side: len(numbers) for side, numbers in sorted(by_side.items())}
    numbers = np.concatenate([by_side[side] for side in counts])
    mask = numbers >= 0
    surface = Surface.on_mesh(mask, mesh, counts, *read_mesh(mesh, counts, "the regions"))
    return surface, numbers[mask]


def labels_of(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Return the label that each name means.

    Case and signs do not count, and & is "and". A name may say its hemisphere at its beginning or its end, and its
    last word may be a measure: lh_bankssts_thickness is bankssts of the left hemisphere.

    Parameters
    ----------
    names : sequence of str
    known : dict of str to sequence of str
        The labels of each hemisphere, "L" and "R".

    Returns
    -------
    dict of str to (str, str)
        Hemisphere and label, of the names that mean one.
    """
    by_words = {side: {_words(label): label for label in labels} for side, labels in known.items()}
    numbers = {}
    for name in names:
        for sides, words in _readings(name, known):
            having = [side for side in sides if words in by_words[side]]
            if len(having) == 1:
                numbers[name] = having[0], by_words[having[0]][words]
                break
    return numbers


def _readings(name, known):
    """Yield what a name may mean, the most literal first: hemispheres, and the words of a label."""
    whole = _words(name)
    for words in (whole, whole[:-1]):
        yield [*known], words
        bare = words[1:] if words[:1] == ("ctx",) else words
        for end, rest in ((0, bare[1:]), (-1, bare[:-1])):
            if rest and (side := _WORDS.get(bare[end])) in known:
                yield [side], rest


def _words(name):
    return tuple(re.findall(r"[^\W_]+", name.casefold().replace("&", " and ")))


def _by_labels(names, labels):
    """Return the number of the region at each vertex, -1 outside all regions, by hemisphere."""
    files = hemisphere_files(os.path.abspath(labels)).values()
    by_side = {side: at for side, at in read_labels([*files], "space.labels").items() if side in "LR"}
    known = {side: [*dict.fromkeys(name for name in at if name)] for side, at in by_side.items()}
    meant = labels_of(names, known)
    if not meant:
        labelled = [label for side in known.values() for label in side]
        raise UserError(
            f"space.labels: none of the regions ({listed(names, 5)}) is among the labels of {labels} "
            f"({listed(labelled, 5)}). Expected the parcellation that the values were taken from."
        )
    number = {}
    for name, label in meant.items():
        if (other := number.setdefault(label, name)) != name:
            raise UserError(
                f"space.labels: '{other}' and '{name}' are both the region {label[1]} of {labels}; expected one "
                "column for each region: narrow dataset.maps to one measure."
            )
    if lost := [name for name in names if name not in meant]:
        warn(
            f"space.labels: no label of {labels} is called like {len(lost)} of {len(names)} regions "
            f"({listed(lost, 5)}), which are analysed, and not drawn on the surface."
        )
    at = {name: i for i, name in enumerate(names)}
    places = {label: at[name] for label, name in number.items()}
    return {
        side: np.array([places.get((side, name), -1) for name in labelled], int)
        for side, labelled in by_side.items()
    }


def _in_header(header):
    """Return the same by the parcels of a CIFTI file; nothing where they have no vertices."""
    axis = axis_in(header)
    numbers = {
        side: np.full(axis.nvertices[PREFIX + name], -1)
        for name, side in CORTICES.items()
        if PREFIX + name in axis.nvertices
    }
    for number, vertices in enumerate(axis.vertices):
        for name, own in vertices.items():
            if side := CORTICES.get(str(name).removeprefix(PREFIX)):
                numbers[side][own] = number
    return numbers
