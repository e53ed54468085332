"""Uncorrected permutation p of a statistic, and its adjustment for the false discovery rate."""

import numpy as np
from permaps.inputs.images import on_grid
from permaps.permutation.chunk import read_setup
from permaps.permutation.correction import NULL_OF, fdr_p, minus_log10
from permaps.workflow.jobs import job, log


def main(*, setup, mask, exceedances, unc, fdr, stat):
    """Write -log10 p as images.

    Parameters
    ----------
    setup, mask : path
    exceedances : path
        Per statistic and voxel the number of relabellings that reach it, and their number.
    unc, fdr : path
        Images to write.
    stat : {"t", "F", "tfce"}
    """
    with np.load(exceedances, allow_pickle=False) as counted:
        p = counted[NULL_OF[stat]] / counted["n_relabellings"]
    write = on_grid(mask, read_setup(setup)["mask"])
    write(unc, minus_log10(p), f"Permaps: -log10 p, {stat}, uncorrected")
    write(fdr, minus_log10(fdr_p(p)), f"Permaps: -log10 p, {stat}, FDR")
    log.info("smallest uncorrected p %.4g", p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            setup=snakemake.input.setup,
            mask=snakemake.input.mask,
            exceedances=snakemake.input.exceedances,
            unc=snakemake.output.unc,
            fdr=snakemake.output.fdr,
            stat=snakemake.wildcards.stat,
        )
