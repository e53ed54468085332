"""Model formulas: which columns they use, and which code they may hold.

A formula is text from a config file, and formulaic evaluates parts of it as Python. It is parsed first,
and only columns, numbers, arithmetic and a list of known transforms are let through: no attribute, no
subscript and no other call is ever evaluated.
"""

import ast
import re

from permaps.workflow.errors import UserError, nearest

TRANSFORMS = frozenset(
    [
        "log",
        "log10",
        "log2",
        "exp",
        "exp10",
        "exp2",
        "bs",
        "cc",
        "cr",
        "cs",
        "center",
        "scale",
        "standardize",
        "poly",
        "C",
        "I",
        "Treatment",
        "Sum",
        "Helmert",
        "Diff",
        "Poly",
    ]
)
NUMPY = frozenset(
    ["log", "log10", "log2", "log1p", "exp", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tanh"]
)
CODINGS = frozenset(["treatment", "sum", "helmert", "diff", "poly"])

_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Attribute, ast.Constant, ast.keyword,
    ast.List, ast.Tuple, ast.Compare, ast.Load, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
_QUOTED = re.compile(r"`([^`]*)`")

# A formula can ask for more than any machine has: 2^n terms by n stars, a spline with a billion columns.
MOST_TERMS = 1000
MOST_COLUMNS = 100
_SIZES = {"poly": ("degree", 1), "bs": ("df", 1), "cc": ("df", 1), "cr": ("df", 1), "cs": ("df", 1)}


def parse(formula):
    """Parse a formula and refuse what is not a plain right-hand side of known parts.

    Parameters
    ----------
    formula : str
        In Wilkinson notation as formulaic reads it, such as "1 + group * age".

    Returns
    -------
    formulaic.SimpleFormula

    Raises
    ------
    UserError
        When the formula cannot be parsed, has a left-hand side or several parts, or holds code other
        than columns, numbers, arithmetic and known transforms.
    """
    from formulaic import Formula, SimpleFormula
    from formulaic.parser import DefaultFormulaParser

    try:
        n_terms = _most_terms(DefaultFormulaParser().get_ast(formula))
        parsed = Formula(formula) if n_terms <= MOST_TERMS else None
    except Exception as error:  # whatever formulaic raises, the formula is what has to change
        reason = str(error).strip().splitlines()
        raise UserError(
            f"model.formula: cannot read {_cut(formula)!r} ({reason[0] if reason else type(error).__name__}). "
            "Expected a formula over columns of the participants table, such as '1 + group + age'."
        ) from None
    if parsed is None:
        raise UserError(
            f"model.formula: {_cut(formula)!r} multiplies out to more than {MOST_TERMS} terms. "
            "Name the interactions that are meant, such as 'a + b + a:b'."
        )
    if not isinstance(parsed, SimpleFormula):
        raise UserError(
            f"model.formula: {_cut(formula)!r} has a '~' or a '|'. Expected the columns of the design alone, "
            "such as '1 + group + age': the maps are always what is explained."
        )
    _columns(parsed, formula)
    return parsed


def _most_terms(node):
    """Return how many terms a formula can multiply out to, without doing so."""
    if not hasattr(node, "operator"):
        return 1
    sizes = [_most_terms(argument) for argument in node.args]
    if node.operator.symbol in ("**", "^"):
        power = str(getattr(node.args[1], "token", 1))
        if not power.isdecimal():  # refused later
            return sizes[0]
        # To formulaic a million times one term is a million steps, too.
        return sizes[0] ** int(power) if int(power) <= 10 else MOST_TERMS + 1
    if node.operator.symbol in ("*", "/", "%in%"):
        return (sizes[0] + 1) * (sizes[1] + 1)
    return sizes[0] * sizes[1] if node.operator.symbol == ":" else sum(sizes)


def evaluate(table, formula):
    """Return the design matrix of a formula as formulaic makes it.

    Parameters
    ----------
    table : pandas.DataFrame
        With all columns that the formula names.
    formula : str

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UserError
        When the formula cannot be evaluated on this table, or does arithmetic with text.
    """
    from pandas.api.types import is_numeric_dtype

    parsed = parse(formula)
    for name in sorted(_in_arithmetic(parsed)):
        # To Python, text times a number is that text as often.
        if name in table.columns and not is_numeric_dtype(table[name]):
            raise UserError(
                f"model.formula: {_cut(formula)!r} does arithmetic with column {name!r}, which holds text. "
                "Expected numbers there."
            )
    try:
        return parsed.get_model_matrix(table, na_action="raise", output="pandas")
    except Exception as error:  # as above
        raise UserError(
            f"model.formula: cannot evaluate {_cut(formula)!r} on the participants table: {error}"
        ) from None


def _in_arithmetic(parsed):
    """Names that stand inside an arithmetic operation."""
    names = set()
    for term in parsed:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                tree, quoted = _tree(factor.expr)
                parts = [node for node in ast.walk(tree) if isinstance(node, (ast.BinOp, ast.UnaryOp))]
                inner = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
                names |= {quoted.get(name, name) for name in inner}
    return names


def variables(formula):
    """Return the names of the columns that a formula uses, as a set of str."""
    return _columns(parse(formula), formula)


def _columns(parsed, formula):
    columns = set()
    for term in parsed:
        for factor in term.factors:
            method = factor.eval_method.value
            if method == "lookup":
                if factor.expr == ".":
                    raise UserError(
                        f"model.formula: '.' in {_cut(formula)!r} would take every column; name the columns."
                    )
                columns.add(factor.expr)
            elif method == "python":
                columns |= _names_in(factor.expr, formula)
    return columns


def _tree(expression):
    """Parse an expression with its `quoted names` replaced by plain ones; return both."""
    quoted = {}

    def placeholder(match):
        quoted[name := f"_quoted_{len(quoted)}"] = match.group(1)
        return name

    return ast.parse(_QUOTED.sub(placeholder, expression), mode="eval"), quoted


def _names_in(expression, formula):
    """Column names in a Python expression of a formula, after checking every part of it."""
    tree, quoted = _tree(expression)
    functions = set()
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise _refused(formula, ast.unparse(node))
        if isinstance(node, ast.Attribute) and not _is_known_attribute(node):
            raise _refused(formula, ast.unparse(node))
        if isinstance(node, ast.Attribute):
            functions.add(node.value)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id not in TRANSFORMS:
                raise _refused(formula, f"{node.func.id}()", nearest(node.func.id, TRANSFORMS))
            if not isinstance(node.func, (ast.Name, ast.Attribute)):
                raise _refused(formula, ast.unparse(node))
            functions.add(node.func)
            if _asks_for_too_much(node):
                raise _refused(formula, ast.unparse(node), f"; expected at most {MOST_COLUMNS} columns.")
        if isinstance(node, ast.BinOp) and not (_is_number(node.left) and _is_number(node.right)):
            raise _refused(formula, ast.unparse(node), "; arithmetic takes numbers.")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _is_small(node.right):
            raise _refused(formula, ast.unparse(node), "; powers go up to 10.")
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in functions}
    return {quoted.get(name, name) for name in names}


