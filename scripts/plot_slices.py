"""A statistic over the MNI template, or as the space has it: outlined where it is significant."""

from permaps.permutation.thresholds import significant
from permaps.reporting.captions import write_caption
from permaps.reporting.drawing import draw_statistic
from permaps.reporting.style import save
from permaps.spaces.files import read_map, read_space
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job


def main(*, mask, values, corrected, outputs, caption, contrast, stat, voxel_stat, alpha):
    """Draw one contrast's t or F with what one corrected statistic finds significant.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
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
    space = read_space(mask)
    found = significant(read_map(space, corrected), alpha)
    count = int(found.sum())
    told = f"{count:,} significant {space.element if count == 1 else space.elements}"
    title = f"{contrast}: {STATISTICS[stat].title}, {told} (corrected p ≤ {alpha:g})"
    figure = draw_statistic(space, read_map(space, values), found, voxel_stat, title, voxel_stat == "t")
    save(figure, *outputs)
    write_caption(caption, f"{STATISTICS[stat].title}: {told} at corrected p of at most {alpha:g}.")


if "snakemake" in globals():
    with job(snakemake):
        main(
            mask=snakemake.input.mask,
            values=snakemake.input.values,
            corrected=snakemake.input.corrected,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stat=snakemake.wildcards.stat,
            voxel_stat=snakemake.params.settings["voxel_stat"],
            alpha=snakemake.params.settings["alpha"],
        )
