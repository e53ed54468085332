"""Public functions of the library say the types of what they take and return."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "scripts/permaps"
ROOMS = sorted({path.parent.name for path in LIBRARY.glob("*/*.py")})


def public_functions(body, of=""):
    """Yield (name, node) of a module's public functions, and of the methods of its public classes."""
    for node in body:
        private = node.name.startswith("_") if isinstance(node, ast.ClassDef | ast.FunctionDef) else True
        if isinstance(node, ast.ClassDef) and not private:
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and (not private or node.name.endswith("__")):
            yield of + node.name, node


def without_hint(function):
    """Return what a function takes and returns without saying its type."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    names = [a.arg for a in arguments if a and a.annotation is None and a.arg not in ("self", "cls")]
    return names + ["return"] * (function.returns is None and function.name != "__init__")


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_say_their_types(room):
    untyped = [
        f"{path.stem}.{name}: {', '.join(missing)}"
        for path in sorted((LIBRARY / room).glob("*.py"))
        for name, function in public_functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if (missing := without_hint(function))
    ]
    assert not untyped


def test_what_lacks_a_hint_is_found():
    source = (
        "def f(a: int, *b, c=1, **d) -> int: ...\ndef _g(a): ...\nclass A:\n"
        "    def __init__(self, x): ...\n    def m(self): ...\nclass _B:\n    def m(self, x): ...\n"
    )
    found = {name: without_hint(function) for name, function in public_functions(ast.parse(source).body)}
    assert found == {"f": ["c", "b", "d"], "A.__init__": ["x"], "A.m": ["return"]}
