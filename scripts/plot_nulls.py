"""Null distributions of the maxima, with observed and critical values."""

from permaps.permutation.correction import read_maxima
from permaps.permutation.thresholds import critical_value
from permaps.reporting.captions import write_caption
from permaps.reporting.charts import null_histograms
from permaps.reporting.style import number, save
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job


def main(*, nulls, outputs, caption, contrast, stats, alpha, extent="voxels"):
    """Draw one contrast's null distributions.

    Parameters
    ----------
    nulls : path
        Merged maxima (.npz).
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    stats : list of str
        Names of the statistics as in file names.
    alpha : float
    extent : str
        Unit of the size of clusters.
    """
    by_stat = read_maxima(nulls, stats)
    n = len(next(iter(by_stat.values()))) - 1
    title = f"{contrast}: null distribution of the maximum, {n:,} relabellings"
    save(null_histograms(by_stat, alpha, title, extent), *outputs)
    said = []
    for stat, null in by_stat.items():
        value, low, high = critical_value(null, alpha)
        interval = f"95 % CI {number(low)} to {number(high)}"
        said.append(
            f"{STATISTICS[stat].title}: observed {number(null[0])}, critical {number(value)} ({interval})"
        )
    write_caption(caption, f"{n:,} relabellings, corrected level {alpha:g}. " + "; ".join(said) + ".")


if "snakemake" in globals():
    with job(snakemake):
        main(
            nulls=snakemake.input.nulls,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stats=snakemake.params.settings["stats"],
            alpha=snakemake.params.settings["alpha"],
            extent=snakemake.params.settings["extent"],
        )
