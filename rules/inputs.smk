# What jobs read and what they depend on, where that follows from the config.
import functools
import os

from permaps.cohort.sources import OWN, files_of, map_files, rows_of, tables_of_sessions
from permaps.maps.map_paths import HEMI, hemisphere_files, partners
from permaps.spaces.kinds import exponents
from permaps.workflow.names import each_input
from permaps.workflow.records import Records, dates_of, digest

DATASET = config["dataset"]
VOXELWISE = config["model"]["voxelwise"]
# What the design is made of, besides the table.
DESIGN_SETTINGS = from_config(
    *("model.formula", "model.variance_groups"),
    block_columns=config["permutation"]["blocks"],
    voxelwise=list(VOXELWISE),
)


def given_file(key, path):
    """A file that the config names, from the working directory also where a module's prefix moves the rest.

    Refused if Snakemake would read wildcards in it, and take old results for up to date; or HTML in its report,
    where names of files stand as they are.
    """
    if set(path) & set("{}<>"):
        raise WorkflowError(
            f"{key}: '{path}' has braces or angle brackets, which are wildcards to Snakemake. Rename it."
        )
    return os.path.abspath(path)


def given_hemispheres(key, path):
    """The files that the config names by {hemi}, one for each hemisphere; a path without it is one file."""
    return [given_file(key, file) for file in hemisphere_files(os.path.abspath(path)).values()]


@functools.cache
def table_maps(name, covariate=None):
    """The files that exist of an input, or of a covariate: a missing one costs its participant, not the run."""
    return map_files(each_input(DATASET)[name], covariate, ROOT)


# The values of all maps, as `read_maps` leaves them.
STORE = dict(images=per_input("dataset/images.json"), values=per_input("dataset/values.bin"))
# What is smoothed: the values of those who are included and have them, in the brain.
SMOOTHED = STORE | dict(
    included=result("quality/included.tsv"), usable=per_input("quality/included.tsv"), brain=per_input(BRAIN)
)
# The files that say who has which map.
SOURCE_FILES = (
    [given_file(f"dataset.{key}", path) for key, path in files_of(DATASET).items()]
    + [given_file("dataset.sessions", path) for path in tables_of_sessions(DATASET)]
    if DATASET["source"] in OWN
    else []
)


def parcel_columns(wildcards):
    """The columns that are parcels, where these are in a table; else None."""
    maps = each_input(DATASET).get(wildcards.get("of", ""), {}).get("maps")
    return maps if isinstance(maps, list) else None


def input_number(wildcards):
    """The place of an input among them, from 0."""
    return INPUTS.index(wildcards.of) if INPUTS else 0


def of_its_job(path, wildcards):
    """A path below the results that each input has, for the input of a job."""
    return prefixed(path, INPUT_PREFIX.format(of=wildcards.get("of")))


def source_maps(wildcards):
    """The maps, as far as they are known before anything runs: a changed one re-runs what reads it."""
    if DATASET["source"] == "simulated":
        return per_input("dataset/maps")
    return table_maps(wildcards.get("of", "")) if DATASET["source"] in OWN else []


def source_covariates(wildcards):
    """The maps of all covariates."""
    name = wildcards.get("of", "")
    return [file for pattern in VOXELWISE.values() for file in table_maps(name, pattern)]


# The user's mask, and the files of the mesh and of the mask on it, where there are some.
SPACE_FILES = dict(
    file=given_file("mask.file", config["mask"]["file"]) if config["mask"]["strategy"] == "file" else [],
    space=[
        file
        for key, path in config["space"].items()
        for file in (given_hemispheres(f"space.{key}", path) if path else [])
        if os.path.isfile(file)
    ],
)


def small_volume_file(wildcards):
    """The mask that an analysis is restricted to, if any."""
    name = ANALYSES[wildcards.analysis].volume
    where = config["inference"]["small_volumes"][name] if name else None
    return given_file("inference.small_volumes", where) if isinstance(where, str) else []


def sphere(wildcards):
    """The sphere that an analysis is restricted to, if any."""
    where = config["inference"]["small_volumes"].get(ANALYSES[wildcards.analysis].volume)
    return where if isinstance(where, dict) else None


def atlas_file(key):
    """The image or the labels of the user's atlas, where there is one; of {hemi}, a file for each hemisphere."""
    path, key = config["atlas"][key], f"atlas.{key}"
    if path and HEMI in path:
        return given_hemispheres(key, path)
    return given_file(key, path) if path else []


