"""The library's rooms: what each may import, so that data and dependencies flow one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "scripts/permaps"
# In the order in which data flow. Every room may use what holds the jobs together, and rooms before it.
ORDER = (
    *("arithmetic", "statistics", "tables", "maps", "cohort", "quality", "spaces", "design", "permutation"),
    *("reporting", "figures"),
)


def imports():
    """Yield (importing room, its module, imported room, its module) for all that crosses rooms."""
    for path in LIBRARY.glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("permaps."):
                room, *module = node.module.split(".")[1:]
                if room != path.parent.name:
                    yield path.parent.name, path.stem, room, ".".join(module)


def test_rooms_are_those_of_the_order():
    assert {path.parent.name for path in LIBRARY.glob("*/*.py")} == {*ORDER, "workflow"}


def test_rooms_import_one_way():
    places = {room: place for place, room in enumerate(("workflow", *ORDER))}
    assert not [
        f"{room}.{module} imports {other}.{its_module}"
        for room, module, other, its_module in imports()
        if places[other] > places[room]
    ]


def test_statistics_know_neither_files_nor_designs():
    assert not [found for found in imports() if found[0] == "statistics" and found[2] != "arithmetic"]


def test_nothing_is_imported_by_the_folders_themselves():
    # A chunk's job would import it too, and no digest would see its edits.
    for path in LIBRARY.glob("*/__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1 and isinstance(body[0], ast.Expr), path


def test_the_library_itself_imports_only_what_python_brings():
    parts = ast.walk(ast.parse((LIBRARY / "__init__.py").read_text(encoding="utf-8")))
    assert {name.name for part in parts if isinstance(part, ast.Import) for name in part.names} == {"gc"}


@pytest.mark.parametrize(
    ("heavy", "scripts"),
    {
        "matplotlib": ["summarise_results", "write_report", "write_methods"],
        "scipy.stats": ["correct", "fit_parametric", "tabulate_clusters", "plot_test"],
    }.items(),
)
def test_jobs_that_do_without_a_library_do_not_wait_for_its_import(heavy, scripts):
    code = f"import sys, {', '.join(scripts)}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=LIBRARY.parent, check=False).returncode == 0
