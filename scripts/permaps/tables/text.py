"""Tables as text: reading and writing them, and who the participants in them are.

This module imports only the standard library, because rules read tables whenever the Snakefile is
parsed. Values stay text, as they are in the file, so ids keep their leading zeros.
"""

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from permaps.tables.spreadsheets import read_sheet
from permaps.workflow.errors import UserError, listed, nearest
from permaps.workflow.jobs import written_whole
from permaps.workflow.paths import no_file

MISSING = frozenset({"", "n/a", "N/A", "NA", "NaN", "nan"})
ID = "participant_id"
MAP = "map"
REASON = "reason"
# In bytes: enough for a hundred thousand participants with a hundred columns.
LARGEST = 2**28
# Every job reads the table, so each column costs time in each job.
MOST_COLUMNS = 10_000
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
                f"{path}: line {line} has {len(fields)} values, the header has {len(columns)} columns "
                f"({listed(columns, most=5)}). "
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
    if instead := no_file(path):
        raise UserError(f"{path}: is {instead}; expected a file. {advice}")
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
    if len(columns) == 1 and len(words := columns[0].split()) > 1:
        raise UserError(
            f"{path}: found one column, '{columns[0]}'. Expected columns separated by tabs, commas or semicolons"
            f"{', not by spaces' if ID in words else ''}: save the table as TSV or CSV."
        )
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
            raise UserError(
                f"{path}: line {line} has no {ID}: it is empty, or n/a, NA, NaN or the like, which stand for nothing."
            )
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


def map_column(name: str) -> str:
    """Return the column with the paths of the maps of an input, "" for the only one, or of a covariate."""
    return f"{MAP}_{name}" if name else MAP


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
    write_cells(path, columns, ([row[c] for c in columns] for row in rows))


def write_cells(path: str | Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write what `write_rows` does, of rows that are sequences: names of columns may then be alike."""
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(map(inert, header))
        writer.writerows([["n/a" if cell is None else inert(cell) for cell in row] for row in rows])
