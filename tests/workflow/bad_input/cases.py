"""What can be wrong, and what has to be said about it.

Three tables: values of the config, which are refused together by one dry run; maps, which cost their
participants by one run; and everything that stops a run on its own.
"""

# ruff: noqa: E501  a case reads best on one line

import gzip
import json
import os
from dataclasses import dataclass, field
from typing import Any

import nibabel as nib
import numpy as np
from fsl_files import write_vest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, LabelAxis, ParcelsAxis, ScalarAxis, SeriesAxis

from .study import AFFINE, SHAPE, inside, save, sound

COLLECTED = "dataset/participants.tsv"
INCLUDED = "quality/included.tsv"
MATRIX = "maps.npy"
DESIGN = "design/design.tsv"
PLAN = "design/contrast-age_plan.json"
NULL = "nulls/contrast-age.npz"
BRAIN = "quality/brain_mask.npz"
# With these, of a finished run only the design is made again: its model is what is tested.
DESIGN_ALONE = ("--rerun-triggers", "mtime", "--forcerun", "make_design")


@dataclass(frozen=True, eq=False)
class Value:
    """A value of the config that is refused."""

    what: str
    config: dict
    says: tuple
    stage: str = (
        "schema"  # what finds it: the schema, then conflicts between values, then a look at the files
    )


@dataclass(frozen=True, eq=False)
class Map:
    """A map that costs its participant, or (without `says`) does not."""

    what: str
    damage: Any  # called with the study and the map's path
    says: str
    space: str = "volumes"


@dataclass(frozen=True, eq=False)
class Stop:
    """A run that ends with a message."""

    section: str
    what: str
    says: tuple
    damage: Any = None  # called with the sandbox
    config: Any = field(default_factory=dict)  # or the bytes of the file
    target: str = INCLUDED
    results: str = "results"
    arguments: tuple = ()
    finished: bool = False  # begin with the results of a whole run
    unprivileged: bool = False
    by_snakemake: bool = False  # Snakemake's own words: it reads config files before we do
    answer: str = ""  # for the page, where the words are Snakemake's


def table(**values):
    return {"dataset": {"source": "table", "path": "../study/participants.tsv", "maps": "map"} | values}


FSL = {"source": "fsl", "maps": "../study/maps/{participant_id}.nii.gz"}
FSL |= {"design": "../study/design.mat", "contrasts": "../study/design.con"}
PARCELS = table(maps=["lh_*"], values="../study/values.tsv") | {
    "mask": {"strategy": "background"},
    "smoothing_fwhm": None,
}
SURFACES = table() | {"mask": {"strategy": "background"}}


def model(formula="1 + age", **contrasts):
    return {"model": {"formula": formula, "contrasts": contrasts or {"age": "age"}}}


def connectomes(box, change, order=None):
    """Give everyone a matrix of five nodes, with names if their order changes from one to the next."""
    for i in range(8):
        half = np.triu(np.random.default_rng(i).normal(size=(5, 5)), 1)
        names = ",".join(order(list("abcde"), i // 2)) if order else ""
        path = box.study.folder / f"maps/{i}.csv"
        np.savetxt(path, change(half + half.T), delimiter=",", header=names, comments="")
        box.study.set(i, "map", f"maps/{i}.csv")


def on_a_surface(path, *arrays, structure="CortexLeft"):
    """Write values of vertices."""
    darrays = [nib.gifti.GiftiDataArray(np.asarray(values, np.float32)) for values in arrays]
    meta = nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure})
    nib.save(nib.gifti.GiftiImage(darrays=darrays, meta=meta), path)


def on_surfaces(box, structure="CortexLeft", sizes=(6,) * 8, change=lambda values: values):
    """Give everyone a map of six vertices of the left hemisphere, or of other numbers of them."""
    for i in range(8):
        values = change(np.arange(i + 1, i + 1 + sizes[i], dtype=np.float32))
        on_a_surface(box.study.folder / f"maps/lh.{i + 1:02d}.gii", values, structure=structure)
        box.study.set(i, "map", f"maps/{{hemi}}.{i + 1:02d}.gii")


def right_too(box):
    """Give everyone a map of seven vertices of the right hemisphere as well."""
    for i in range(8):
        on_a_surface(
            box.study.folder / f"maps/rh.{i + 1:02d}.gii", np.arange(i, i + 7), structure="CortexRight"
        )


