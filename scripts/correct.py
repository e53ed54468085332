"""The observed TFCE of an analysis, and p of every statistic: corrected for FWE and FDR, and uncorrected."""

import numpy as np
from permaps.permutation.correction import fdr_p, minus_log10
from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, null, exceedances, fwe, unc, fdr, enhanced):
    """Write p as maps of -log10 p; each element of a cluster has the cluster's p, others have p = 1.

    Parameters
    ----------
    observed : path
        From `observe`.
    null : path
        The maxima of every relabelling.
    exceedances : path
        Per statistic and element the number of relabellings that reach it, and their number.
    fwe, unc, fdr : dict of str to path
        Maps to write, by the statistic's name in file names.
    enhanced : list of path
        The TFCE map to write, if there is one.
    """
    observed = Observed.load(observed)
    for path in enhanced:
        write_map(observed.space, path, observed.measure("tfce"), "Permaps: TFCE")
    for stat, p in observed.corrected(null, fwe).items():
        write_map(observed.space, fwe[stat], minus_log10(p), f"Permaps: -log10 p, {stat}, FWE")
        log.info("%s: smallest corrected p %.4g", stat, p.min())
    with np.load(exceedances, allow_pickle=False) as counts:
        for stat, path in unc.items():
            p = counts[STATISTICS[stat].key] / counts["n_relabellings"]
            write_map(observed.space, path, minus_log10(p), f"Permaps: -log10 p, {stat}, uncorrected")
            write_map(observed.space, fdr[stat], minus_log10(fdr_p(p)), f"Permaps: -log10 p, {stat}, FDR")
            log.info("%s: smallest uncorrected p %.4g", stat, p.min())


if "snakemake" in globals():
    with job(snakemake):
        stats, counted = snakemake.params.settings["stats"], snakemake.params.settings["counted"]
        main(
            **snakemake.input,
            fwe=dict(zip(stats, snakemake.output.fwe, strict=True)),
            unc=dict(zip(counted, snakemake.output.unc, strict=True)),
            fdr=dict(zip(counted, snakemake.output.fdr, strict=True)),
            enhanced=list(snakemake.output.enhanced),
        )
