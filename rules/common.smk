# Small pure helpers. Every cluster job parses this again: nothing heavy is imported here.
import os
import re
from functools import cache

from permaps.spaces.kinds import hemispheres_of, kind_of
from permaps.statistics.registry import PANELS, STATISTICS, statistics_of, voxel_statistic


def result(path):
    """A path below the results folder."""
    return f"{config['results']}/{path}"


# What the maps are defined on.
KIND = kind_of(config["dataset"])


def map_of(contrast, stat, kind="statmap"):
    """A group map of a contrast or an analysis, which may be a wildcard, as the statistic may be."""
    return result(f"maps/contrast-{contrast}_stat-{stat}_{kind}{KIND.ending}")


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


def one_of(names):
    """A wildcard's constraint: one of these names, or nothing when there are none."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


CONTRASTS = list(config["model"]["contrasts"])


def statistic_of(contrast):
    """The voxel statistic of a contrast, t or F."""
    return voxel_statistic(config["model"]["contrasts"][contrast])


# What is tested where: a contrast over the whole mask, or in a small volume. By name in file names.
ANALYSES = {c: (c, None) for c in CONTRASTS} | {
    f"{c}_volume-{v}": (c, v) for c in CONTRASTS for v in config["inference"]["small_volumes"]
}


def contrast_of(analysis):
    """The contrast that an analysis tests."""
    return ANALYSES[analysis][0]


def volume_of(analysis):
    """The name of the small volume that an analysis is restricted to, if any."""
    return ANALYSES[analysis][1]


# What the elements of the maps are, and how many participants have a value at each.
MASK = result(f"mask{KIND.stored}")
COVERAGE = result(f"mask_coverage{KIND.ending}")
# Before elements left it for their values; and how many left it.
BRAIN = result(f"quality/brain_mask{KIND.stored}")
LEFT = result(f"quality/{KIND.elements}.tsv")
# Covariates that are maps, each participants x voxels, in the order of the design's columns.
COVARIATES = [result(f"covariates/{name}.npy") for name in config["model"]["voxelwise"]]


# The names in file names of the statistics that have a corrected map, for contrasts tested by t and by F.
BY_T, BY_F = (statistics_of(voxel_stat, config["inference"]["statistics"]) for voxel_stat in ("t", "F"))


def stats_of(contrast):
    """Those of a contrast."""
    return {"t": BY_T, "F": BY_F}[statistic_of(contrast)]


def tested_by(voxel_stat):
    """The contrasts with this voxel statistic: they have results of the same names."""
    return [c for c in CONTRASTS if statistic_of(c) == voxel_stat]


def analyses_by(voxel_stat):
    """The analyses with this voxel statistic."""
    return [a for a in ANALYSES if statistic_of(contrast_of(a)) == voxel_stat]


# Of the bounds on true discoveries; None where there are none.
SHIFT = (config["inference"]["tdp"] or {}).get("shift")


wildcard_constraints:
    contrast=one_of(CONTRASTS),
    analysis=one_of(ANALYSES),
    stat=one_of(STATISTICS),
    start=r"\d+",
    stop=r"\d+",
