"""The participants table as a data frame with numbers where columns hold numbers."""

import re

import numpy as np
import pandas as pd

from permaps.inputs.tables import ID, MAP, REASON, read_rows
from permaps.workflow.errors import UserError, listed, nearest

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_TEXT = (ID, MAP, REASON)


def read_participants(path):
    """Read a participants table that Permaps wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    pandas.DataFrame
        One row per participant in the file's order. A column is numeric when all its values are
        numbers, and text otherwise; participant_id and map are always text. Missing is NaN.
    """
    columns, rows, _ = read_rows(path)
    values = {c: pd.Series([row[c] for row in rows], dtype=object) for c in columns}
    for column in columns:
        if column not in _TEXT and _is_numeric(values[column]):
            values[column] = pd.to_numeric(values[column])
    return pd.DataFrame(values, columns=columns)  # at once: a table that changes column by column is slow


def _is_numeric(values):
    present = values.dropna()
    return len(present) > 0 and all(map(is_number, present))


def is_number(text):
    """Tell whether `text` is a finite decimal number; unlike for float(), 1_000 and inf are not."""
    return _NUMBER.fullmatch(text) is not None and bool(np.isfinite(float(text)))


def write_participants(frame, path):
    """Write a participants table as TSV, with n/a for what is missing."""
    frame.to_csv(path, sep="\t", index=False, na_rep="n/a", lineterminator="\n", encoding="utf-8")


def check_variates(participants, variates):
    """Refuse variates that do not exist, or that are numbers but for a few values.

    One "abc" among numbers would turn the column into a category with a level per number.

    Parameters
    ----------
    participants : pandas.DataFrame
    variates : dict of str to str
        Each column that the model or the query uses, with the config key that names it.

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
        number = column.map(is_number)
        comma = column.map(lambda text: _DECIMAL_COMMA.fullmatch(text) is not None)
        if (number | comma).sum() * 2 <= len(column):
            continue
        row = column.index[~number][0]
        hint = " Write numbers with a decimal point, not a comma." if comma[row] else ""
        most = f", though {number.sum()} of {len(column)} values are" if number.any() else ""
        raise UserError(
            f"{key}: '{column[row]}' in column '{name}' of participant '{participants[ID][row]}' (row "
            f"{row + 1} below the header) is not a number{most}.{hint} "
            "Mend the value, or write n/a where it is missing."
        )
