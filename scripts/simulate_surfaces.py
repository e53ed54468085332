"""Simulate a cohort on the cortex, and save its ground truth."""

from pathlib import Path

import pandas as pd
from permaps.cohort import simulation
from permaps.maps.map_paths import HEMI
from permaps.spaces.files import write_hemispheres
from permaps.spaces.simulation import COUNTS, cortex, noise_on, planted
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log


def main(*, participants, maps, regions, effects, n_subjects, seed, effect_size, number=0, threads=1):
    """Simulate one map per participant and write the table, the maps and the truth.

    Parameters
    ----------
    participants, regions : path
        Tables to write: the cohort; the planted regions.
    maps : path
        Folder to write the maps to, as sub-ID_hemi-L_statmap.func.gii.
    effects : dict of str to dict of str to path
        By variate, the map of the planted effect to write, a file for each hemisphere.
    n_subjects, seed, effect_size, number, threads
        As for `simulate_cohort`.
    """
    space = cortex()
    rows, truth = planted(space, effect_size)
    for variate, paths in effects.items():
        write_hemispheres(space, paths, truth[variate], f"Permaps: planted effect, {variate}")
    write_frame(pd.DataFrame(rows), regions, "%.6g")

    def map_of(name):
        return str(Path(maps).absolute() / f"sub-{name}_hemi-{HEMI}_statmap.func.gii")

    noise = noise_on(space)

    def write(index, name):
        paths = {side: map_of(name).replace(HEMI, side) for side in COUNTS}
        values = simulation.brain_map(seed, index, truth, noise, number)
        write_hemispheres(space, paths, values, f"Permaps: simulated participant {name}")

    simulation.write_cohort(participants, n_subjects, seed, map_of, write, threads)
    log.info("%d participants x %d vertices", n_subjects, space.n_elements)


if "snakemake" in globals():
    with job(snakemake):
        main(
            participants=snakemake.output.participants,
            maps=snakemake.output.maps,
            regions=snakemake.output.regions,
            effects={
                variate: {side: snakemake.output[f"{variate}_{side}"] for side in COUNTS}
                for variate in ("pseudo", "mean")
            },
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
