"""Fit the model at every voxel and test one contrast parametrically."""

import json
from pathlib import Path

import numpy as np
from permaps.design.tables import read_contrast, read_matrix
from permaps.permutation.correction import bonferroni_p, minus_log10
from permaps.permutation.model import voxel_models, voxels_differ
from permaps.spaces.files import read_space, write_map
from permaps.statistics.glm import fit, fit_voxel_models
from permaps.workflow.jobs import job, log


def main(
    *, matrix, covariates, mask, design, contrasts, blocks, contrast, effect, stat, z, partialr2, bonferroni
):  # fmt: skip
    """Write the contrast's effect, statistic, z, partial R2 and Bonferroni-corrected -log10 p as images.

    Parameters
    ----------
    matrix : path
        participants x voxels, .npy.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    mask : path
        Image whose voxels the columns are.
    design, contrasts, blocks : path
    contrast : str
    effect, stat, z, partialr2, bonferroni : path
        Images to write.
    """
    weights, statistic = read_contrast(contrasts, contrast)
    maps = np.load(matrix, mmap_mode="r", allow_pickle=False)
    columns = read_matrix(design)[2]
    groups = json.loads(Path(blocks).read_text(encoding="utf-8"))["variance_groups"]
    is_f = statistic == "F"
    if voxels_differ(maps, columns, groups):
        fitted = fit_voxel_models(maps, voxel_models(columns, weights, groups, covariates), is_f)
    else:
        fitted = fit(maps, columns, weights, is_f)
    logp = minus_log10(bonferroni_p(fitted["p"]))
    space = read_space(mask)
    write_map(space, effect, fitted["effect"], f"Permaps: effect of {contrast}")
    write_map(space, stat, fitted["stat"], f"Permaps: {statistic} of {contrast}")
    write_map(space, z, fitted["z"], f"Permaps: z of {contrast}")
    write_map(space, partialr2, fitted["partialr2"], f"Permaps: partial R2 of {contrast}")
    write_map(space, bonferroni, logp, f"Permaps: -log10 p, {statistic}, Bonferroni")
    log.info("%d voxels, largest |%s| %.3f", maps.shape[1], statistic, np.abs(fitted["stat"]).max())


if "snakemake" in globals():
    with job(snakemake):
        main(
            matrix=snakemake.input.matrix,
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            blocks=snakemake.input.blocks,
            contrast=snakemake.wildcards.contrast,
            effect=snakemake.output.effect,
            stat=snakemake.output.stat,
            z=snakemake.output.z,
            partialr2=snakemake.output.partialr2,
            bonferroni=snakemake.output.bonferroni,
        )
