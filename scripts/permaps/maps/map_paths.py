"""Where the maps of participants are, by the columns of a table or a pattern; and which files a map consists of.

Imported whenever the Snakefile is parsed, as `permaps.tables.text` is.
"""

import glob
import os
import re
from pathlib import Path

from permaps.tables.text import ID
from permaps.workflow.errors import UserError, listed, nearest

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Where the name of a file says which hemisphere it has. In a table, a path keeps the placeholder: a map then
# consists of a file for each.
HEMI = "{hemi}"
HEMISPHERES = (("lh", "rh"), ("L", "R"))
_SIDE = re.compile(r"(?:^|[._-])(lh|rh|L|R)(?=[._-])")
# Endings of CIFTI files with grayordinates, and with parcels. Only the first of each is analysed, as a message says
# of the others.
DENSE = (".dscalar.nii", ".dtseries.nii", ".dlabel.nii", ".dconn.nii", ".pdconn.nii", ".dpconn.nii")
PARCELLATED = (".pscalar.nii", ".ptseries.nii", ".plabel.nii")
CONNECTOME = ".pconn.nii"
# One volume of a file with several, counted from 0.
_ITEM = re.compile(r"(.+)\[(\d+)\]", re.S)
# Endings of files with volumes, whatever else their names say.
VOLUMES = (".nii", ".nii.gz", ".img", ".hdr")
# Text like this is meant as a file, not as the name of a column.
_FILE = re.compile(r"/|\.(nii|gz|img|hdr|gii|mgh|mgz|csv|tsv|npy)$", re.I)


def map_paths(
    columns: list[str],
    rows: list[dict],
    table: str | Path,
    maps: str,
    key: str = "dataset.maps",
    folder: str | Path | None = None,
) -> list[str | None]:
    """Return every row's map as an absolute path.

    Parameters
    ----------
    columns, rows
        As `read_rows` gives them.
    table : path
        The table's file, for messages.
    maps : str
        A column name; a pattern with {column} placeholders, where {hemi} stands for both hemispheres unless it
        is a column, and * for anything within a name; or a file with a map per row, with {hemi} one for each
        hemisphere.
    key : str
        The config key of `maps`, for messages.
    folder : path, optional
        Relative paths start from it; by default, the table's.

    Returns
    -------
    list of (str or None)
        None if the row names no map, or has no value for a column of the pattern.

    Raises
    ------
    UserError
        If the column, or the column of a placeholder, does not exist; or there is no file with a map per row.
    """
    folder = Path(table).parent if folder is None else Path(folder)
    if (series := series_file(columns, folder, maps)) is not None:
        return [f"{series}[{i}]" for i in range(len(rows))]
    names = _PLACEHOLDER.findall(maps) if "{" in maps and maps not in columns else [maps]
    names = [name for name in names if name in columns or name != HEMI[1:-1]] or [maps]
    for name in names:
        if name not in columns:
            raise UserError(_without_column(name, columns, table, maps, key, folder))
    paths = []
    for row in rows:
        if any(row[name] is None for name in names):
            paths.append(None)
        elif names == [maps]:
            paths.append(os.path.abspath(folder / row[maps]))
        else:
            # Not str.format: a placeholder must be the name of a column, and nothing that is evaluated.
            path = _PLACEHOLDER.sub(lambda m, row=row: row.get(m[1], m[0]), maps)
            paths.append(os.path.abspath(folder / path))
            if "*" in maps:
                wild = _PLACEHOLDER.sub(lambda m, row=row: glob.escape(row.get(m[1], m[0])), _literal(maps))
                paths[-1] = _only_file(paths[-1], os.path.abspath(folder / wild), key, row.get(ID))
    return paths


def _without_column(name, columns, table, maps, key, folder):
    """Say that a column is missing, or the file that was meant."""
    if name == maps and (looked := _missing_file(folder, maps)):
        return (
            f"{key}: there is no file {looked}, nor a column of that name in {table}. Expected a file with a "
            f"map per row, a path with {{column}} placeholders, or a column: {listed(columns)}."
        )
    return (
        f"{table}: {key} asks for a column '{name}', which is not there"
        f"{nearest(name, columns) or '.'} The columns are: {listed(columns)}. "
        f"{key} is a column, a path with {{column}} placeholders, or a file with a map per row."
    )


def _missing_file(folder, maps):
    """Return where a file was looked for, with the nearest one there; "" for what is no name of a file."""
    if not _FILE.search(maps):
        return ""
    path = os.path.abspath(folder / maps)
    return path + where_lost(path).removesuffix(".").removesuffix("?")


