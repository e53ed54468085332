"""From a source to the participants table: who there is, and where the maps are."""

import os

from permaps.inputs.cifti import count_maps
from permaps.inputs.images import UnusableMap, count_volumes
from permaps.inputs.map_paths import CONNECTOME, DENSE, PARCELLATED, check_apart, check_maps, check_outside
from permaps.inputs.reasons import advice
from permaps.inputs.sources import Listing, read_listing
from permaps.inputs.tables import MAP, check_participants, covariate_column
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log


def collect(
    dataset: dict,
    voxelwise: dict,
    results: str | os.PathLike,
    name: str = "",
    earlier: dict[str, str] | None = None,
) -> tuple[list[str], list[dict]]:
    """Read a source as a participants table, values unchanged and the paths of maps absolute.

    Parameters
    ----------
    dataset : dict
        The config's: where the rows are, and in `maps` where their maps are.
    voxelwise : dict of str to str
        The same as `maps` for each covariate that is a map; its paths go to a column of their own.
    results : path
        Folder of the run's results, in which no map may lie.
    name : str
        Of the input, if there are several.
    earlier : dict of str to str, optional
        Where the maps of other inputs are, by their names: they must be other files.

    Returns
    -------
    columns : list of str
    rows : list of dict
        Column name to text, or to None for a missing value.

    Raises
    ------
    UserError
        If rows cannot be told apart, two have the same map, or a file has not a volume for each.
    """
    listing, maps = read_listing(dataset), dataset["maps"]
    rows, lines, table = listing.rows, listing.lines, listing.path
    check_participants(listing.columns, rows, lines, table)
    key = f"dataset.maps.{name}" if name else "dataset.maps"
    paths = listing.own_maps(maps, key)
    if not listing.entities and (series := listing.series_file(maps)) is not None:
        check_series(series, listing, key)
    check_maps(rows, lines, paths, table, key)
    for other, where in (earlier or {}).items():
        if isinstance(where, list):  # all columns lie in one file, and the config says that they are others
            continue
        check_apart(rows, lines, paths, listing.own_maps(where), table, key, other)
    paths_by_column = {MAP: paths}
    for covariate, where in voxelwise.items():
        paths_by_column[covariate_column(covariate)] = listing.map_paths(
            where, f"model.voxelwise.{covariate}"
        )
    for paths in paths_by_column.values():
        check_outside(rows, lines, paths, table, results)
    for column, where in zip(paths_by_column, [maps, *voxelwise.values()], strict=True):
        if column in listing.columns and where != column:
            log.warning("warning: the table's column '%s' is replaced by what '%s' gives", column, where)
    first, *others = [column for column in listing.columns if column not in paths_by_column]
    rows = [
        row | {column: paths[i] for column, paths in paths_by_column.items()} for i, row in enumerate(rows)
    ]
    return [first, *paths_by_column, *others], rows


def check_series(path: str, listing: Listing, key: str = "dataset.maps") -> None:
    """Raise a `UserError` unless a file has one volume for each row: their order is all that joins them."""
    is_cifti = path.lower().endswith((*DENSE, *PARCELLATED, CONNECTOME))
    count, what = (count_maps, "map") if is_cifti else (count_volumes, "volume")
    try:
        n_volumes = count(path)
    except UnusableMap as unusable:
        said = (
            f"{key}: {path}: {unusable}. Expected a file with a {what} per row. {advice({str(unusable): 1})}"
        )
        raise UserError(said.rstrip()) from None
    if n_volumes != len(listing.rows):
        had = f"a single {what}" if n_volumes == 1 else f"{n_volumes} {what}s"
        raise UserError(
            f"{key}: {path} has {had}, and {listing.path} has {len(listing.rows)} rows; "
            "expected as many of one as of the other, in the same order. Remove or add what one of them has too many "
            "or too few of."
        )
