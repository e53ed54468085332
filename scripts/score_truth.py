"""Compare the findings of a contrast in the simulated cohort with the planted effects."""

import nibabel as nib
import numpy as np
import pandas as pd
from permaps.design.tables import read_contrast, read_matrix
from permaps.inputs.participants import read_participants
from permaps.inputs.tsv import write_frame
from permaps.permutation.thresholds import significant
from permaps.reporting.truth import expected_weights, score
from permaps.workflow.jobs import job, log


def main(
    *, regions, labels, effects, participants, design, contrasts, mask, values, corrected, output,
    contrast, stats, alpha, margin,
):  # fmt: skip
    """Write the table of true and false detections.

    Parameters
    ----------
    regions : path
        Planted regions.
    labels : path
        Image with their labels.
    effects : dict of path
        Variate to the image of its planted effect.
    participants, design, contrasts, mask : path
        Who and what was analysed.
    values : path
        Signed t.
    corrected : list of path
        -log10 FWE p, in the order of `stats`.
    output : path
    contrast : str
    stats : list of str
    alpha, margin : float
        Corrected level; how far, in mm, smoothing may spread an effect.
    """
    weights, _ = read_contrast(contrasts, contrast)
    image = nib.load(values)
    table = score(
        pd.read_csv(regions, sep="\t"),
        np.asarray(nib.load(labels).dataobj),
        expected_weights(read_matrix(design)[2], weights[0], _pseudo(read_participants(participants))),
        {variate: nib.load(path).get_fdata() for variate, path in effects.items()},
        image.get_fdata(),
        {s: significant(nib.load(path).get_fdata(), alpha) for s, path in zip(stats, corrected, strict=True)},
        np.asarray(nib.load(mask).dataobj) > 0,
        image.header.get_zooms()[:3],
        margin,
    )
    for row in table.itertuples():
        log.info("%s, %s: %d of %d voxels", row.where, row.statistic, row.n_significant, row.n_voxels)
    write_frame(table, output, "%.4g")


def _pseudo(participants):
    return pd.to_numeric(participants["pseudo"]).to_numpy(float)


if "snakemake" in globals():
    with job(snakemake):
        main(
            regions=snakemake.input.regions,
            labels=snakemake.input.labels,
            effects={"pseudo": snakemake.input.effect_pseudo, "mean": snakemake.input.effect_mean},
            participants=snakemake.input.participants,
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            mask=snakemake.input.mask,
            values=snakemake.input.values,
            corrected=list(snakemake.input.corrected),
            output=snakemake.output.table,
            contrast=snakemake.params.settings["contrast"],
            stats=snakemake.params.settings["stats"],
            alpha=snakemake.params.settings["alpha"],
            margin=snakemake.params.settings["margin"],
        )
