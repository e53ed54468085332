"""Read a user's table, and make the path of every map absolute."""

from pathlib import Path

from permaps.inputs.tables import (
    MAP,
    check_maps,
    check_outside,
    check_participants,
    covariate_column,
    map_paths,
    read_rows,
    write_rows,
)
from permaps.workflow.jobs import job, log, written_whole


def main(*, table, participants, results, maps, voxelwise):
    """Read a participants table and write it as Permaps reads it, values unchanged.

    Parameters
    ----------
    table : path
        TSV or CSV, one row per participant, with a column participant_id.
    participants : path
        Table to write.
    results : path
        Folder of the run's results, in which no map may lie.
    maps : str
        The column with the maps' paths, or a pattern with {column} placeholders.
    voxelwise : dict of str to str
        The same for each covariate that is a map; its paths go to a column of their own.
    """
    columns, rows, lines = read_rows(table)
    check_participants(columns, rows, lines, table)
    paths = map_paths(columns, rows, table, maps)
    check_maps(rows, lines, paths, table)
    found = {MAP: paths}
    for name, where in voxelwise.items():
        found[covariate_column(name)] = map_paths(columns, rows, table, where, f"model.voxelwise.{name}")
    for paths in found.values():
        check_outside(rows, lines, paths, table, results)
    for column, where in zip(found, [maps, *voxelwise.values()], strict=True):
        if column in columns and where != column:
            log.warning("warning: the table's column '%s' is replaced by what '%s' gives", column, where)
    variates = [c for c in columns if c not in found]
    columns = [variates[0], *found, *variates[1:]]
    rows = [row | {c: paths[i] for c, paths in found.items()} for i, row in enumerate(rows)]
    with written_whole(participants) as temporary:
        write_rows(temporary, columns, rows)
    log.info("%d participants from %s", len(rows), table)


if "snakemake" in globals():
    with job(snakemake):
        main(
            table=snakemake.input.table,
            participants=snakemake.output.participants,
            # Not the config's: a module's prefix moves it.
            results=Path(snakemake.output.participants).parents[1],
            maps=snakemake.params.settings["maps"],
            voxelwise=snakemake.params.settings["voxelwise"],
        )
