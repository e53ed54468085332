"""Queries over the participants table: a comparison that is true or false for everyone."""

import ast

import numpy as np
import pandas as pd

from permaps.tables.expression import (
    TICKS,
    NotAllowed,
    NotFinite,
    Unreadable,
    check,
    cut,
    evaluate,
    names,
    read,
    written,
)
from permaps.tables.participants import check_variates, people
from permaps.workflow.errors import UserError, nearest

# As in pandas, they bind as loosely as the words do, and not as tightly as in Python.
_SPELLED = (("&", "and"), ("|", "or"))


def columns_of(query: str) -> list[str]:
    """Return the columns that a query names, as a sorted list of str.

    Raises
    ------
    UserError
        If the query is no expression, or contains something that is not allowed.
    """
    return sorted(names(_parse(query)))


def select(participants: pd.DataFrame, query: str) -> np.ndarray:
    """Tell which participants a query keeps.

    Parameters
    ----------
    participants : pandas.DataFrame
    query : str
        An expression over the columns; names that are no identifiers are in backticks.

    Returns
    -------
    numpy.ndarray of bool, shape (n_participants,)
        False where the query is false, or one of its columns has no value.

    Raises
    ------
    UserError
        If the query is no such expression, or names no column.
    """
    tree = _parse(query)
    used = sorted(names(tree))
    for name in used:
        if name not in participants:
            raise UserError(
                f"quality.query: '{query}' names '{name}', which is no column of the participants table"
                f"{nearest(name, participants.columns) or '.'} Text stands in quotation marks."
            )
    check_variates(participants, dict.fromkeys(used, "quality.query"))
    complete = participants[used].notna().all(axis=1).to_numpy()
    if used and not complete.any():  # it is not known whether a column without values is numeric
        return complete
    try:
        answer = evaluate(tree, participants.loc[complete, used])
    except NotFinite as lost:
        raise UserError(
            f"quality.query: '{written(lost.tree)}' in '{query}' is not finite"
            f"{people(participants[complete], lost.rows, names(lost.tree))}. "
            "Expected arithmetic that has a result for everyone: write n/a where a value is missing."
        ) from None
    except (Unreadable, TypeError) as error:
        raise UserError(f"quality.query: '{query}' cannot be evaluated: {error}.") from None
    if not isinstance(answer, pd.Series) or not pd.api.types.is_bool_dtype(answer):
        raise UserError(
            f"quality.query: '{query}' does not say yes or no for every participant; "
            "expected a comparison such as \"site == 'SHFJ'\"."
        )
    kept = np.zeros(len(participants), dtype=bool)
    kept[complete] = answer
    return kept


def _parse(query):
    try:
        tree = read(query, _SPELLED)
        check(tree)
    except Unreadable as error:
        raise UserError(
            f"quality.query: '{cut(query)}' is no expression ({error}); "
            "expected something like \"site == 'SHFJ' and age < 40\"."
        ) from None
    except NotAllowed as error:
        raise _refused(query, error.node, error.hint) from None
    if nothing := next((n for n in ast.walk(tree) if isinstance(n, ast.Constant) and n.value is None), None):
        raise _refused(query, nothing, "")
    return tree


def _refused(query, node, hint):
    called = {ast.Call: "a call", ast.Attribute: "a dot", ast.MatMult: "an @", ast.Subscript: "a [ ]"}
    called |= dict.fromkeys([ast.Constant, ast.BinOp], f"'{cut(written(node))}'")
    return UserError(
        f"quality.query: '{cut(query)}' holds {called.get(type(node), f'a Python {type(node).__name__}')}, "
        f"which is not allowed{hint}. Use comparisons, and, or, not, in, arithmetic, names of columns ({TICKS}), "
        "numbers and quoted text."
    )
