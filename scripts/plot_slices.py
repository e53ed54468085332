"""A statistic over the MNI template: faded where not significant, outlined where it is."""

import nibabel as nib
from permaps.permutation.thresholds import significant
from permaps.reporting.brains import slices
from permaps.reporting.captions import write_caption
from permaps.reporting.style import save
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job


def main(*, values, corrected, outputs, caption, contrast, stat, voxel_stat, alpha):
    """Draw one contrast's t or F with what one corrected statistic finds significant.

    Parameters
    ----------
    values, corrected : path
        t or F, and -log10 FWE p of the statistic.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast, stat : str
        `stat` as in file names.
    voxel_stat : {"t", "F"}
    alpha : float
        Corrected level.
    """
    image = nib.load(values)
    found = significant(nib.load(corrected).get_fdata(), alpha)
    count = int(found.sum())
    told = f"{count:,} significant voxel{'' if count == 1 else 's'}"
    title = f"{contrast}: {STATISTICS[stat].title}, {told} (corrected p ≤ {alpha:g})"
    figure = slices(image.get_fdata(), found, image.affine, voxel_stat, title, symmetric=voxel_stat == "t")
    save(figure, *outputs)
    write_caption(caption, f"{STATISTICS[stat].title}: {told} at corrected p of at most {alpha:g}.")


if "snakemake" in globals():
    with job(snakemake):
        main(
            values=snakemake.input.values,
            corrected=snakemake.input.corrected,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stat=snakemake.wildcards.stat,
            voxel_stat=snakemake.params.settings["voxel_stat"],
            alpha=snakemake.params.settings["alpha"],
        )
