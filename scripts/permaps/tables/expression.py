"""Expressions in a config: checked as trees and evaluated from them, so that no text is ever run as code.

Formulas, queries and contrasts share one whitelist: names, numbers, text in quotation marks, lists,
arithmetic, comparisons, logic, and functions that the caller knows by name.
"""

import ast
import functools
import math
import operator
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# More than anyone needs, and less than what breaks a parser or Python's stack.
LONGEST = 20_000
DEEPEST = 100
MOST_DIGITS = 300
HIGHEST_POWER = 10
# For messages: how to write names that Python would read as something else.
TICKS = "in `backticks` where a name has spaces or signs"

# A quoted text, or a name in backticks.
_QUOTED = re.compile(r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`)""", re.S)
_DIGITS = re.compile(rf"\d{{{MOST_DIGITS + 1},}}")
_NUMBER = re.compile(r"(?<![\w.])\d[\d.]*")
_BRACKETS = dict(zip("([{)]}", (1, 1, 1, -1, -1, -1), strict=True))

_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_LOGIC = {ast.And: operator.and_, ast.BitAnd: operator.and_, ast.Or: operator.or_, ast.BitOr: operator.or_}
_COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ALLOWED = (
    ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Load, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare,
    ast.Call, ast.keyword, ast.Attribute, ast.USub, ast.UAdd, ast.Not, ast.Invert, ast.In, ast.NotIn,
    *_ARITHMETIC, *_LOGIC, *_COMPARISONS,
)  # fmt: skip


class Unreadable(Exception):
    """Text that is no expression, or has no meaning for these columns; str() says why."""


class NotAllowed(Exception):
    """A part that no expression may contain: the `node`, and a `hint` at what is allowed there."""

    def __init__(self, node: ast.AST, hint: str = ""):
        super().__init__(node, hint)
        self.node, self.hint = node, hint


class NotFinite(Exception):
    """A part, `tree`, that is missing or infinite in some `rows`, although its columns are not."""

    def __init__(self, tree: ast.expr, rows: np.ndarray | None):
        super().__init__(tree, rows)
        self.tree, self.rows = tree, rows


def check_text(text: str) -> None:
    """Raise `Unreadable` for text that is unsafe to parse: too long, too deep, endless numbers or other digits."""
    if len(text) > LONGEST:
        raise Unreadable(f"it has {len(text):,} characters; expected at most {LONGEST:,}")
    if match := _DIGITS.search(text):
        raise Unreadable(f"a number has {len(match[0])} digits; expected at most {MOST_DIGITS}")
    plain = " ".join(_QUOTED.split(text)[::2])
    if number := next((n for n in _NUMBER.findall(plain) if not n.isascii()), None):
        raise Unreadable(f"the number {number} is not in the digits 0 to 9")
    depth = deepest = 0
    for character in plain:
        depth += _BRACKETS.get(character, 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise Unreadable(f"its brackets are {deepest:,} deep; expected at most {DEEPEST}")


def read(text: str, spelled: Iterable[tuple[str, str]] = (), deepest: int = DEEPEST) -> ast.expr:
    """Parse an expression, without checking its parts; raise `Unreadable` for what is none.

    Parameters
    ----------
    text : str
        Names that are no identifiers are in backticks.
    spelled : sequence of (str, str)
        Operators that stand for a word, such as ("&", "and").
    deepest : int
        Most levels that the tree may have.

    Returns
    -------
    ast.expr
        Names that are no identifiers still have their backticks; `column` removes them.
    """
    check_text(text)
    prefix = "_quoted"
    while prefix in text:
        prefix += "_"
    parts, names = _QUOTED.split(text.strip()), {}
    for i, part in enumerate(parts):
        if i % 2 == 0:
            for sign, word in spelled:
                part = part.replace(sign, f" {word} ")
            parts[i] = part
        elif part.startswith("`"):
            names[name := f"{prefix}{i}"] = part[1:-1]
            parts[i] = f" {name} "
    try:
        with warnings.catch_warnings():
            # About odd numbers and backslashes: the author did not mean Python.
            warnings.simplefilter("ignore")
            tree = ast.parse("".join(parts).strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise Unreadable(getattr(error, "msg", None) or str(error)) from None
    except (RecursionError, MemoryError):
        raise Unreadable("it is nested too deeply") from None
    if _is_deeper(tree, deepest):
        raise Unreadable(f"its parts are nested more than {deepest} deep")
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            # Python cannot write every one of them again for a message, and it is never a level's name.
            raise Unreadable("it has an f-string")
        if isinstance(node, ast.Name):
            name = names.get(node.id, node.id)
            node.id = name if name.isidentifier() else f"`{name}`"
    return tree


def column(node: ast.Name) -> str:
    """Return the name of the column for a `Name`."""
    return node.id.strip("`")


def _is_deeper(tree, most):
    level = [tree]
    for _ in range(most):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def check(tree: ast.expr, functions: Collection[str] = ()) -> None:
    """Raise `NotAllowed` if a tree has an unknown part.

    Parameters
    ----------
    tree : ast.expr
    functions : collection of str
        Names of functions that are allowed, such as "log" and "np.log".
    """
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise NotAllowed(node)
        if isinstance(node, ast.Attribute) and dotted(node) not in functions:
            raise NotAllowed(node)
        if isinstance(node, ast.Call) and dotted(node.func) not in functions:
            raise NotAllowed(node)
        # A formula needs neither a transform's state nor keywords without a limit.
        if isinstance(node, ast.keyword) and (node.arg is None or node.arg.startswith("_")):
            raise NotAllowed(node.value)
        if isinstance(node, ast.Constant) and not _is_plain(node.value):
            raise NotAllowed(node)
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            # Text times a billion would fill the memory, and 9 ** 9 ** 9 never ends.
            if not (_can_be_number(node.left) and _can_be_number(node.right)):
                raise NotAllowed(node, "; arithmetic takes numbers")
            if isinstance(node.op, ast.Pow) and not _is_small(node.right):
                raise NotAllowed(node, f"; powers go up to {HIGHEST_POWER}")


def _is_plain(value):
    if isinstance(value, int | float):
        return abs(value) < 10**MOST_DIGITS
    return value is None or isinstance(value, str)


def _can_be_number(node):
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return not isinstance(node, ast.List | ast.Tuple)


def _is_small(node):
    return isinstance(node, ast.Constant) and abs(node.value) <= HIGHEST_POWER


def dotted(node: ast.AST) -> str | None:
    """Return the name of a function, such as "np.log"; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def names(tree: ast.expr, outside: str | None = None) -> set[str]:
    """Return the columns that a tree names, as a set of str.

    Parameters
    ----------
    tree : ast.expr
    outside : str, optional
        A function whose arguments are ignored.
    """
    columns, todo = set(), [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            columns.add(column(node))
        elif isinstance(node, ast.Call):
            if outside is None or dotted(node.func) != outside:
                todo += [*node.args, *(keyword.value for keyword in node.keywords)]
        elif not isinstance(node, ast.Attribute):
            todo += ast.iter_child_nodes(node)
    return columns


def written(tree: ast.AST) -> str:
    """Write a tree as a user would, on one line."""
    return ast.unparse(tree).replace("\n", " ")


def cut(text: str) -> str:
    """Shorten an expression for a message."""
    return text if len(text) <= 200 else text[:197] + "..."


def evaluate(
    tree: ast.expr,
    columns: "Mapping[str, pd.Series] | pd.DataFrame",
    functions: Mapping[str, Callable] | None = None,
) -> object:
    """Evaluate a checked tree.

    Parameters
    ----------
    tree : ast.expr
        Accepted by `check`.
    columns : mapping of str to pandas.Series
        Without missing values.
    functions : mapping of str to callable, optional

    Returns
    -------
    object
        A Series if the value differs between rows, or the result of a function.

    Raises
    ------
    NotFinite
        If arithmetic or a function gives a missing or infinite value.
    Unreadable
        If text is combined with numbers.
    """
    work_out = functools.partial(evaluate, columns=columns, functions=functions)
    if isinstance(tree, ast.Constant):
        return tree.value
    if isinstance(tree, ast.Name):
        return columns[column(tree)]
    if isinstance(tree, ast.List | ast.Tuple):
        return [work_out(item) for item in tree.elts]
    if isinstance(tree, ast.Attribute):
        return functions[dotted(tree)]
    if isinstance(tree, ast.Compare):
        return _compared(tree, work_out)
    if isinstance(tree, ast.BoolOp):
        return functools.reduce(_LOGIC[type(tree.op)], [_truth(work_out(v), tree) for v in tree.values])
    if isinstance(tree, ast.UnaryOp):
        value = work_out(tree.operand)
        if isinstance(tree.op, ast.Not | ast.Invert):
            return operator.xor(_truth(value, tree), True)
        return -_number(value, tree) if isinstance(tree.op, ast.USub) else _number(value, tree)
    if isinstance(tree, ast.BinOp):
        left, right = work_out(tree.left), work_out(tree.right)
        if type(tree.op) in _LOGIC:
            return _LOGIC[type(tree.op)](_truth(left, tree), _truth(right, tree))
        return _finite(tree, _ARITHMETIC[type(tree.op)], _number(left, tree), _number(right, tree))
    function = functions[dotted(tree.func)]
    keywords = {keyword.arg: work_out(keyword.value) for keyword in tree.keywords}
    return _finite(tree, function, *[work_out(argument) for argument in tree.args], **keywords)


def _finite(tree, function, *arguments, **keywords):
    """Call a function, and check that no value is lost, as in log(0) or a division by 0."""
    import pandas as pd

    try:
        with np.errstate(all="ignore"):
            result = function(*arguments, **keywords)
    except ArithmeticError:  # of two numbers
        raise NotFinite(tree, None) from None
    if isinstance(result, int | float) and not math.isfinite(result):
        raise NotFinite(tree, None)
    if isinstance(result, pd.Series | np.ndarray) and np.asarray(result).dtype.kind == "f":
        lost = ~np.isfinite(np.asarray(result)).reshape(len(result), -1).all(axis=1)
        if lost.any():
            raise NotFinite(tree, np.flatnonzero(lost))
    return result


def _compared(tree, work_out):
    import pandas as pd

    values = [work_out(part) for part in [tree.left, *tree.comparators]]
    results = []
    for sign, left, right in zip(tree.ops, values[:-1], values[1:], strict=True):
        kinds = _kinds(left) | _kinds(right)
        if len(kinds) > 1:
            raise Unreadable(
                f"'{written(tree)}' compares {' with '.join(sorted(kinds))}. Text, and numbers in a column that "
                "holds text too, stand in quotation marks; numbers in a column of numbers do not"
            )
        # As in pandas, being equal to a list means being in it.
        equals = isinstance(sign, ast.Eq | ast.NotEq) and isinstance(right, list)
        if equals or isinstance(sign, ast.In | ast.NotIn):
            if not isinstance(left, pd.Series):
                raise Unreadable(f"'{written(tree)}' does not ask whether a column is in a list")
            among = left.isin(right if isinstance(right, list) else [right])
            results.append(~among if isinstance(sign, ast.NotEq | ast.NotIn) else among)
        elif isinstance(left, list) or isinstance(right, list):
            raise Unreadable(f"'{written(tree)}' compares with a list; expected 'in'")
        else:
            results.append(_COMPARISONS[type(sign)](left, right))
    return functools.reduce(operator.and_, results)


def _kinds(value):
    """Return what is compared, in words: a set, because a list can have several kinds."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if isinstance(value, list):
        return set().union(*map(_kinds, value))
    dtype = getattr(value, "dtype", np.dtype(type(value)) if isinstance(value, bool | int | float) else None)
    if dtype is None:
        return {"text"} if isinstance(value, str) else {"something else"}
    if is_bool_dtype(dtype):
        return {"true or false"}
    return {"numbers"} if is_numeric_dtype(dtype) else {"text"}


def _truth(value, tree):
    if _kinds(value) != {"true or false"} or isinstance(value, list):
        raise Unreadable(f"'{written(tree)}' joins what is no comparison by and, or, not")
    return value


def _number(value, tree):
    """Convert a number, or a column of numbers, to floating point: a computer's integers overflow."""
    if isinstance(value, list) or not _kinds(value) <= {"numbers", "true or false"}:
        raise Unreadable(f"'{written(tree)}' does arithmetic with text; expected numbers")
    return value.astype(float) if hasattr(value, "astype") else float(value)