def where_lost(path: object) -> str:
    """Return what follows the path of a file that is not there: that its folder is not, or the name nearest to it."""
    if not isinstance(path, str):
        return "."
    if os.path.isdir(path):
        return " (it is a folder: dataset.entities finds images in one)."
    there, name = os.path.split(path)
    if not os.path.isdir(there):
        return f" (the folder {there} does not exist)."
    try:
        return nearest(name, sorted(os.listdir(there))) or "."
    except OSError:  # one may not look into it
        return "."


def _literal(maps):
    """Return a pattern in which * alone has a meaning."""
    return maps.replace("[", "[[]").replace("?", "[?]")


def _only_file(path, pattern, key, who):
    """Return the one file of a pattern with *, or the pattern's own path if there is none."""
    files = sorted(_of_hemispheres(pattern) if HEMI in pattern else glob.glob(pattern))
    # Both files of a pair are one map, and SPM's .mat beside it is none.
    pairs = {os.path.splitext(file)[0] for file in files if file.lower().endswith(".img")}
    files = [
        file
        for file in files
        if not (file.lower().endswith((".hdr", ".mat")) and os.path.splitext(file)[0] in pairs)
    ]
    if len(files) > 1:
        raise UserError(
            f"{key}: {len(files)} files of {who} fit {path}: {listed(files, 3, 200)}. Expected one: write out what "
            "differs, with * for what alone may differ between participants."
        )
    return files[0] if files else path


def _of_hemispheres(pattern):
    """Return what fits a pattern with {hemi} and *, as paths with {hemi}: * is the same for both hemispheres."""
    parts = [re.sub(r"\[(.)\]", r"\1", part) for part in re.split(r"(?<!\[)\*(?!\])", pattern)]
    for pair in HEMISPHERES:
        stars = set()
        for name in pair:
            like = re.compile("(.*)".join(re.escape(part.replace(HEMI, name)) for part in parts), re.S)
            files = glob.glob(pattern.replace(HEMI, name))
            stars |= {match.groups() for file in files if (match := like.fullmatch(file))}
        if stars:
            return ["".join(map("".join, zip(parts, (*groups, ""), strict=True))) for groups in stars]
    return []


def series_file(columns: list[str], folder: str | Path, maps: str) -> str | None:
    """Return the file with a map per row that `maps` is, or None if it is a column or a pattern.

    Its path has {hemi} if there is a file for each hemisphere.
    """
    if maps in columns or {*_PLACEHOLDER.findall(maps)} - ({HEMI[1:-1]} - {*columns}):
        return None
    path = os.path.abspath(Path(folder) / maps)
    return path if any(map(os.path.isfile, hemisphere_files(path).values())) else None


def item_of(path: str) -> tuple[str, int | None]:
    """Return the file of a map, and which of those in it the map is: None for the only one."""
    match = None if os.path.lexists(path) else _ITEM.fullmatch(path)
    return (match[1], int(match[2])) if match else (path, None)


def side_of(path: str) -> str | None:
    """Return the hemisphere that the name of a file says: "L" or "R", or None."""
    sides = _SIDE.findall(os.path.basename(path))
    return {"l": "L", "r": "R"}[sides[-1][0].lower()] if sides else None


def on_a_surface(path: str) -> bool:
    """Tell whether the name of a file says that its values are those of vertices."""
    name, _ = item_of(path)
    if HEMI in name or name.lower().endswith(".gii"):
        return True
    # FreeSurfer has one format for volumes and surfaces, and names without an ending.
    return not name.lower().endswith(VOLUMES) and side_of(name) is not None


def hemisphere_files(path: str) -> dict[str | None, str]:
    """Return the existing files of hemispheres by "L" and "R"; a path without {hemi} is one file."""
    path, _ = item_of(path)
    if HEMI not in path:
        return {side_of(path): path}
    for pair in HEMISPHERES:
        named = {side: path.replace(HEMI, name) for side, name in zip("LR", pair, strict=True)}
        if existing := {side: file for side, file in named.items() if os.path.lexists(file)}:
            return existing
    return {}


def partners(path: str) -> list[str]:
    """Return the paths of the files that a map may consist of: both of an Analyze pair, or both hemispheres."""
    if HEMI in path:
        return list(hemisphere_files(path).values())
    path, _ = item_of(path)
    stem, extension = os.path.splitext(path)
    if extension.lower() in (".img", ".hdr"):
        return [stem + e for e in (".img", ".hdr", ".mat", ".IMG", ".HDR")]
    return [path]
