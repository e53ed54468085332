"""Tables as text: who the participants are and where their maps are.

This module imports only the standard library, because rules read the paths of maps whenever the Snakefile is
parsed. Values stay text, as they are in the file, so ids keep their leading zeros.
"""

import csv
import glob
import io
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from permaps.inputs.spreadsheets import read_sheet
from permaps.workflow.errors import UserError, listed, nearest
from permaps.workflow.paths import lies_below, no_file

MISSING = frozenset({"", "n/a", "N/A", "NA", "NaN", "nan"})
ID = "participant_id"
MAP = "map"
REASON = "reason"
# In bytes: enough for a hundred thousand participants with a hundred columns.
LARGEST = 2**28
# Every job reads the table, so each column costs time in each job.
MOST_COLUMNS = 10_000
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Where the name of a file says which hemisphere it has. In a table, a path keeps the placeholder: a map then
# consists of a file for each.
HEMI = "{hemi}"
HEMISPHERES = (("lh", "rh"), ("L", "R"))
_SIDE = re.compile(r"(?:^|[._-])(lh|rh|L|R)(?=[._-])")
# Of CIFTI files with a value for each grayordinate.
DENSE = (".dscalar.nii", ".dtseries.nii")
# One volume of a file with several, counted from 0.
_ITEM = re.compile(r"(.+)\[(\d+)\]", re.S)
# What is meant as a file, not as the name of a column.
_FILE = re.compile(r"/|\.(nii|gz|img|hdr|gii|mgh|mgz|csv|tsv|npy)$", re.I)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SAVE = "Save the table as TSV or CSV in UTF-8 (a spreadsheet has to be exported, or to be called .xlsx)."
_SPREADSHEETS = (".xlsx", ".xlsm")
_OTHER = dict.fromkeys(
    (".xls", ".ods", ".numbers"), f"a spreadsheet file that cannot be read here. {_SAVE}"
) | {
    ".mat": "no table. Of the SPM.mat of a second level, docs/from-spm.md has the lines that write its files and its "
    "design as a table; a design.mat of FSL is read with dataset.source: fsl.",
}
# First characters of cells that a spreadsheet evaluates, including the full-width ones.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def read_rows(path: str | Path) -> tuple[list[str], list[dict], list[int]]:
    """Read a TSV or CSV file as text, or the first sheet of a spreadsheet.

    The separator is tab, comma or semicolon: the one that splits the header into most columns, or that of the
    extension if there is a tie. A byte order mark, Windows line ends and quoted fields are allowed, and decimal
    commas where semicolons separate.

    Parameters
    ----------
    path : path

    Returns
    -------
    columns : list of str
    rows : list of dict
        Column name to text, or to None for a missing value.
    lines : list of int
        The line of the file on which each row ends, for messages.

    Raises
    ------
    UserError
        If the file cannot be read, or is no table.
    """
    if (ending := Path(path).suffix.lower()) in _OTHER:
        raise UserError(f"{path}: is {_OTHER[ending]}")
    if ending in _SPREADSHEETS:
        numbered = [(fields, line) for fields, line in read_sheet(path) if any(fields)]
    else:
        numbered = _read_fields(path)
    if not numbered:
        raise UserError(f"{path}: the table is empty; expected a header and one row per participant.")
    columns = numbered[0][0]
    _check_header(columns, path)
    rows, lines = [], []
    for fields, line in numbered[1:]:
        if len(fields) != len(columns):
            raise UserError(
                f"{path}: line {line} has {len(fields)} values, the header has {len(columns)} columns. "
                "Quote values that hold the delimiter, and write n/a where a value is missing."
            )
        rows.append({c: None if v in MISSING else v for c, v in zip(columns, fields, strict=True)})
        lines.append(line)
    return columns, rows, lines


def _read_fields(path):
    """Return the fields and the line of each row of a text table."""
    text = read_text(path, _SAVE)
    delimiter = _delimiter(text, Path(path))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        numbered = [([f.strip() for f in fields], reader.line_num) for fields in reader]
        numbered = [(fields, line) for fields, line in numbered if any(fields)]
    except csv.Error as error:
        raise UserError(
            f"{path}: line {reader.line_num}: {error}. "
            "Is a quotation mark left open? A quoted value ends with the same mark."
        ) from None
    # Where semicolons separate, commas are those of decimals: so spreadsheets save tables in half of Europe.
    return _with_points(numbered) if delimiter == ";" else numbered


