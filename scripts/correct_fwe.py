"""FWE-corrected p of a statistic, for one contrast or across several."""

import numpy as np
from permaps.inputs.images import on_grid
from permaps.permutation.chunk import read_setup
from permaps.permutation.correction import fwe_p, minus_log10, read_maxima, tie_of
from permaps.permutation.observed import observed_measure, reach
from permaps.workflow.jobs import job, log


def main(*, matrix, setup, covariates, mask, null, logp, stat, settings):
    """Write -log10 corrected p as an image; each voxel of a cluster has the cluster's p, others have p = 1.

    Parameters
    ----------
    matrix, setup, mask : path
    covariates : list of path
    null : path
        Of this contrast, or of all from `merge_contrasts`.
    logp : path
        Image to write.
    stat : {"t", "F", "tfce", "clustersize", "clustermass"}
    settings : dict
        What the chunks were computed with; `across` tells whether the null is that of all contrasts.
    """
    model = read_setup(setup)
    measure = observed_measure(matrix, setup, covariates, stat, settings)
    maxima = read_maxima(null, [stat], str(model["scheme"]) if settings["across"] else None)[stat]
    p = fwe_p(reach(measure, stat, settings), maxima, tie_of(stat))
    on_grid(mask, model["mask"])(logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE")
    log.info("%s: largest %.6g, smallest corrected p %.4g", stat, np.abs(measure).max(), p.min())


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            matrix=snakemake.input.matrix,
            setup=snakemake.input.setup,
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            null=snakemake.input.null,
            logp=snakemake.output.logp,
            stat=snakemake.wildcards.stat,
            settings=snakemake.params.settings,
        )
