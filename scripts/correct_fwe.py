"""FWE-corrected p of a statistic, for one contrast or across several."""

import numpy as np
from permaps.inputs.images import on_grid
from permaps.permutation.chunk import read_setup
from permaps.permutation.correction import fwe_p, minus_log10, read_maxima, tie_of
from permaps.permutation.observed import observed_measure, reach
from permaps.workflow.jobs import job, log


def main(*, matrix, setups, covariates, mask, nulls, logp, stat, settings):
    """Write -log10 corrected p as an image; each voxel of a cluster has the cluster's p, others have p = 1.

    Across contrasts, what a value is compared with is the maximum over all of them of each relabelling.
    That is the same relabelling for all contrasts of one scheme, since it is a function of the design, the
    seed and its index; a contrast of another scheme (an intercept among slopes) is left out.

    Parameters
    ----------
    matrix, mask : path
    covariates : list of path
    setups, nulls : list of path
        Of each contrast, this one's first.
    logp : path
        Image to write.
    stat : {"t", "F", "tfce", "clustersize", "clustermass"}
    settings : dict
        What the chunks were computed with.
    """
    measure = observed_measure(matrix, setups[0], covariates, stat, settings)
    models = [read_setup(path) for path in setups]
    maxima = [
        read_maxima(path, [stat])[stat]
        for path, model in zip(nulls, models, strict=True)
        if all(np.array_equal(model[name], models[0][name]) for name in ("scheme", "blocks", "labels"))
    ]
    p = fwe_p(reach(measure, stat, settings), np.max(maxima, axis=0), tie_of(stat))
    on_grid(mask, models[0]["mask"])(logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE")
    log.info("%d of %d contrasts", len(maxima), len(nulls))
    log.info("%s: largest %.6g, smallest corrected p %.4g", stat, np.abs(measure).max(), p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            matrix=snakemake.input.matrix,
            setups=list(snakemake.input.setups),
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            nulls=list(snakemake.input.nulls),
            logp=snakemake.output.logp,
            stat=snakemake.wildcards.stat,
            settings=snakemake.params.settings,
        )