def mesh(path, n, gaps=(), moved=0):
    """Write a strip of triangles with a border all around; some are left out, and their numbers may be wrong."""
    corners = [[i, i + 1, i + 2] for i in range(n - 2) if i not in gaps]
    points = np.column_stack([np.arange(n), np.arange(n) % 2, np.zeros(n)])
    arrays = [
        nib.gifti.GiftiDataArray(points.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
        nib.gifti.GiftiDataArray(np.int32(corners) + moved, intent="NIFTI_INTENT_TRIANGLE"),
    ]
    nib.save(nib.gifti.GiftiImage(darrays=arrays), path)


def second_maps(change=lambda i, data: data, affine=AFFINE, people=range(8)):
    """Give these people a map of a second input, made from their own number."""

    def damage(box):
        box.study.columns.append("other")
        for i, row in enumerate(box.study.rows):
            row["other"] = f"maps/other-{i + 1:02d}.nii.gz"
            if i in people:
                save(box.study.folder / row["other"], change(i, sound(100 + i)), affine)
        box.study.write()

    return damage


def regions(box, header="id\tlh_a\tlh_b\tlh_c", ids=range(1, 9), value="1.5", **tables):
    """Give everyone values of two regions in a table of their own, and write further tables."""
    rows = [f"sub-{i:02d}\t{value}\t{i / 2}\t{i / 3}" for i in ids]
    (box.study.folder / "values.tsv").write_text("\n".join([header, *rows]) + "\n")
    for name, content in tables.items():
        (box.study.folder / f"{name}.tsv").write_text(content)


def annotation(path):
    """Write labels of six vertices, all of one region."""
    nib.freesurfer.write_annot(path, np.zeros(6, int), np.array([[9, 9, 9, 0]]), ["V1"], fill_ctab=True)


# The study's own model is left out with the dataset.
FSL_ALONE = b"smoothing_fwhm: 0\ndataset: " + json.dumps(FSL).encode() + b"\n"


SIX_VERTICES = BrainModelAxis.from_surface(np.arange(6), 20, name="CIFTI_STRUCTURE_CORTEX_LEFT")


def in_parcels(path, rows):
    """Write a CIFTI file of three parcels, with so many maps, or with a row for each parcel too."""
    columns = ParcelsAxis.from_brain_models(
        [(n, SIX_VERTICES[2 * i : 2 * i + 2]) for i, n in enumerate("abc")]
    )
    axis = ScalarAxis(["a map"] * rows) if rows else columns
    nib.save(Cifti2Image(np.ones((len(axis), 3), np.float32), (axis, columns)), path)


def series(box):
    """Give the study one file with three volumes."""
    save(box.study.folder / "all.nii", np.stack([sound(i) for i in range(3)], -1))


def grayordinates(box, change=lambda i, values, rows: (values, rows), name="{:02d}.dscalar.nii"):
    """Give everyone a map of six vertices of the left hemisphere, or another number of them."""
    for i in range(8):
        values, rows = change(i, np.arange(i + 1, i + 7, dtype=np.float32)[None], ScalarAxis(["a map"]))
        model = BrainModelAxis.from_surface(
            np.arange(values.shape[1]), 20, name="CIFTI_STRUCTURE_CORTEX_LEFT"
        )
        path = f"maps/{name.format(i + 1)}"
        nib.save(Cifti2Image(values, (rows, model)), box.study.folder / path)
        box.study.set(i, "map", path)


def cut_series(box):
    """Give the study one file with a map for everyone, of which the end is lost."""
    path = box.study.folder / "all.dscalar.nii"
    values = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
    nib.save(Cifti2Image(values, (ScalarAxis([f"map {i}" for i in range(8)]), SIX_VERTICES)), path)
    path.write_bytes(path.read_bytes()[:-30])


# Two inputs, and a test of both.
INPUTS = table(maps={"faces": "map", "houses": "other"})
COMBINED = INPUTS | {
    "joint": {"x": {"combine": "fisher", "inputs": ["faces", "houses"], "contrasts": ["age"]}}
}
TOGETHER = INPUTS | {
    "joint": {"x": {"multivariate": "wilks", "inputs": ["faces", "houses"], "contrasts": ["age"]}}
}
JOINT = "design/joint-x_plan.json"

LONG = "".join(f"{i:02d}" for i in range(50))

VALUES = [
    Value("unknown key", {"quux": 1}, ("quux: unknown key", "known here")),
    Value("misspelt key", {"inference": {"alhpa": 0.1}}, ("inference.alhpa", "did you mean 'alpha'?")),
    Value(
        "name of an analysis that makes no folder",
        {"analyses": {"a/b": {}, "faces": {}}},
        ("analyses: the name 'a/b' will not do; expected letters, digits, _ and -",),
        stage="analyses",
    ),
    Value(
        "analysis within an analysis",
        {"analyses": {"faces": {"analyses": {"houses": {}}}}},
        ("analyses.faces.analyses: found a value, and an analysis has none of its own",),
        stage="analyses",
    ),
    Value(
        "unknown key in two analyses",
        {"analyses": {"faces": {"smoothing": 8}, "houses": {"smoothing": 8}, "plain": {}}},
        ("analyses faces, houses: The config has a problem",),
        stage="analyses",
    ),
    Value(
        "two analyses that are the same",
        {"analyses": {"plain": {}, "again": {"smoothing_fwhm": 0}}},
        ("analyses.plain: is the same as 'again' in every key",),
        stage="analyses",
    ),
    Value(
        "crossing of a single value",
        {"analyses": {"grid": {"inference.connectivity": 26}}},
        ("analyses.grid: inference.connectivity: found 26, expected a list of two or more values",),
        stage="analyses",
    ),
    Value(
        "name of an input with an underscore",
        table(maps={"a_b": "map"}),
        ("dataset.maps: the name 'a_b' will not do", "expected letters and digits"),
    ),
    Value(
        "joint test of what there is not",
        table(maps={"faces": "map", "houses": "other"}) | {"joint": {"x": {"combine": "fisher", "inputs": ["face", "houses"], "contrasts": ["age"]}}},
        ("joint.x.inputs: found 'face', which is no name in dataset.maps", "did you mean 'faces'?"),
        "conflicts",
    ),
    Value(
        "joint test of nothing",
        {"joint": {"x": {"combine": "fisher", "contrasts": []}}},
        ("joint.x.contrasts: found [], expected a list of names in model.contrasts",),
    ),
    Value(
        "joint test without a contrast",
        {"joint": {"x": {"combine": "fisher"}}},
        ("joint.x.contrasts: is missing",),
    ),
    Value(
        "joint test of a single test",
        {"joint": {"x": {"combine": "fisher", "contrasts": ["age"]}}},
        ("joint.x: found a single test; expected several inputs or several contrasts",),
        "conflicts",
    ),
    Value(
        "joint test by a function that is none",
        {"joint": {"x": {"combine": "fischer", "contrasts": ["age"]}}},
        ("joint.x.combine: found 'fischer'", "did you mean 'fisher'?"),
    ),
    Value(
        "joint test that does not say how",
        {"joint": {"x": {"contrasts": ["age", "group"]}}},
        ("joint.x: found no way to join tests; expected combine or multivariate",),
        "conflicts",
    ),
    Value(
        "joint test in two ways at once",
        table(maps={"faces": "map", "houses": "other"}) | {"joint": {"x": {"combine": "fisher", "multivariate": "wilks", "inputs": ["faces", "houses"], "contrasts": ["age"]}}},
        ("joint.x: found combine and multivariate; expected combine or multivariate",),
        "conflicts",
    ),
    Value(
        "conjunction in another direction than its tests",
        {"joint": {"x": {"combine": "conjunction", "contrasts": ["age", "group"], "direction": "one-sided"}}},
        ("joint.x.direction: found one-sided beside permutation.two_sided true; expected two-sided or concordant",),
        "conflicts",
    ),
    Value(
        "multivariate test by a name that is none",
        table(maps={"faces": "map", "houses": "other"}) | {"joint": {"x": {"multivariate": "wilk", "inputs": ["faces", "houses"], "contrasts": ["age"]}}},
        ("joint.x.multivariate: found 'wilk'", "did you mean 'wilks'?",),
    ),
    Value(
        "multivariate test of one input",
        table(maps={"faces": "map", "houses": "other"}) | {"joint": {"x": {"multivariate": "wilks", "inputs": ["faces"], "contrasts": ["age"]}}},
        ("joint.x.inputs: found ['faces']; expected two inputs or more",),
        "conflicts",
    ),
    Value(
        "multivariate test with a sign",
        table(maps={"faces": "map", "houses": "other"}) | {"joint": {"x": {"multivariate": "wilks", "inputs": ["faces", "houses"], "contrasts": ["age"], "direction": "one-sided"}}},
        ("joint.x.direction: found one-sided; expected none",),
        "conflicts",
    ),
    Value(
        "multivariate test with smoothed variance",
        table(maps={"faces": "map", "houses": "other"}) | {"inference": {"variance_smoothing_fwhm": 6}, "joint": {"x": {"multivariate": "wilks", "inputs": ["faces", "houses"], "contrasts": ["age"]}}},
        ("inference.variance_smoothing_fwhm: found 6", "beside joint.x; multivariate tests expect variances of single",),
        "conflicts",
    ),
    Value(
        "joint test of people with one input",
        COMBINED | {"quality": {"require": "any"}},
        ("quality.require: found any beside joint.x; expected all",),
        "conflicts",
    ),
    Value("no inputs", table(maps={}), ("dataset.maps: found {}, expected the name of a column",)),
    Value("input without a path", table(maps={"faces": None}), ("dataset.maps.faces: found null", "expected the name of a column")),
    Value(
        "inputs that differ in case alone",
        table(maps={"faces": "map", "Faces": "map"}),
        ("dataset.maps.faces: found a name that differs from 'Faces' in case alone",),
        "conflicts",
    ),
    Value(
        "table of values of no input",
        table(maps={"thickness": ["*_thickness"]}, values={"thicknes": "a.tsv"}),
        ("dataset.values.thicknes: found no such name in dataset.maps", "did you mean 'thickness'?"),
        "conflicts",
    ),
    Value(
        "columns of two inputs",
        table(maps={"one": ["lh_*"], "other": ["lh_*"]}),
        ("dataset.maps.other: found the columns that one has already", "a table for each in dataset.values"),
        "conflicts",
    ),
    Value(
        "covariate with the name of an input",
        table(maps={"gm": "map"}) | {"model": model()["model"] | {"voxelwise": {"gm": "map"}}},
        ("model.voxelwise.gm: found the name of an input",),
        "conflicts",
    ),
    Value("key in another section", {"alpha": 0.1}, ("alpha: unknown key", "inference.alpha")),
    Value("negative smoothing", {"smoothing_fwhm": -5}, ("smoothing_fwhm: found -5.0", "from 0 to 1000")),
    Value("smoothing with a unit", {"smoothing_fwhm": "5 mm"}, ("found '5 mm'", "expected a number")),
    Value("infinite smoothing", {"smoothing_fwhm": float("inf")}, ("smoothing_fwhm: found inf",)),
    Value("threshold of 0", {"inference": {"cluster_p": 0}}, ("inference.cluster_p: found 0.0", "above 0 and below 1")),
    Value("threshold of 1", {"inference": {"cluster_p": 1}}, ("inference.cluster_p: found 1.0", "above 0 and below 1")),
    Value("level in per cent", {"inference": {"alpha": 5}}, ("inference.alpha: found 5.0", "below 1")),
    Value("`1e-3`, which YAML reads as text", {"inference": {"cluster_p": "1e-3"}}, ("YAML reads 1e-3 as text: write 0.001",)),
    Value("decimal comma", {"inference": {"alpha": "0,05"}}, ("write 0.05",)),
    Value("seed below 0", {"permutation": {"seed": -1}}, ("permutation.seed: found -1", "from 0 to")),
    Value("seed above 63 bits", {"permutation": {"seed": 2**63}}, ("permutation.seed", "9223372036854775807")),
    Value("seed with a fraction", {"permutation": {"seed": 0.5}}, ("permutation.seed: found 0.5", "whole number")),
    Value("no permutations", {"permutation": {"n_permutations": 0}}, ("n_permutations: found 0", "from 1 to")),
    Value(
        "far too many permutations",
        {"permutation": {"n_permutations": 10**12}},
        ("permutation.n_permutations: found 1000000000000", "from 1 to 10000000"),
    ),
    Value(
        "far too many jobs",
        {"permutation": {"n_permutations": 10**7, "chunk_size": 1}},
        ("permutation.chunk_size: found 1", "10000000 jobs", "at least 200"),
        "conflict",
    ),
    Value("`no` as a name", {"model": {"formula": "1", "contrasts": {False: "1"}}}, ("the key false is not text",)),
    Value("`yes` for a choice", {"mask": {"strategy": True}}, ("mask.strategy: found true", "background, epi")),
    Value("yes in words", {"permutation": {"two_sided": "sometimes"}}, ("found 'sometimes', expected true or false",)),
    Value("unknown scheme", {"permutation": {"scheme": "permut"}}, ("did you mean 'permute'?",)),
    Value("unknown statistic", {"inference": {"statistics": ["tfec"]}}, ("inference.statistics[0]", "'tfce'")),
    Value("bounds switched on by a word", {"inference": {"tdp": True}}, ("inference.tdp: found true", "a section with the key shift, or null")),
    Value("negative shift of the bounds", {"inference": {"tdp": {"shift": -1}}}, ("inference.tdp.shift: found -1", "from 0 to")),
    Value("region called as HTML", {"inference": {"regions": {"<b>": "a.nii"}}}, ("inference.regions: the name '<b>' will not do", "letters, digits, spaces")),
    Value("no such region", {"inference": {"regions": {"V1": "../study/v1.nii"}}}, ("inference.regions.V1: there is no file",), "files"),
    Value("sphere without a radius", {"inference": {"small_volumes": {"roi": {"center": [1, 2, 3]}}}}, ("inference.small_volumes.roi.radius: is missing; expected a number above 0 and at most 1000, in mm",)),
    Value("sphere in the plane", {"inference": {"regions": {"roi": {"center": [1, 2], "radius": 3}}}}, ("inference.regions.roi.center: found [1, 2], expected three numbers",)),
    Value("unknown connectivity", {"inference": {"connectivity": 8}}, ("expected one of 6, 18, 26",)),
    Value("share in per cent", {"quality": {"max_missing": 10}}, ("quality.max_missing: found 10.0", "from 0 to 1")),
    Value("mask strategy without its file", {"mask": {"strategy": "file"}}, ("mask.file: found null",)),
    Value("mask file without its strategy", {"mask": {"file": "a.nii"}}, ("mask.file: found 'a.nii'", "null")),
    Value("empty section", {"model": None}, ("model: found null",)),
    Value("model without contrasts", {"model": {"formula": "1 + age"}}, ("model.contrasts: is missing",)),
    Value(
        "contrast name that leaves its folder",
        model(**{"../../age": "age"}),
        ("the name '../../age' will not do", "letters, digits"),
    ),
    Value(
        "contrast name with shell characters",
        model(**{"$(touch pwned)": "age"}),
        ("the name '$(touch pwned)' will not do", "letters, digits"),
    ),
    Value("results folder with braces", {"results": "res{ult}s"}, ("results: found 'res{ult}s'", "without braces")),
    Value("results folder that is HTML", {"results": "a<!--b"}, ("results: found 'a<!--b'", "without braces, angle brackets")),
    Value("smoothing of thousands of kilometres", {"smoothing_fwhm": 1e12}, ("smoothing_fwhm: found 1000000000000.0", "from 0 to 1000")),
    Value("digits of another script", {"inference": {"alpha": "\u0660.\u0660\u0665"}}, ("digits other than 0 to 9 are text: write 0.05",)),
    Value("results in the working directory itself", {"results": "."}, ("results: '.' holds the working directory", "a folder of their own"), "files"),
    Value("results among Snakemake's notes", {"results": ".snakemake/x"}, ("results: '.snakemake/x' belongs to Snakemake",), "files"),
    Value("results where nothing can be written", {"results": "/proc"}, ("results: nothing can be written to '/proc'",), "files"),
    Value("contrast that repeats a part of its name", model(**{"ab" * 30: "age"}), ("model.contrasts: the name", "again and again"), "conflicts"),
    Value("contrast called as a file of another", model(age="age", **{"age.npz": "-age"}), ("model.contrasts.age.npz: found the name that a file of age has",), "conflicts"),
    Value(
        "names too long for a file",
        model(**{LONG: "age"}) | {"inference": {"small_volumes": {LONG: "../study/mask.nii.gz"}}},
        ("model.contrasts:", "in the small volume", "gives file names of", "at most 255"),
        "conflicts",
    ),
    Value("device for a mask", {"mask": {"strategy": "file", "file": "/dev/zero"}}, ("mask.file: '/dev/zero' is a device; expected a file",), "files"),
    Value("device for an atlas", {"atlas": {"image": "/dev/stdin", "labels": "/dev/null"}}, ("atlas.labels: '/dev/null' is a device; expected a file",), "files"),
    Value("unknown source", {"dataset": {"source": "tabel"}}, ("dataset.source", "did you mean 'table'?")),
    Value("table without its path", {"dataset": {"source": "table", "maps": "map"}}, ("dataset.path: is missing",)),
    Value("several maps of a person without blocks", table(sessions=["pre", "post"]), ("permutation.blocks: found none", "`within: person`"), "blocks"),
    Value("sessions that YAML reads as numbers", table(sessions=[1, 2]), ("dataset.sessions[0]: found 1", "in quotation marks")),
    Value("entities as a list", table(entities=["task"]), ("dataset.entities: found ['task']", "entities with their values")),
    Value("no such design", {"dataset": FSL | {"design": "../study/desing.mat"}}, ("dataset.design", "did you mean 'design.mat'?"), "files"),
    Value("no contrasts of FSL", {"dataset": {"source": "fsl", "maps": "all.nii", "design": "../study/design.mat"}}, ("dataset.contrasts: is missing; expected design.con",)),
    Value("no such table", table(path="../study/participant.tsv"), ("dataset.path", "did you mean 'participants.tsv'?"), "files"),
    Value("folder for a table", table(path="../study"), ("dataset.path: '../study' is a folder",), "files"),
    Value("variance groups and a smoothed variance", {"model": {"formula": "1 + age", "contrasts": {"age": "age"}, "variance_groups": "group"}, "inference": {"variance_smoothing_fwhm": 8}}, ("inference.variance_smoothing_fwhm: found 8 beside model.variance_groups 'group'",), "conflicts"),
    Value("contrast called as another in a small volume", {"model": {"formula": "1 + age", "contrasts": {"age": "age", "age_volume-roi": "age"}}, "inference": {"small_volumes": {"roi": "../study/mask.nii.gz"}}}, ("model.contrasts.age_volume-roi: found the name that files of age",), "conflicts"),
    Value("contrasts that differ in case", model(Age="age", age="-age"), ("model.contrasts.age: found a name that differs from 'Age' in case alone",), "conflicts"),
    Value("contrast given twice", model(age="age", years="age"), ("model.contrasts.years: found 'age', which 'age' tests already",), "conflicts"),
    Value("number of 400 digits", {"permutation": {"seed": int("9" * 400)}}, ("permutation.seed: found inf, expected a whole number",)),
    Value("no such small volume", {"inference": {"small_volumes": {"roi": "../study/roi.nii"}}}, ("small_volumes.roi: there is no file",), "files"),
    Value(
        "no such mask",
        {"mask": {"strategy": "file", "file": "../study/brain.nii.gz"}},
        ("mask.file: there is no file '../study/brain.nii.gz'", "working directory"),
        "files",
    ),
]  # fmt: skip


def content(data):
    return lambda study, path: path.write_bytes(data)


def written(data, ending):
    """Put a file of another kind in place of a map."""

    def damage(study, path):
        path = path.with_name(path.name.replace(".nii.gz", ending))
        path.write_bytes(data)
        study.set(-1, "map", f"maps/{path.name}")

    return damage


def image(make, affine=AFFINE):
    """Replace a map by another image, made from its values."""
    return lambda study, path: save(path, make(nib.load(path).get_fdata(dtype=np.float32)), affine)


def header(at, data):
    """Change bytes of a map's header."""

    def damage(study, path):
        whole = bytearray(gzip.decompress(path.read_bytes()))
        whole[at : at + len(data)] = data
        path.write_bytes(gzip.compress(whole, mtime=0))

    return damage


def cut(share):
    return lambda study, path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def looped(study, path):
    path.unlink()
    path.with_name("loop.nii.gz").symlink_to(path.name)
    path.symlink_to("loop.nii.gz")


def unfetched(path):
    """Put the link in place of a file that DataLad leaves before the file is fetched."""
    path.unlink()
    path.symlink_to(".git/annex/objects/W7/kq/MD5E-s9--0.nii.gz")


def folder(study, path):
    path.unlink()
    path.mkdir()


def piped(study, path):
    path.unlink()
    os.mkfifo(path)


def gifti(study, path):
    array = nib.gifti.GiftiDataArray(sound(0).ravel(), intent="NIFTI_INTENT_SHAPE")
    nib.save(nib.GiftiImage(darrays=[array]), study.folder / "maps/lh.shape.gii")
    study.set(-1, "map", "maps/lh.shape.gii")


def value(column, text):
    return lambda study, path: study.set(-1, column, text)


def spoilt(number):
    """Replace one value by another."""

    def change(values):
        values[3, 3, 3] = number
        return values

    return image(change)


def holes(values):
    values[1:3] = np.nan
    return values


LAS = AFFINE @ np.diag([-1.0, 1, 1, 1])
LAS[0, 3] = -AFFINE[0, 3] - 3
RGB = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])

