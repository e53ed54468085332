"""The design of a study: its matrix, blocks and variance groups, from the participants table."""

import numpy as np
import pandas as pd

from permaps.design.matrix import design_matrix
from permaps.design.tables import Design
from permaps.tables.text import is_number
from permaps.workflow.errors import UserError


def whole_design(
    table: pd.DataFrame,
    formula: str,
    voxelwise: list[str],
    block_columns: dict[str, str | list[str] | None],
    variance_groups: str | None,
) -> Design:
    """Return the design of a study.

    Parameters
    ----------
    table : pandas.DataFrame
        The participants.
    formula : str
    voxelwise : list of str
        Names of the covariates that are maps.
    block_columns : dict
        `within`, `whole` (a column's name or None each), `nested` (a list of names or None).
    variance_groups : str or None
        Column that names them.

    Raises
    ------
    UserError
        If a column is missing or unfit, or participants are too few.
    """
    names, matrix = design_matrix(table, formula, n_more=len(voxelwise))
    _check_covariates(voxelwise, names)
    names = [*names, *voxelwise]
    matrix = np.hstack([matrix, np.full((len(matrix), len(voxelwise)), np.nan)])
    blocks = {name: _levels(table, columns) for name, columns in block_columns.items()}
    groups = _levels(table, variance_groups)
    _check_groups(table, variance_groups, len(names))
    return Design(names, matrix, blocks, groups)


def _check_covariates(voxelwise, names):
    """Refuse covariates that are maps with the name of a column of the formula's design."""
    taken = [name for name in voxelwise if name in names]
    if taken:
        raise UserError(
            f"model.voxelwise: {taken[0]!r} is a column of the formula's design too, so a contrast could "
            "mean either. Expected names of their own for covariates that are maps: rename it, here and in "
            "the contrasts, or leave the column out of model.formula."
        )


def _levels(table, columns):
    """Return the blocks that a column names, or several nested ones, as whole numbers; None for none."""
    if columns is None:
        return None
    if isinstance(columns, list):
        return [_signed(table, c) for c in columns]
    return [int(i) for i in np.unique(table[columns].astype(str), return_inverse=True)[1]]


def _signed(table, column):
    # Names of people can be numbers too.
    values = [float(v) if isinstance(v, str) and is_number(v) else v for v in table[column]]
    wrong = [v for v in values if not isinstance(v, (int, float)) or v != int(v) or v == 0]
    if wrong:
        raise UserError(
            f"permutation.blocks.nested: column {column!r} holds {wrong[0]!r}. Expected whole numbers other "
            "than 0, positive where the parts of a block change places and negative where they stay."
        )
    return [int(v) for v in values]


def _check_groups(table, column, n_columns):
    """Refuse variance groups that are too small to estimate a variance each, beside a design of so many columns."""
    if column is None:
        return
    sizes = table[column].value_counts()
    if (len(sizes) > 1 and sizes.min() < 2) or len(sizes) > len(table) - n_columns:
        raise UserError(
            f"model.variance_groups: column {column!r} has groups of {', '.join(map(str, sizes))}. Expected "
            "groups large enough to estimate a variance each: two participants at the least, and more "
            "participants than design columns and groups together."
        )
