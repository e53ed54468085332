"""The digest of a script's library modules: edits count for those who import them, touches for nobody."""

import os

import pytest
from permaps.workflow.digest import code_digest, library_digest, modules_of

FILES = {
    "fit.py": "from permaps.design.model import fit\nfrom permaps.workflow import jobs\nimport numpy\n",
    "draw.py": "import permaps.colours\n",
    "lone.py": "import os\n",
    "late.py": "def main():\n    from permaps.workflow.jobs import job\n",
    "permaps/design/model.py": "from permaps.design.shapes import Box\n",
    "permaps/design/shapes.py": "from permaps.design.model import fit\n",  # a circle
    "permaps/workflow/jobs.py": "",
    "permaps/colours.py": "",
    "write.py": "from permaps.reporting import pages\n",
    "permaps/reporting/pages.py": "HERE = 'templates', 'papers.bib'\n",
    "permaps/reporting/templates/page.html": "",
    "permaps/reporting/papers.bib": "",
    "permaps/reporting/others.bib": "",
}


@pytest.fixture
def scripts(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def digests(scripts):
    return {name: library_digest(scripts / f"{name}.py") for name in ("fit", "draw", "lone", "late", "write")}


def changed(scripts, before):
    return {name for name, digest in digests(scripts).items() if digest != before[name]}


def test_modules_are_found_through_one_another(scripts):
    assert [path.name for path in modules_of(scripts / "fit.py")] == ["model.py", "shapes.py", "jobs.py"]
    assert modules_of(scripts / "lone.py") == []


@pytest.mark.parametrize(
    ("module", "users"),
    [
        ("design/shapes.py", {"fit"}),
        ("design/model.py", {"fit"}),
        ("workflow/jobs.py", {"fit", "late"}),
        ("colours.py", {"draw"}),
        ("reporting/templates/page.html", {"write"}),
        ("reporting/papers.bib", {"write"}),
        ("reporting/others.bib", set()),
    ],
)
def test_an_edit_counts_for_the_users_alone(scripts, module, users):
    before = digests(scripts)
    with open(scripts / f"permaps/{module}", "a") as file:
        file.write("# edited\n")
    assert changed(scripts, before) == users


def test_an_edit_of_a_script_counts_for_it_alone(scripts):
    before = digests(scripts)
    with open(scripts / "fit.py", "a") as file:
        file.write("# edited\n")
    assert changed(scripts, before) == {"fit"}


def test_a_touch_counts_for_nobody(scripts):
    before = digests(scripts)
    for path in (scripts / "permaps").rglob("*"):
        os.utime(path, (1, 1))
    assert changed(scripts, before) == set()


def test_the_place_of_the_workflow_does_not_count(scripts, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "scripts"
    scripts.rename(other)
    assert all(path.is_relative_to(other / "permaps") for path in modules_of(other / "fit.py"))
    before = digests(other)
    other.rename(scripts)
    assert changed(scripts, before) == set()


def test_content_that_moves_between_modules_counts(scripts):
    (scripts / "permaps/workflow/jobs.py").write_text("a = 1\n")
    before = digests(scripts)
    (scripts / "permaps/workflow/jobs.py").write_text("")
    (scripts / "permaps/design/shapes.py").write_text(FILES["permaps/design/shapes.py"] + "a = 1\n")
    assert changed(scripts, before) == {"fit", "late"}


@pytest.mark.parametrize(
    "name",
    [
        "Snakefile",
        "rules/maps.smk",
        "scripts/fit.py",
        "scripts/permaps/colours.py",
        "scripts/permaps/reporting/templates/page.html",
    ],
)
def test_all_that_makes_results_counts_for_a_run(tmp_path, name):
    for file in ("Snakefile", "rules/maps.smk", *(f"scripts/{script}" for script in FILES)):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    before = code_digest(tmp_path)
    (tmp_path / "README.md").write_text("")
    (tmp_path / "scripts/__pycache__").mkdir()
    (tmp_path / "scripts/__pycache__/fit.pyc").write_text("")
    assert code_digest(tmp_path) == before
    (tmp_path / name).write_text("# edited\n")
    assert code_digest(tmp_path) != before