def _with_points(numbered):
    """Write numbers with a decimal point in the columns that have nothing but numbers, some with a comma."""
    values = {}
    for fields, _ in numbered[1:]:
        for i, value in enumerate(fields):
            if value not in MISSING:
                values.setdefault(i, []).append(value)
    commas = {
        i
        for i, column in values.items()
        if any("," in value for value in column) and all(is_number(_pointed(value)) for value in column)
    }
    return [
        ([_pointed(value) if i in commas and row else value for i, value in enumerate(fields)], line)
        for row, (fields, line) in enumerate(numbered)
    ]


def _pointed(value):
    return value.replace(",", ".") if "." not in value else value


def read_text(path: str | Path, advice: str) -> str:
    """Return the text of a file, with `advice` in the message if it has none that can be read."""
    if found := no_file(path):
        raise UserError(f"{path}: is {found}; expected a file. {advice}")
    try:
        if (size := os.path.getsize(path)) > LARGEST:
            raise UserError(
                f"{path}: has {size / 2**20:,.0f} MiB; expected a table of one row per participant, of at most "
                f"{LARGEST / 2**20:,.0f}. Is it another file? Else keep the columns that are needed."
            )
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', error)}).") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: byte {error.start} is not UTF-8 text. {advice}") from None
    if "\0" in text:
        raise UserError(f"{path}: holds zero bytes, so it is no text. {advice}")
    return text


def _delimiter(text, path):
    header = next((line for line in text.splitlines() if line.strip()), "")
    candidates = [",", ";", "\t"] if path.suffix.lower() == ".csv" else ["\t", ",", ";"]
    # max() takes the first of equal ones, so the extension decides if the content does not.
    return max(candidates, key=lambda delimiter: _n_columns(header, delimiter))


def _n_columns(header, delimiter):
    try:
        return len(next(csv.reader([header], delimiter=delimiter)))
    except csv.Error:  # a field of more than 128 kB: reported when the rows are read
        return 0


def _check_header(columns, path):
    if len(columns) > MOST_COLUMNS:
        raise UserError(
            f"{path}: has {len(columns):,} columns; expected at most {MOST_COLUMNS:,}: a row per participant, and a "
            "column for each of their variates. Is it turned on its side? Else keep the columns that are needed."
        )
    seen = set()
    for number, name in enumerate(columns, 1):
        if not name:
            raise UserError(f"{path}: column {number} has no name in the header. Name or remove it.")
        if name in seen:
            raise UserError(f"{path}: column '{name}' is there twice. Rename or remove one.")
        seen.add(name)


def check_participants(columns: list[str], rows: list[dict], lines: list[int], path: str | Path) -> None:
    """Raise an error for a table whose rows cannot be distinguished by `participant_id`.

    Ids that differ only in case or in leading zeros are errors too, because on some file systems and in most
    spreadsheets they are the same.

    Parameters
    ----------
    columns, rows, lines
        As `read_rows` gives them.
    path : path
        The table, for messages.

    Raises
    ------
    UserError
        With the line of the row in question.
    """
    if ID not in columns:
        raise UserError(
            f"{path}: there is no column '{ID}'{nearest(ID, columns) or '.'} "
            f"The columns are: {listed(columns)}. Give every participant an id in a column '{ID}', or name the "
            "column in dataset.id."
        )
    if REASON in columns:
        raise UserError(
            f"{path}: the column name '{REASON}' is reserved for why a participant leaves. Rename it."
        )
    if not rows:
        raise UserError(f"{path}: there is a header but no participant.")
    seen = {}
    for row, line in zip(rows, lines, strict=True):
        name = row[ID]
        if name is None:
            raise UserError(f"{path}: line {line} has no {ID}.")
        key = re.sub(r"(?<![\d.])0+(?=\d)", "", name.casefold())
        if key in seen:
            first, first_line = seen[key]
            how = (
                "is there twice" if first == name else f"and '{first}' differ in case or leading zeros alone"
            )
            raise UserError(
                f"{path}: {ID} '{name}' {how} (lines {first_line} and {line}). "
                "Every participant needs one row and an id of its own; of a table with several maps of a person, "
                "dataset.id takes several columns, such as [subject, session]."
            )
        seen[key] = name, line


def map_column(name: str = "") -> str:
    """Return the name of the column with the paths of an input's maps."""
    return f"{MAP}_{name}" if name else MAP


