"""Queries over the participants table, evaluated without any way to run code."""

import ast
import re
import warnings

import pandas as pd

from permaps.inputs.participants import check_variates
from permaps.workflow.errors import UserError, nearest

# Comparisons, logic and arithmetic. Not among them, hence refused: calls, attributes, subscripts,
# lambdas, comprehensions, walrus, pandas' @ for local variables, and powers that would never end.
_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.Invert,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.BitAnd, ast.BitOr,
    ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip
_BACKTICKS = re.compile(r"`([^`]*)`")


def select(participants, query):
    """Tell which participants a pandas query keeps.

    Parameters
    ----------
    participants : pandas.DataFrame
    query : str
        A pandas query over the columns; names that are no identifiers stand in backticks.

    Returns
    -------
    numpy.ndarray of bool, shape (n_participants,)
        False where the query is false, or a value that it compares is missing.

    Raises
    ------
    UserError
        When the query is no such expression, or names no column.
    """
    quoted = {}

    def plain(match):
        return quoted.setdefault(match[1], f"_quoted_{len(quoted)}")

    # What is checked is what is evaluated: pandas gets the text with the backticks already replaced.
    text = _BACKTICKS.sub(plain, query.strip())
    names = _names(text, query)
    known = participants.rename(columns=quoted)
    for name in sorted(names):
        if name not in known:
            raise UserError(
                f"quality.query: '{query}' names '{name}', which is no column of the participants table"
                f"{nearest(name, participants.columns) or '.'} Text stands in quotation marks."
            )
    back = {plain_name: name for name, plain_name in quoted.items()}
    check_variates(participants, {back.get(n, n): "quality.query" for n in sorted(names)})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            kept = known[sorted(names)].eval(text, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # whatever pandas raises, the query is what has to change
        reason = str(error) or type(error).__name__
        raise UserError(f"quality.query: '{query}' cannot be evaluated: {reason}.") from None
    if not isinstance(kept, pd.Series) or not pd.api.types.is_bool_dtype(kept):
        raise UserError(
            f"quality.query: '{query}' does not say yes or no for every participant; "
            "expected a comparison such as \"site == 'SHFJ'\"."
        )
    return kept.to_numpy(dtype=bool, na_value=False)


def _names(text, query):
    """Names that an expression uses; raise for anything that is not allowed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(
            f"quality.query: '{query}' is no expression ({getattr(error, 'msg', error)}); "
            "expected something like \"site == 'SHFJ' and age < 40\"."
        ) from None
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise UserError(
                f"quality.query: '{query}' holds {_called(node)}, which is not allowed. Use comparisons, "
                "and, or, not, in, arithmetic, column names, numbers and quoted text."
            )
        if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float):
            raise UserError(
                f"quality.query: '{query}' holds the constant {node.value!r}, which is not allowed."
            )
        # & and | are and and or here, which bind less tightly than Python takes them to.
        arithmetic = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitAnd | ast.BitOr)
        if arithmetic and not (_can_be_number(node.left) and _can_be_number(node.right)):
            raise UserError(
                f"quality.query: '{query}' does arithmetic with text or a list; expected numbers and columns "
                "of numbers."
            )
        if isinstance(node, ast.Name) and node.id.startswith("__"):
            raise UserError(f"quality.query: '{query}' holds the name '{node.id}', which is not allowed.")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _can_be_number(node):
    """Tell whether an operand can be a number: a short text can ask for a very long one ('%999999999d' % 1)."""
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return not text and not isinstance(node, ast.List | ast.Tuple)


def _called(node):
    names = {ast.Call: "a call", ast.Attribute: "a dot", ast.MatMult: "an @", ast.Subscript: "a [ ]"}
    return names.get(type(node), f"a Python {type(node).__name__}")
