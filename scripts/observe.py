"""Compute the observed maps of an analysis, once for all jobs that need them."""

import numpy as np
from permaps.permutation.joint import load_model
from permaps.permutation.observed import observe
from permaps.workflow.jobs import job, log


def main(*, matrix, model, covariates, output, settings):
    """Write the observed maps.

    Parameters
    ----------
    matrix : path, or list of path
        participants x voxels, .npy; of a joint test, those of every input.
    model : path
        From `build_model` or `build_joint`.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    output : path
        .npz to write.
    settings : dict
        What the chunks are computed with.
    """
    observed = observe(matrix, load_model(model), settings, covariates)
    observed.save(output)
    for name, values in observed.measures.items():
        log.info("%s: largest %.6g", name, np.abs(values).max())


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            output=snakemake.output.observed,
            settings=snakemake.params.settings,
        )
