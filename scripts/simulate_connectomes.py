"""Simulate a cohort of connectomes, and save the planted network."""

import math
from pathlib import Path

from permaps.cohort import networks, simulation
from permaps.maps.connectomes import write_square
from permaps.workflow.jobs import job, log


def main(*, participants, maps, effect, n_subjects, seed, effect_size, number=0, threads=1):
    """Simulate one matrix per participant and write the table, the matrices and the truth.

    Parameters
    ----------
    participants : path
        Table to write.
    maps : path
        Folder to write the matrices to, as sub-ID_connectome.tsv.
    effect : path
        Matrix of the planted effect to write.
    n_subjects, seed, effect_size, number, threads
        As for `simulate_cohort`.
    """
    names, planted = networks.node_names(), networks.planted(effect_size)
    write_square(effect, names, planted)

    def map_of(name):
        return Path(maps).absolute() / f"sub-{name}_connectome.tsv"

    def write(index, name):
        write_square(map_of(name), names, networks.connectome(seed, index, planted, number))

    simulation.write_cohort(participants, n_subjects, seed, map_of, write, threads)
    log.info("%d participants x %d edges", n_subjects, math.comb(len(names), 2))


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
