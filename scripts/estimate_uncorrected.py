"""Uncorrected permutation p of a statistic, and its adjustment for the false discovery rate."""

import numpy as np
from permaps.permutation.correction import fdr_p, minus_log10
from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, exceedances, unc, fdr, stat):
    """Write -log10 p as images.

    Parameters
    ----------
    observed : path
        Whose space the maps are written in.
    exceedances : path
        Per statistic and voxel the number of relabellings that reach it, and their number.
    unc, fdr : path
        Images to write.
    stat : {"t", "F", "tfce"}
    """
    with np.load(exceedances, allow_pickle=False) as counted:
        p = counted[STATISTICS[stat].key] / counted["n_relabellings"]
    space = Observed.load(observed).space
    write_map(space, unc, minus_log10(p), f"Permaps: -log10 p, {stat}, uncorrected")
    write_map(space, fdr, minus_log10(fdr_p(p)), f"Permaps: -log10 p, {stat}, FDR")
    log.info("smallest uncorrected p %.4g", p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            observed=snakemake.input.observed,
            exceedances=snakemake.input.exceedances,
            unc=snakemake.output.unc,
            fdr=snakemake.output.fdr,
            stat=snakemake.wildcards.stat,
        )
