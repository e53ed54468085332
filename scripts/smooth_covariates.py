"""Smooth and mask the maps of a covariate, as the maps themselves are."""

from permaps.inputs.images import load_map
from permaps.inputs.masking import write_covariate
from permaps.inputs.participants import read_participants
from permaps.inputs.store import Store
from permaps.inputs.tables import ID, covariate_column
from permaps.workflow.jobs import job, log


def main(*, included, images, values, mask, matrix, name, fwhm):
    """Write a covariate's matrix of participants x voxels.

    Parameters
    ----------
    included : path
        Participants table.
    images, values : path
        What their images are, and the values of these.
    mask : path
        Analysis mask.
    matrix : path
        float32 .npy to write: rows as in `included`, columns in C order of the mask; NaN where missing.
    name : str
        Of the covariate.
    fwhm : float or None
        Of the Gaussian, in mm; 0 or None: no smoothing.
    """
    maps = Store(images, values).maps(read_participants(included)[ID], covariate_column(name))
    inside, affine = load_map(mask)
    constant = write_covariate(matrix, maps, inside > 0, affine, fwhm=fwhm)
    if constant:
        log.warning(
            "warning: %s is the same for everyone at %d voxels; beside an intercept they get no statistic",
            name,
            constant,
        )
    log.info("%d participants x %d voxels", len(maps), (inside > 0).sum())


if "snakemake" in globals():
    with job(snakemake):
        main(
            included=snakemake.input.included,
            images=snakemake.input.images,
            values=snakemake.input.values,
            mask=snakemake.input.mask,
            matrix=snakemake.output.matrix,
            name=snakemake.wildcards.covariate,
            fwhm=snakemake.params.settings["fwhm"],
        )
