"""The kinds of spaces, one row for each: what the rules and the words have to know before any map is read.

Only plain values and names of files, because the Snakefile imports this module at every start.
"""

import os
import re
from dataclasses import dataclass, field, replace

from permaps.cohort.sources import OWN, read_listing
from permaps.maps.map_paths import (
    CONNECTOME,
    DENSE,
    HEMI,
    PARCELLATED,
    hemisphere_files,
    item_of,
    on_a_surface,
)
from permaps.tables.reasons import ADVICE, UNKNOWN_KIND
from permaps.workflow.config import refuse
from permaps.workflow.errors import UserError
from permaps.workflow.names import each_input

MATRICES = (".csv", ".tsv", ".npy", CONNECTOME)
# Matrices that people have and no decoder reads; they would be taken for volumes.
UNREADABLE_MATRICES = (".mat", ".txt", ".npz", ".h5", ".hdf5")


@dataclass(frozen=True)
class SpaceKind:
    """One kind of space.

    Attributes
    ----------
    name : str
        In the config and in files.
    elements : str
        What its elements are called.
    extent : str
        Unit of the size of clusters.
    ending : str
        Of files with maps.
    stored : str
        Ending of files with the space itself: its mask where that says all, or arrays.
    tfce : str or dict of str to str
        The key, in `inference`, of the exponents of TFCE; or that of each part of the space, by its name.
    by_default : dict
        Keys (section.key) whose default is another one than that of volumes.
    refused : dict of str to str
        Keys that must be left out, with the reason.
    required : dict of str to str
        Keys that a user with own maps must give, since no default suits them, with what to give.
    """

    name: str
    elements: str
    extent: str
    ending: str
    stored: str = ".npz"
    tfce: str | dict = "tfce"
    by_default: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)
    required: dict = field(default_factory=dict)


_SMOOTHING = {
    "smoothing_fwhm": (
        "the FWHM in mm that your maps still need: 0 if they are smoothed already (con images of SPM, copes of FSL's "
        "FEAT, skeletons of TBSS, FreeSurfer's fwhm10 files), or about 5 to 8 if they are not (fMRIPrep's outputs, "
        "fitted without smoothing)"
    )
}
_NEIGHBOURS = "what is a neighbour is known already"
_NO_VARIANCE = "the variance is smoothed over the grid of an image"
_NO_IMAGE = "an image says nothing about {}"
_NO_NAMES = {
    "space.labels": "only nodes and regions have names",
    "space.adjacency": _NEIGHBOURS,
}
_NAMES_IN_LABELS = "files of labels, .annot, .label.gii or .dlabel.nii, hold their names"
_NO_VOLUMES = "small volumes consist of voxels"
_NO_REGIONS = "these regions consist of voxels; atlas.image names those of a cortex"
# For an edge or a region, 0 is a value, and nothing lies between two of them.
_ALONE = {"smoothing_fwhm": None, "mask.zero_is_missing": False}


def _of_single_values(elements):
    """Return what both edges and regions refuse."""
    by_themselves = f"{elements} that are the same in everyone leave by themselves"
    return {
        "smoothing_fwhm": f"nothing lies between two {elements}",
        "space.mask": by_themselves,
        "mask.strategy": by_themselves,
        "inference.variance_smoothing_fwhm": _NO_VARIANCE,
        "inference.small_volumes": _NO_IMAGE.format(elements),
    }


