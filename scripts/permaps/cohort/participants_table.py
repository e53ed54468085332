"""From a source to the participants table: who there is, and where the maps are."""

import os

from permaps.cohort.sources import Listing, read_listing
from permaps.maps.cifti import count_maps
from permaps.maps.images import UnusableMap, count_volumes
from permaps.maps.map_paths import (
    CONNECTOME,
    DENSE,
    HEMI,
    PARCELLATED,
    hemisphere_files,
    item_of,
    on_a_surface,
    partners,
)
from permaps.maps.surfaces import count_frames
from permaps.tables.reasons import advice
from permaps.tables.text import ID, MAP, check_participants, map_column
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log
from permaps.workflow.paths import lies_below


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
        If rows cannot be told apart, two have the same map, or a file has not a map for each.
    """
    listing, maps = read_listing(dataset), dataset["maps"]
    check_participants(listing.columns, listing.rows, listing.lines, listing.path)
    key = f"dataset.maps.{name}" if name else "dataset.maps"
    paths = listing.own_maps(maps, key)
    if not listing.entities:
        _check_series(listing, maps, key)
    check_own(listing, paths, key)
    for other, where in (earlier or {}).items():
        if not isinstance(where, list):  # columns lie in one file, and the config says that they are others
            _check_apart(listing, paths, key, other, listing.own_maps(where))
    paths_by_column = {MAP: paths}
    for covariate, where in voxelwise.items():
        its_key = f"model.voxelwise.{covariate}"
        paths_by_column[map_column(covariate)] = listing.map_paths(where, its_key)
        _check_series(listing, where, its_key)
    for paths in paths_by_column.values():
        check_outside(listing, paths, results)
    for column, where in zip(paths_by_column, [maps, *voxelwise.values()], strict=True):
        if column in listing.columns and where != column:
            log.warning("warning: the table's column '%s' is replaced by what '%s' gives", column, where)
    first, *others = [column for column in listing.columns if column not in paths_by_column]
    rows = [
        row | {column: paths[i] for column, paths in paths_by_column.items()}
        for i, row in enumerate(listing.rows)
    ]
    return [first, *paths_by_column, *others], rows


def _check_series(listing, maps, key):
    """Refuse a file that has not one map for each row: their order is all that joins them."""
    series = listing.series_file(maps)
    for path in hemisphere_files(series).values() if series is not None else ():
        count, what = _counted(series)
        try:
            n = count(path)
        except UnusableMap as unusable:
            said = f"{key}: {path}: {unusable}. Expected a file with a {what} per row. {advice({str(unusable): 1})}"
            raise UserError(said.rstrip()) from None
        if n != len(listing.rows):
            had = f"a single {what}" if n == 1 else f"{n} {what}s"
            raise UserError(
                f"{key}: {path} has {had}, and {listing.path} has {len(listing.rows)} rows; "
                "expected as many of one as of the other, in the same order. Remove or add what one of them has too "
                "many or too few of."
            )


def _counted(series):
    """Return what counts the maps in a file, and what they are called."""
    if series.lower().endswith((*DENSE, *PARCELLATED, CONNECTOME)):
        return count_maps, "map"
    return (count_frames, "map") if on_a_surface(series) else (count_volumes, "volume")


def check_own(listing: Listing, paths: list[str | None], key: str = "dataset.maps") -> None:
    """Raise a `UserError` if two participants have the same map; `paths` has one for each row, or None."""
    seen = {}
    for row, line, path in zip(listing.rows, listing.lines, paths, strict=True):
        if path is None:
            continue
        file = _identity(path)
        if file in seen:
            first, first_line, its_path = seen[file]
            linked = "" if its_path == path else f" (a link: it is the file of {its_path})"
            raise UserError(
                f"{listing.path}: {first} and {row[ID]} (lines {first_line} and {line}) have the same map, "
                f"{path}{linked}. Every participant needs a map of their own: correct the path, or {key}, or remove "
                "a row."
            )
        seen[file] = row[ID], line, path


def _check_apart(listing, paths, key, other, its_paths):
    """Refuse a participant whose map is that of another input too."""
    for row, line, path, its_path in zip(listing.rows, listing.lines, paths, its_paths, strict=True):
        if path is not None and its_path is not None and _identity(path) == _identity(its_path):
            raise UserError(
                f"{key}: {path} of {row[ID]} (line {line} of {listing.path}) is the map of the input {other} too. "
                "Expected a map of its own for each input: correct the path, or leave one input out."
            )


def _identity(path):
    """Return what all paths to one map have in common, through any links and for both files of a pair."""
    if item_of(path)[1] is not None:
        return path
    path = next(iter(partners(path)), path) if HEMI in path else path
    stem, extension = os.path.splitext(path)
    if extension.lower() == ".hdr":
        path = next((stem + e for e in (".img", ".IMG") if os.path.exists(stem + e)), path)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return path
    return status.st_dev, status.st_ino


def check_outside(listing: Listing, paths: list[str | None], results: str | os.PathLike) -> None:
    """Raise a `UserError` for a map among the results that are made from it."""
    for row, line, path in zip(listing.rows, listing.lines, paths, strict=True):
        if path is not None and lies_below(path, results):
            raise UserError(
                f"{listing.path}: the map of {row[ID]} (line {line}), {path}, lies among this run's own results, "
                f"{results}, which are deleted and made again. Expected a place outside: copy the maps there, or "
                "choose another folder for results."
            )
