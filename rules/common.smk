# Small pure helpers. Every cluster job parses this again: nothing heavy is imported here.
import os
import re
from functools import cache

from permaps.design.group_tests import group_tests, in_small_volumes, input_prefixes
from permaps.spaces.kinds import hemispheres_of, kind_of
from permaps.statistics.registry import STATISTICS, panels_of, statistics_of
from permaps.workflow.config import value_of
from permaps.workflow.names import input_names

# Of one of several analyses: its name, the folder for the results of all, those for what analyses share, by stage, and
# which stages it makes for others too. One that is alone has all its results in one folder.
ANALYSIS = config.pop("analysis", "")
ROOT = config.pop("root", config["results"])
PLACES = config.pop("places", {})
MAKES = config.pop("makes", STAGES)
SOURCES = config.pop("sources", None) or Sources()


# What the maps are defined on.
KIND = kind_of(config["dataset"])
# What the elements of the maps are, and how many participants have a value at each. Each input has its own.
MASK = f"mask{KIND.stored}"
COVERAGE = f"mask_coverage{KIND.ending}"
# Before elements left it for their values; and how many left it.
BRAIN = f"quality/brain_mask{KIND.stored}"
LOST_ELEMENTS = f"quality/{KIND.elements}.tsv"
# What a stage that analyses may share leaves, besides all in the folders of the dataset and the covariates.
STAGE_RESULTS = dict(
    quality=[
        *[f"quality/{name}.tsv" for name in ("screened", "included", "excluded", "metrics")],
        *["design/design.tsv", "design/blocks.json", BRAIN],
        *["figures/quality.png", "figures/quality.svg", "figures/captions/quality.rst"],
        *["figures/contact_sheet.png", "figures/contact_sheet.svg", "figures/captions/contact_sheet.rst"],
    ],
    maps=[
        *[MASK, COVERAGE, LOST_ELEMENTS, "maps.npy"],
        *["figures/coverage.png", "figures/coverage.svg", "figures/captions/coverage.rst"],
    ],
)


def results_folder(path):
    """The folder for a result: that of the analysis, or one for all that share the stage which makes it."""
    if not PLACES:
        return config["results"]
    folder, name = os.path.split(path)
    bare = {os.path.join(folder, name.removeprefix(prefix)) for prefix in (INPUT_PREFIX, *PREFIXES)}
    whole = {"dataset": "dataset", "covariates": "maps"}.get(path.partition("/")[0])
    stage = whole or next((stage for stage, paths in STAGE_RESULTS.items() if bare & {*paths}), None)
    return PLACES.get(stage, config["results"])


def result(path):
    """A path below the folder for results."""
    return f"{results_folder(path)}/{path}"


def in_own_folder(path):
    """Where a result is in the folder of this analysis, also if analyses share it."""
    folder = next((folder for folder in PLACES.values() if path.startswith(f"{folder}/")), config["results"])
    return f"{config['results']}{path.removeprefix(folder)}"


def prefixed(path, prefix):
    """A path whose file name begins with a prefix."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f"{prefix}{name}")


def per_input(path, prefix=None):
    """A result that each input has, below its folder with the input's prefix; without one, the input is a wildcard."""
    return result(prefixed(path, INPUT_PREFIX if prefix is None else prefix))


def group_map(test, stat, suffix="statmap"):
    """A group map of a test or an analysis, which may be a wildcard, as the statistic may be."""
    return result(f"maps/{test}_stat-{stat}_{suffix}{KIND.ending}")


def hemisphere_map(path, side):
    """A map of a surface again, as a file of one hemisphere, "L" or "R"."""
    return prefixed(f"{path.removesuffix(KIND.ending)}.func.gii", f"hemi-{side}_")


@cache  # each job asks for it
def version():
    """The version that CITATION.cff gives."""
    lines = (HOME / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("version:"))


def from_config(*keys, **more):
    """Settings of a job: these keys of the config, by the last part of their names, and more."""
    return {key.rpartition(".")[2]: value_of(config, key) for key in keys} | more


def test_settings(*keys, **more):
    """Settings of a job that looks at a test: what these keys are of the test, or those with a dot in the config."""

    def settings(wildcards):
        of_test = {key: getattr(TESTS[wildcards.test], key) for key in keys if "." not in key}
        return from_config(*(key for key in keys if "." in key), **of_test, **more)

    return settings


def threads_here(wildcards):
    """Two threads on the user's machine; one in a job of a cluster, where a node may have a single core."""
    return 2 if workflow.local_exec and not workflow.remote_exec else 1


def one_of(names):
    """A wildcard's constraint: one of these names or tests, or nothing when there are none."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


# The maps of the participants: one kind of them without a name, or several kinds, each with its own. What begins
# the names of files that each kind has: as a wildcard, and of all.
INPUTS = input_names(config["dataset"])
INPUT_PREFIX = "input-{of}_" if INPUTS else ""
PREFIXES = input_prefixes(INPUTS)
CONTRASTS = list(config["model"]["contrasts"])
# What is tested, by what the names of its files begin with: each contrast in each input, and several of these together.
TESTS = group_tests(config)
SINGLE = [t for t in TESTS.values() if not t.is_joint]
# And where: over the whole mask, or in a small volume.
ANALYSES = TESTS | in_small_volumes(TESTS, config["inference"]["small_volumes"])
# The names in file names of the statistics that have a corrected map, for tests by each voxel statistic.
STATS_BY_VOXEL_STAT = {
    voxel_stat: statistics_of(voxel_stat, config["inference"]["statistics"])
    for voxel_stat in dict.fromkeys(["t", "F", *(t.voxel_stat for t in TESTS.values())])
}
JOINT_STATS = [voxel_stat for voxel_stat in STATS_BY_VOXEL_STAT if voxel_stat not in ("t", "F")]


def rule_for(voxel_stat, name):
    """The name of a rule that each voxel statistic has, since the names of its results differ; of t, as it is."""
    return name if voxel_stat == "t" else f"{name}_{voxel_stat.lower()}"


def tests_by(voxel_stat):
    """The tests with this voxel statistic: they have results of the same names."""
    return [t for t in TESTS.values() if t.voxel_stat == voxel_stat]


# Those that are made of the nulls of others, and those with relabellings of their own.
CONJUNCTIONS = tests_by("conjunction")
RELABELLED = [a for a in ANALYSES.values() if a not in CONJUNCTIONS]


# Of the bounds on true discoveries; None where there are none.
SHIFT = (config["inference"]["tdp"] or {}).get("shift")


wildcard_constraints:
    of=one_of(INPUTS),
    contrast=one_of(CONTRASTS),
    test=one_of(TESTS),
    analysis=one_of(ANALYSES),
    stat=one_of(STATISTICS),
    start=r"\d+",
    stop=r"\d+",