SPACE_KINDS = {
    kind.name: kind
    for kind in (
        SpaceKind(
            "volume",
            "voxels",
            "voxels",
            ".nii.gz",
            stored=".nii.gz",
            refused={
                "space.mesh": "a mesh is that of a surface",
                "space.mask": "the mask of images is mask.file",
                **_NO_NAMES,
            },
            required=_SMOOTHING,
        ),
        SpaceKind(
            "surface",
            "vertices",
            "mm²",
            ".dscalar.nii",
            tfce="tfce_surface",
            refused={
                **_NO_NAMES,
                "mask.strategy": "the mask of a surface is space.mask",
                "inference.variance_smoothing_fwhm": _NO_VARIANCE,
                "inference.small_volumes": f"{_NO_VOLUMES}; space.mask restricts a surface to a part of it",
                "inference.regions": _NO_REGIONS,
                "atlas.labels": _NAMES_IN_LABELS,
            },
            required=_SMOOTHING,
        ),
        SpaceKind(
            "grayordinates",
            "grayordinates",
            "mm² or mm³",
            ".dscalar.nii",
            tfce={"cortex": "tfce_surface", "voxels": "tfce"},
            refused={
                **_NO_NAMES,
                "space.mask": "the brain models of the files say where the cortex is",
                "mask.strategy": "the brain models of the files are the mask",
                "inference.variance_smoothing_fwhm": _NO_VARIANCE,
                "inference.small_volumes": _NO_VOLUMES,
                "inference.regions": _NO_REGIONS,
                "inference.tail_fit": "cortex and voxels are corrected together by ranks, which have no tail to fit",
                "atlas.labels": _NAMES_IN_LABELS,
            },
            required=_SMOOTHING,
        ),
        SpaceKind(
            "parcels",
            "regions",
            "regions",
            ".tsv",
            by_default=_ALONE,
            refused={
                **_of_single_values("regions"),
                "inference.regions": "they are regions already",
                "atlas.image": "they are regions already",
                "atlas.labels": "they are regions already",
            },
        ),
        SpaceKind(
            "edges",
            "edges",
            "edges",
            ".tsv",
            by_default=_ALONE,
            refused={
                **_of_single_values("edges"),
                "space.mesh": "a mesh is that of a surface",
                "space.adjacency": _NEIGHBOURS,
                "inference.regions": _NO_IMAGE.format("edges"),
                "atlas.image": _NO_IMAGE.format("edges"),
                "atlas.labels": _NO_IMAGE.format("edges"),
            },
        ),
    )
}


def kind_of(dataset: dict) -> SpaceKind:
    """Return the kind of space that the maps of a dataset are defined on, by the names of the files.

    Parameters
    ----------
    dataset : dict
        The config's, as resolved.

    Raises
    ------
    UserError
        If the inputs are defined on different kinds of spaces.
    """
    kinds = {name: _kind_of_one(one) for name, one in each_input(dataset).items()}
    (first, kind), *others = kinds.items()
    for name, other in others:
        if other != kind:
            refuse(
                [
                    f"dataset.maps.{name}: found values of {other.elements}, and {first} has values of "
                    f"{kind.elements}; expected inputs of one kind: analyse the others in a run of their own"
                ]
            )
    return kind


def _kind_of_one(dataset):
    if dataset["source"] == "simulated":
        return SPACE_KINDS[dataset["space"]]
    if dataset["source"] not in OWN:
        return SPACE_KINDS["volume"]
    if isinstance(dataset["maps"], list):
        return SPACE_KINDS["parcels"]
    example, _ = item_of(_example(dataset))
    kind = _kind_by_name(example)
    # A column may be called hemi: then its values are in the paths.
    if kind.name != "surface" and HEMI in example and HEMI in next(_paths(dataset), ""):
        refuse([f"dataset.maps: found {{hemi}} in '{dataset['maps']}', and {_both_hemispheres(example)}"])
    return kind


def _both_hemispheres(example):
    """Say why a file of this name is not one of two hemispheres, and what to do."""
    name = os.path.basename(example)
    without = re.sub(r"(^|[._-])(hemi-)?\{hemi\}([._-])", lambda m: m[1] and m[3], name)
    if not name.lower().endswith(".nii"):
        return (
            f"a matrix has the nodes of both hemispheres; expected one file for each map, such as '{without}'"
        )
    return (
        f"a CIFTI file has both hemispheres; expected one file for each map, such as '{without}'. If yours has one "
        "hemisphere in each, wb_command -cifti-create-dense-scalar makes one file of both; files called .gii may "
        "have {hemi}"
    )


