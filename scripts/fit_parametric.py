"""Fit the model at every voxel and test one contrast parametrically."""

import numpy as np
from permaps.permutation.correction import bonferroni_p, minus_log10
from permaps.permutation.model import Model
from permaps.spaces.files import write_map
from permaps.statistics.glm import fit, fit_voxel_models
from permaps.workflow.jobs import log, run


def main(*, matrix, covariates, model, title, effect, stat, z, partialr2, bonferroni):
    """Write the contrast's effect, statistic, z, partial R2 and Bonferroni-corrected -log10 p as maps.

    Parameters
    ----------
    matrix : path
        participants x voxels, .npy.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    model : path
        From `build_model`.
    title : str
    effect, stat, z, partialr2, bonferroni : path
        Maps to write.
    """
    model = Model.load(model)
    maps, space, statistic = model.maps(matrix), model.space, model.statistic
    if model.elements_differ:
        fitted = fit_voxel_models(maps, model.voxel_models(covariates), model.is_f)
    else:
        fitted = fit(maps, model.design, model.contrast, model.is_f)
    logp = minus_log10(bonferroni_p(fitted["p"]))
    write_map(space, effect, fitted["effect"], f"Permaps: effect of {title}")
    write_map(space, stat, fitted["stat"], f"Permaps: {statistic} of {title}")
    write_map(space, z, fitted["z"], f"Permaps: z of {title}")
    write_map(space, partialr2, fitted["partialr2"], f"Permaps: partial R2 of {title}")
    write_map(space, bonferroni, logp, f"Permaps: -log10 p, {statistic}, Bonferroni")
    log.info(
        "%d %s, largest |%s| %.3f", space.n_elements, space.elements, statistic, np.abs(fitted["stat"]).max()
    )


if "snakemake" in globals():
    run(main, snakemake)
