"""The participants table as a data frame with numbers where columns hold numbers."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from permaps.tables.ids import PERSON
from permaps.tables.stand_ins import is_sure
from permaps.tables.text import ID, MAP, REASON, is_number, read_rows
from permaps.workflow.errors import UserError, listed, nearest

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
# Meant as numbers, in digits of another script or with the minus or the dash of typography.
_OTHER_DIGITS = re.compile(r"[+\u2010-\u2015\u2212-]?\d+([.,\u066b]\d+)?")
_TEXT = (ID, MAP, REASON)


def read_participants(path: str | Path) -> pd.DataFrame:
    """Read a participants table that Permaps wrote.

    Returns
    -------
    pandas.DataFrame
        One row per participant in the file's order. A column is numeric when all its values are
        numbers, and text otherwise; participant_id and map are always text, and so is who has several maps, in
        person. Missing is NaN.
    """
    columns, rows, _ = read_rows(path)
    return as_frame(columns, rows)


def as_frame(columns: list[str], rows: list[dict]) -> pd.DataFrame:
    """Return rows of text as a data frame; see `read_participants`."""
    values = {c: pd.Series([row[c] for row in rows], dtype=object) for c in columns}
    text = (*_TEXT, PERSON) if _are_of_people(columns, rows) else _TEXT
    for column in columns:
        if column not in text and _is_numeric(values[column]):
            values[column] = pd.to_numeric(values[column])
    return pd.DataFrame(values, columns=columns)  # at once: a table that changes column by column is slow


def _are_of_people(columns, rows):
    """Tell whether `person` is a part of the ids, as `with_ids` makes both: 1 of 1_pre is a name, as 1_pre is."""
    return PERSON in columns and all((row[ID] or "").startswith(f"{row[PERSON]}_") for row in rows)


def _is_numeric(values):
    present = values.dropna()
    return len(present) > 0 and all(map(is_number, present))


def check_variates(
    participants: pd.DataFrame, variates: dict[str, str], labels: Collection[str] = frozenset()
) -> None:
    """Refuse variates that do not exist, or that are neither numbers nor names.

    One "abc" among numbers would turn the column into a category with a level per number, and one "." among
    names into a group of those without one.

    Parameters
    ----------
    participants : pandas.DataFrame
    variates : dict of str to str
        Each column that the model or the query uses, with the config key that names it.
    labels : collection of str
        Columns whose values are names even if they look like numbers.

    Raises
    ------
    UserError
        With the column, the participant and the value.
    """
    for name, key in variates.items():
        if name not in participants:
            known = [c for c in participants if c not in (MAP, REASON)]
            raise UserError(
                f"{key}: there is no column '{name}' in the participants table{nearest(name, known) or '.'} "
                f"The columns are: {listed(known)}."
            )
        column = participants[name].dropna()
        if name in _TEXT or pd.api.types.is_numeric_dtype(column):
            continue
        if (sure := column.map(is_sure)).any():
            row = column.index[sure][0]
            raise UserError(
                f"{key}: '{column[row]}' in column '{name}' of participant '{participants[ID][row]}' (row "
                f"{row + 1} below the header) stands for a missing value, and would be taken for a group or a name "
                f"({sure.sum()} of {len(column)} values are such). Write n/a where a value is missing, or rename it."
            )
        if name not in labels:
            _check_unmixed(column, participants[ID], key)


def _check_unmixed(column, ids, key):
    """Refuse a column with both numbers and names."""
    number = column.map(is_number)
    if number.all():  # the people of ids, whose names are numbers
        return
    comma = column.map(lambda text: _DECIMAL_COMMA.fullmatch(text) is not None)
    other = ~number & column.map(lambda text: _OTHER_DIGITS.fullmatch(text) is not None)
    # To a formula a column is either numbers or names; numbers of blocks and sites may be names in part.
    of_formula = key == "model.formula"
    if (number | other).sum() <= (0 if of_formula else len(column) // 2):
        return
    row = column.index[~number][0]
    hint = ""
    if comma[row]:
        hint = " Write numbers with a decimal point, not a comma."
    elif other[row]:
        hint = " Write numbers in the digits 0 to 9, with - for a minus."
    most = f", though {number.sum()} of {len(column)} values are" if number.any() else ""
    names = f"; C({column.name}) in the formula takes all of them as names" if of_formula else ""
    raise UserError(
        f"{key}: '{column[row]}' in column '{column.name}' of participant '{ids[row]}' (row {row + 1} below the "
        f"header) is not a number{most}.{hint} Correct the value, or write n/a where it is missing{names}."
    )


def people(
    participants: pd.DataFrame, rows: Sequence[int] | np.ndarray | None, columns: Collection[str]
) -> str:
    """Say how many participants something is true of, and what the first of them has in these columns.

    Parameters
    ----------
    participants : pandas.DataFrame
    rows : sequence of int, or None
        Their positions, shape (n,); None if it is true of everyone.
    columns : collection of str

    Returns
    -------
    str
        Such as " for 2 of 20 participants, the first sub-03 (age 0)".
    """
    if rows is None:
        return ""
    first = participants.iloc[rows[0]]
    values = ", ".join(f"{name} {first[name]}" for name in sorted(columns))
    who = first[ID] if ID in participants else f"in row {rows[0] + 1}"
    return f" for {len(rows)} of {len(participants)} participants, the first {who} ({values})"
