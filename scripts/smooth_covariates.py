"""Smooth and mask the maps of a covariate, as the maps themselves are."""

from permaps.maps.store import Store
from permaps.spaces.data_matrix import write_covariate
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, map_column
from permaps.workflow.jobs import log, run


def main(*, included, usable, images, values, brain, mask, matrix, name, smoothing_fwhm):
    """Write a covariate's matrix of participants x voxels.

    Parameters
    ----------
    included : path
        Participants table.
    usable : path
        Those who have a map of this input; others of `included` have missing values everywhere.
    images, values : path
        What their images are, and the values of these.
    brain, mask : path
        The spaces before and after voxels left it for their values.
    matrix : path
        float32 .npy to write: rows as in `included`, columns in C order of the mask; NaN where missing.
    name : str
        Of the covariate.
    smoothing_fwhm : float or None
        Of the Gaussian, in mm; 0 or None: no smoothing.
    """
    people = list(read_participants(included)[ID])
    absent = set(people) - set(read_participants(usable)[ID])
    maps = Store(images, values).maps(people, map_column(name), absent)
    space, whole = read_space(mask), read_space(brain)
    constant = write_covariate(matrix, maps, space, whole, smoothing_fwhm)
    if constant:
        log.warning(
            "warning: %s is the same for everyone at %d %s; beside an intercept they get no statistic",
            name,
            constant,
            space.elements,
        )
    log.info("%d participants x %d %s", len(maps), space.n_elements, space.elements)


if "snakemake" in globals():
    run(main, snakemake, name=snakemake.wildcards.covariate)
