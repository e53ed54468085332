"""Style, Snakemake's own lint and a dry run for every config in the tree that brings its maps.

The examples that need maps are planned and run with some in `test_examples.py`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SNAKEFILES = ["Snakefile", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "rules").glob("*.smk"))]
CONFIGS = sorted(
    path
    for folder in ("config", "config/examples", "tests/config")
    for path in (ROOT / folder).glob("*.yaml")
    if (yaml.safe_load(path.read_text()).get("dataset") or {}).get("source") not in ("table", "fsl")
)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "scripts", "tests"],
        ["ruff", "format", "--check", "scripts", "tests"],
        ["snakefmt", "--check", *SNAKEFILES],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_style(command):
    tool = shutil.which(command[0], path=Path(sys.executable).parent)
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakemake_lint(snakemake):
    done = snakemake("--lint", timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_dry_run(snakemake, config):
    # Forced, since a missing script is found only for jobs that have to run.
    done = snakemake("--dry-run", "--forceall", "--cores", "1", "--configfile", config, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "This was a dry-run" in done.stdout


def test_there_are_configs_to_run():
    assert ROOT / "config" / "config.yaml" in CONFIGS
    assert ROOT / "tests" / "config" / "toy.yaml" in CONFIGS
