"""Model formulas: the columns and functions that they may use, and the design that they give.

formulaic parses the operators of a formula, and would evaluate the factors between them as Python code. So it
never gets the user's text: each factor is replaced by a name of ours, and this module computes its values
from a checked tree.
"""

import ast
import functools
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from permaps.tables.expression import (
    TICKS,
    NotAllowed,
    NotFinite,
    Unreadable,
    check,
    check_text,
    column,
    cut,
    dotted,
    evaluate,
    names,
    read,
    written,
)
from permaps.tables.participants import people
from permaps.workflow.errors import UserError, nearest

TRANSFORMS = frozenset([
    "log", "log10", "log2", "exp", "exp10", "exp2", "bs", "cc", "cr", "cs", "center", "scale", "standardize", "poly",
    "C", "I", "Treatment", "Sum", "Helmert", "Diff", "Poly",
])  # fmt: skip
# How the second argument of C() may be called, with and without brackets.
_AS_CODING = frozenset(["Treatment", "Sum", "Helmert", "Diff", "Poly"])
NUMPY = frozenset(
    ["log", "log10", "log2", "log1p", "exp", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tanh"]
)
CODINGS = frozenset(["treatment", "sum", "helmert", "diff", "poly"])
_KNOWN = TRANSFORMS | {f"np.{name}" for name in NUMPY} | {f"contr.{name}" for name in CODINGS}

# The name of the constant in every design.
INTERCEPT = "Intercept"

# A formula can ask for too much: n stars give 2^n terms, and a spline can have a billion columns.
MOST_TERMS = 1000
MOST_COLUMNS = 100
_SIZES = {"poly": ("degree", 1), "bs": ("df", 1), "cc": ("df", 1), "cr": ("df", 1), "cs": ("df", 1)}

_NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_PLACE = re.compile(r"factor_(\d+)_")


@dataclass(frozen=True)
class Parsed:
    """A formula in parts: formulaic's `terms`, whose factors are labels, and the tree behind each label."""

    terms: Any
    factors: dict


def parse(formula: str) -> Parsed:
    """Parse a formula. It must be a plain right-hand side of known parts.

    Parameters
    ----------
    formula : str
        In Wilkinson notation as formulaic reads it, such as "1 + group * age".

    Raises
    ------
    UserError
        If the formula cannot be parsed, has a left-hand side or several parts, or contains anything other
        than columns, numbers, arithmetic and known transforms.
    """
    try:
        check_text(formula)
        text, factors = _with_places(formula)
        terms = _terms(text, list(factors))
    except Unreadable as error:
        raise UserError(
            f"model.formula: cannot read {cut(formula)!r} ({error}). "
            f"Expected a formula over columns of the participants table ({TICKS}), such as '1 + group + age'."
        ) from None
    if terms is None:
        raise UserError(
            f"model.formula: {cut(formula)!r} multiplies out to more than {MOST_TERMS} terms. "
            "Name the interactions that are meant, such as 'a + b + a:b'."
        )
    for label, tree in factors.items():
        _check_factor(tree, label, formula)
    return Parsed(terms, factors)


class _CodingsAsCalls(ast.NodeTransformer):
    """Write `C(group, Sum)`, as patsy has it, as `C(group, Sum())`."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Change the arguments of C() alone: elsewhere, such a name is a column."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "C":
            node.args[1:] = [
                ast.Call(one, [], []) if isinstance(one, ast.Name) and one.id in _AS_CODING else one
                for one in node.args[1:]
            ]
        return node


def _with_places(formula):
    """Return the formula with each factor replaced by a name of ours, and the factors' trees by label."""
    from formulaic.errors import FormulaSyntaxError
    from formulaic.parser.algos.tokenize import tokenize

    try:
        tokens = [(token.kind.value, token.token) for token in tokenize(formula)]
    except FormulaSyntaxError as error:
        raise Unreadable(_first_line(error)) from None
    if len(tokens) > 2 * MOST_TERMS:
        raise Unreadable(f"it has {len(tokens):,} parts; expected at most {2 * MOST_TERMS:,}")
    parts, factors = [], {}
    for kind, text in tokens:
        if kind == "operator" and set(text) & set("~|"):
            raise UserError(
                f"model.formula: {cut(formula)!r} has a '~' or a '|'. Expected the columns of the design alone, "
                "such as '1 + group + age': the maps are always what is explained."
            )
        if kind == "python" or (kind == "name" and text != "."):
            tree = read(text) if kind == "python" else ast.Name(text, ast.Load())
            label = column(tree) if isinstance(tree, ast.Name) else written(tree)
            tree = _CodingsAsCalls().visit(tree)
            if _NUMBER.fullmatch(label) or ast.dump(factors.setdefault(label, tree)) != ast.dump(tree):
                raise Unreadable(f"the column {label!r} has the name of something else; rename it")
            parts.append(f"factor_{list(factors).index(label)}_")
        elif kind == "operator" and text == "in":
            parts.append("%in%")
        elif _NUMBER.fullmatch(text) if kind == "value" else set(text) <= set("+-*/:^()[]"):
            parts.append(text)
        else:
            raise Unreadable(f"{cut(text)!r} is no part of a formula")
    return " ".join(parts), factors


def _terms(text, labels):
    """Return formulaic's terms with the labels as factors, or None if there are too many."""
    from formulaic import Formula, SimpleFormula
    from formulaic.parser import DefaultFormulaParser
    from formulaic.parser.types import Factor, Term

    def label(match):
        return labels[int(match[1])]

    try:
        if _most_terms(DefaultFormulaParser().get_ast(text)) > MOST_TERMS:
            return None
        parsed = Formula(text)
    except RecursionError:
        raise Unreadable("it has too many parts") from None
    except Exception as error:  # whatever formulaic raises, the formula must change
        raise Unreadable(_PLACE.sub(label, _first_line(error))) from None
    if not isinstance(parsed, SimpleFormula):
        raise Unreadable("it has several parts")
    return SimpleFormula(
        [
            Term(
                Factor(_PLACE.sub(label, factor.expr), eval_method=factor.eval_method)
                for factor in term.factors
            )
            for term in parsed
        ],
        _ordering="none",
    )


def _first_line(error):
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _most_terms(node):
    """Return how many terms a formula can expand to, without expanding it."""
    if not hasattr(node, "operator"):
        return 1
    sizes = [_most_terms(argument) for argument in node.args]
    if node.operator.symbol in ("**", "^"):
        power = str(getattr(node.args[1], "token", 1))
        if not power.isdecimal():  # refused later
            return sizes[0]
        # For formulaic, a million times one term is a million steps.
        return sizes[0] ** int(power) if int(power) <= 10 else MOST_TERMS + 1
    if node.operator.symbol in ("*", "/", "in"):
        return (sizes[0] + 1) * (sizes[1] + 1)
    return sizes[0] * sizes[1] if node.operator.symbol == ":" else sum(sizes)


def _check_factor(tree, label, formula):
    """Raise an error for anything other than columns, numbers, arithmetic and known transforms."""
    if isinstance(tree, ast.Name):
        if label == INTERCEPT:
            raise UserError(
                f"model.formula: {INTERCEPT!r} in {cut(formula)!r} is the name of the design's constant, so a "
                "contrast could mean either. Expected '1' for the constant; rename a column of this name."
            )
        return
    try:
        check(tree, _KNOWN)
    except NotAllowed as error:
        called = dotted(error.node.func) if isinstance(error.node, ast.Call) else None
        part = f"{called}()" if called else written(error.node)
        raise _refused(formula, part, error.hint and f"{error.hint}.", called) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _asks_for_too_much(node):
            raise _refused(formula, written(node), f"; expected at most {MOST_COLUMNS} columns.")
    if not names(tree):
        raise UserError(
            f"model.formula: {cut(label)!r} in {cut(formula)!r} names no column. Expected columns of the "
            "participants table, or functions of them; '1' is the constant."
        )


def _asks_for_too_much(call):
    """Tell whether a polynomial or a spline has more columns than any model needs."""
    keyword, position = _SIZES.get(dotted(call.func), (None, None))
    sizes = [argument.value for argument in call.keywords if argument.arg in (keyword, "degree")]
    sizes += call.args[position:4] if keyword else []
    return not all(_is_size(size) for size in sizes)


def _is_size(node):
    if isinstance(node, ast.Constant):
        return node.value is None or (isinstance(node.value, int) and node.value <= MOST_COLUMNS)
    return isinstance(node, (ast.List, ast.Tuple))  # knots, each of them written out


def _refused(formula, part, hint="", called=None):
    hint = hint or (called and nearest(called, _KNOWN)) or "."
    functions = f"{', '.join(sorted(TRANSFORMS))}, and np.{{{', '.join(sorted(NUMPY))}}}"
    return UserError(
        f"model.formula: {cut(part)!r} in {cut(formula)!r} is not allowed{hint} "
        f"A formula may use columns ({TICKS}), numbers, arithmetic, {functions}."
    )


def variables(formula: str) -> set[str]:
    """Return the names of the columns that a formula uses, as a set of str."""
    return set().union(*map(names, parse(formula).factors.values()))


def surely_named(formula: str) -> set[str]:
    """Return the names of columns in a formula that also reads as arithmetic, without formulaic; else none."""
    try:
        return names(read(formula))
    except Unreadable:
        return set()


def categories(formula: str) -> set[str]:
    """Return the names of the columns that a formula uses only inside C(), as a set of str."""
    trees = parse(formula).factors.values()
    return variables(formula) - {name for tree in trees for name in names(tree, outside="C")}


def design_of(table: pd.DataFrame, formula: str) -> pd.DataFrame:
    """Return the design matrix of a formula as formulaic makes it.

    Parameters
    ----------
    table : pandas.DataFrame
        With all columns that the formula names.
    formula : str

    Raises
    ------
    UserError
        If the formula cannot be evaluated on this table, does arithmetic with text, or gives values that are
        missing or infinite.
    """
    parsed = parse(formula)
    try:
        values = {label: evaluate(tree, table, _functions()) for label, tree in parsed.factors.items()}
        design = parsed.terms.get_model_matrix(table[[]], context=values, na_action="raise", output="pandas")
    except NotFinite as lost:
        raise UserError(
            f"model.formula: {written(lost.tree)!r} in {cut(formula)!r} is not finite"
            f"{people(table, lost.rows, names(lost.tree))}. Expected a function that has a value for everyone: "
            "shift or leave out what it has none for."
        ) from None
    except UserError:
        raise
    except Exception as error:  # whatever formulaic raises, as above
        raise UserError(
            f"model.formula: cannot evaluate {cut(formula)!r} on the participants table: {error}."
        ) from None
    made = Counter(design.model_spec.column_names)
    if twice := [name for name, often in made.items() if often > 1]:
        # formulaic silently keeps the last of them.
        raise UserError(
            f"model.formula: two columns of the design are called {twice[0]!r}, so a contrast could mean either. "
            "Rename a column of the participants table, or one of its values."
        )
    return design


@functools.cache
def _functions():
    from formulaic.transforms import TRANSFORMS as theirs

    known = {name: theirs[name] for name in TRANSFORMS}
    known |= {f"np.{name}": getattr(np, name) for name in NUMPY}
    known |= {f"contr.{name}": getattr(theirs["contr"], name) for name in CODINGS}
    # formulaic's own is the tenth power.
    return known | {"exp10": lambda x: np.power(10.0, x), "C": _factor}


def _factor(data, contrasts=None, *, levels=None, spans_intercept=True):
    """Mark a column as a factor. formulaic would put a participant of an unlisted level into no group."""
    from formulaic.transforms import C

    if levels is not None:
        outside = sorted({str(value) for value in np.asarray(data) if value not in levels})
        if outside:
            raise UserError(
                f"model.formula: the levels of C(), {', '.join(map(repr, levels))}, leave out participants with "
                f"{', '.join(map(repr, outside[:5]))}{', ...' if len(outside) > 5 else ''}. Expected all levels "
                "of the column: add these, or keep the others by quality.query."
            )
    return C(data, contrasts, levels=levels, spans_intercept=spans_intercept)