ATLAS = dict(atlas=atlas_file("image"), labels=atlas_file("labels"))


def state_of(first, *groups):
    """A token of the user's files, which differs when one of them changes. It belongs among the params.

    Snakemake passes over a change without a newer date. `first` is the first result that is made of them: its
    record knows what they were. A group is a file or a list of files; results of other jobs do not count.
    """
    records = Records(ROOT)
    files = [file for group in groups for file in ([group] if isinstance(group, str) else group)]
    outside = [part for file in files if records.name(file) is None for part in partners(file)]
    return digest(dates_of(outside, records.seen(result(first))))


# The regions that the user names, in order: those with a sphere, None for those with a mask; and the masks.
REGION_SPHERES = {
    name: None if isinstance(where, str) else where for name, where in config["inference"]["regions"].items()
}
REGION_FILES = [
    given_file("inference.regions", where)
    for where in config["inference"]["regions"].values()
    if isinstance(where, str)
]


# What the maxima of a relabelling depend on: neither on how many relabellings there are, nor on alpha or shift.
CHUNK_SETTINGS = dict(
    seed=config["permutation"]["seed"],
    two_sided=config["permutation"]["two_sided"],
    enhance=config["inference"]["statistics"] != ["voxel"],
    tdp=config["inference"]["tdp"] is not None,
)
if CHUNK_SETTINGS["enhance"]:
    CHUNK_SETTINGS |= {
        key: config["inference"][key] for key in ("connectivity", "cluster_p", "uncorrected_tfce")
    } | dict(tfce=exponents(KIND, config["inference"]))


def chunks(wildcards):
    """The chunks of a null. They lie on a fixed grid and are whole, so that more relabellings, or fewer,
    leave the finished ones as they are; the observed labelling, index 0, is in the first."""
    size, wanted = config["permutation"]["chunk_size"], config["permutation"]["n_permutations"]
    bounds = [0, *range(size + 1, wanted + size + 1, size)]
    return [
        result(f"nulls/{wildcards.analysis}/{start}-{stop}.npz") for start, stop in zip(bounds, bounds[1:])
    ]


def test_of_job(wildcards):
    """The test that a rule is about, whose wildcard is one, or an analysis."""
    return ANALYSES[wildcards.get("analysis") or wildcards.test]


def by_test(find):
    """What a function of a test, or of an analysis, gives: as it is where all have the same, else asked by each job."""
    each = [find(test) for test in ANALYSES.values()]
    if all(one == each[0] for one in each):
        return each[0]
    return lambda wildcards: find(test_of_job(wildcards))


def of_its_input(path):
    """A result of the input that a test or an analysis is of."""
    return by_test(lambda test: per_input(path, test.prefix))


def matrices(test):
    """The maps of a test or an analysis, participants x voxels; of each input, if it is a joint one."""
    each = [per_input("maps.npy", prefix) for prefix in test.prefixes]
    return each if test.is_joint else each[0]


def covariate_maps(test):
    """The covariates of a test or an analysis, in the order of the design's columns; of one input, then the next."""
    return [per_input(f"covariates/{name}.npy", prefix) for prefix in test.prefixes for name in VOXELWISE]


def design_file(name):
    """A file of the design of the contrast that a test or an analysis is of, or of a joint test."""

    def path(wildcards):
        test = test_of_job(wildcards)
        stem = test if test.is_joint else f"contrast-{test.contrast}"
        return result(f"design/{stem}_{name}")

    return path


# Its maps, and its covariates that are maps.
MAPS_OF_TEST = dict(matrix=by_test(matrices), covariates=by_test(covariate_maps))


def fitted(of):
    """What the statistic of a test, or of an analysis, is computed from at every element."""
    return MAPS_OF_TEST | dict(model=result(f"design/{{{of}}}_model.npz"))


# What its model is made of: the design, and how that is relabelled.
MODELLED = MAPS_OF_TEST | dict(
    design=result("design/design.tsv"),
    weights=design_file("weights.tsv"),
    blocks=result("design/blocks.json"),
    plan=design_file("plan.json"),
)


def joint_settings(wildcards):
    """Settings of a joint test."""
    test = TESTS[wildcards.test]
    return from_config(
        *("permutation.two_sided", "inference.cluster_p"),
        titles=[TESTS[name].title for name in test.combined],
        inputs=list(test.combined.values()),
        name=test.contrast,
        statistic=test.voxel_stat,
        direction=config["joint"][test.contrast]["direction"],
    )