def covariate_column(name: str) -> str:
    """Return the name of the column with the paths of a covariate's maps."""
    return f"{MAP}_{name}"


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
        is a column, and * for anything within a name; or a file with a volume per row.
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
        If the column, or the column of a placeholder, does not exist.
    """
    folder = Path(table).parent if folder is None else Path(folder)
    if (series := series_file(columns, folder, maps)) is not None:
        return [f"{series}[{i}]" for i in range(len(rows))]
    names = _PLACEHOLDER.findall(maps) if "{" in maps and maps not in columns else [maps]
    names = [name for name in names if name in columns or name != HEMI[1:-1]]
    for name in names:
        if name not in columns:
            if name == maps and (looked := _missing_file(folder, maps)):
                raise UserError(
                    f"{key}: there is no file {looked}, nor a column of that name in {table}. Expected a file with a "
                    f"volume per row, a path with {{column}} placeholders, or a column: {listed(columns)}."
                )
            raise UserError(
                f"{table}: {key} asks for a column '{name}', which is not there"
                f"{nearest(name, columns) or '.'} The columns are: {listed(columns)}. "
                f"{key} is a column, a path with {{column}} placeholders, or a file with a volume per row."
            )
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


def _missing_file(folder, maps):
    """Return where a file was looked for, with the nearest one there; "" for what is no name of a file."""
    if not _FILE.search(maps):
        return ""
    path = os.path.abspath(folder / maps)
    there, name = os.path.split(path)
    if not os.path.isdir(there):
        return f"{path} (the folder {there} does not exist)"
    return path + nearest(name, sorted(os.listdir(there))).removesuffix("?")


def _literal(maps):
    """Return a pattern in which * alone has a meaning."""
    return maps.replace("[", "[[]").replace("?", "[?]")


def _only_file(path, pattern, key, who):
    """Return the one file of a pattern with *, or the pattern's own path if there is none."""
    found = sorted(_of_hemispheres(pattern) if HEMI in pattern else glob.glob(pattern))
    # Both files of a pair are one map, and SPM's .mat beside it is none.
    pairs = {os.path.splitext(file)[0] for file in found if file.lower().endswith(".img")}
    found = [
        file
        for file in found
        if not (file.lower().endswith((".hdr", ".mat")) and os.path.splitext(file)[0] in pairs)
    ]
    if len(found) > 1:
        raise UserError(
            f"{key}: {len(found)} files of {who} fit {path}: {listed(found, 3, 200)}. Expected one: write out what "
            "differs, with * for what alone may differ between participants."
        )
    return found[0] if found else path


def _of_hemispheres(pattern):
    """Return what fits a pattern with {hemi} and *, as paths with {hemi}: * is the same for both hemispheres."""
    parts = [re.sub(r"\[(.)\]", r"\1", part) for part in re.split(r"(?<!\[)\*(?!\])", pattern)]
    for pair in HEMISPHERES:
        stars = set()
        for name in pair:
            like = re.compile("(.*)".join(re.escape(part.replace(HEMI, name)) for part in parts), re.S)
            files = glob.glob(pattern.replace(HEMI, name))
            stars |= {found.groups() for file in files if (found := like.fullmatch(file))}
        if stars:
            return ["".join(map("".join, zip(parts, (*found, ""), strict=True))) for found in stars]
    return []


def series_file(columns: list[str], folder: str | Path, maps: str) -> str | None:
    """Return the file with a volume per row that `maps` is, or None if it is a column or a pattern."""
    path = os.path.abspath(Path(folder) / maps)
    return path if "{" not in maps and maps not in columns and os.path.isfile(path) else None


def item_of(path: str) -> tuple[str, int | None]:
    """Return the file of a map, and which of its volumes the map is: None for the only one."""
    found = None if os.path.lexists(path) else _ITEM.fullmatch(path)
    return (found[1], int(found[2])) if found else (path, None)


def side_of(path: str) -> str | None:
    """Return the hemisphere that the name of a file says: "L" or "R", or None."""
    found = _SIDE.findall(os.path.basename(path))
    return {"l": "L", "r": "R"}[found[-1][0].lower()] if found else None


def hemisphere_files(path: str) -> dict[str | None, str]:
    """Return the files of the hemispheres that there are, by "L" and "R"; one of a path without {hemi}."""
    if HEMI not in path:
        return {side_of(path): path}
    for pair in HEMISPHERES:
        named = {side: path.replace(HEMI, name) for side, name in zip("LR", pair, strict=True)}
        if found := {side: file for side, file in named.items() if os.path.lexists(file)}:
            return found
    return {}


