"""Tables as text: who the participants are and where their maps lie.

Only the standard library is imported, since rules read a table's map paths whenever the Snakefile is
parsed. Values stay the text they are in the file, so ids keep their leading zeros.
"""

import csv
import io
import os
import re
from pathlib import Path

from permaps.workflow.errors import UserError, nearest

MISSING = frozenset({"", "n/a", "N/A", "NA", "NaN", "nan"})
ID = "participant_id"
MAP = "map"
REASON = "reason"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def read_rows(path):
    """Read a TSV or CSV file as text.

    Tab, comma or semicolon: the one that splits the header into most columns, with the extension's own
    as the first choice. A byte order mark, Windows line ends and quoted fields are understood.

    Parameters
    ----------
    path : path

    Returns
    -------
    columns : list of str
    rows : list of dict
        Column name to text, or to None where the value is missing.
    lines : list of int
        The line of the file on which each row ends, for messages.

    Raises
    ------
    UserError
        When the file cannot be read, or is no table.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, Path(path)), strict=True)
    try:
        numbered = [([f.strip() for f in fields], reader.line_num) for fields in reader]
    except csv.Error as error:
        raise UserError(
            f"{path}: line {reader.line_num}: {error}. "
            "Is a quotation mark left open? A quoted value ends with the same mark."
        ) from None
    numbered = [(fields, line) for fields, line in numbered if any(fields)]
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


def _text(path):
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', error)}).") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: byte {error.start} is not UTF-8 text. Save the table as TSV or CSV in UTF-8 "
            "(a spreadsheet file such as .xlsx has to be exported)."
        ) from None
    if "\0" in text:
        raise UserError(f"{path}: holds zero bytes, so it is no text table. Save it as TSV or CSV in UTF-8.")
    return text


def _delimiter(text, path):
    header = next((line for line in text.splitlines() if line.strip()), "")
    candidates = [",", ";", "\t"] if path.suffix.lower() == ".csv" else ["\t", ",", ";"]
    # max() takes the first of equals: the extension decides where the content does not.
    return max(candidates, key=lambda delimiter: _n_columns(header, delimiter))


def _n_columns(header, delimiter):
    try:
        return len(next(csv.reader([header], delimiter=delimiter)))
    except csv.Error:  # a field of more than 128 kB: told when the rows are read
        return 0


def _check_header(columns, path):
    for number, name in enumerate(columns, 1):
        if not name:
            raise UserError(f"{path}: column {number} has no name in the header. Name or remove it.")
        if columns.index(name) != number - 1:
            raise UserError(f"{path}: column '{name}' is there twice. Rename or remove one.")


def check_participants(columns, rows, lines, path):
    """Refuse a table whose rows cannot be told apart by `participant_id`.

    Ids that differ in case or in leading zeros alone are refused too: on some file systems, and in
    most spreadsheets, they are the same.

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
            f"The columns are: {', '.join(columns)}. Give every participant an id in a column '{ID}'."
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
                "Every participant needs one row and an id of its own."
            )
        seen[key] = name, line


def covariate_column(name):
    """Return the column that holds the paths of a covariate's maps."""
    return f"{MAP}_{name}"


def map_paths(columns, rows, table, maps, key="dataset.maps"):
    """Return every row's map as an absolute path.

    Parameters
    ----------
    columns, rows
        As `read_rows` gives them.
    table : path
        The table's file; relative paths start from its folder.
    maps : str
        A column name, or a pattern with {column} placeholders.
    key : str
        The config key that says so, for messages.

    Returns
    -------
    list of (str or None)
        None where the row names no map, or lacks a value that the pattern needs.

    Raises
    ------
    UserError
        When the column, or a placeholder's column, does not exist.
    """
    names = _PLACEHOLDER.findall(maps) if "{" in maps and maps not in columns else [maps]
    for name in names:
        if name not in columns:
            raise UserError(
                f"{table}: {key} asks for a column '{name}', which is not there"
                f"{nearest(name, columns) or '.'} The columns are: {', '.join(columns)}. "
                f"{key} is a column, or a path with {{column}} placeholders."
            )
    folder = Path(table).parent
    paths = []
    for row in rows:
        if any(row[name] is None for name in names):
            paths.append(None)
        elif names == [maps]:
            paths.append(os.path.abspath(folder / row[maps]))
        else:
            # Not str.format: a placeholder must be a column's name and nothing that is evaluated.
            paths.append(os.path.abspath(folder / _PLACEHOLDER.sub(lambda m, row=row: row[m[1]], maps)))
    return paths


def check_maps(rows, lines, paths, table):
    """Refuse a table that gives two participants the same file.

    Parameters
    ----------
    rows, lines
        As `read_rows` gives them.
    paths : list of (str or None)
        As `map_paths` gives them.
    table : path
        For messages.

    Raises
    ------
    UserError
        With the lines of both.
    """
    seen = {}
    for row, line, path in zip(rows, lines, paths, strict=True):
        if path is None:
            continue
        if path in seen:
            first, first_line = seen[path]
            raise UserError(
                f"{table}: {first} and {row[ID]} (lines {first_line} and {line}) have the same map, {path}. "
                "Every participant needs a map of their own: mend the path, or dataset.maps, or remove a row."
            )
        seen[path] = row[ID], line


def map_files(table, maps):
    """Return the files that a table's maps consist of, as far as they can be read, for a rule's input.

    Both files of an Analyze pair are listed. Errors are left to the job that reads the table, which
    can tell them better; braces would be wildcards to Snakemake, so such a path is not listed.
    """
    try:
        columns, rows, _ = read_rows(table)
        paths = map_paths(columns, rows, table, maps)
    except UserError:
        return []
    listed = dict.fromkeys(file for path in paths if path for file in with_partners(path))
    listed = [file for file in listed if not set(file) & set("{}\n\r") and os.path.isfile(file)]
    # Snakemake itself would end over one that it cannot read: it takes checksums of its inputs.
    return [file for file in listed if os.access(file, os.R_OK)]


def with_partners(path):
    """Return the files that an image may consist of: an Analyze pair is several, of which not all need exist."""
    stem, extension = os.path.splitext(path)
    if extension.lower() in (".img", ".hdr"):
        return [stem + e for e in (".img", ".hdr", ".mat", ".IMG", ".HDR")]
    return [path]


def write_rows(path, columns, rows):
    """Write rows as TSV with n/a for None; quoted only where a value holds a tab or line end.

    Parameters
    ----------
    path : path
    columns : sequence of str
    rows : list of dict
        Column name to text or number.
    """
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["n/a" if row[c] is None else row[c] for c in columns] for row in rows])
