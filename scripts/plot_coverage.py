"""How many participants have a value at each voxel or vertex, and where the analysis mask ends."""

import numpy as np
import pandas as pd
from permaps.figures.drawing import draw_coverage
from permaps.figures.style import draw
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_map, read_space
from permaps.workflow.jobs import job


def main(*, brain, mask, counts, included, outputs, caption):
    """Draw the coverage with the outline of the mask.

    Parameters
    ----------
    brain, mask, counts : path
        Brain mask; analysis mask; participants at each element of the brain mask.
    included : path
        One row per participant.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    """
    n = len(pd.read_csv(included, sep="\t", usecols=["participant_id"], dtype=str))
    space = read_space(brain)
    values, inside = read_map(space, counts), read_space(mask).mask[space.mask]
    draw(outputs, draw_coverage, space, values, inside, n)
    everywhere = int((values >= n).sum())
    text = f"{int(inside.sum()):,} {space.elements} are analysed; {everywhere:,} have a value in all {n} maps"
    partly = values[(values > 0) & (values < n)]
    if partly.size:
        text += f", {partly.size:,} in some (median {np.median(partly):.0f})"
    write_caption(caption, text + ".")


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
        )
