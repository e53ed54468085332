"""From a participants table to the design matrix and the contrasts, each problem named by its columns."""

import re

import numpy as np

from permaps.design.formula import design_of, variables
from permaps.workflow.errors import UserError, nearest

# Columns closer to dependent than this, relative to the largest singular value, count as dependent.
RANK_TOLERANCE = 1e-9


def design_matrix(table, formula, n_more=0):
    """Build the design matrix of a formula.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per participant; numbers in numeric columns, text in categorical ones.
    formula : str
    n_more : int
        Columns that will follow those of the formula: covariates that are maps.

    Returns
    -------
    names : list of str
    matrix : numpy.ndarray of float, shape (n_participants, n_columns)

    Raises
    ------
    UserError
        Naming the columns: one that the table lacks, one with a missing or infinite value, one that is
        constant beside an intercept, columns that repeat or depend on one another, or more columns than
        the participants can support.
    """
    for name in sorted(variables(formula)):
        if name not in table.columns:
            raise UserError(
                f"model.formula: no column {name!r} in the participants table{nearest(name, table.columns) or '.'} "
                f"It has {', '.join(map(str, table.columns))}."
            )
    frame = design_of(table, formula)
    names = [str(c) for c in frame.columns]
    if text := [str(c) for c in frame.select_dtypes(exclude=["number", "bool"]).columns]:
        raise UserError(
            f"model.formula: {_list(text)} in {formula!r} is text that names no column. Expected columns of the "
            "participants table, numbers, or functions of them."
        )
    matrix = np.asarray(frame, float)
    if not names:
        raise UserError(f"model.formula: {formula!r} has no columns. Expected at least '1'.")
    bad = [n for n, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()]
    if bad:
        raise UserError(f"model.formula: {_list(bad)} of the design is not finite for every participant.")
    if len(matrix) <= len(names) + n_more:
        columns = ", ".join(names) + ", and maps" * bool(n_more)
        raise UserError(
            f"model.formula: {len(names) + n_more} columns ({columns}) for {len(matrix)} participants leave no "
            "degrees of freedom. Expected more participants than columns: leave terms out of the formula."
        )
    _refuse_dependence(names, matrix)
    return names, matrix


def _refuse_dependence(names, matrix):
    scaled = matrix / np.maximum(np.linalg.norm(matrix, axis=0), np.finfo(float).tiny)
    zero = [n for n, column in zip(names, matrix.T, strict=True) if not column.any()]
    if zero:
        raise UserError(f"model.formula: {_list(zero)} is zero for every included participant. Leave it out.")
    constant = [n for n, column in zip(names, matrix.T, strict=True) if np.ptp(column) == 0]
    if len(constant) > 1:
        raise UserError(
            f"model.formula: {_list(constant)} are constant over the included participants, so the model cannot "
            "tell them apart. Keep one of them (the intercept is the '1' of the formula)."
        )
    singular = np.linalg.svd(scaled, compute_uv=False)
    if singular[-1] > RANK_TOLERANCE * singular[0]:
        return
    _, _, right = np.linalg.svd(scaled)
    involved = [n for n, weight in zip(names, right[-1], strict=True) if abs(weight) > 1e-6]
    raise UserError(
        f"model.formula: the columns {_list(involved)} depend on one another (a sum of some gives another, or one "
        f"repeats another), so their effects cannot be told apart among {len(matrix)} participants. "
        "Leave one of them out, or code a group by fewer columns (such as '0 + group' without an intercept)."
    )


def _list(names):
    return ", ".join(repr(n) for n in names)


def contrast_matrix(contrast, name, columns):
    """Turn the expressions of a contrast into weights.

    Parameters
    ----------
    contrast : str or list of str
        One expression over design columns (t), such as "patients - controls", or several (F).
    name : str
        The contrast's name, for messages.
    columns : list of str
        The design's column names.

    Returns
    -------
    numpy.ndarray of float, shape (n_rows, n_columns)

    Raises
    ------
    UserError
        For an unknown column, an expression that is not linear, or rows that depend on one another.
    """
    expressions = contrast if isinstance(contrast, list) else [contrast]
    rows = np.array([_weights(str(e), name, columns) for e in expressions])
    if np.linalg.matrix_rank(rows) < len(rows):
        raise UserError(
            f"model.contrasts.{name}: the {len(rows)} expressions ({'; '.join(map(str, expressions))}) depend on one "
            "another. Expected expressions none of which follows from the others: leave the superfluous ones out."
        )
    return rows


def _within(part, expression):
    """Quote a part of an expression, and the expression where it is more than that."""
    return repr(part) if part == expression.strip(" `") else f"{part!r} in {expression!r}"


def _weights(expression, name, columns):
    from formulaic.errors import FormulaicError
    from formulaic.utils.constraints import LinearConstraints

    longest_first = "|".join(re.escape(c) for c in sorted(columns, key=len, reverse=True))
    known = re.compile(rf"`({longest_first})`|(?<![\w.\]:])({longest_first})(?![\w\[(.:])")
    rest = known.sub(" ", expression)
    unknown = re.findall(r"`[^`]*`|(?<![\w.])[^\W\d][\w.\[\]():]*", rest)
    if unknown:
        raise UserError(
            f"model.contrasts.{name}: {_within(unknown[0].strip('`'), expression)} is not a column of the design"
            f"{nearest(unknown[0].strip('`'), columns) or '.'} The columns are {', '.join(columns)}."
        )
    message = (
        f"model.contrasts.{name}: cannot read {expression!r}. Expected a weighted sum of design columns, such as "
        f"'{columns[-1]}' or '0.5 * {columns[0]} - {columns[-1]}'."
    )
    if not re.fullmatch(r"[\d.eE\s+\-*/()]*", rest):
        raise UserError(message)
    try:
        spec = known.sub(lambda m: f"`{m.group(1) or m.group(2)}`", expression)
        constraint = LinearConstraints.from_spec(spec, variable_names=columns)
        weights, constant = np.asarray(constraint.constraint_matrix, float), constraint.constraint_values
    except (FormulaicError, ValueError, TypeError, SyntaxError, ZeroDivisionError, RuntimeError, KeyError):
        raise UserError(message) from None
    if (
        weights.shape != (1, len(columns))
        or np.any(np.asarray(constant) != 0)
        or not np.isfinite(weights).all()
    ):
        raise UserError(message)
    if not weights.any():
        raise UserError(
            f"model.contrasts.{name}: {expression!r} is zero for every column, so it tests nothing."
        )
    return weights[0]
