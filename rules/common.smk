# Small pure helpers. Every cluster job parses this again: nothing heavy is imported here.
from permaps.workflow.digest import library_digest


def result(path):
    """A path below the results folder."""
    return f"{config['results']}/{path}"


def library(rule_name):
    """A digest of the library modules behind a rule's script: an edit of one re-runs the rule."""
    return library_digest(HOME / "scripts" / f"{rule_name}.py")


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
    """The voxel statistic of a contrast: t for one expression, F for a list of them."""
    return "F" if isinstance(config["model"]["contrasts"][contrast], list) else "t"


# A contrast over the whole mask, or in a small volume.
ANALYSES = CONTRASTS + [f"{c}_volume-{v}" for c in CONTRASTS for v in config["inference"]["small_volumes"]]


def contrast_of(analysis):
    """The contrast that an analysis tests."""
    return next(c for c in CONTRASTS if analysis == c or analysis.startswith(f"{c}_volume-"))


# Covariates that are maps, each participants x voxels, in the order of the design's columns.
COVARIATES = [result(f"covariates/{name}.npy") for name in config["model"]["voxelwise"]]


def stats_of(contrast):
    """The names in file names of the statistics that have a corrected map for this contrast."""
    names = {
        "voxel": statistic_of(contrast),
        "tfce": "tfce",
        "cluster_size": "clustersize",
        "cluster_mass": "clustermass",
    }
    return [names[s] for s in config["inference"]["statistics"]]


def alike(contrast):
    """The contrasts with the same voxel statistic, this one first: FWE control can span them."""
    letter = statistic_of(contrast)
    return [contrast] + [c for c in CONTRASTS if c != contrast and statistic_of(c) == letter]


def corrections_of(contrast, stat):
    """The kinds of permutation p that a statistic of a contrast has."""
    kinds = ["fwe"]
    if stat == statistic_of(contrast):
        kinds = ["unc", "fdr", "fwe"]
    elif stat == "tfce" and config["inference"]["uncorrected_tfce"]:
        kinds = ["unc", "fdr", "fwe"]
    return kinds + ["cfwe"] * (len(alike(contrast)) > 1) + ["gpd"] * config["inference"]["tail_fit"]


def targets():
    """All public results of a complete run but the report."""
    names = [
        "dataset/participants.tsv",
        "quality/included.tsv",
        "quality/excluded.tsv",
        "mask.nii.gz",
        "mask_coverage.nii.gz",
        "maps.npy",
        "design/design.tsv",
        "design/contrasts.tsv",
        "provenance.json",
    ]
    for c in CONTRASTS:
        voxel, corrected = statistic_of(c), stats_of(c)
        shown = ["effect", voxel, "z", "partialr2"] + [s for s in corrected if s == "tfce"]
        kinds = [f"{voxel}_corr-bonferroni"]
        kinds += [f"{s}_corr-{k}" for s in corrected for k in corrections_of(c, s)]
        names += [f"maps/contrast-{c}_stat-{s}_statmap.nii.gz" for s in shown]
        names += [f"maps/contrast-{c}_stat-{s}_logp.nii.gz" for s in kinds]
        names += [f"nulls/contrast-{c}.npz"]
        names += [f"tables/contrast-{c}_stat-{s}_clusters.tsv" for s in corrected]
        names += [
            f"maps/contrast-{c}_volume-{v}_stat-{s}_corr-fwe_logp.nii.gz"
            for v in config["inference"]["small_volumes"]
            for s in corrected
        ]
        if config["inference"]["tail_fit"]:
            names += [f"tables/contrast-{c}_stat-{s}_tail.tsv" for s in corrected]
    return [result(name) for name in names]


wildcard_constraints:
    contrast=one_of(CONTRASTS),
    analysis=one_of(ANALYSES),
    stat="t|F|tfce|clustersize|clustermass",
    start=r"\d+",
    stop=r"\d+",
