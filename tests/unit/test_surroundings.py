"""What jobs get of the environment in which a run was started."""

import subprocess
import sys
from pathlib import Path

import pytest
from permaps.workflow.surroundings import cache_folder, shield

NOWHERE = "/proc/nowhere"
# Environment given, and where caches and matplotlib's own files then lie; None: where they lie anyway.
HOMES = {
    "usual": ({"HOME": "{home}"}, "{home}/.cache", None),
    "named": (
        {"HOME": NOWHERE, "XDG_CACHE_HOME": "{home}/c", "XDG_CONFIG_HOME": "{home}/d"},
        "{home}/c",
        None,
    ),
    "no home": ({"HOME": NOWHERE}, "{work}/.snakemake/cache", "{work}/.snakemake/cache/matplotlib"),
    "home that is not absolute": (
        {"HOME": "~"},
        "{work}/.snakemake/cache",
        "{work}/.snakemake/cache/matplotlib",
    ),
    "a file": ({"HOME": "{work}/file"}, "{work}/.snakemake/cache", "{work}/.snakemake/cache/matplotlib"),
    "cache alone": ({"HOME": NOWHERE, "XDG_CACHE_HOME": "{home}"}, "{home}", "{home}/matplotlib"),
    "matplotlib's own": ({"HOME": NOWHERE, "MPLCONFIGDIR": "{home}"}, "{work}/.snakemake/cache", "{home}"),
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "work/file").touch()
    monkeypatch.chdir(tmp_path / "work")
    return {name: str(tmp_path / name) for name in ("home", "work")}


@pytest.mark.parametrize("given, cache, matplotlib", HOMES.values(), ids=HOMES)
def test_caches_lie_where_they_can_be_written(given, cache, matplotlib, places, monkeypatch):
    environment = {name: value.format(**places) for name, value in given.items()}
    monkeypatch.setenv("HOME", environment["HOME"])
    shield(environment)
    assert environment["XDG_CACHE_HOME"] == cache.format(**places)
    assert environment.get("MPLCONFIGDIR") == (matplotlib and matplotlib.format(**places))
    assert environment["HOME"] == given["HOME"].format(**places)
    assert cache_folder(environment) == Path(cache.format(**places))


def test_filters_of_warnings_end_with_the_shield(places):
    code = (
        "import os, warnings; from permaps.workflow.surroundings import shield; shield(os.environ);"
        "warnings.warn('an old function', DeprecationWarning); print('PYTHONWARNINGS' in os.environ)"
    )
    for arguments, environment in ((["-W", "error"], {}), ([], {"PYTHONWARNINGS": "error"})):
        done = subprocess.run(
            [sys.executable, *arguments, "-c", code],
            env={
                "PYTHONPATH": str(Path(__file__).parents[2] / "scripts"),
                "HOME": places["home"],
                **environment,
            },
            capture_output=True,
            text=True,
        )
        assert done.stdout == "False\n", done.stderr
        assert "an old function" in done.stderr