def _kind_by_name(example):
    if (ending := os.path.splitext(example)[1].lower()) in UNREADABLE_MATRICES:
        refuse([f"dataset.maps: found '{example}', {UNKNOWN_KIND} (named {ending}). {ADVICE[UNKNOWN_KIND]}"])
    if example.lower().endswith(PARCELLATED):
        return replace(SPACE_KINDS["parcels"], ending=".pscalar.nii")
    for name, endings in (("edges", MATRICES), ("grayordinates", DENSE)):
        if example.lower().endswith(endings):
            return SPACE_KINDS[name]
    return SPACE_KINDS["surface" if on_a_surface(example) else "volume"]


def _example(dataset):
    """Return a name that says what the maps are: the pattern, or the first path where its end is open."""
    maps = dataset["maps"]
    return maps if "{" in maps and not maps.endswith("*") else next(_paths(dataset), maps)


def _paths(dataset):
    dataset = next(iter(each_input(dataset).values()))
    try:
        yield from filter(None, read_listing(dataset).own_maps(dataset["maps"]))
    except UserError:  # the job that reads the table reports it better
        return


def hemispheres_of(dataset: dict) -> list[str]:
    """Return the hemispheres that maps on a surface have, by the first map that there is: "L", "R" or both."""
    if dataset["source"] == "simulated":
        return ["L", "R"]
    files_by_side = (hemisphere_files(path) for path in _paths(dataset))
    return [side or "L" for side in next(filter(None, files_by_side), {"L": None, "R": None})]


def exponents(kind: SpaceKind, inference: dict) -> dict:
    """Return the exponents of TFCE as chunks take them: those of the space, or of each part by its name."""
    if isinstance(kind.tfce, str):
        return inference[kind.tfce]
    return {part: inference[key] for part, key in kind.tfce.items()}


def for_kind(config: dict, given: dict, kind: SpaceKind) -> dict:
    """Return a config with the defaults of a space, and refuse what makes no sense there.

    Only users know what was done to their own maps, so they must give what has no safe default.

    Parameters
    ----------
    config : dict
        As resolved.
    given : dict
        What the user gave.
    kind : SpaceKind

    Raises
    ------
    UserError
        With all problems at once.
    """
    config = {name: dict(values) if isinstance(values, dict) else values for name, values in config.items()}
    problems = []
    for key, value in kind.by_default.items():
        values, asked, name = _place(key, config, given)
        values[name] = asked.get(name, value)
    if kind.name == "parcels" and config["space"]["adjacency"] is None:
        problems += _without_neighbours(config["inference"], given.get("inference") or {})
    for key, why in kind.refused.items():
        values, asked, name = _place(key, config, given)
        if name in asked and values[name] not in (None, 0, {}, "background"):
            problems.append(
                f"{key}: found {values[name]!r}, and the maps are values of {kind.elements}; {why}: leave it out"
            )
    if given.get("dataset", {}).get("source") in OWN:
        for key, what in kind.required.items():
            _, asked, name = _place(key, config, given)
            if name not in asked:
                problems.append(f"{key}: is missing; expected {what}")
    if problems:
        refuse(problems)
    return config


def _without_neighbours(inference, asked):
    """Leave only the statistic of each region, and return a problem if others were asked for."""
    if "statistics" not in asked:
        inference["statistics"] = ["voxel"]
    elif set(inference["statistics"]) != {"voxel"}:
        others = [name for name in inference["statistics"] if name != "voxel"]
        return [
            f"inference.statistics: found {', '.join(others)}, and which regions are neighbours is not known; leave "
            "out all but voxel, or name the neighbours in space.adjacency"
        ]
    return []


def _place(key, config, given):
    section, _, name = key.rpartition(".")
    return (config[section], given.get(section) or {}, name) if section else (config, given, name)
