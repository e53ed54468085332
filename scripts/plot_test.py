"""A test's figures besides its maps: its nulls, how p settled, how much is active, and the data at its peaks."""

import numpy as np
from permaps.figures.null_figures import (
    CONJUNCTION,
    PARTS,
    plot_convergence,
    plot_discoveries,
    plot_distributions,
)
from permaps.figures.peak_figures import plot_peaks
from permaps.permutation.correction import read_maxima
from permaps.permutation.discoveries import Bound
from permaps.permutation.smallest import parts_of
from permaps.spaces.files import read_space
from permaps.statistics.registry import STATISTICS
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import job, read_json
from permaps.workflow.provenance import drawn_in


def shown_as_ranks(null, stats, voxel_stat):
    """Return the statistics whose null is shown as -log10 p, and what is said of that."""
    if voxel_stat == "conjunction":
        return stats, CONJUNCTION
    with np.load(null, allow_pickle=False) as stored:
        return [stat for stat in stats if parts_of(stored.files, STATISTICS[stat].key)], PARTS


if "snakemake" in globals():
    with job(snakemake):
        settings, given, output = snakemake.params.settings, snakemake.input, snakemake.output
        title, alpha, stats = settings["title"], settings["alpha"], settings["stats"]
        nulls = read_maxima(given.null, stats)
        space = read_space(given.mask)
        clusters = dict(zip(stats, map(read_frame, given.tables), strict=True))
        ranked, words = shown_as_ranks(given.null, stats, settings["voxel_stat"])
        exact = drawn_in(given.null, read_json(given.plan)[settings["contrast"]]["n_distinct"])["exact"]
        plot_distributions(
            nulls, output.nulls, output.nulls_caption, title, alpha, settings["extent"], ranked, words, exact
        )
        plot_convergence(nulls, clusters, output.convergence, output.convergence_caption, title, alpha, exact)
        if given.observed:
            bound = Bound.read(given.null, given.observed, settings["shift"], alpha)
            plot_discoveries(
                bound, space, clusters, output.discoveries, output.discoveries_caption, title, alpha
            )
        if output.get("peaks"):
            plot_peaks(
                space=space,
                matrix=given.matrix,
                design=given.design,
                weights=given.weights,
                values=given.values,
                tables=clusters.values(),
                outputs=output.peaks,
                caption=output.peaks_caption,
                contrast=settings["contrast"],
                title=title,
                voxel_stat=settings["voxel_stat"],
                covariates=given.covariates,
            )