MAPS = [
    Map("missing map", lambda study, path: path.unlink(), "missing file"),
    Map("no map named in the table", value("map", "n/a"), "missing file (the table names no map)"),
    Map("empty file", content(b""), "unreadable (Empty file"),
    Map("truncated map", cut(0.5), "unreadable"),
    Map("truncated header", lambda study, path: path.write_bytes(gzip.compress(bytes(100), mtime=0)), "unreadable"),
    Map("file of MATLAB", written(b"MATLAB 5.0 MAT-file", ".mat"), "unknown kind of file (named .mat)"),
    Map("text in place of an image", content(b"not an image\n"), "unreadable"),
    Map("uncompressed file named .gz", lambda s, p: p.write_bytes(gzip.decompress(p.read_bytes())), "unreadable"),
    Map("folder in place of a map", folder, "unreadable"),
    Map("symbolic links in a loop", looped, "unreadable"),
    Map("link of DataLad to what is not fetched", lambda study, path: unfetched(path), "not fetched (a link that leads to no file)"),
    Map("pointer of Git LFS", content(b"version https://git-lfs.github.com/spec/v1\n"), "not fetched (a pointer to its content)"),
    Map("pipe in place of a map", piped, "unreadable (a pipe in place of a file)"),
    Map("map without permission", lambda study, path: path.chmod(0), "unreadable"),
    Map("4D image with many volumes", image(lambda v: np.stack([v] * 20, -1)), "several volumes (shape 8 x 8 x 8 x 20)"),
    Map("5D image", image(lambda v: np.stack([v] * 3, -1)[..., None, :]), "several volumes (shape 8 x 8 x 8 x 1 x 3)"),
    Map("scale slope of 0, which stands for none", header(112, bytes(4)), ""),
    Map("vertices of a surface in a row", image(lambda v: v.reshape(-1, 1, 1)), "values of a surface (shape 512 x 1 x 1), not a volume"),
    Map("vertices of a surface, folded into factors", image(lambda v: np.ones((27307, 1, 6), np.float32)), "values of a surface (shape 163842 x 1 x 1)"),
    Map("surface (GIFTI)", gifti, "values of a surface (Gifti), not a volume"),
    Map("2D image", image(lambda v: v[:, :, 3]), "not a volume (shape 8 x 8)"),
    Map("complex data", image(lambda v: v.astype(np.complex64)), "complex data"),
    Map("colour (RGB) data", image(lambda v: RGB), "colour (RGB) data"),
    Map("header that claims 32000 x 32000 x 32000 voxels", header(42, b"\0\x7d" * 3), "the header claims 32000"),
    Map("header that claims a negative shape", header(42, b"\xff\xff" * 3), "unreadable"),
    Map("affine without an inverse", header(280, bytes(48)), "affine is not invertible"),
    Map("affine with NaN", header(280, b"\0\0\xc0\x7f"), "affine is not invertible"),
    Map("other shape", image(lambda v: v[:-1]), "shape 7 x 8 x 8, most maps have 8 x 8 x 8"),
    Map("other affine", image(lambda v: v, AFFINE @ np.diag([2, 2, 2, 1.0])), "affine [6 0 0"),
    Map("flipped participant (LAS among RAS)", image(lambda v: v[::-1], LAS), "(LAS), most maps have"),
    Map("values a million times larger", image(lambda v: v * np.float32(1e6)), ""),
    Map("all zero", image(lambda v: v * 0), "empty (only 0 or NaN)"),
    Map("all NaN", image(lambda v: v * np.nan), "empty (only 0 or NaN)"),
    Map("constant", image(lambda v: v * 0 + np.float32(7)), "constant (only the value 7)"),
    Map("mask in place of a map", image(lambda v: (v != 0).astype(np.uint8)), "constant (only the value 1, and 0 elsewhere)"),
    Map("one infinite value", spoilt(np.inf), ""),
    Map("values that overflow float32", image(lambda v: v * np.float64(1e300)), "values too large for float32"),
    Map("NaN in a third of the brain", image(holes), "misses 33.3% of the brain mask, more than 10.0%"),
    Map("missing value of a variate", value("age", "n/a"), "missing variate: age"),
    Map("one NaN", spoilt(np.nan), ""),
    Map("duplicate of another's map (in another file)", image(lambda v: sound(0)), ""),
    Map("float64", image(lambda v: v.astype(np.float64)), ""),
    Map("4D image with one volume", image(lambda v: v[..., None]), ""),
]  # fmt: skip


# The vertices of the maps of surfaces. Nobody has a value at the first; the last belongs to no triangle.
VERTICES = np.arange(3.0, 15.0)
# A mesh of two pieces, the second one of three vertices, and a vertex beside them.
PIECES = {"n": 12, "gaps": (6, 7, 9)}


def medial(values, number=0.0):
    """Give the first vertex, the medial wall, another number."""
    values[0] = number
    return values


def whole_surfaces(box):
    mesh(box.study.folder / "lh.surf.gii", **PIECES)
    on_surfaces(box, sizes=(12,) * 8, change=medial)


