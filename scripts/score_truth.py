"""Compare the findings of a contrast in the simulated cohort with the planted effects."""

import nibabel as nib
import numpy as np
import pandas as pd
from permaps.design.tables import read_contrast, read_numbers
from permaps.permutation.thresholds import significant
from permaps.reporting.truth import expected_weights, score
from permaps.tables.participants import read_participants
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import log, run


def main(
    *, regions, labels, effect_pseudo, effect_mean, participants, design, weights, mask, values, corrected, table,
    contrast, stats, alpha, margin,
):  # fmt: skip
    """Write the table of true and false detections.

    Parameters
    ----------
    regions : path
        Planted regions.
    labels : path
        Image with their labels.
    effect_pseudo, effect_mean : path
        Images of the planted effects.
    participants, design, weights, mask : path
        Who and what was analysed.
    values : path
        Signed t.
    corrected : list of path
        -log10 FWE p, in the order of `stats`.
    table : path
    contrast : str
    stats : list of str
    alpha, margin : float
        Corrected level; how far, in mm, smoothing may spread an effect.
    """
    (row, *_), _ = read_contrast(weights, contrast)
    image, pseudo = nib.load(values), pd.to_numeric(read_participants(participants)["pseudo"])
    scores = score(
        pd.read_csv(regions, sep="\t"),
        np.asarray(nib.load(labels).dataobj),
        expected_weights(read_numbers(design)[2], row, pseudo.to_numpy(float)),
        {"pseudo": nib.load(effect_pseudo).get_fdata(), "mean": nib.load(effect_mean).get_fdata()},
        image.get_fdata(),
        {s: significant(nib.load(path).get_fdata(), alpha) for s, path in zip(stats, corrected, strict=True)},
        np.asarray(nib.load(mask).dataobj) > 0,
        image.header.get_zooms()[:3],
        margin,
    )
    for row in scores.itertuples():
        log.info("%s, %s: %d of %d voxels", row.where, row.statistic, row.n_significant, row.n_voxels)
    write_frame(scores, table, "%.4g")


if "snakemake" in globals():
    run(main, snakemake)
