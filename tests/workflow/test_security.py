"""Nothing in the sources could run what a user, or a file, says.

The cases of test_bad_input.py try it from outside; here the sources are read for what would make it possible.
"""

import ast
import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
RULES = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]

PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
RUNS_CODE = {"eval", "exec", "compile", "__import__"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "shell"}


def calls(path):
    """Every call in a file, with the called name as it is written."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(call, name):
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), None)


def where(path, call):
    return f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pickle_no_shell_no_code_from_text(path):
    for name, call in calls(path):
        if name in ("np.load", "numpy.load"):
            assert keyword(call, "allow_pickle") == "False", where(path, call)
        if name == "yaml.load":
            assert keyword(call, "Loader") == "loader" and path.name == "schema.py", where(path, call)
        assert keyword(call, "shell") in (None, "False"), where(path, call)
        assert name not in RUNS_CODE | SHELLS, where(path, call)
        assert not name.endswith((".read_pickle", ".query", ".unsafe_load", ".full_load")), where(path, call)
        assert not name.endswith(".eval"), where(path, call)
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
    }
    assert not imported & PICKLES


def test_formulaic_is_given_names_of_ours_and_labels_alone():
    # It evaluates what it takes for Python, also while it reads: its parser, and whatever else takes a text.
    path = ROOT / "scripts/permaps/design/formula.py"
    given = {name: ast.unparse(call.args[0]) for name, call in calls(path) if call.args}
    assert given["tokenize"] == "formula"  # splits text, and no more
    assert given["Formula"] == given["DefaultFormulaParser().get_ast"] == "text"
    users = [p.name for p in SCRIPTS if "from formulaic" in p.read_text(encoding="utf-8")]
    assert users == ["formula.py"]


def test_the_only_loader_of_yaml_is_a_safe_one():
    text = (ROOT / "scripts/permaps/workflow/schema.py").read_text()
    assert re.findall(r"loader = (.*)", text) == ['getattr(yaml, "CSafeLoader", yaml.SafeLoader)']


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_run_scripts_and_no_shell(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(shell|run|wrapper|notebook|cwl)\s*:", text, re.M)
    assert not re.search(r"\b(shell|eval|exec)\(|subprocess|os\.system|\bpickle\b|unsafe", text)


def test_arrays_with_objects_are_not_read(tmp_path):
    from permaps.permutation.model import Model

    np.savez(tmp_path / "model.npz", design=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Model.load(tmp_path / "model.npz")


def test_kernels_are_not_read_from_a_folder_of_somebody_else(tmp_path, monkeypatch):
    # numba's cache is pickled, and anybody may make a folder of this name among the temporary files.
    from permaps.statistics import compiled

    name = f"permaps-{os.getuid()}"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    own = compiled.scratch()
    assert own == tmp_path / name and stat.S_IMODE(own.stat().st_mode) == 0o700
    assert compiled.scratch() == own
    own.chmod(0o777)
    assert compiled.scratch() != own
    own.rmdir()
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")
    assert compiled.scratch() != own
