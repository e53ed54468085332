"""Maps in the columns of a table: which of its rows and columns they are.

Imported whenever the Snakefile is parsed, as `permaps.tables.text` is.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path

from permaps.tables.text import ID, read_rows
from permaps.workflow.errors import UserError, listed, nearest


def rows_of_values(path: str | Path, names: Sequence[str]) -> list[str]:
    """Return where the values of each participant are: the table, and in brackets the number of the row from 0.

    Parameters
    ----------
    path : path
        Table with the ids in participant_id, or else in its first column, as in the tables that FreeSurfer's
        aparcstats2table writes.
    names : sequence of str
        Ids of the participants. One that the table does not have gets a row that is not there.
    """
    columns, rows, lines = read_rows(path)
    key = ID if ID in columns else columns[0]
    number = {}
    for i, (row, line) in enumerate(zip(rows, lines, strict=True)):
        if row[key] in number:
            raise UserError(
                f"dataset.values: {path}: {key} '{row[key]}' is there twice (again on line {line}); expected one row "
                "for each participant."
            )
        number[row[key]] = i
    beyond = count(len(rows))
    return [f"{path}[{number[name] if name in number else next(beyond)}]" for name in names]


def chosen_columns(columns: Sequence[str], patterns: Sequence[str], path: str | Path) -> list[str]:
    """Return the columns that one of some patterns with * and ? fits, in their order.

    Raises
    ------
    UserError
        If a pattern fits none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(column, pattern) for column in columns):
            raise UserError(
                f"dataset.maps: no column of {path} fits '{pattern}'{nearest(pattern, columns) or '.'} The columns "
                f"are: {listed(columns)}. Expected columns, in which * stands for anything."
            )
    return [column for column in columns if any(fnmatchcase(column, pattern) for pattern in patterns)]
