"""From a participants table to the design matrix and the contrasts, with messages that name the columns."""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from permaps.tables.expression import Unreadable, check_text, cut, read
from permaps.workflow.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd

# Columns closer to dependent than this, relative to the largest singular value, count as dependent.
RANK_TOLERANCE = 1e-9

# A weight smaller than this share of the numbers that it is the sum of is rounding noise.
ROUNDING = 1e-12
MOST_SUMMANDS = 500
NO_SUM = "it holds more than columns, numbers, + - * / and brackets"


# A factor has a level for each person if it has so many, as a share of the maps.
MANY_LEVELS = 0.1
MIXED = (
    " A column for each person takes in all that differs between people, groups too: config/examples/mixed.yaml "
    "tests what a group does to a change; groups alone take blocks (whole) in place of these columns."
)


def design_matrix(table: "pd.DataFrame", formula: str, n_more: int = 0) -> tuple[list[str], np.ndarray]:
    """Build the design matrix of a formula.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per participant, with all columns of the formula; numbers in numeric columns, text in categorical
        ones.
    formula : str
    n_more : int
        Number of voxelwise covariates, whose columns will follow those of the formula.

    Returns
    -------
    names : list of str
    matrix : numpy.ndarray of float, shape (n_participants, n_columns)

    Raises
    ------
    UserError
        With the names of the columns: a column that has a missing or infinite value or that is constant besides an
        intercept, columns that repeat or are linearly dependent, or more columns than there are participants for.
    """
    # Not above, since contrasts, each in a job of its own, do without formulaic.
    from permaps.design.formula import design_of

    frame = design_of(table, formula)
    names = [str(c) for c in frame.columns]
    if text := [str(c) for c in frame.select_dtypes(exclude=["number", "bool"]).columns]:
        raise UserError(
            f"model.formula: {_list(text)} in {formula!r} is text that names no column. Expected columns of the "
            "participants table, numbers, or functions of them."
        )
    matrix = np.asarray(frame, float)
    if lost := [str(term) for term, columns in frame.model_spec.term_indices.items() if not columns]:
        raise UserError(
            f"model.formula: {_list(lost)} in {formula!r} makes no column, since all included participants are of "
            "one level. Leave it out, or include participants of another level."
        )
    if not names:
        raise UserError(f"model.formula: {formula!r} has no columns. Expected at least '1'.")
    bad = [n for n, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()]
    if bad:
        raise UserError(f"model.formula: {_list(bad)} of the design is not finite for every participant.")
    if len(matrix) <= len(names) + n_more:
        columns = ", ".join(names) + ", and maps" * bool(n_more)
        raise UserError(
            f"model.formula: {len(names) + n_more} columns ({columns}) for {len(matrix)} maps leave no "
            "degrees of freedom. Expected more maps than columns: leave terms out of the formula."
            f"{_of_text(names)}"
        )
    _refuse_dependence(names, matrix)
    return names, matrix


def _of_text(names):
    """Say which column of the table most columns come from, if its values may have been meant as numbers."""
    levels = Counter(name.partition("[")[0] for name in names if "[T." in name and ":" not in name)
    factor, n = levels.most_common(1)[0] if levels else ("", 0)
    if n <= len(names) / 2:
        return ""
    first = next(_level(name) for name in names if name.startswith(f"{factor}["))
    return (
        f" {n} of them are levels of {factor!r}, which is text, such as {first!r}; a column of numbers has numbers "
        "alone."
    )


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
        f"repeats another), so their effects cannot be told apart among {len(matrix)} maps. "
        f"Leave one of them out, or code a group by fewer columns (such as '0 + group' without an intercept)."
        f"{MIXED if _of_each_person(involved, len(matrix)) else ''}"
    )


def _of_each_person(names, n_rows):
    """Tell whether columns include one for each of many people, as in repeated measures, besides others."""
    levels = Counter(name.partition("[")[0] for name in names if "[" in name and ":" not in name)
    most = max(levels.values(), default=0)
    return most >= max(3, MANY_LEVELS * n_rows) and most < len(names)


