"""Simulate a cohort on the cortex, and save its ground truth."""

from pathlib import Path

import numpy as np
import pandas as pd
from permaps.cohort import simulation
from permaps.maps.map_paths import HEMI
from permaps.maps.surfaces import write_metric
from permaps.spaces.simulation import COUNTS, Noise, cortex, planted, surface_map
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
    effects : dict of (str, str) to path
        By variate and hemisphere, the map of the planted effect to write.
    n_subjects, seed, effect_size, number, threads
        As for `simulate_cohort`.
    """
    space = cortex()
    rows, truth = planted(space, effect_size)
    for (variate, side), path in effects.items():
        _write(path, truth[variate], side, f"Permaps: planted effect, {variate}")
    write_frame(pd.DataFrame(rows), regions, "%.6g")

    def map_of(name):
        return str(Path(maps).absolute() / f"sub-{name}_hemi-{HEMI}_statmap.func.gii")

    noise = Noise(space)

    def write(index, name):
        values = surface_map(seed, index, space, truth, noise, number)
        for side in COUNTS:
            _write(map_of(name).replace(HEMI, side), values, side, f"Permaps: simulated participant {name}")

    simulation.write_cohort(participants, n_subjects, seed, map_of, write, threads)
    log.info("%d participants x %d vertices", n_subjects, space.n_elements)


def _write(path, values, side, description):
    halves = dict(zip(COUNTS, np.split(values, np.cumsum(list(COUNTS.values()))[:-1]), strict=True))
    write_metric(path, halves[side], side, description)


if "snakemake" in globals():
    with job(snakemake):
        main(
            participants=snakemake.output.participants,
            maps=snakemake.output.maps,
            regions=snakemake.output.regions,
            effects={
                (variate, side): getattr(snakemake.output, f"{variate}_{side}")
                for variate in ("pseudo", "mean")
                for side in COUNTS
            },
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
