"""Simulate a cohort like the Localizer's, and save its ground truth."""

from pathlib import Path

import pandas as pd
from permaps.cohort import simulation
from permaps.maps.images import write_image
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log


def main(
    *,
    participants,
    maps,
    regions,
    labels,
    effect_pseudo,
    effect_mean,
    n_subjects,
    seed,
    effect_size,
    number=0,
    threads=1,
):
    """Simulate one map per participant and write the table, the maps and the truth.

    Parameters
    ----------
    participants, regions : path
        Tables to write: the cohort; the planted regions.
    maps : path
        Folder to write the maps to, as sub-ID_statmap.nii.gz.
    labels, effect_pseudo, effect_mean : path
        Images to write: the regions' labels; the planted effects.
    n_subjects : int
        Size of the cohort.
    seed : int
        Of the simulation, at least 0.
    effect_size : float
        Factor on the association with `pseudo`; 0 plants none.
    number : int
        Of the input, from 0; 0 if there is one alone.
    threads : int
    """
    mask = simulation.brain()
    region_labels, table, effects = simulation.truth(mask, effect_size)
    affine = simulation.AFFINE
    write_image(labels, region_labels, affine, "Permaps: planted regions")
    for path, variate in ((effect_pseudo, "pseudo"), (effect_mean, "mean")):
        write_image(path, effects[variate].astype("float32"), affine, f"Permaps: planted effect, {variate}")
    write_frame(pd.DataFrame(table), regions)

    def map_of(name):
        return Path(maps).absolute() / f"sub-{name}_statmap.nii.gz"

    def write(index, name):
        values = simulation.statistic_map(seed, index, mask, effects, number)
        write_image(map_of(name), values, affine, f"Permaps: simulated participant {name}")

    simulation.write_cohort(participants, n_subjects, seed, map_of, write, threads)
    log.info("%d participants x %d voxels", n_subjects, mask.sum())


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
