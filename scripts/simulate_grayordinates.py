"""Simulate a cohort of grayordinates, and save its ground truth."""

from pathlib import Path

import pandas as pd
from permaps.cohort import simulation
from permaps.spaces.files import write_map
from permaps.spaces.simulation import grayordinates, noise_everywhere, planted_everywhere
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log


def main(*, participants, maps, regions, effects, n_subjects, seed, effect_size, number=0, threads=1):
    """Simulate one map per participant and write the table, the maps and the truth.

    Parameters
    ----------
    participants, regions : path
        Tables to write: the cohort; the planted regions.
    maps : path
        Folder to write the maps to, as sub-ID_statmap.dscalar.nii.
    effects : dict of str to path
        By variate, the map of the planted effect to write.
    n_subjects, seed, effect_size, number, threads
        As for `simulate_cohort`.
    """
    space = grayordinates()
    rows, truth = planted_everywhere(space, effect_size)
    for variate, path in effects.items():
        write_map(space, path, truth[variate], f"Permaps: planted effect, {variate}")
    write_frame(pd.DataFrame(rows), regions, "%.6g")

    def map_of(name):
        return Path(maps).absolute() / f"sub-{name}_statmap.dscalar.nii"

    noise = noise_everywhere(space)

    def write(index, name):
        values = simulation.brain_map(seed, index, truth, noise, number)
        write_map(space, map_of(name), values, f"Permaps: simulated participant {name}")

    simulation.write_cohort(participants, n_subjects, seed, map_of, write, threads)
    log.info("%d participants x %d grayordinates", n_subjects, space.n_elements)


if "snakemake" in globals():
    with job(snakemake):
        main(
            participants=snakemake.output.participants,
            maps=snakemake.output.maps,
            regions=snakemake.output.regions,
            effects={"pseudo": snakemake.output.effect_pseudo, "mean": snakemake.output.effect_mean},
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
