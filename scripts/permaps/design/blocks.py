"""Exchangeability blocks and variance groups, from columns of the participants table to numbers."""

import numpy as np
import pandas as pd

from permaps.workflow.errors import UserError


def levels(table: pd.DataFrame, columns: str | list[str] | None) -> list | None:
    """Return blocks as whole numbers, one per participant.

    Parameters
    ----------
    table : pandas.DataFrame
        The participants.
    columns : str, list of str or None
        The column that names the blocks; several are nested, from the outermost inwards, and hold whole numbers.

    Returns
    -------
    list of int, list of list of int, or None
        For one column, several, or none.
    """
    if columns is None:
        return None
    if isinstance(columns, list):
        return [_signed(table, c) for c in columns]
    return [int(i) for i in np.unique(table[columns].astype(str), return_inverse=True)[1]]


def _signed(table, column):
    wrong = [v for v in table[column] if not isinstance(v, (int, float)) or v != int(v) or v == 0]
    if wrong:
        raise UserError(
            f"permutation.blocks.nested: column {column!r} holds {wrong[0]!r}. Expected whole numbers other "
            "than 0, positive where the parts of a block change places and negative where they stay."
        )
    return [int(v) for v in table[column]]


def check_groups(table: pd.DataFrame, column: str | None, n_columns: int) -> None:
    """Refuse variance groups that are too small to estimate a variance each.

    Parameters
    ----------
    table : pandas.DataFrame
        The participants.
    column : str or None
        The column that names the groups.
    n_columns : int
        Columns of the design.
    """
    if column is None:
        return
    sizes = table[column].value_counts()
    if (len(sizes) > 1 and sizes.min() < 2) or len(sizes) > len(table) - n_columns:
        raise UserError(
            f"model.variance_groups: column {column!r} has groups of {', '.join(map(str, sizes))}. Expected "
            "groups large enough to estimate a variance each: two participants at the least, and more "
            "participants than design columns and groups together."
        )
