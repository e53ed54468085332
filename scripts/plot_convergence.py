"""How the corrected p of the top peaks converges with the number of relabellings."""

import pandas as pd
from permaps.permutation.correction import read_maxima
from permaps.permutation.thresholds import reached
from permaps.reporting.captions import write_caption
from permaps.reporting.charts import SHADES, convergence
from permaps.reporting.style import save
from permaps.workflow.jobs import job


def main(*, nulls, tables, outputs, caption, contrast, stats, alpha):
    """Draw, per statistic, the running p of its most significant clusters.

    Parameters
    ----------
    nulls : path
        Merged maxima (.npz), in the order of their relabelling index.
    tables : list of path
        Cluster tables, in the order of `stats`.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    stats : list of str
        Names of the statistics as in file names.
    alpha : float
    """
    by_stat = read_maxima(nulls, stats)
    tracks = {s: (by_stat[s], top_peaks(by_stat[s], path)) for s, path in zip(stats, tables, strict=True)}
    n = len(by_stat[stats[0]]) - 1
    save(convergence(tracks, alpha, f"{contrast}: corrected p as {n:,} relabellings came in"), *outputs)
    write_caption(
        caption,
        f"{n:,} relabellings: their smallest possible p is {1 / (n + 1):.2g}; the level is {alpha:g}.",
    )


def top_peaks(null, table):
    """Return the clusters to show as (name, p): the top ones, one for each p.

    Without a significant cluster it is the observed maximum, the nearest to one.
    """
    clusters = pd.read_csv(table, sep="\t")
    clusters = clusters[clusters["peak"] == 1].drop_duplicates("p_fwe")
    if clusters.empty:
        return [("observed maximum", reached(null, null[0]))]
    followed = clusters.head(len(SHADES))
    return [(_name(c), c["p_fwe"]) for c in followed.to_dict("records")]


def _name(peak):
    if "x" in peak:
        return f"{peak['x']:.0f}, {peak['y']:.0f}, {peak['z']:.0f} mm"
    return f"{peak['node_1']} – {peak['node_2']}"


if "snakemake" in globals():
    with job(snakemake):
        main(
            nulls=snakemake.input.nulls,
            tables=list(snakemake.input.tables),
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stats=snakemake.params.settings["stats"],
            alpha=snakemake.params.settings["alpha"],
        )