def check_maps(
    rows: list[dict],
    lines: list[int],
    paths: list[str | None],
    table: str | Path,
    key: str = "dataset.maps",
) -> None:
    """Raise an error for a table that gives two participants the same file.

    Parameters
    ----------
    rows, lines
        As `read_rows` gives them.
    paths : list of (str or None)
        As `map_paths` gives them.
    table : path
        For messages.
    key : str
        The config key of the maps, for messages.

    Raises
    ------
    UserError
        With the lines of both.
    """
    seen = {}
    for row, line, path in zip(rows, lines, paths, strict=True):
        if path is None:
            continue
        file = _identity(path)
        if file in seen:
            first, first_line, its_path = seen[file]
            linked = "" if its_path == path else f" (a link: it is the file of {its_path})"
            raise UserError(
                f"{table}: {first} and {row[ID]} (lines {first_line} and {line}) have the same map, {path}{linked}. "
                "Every participant needs a map of their own: mend the path, or {key}, or remove a row."
            )
        seen[file] = row[ID], line, path


def check_apart(
    rows: list[dict],
    lines: list[int],
    paths: list[str | None],
    others: list[str | None],
    table: str | Path,
    key: str,
    other: str,
) -> None:
    """Raise an error for a table that gives a participant the same file for two inputs.

    Parameters
    ----------
    rows, lines
        As `read_rows` gives them.
    paths, others : list of (str or None)
        Of both inputs, as `map_paths` gives them.
    table : path
        For messages.
    key, other : str
        The config key of the input, and the name of the other one.

    Raises
    ------
    UserError
        With the line of the first.
    """
    for row, line, path, its_other in zip(rows, lines, paths, others, strict=True):
        if path is not None and its_other is not None and _identity(path) == _identity(its_other):
            raise UserError(
                f"{key}: {path} of {row[ID]} (line {line} of {table}) is the map of the input {other} too. Expected "
                "a map of its own for each input: mend the path, or leave one input out."
            )


def _identity(path):
    """Return what all paths to one map have in common, through any links and for both files of a pair."""
    path = next(iter(partners(path)), path) if HEMI in path else path
    stem, extension = os.path.splitext(path)
    if extension.lower() == ".hdr":
        path = next((stem + e for e in (".img", ".IMG") if os.path.exists(stem + e)), path)
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return path
    return found.st_dev, found.st_ino


def check_outside(
    rows: list[dict], lines: list[int], paths: list[str | None], table: str | Path, results: str | Path
) -> None:
    """Raise an error for a table that names a map among the results that are made from it.

    Parameters
    ----------
    rows, lines
        As `read_rows` gives them.
    paths : list of (str or None)
        As `map_paths` gives them.
    table : path
        For messages.
    results : path
        The folder of the run's results.

    Raises
    ------
    UserError
        With the line of the first.
    """
    for row, line, path in zip(rows, lines, paths, strict=True):
        if path is not None and lies_below(path, results):
            raise UserError(
                f"{table}: the map of {row[ID]} (line {line}), {path}, lies among this run's own results, {results}, "
                "which are deleted and made again. Expected a place outside: copy the maps there, or choose another "
                "folder for results."
            )


def partners(path: str) -> list[str]:
    """Return the paths of the files that a map may consist of: both of an Analyze pair, or both hemispheres."""
    if HEMI in path:
        return list(hemisphere_files(path).values())
    path, _ = item_of(path)
    stem, extension = os.path.splitext(path)
    if extension.lower() in (".img", ".hdr"):
        return [stem + e for e in (".img", ".hdr", ".mat", ".IMG", ".HDR")]
    return [path]


def is_number(text: str) -> bool:
    """Tell whether `text` is a finite decimal number. Unlike for float(), 1_000 and inf are not."""
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def inert(value: object) -> object:
    """Return a value as it is written to a table that a spreadsheet may open.

    Text that a spreadsheet would read as a formula gets a space in front. Readers of the table remove it, as
    `read_rows` does, so the value does not change.
    """
    if isinstance(value, str) and _FORMULA.match(value) and not is_number(value):
        return f" {value}"
    return value


def write_rows(path: str | Path, columns: Sequence[str], rows: list[dict]) -> None:
    """Write rows as TSV, with n/a for None, and quotes only around values with a tab or line end.

    A spreadsheet evaluates none of the cells.

    Parameters
    ----------
    path : path
    columns : sequence of str
    rows : list of dict
        Column name to text or number.
    """
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(map(inert, columns))
        writer.writerows([["n/a" if row[c] is None else inert(row[c]) for c in columns] for row in rows])
