"""Read the rows of a user's source, and make the path of every map absolute."""

from pathlib import Path

from permaps.cohort.participants_table import collect
from permaps.tables.text import write_rows
from permaps.workflow.jobs import job, log


def main(*, dataset, participants, results, voxelwise, name="", earlier=None):
    """Write a source as a participants table.

    Parameters
    ----------
    dataset : dict
        The config's.
    participants : path
        Table to write.
    results : path
        Folder of the run's results, in which no map may lie.
    voxelwise : dict of str to str
        Where the maps of each covariate are.
    name : str
        Of the input, if there are several.
    earlier : dict of str to str, optional
        Where the maps of other inputs are, by their names: they must be other files.
    """
    columns, rows = collect(dataset, voxelwise, results, name, earlier)
    write_rows(participants, columns, rows)
    log.info("%d rows of %s", len(rows), dataset["source"])


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.params.settings,
            participants=snakemake.output.participants,
            # Not the config's: a module's prefix moves it.
            results=Path(snakemake.output.participants).parents[1],
        )
