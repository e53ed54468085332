"""Corrected p from the fitted tail of a null, beside the counted ones."""

import numpy as np
from permaps.inputs.images import on_grid
from permaps.inputs.tables import write_rows
from permaps.permutation.chunk import read_setup
from permaps.permutation.correction import fwe_p, minus_log10, read_maxima, tie_of
from permaps.permutation.observed import observed_measure, reach
from permaps.permutation.tail import fit_tail, tail_p
from permaps.workflow.jobs import job, log, written_whole


def main(*, matrix, setup, covariates, mask, nulls, logp, table, stat, settings):
    """Write -log10 p with the tail's fit as an image, and the fit with its test as a table.

    Parameters
    ----------
    matrix, setup, mask : path
    covariates : list of path
    nulls : path
    logp, table : path
        Image and table to write.
    stat : {"t", "F", "tfce", "clustersize", "clustermass"}
    settings : dict
        What the chunks were computed with.
    """
    value = reach(observed_measure(matrix, setup, covariates, stat, settings), stat, settings)
    maxima = read_maxima(nulls, [stat])[stat]
    tail = fit_tail(maxima, settings["seed"])
    p = tail_p(value, maxima, tail, tie_of(stat))
    on_grid(mask, read_setup(setup)["mask"])(logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE, tail")
    row = {
        "n_relabellings": len(maxima) - 1,
        "n_tail": tail.n,
        "threshold": tail.threshold,
        "scale": tail.scale,
        "shape": tail.shape,
        "p_of_fit": tail.p_fit,
        "observed_max": value.max(),
        "p_counted": fwe_p(value, maxima, tie_of(stat)).min(),
        "p_tail": p.min(),
    }
    with written_whole(table) as path:
        write_rows(path, list(row), [{name: None if np.isnan(v) else f"{v:.6g}" for name, v in row.items()}])
    log.info("%s", ", ".join(f"{name} {v:.6g}" for name, v in row.items()))


if "snakemake" in globals():
    with job(snakemake):
        main(
            matrix=snakemake.input.matrix,
            setup=snakemake.input.setup,
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            nulls=snakemake.input.nulls,
            logp=snakemake.output.logp,
            table=snakemake.output.table,
            stat=snakemake.wildcards.stat,
            settings=snakemake.params.settings,
        )
