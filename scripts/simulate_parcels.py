"""Simulate a table with the thickness of regions, and save its ground truth."""

from pathlib import Path

from permaps.cohort import simulation
from permaps.cohort.thickness import columns, planted, thickness
from permaps.tables.text import write_rows
from permaps.workflow.jobs import job, log


def main(*, participants, maps, effect, n_subjects, seed, effect_size, number=0):
    """Simulate the values of every participant and write the tables and the truth.

    Parameters
    ----------
    participants : path
        Table of the cohort to write.
    maps : path
        Folder to write the table of values to, as aparcstats2table would.
    effect : path
        Table to write, with the planted effect of each region.
    n_subjects, seed, effect_size, number
        As for `simulate_cohort`.
    """
    names, regions, truth = simulation.names(n_subjects), columns(), planted(effect_size)
    table = Path(maps).absolute() / "thickness.tsv"
    rows = [
        {"lh.aparc.thickness": name}
        | {r: f"{v:.4f}" for r, v in zip(regions, thickness(seed, index, truth, number), strict=True)}
        for index, name in enumerate(names)
    ]
    write_rows(table, list(rows[0]), rows)
    planted_rows = [
        {"index": i, "name": name, "value": f"{value:.6g}"}
        for i, (name, value) in enumerate(zip(regions, truth, strict=True), start=1)
    ]
    write_rows(effect, ["index", "name", "value"], planted_rows)
    place = {name: i for i, name in enumerate(names)}
    simulation.write_cohort(participants, n_subjects, seed, lambda name: f"{table}[{place[name]}]")
    log.info("%d participants x %d regions", n_subjects, len(regions))


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.output,
            **snakemake.params.settings,
        )
