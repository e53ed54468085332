"""Read a user's table, and make the path of every map absolute."""

from pathlib import Path

from permaps.inputs.images import UnusableMap, count_volumes
from permaps.inputs.tables import (
    MAP,
    check_maps,
    check_outside,
    check_participants,
    covariate_column,
    map_paths,
    read_rows,
    series_file,
    write_rows,
)
from permaps.workflow.errors import UserError
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
        The column with the maps' paths, a pattern with {column} placeholders, or a file with a volume per row.
    voxelwise : dict of str to str
        The same for each covariate that is a map; its paths go to a column of their own.
    """
    columns, rows, lines = read_rows(table)
    check_participants(columns, rows, lines, table)
    paths = map_paths(columns, rows, table, maps)
    if (series := series_file(columns, table, maps)) is not None:
        check_series(series, len(rows), table)
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


def check_series(path, n_rows, table):
    """Raise a `UserError` unless a file has one volume for each row: their order is all that joins them."""
    try:
        n_volumes = count_volumes(path)
    except UnusableMap as unusable:
        raise UserError(
            f"dataset.maps: {path}: {unusable}. Expected an image with a volume per row."
        ) from None
    if n_volumes != n_rows:
        raise UserError(
            f"dataset.maps: {path} has {n_volumes} volumes, and {table} has {n_rows} rows; expected as many of "
            "one as of the other, in the same order. Remove or add what one of them has too many or too few of."
        )


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
