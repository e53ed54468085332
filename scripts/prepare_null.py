"""Put together what every permutation job of a contrast needs, so that each starts with numpy alone."""

import json
from pathlib import Path

import numpy as np
from permaps.arithmetic.gaussian import sigma
from permaps.design.tables import read_contrast, read_matrix
from permaps.inputs.images import UnusableMap, load_map, same_grid
from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.model import is_general, setup_arrays
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import job, log, written_whole


def main(
    *, matrix, covariates, mask, design, contrasts, blocks, plan, contrast, variance_fwhm, volume, output
):  # fmt: skip
    """Write the setup of a contrast's null.

    Parameters
    ----------
    matrix, mask, design, contrasts, blocks, plan : path
        What the stages before made.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    contrast : str
    variance_fwhm : float or None
        Full width at half maximum, in mm, of the Gaussian that smooths the residual variance.
    volume : path or None
        Mask of a small volume to restrict the analysis to.
    output : path
        .npz to write: the regressors and labels of `setup_arrays`, the mask, and the fingerprint
        of all of these and of the maps.
    """
    weights, is_f = read_contrast(contrasts, contrast)
    scheme = json.loads(Path(plan).read_text(encoding="utf-8"))[contrast]["scheme"]
    kinds = json.loads(Path(blocks).read_text(encoding="utf-8"))
    inside, affine = load_map(mask)
    inside = inside > 0
    maps = np.load(matrix, mmap_mode="r", allow_pickle=False)
    if is_f and variance_fwhm:
        raise UserError(
            f"inference.variance_smoothing_fwhm: {contrast} is an F contrast, and the pseudo-statistic is a t. "
            "Expected contrasts of one expression each: split the list, or set the key to null."
        )
    columns = read_matrix(design)[2]
    setup = setup_arrays(
        columns,
        weights,
        is_f,
        scheme,
        kinds["blocks"],
        groups=kinds["variance_groups"],
        general=bool(variance_fwhm) or is_general(maps, columns, kinds["variance_groups"]),
        variance_sigma=sigma(affine, variance_fwhm) if variance_fwhm else None,
    )
    setup["mask"] = inside
    if volume:
        setup["mask"] = inside & volume_on_grid(volume, inside.shape, affine)
        setup["columns"] = np.flatnonzero(setup["mask"][inside])
        if not len(setup["columns"]):
            raise UserError(
                f"inference.small_volumes: {volume} has no voxel inside the analysis mask. Expected a mask that "
                "overlaps with it: compare the two in a viewer."
            )
    arrays = [np.load(path, mmap_mode="r", allow_pickle=False) for path in covariates]
    setup["fingerprint"] = np.array(fingerprint(maps, *arrays, *(setup[name] for name in sorted(setup))))
    with written_whole(output) as path:
        np.savez(path, **setup)
    path = "fast" if "rows" in setup else "general"
    log.info("%s: %d voxels, %s path", contrast, setup["mask"].sum(), path)


def volume_on_grid(path, shape, affine):
    """Return a small volume's mask, making sure that it lies on the grid of the maps.

    Parameters
    ----------
    path : path
    shape : tuple of int
    affine : numpy.ndarray, shape (4, 4)
        Of the maps.

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    UserError
        When there is no such image, or it is on another grid.
    """
    try:
        data, its_affine = load_map(path)
    except UnusableMap as error:
        raise UserError(f"inference.small_volumes: {path}: {error}. Expected a mask image.") from None
    if not same_grid(data.shape, its_affine, shape, affine):
        raise UserError(
            f"inference.small_volumes: {path} has another grid than the maps (shape {data.shape} against {shape}, or "
            "another affine). Expected a mask on the maps' grid: resample it, with nearest-neighbour interpolation."
        )
    return np.nan_to_num(data) > 0


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            matrix=snakemake.input.matrix,
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            blocks=snakemake.input.blocks,
            plan=snakemake.input.plan,
            contrast=snakemake.params.settings["contrast"],
            variance_fwhm=snakemake.params.settings["variance_fwhm"],
            volume=snakemake.input.volume or None,
            output=snakemake.output.setup,
        )
