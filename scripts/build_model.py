"""Put a contrast's model into one file, so that every permutation job starts with numpy alone."""

from dataclasses import replace

from permaps.arithmetic.gaussian import sigma
from permaps.design.tables import read_contrast, read_design
from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.model import contrast_model, lack_participants
from permaps.spaces.files import read_space
from permaps.spaces.masks import elements_inside
from permaps.spaces.smoothing import check_kernel
from permaps.workflow.arrays import open_matrix
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log, read_json, run


def main(
    *, matrix, covariates, mask, design, weights, blocks, plan, model, contrast, variance_fwhm, volume=None,
    sphere=None
):  # fmt: skip
    """Write the model of an analysis.

    Parameters
    ----------
    matrix, mask, design, weights, blocks, plan : path
        What the stages before made.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    contrast : str
    variance_fwhm : float or None
        Full width at half maximum, in mm, of the Gaussian that smooths the residual variance.
    model : path
        .npz to write, with a fingerprint of the model and the maps.
    volume : path, optional
    sphere : dict, optional
        Mask or sphere of a small volume to restrict the analysis to.
    """
    rows, statistic = read_contrast(weights, contrast)
    scheme = read_json(plan)[contrast]["scheme"]
    study = read_design(design, blocks)
    maps = open_matrix(matrix)
    space = read_space(mask)
    if statistic == "F" and variance_fwhm:
        raise UserError(
            f"inference.variance_smoothing_fwhm: {contrast} is an F contrast, and the pseudo-statistic is a t. "
            "Expected contrasts of one expression each: split the list, or set the key to null."
        )
    if variance_fwhm:
        check_kernel("inference.variance_smoothing_fwhm", variance_fwhm, space.affine)
    made = contrast_model(
        study.matrix,
        rows,
        statistic,
        scheme,
        study.blocks,
        study.variance_groups,
        incomplete=lack_participants(maps),
        variance_sigma=sigma(space.affine, variance_fwhm) if variance_fwhm else None,
        space=space,
    )
    if where := volume or sphere:
        made = made.restricted(elements_inside(space, where, "inference.small_volumes"))
    stored = made.arrays()
    parts = (stored[name] for name in sorted(stored))
    made = replace(made, fingerprint=fingerprint(maps, *map(open_matrix, covariates), *parts))
    made.save(model)
    log.info("%s: %d elements, %s model", contrast, made.space.n_elements, made.kind)


if "snakemake" in globals():
    run(main, snakemake)
