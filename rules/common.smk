# Small pure helpers. Every cluster job parses this again: nothing heavy is imported here.
import os
import re
from functools import cache

from permaps.spaces.kinds import hemispheres_of, kind_of
from permaps.statistics.registry import STATISTICS, joint_statistic, panels_of, statistics_of, voxel_statistic
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
LEFT = f"quality/{KIND.elements}.tsv"
# What a stage that analyses may share leaves, besides all in the folders of the dataset and the covariates.
LEAVES = dict(
    quality=[
        *[f"quality/{name}.tsv" for name in ("screened", "included", "excluded", "metrics")],
        *["design/design.tsv", "design/blocks.json", BRAIN],
        *["figures/quality.png", "figures/quality.svg", "figures/captions/quality.rst"],
    ],
    maps=[
        *[MASK, COVERAGE, LEFT, "maps.npy"],
        *["figures/coverage.png", "figures/coverage.svg", "figures/captions/coverage.rst"],
    ],
)


def folder_of(path):
    """The folder for a result: that of the analysis, or one for all that share the stage which makes it."""
    if not PLACES:
        return config["results"]
    folder, name = os.path.split(path)
    bare = {os.path.join(folder, name.removeprefix(prefix)) for prefix in (OF, *PREFIXES)}
    whole = {"dataset": "dataset", "covariates": "maps"}.get(path.partition("/")[0])
    stage = whole or next((stage for stage, paths in LEAVES.items() if bare & {*paths}), None)
    return PLACES.get(stage, config["results"])


def result(path):
    """A path below the folder for results."""
    return f"{folder_of(path)}/{path}"


def here(path):
    """Where a result is in the folder of this analysis, also if analyses share it."""
    folder = next((folder for folder in PLACES.values() if path.startswith(f"{folder}/")), config["results"])
    return f"{config['results']}{path.removeprefix(folder)}"


def own(path, prefix=None):
    """A result that each input has, below its folder with the input's prefix; without one, the input is a wildcard."""
    folder, name = os.path.split(path)
    return result(os.path.join(folder, f"{OF if prefix is None else prefix}{name}"))


def map_of(test, stat, kind="statmap"):
    """A group map of a test or an analysis, which may be a wildcard, as the statistic may be."""
    return result(f"maps/{test}_stat-{stat}_{kind}{KIND.ending}")


def hemisphere_map(path, side):
    """A map of a surface again, as a file of one hemisphere, "L" or "R"."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f"hemi-{side}_{name.removesuffix(KIND.ending)}.func.gii")


@cache  # each job asks for it
def version():
    """The version that CITATION.cff gives."""
    lines = (HOME / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("version:"))


def memory(base, per_input=0):
    """MB for a job: `base`, plus `per_input` times the size of its inputs, times the attempt."""
    if not per_input:
        return lambda wildcards, attempt: attempt * base
    return lambda wildcards, input, attempt: int(attempt * (base + per_input * input.size_mb))


def minutes(base):
    """Minutes for a job, times the attempt."""
    return lambda wildcards, attempt: attempt * base


def chosen(*keys, **more):
    """Settings of a job: these keys of the config, by the last part of their names, and more."""
    found = {}
    for key in keys:
        section, _, name = key.rpartition(".")
        found[name] = (config[section] if section else config)[name]
    return found | more


def of_test(*keys, **more):
    """Settings of a job that looks at a test: its names and statistics, and what is chosen. What is more may be
    a function of the wildcards."""

    def settings(wildcards):
        test = wildcards.test
        return chosen(
            *keys,
            contrast=contrast_of(test),
            title=title_of(test),
            voxel_stat=statistic_of(test),
            stats=stats_of(test),
            **{name: value(wildcards) if callable(value) else value for name, value in more.items()},
        )

    return settings


def one_of(names):
    """A wildcard's constraint: one of these names, or nothing when there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


