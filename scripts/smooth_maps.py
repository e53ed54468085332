"""Smooth and mask the included maps into the matrix that is analysed."""

from permaps.inputs.images import load_map, write_image
from permaps.inputs.masking import write_matrix
from permaps.inputs.participants import read_participants
from permaps.inputs.store import Store
from permaps.inputs.tables import ID, MAP, covariate_column, write_rows
from permaps.workflow.jobs import job, log, written_whole

NOTES = {
    "grid": "voxels of the images",
    "brain mask": "by mask.strategy",
    "under coverage": "of the brain mask: too few participants have a value",
    "not finite": "of the brain mask: infinite after smoothing",
    "constant": "of the brain mask: the same in all participants",
    "analysed": "what remains of the brain mask",
}
WHOLE_IMAGE = "by mask.strategy; warning: the whole image, so the maps have no background of one value"


def main(
    *,
    included,
    images,
    values,
    brain,
    mask,
    coverage,
    matrix,
    voxels,
    fwhm,
    min_coverage,
    zero_is_missing,
    voxelwise=(),
):
    """Write the matrix of participants x voxels, the analysis mask and the counts of its voxels.

    Parameters
    ----------
    included : path
        Participants table.
    images, values : path
        What their images are, and the values of these.
    brain : path
        Brain mask.
    mask, coverage : path
        Images to write: the analysis mask; the number of participants with a value.
    matrix : path
        float32 .npy to write: rows as in `included`, columns in C order of the mask.
    voxels : path
        Table to write: voxels by reason.
    fwhm : float or None
        Of the Gaussian, in mm; 0 or None: no smoothing.
    min_coverage : float
        Smallest share of participants with a value at an analysed voxel.
    zero_is_missing : bool
        Whether an exact 0 stands for a missing value.
    voxelwise : sequence of str
        Covariates that are maps: who has no value in one of them has none at that voxel.
    """
    store, people = Store(images, values), list(read_participants(included)[ID])
    in_brain, affine = load_map(brain)
    in_brain = in_brain > 0
    analysed, covered, counts = write_matrix(
        matrix,
        store.maps(people, MAP),
        in_brain,
        affine,
        fwhm=fwhm,
        min_coverage=min_coverage,
        zero_is_missing=zero_is_missing,
        covariates=[store.maps(people, covariate_column(name)) for name in voxelwise],
    )
    write_image(mask, analysed, affine, "Permaps: analysis mask")
    write_image(coverage, covered, affine, "Permaps: participants per voxel")
    notes = NOTES | ({"brain mask": WHOLE_IMAGE} if in_brain.all() else {})
    rows = [{"reason": reason, "n_voxels": n, "note": notes[reason]} for reason, n in counts.items()]
    with written_whole(voxels) as temporary:
        write_rows(temporary, list(rows[0]), rows)
    log.info("%d participants x %d voxels", len(people), counts["analysed"])


if "snakemake" in globals():
    with job(snakemake):
        main(
            included=snakemake.input.included,
            images=snakemake.input.images,
            values=snakemake.input.values,
            brain=snakemake.input.brain,
            mask=snakemake.output.mask,
            coverage=snakemake.output.coverage,
            matrix=snakemake.output.matrix,
            voxels=snakemake.output.voxels,
            fwhm=snakemake.params.settings["fwhm"],
            min_coverage=snakemake.params.settings["min_coverage"],
            zero_is_missing=snakemake.params.settings["zero_is_missing"],
            voxelwise=snakemake.params.settings["voxelwise"],
        )
