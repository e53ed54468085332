"""The lock, the conda environments and the scripts name the same packages."""

import ast
import functools
import re
import sys
from pathlib import Path

import pytest
import yaml
from permaps.workflow.defaults import environment
from permaps.workflow.digest import Sources, modules_of

ROOT = Path(__file__).parents[2]
SOURCES = Sources()
LOCK = (ROOT / "envs" / "requirements.txt").read_text(encoding="utf-8")
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
# Where conda-forge or an import calls a package by another name than the package index does.
CONDA_NAMES = {"matplotlib-base": "matplotlib"}
IMPORT_NAMES = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
# Users may install these; without them, a message says how.
OPTIONAL = {"openpyxl"}


def locked():
    """Version of every package in the lock, but for those that differ between Pythons."""
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)(?: ;.*)? \\$", LOCK, flags=re.MULTILINE)
    versions = {}
    for name, version in pins:
        versions.setdefault(name, set()).add(version)
    return {name: found.pop() for name, found in versions.items() if len(found) == 1}


def conda_pins(path):
    """Version of every package in a conda environment, under its name in the package index."""
    packages = dict(
        line.split(" =") for line in yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    )
    return {CONDA_NAMES.get(name, name): version for name, version in packages.items()}


def environment_of_rules():
    """Conda environment of every rule that runs a script of the same name."""
    found = {}
    for path in (ROOT / "rules").glob("*.smk"):
        for rule in re.split(r"^\s*rule\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            script = re.search(r"scripts/(\w+)\.py", rule)
            if script:
                found[script[1]] = Path(environment(path)).stem
    return found


@functools.cache  # most scripts share most modules
def imports_of(path):
    """Packages that a file imports: at its start, and in some function."""
    always, sometimes = set(), set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    within = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        names = sometimes if id(node) in within else always
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return always, sometimes


def third_party_imports(script):
    """Packages that a script needs, itself or through the library: at its start, and in some function."""
    own = set(sys.stdlib_module_names) | {"permaps"}
    found = zip(*map(imports_of, [script, *modules_of(script, SOURCES)]), strict=True)
    return [{IMPORT_NAMES.get(name, name) for name in set().union(*names) - own} for names in found]


def test_lock_has_hashes_and_no_addresses():
    assert "://" not in LOCK
    assert "--index-url" not in LOCK and "--find-links" not in LOCK
    for requirement in re.split(r"\n(?=\S)", LOCK.strip()):
        assert "==" in requirement and "--hash=sha256:" in requirement, requirement


def test_lock_holds_every_requirement():
    lines = (ROOT / "envs" / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = {re.match(r"[\w-]+", line)[0] for line in lines if re.match(r"\w", line)}
    assert wanted and wanted <= set(locked())


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_environments_have_the_locked_versions(path):
    pins = conda_pins(path)
    assert pins.pop("python")
    assert pins == {name: locked().get(name) for name in pins}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_conda_environments_use_conda_forge_alone(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["channels"] == ["conda-forge", "nodefaults"]


def test_every_rule_finds_its_imports_in_its_conda_environment():
    environments = environment_of_rules()
    assert environments, "no rule with a script was found in rules/"
    anywhere = set().union(*(conda_pins(path) for path in ENVIRONMENTS))
    missing = {}
    for rule, name in environments.items():
        here = set(conda_pins(ROOT / "envs" / f"{name}.yaml"))
        always, sometimes = third_party_imports(ROOT / "scripts" / f"{rule}.py")
        # A library module may hold a function that only other rules call.
        lacking = (always - here) | (sometimes - anywhere - OPTIONAL)
        if lacking:
            missing[f"{rule} ({name}.yaml)"] = sorted(lacking)
    assert not missing
