"""Simulate a cohort like the Localizer's, and save its ground truth."""

from permaps.cohort.simulation import names, write_cohort
from permaps.spaces.simulated import SIMULATORS
from permaps.spaces.stored import CLASSES
from permaps.workflow.jobs import log, run


def main(*, kind, participants, maps, n_subjects, seed, effect_size, number=0, threads=1, **truth):
    """Simulate one map per participant and write the table, the maps and the truth.

    Parameters
    ----------
    kind : str
        Name of the kind of space.
    participants : path
        Table to write.
    maps : path
        Folder to write the maps to.
    n_subjects : int
        Size of the cohort.
    seed : int
        Of the simulation, at least 0.
    effect_size : float
        Factor on the association with `pseudo`; 0 plants none.
    number : int
        Of the input, from 0; 0 if there is one alone.
    threads : int
    **truth : path
        Files to write what is planted to, by the names that `permaps.spaces.simulated` has for them.
    """
    people = names(n_subjects)
    paths, write, n_elements = SIMULATORS[kind](truth, maps, people, seed, effect_size, number)
    write_cohort(participants, dict(zip(people, paths, strict=True)), seed, write, threads)
    log.info("%d participants x %d %s", n_subjects, n_elements, CLASSES[kind].elements)


if "snakemake" in globals():
    run(main, snakemake, threads=snakemake.threads)