def _is_known_attribute(node):
    known = {"np": NUMPY, "contr": CODINGS}
    return isinstance(node.value, ast.Name) and node.attr in known.get(node.value.id, ())


def _is_number(node):
    """Tell whether an operand can be a number: text times a billion is a billion times that text."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float))
    return not isinstance(node, (ast.List, ast.Tuple))


def _asks_for_too_much(call):
    """Tell whether a polynomial or a spline has more columns than any model needs."""
    keyword, position = _SIZES.get(getattr(call.func, "id", None), (None, None))
    sizes = [argument.value for argument in call.keywords if argument.arg in (keyword, "degree")]
    sizes += call.args[position:4] if keyword else []
    return not all(_is_size(size) for size in sizes)


def _is_size(node):
    if isinstance(node, ast.Constant):
        return node.value is None or (isinstance(node.value, int) and node.value <= MOST_COLUMNS)
    return isinstance(node, (ast.List, ast.Tuple))  # knots, each of them written out


def _cut(text):
    return text if len(text) <= 200 else text[:197] + "..."


def _is_small(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) <= 10


def _refused(formula, part, hint=""):
    functions = f"{', '.join(sorted(TRANSFORMS))}, and np.{{{', '.join(sorted(NUMPY))}}}"
    return UserError(
        f"model.formula: {_cut(part)!r} in {_cut(formula)!r} is not allowed{hint or '.'} "
        f"A formula may use columns, numbers, arithmetic, {functions}."
    )
