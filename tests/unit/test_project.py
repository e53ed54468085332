"""What the project says of itself in several places is the same everywhere."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def whole(path):
    return (ROOT / path).read_text(encoding="utf-8")


def loaded(path):
    return yaml.safe_load(whole(path))


@pytest.mark.parametrize(
    "path, pattern",
    [("CHANGELOG.md", r"^## (\S+)"), ("config/examples/module/Snakefile", r'tag="v([^"]+)"')],
)
def test_the_version_is_that_of_the_citation(path, pattern):
    assert re.search(pattern, whole(path), re.M)[1] == loaded("CITATION.cff")["version"]


def test_hooks_are_the_tools_that_the_tests_use():
    hooks = [hook for repo in loaded(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    locked = re.findall(r"^([a-z0-9-]+)==", whole("envs/requirements.txt"), re.M)
    entries = [hook["entry"].removeprefix(".venv/bin/").split() for hook in hooks]
    commands = {" ".join(word for word in entry if word[0] != "-") for entry in entries}
    assert commands == {"ruff check", "ruff format", "snakefmt"}
    assert {command.split()[0] for command in commands} <= set(locked)


def test_hosted_checks_are_ours_on_the_oldest_python_too():
    (job,) = loaded(".github/workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    oldest = tomllib.loads(whole("pyproject.toml"))["tool"]["ruff"]["target-version"]
    assert oldest == f"py{job['strategy']['matrix']['python'][0].replace('.', '')}"


def test_every_page_is_on_the_site():
    def pages(entries):
        for entry in entries:
            (target,) = entry.values()
            yield from pages(target) if isinstance(target, list) else [target]

    listed = list(pages(loaded("mkdocs.yml")["nav"]))
    written = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md"]
    written += [f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")]
    assert sorted(listed) == sorted(written)


def test_the_site_is_built_and_its_links_lead_somewhere(tmp_path):
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "CITATION.cff",
        "mkdocs.yml",
        "Makefile",
    ):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("config", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    done = subprocess.run(
        ["make", "--assume-old=.venv/.locked", "PYTHON=/bin/false", "CACHE=true", "docs"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Your own data" in (tmp_path / "build/site/index.html").read_text()
