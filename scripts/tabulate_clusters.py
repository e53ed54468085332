"""Clusters of what each statistic of a contrast finds significant, with peaks and corrected p."""

import numpy as np
from permaps.permutation.correction import read_maxima
from permaps.permutation.discoveries import Bound
from permaps.permutation.smallest import smallest_p
from permaps.permutation.thresholds import significant
from permaps.reporting.clusters import clusters_of, shares_of, tabulate
from permaps.reporting.readings import corrected_p, effect_sizes
from permaps.spaces.atlas_regions import region_names
from permaps.spaces.files import read_map, read_space, write_map
from permaps.statistics.registry import STATISTICS
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log, read_json
from permaps.workflow.provenance import drawn_in


def main(
    *, mask, values, magnitude, plan, corrected, further, null, tables, contrast, voxel_stat, alpha, connectivity,
    enhanced=None, uncorrected=None, z=None, atlas=None, labels=None, observed=None, shift=None, shares=None
):  # fmt: skip
    """Write one contrast's clusters by each statistic; without any, only the header.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    values : path
        Signed t, or F.
    magnitude : path
        Effect of a t contrast, partial R2 of an F contrast.
    plan : path
        Degrees of freedom and distinct relabellings per contrast (JSON).
    corrected : dict of str to path
        -log10 FWE p by statistic.
    further : dict of str to dict of str to path
        -log10 p by other corrections ("cfwe", "ifwe", "gpd") and statistic.
    null : path
        Merged maxima (.npz), whose number tells how sure a p is.
    tables : dict of str to path
        Tables to write, by statistic.
    contrast : str
    voxel_stat : str
    alpha : float
        Corrected level.
    connectivity : {6, 18, 26}
    enhanced : path, optional
        TFCE, whose maxima are the peaks of its clusters; those of others are the maxima of `values`.
    uncorrected : path, optional
        -log10 uncorrected p.
    z : path, optional
        Of t: which degrees of freedom it has.
    atlas, labels : path, optional
        Label image, and table with its names; or files of labels that hold their names.
    observed : path, optional
        Observed maps, for bounds on true discoveries.
    shift : int, optional
        Of those bounds.
    shares : dict of str to path, optional
        Maps to write, by statistic: what share of each cluster is active, at least.
    """
    space = read_space(mask)
    statistic = read_map(space, values)
    contrast_plan = read_json(plan)[contrast]
    drawn = drawn_in(null, contrast_plan["n_distinct"])
    over_statistics = smallest_p(
        (maxima, STATISTICS[stat].tie) for stat, maxima in read_maxima(null, corrected).items()
    )
    deviates = read_map(space, z) if z else None
    sizes = effect_sizes(voxel_stat, read_map(space, magnitude), statistic, deviates, contrast_plan)
    logp = {stat: read_map(space, path) for stat, path in corrected.items()}
    p_unc = 10.0 ** -read_map(space, uncorrected) if uncorrected else np.full_like(statistic, np.nan)
    names = region_names(space, atlas, labels) if atlas else None
    bound = Bound.read(null, observed, shift, alpha) if observed else None
    adjacency = space.adjacency(connectivity)
    for stat, output in tables.items():
        p = corrected_p(stat, logp, drawn, over_statistics)
        p |= {f"p_{name}": 10.0 ** -read_map(space, paths[stat]) for name, paths in further.items()}
        readings = {voxel_stat: statistic} | sizes | p | {"p_unc": p_unc}
        height = read_map(space, enhanced) if stat == "tfce" else None
        clusters = clusters_of(significant(logp[stat], alpha), statistic, adjacency)
        active = [bound.active(elements) for elements in clusters] if bound else None
        table = tabulate(clusters, statistic, space, readings, height, active, names)
        log.info("%s: %d clusters", stat, table["cluster"].nunique())
        write_frame(table, output, "%.6g")
        if bound:
            share = shares_of(clusters, active, space.n_elements)
            write_map(space, shares[stat], share, f"Permaps: share that is active, at least, {stat}")


if "snakemake" in globals():
    with job(snakemake):
        given, settings = dict(snakemake.input.items()), dict(snakemake.params.settings)
        stats, further = settings.pop("stats"), iter(given["further"])
        given["corrected"] = dict(zip(stats, given["corrected"], strict=True))
        given["further"] = {name: {stat: next(further) for stat in stats} for name in settings.pop("further")}
        main(
            **given,
            **settings,
            tables=dict(zip(stats, snakemake.output.tables, strict=True)),
            shares=dict(zip(stats, snakemake.output.shares, strict=False)),
        )
