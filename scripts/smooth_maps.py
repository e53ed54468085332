"""Smooth and mask the included maps into the matrix that is analysed."""

from dataclasses import replace

from permaps.maps.store import Store
from permaps.quality.plausible import doubt_of_coverage
from permaps.spaces.data_matrix import write_matrix
from permaps.spaces.files import read_space, write_map, write_space
from permaps.spaces.from_maps import left_out
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, MAP, map_column, write_rows
from permaps.workflow.jobs import log, run, warn


def main(
    *, included, usable, images, values, brain, mask, coverage, matrix, voxels, smoothing_fwhm, min_coverage,
    zero_is_missing, voxelwise=(), threads=1
):  # fmt: skip
    """Write the matrix of participants x voxels, the analysis mask and the counts of its voxels.

    Parameters
    ----------
    included : path
        Participants table.
    usable : path
        Those who have a map of this input; others of `included` have missing values everywhere.
    images, values : path
        What their images are, and the values of these.
    brain : path
        Brain mask.
    mask, coverage : path
        To write: the analysis mask; the map of the number of participants with a value.
    matrix : path
        float32 .npy to write: rows as in `included`, columns in C order of the mask.
    voxels : path
        Table to write: voxels by reason.
    smoothing_fwhm : float or None
        Of the Gaussian, in mm; 0 or None: no smoothing.
    min_coverage : float
        Smallest share of participants with a value at an analysed voxel.
    zero_is_missing : bool
        Whether an exact 0 stands for a missing value.
    voxelwise : sequence of str
        Covariates that are maps: who has no value in one of them has none at that voxel.
    threads : int
    """
    store, people = Store(images, values), list(read_participants(included)[ID])
    absent = set(people) - set(read_participants(usable)[ID])
    space = read_space(brain)
    analysed, covered, counts = write_matrix(
        matrix,
        store.maps(people, MAP, absent),
        space,
        smoothing_fwhm,
        min_coverage=min_coverage,
        zero_is_missing=zero_is_missing,
        covariates=[store.maps(people, map_column(name), absent) for name in voxelwise],
        n_absent=len(absent),
        threads=threads,
    )
    if doubt := doubt_of_coverage(
        counts["under coverage"], counts["brain mask"], space.elements, space.whole
    ):
        warn(doubt)
    write_space(replace(space, mask=analysed), mask, "Permaps: analysis mask")
    write_map(space, coverage, covered[space.mask], f"Permaps: participants per {space.element}")
    rows = left_out(counts, space)
    write_rows(voxels, list(rows[0]), rows)
    log.info("%d participants x %d %s", len(people), counts["analysed"], space.elements)


if "snakemake" in globals():
    run(main, snakemake, threads=snakemake.threads)
