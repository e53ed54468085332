"""Corrected p from the fitted tail of a null, where it fits."""

import numpy as np
from permaps.permutation.correction import fwe_p, minus_log10, read_maxima
from permaps.permutation.observed import Observed
from permaps.permutation.tail import fit_tail, tail_p
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.tables.text import write_rows
from permaps.workflow.jobs import log, run


def main(*, observed, null, logp, table, stat, seed):
    """Write -log10 p with the tail's fit as an image, and the fit with its test as a table.

    Parameters
    ----------
    observed, null : path
    logp, table : path
        Map and table to write.
    stat : str
        A key of `permaps.statistics.registry.STATISTICS`.
    seed : int
        Of the data sets that the fit is tested with.
    """
    observed, tie = Observed.load(observed), STATISTICS[stat].tie
    value = observed.reach(stat)
    maxima = read_maxima(null, [stat])[stat]
    tail = fit_tail(maxima, seed)
    p = tail_p(value, maxima, tail, tie)
    write_map(observed.space, logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE, tail")
    row = {
        "n_relabellings": len(maxima) - 1,
        "n_tail": tail.n,
        "threshold": tail.threshold,
        "scale": tail.scale,
        "shape": tail.shape,
        "p_of_fit": tail.p_fit,
        "observed_max": value.max(),
        "p_counted": fwe_p(value, maxima, tie).min(),
        "p_tail": p.min(),
    }
    write_rows(table, list(row), [{name: None if np.isnan(v) else f"{v:.6g}" for name, v in row.items()}])
    log.info("%s", ", ".join(f"{name} {v:.6g}" for name, v in row.items()))


if "snakemake" in globals():
    run(main, snakemake, stat=snakemake.wildcards.stat)
