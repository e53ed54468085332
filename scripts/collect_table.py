"""Read the rows of a user's source, and make the path of every map absolute."""

from pathlib import Path

from permaps.inputs.cifti import count_maps
from permaps.inputs.images import UnusableMap, count_volumes
from permaps.inputs.sources import read_listing
from permaps.inputs.tables import (
    MAP,
    check_maps,
    check_outside,
    check_participants,
    covariate_column,
    write_rows,
)
from permaps.spaces.kinds import DENSE
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import job, log, written_whole


def main(*, dataset, participants, results, voxelwise):
    """Read a source and write it as a participants table, values unchanged.

    Parameters
    ----------
    dataset : dict
        The config's: where the rows are, and in `maps` the column with the maps' paths, a pattern with {column}
        placeholders, or a file with a volume per row.
    participants : path
        Table to write.
    results : path
        Folder of the run's results, in which no map may lie.
    voxelwise : dict of str to str
        The same as `maps` for each covariate that is a map; its paths go to a column of their own.
    """
    listing, maps = read_listing(dataset), dataset["maps"]
    columns, rows, lines, table = listing.columns, listing.rows, listing.lines, listing.path
    check_participants(columns, rows, lines, table)
    paths = listing.own_maps(maps)
    if (series := listing.series_file(maps)) is not None:
        check_series(series, len(rows), table)
    check_maps(rows, lines, paths, table)
    found = {MAP: paths}
    for name, where in voxelwise.items():
        found[covariate_column(name)] = listing.map_paths(where, f"model.voxelwise.{name}")
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
    count, what = (count_maps, "maps") if path.endswith(DENSE) else (count_volumes, "volumes")
    try:
        n_volumes = count(path)
    except UnusableMap as unusable:
        raise UserError(
            f"dataset.maps: {path}: {unusable}. Expected an image with a volume per row."
        ) from None
    if n_volumes != n_rows:
        raise UserError(
            f"dataset.maps: {path} has {n_volumes} {what}, and {table} has {n_rows} rows; expected as many of "
            "one as of the other, in the same order. Remove or add what one of them has too many or too few of."
        )


if "snakemake" in globals():
    with job(snakemake):
        main(
            dataset=snakemake.params.settings["dataset"],
            participants=snakemake.output.participants,
            # Not the config's: a module's prefix moves it.
            results=Path(snakemake.output.participants).parents[1],
            voxelwise=snakemake.params.settings["voxelwise"],
        )
