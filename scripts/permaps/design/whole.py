"""The design of a study: its matrix, blocks and variance groups, from the participants table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from permaps.design.blocks import check_groups, levels
from permaps.design.matrix import design_matrix
from permaps.design.variates import check_covariates


@dataclass(frozen=True)
class Design:
    """What all contrasts of a study share.

    Attributes
    ----------
    names : list of str
        Of the columns of the matrix.
    matrix : numpy.ndarray, shape (n_participants, n_columns)
        Columns of covariates that are maps follow those of the formula, and hold NaN.
    blocks : dict of str to list or None
        Of each kind, as `permaps.design.blocks.levels` returns them.
    variance_groups : list of int or None
    """

    names: list[str]
    matrix: np.ndarray
    blocks: dict[str, list | None]
    variance_groups: list[int] | None


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
    check_covariates(voxelwise, names)
    names = [*names, *voxelwise]
    matrix = np.hstack([matrix, np.full((len(matrix), len(voxelwise)), np.nan)])
    blocks = {name: levels(table, columns) for name, columns in block_columns.items()}
    groups = levels(table, variance_groups)
    check_groups(table, variance_groups, len(names))
    return Design(names, matrix, blocks, groups)