def vertices(*arrays, at="lh", structure="CortexLeft"):
    """Put values of vertices in place of a map."""

    def damage(study, path):
        name = path.name.split(".")[0]
        on_a_surface(study.folder / f"maps/{at}.{name}.gii", *arrays, structure=structure)
        study.set(-1, "map", f"maps/{{hemi}}.{name}.gii")

    return damage


def a_mesh(study, path):
    name = path.name.split(".")[0]
    mesh(study.folder / f"maps/lh.{name}.gii", **PIECES)
    study.set(-1, "map", f"maps/{{hemi}}.{name}.gii")


def both_hemispheres(study, path):
    vertices(VERTICES)(study, path)
    name = path.name.split(".")[0]
    on_a_surface(study.folder / f"maps/rh.{name}.gii", VERTICES, structure="CortexRight")


def labelled(study, path):
    name = path.name.split(".")[0]
    numbers = nib.gifti.GiftiDataArray(np.arange(12, dtype=np.int32), intent="NIFTI_INTENT_LABEL")
    nib.save(nib.gifti.GiftiImage(darrays=[numbers]), study.folder / f"maps/lh.{name}.label.gii")
    study.set(-1, "map", f"maps/{{hemi}}.{name}.label.gii")


def named_without_intent(study, path):
    name = path.name.split(".")[0]
    image = nib.gifti.GiftiImage(darrays=[nib.gifti.GiftiDataArray(np.arange(12, dtype=np.int32) % 3)])
    for key, region in enumerate(("???", "V1", "V2")):
        image.labeltable.labels.append(nib.gifti.GiftiLabel(key))
        image.labeltable.labels[-1].label = region
    nib.save(image, study.folder / f"maps/lh.{name}.gii")
    study.set(-1, "map", f"maps/{{hemi}}.{name}.gii")


def annotated(study, path):
    name = path.name.split(".")[0]
    annotation(study.folder / f"maps/lh.{name}.annot")
    study.set(-1, "map", f"maps/{{hemi}}.{name}.annot")


def in_a_volume(study, path):
    name = path.name.split(".")[0]
    nib.save(nib.MGHImage(sound(0), AFFINE), study.folder / f"maps/lh.{name}.mgz")
    study.set(-1, "map", f"maps/{{hemi}}.{name}.mgz")


def matrix(change, names=()):
    """Put a matrix in place of a map."""

    def damage(study, path):
        half = np.triu(np.random.default_rng(9).normal(size=(5, 5)), 1)
        path = path.with_name(path.name.replace(".nii.gz", ".csv"))
        np.savetxt(path, change(half + half.T), delimiter=",", header=",".join(names), comments="")
        study.set(-1, "map", f"maps/{path.name}")

    return damage


def but(*at, values=np.nan):
    """Change some values of a matrix."""

    def change(matrix):
        for place in at:
            matrix[place] = values
        return matrix

    return change


def whole_grayordinates(box):
    mesh(box.study.folder / "L.surf.gii", 20)
    grayordinates(box)


def a_volume(study, path):
    path = path.with_name(path.name.replace(".nii.gz", ".dscalar.nii"))
    save(path, sound(0), AFFINE)
    study.set(-1, "map", f"maps/{path.name}")


def dense(values, numbers, rows=None, end=None):
    """Put grayordinates in place of a map."""

    def damage(study, path):
        columns = BrainModelAxis.from_surface(np.array(numbers), 20, name="CIFTI_STRUCTURE_CORTEX_LEFT")
        path = path.with_name(path.name.replace(".nii.gz", ".dscalar.nii"))
        content = np.atleast_2d(np.asarray(values, np.float32))
        nib.save(Cifti2Image(content, (rows or ScalarAxis(["a map"] * len(content)), columns)), path)
        path.write_bytes(path.read_bytes()[:end])
        study.set(-1, "map", f"maps/{path.name}")

    return damage


def whole_regions(box):
    regions(box, "id\tlh_a\tlh_b\tlh_c\tlh_d", value="1.5\t2.5")


def row(*cells):
    """Write a row with values of regions for the last participant."""

    def damage(study, path):
        with open(study.folder / "values.tsv", "a") as file:
            file.write("\t".join([study.rows[-1]["participant_id"], *cells]) + "\n")

    return damage


ENOUGH = {"quality": {"max_missing": 0.34}}
SIX = np.arange(6.0) + 9
LABELS = LabelAxis(["a"], [{0: ("???", (0, 0, 0, 0))}])
# Of other spaces than volumes: what gives everyone a sound map, and the config.
SPACES = {
    "surfaces": (whole_surfaces, SURFACES | ENOUGH | {"space": {"mesh": "../study/{hemi}.surf.gii"}}),
    "grayordinates": (whole_grayordinates, SURFACES | ENOUGH | {"space": {"mesh": "../study/{hemi}.surf.gii"}}),
    "parcels": (whole_regions, PARCELS | ENOUGH),
    "connectomes": (lambda box: connectomes(box, lambda m: m), SURFACES | ENOUGH | {"smoothing_fwhm": None}),
}  # fmt: skip
MAPS += [
    Map("NaN in the medial wall", vertices(medial(VERTICES.copy(), np.nan)), "", "surfaces"),
    Map("value in the medial wall, where others have 0", vertices(VERTICES), "", "surfaces"),
    Map("NaN at a vertex of the cortex", vertices(np.r_[medial(VERTICES.copy())[:-2], np.nan, 5]), "", "surfaces"),
    Map("NaN in half of the cortex", vertices(np.r_[VERTICES[:6], [np.nan] * 6]), "of the mask, more than 34.0%", "surfaces"),
    Map("other number of vertices", vertices(VERTICES[1:]), "another mesh (11 vertices of the left hemisphere, most maps have 12", "surfaces"),
    Map("other hemisphere", vertices(VERTICES, at="rh", structure="CortexRight"), "other hemispheres (right, most maps have left)", "surfaces"),
    Map("left and right swapped", vertices(VERTICES, structure="CortexRight"), "hemispheres swapped (lh.", "surfaces"),
    Map("several values per vertex", vertices(VERTICES, VERTICES), "several values per vertex (2 maps in one file)", "surfaces"),
    Map("both hemispheres, where others have one", both_hemispheres, "other hemispheres (left and right, most maps have left)", "surfaces"),
    Map("labels of regions (.label.gii)", labelled, "labels of regions, not values", "surfaces"),
    Map("labels of regions without their intent, but with names (.gii)", named_without_intent, "labels of regions, not values", "surfaces"),
    Map("labels of regions (.annot)", annotated, "labels of regions, not values", "surfaces"),
    Map("volume (.mgz)", in_a_volume, "a volume (shape 8 x 8 x 8), not values of a surface", "surfaces"),
    Map("mesh in place of values", a_mesh, "a mesh, not values at its vertices", "surfaces"),
    Map("no file of a hemisphere", value("map", "maps/{hemi}.none.gii"), "missing file (neither of lh and rh", "surfaces"),
    Map("NaN at a grayordinate", dense(np.r_[SIX[:-1], np.nan], range(6)), "", "grayordinates"),
    Map("NaN in half of them", dense(np.r_[SIX[:3], [np.nan] * 3], range(6)), "misses 50.0% of the grayordinates", "grayordinates"),
    Map("fewer grayordinates", dense(SIX[1:], range(5)), "other brain models (CORTEX_LEFT of 5 grayordinates, most maps have 6)", "grayordinates"),
    Map("other vertices", dense(SIX, range(1, 7)), "as many in each structure, but of other vertices", "grayordinates"),
    Map("several maps", dense([SIX, SIX], range(6)), "several maps (2 in one file)", "grayordinates"),
    Map("time series", dense([SIX, SIX], range(6), SeriesAxis(0, 2, 2)), "a time series (2 points in time)", "grayordinates"),
    Map("truncated .dscalar.nii", dense(SIX, range(6), end=-8), "cut off (by its header it has", "grayordinates"),
    Map("volume named .dscalar.nii", a_volume, "no CIFTI (Nifti1Image), whatever its name says", "grayordinates"),
    Map("labels of regions", dense(SIX, range(6), LABELS), "another kind of CIFTI (labels x grayordinates), not maps x grayordinates", "grayordinates"),
    Map("missing value of a region", row("n/a", "2", "3", "4"), "", "parcels"),
    Map("missing values of two regions", row("n/a", "NA", "3", "2"), "misses 50.0% of the regions, more than 34.0%", "parcels"),
    Map("a single region that is not 0", row("0", "0", "3", "0"), "", "parcels"),
    Map("no value", row("n/a", "n/a", "n/a", "n/a"), "empty (only NaN)", "parcels"),
    Map("no row in the table of values", lambda study, path: None, "missing row (dataset.values does not have the id)", "parcels"),
    Map("text in place of a value", row("1", "2", "thick", "4"), "text among values ('thick' in column 'lh_c')", "parcels"),
    Map("NaN on the diagonal", matrix(but(*[(i, i) for i in range(5)])), "", "connectomes"),
    Map("NaN at an edge", matrix(but((0, 1), (1, 0))), "", "connectomes"),
    Map("NaN at most edges", matrix(but(slice(0, 2), (slice(None), slice(0, 2)))), "misses 70.0% of the edges", "connectomes"),
    Map("NaN in one half alone", matrix(but((0, 1))), "not symmetric (nan in row 1, column 2", "connectomes"),
    Map("not symmetric", matrix(but((3, 1), values=7)), "7 in the other half)", "connectomes"),
    Map("not square", matrix(lambda m: m[:, :4]), "not a square matrix (shape 5 x 4)", "connectomes"),
    Map("fewer nodes", matrix(lambda m: m[:4, :4]), "nodes 1, 2, 3, ..., 4 (4), most maps have nodes 1, 2, 3, ..., 5 (5)", "connectomes"),
    Map("names of nodes where others have none", matrix(lambda m: m, "abcde"), "nodes a, b, c, ..., e (5), most maps have", "connectomes"),
    Map("numbers of the nodes above the values", matrix(lambda m: m, "12345"), "", "connectomes"),
    Map("decimal commas", written(b"0;0,5;1\n0,5;0;2\n1;2;0\n", ".csv"), "decimal commas (the first is 0,5)", "connectomes"),
    Map("no connection at all", matrix(lambda m: 0 * m), "constant (only the value 0)", "connectomes"),
]  # fmt: skip


