"""How many participants have a value at each voxel, and where the analysis mask ends."""

import nibabel as nib
import numpy as np
import pandas as pd
from permaps.reporting.brains import coverage
from permaps.reporting.captions import write_caption
from permaps.reporting.style import save
from permaps.workflow.jobs import job


def main(*, mask, counts, included, outputs, caption):
    """Draw the coverage with the outline of the mask.

    Parameters
    ----------
    mask, counts : path
        Analysis mask; participants per voxel.
    included : path
        One row per participant.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    """
    n = len(pd.read_csv(included, sep="\t", usecols=["participant_id"], dtype=str))
    image, inside = nib.load(counts), nib.load(mask).get_fdata() > 0
    values = image.get_fdata()
    save(coverage(values, inside, image.affine, n), *outputs)
    everywhere = int((values >= n).sum())
    text = f"{int(inside.sum()):,} voxels are analysed; {everywhere:,} have a value in all {n} participants"
    partly = values[(values > 0) & (values < n)]
    if partly.size:
        text += f", {partly.size:,} in some (median {np.median(partly):.0f})"
    write_caption(caption, text + ".")


if "snakemake" in globals():
    with job(snakemake):
        main(
            mask=snakemake.input.mask,
            counts=snakemake.input.counts,
            included=snakemake.input.included,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
        )
