"""Make the brain mask from the screened maps, the template or a file."""

from permaps.inputs.images import write_image
from permaps.inputs.masking import brain_mask
from permaps.inputs.participants import read_participants
from permaps.inputs.store import Store
from permaps.inputs.tables import ID, MAP, REASON
from permaps.workflow.jobs import job, log


def main(*, screened, images, values, brain, strategy, file):
    """Write the brain mask, uint8.

    Parameters
    ----------
    screened : path
        Participants table with `reason`, empty for those who stay.
    images, values : path
        What their images are, and the values of these.
    brain : path
        Mask to write.
    strategy : str
        background, epi, template or file.
    file : path or None
        The mask, for strategy file.
    """
    cohort = read_participants(screened)
    maps = Store(images, values).maps(cohort[ID][cohort[REASON].isna()], MAP)
    mask = brain_mask(strategy, maps, maps.affine, file)
    if mask.all():
        log.warning(
            "warning: the brain mask takes the whole image. A background mask needs a background of one "
            "value around the brain; mask.strategy: template, or a file, does not"
        )
    write_image(brain, mask, maps.affine, f"Permaps: brain mask, {strategy}")
    log.info("%d of %d voxels", mask.sum(), mask.size)


if "snakemake" in globals():
    with job(snakemake):
        main(
            screened=snakemake.input.screened,
            images=snakemake.input.images,
            values=snakemake.input.values,
            brain=snakemake.output.brain,
            strategy=snakemake.params.settings["strategy"],
            file=snakemake.input.get("file"),
        )
