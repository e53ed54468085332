"""How much of each cluster is active, at least; and of the elements with the largest statistic."""

import numpy as np
from permaps.inputs.frames import read_frame
from permaps.permutation.discoveries import Bound
from permaps.permutation.observed import Observed
from permaps.reporting.captions import write_caption
from permaps.reporting.charts import discoveries
from permaps.reporting.shown import active
from permaps.reporting.style import save
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job

# As many points as one can see on a log axis.
POINTS = 400


def main(*, null, observed, tables, outputs, caption, contrast, alpha, shift):
    """Draw one contrast's bounds on true discoveries.

    Parameters
    ----------
    null, observed : path
        Merged null and observed maps, for the bound.
    tables : dict of str to path
        Cluster tables by the name of the statistic.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    alpha : float
    shift : int
    """
    bound, space = Bound.read(null, observed, shift, alpha), Observed.load(observed).space
    n = len(bound.p)
    sizes = np.unique(np.geomspace(1, n, POINTS).astype(int))
    among = bound.active_among_smallest(sizes)
    found = {stat: read_frame(path) for stat, path in tables.items()}
    clusters = {
        stat: table.loc[table["peak"] == 1, [f"n_{space.elements}", "tdp"]].to_numpy()
        for stat, table in found.items()
    }
    title = (
        f"{contrast}: how much is active, at least ({100 * (1 - alpha):g} % confidence for all sets at once)"
    )
    save(discoveries(clusters, sizes, among / sizes, title, space.elements), *outputs)
    said = [f"Of all {n:,} {space.elements}, at least {among.max():,} are active."]
    for stat, table in found.items():
        if told := active(table, space):
            said.append(f"By {STATISTICS[stat].label}: {told}")
    write_caption(caption, " ".join(said))


if "snakemake" in globals():
    with job(snakemake):
        main(
            null=snakemake.input.null,
            observed=snakemake.input.observed,
            tables=dict(zip(snakemake.params.settings["stats"], snakemake.input.tables, strict=True)),
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            alpha=snakemake.params.settings["alpha"],
            shift=snakemake.params.settings["shift"],
        )