def _list(names):
    return ", ".join(repr(n) for n in names)


def contrast_matrix(contrast: str | list[str], name: str, columns: list[str]) -> np.ndarray:
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
        For an unknown column, an expression that is not linear, or rows that are linearly dependent.
    """
    expressions = contrast if isinstance(contrast, list) else [contrast]
    rows = np.array([_weights(str(e), name, columns) for e in expressions])
    if np.linalg.matrix_rank(rows / np.linalg.norm(rows, axis=1, keepdims=True)) < len(rows):
        raise UserError(
            f"model.contrasts.{name}: the {len(rows)} expressions ({'; '.join(map(str, expressions))}) depend on one "
            "another. Expected expressions none of which follows from the others: leave the superfluous ones out."
        )
    return rows


def superfluous(contrasts: dict[str, tuple[np.ndarray, str]]) -> Iterator[tuple[str, str]]:
    """Yield which contrasts test the same as another, or its opposite, and what to say of it.

    Parameters
    ----------
    contrasts : dict of str to (numpy.ndarray of float, {"t", "F"})
        By name, their weights, shape (n_rows, n_columns), and their statistic.
    """
    for one, other in itertools.combinations(contrasts, 2):
        (weights, statistic), against = contrasts[one], contrasts[other]
        if _is_same_test(weights, statistic, *against):
            yield one, f"tests the same as {other}: one of them is superfluous."
        elif statistic == "t" and _is_same_test(-weights, statistic, *against):
            yield (
                one,
                f"tests the opposite of {other}: with permutation.two_sided true, each is tested on both sides, and "
                "one of them is superfluous; with false, each is a test on one side.",
            )


def _is_same_test(weights, statistic, others, other_statistic):
    """Tell whether two contrasts give the same statistic: rows differ by a factor, or span the same space."""
    if statistic != other_statistic or len(weights) != len(others):
        return False
    both = np.vstack([w / np.linalg.norm(w, axis=1, keepdims=True) for w in (weights, others)])
    if statistic == "F":
        return np.linalg.matrix_rank(both, tol=RANK_TOLERANCE) == len(weights)
    # The sign counts too.
    return np.allclose(*both, rtol=0, atol=RANK_TOLERANCE)


def _within(part, expression):
    """Quote a part of an expression, and the whole expression if it is longer."""
    return repr(part) if part == expression.strip(" `") else f"{part!r} in {expression!r}"


def _weights(expression, name, columns):
    """Return the weights of one expression. Column names come first, since they may contain operators."""
    longest_first = "|".join(map(_as_written, sorted(columns, key=len, reverse=True)))
    known = re.compile(rf"`({longest_first})`|(?<![\w.\]:])({longest_first})(?![\w\[(.:])")
    rest = known.sub(" ", expression)
    unknown = re.findall(r"`[^`]*`|(?<![\w.])[^\W\d][\w.\[\]():]*", rest)
    if unknown:
        asked = unknown[0].strip("`")
        raise UserError(
            f"model.contrasts.{name}: {_within(asked, expression)} is not a column of the design"
            f"{nearest(asked, columns) or '.'}{_as_factor(asked, columns)}{_as_compared(asked, columns)} "
            f"The columns are {', '.join(columns)}."
        )
    place = {key(c): f" column_{i} " for key in (_without_spaces, str) for i, c in enumerate(columns)}
    try:
        check_text(rest)
        if not re.fullmatch(r"[\d.eE\s+\-*/()]*", rest):
            raise Unreadable(NO_SUM)
        named = known.sub(
            lambda m: place.get(m[1] or m[2]) or place[_without_spaces(m[1] or m[2])], expression
        )
        tree = read(named, deepest=MOST_SUMMANDS)
        with np.errstate(all="ignore"):
            value, size = _linear(tree, len(columns))
            value = np.where(np.abs(value) <= ROUNDING * size, 0, value)
        if value[0] or not np.isfinite(value).all():
            raise Unreadable("it adds a number" if np.isfinite(value).all() else "a weight is not finite")
    except Unreadable as error:
        raise UserError(
            f"model.contrasts.{name}: cannot read {cut(expression)!r} ({error}). Expected a weighted sum of design "
            f"columns, such as '{columns[-1]}' or '0.5 * {columns[0]} - {columns[-1]}'."
        ) from None
    if not value[1:].any():
        raise UserError(
            f"model.contrasts.{name}: {cut(expression)!r} is zero for every column, so it tests nothing."
        )
    return value[1:]


def _as_written(column):
    """Return a regular expression for the name of a column, with any spaces and quotes between a function's brackets.

    A formula says `I(age**2)` and `C(group, Treatment("b"))`, and its columns are called `I(age ** 2)` and
    `C(group, Treatment('b'))[T.a]`.
    """
    call = re.search(r"(?<=\w)\(.*\)", column)
    if call is None:
        return re.escape(column)
    pattern, before = "", ""
    for token in re.findall(r"\w+|[^\w\s]", call[0]):
        apart = r"\s+" if re.match(r"\w", token) and re.match(r"\w", before) else r"\s*"
        pattern += (apart if before else "") + (r"['\"]" if token in "'\"" else re.escape(token))
        before = token
    return re.escape(column[: call.start()]) + pattern + re.escape(column[call.end() :])


def _without_spaces(column):
    return re.sub(r"\s", "", column).replace('"', "'")


def _as_factor(asked, columns):
    """Say that a column of the table is no number, if a contrast takes it for one."""
    levels = [column for column in columns if column.startswith(f"{asked}[") and ":" not in column]
    if not levels:
        return ""
    return f" {asked!r} is text to the formula, such as {_level(levels[0])!r}, so each level has a column of its own."


def _level(column):
    return column.partition("[")[2].removeprefix("T.").rstrip("]")


def _as_compared(asked, columns):
    """Say how a level is tested that has no column because the others of its factor are compared with it."""
    factor, bracket, level = asked.partition("[T.")
    others = [column for column in columns if bracket and column.startswith(factor + bracket)]
    if not others:
        return ""
    level, other = level.rstrip("]"), others[0].removeprefix(factor + bracket).rstrip("]")
    return (
        f" Each {factor}[T. ] is the difference from the level that comes first by name; if that is {level}, "
        f"'-{others[0]}' is {level} less {other}."
    )


def _linear(node, n_columns):
    """Return the value of a part of a contrast, and the value that it would have if nothing cancelled.

    Returns
    -------
    numpy.ndarray of float, shape (2, 1 + n_columns)
        The value and its size; first the constant, then the weight of each column.
    """
    form, minus = np.zeros((2, 1 + n_columns)), np.array([[-1], [1]])
    match node:
        case ast.Name(id=name):
            form[:, 1 + int(name.removeprefix("column_"))] = 1
            return form
        case ast.Constant(value=int() | float() as value):
            form[:, 0] = value, abs(value)
            return form
        case ast.UnaryOp(op=ast.UAdd(), operand=part):
            return _linear(part, n_columns)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return _linear(part, n_columns) * minus
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _linear(left, n_columns) + _linear(right, n_columns)
        case ast.BinOp(op=ast.Sub(), left=left, right=right):
            return _linear(left, n_columns) + _linear(right, n_columns) * minus
        case ast.BinOp(op=ast.Mult() | ast.Div() as operator, left=left, right=right):
            return _scaled(operator, _linear(left, n_columns), _linear(right, n_columns))
    raise Unreadable(NO_SUM)


def _scaled(operator, left, right):
    """Multiply or divide what `_linear` gives by a number."""
    if isinstance(operator, ast.Mult) and not left[1, 1:].any():
        left, right = right, left
    if right[1, 1:].any():
        raise Unreadable("columns are multiplied or divided by numbers alone")
    factor, size = right[:, 0]
    if isinstance(operator, ast.Mult):
        return left * [[factor], [size]]
    if abs(factor) <= ROUNDING * size:
        raise Unreadable("it divides by zero")
    return left / [[factor], [abs(factor)]]