def text(change):
    """Change the table."""
    return lambda box: change(box.study)


def named(row, column, name):
    return text(lambda study: study.set(row, column, name))


def replaced(old, new):
    return text(lambda study: study.replace(old, new))


def only(n):
    def shorten(study):
        del study.rows[n:]
        study.write()

    return text(shorten)


def masked(data, affine=AFFINE):
    return lambda box: box.study.mask(data, affine)


def one_voxel():
    mask = np.zeros(SHAPE)
    mask[3, 3, 3] = 1
    return mask


def damaged_chunk(change):
    return lambda box: change(box.work / "results/nulls/contrast-age/0-21.npz")


def of_other_data(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"fingerprint": np.array("0" * 64)})


def pickled(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"voxel": np.array([{"a": 1}], dtype=object)})


MASK = {"mask": {"strategy": "file", "file": "../study/mask.nii.gz"}}
RUN_CODE = "__import__('os').system('touch pwned')"

SMALL = "design/contrast-age_volume-roi_model.npz"
REGIONS = "tables/contrast-age_regions.tsv"
VOLUME = {"inference": {"statistics": ["voxel"], "small_volumes": {"roi": "../study/mask.nii.gz"}}}

STOPS = [
    # Config files that no value can be read from: Snakemake's own words
    Stop(
        "Config file", "no such file", ("nothing.yaml",), arguments=("--configfile", "nothing.yaml"),
        by_snakemake=True, answer="FileNotFoundError: [Errno 2] No such file or directory: 'nothing.yaml'",
    ),
    Stop("Config file", "not YAML", ("not valid JSON or YAML",), config=b"model: [\n", by_snakemake=True),
    Stop("Config file", "tab in place of spaces", ("tab indentation",), config=b"mask:\n\tfile: a\n", by_snakemake=True),
    Stop("Config file", "empty", ("with keys at top level",), config=b"", by_snakemake=True),
    Stop(
        "Config file", "YAML that makes a Python object", ("not valid JSON or YAML",),
        config=b"mask: !!python/object/apply:os.system ['touch pwned']\n", by_snakemake=True,
    ),
    Stop("Config file", "own maps, and nothing said of their smoothing",
         ("smoothing_fwhm: is missing; expected the FWHM in mm", "0 if they are smoothed already (con images of SPM"),
         config=b"dataset: {source: table, path: ../study/participants.tsv, maps: map}\nmodel: {formula: 1 + age, contrasts: {age: age}}\n", target=COLLECTED),
    Stop("Config file", "key twice", ("inference: is in", "config.yaml twice (lines 5 and 7)"),
         config=b"dataset: {source: table, path: ../study/participants.tsv, maps: map}\nmodel: {formula: 1 + age, contrasts: {age: age}}\n"
                b"smoothing_fwhm: 0\n\ninference:\n  alpha: 0.1\ninference:\n  cluster_p: 0.01\n", target=COLLECTED),
    Stop("Config file", "anchors that make millions of values", ("it holds more than 50,000 values", "without anchors"),
         config=b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
             b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 10)) for n in range(97, 104)), target=COLLECTED),
    Stop("BIDS Stats Model", "no such file", ("model.bids: there is no file '../study/model.json'",),
         config={"model": {"bids": "../study/model.json"}}),
    Stop("BIDS Stats Model", "maps split by a column", ("model.json: node 'group': GroupBy splits the maps by sex", "quality.query"),
         lambda box: (box.study.folder / "model.json").write_text(json.dumps({"Nodes": [
             {"Level": "Dataset", "Name": "group", "GroupBy": ["sex"], "Model": {"X": [1]}}]})),
         config={"model": {"bids": "../study/model.json"}}),
    Stop("Design of FSL", "contrasts of another design", ("design.con: a contrast has 2 weights, and", "design.mat has 3 columns"),
         lambda box: write_vest(box.study.folder / "design.con", [[1, -1]]), config=FSL_ALONE),
    Stop("Design of FSL", "design that is cut off", ("design.mat: /NumPoints says 8, and the matrix has 5 rows",),
         lambda box: write_vest(box.study.folder / "design.mat", [[1, 0, 0]] * 5, NumPoints=8), config=FSL_ALONE),
    Stop("Design of FSL", "volumes and rows that do not agree", ("dataset.maps:", "has 3 volumes, and", "design.mat has 8 rows"),
         series, config={"dataset": FSL | {"maps": "../study/all.nii"}}, target=COLLECTED),
    # Files and folders
    Stop("Files and folders", "pipe for a table", ("dataset.path: '../study/participants.tsv' is a pipe; expected a file",),
         lambda box: (box.study.table.unlink(), os.mkfifo(box.study.table)), target=COLLECTED),
    Stop("Files and folders", "table among the results", ("dataset.path: 'results/dataset/participants.tsv' lies among this run's own results",),
         config=table(path="results/dataset/participants.tsv"), finished=True, target=INCLUDED),
    Stop("Files and folders", "map among the results", ("the map of sub-02 (line 3)", "lies among this run's own results"),
         lambda box: box.study.set(1, "map", "../work/results/maps/contrast-age_stat-t_statmap.nii.gz"),
         target=COLLECTED),
    Stop("Files and folders", "links in a loop for a table", ("dataset.path", "cannot be reached", "symbolic links"),
         lambda box: (box.study.table.unlink(), box.study.table.symlink_to(box.study.table)), target=COLLECTED),
    Stop("Files and folders", "table that is not fetched", ("dataset.path", "a link that leads to no file", "datalad get"),
         lambda box: unfetched(box.study.table), target=COLLECTED),
    Stop("Files and folders", "table without permission", ("dataset.path", "may not be read"),
         lambda box: box.study.table.chmod(0), target=COLLECTED, unprivileged=True),
    Stop("Files and folders", "results folder is a file", ("results: 'taken' is no folder",),
         lambda box: (box.work / "taken").touch(), config={"results": "taken"}, results="taken", target=COLLECTED),
    Stop("Files and folders", "results folder may not be written", ("results: nothing can be written to 'results'",),
         lambda box: (box.work / "results").mkdir(mode=0o555), target=COLLECTED, unprivileged=True),
    Stop("Files and folders", "results below a folder that may not be written", ("nothing can be written to 'closed'",),
         lambda box: (box.work / "closed").mkdir(mode=0o555), config={"results": "closed/results"},
         results="closed/results", target=COLLECTED, unprivileged=True),
    Stop("Files and folders", "results folder with an endless name", ("results: a name in", "more than 255 bytes"),
         config={"results": "r" * 300}, results="r", target=COLLECTED),
    Stop("Files and folders", "table path with braces", ("dataset.path", "has braces", "Rename it"),
         lambda box: box.study.table.rename(box.study.folder / "{a}.tsv"), config=table(path="../study/{a}.tsv"),
         target=COLLECTED),
    # The participants table
    Stop("Participants table", "empty", ("participants.tsv: the table is empty",),
         text(lambda study: study.table.write_bytes(b"")), target=COLLECTED),
    Stop("Participants table", "header alone", ("there is a header but no participant",), only(0), target=COLLECTED),
    Stop("Participants table", "cut off", ("line 9 has 4 values", "5 columns"),
         text(lambda study: study.table.write_bytes(study.table.read_bytes()[:-6])), target=COLLECTED),
    Stop("Participants table", "spreadsheet file", ("not UTF-8", "exported"),
         text(lambda study: study.table.write_bytes(b"PK\x03\x04\xff\xfe" * 50)), target=COLLECTED),
    Stop("Participants table", "spreadsheet without a reader", ("participants.xlsx: is a spreadsheet", "pip install openpyxl", "save the sheet as CSV"),
         text(lambda study: study.table.rename(study.folder / "participants.xlsx")), config=table(path="../study/participants.xlsx"), target=COLLECTED),
    Stop("Participants table", "model of SPM", ("SPM.mat: is no table", "docs/from-spm.md"),
         text(lambda study: study.table.rename(study.folder / "SPM.mat")), config=table(path="../study/SPM.mat"), target=COLLECTED),
    Stop("Participants table", "several maps of a person", ("participants.tsv: dataset.id asks for a column 'session'",),
         config=table(id=["participant_id", "session"]) | {"permutation": {"blocks": {"within": "group"}}}, target=COLLECTED),
    Stop("Participants table", "pattern that several files fit", ("dataset.maps: 8 files of sub-01 fit", "Expected one"),
         config=table(maps="{participant_id}/../maps/*.nii.gz"), target=COLLECTED,
         damage=text(lambda study: [(study.folder / row["participant_id"]).mkdir() for row in study.rows])),
    Stop("Participants table", "entity that no file has", ("dataset.entities.task: no image below", "has task-faces"),
         config=table(maps="maps", entities={"task": "faces"}), target=COLLECTED),
    Stop("Participants table", "UTF-16", ("not UTF-8 text",), text(lambda study: study.write(encoding="utf-16")),
         target=COLLECTED),
    Stop("Participants table", "open quotation mark", ("participants.tsv: line", "quotation mark"),
         replaced(b"\nsub-03", b'\n"sub-03'), target=COLLECTED),
    Stop("Participants table", "column twice", ("column 'age' is there twice",), replaced(b"group", b"age"),
         target=COLLECTED),
    Stop("Participants table", "column without a name", ("column 4 has no name",), replaced(b"group", b""),
         target=COLLECTED),
    Stop("Participants table", "no `participant_id`", ("no column 'participant_id'", "'participant'"),
         replaced(b"participant_id", b"participant"), target=COLLECTED),
    Stop("Participants table", "spaces between the columns", ("found one column, 'participant_id map age group score'", "not by spaces"),
         text(lambda study: study.write(delimiter=" ")), target=COLLECTED),
    Stop("Participants table", "comment above the header", ("line 2 has 5 values", "the header has 1 columns (# of the study)"),
         text(lambda study: study.table.write_bytes(b"# of the study\n" + study.table.read_bytes())), target=COLLECTED),
    Stop("Participants table", "reserved column", ("'reason' is reserved",), replaced(b"group", b"reason"),
         target=COLLECTED),
    Stop("Participants table", "participant without an id", ("line 4 has no participant_id", "stand for nothing"),
         replaced(b"sub-03\t", b"\t"), target=COLLECTED),
    Stop("Participants table", "duplicate id", ("'sub-02' is there twice (lines 3 and 5)",),
         named(3, "participant_id", "sub-02"), target=COLLECTED),
    Stop("Participants table", "ids that differ in case", ("'SUB-02' and 'sub-02' differ in case", "(lines 3 and 5)"),
         named(3, "participant_id", "SUB-02"), target=COLLECTED),
    Stop("Participants table", "ids that differ in leading zeros", ("'sub-2' and 'sub-02'", "leading zeros"),
         named(3, "participant_id", "sub-2"), target=COLLECTED),
    Stop("Participants table", "no such column of maps", ("dataset.maps asks for a column 'mpa'", "did you mean 'map'"),
         config=table(maps="mpa"), target=COLLECTED),
    Stop("Participants table", "no such placeholder", ("dataset.maps asks for a column 'participent_id'", "'participant_id'"),
         config=table(maps="sub-{participent_id}.nii.gz"), target=COLLECTED),
    Stop("Participants table", "folder in place of maps", ("dataset.maps: there is no file", "study/maps (it is a folder: dataset.entities finds images in one)"),
         config=table(maps="../study/maps"), arguments=("--dry-run",)),
    Stop("Participants table", "one map for two", ("sub-01 and sub-02 (lines 2 and 3) have the same map",),
         named(1, "map", "maps/01.nii.gz"), target=COLLECTED),
    Stop("Participants table", "one map for two inputs", ("dataset.maps.houses: ", "01.nii.gz of sub-01 (line 2", "is the map of the input faces too"),
         config=table(maps={"faces": "map", "houses": "map"}), target="dataset/input-houses_participants.tsv"),
    Stop("Participants table", "inputs on different kinds of spaces", ("dataset.maps.faces: found values of voxels, and fa has values of edges",),
         config=table(maps={"faces": "map", "fa": "{participant_id}.csv"}), target=COLLECTED),
    Stop("Participants table", "one map for two, by a link", ("sub-01 and sub-02 (lines 2 and 3) have the same map", "a link: it is the file of"),
         text(lambda study: (study.map(1).unlink(), study.map(1).symlink_to("01.nii.gz"))), target=COLLECTED),
    Stop("Participants table", "turned on its side", ("has 50,002 columns; expected at most 10,000",),
         text(lambda study: study.table.write_text("participant_id\tmap\t" + "\t".join(f"c{i}" for i in range(50_000)))),
         target=COLLECTED),
    Stop("Participants table", "text among numbers", ("model.formula: 'abc' in column 'age'", "'sub-03'", "(row 3"),
         named(2, "age", "abc")),
    Stop("Participants table", "a point for what is missing", ("model.formula: '.' in column 'group'", "'sub-03'", "stands for a missing value", "n/a"),
         named(2, "group", "."), config=model("1 + age + C(group)")),
    Stop("Participants table", "decimal commas", ("'0,00' in column 'score'", "decimal point"),
         text(lambda study: [study.set(i, "score", r["score"].replace(".", ",")) for i, r in enumerate(study.rows)]),
         config=model("1 + score", score="score")),
    Stop("Participants table", "decimal commas in a CSV", ("values, the header has 5 columns", "Quote values"),
         text(lambda study: (study.write(delimiter=","), study.replace(b"0.10", b"0,10"))), target=COLLECTED),
    # Who stays
    Stop("Participants", "masks in place of maps", ("8 constant", "only the value 1, and 0 elsewhere", "set mask.zero_is_missing to false"),
         text(lambda study: [save(study.map(i), inside().astype(np.uint8)) for i in range(8)])),
    Stop("Participants", "one participant", ("1 of 1 participants stay, at least 3 are needed",), only(1)),
    Stop("Participants", "two participants", ("2 of 2 participants stay, at least 3 are needed",), only(2)),
    Stop("Participants", "no map at all", ("0 of 8 participants stay", "8 missing file", "The first: sub-01"),
         text(lambda study: [path.unlink() for path in (study.folder / "maps").iterdir()])),
    Stop("Participants", "maps that are not fetched", ("0 of 8 participants stay", "8 not fetched", "datalad get"),
         text(lambda study: [unfetched(path) for path in (study.folder / "maps").iterdir()]), arguments=("--dry-run",)),
    Stop("Participants", "ids whose leading zeros a spreadsheet took", ("0 of 8 participants stay", "8 missing file", "maps/sub-1.nii.gz, did you mean 'sub-001.nii.gz'?"),
         text(lambda study: [study.map(i).rename(study.folder / f"maps/sub-{i + 1:03d}.nii.gz") and study.set(i, "participant_id", str(i + 1)) for i in range(8)]),
         config=table(maps="maps/sub-{participant_id}.nii.gz"), arguments=("--dry-run",)),
    Stop("Participants", "folder of the maps that is not there", ("8 missing file", "/study/~/maps/01.nii.gz (the folder", "/study/~/maps does not exist)"),
         text(lambda study: [study.set(i, "map", f"~/maps/{i + 1:02d}.nii.gz") for i in range(8)]), arguments=("--dry-run",)),
    Stop("Participants", "maps of one voxel", ("8 a single voxel", "a single voxel, not a volume", "columns of a table: dataset.values"),
         text(lambda study: [save(study.map(i), np.full((1, 1, 1), i + 0.5, np.float32)) for i in range(8)])),
    Stop("Participants", "maps of surfaces alone", ("8 values of a surface", "vertices that are no neighbours"),
         text(lambda study: [save(study.map(i), sound(i).reshape(-1, 1, 1)) for i in range(8)])),
    Stop("Participants", "a file with one volume too few", ("all.nii has 7 volumes, and", "participants.tsv has 8 rows"),
         text(lambda study: save(study.folder / "all.nii", np.stack([sound(i) for i in range(7)], -1))),
         config=table(maps="all.nii"), target=COLLECTED),
    Stop("Participants", "a file with one volume alone", ("all.nii has a single volume, and", "participants.tsv has 8 rows"),
         text(lambda study: save(study.folder / "all.nii", sound(0))), config=table(maps="all.nii"), target=COLLECTED),
    Stop("Participants", "a file with values in a fifth dimension", ("all.nii: several values per voxel (shape 8 x 8 x 8 x 1 x 8)", "a file with a volume per row"),
         text(lambda study: save(study.folder / "all.nii", np.stack([sound(i) for i in range(8)], -1)[..., None, :])),
         config=table(maps="all.nii"), target=COLLECTED),
    Stop("Participants", "a file with all volumes that is cut off", ("dataset.maps:", "all.nii: unreadable (the header claims 8 x 8 x 8 x 8 voxels, the file holds fewer)"),
         text(lambda study: (save(study.folder / "all.nii", np.stack([sound(i) for i in range(8)], -1)), os.truncate(study.folder / "all.nii", 9000))),
         config=table(maps="all.nii"), arguments=("--dry-run",)),
    Stop("Participants", "a file with one slice", ("all.nii: not a volume (shape 8 x 8)",),
         text(lambda study: save(study.folder / "all.nii", sound(0)[:, :, 3])), config=table(maps="all.nii"), target=COLLECTED),
    Stop("Surfaces", "a file with one map too few", ("rh.all.mgh has 7 maps, and", "participants.tsv has 8 rows"),
         text(lambda study: [nib.save(nib.MGHImage(np.ones((6, 1, 1, n), np.float32), np.eye(4)), study.folder / f"{side}.all.mgh")
                             for side, n in (("lh", 8), ("rh", 7))]),
         config=table(maps="{hemi}.all.mgh"), target=COLLECTED),
    Stop("Surfaces", "no mesh", ("space.mesh: found null", "the maps have 6 vertices in the left hemisphere"), on_surfaces,
         config=SURFACES, target=BRAIN),
    Stop("Surfaces", "another mesh", ("space.mesh: the left hemisphere of fsaverage5 has 10,242 vertices, and the maps have 6 there",),
         on_surfaces, config=SURFACES | {"space": {"mesh": "fsaverage5"}}, target=BRAIN),
    Stop("Surfaces", "another mesh than most maps", ("2 of 8 participants stay", "6 another mesh", "as by mri_surf2surf"),
         lambda box: (on_surfaces(box, sizes=[6, 6, 5, 7, 8, 9, 10, 11]), mesh(box.study.folder / "lh.surf.gii", 6)),
         config=SURFACES | {"space": {"mesh": "../study/{hemi}.surf.gii"}}, target=BRAIN),
    Stop("Surfaces", "mesh whose left and right are swapped", ("the left hemisphere of ../study/{hemi}.surf.gii has 7 vertices, and the maps have 6 there", "left and right are swapped, in its files or"),
         lambda box: (on_surfaces(box), right_too(box), mesh(box.study.folder / "lh.surf.gii", 7), mesh(box.study.folder / "rh.surf.gii", 6)),
         config=SURFACES | {"space": {"mesh": "../study/{hemi}.surf.gii"}}, target=BRAIN),
    Stop("Surfaces", "regions of one hemisphere for maps of both", ("atlas.image: it has no regions of the right hemisphere, and the maps have values there", "with {hemi} in place of lh and rh"),
         lambda box: (on_surfaces(box), right_too(box), mesh(box.study.folder / "lh.surf.gii", 6), mesh(box.study.folder / "rh.surf.gii", 7), annotation(box.study.folder / "lh.x.annot")),
         config=SURFACES | {"space": {"mesh": "../study/{hemi}.surf.gii"}, "atlas": {"image": "../study/lh.x.annot"}}, arguments=("--dry-run",)),
    Stop("Surfaces", "no such mesh", ("space.mesh: there is no file '../study/{hemi}.surf.gii'",),
         on_surfaces, config=SURFACES | {"space": {"mesh": "../study/{hemi}.surf.gii"}}, target=BRAIN),
    Stop("Surfaces", "mesh with vertices that are not there", ("space.mesh: the left hemisphere of ", "is damaged: its triangles name the vertex 6, and it has 6, from 0 on", "make it again"),
         lambda box: (on_surfaces(box), mesh(box.study.folder / "lh.surf.gii", 6, moved=1)),
         config=SURFACES | {"space": {"mesh": "../study/{hemi}.surf.gii"}}, target=BRAIN),
    Stop("Surfaces", "small volume and region", ("inference.small_volumes: found {'roi': '../study/{hemi}.roi.mgh'}", "small volumes consist of voxels; space.mask restricts", "inference.regions: found"),
         on_surfaces, config=SURFACES | {"space": {"mesh": "fsaverage5"}, "inference": {key: {"roi": "../study/{hemi}.roi.mgh"} for key in ("small_volumes", "regions")}},
         target=COLLECTED),
    Stop("Surfaces", "hemispheres swapped", ("8 hemispheres swapped", "says right inside and left in its name"),
         lambda box: on_surfaces(box, "CortexRight"), config=SURFACES, target=BRAIN),
    Stop("Grayordinates", "a file for each hemisphere", ("dataset.maps: found {hemi} in '{participant_id}.{hemi}.dscalar.nii'", "a CIFTI file has both hemispheres", "such as '{participant_id}.dscalar.nii'"),
         config=SURFACES | table(maps="{participant_id}.{hemi}.dscalar.nii"), arguments=("--dry-run",)),
    Stop("Grayordinates", "a time series", ("8 a time series", "take the .dscalar.nii"),
         lambda box: grayordinates(box, lambda i, v, rows: (np.repeat(v, 3, 0), SeriesAxis(0, 2, 3)), "{:02d}.dtseries.nii"),
         config=SURFACES, target=BRAIN),
    Stop("Grayordinates", "a file with all maps that is cut off", ("dataset.maps:", "all.dscalar.nii: cut off (by its header it has", "Copy or make the file again"),
         cut_series, config=SURFACES | table(maps="all.dscalar.nii"), arguments=("--dry-run",)),
    Stop("Grayordinates", "a time series with one point too few", ("all.dtseries.nii has 7 maps, and", "participants.tsv has 8 rows"),
         lambda box: (grayordinates(box, lambda i, v, rows: (np.repeat(v, 7, 0), SeriesAxis(0, 2, 7)), "{:02d}.dtseries.nii"),
                      os.rename(box.study.folder / "maps/01.dtseries.nii", box.study.folder / "all.dtseries.nii")),
         config=table(maps="all.dtseries.nii") | {"mask": {"strategy": "background"}}, target=COLLECTED),
    Stop("Grayordinates", "dense connectomes", ("8 another kind of CIFTI", "(grayordinates x grayordinates), not maps x grayordinates", "connectomes of parcels .pconn.nii"),
         lambda box: grayordinates(box, lambda i, v, rows: (np.repeat(v, 6, 0), SIX_VERTICES), "{:02d}.dconn.nii"),
         config=SURFACES, target=BRAIN),
    Stop("Grayordinates", "other brain models than most maps", ("1 of 8 participants stay", "7 other brain models", "-cifti-create-dense-from-template"),
         lambda box: grayordinates(box, lambda i, v, rows: (np.resize(v, (1, 6 + i)), rows)), config=SURFACES, target=BRAIN),
    Stop("Grayordinates", "no mesh", ("space.mesh: found null", "the maps have 20 vertices in the left hemisphere"),
         grayordinates, config=SURFACES, target=BRAIN),
    Stop("Grayordinates", "another mesh", ("the left hemisphere of fsaverage5 has 10,242 vertices, and the maps have 20 there",),
         grayordinates, config=SURFACES | {"space": {"mesh": "fsaverage5"}}, target=BRAIN),
    Stop("Grayordinates", "a file with one map too few", ("all.dscalar.nii has 7 maps, and", "participants.tsv has 8 rows"),
         lambda box: (grayordinates(box, lambda i, v, rows: (np.repeat(v, 7, 0), ScalarAxis(["a"] * 7))),
                      os.rename(box.study.folder / "maps/01.dscalar.nii", box.study.folder / "all.dscalar.nii")),
         config=table(maps="all.dscalar.nii") | {"mask": {"strategy": "background"}}, target=COLLECTED),
    Stop("Parcels", "no table of values", ("dataset.values: there is no file '../study/values.tsv'",), config=PARCELS),
    Stop("Parcels", "no such column", ("dataset.maps: no column of", "values.tsv fits 'rh_*'", "lh_a, lh_b, lh_c"),
         regions, config=PARCELS | table(maps=["rh_*"], values="../study/values.tsv"), target=BRAIN),
    Stop("Parcels", "other ids in the table of values", ("0 of 8 participants stay", "8 missing row", "those of the participants"),
         lambda box: regions(box, ids=range(11, 19)), config=PARCELS, target=BRAIN),
    Stop("Parcels", "text among the values", ("0 of 8 participants stay", "8 text among values", "narrow dataset.maps"),
         lambda box: regions(box, value="thin"), config=PARCELS, target=BRAIN),
    Stop("Parcels", "a region that all lack", ("0 of 8 participants stay", "8 misses more than 10.0%", "quality.max_missing"),
         lambda box: regions(box, value="NA"), config=PARCELS),
    Stop("Parcels", "unknown name among the neighbours", ("space.adjacency:", "line 2 has 'lh_d', which is no region of the maps"),
         lambda box: regions(box, pairs="one\tother\nlh_a\tlh_d\n"),
         config=PARCELS | {"space": {"adjacency": "../study/pairs.tsv"}}, target=BRAIN),
    Stop("Parcels", "a region that is there twice", ("values.tsv: column 'lh_a' is there twice",),
         lambda box: regions(box, header="id\tlh_a\tlh_b\tlh_a"), config=PARCELS, target=BRAIN),
    Stop("Parcels", "a single region", ("dataset.maps: found a single region in each map, at least 2 are needed", "maps of more regions"),
         regions, config=PARCELS | table(maps=["lh_b"], values="../study/values.tsv"), arguments=("--dry-run",)),
    Stop("Parcels", "a mesh, and no labels of its vertices", ("space.mesh: found fsaverage5, and nothing says which of its vertices each region has", "space.labels"),
         regions, config=PARCELS | {"space": {"mesh": "fsaverage5"}}, target=BRAIN),
    Stop("Parcels", "labels of other regions", ("space.labels: none of the regions (lh_a, lh_b, lh_c) is among the labels", "{hemi}.x.annot (V1)"),
         lambda box: (regions(box), annotation(box.study.folder / "lh.x.annot")),
         config=PARCELS | {"space": {"mesh": "fsaverage5", "labels": "../study/{hemi}.x.annot"}}, target=BRAIN),
    Stop("Parcels", "clusters without neighbours", ("inference.statistics: found tfce, and which regions are neighbours is not known", "space.adjacency"),
         regions, config=PARCELS | {"inference": {"statistics": ["voxel", "tfce"]}}, target=BRAIN),
    Stop("Parcels", "a file with one map too few", ("all.pscalar.nii has 7 maps, and", "participants.tsv has 8 rows"),
         lambda box: in_parcels(box.study.folder / "all.pscalar.nii", 7),
         config=PARCELS | table(maps="all.pscalar.nii"), target=COLLECTED),
    Stop("Connectomes", "matrices of MATLAB", ("dataset.maps: found 'm/{participant_id}.mat', unknown kind of file (named .mat)", "matrices .csv"),
         config=table(maps="m/{participant_id}.mat"), target=COLLECTED),
    Stop("Connectomes", "one matrix for everyone", ("all.pconn.nii: another kind of CIFTI (parcels x parcels), not one of maps",),
         lambda box: in_parcels(box.study.folder / "all.pconn.nii", 0),
         config=PARCELS | table(maps="all.pconn.nii"), target=COLLECTED),
    Stop("Connectomes", "a file for each hemisphere", ("dataset.maps: found {hemi} in 'maps/{participant_id}_{hemi}.csv'", "a matrix has the nodes of both hemispheres", "such as '{participant_id}.csv'"),
         config=SURFACES | table(maps="maps/{participant_id}_{hemi}.csv"), arguments=("--dry-run",)),
    Stop("Connectomes", "not square", ("8 not a square matrix", "a row and a column for each node"),
         lambda box: connectomes(box, lambda m: m[:4]), config=SURFACES, target=BRAIN),
    Stop("Connectomes", "nodes in another order", ("2 of 8 participants stay", "6 nodes in another order", "in one order"),
         lambda box: connectomes(box, lambda m: m, np.roll), config=SURFACES, target=BRAIN),
    Stop("Connectomes", "no name of a node", ("space.labels:", "nodes.tsv has no name '5', which the maps have"),
         lambda box: (connectomes(box, lambda m: m), (box.study.folder / "nodes.tsv").write_text("name\n1\n2\n3\n4\n")),
         config=SURFACES | {"space": {"labels": "../study/nodes.tsv"}}, target=BRAIN),
    Stop("Connectomes", "not symmetric", ("8 not symmetric", "write the mean of both halves"),
         lambda box: connectomes(box, np.triu), config=SURFACES, target=BRAIN),
    Stop("Participants", "a query that nobody passes", ("0 of 8 participants stay", "8 query: age > 100"),
         config={"quality": {"query": "age > 100"}}),
    Stop("Participants", "unknown column in a query", ("quality.query: 'agee > 3' names 'agee'", "did you mean 'age'?"),
         config={"quality": {"query": "agee > 3"}}),
    Stop("Participants", "query without an end", ("quality.query: 'age >' is no expression",),
         config={"quality": {"query": "age >"}}),
    Stop("Participants", "a query that compares text with numbers", ("quality.query: 'group != 1'", "compares numbers with text"),
         config={"quality": {"query": "group != 1"}}),
    Stop("Participants", "a query over a column without values", ("0 of 8 participants stay", "8 missing value for the query: score", "out of quality.query"),
         text(lambda study: [study.set(i, "score", "n/a") for i in range(8)]), config={"quality": {"query": "score != 1"}}),
    Stop("Participants", "brackets without end in a query", ("quality.query:", "its brackets are 4,000 deep"),
         config={"quality": {"query": "(" * 4000 + "age > 1" + ")" * 4000}}),
    Stop("Participants", "code in a query", ("quality.query:", "holds a call, which is not allowed"),
         config={"quality": {"query": RUN_CODE}}),
    Stop("Participants", "attribute in a query", ("quality.query:", "holds a dot, which is not allowed"),
         config={"quality": {"query": "age.__class__ == 1"}}),
    # The mask
    Stop("Mask", "not an image", ("mask.file:", "study/mask.nii.gz: unreadable",),
         text(lambda study: (study.folder / "mask.nii.gz").write_text("no")), MASK, MATRIX, finished=True),
    Stop("Mask", "mask of nothing", ("the brain mask (mask.strategy: file) holds no voxel",),
         masked(np.zeros(SHAPE)), MASK, MATRIX, finished=True),
    Stop("Mask", "mask of one voxel", ("holds a single voxel", "Expected at least 2"), masked(one_voxel()), MASK, MATRIX, finished=True),
    Stop("Mask", "mask in another space", ("mask.file: of the", "study/mask.nii.gz, 0 lie in the images of the maps", "compare the two"),
         masked(inside(), AFFINE @ np.diag([-1.0, 1, 1, 1])), MASK, MATRIX, finished=True),
    Stop("Mask", "mask of several volumes", ("several volumes (shape 8 x 8 x 8 x 2)",),
         masked(np.stack([inside()] * 2, -1)), MASK, MATRIX, finished=True),
    Stop("Mask", "mask outside of all values", ("0 of 8 participants stay", "misses 100.0% of the brain mask"),
         masked(~inside()), MASK, MATRIX, finished=True),
    Stop("Mask", "no voxel varies", ("no voxel is left to analyse", "constant"),
         text(lambda study: [save(study.map(i), inside() * np.float32(1) + inside().cumsum().reshape(SHAPE) * inside())
                             for i in range(8)]), {"mask": {"zero_is_missing": False}}, MATRIX),
    # The model
    Stop("Model", "unknown column in the formula", ("model.formula: there is no column 'agee'", "did you mean 'age'?"),
         config=model("1 + agee"), finished=True, target=DESIGN),
    Stop("Model", "unknown column, before the maps are read", ("model.formula: there is no column 'agee'",),
         config=model("1 + agee"), target="dataset/images.json"),
    Stop("Model", "formula without an end", ("model.formula: cannot read '1 + (age'",),
         config=model("1 + (age"), finished=True, target=DESIGN),
    Stop("Model", "two-sided formula", ("has a '~' or a '|'",), config=model("map ~ age"), finished=True, target=DESIGN),
    Stop("Model", "code in the formula", ("model.formula:", "is not allowed"),
         config=model("1 + {__import__('os').system('touch pwned')}"), finished=True, target=DESIGN),
    Stop("Model", "function that runs code", ("model.formula:", "is not allowed"),
         config=model("1 + I(__import__('os').system('touch pwned'))"), finished=True, target=DESIGN),
    Stop("Model", "code between backticks in quotation marks", ("model.formula:", "is not allowed"),
         config=model(f"1 + age + I('`' + {RUN_CODE} + '`')"), finished=True, target=DESIGN),
    Stop("Model", "code left of a tilde", ("has a '~' or a '|'",),
         config=model(f"log({RUN_CODE}(1)) ~ age"), finished=True, target=DESIGN),
    Stop("Model", "digits of another script in the formula", ("model.formula: cannot read", "not in the digits 0 to 9"),
         config=model("1 + \u0661\u0662:age"), finished=True, target=DESIGN),
    Stop("Model", "number of 400 digits in the formula", ("model.formula: cannot read", "a number has 400 digits"),
         config=model(f"1 + I(age * {'9' * 400})"), finished=True, target=DESIGN),
    Stop("Model", "logarithm of zero", ("'log(score)' in '1 + log(score)' is not finite for 1 of 8 participants, the first sub-01 (score 0",),
         config=model("1 + log(score)", s="`log(score)`"), finished=True, target=DESIGN, arguments=DESIGN_ALONE),
    Stop("Model", "levels that leave people out", ("the levels of C(), 'a', leave out participants with 'b'",),
         config=model("1 + age + C(group, levels=['a'])"), finished=True, target=DESIGN, arguments=DESIGN_ALONE),
    Stop("Model", "attribute in the formula", ("model.formula:", "is not allowed"),
         config=model("1 + I(age.__class__)"), finished=True, target=DESIGN),
    Stop("Model", "variate without any value", ("0 of 8 participants stay", "8 missing variate: age"),
         text(lambda study: [study.set(i, "age", "n/a") for i in range(8)])),
    Stop("Model", "constant column beside the intercept", ("are constant over the included participants", "Keep one"), config=model("1 + I(0*age+2)", i="Intercept"),
         arguments=DESIGN_ALONE, finished=True, target=DESIGN),
    Stop("Model", "columns that depend on one another", ("depend on one another",),
         config=model("1 + age + I(2*age)"), arguments=DESIGN_ALONE, finished=True, target=DESIGN),
    Stop("Model", "as many columns as participants", ("8 columns", "8 maps leave no"),
         config=model("0 + C(score)", s="`C(score)[0.0]`"), arguments=DESIGN_ALONE, finished=True, target=DESIGN),
    Stop("Model", "units beside numbers", ("8 maps leave no", "7 of them are levels of 'age', which is text, such as '23 y'"),
         text(lambda study: [study.set(i, "age", f"{20 + 3 * i} y") for i in range(8)]), config=model("1 + age"), target=DESIGN),
    Stop("Model", "contrast of a column of text", ("'group' is not a column of the design", "is text to the formula, such as 'b'"),
         config=model("1 + group", g="group"), target=PLAN),
    Stop("Model", "group of which everyone is", ("'group' in '1 + age + group' makes no column", "of one level"),
         text(lambda study: [study.set(i, "group", "a") for i in range(8)]), config=model("1 + age + group"), target=DESIGN),
    Stop("Model", "unknown column in a contrast", ("model.contrasts.age: 'agee'", "did you mean 'age'?"),
         config=model(age="agee"), finished=True, target=PLAN),
    Stop("Model", "code in a contrast", ("model.contrasts.age:", "is not a column of the design"),
         config=model(age=RUN_CODE), finished=True, target=PLAN),
    Stop("Model", "contrast that is no weighted sum", ("model.contrasts.age: cannot read 'age * age'",),
         config=model(age="age * age"), finished=True, target=PLAN),
    Stop("Model", "contrast of nothing but rounding", ("is zero for every column",),
         config=model(age="0.1 * age + 0.2 * age - 0.3 * age"), finished=True, target=PLAN),
    Stop("Model", "contrast of nothing", ("model.contrasts.age: 'age - age' is zero",),
         config=model(age="age - age"), finished=True, target=PLAN),
    Stop("Model", "F contrast with a row too many", ("depend on one another",),
         config=model(age=["age", "2 * age"]), finished=True, target=PLAN),
    Stop("Model", "no map of a covariate", ("0 of 8 participants stay", "8 covariate gm: missing file"),
         config={"model": {"formula": "1 + age", "contrasts": {"gm": "gm"}, "voxelwise": {"gm": "gm/{participant_id}.nii"}}}),
    Stop("Model", "covariate that is the map itself", ("8 covariate gm: holds the values of the map itself", "A covariate is another measure"),
         config={"model": {"formula": "1 + age", "contrasts": {"gm": "gm"}, "voxelwise": {"gm": "map"}}}),
    Stop("Model", "unknown column of a covariate's maps", ("'greymatter'", "The columns are"),
         config={"model": {"formula": "1 + age", "contrasts": {"gm": "gm"}, "voxelwise": {"gm": "greymatter"}}}, target=COLLECTED),
    Stop("Model", "unknown column of variance groups", ("model.variance_groups: there is no column 'site'",),
         config={"model": {"formula": "1 + age", "contrasts": {"age": "age"}, "variance_groups": "site"}}, finished=True, target=DESIGN),
    # Small volumes
    Stop("Small volumes", "no voxel in the analysis mask", ("inference.small_volumes", "has no voxel inside the analysis mask"),
         masked(~inside()), VOLUME, SMALL, finished=True),
    Stop("Small volumes", "in another space", ("inference.small_volumes", "has no voxel inside", "in the space of the maps?"),
         masked(inside(), AFFINE @ np.diag([-1.0, 1, 1, 1])), VOLUME, SMALL, finished=True),
    Stop("Small volumes", "sphere outside of the mask", ("inference.small_volumes", "no voxel of the analysis mask is within 4 mm of 50, 0, 0", "the nearest is at"),
         config={"inference": {"small_volumes": {"roi": {"center": [50, 0, 0], "radius": 4}}}}, target=SMALL, finished=True),
    # Regions
    Stop("Regions", "no voxel in the analysis mask", ("inference.regions.the roi:", "has no voxel inside the analysis mask"),
         masked(~inside()), {"inference": {"regions": {"the roi": "../study/mask.nii.gz"}}}, REGIONS, finished=True),
    # Joint tests
    Stop("Joint tests", "people with one input alone", ("2 of 8 participants stay", "Leaving: 6 missing file"),
         second_maps(people=(1, 4)), COMBINED),
    Stop("Joint tests", "inputs on two grids", ("joint.x: the maps of faces", "are on different grids or meshes", "resample them first"),
         second_maps(affine=AFFINE @ np.diag([2.0, 1, 1, 1])), COMBINED, JOINT),
    Stop("Joint tests", "two inputs that are copies", ("joint.x:", "have the same values for everyone", "correct dataset.maps"),
         second_maps(lambda i, _: sound(i)), COMBINED, JOINT),
    Stop("Joint tests", "an input that is a multiple of another", ("joint.x: at every voxel, an input is constant or the sum of multiples of others", "leave one out"),
         second_maps(lambda i, _: 2 * sound(i)), TOGETHER, JOINT),
    Stop("Joint tests", "as many inputs as degrees of freedom", ("joint.x: 2 inputs, and 2 residual degrees of freedom", "combine: fisher"),
         second_maps(), TOGETHER | model("1 + age + score + I(age * score) + I(age**2) + I(score**2)"), JOINT),
    # The relabellings
    Stop("Relabellings", "unknown column of blocks", ("permutation.blocks.within: there is no column 'site'",),
         config={"permutation": {"blocks": {"within": "site"}}}, finished=True, target=DESIGN),
    Stop("Relabellings", "blocks of one", ("no relabelling but the observed one",),
         config={"permutation": {"n_permutations": 20, "chunk_size": 20, "blocks": {"within": "participant_id"}}},
         arguments=DESIGN_ALONE, finished=True, target=PLAN),
    Stop("Relabellings", "chunk cut off", ("results/nulls/contrast-age/0-21.npz: damaged, cut off", "Delete"),
         damaged_chunk(lambda path: path.write_bytes(path.read_bytes()[:200])), target=NULL, finished=True),
    Stop("Relabellings", "chunk of other data", ("0-21.npz: damaged, cut off or exchanged", "Delete"),
         damaged_chunk(of_other_data), target=NULL, finished=True),
    Stop("Relabellings", "chunk with pickled objects", ("0-21.npz: damaged, cut off or exchanged", "Delete"),
         damaged_chunk(pickled), target=NULL, finished=True),
]  # fmt: skip