# The maps of the participants: one kind of them without a name, or several kinds, each with its own. What begins
# the names of files that each kind has: as a wildcard, and of all.
INPUTS = input_names(config["dataset"])
OF = "input-{of}_" if INPUTS else ""
PREFIXES = [f"input-{name}_" for name in INPUTS] or [""]
CONTRASTS = list(config["model"]["contrasts"])
# What is tested: a contrast in the maps of an input. By what the names of its files begin with.
TESTS = {f"{prefix}contrast-{c}": (prefix, c) for prefix in PREFIXES for c in CONTRASTS}
# Of one input and contrast each; and several of these together.
SINGLE = list(TESTS)
JOINT = config["joint"]
TESTS |= {f"joint-{name}": (f"joint-{name}_", name) for name in JOINT}
# And where: over the whole mask, or in a small volume.
ANALYSES = {t: (t, None) for t in TESTS} | {
    f"{t}_volume-{v}": (t, v) for t in SINGLE for v in config["inference"]["small_volumes"]
}


def prefix_of(test):
    """What the names of files of its input begin with; of a joint test, those of its mask."""
    return TESTS[test][0]


def prefixes_of(test):
    """What the names of files of all its inputs begin with."""
    if test in SINGLE:
        return [prefix_of(test)]
    return [f"input-{name}_" for name in JOINT[contrast_of(test)]["inputs"]] or [""]


def parts_of(test):
    """The tests that are combined, and for each the number of its input among those of the joint test."""
    prefixes = prefixes_of(test)
    return {
        f"{prefix}contrast-{c}": i
        for i, prefix in enumerate(prefixes)
        for c in JOINT[contrast_of(test)]["contrasts"]
    }


def contrast_of(test):
    """The contrast that is tested, or the name of the joint test."""
    return TESTS[test][1]


def test_of(analysis):
    """The test that an analysis makes."""
    return ANALYSES[analysis][0]


def volume_of(analysis):
    """The name of the small volume that an analysis is restricted to, if any."""
    return ANALYSES[analysis][1]


def statistic_of(test):
    """The voxel statistic of a test: t, F, or that of a joint test."""
    if test in SINGLE:
        return voxel_statistic(config["model"]["contrasts"][contrast_of(test)])
    return joint_statistic(JOINT[contrast_of(test)])


def name_of(prefix):
    """The name of the input whose files begin so; "" for one without."""
    return prefix.removeprefix("input-").removesuffix("_")


def title_of(test):
    """What a test is called in figures and tables."""
    name = name_of(prefix_of(test)) if test in SINGLE else ""
    return f"{name}: {contrast_of(test)}" if name else contrast_of(test)


# The names in file names of the statistics that have a corrected map, for tests by each voxel statistic.
BY = {
    voxel_stat: statistics_of(voxel_stat, config["inference"]["statistics"])
    for voxel_stat in dict.fromkeys(["t", "F", *map(joint_statistic, JOINT.values())])
}
JOINING = [voxel_stat for voxel_stat in BY if voxel_stat not in ("t", "F")]


def rule_by(voxel_stat, name):
    """The name of a rule that each voxel statistic has, since the names of its results differ; of t, as it is."""
    return name if voxel_stat == "t" else f"{name}_{voxel_stat.lower()}"


def stats_of(test):
    """Those of a test."""
    return BY[statistic_of(test)]


def tested_by(voxel_stat):
    """The tests with this voxel statistic: they have results of the same names."""
    return [t for t in TESTS if statistic_of(t) == voxel_stat]


def analyses_by(voxel_stat):
    """The analyses with this voxel statistic."""
    return [a for a in ANALYSES if statistic_of(test_of(a)) == voxel_stat]


# Those that are made of the nulls of others, and those with relabellings of their own.
CONJUNCTIONS = tested_by("conjunction")
RELABELLED = [a for a in ANALYSES if a not in CONJUNCTIONS]


# Of the bounds on true discoveries; None where there are none.
SHIFT = (config["inference"]["tdp"] or {}).get("shift")


wildcard_constraints:
    of=one_of(INPUTS),
    contrast=one_of(CONTRASTS),
    test=one_of(TESTS),
    single=one_of(SINGLE),
    analysis=one_of(ANALYSES),
    stat=one_of(STATISTICS),
    start=r"\d+",
    stop=r"\d+",
