"""What is said at a terminal, through the real command: before, after and instead of results."""

import re
import sys

import pytest
from permaps.statistics.registry import STATISTICS
from tiny import CONFIG, ROOT, layered

# Gives the command a terminal of its own, and hands on what appears there.
AT_A_TERMINAL = (
    sys.executable,
    "-c",
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
)
# The command, which says after each job how long is left, and not only now and then.
AT_EVERY_JOB = (
    sys.executable,
    "-c",
    "import sys; sys.path.insert(0, sys.argv[1]); from permaps.workflow import duration; duration.EVERY = 0; "
    "from snakemake.cli import main; sys.argv[:] = sys.argv[2:]; main()",
    str(ROOT / "scripts"),
)
PLAN = "Permaps 0."
DONE = "Permaps is done"


def told(study, *arguments, **options):
    """Run at a terminal; return what is said there, without colours, and the exit status."""
    done = study.run(*arguments, through=AT_A_TERMINAL, env={"TERM": "xterm"}, **options)
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", done.stdout), done.returncode


@pytest.fixture
def study(finished, tmp_path):
    return finished.copied(tmp_path / "study")


def test_dry_run_shows_the_plan_once_and_below_the_jobs(finished):
    text, status = told(finished, "--dry-run", "--forceall")
    assert status == 0
    assert text.count(PLAN) == 1
    assert text.index("Writing the methods") < text.index(PLAN) < text.index("This was a dry-run")
    plan = text.partition(PLAN)[2]
    jobs = int(re.search(r"^total +(\d+)$", text, re.M)[1]) - 1  # without `all`
    for part in (
        "participants  8, of ",
        "20, in 2 chunks; 2 to compute",
        "age (t)",
        f"jobs          {jobs}, 2 at a time; about",
    ):
        assert part in plan, part


def test_a_run_says_how_long_is_left(study):
    text = study.finish("--forcerun", "summarise_results", through=AT_EVERY_JOB).stdout
    steps = re.findall(r"^(\d+) of (\d+) steps.*done$(?:\n\n(about .*))?", text, re.M)
    assert len(steps) > 2
    # The last job is `all`, which is no work.
    assert all(re.fullmatch(r"about \d+ s to go, by what has been done", said) for *_, said in steps[:-2])
    assert not any(said for *_, said in steps[-2:])


@pytest.mark.parametrize(
    "arguments", [["--list-rules"], ["--summary"], ["--rulegraph"], ["--dry-run", "--quiet"]]
)
def test_no_plan_where_nothing_is_planned_or_quiet_is_asked_for(finished, arguments):
    text, status = told(finished, *arguments)
    assert status == 0
    assert "Permaps" not in text


def test_a_run_says_what_it_will_do_and_what_it_found(study):
    text, status = told(study, "--forcerun", "summarise_results")
    assert status == 0
    # Once each, so not by the jobs, which read the same rules.
    assert (text.count(PLAN), text.count(DONE)) == (1, 1)
    assert text.index(PLAN) < text.index("Summarising the run") < text.index(DONE)
    plan, closing = text.partition(PLAN)[2], text.partition(DONE)[2]
    assert "0 to compute" in plan
    assert "voxels        210" in plan
    table = study.result("tables/summary.tsv").read_text().splitlines()
    for line in table[1:]:
        contrast, statistic, voxels = line.split("\t")[:3]
        name, *correction = statistic.split(",")
        called = ",".join([STATISTICS[name].label, *correction])
        assert re.search(rf"^  {contrast} +{called} +{voxels}\b", closing, re.M), closing
    assert "results/report.html" in closing


def test_a_run_of_something_else_claims_no_findings(study):
    text, status = told(study, "--forcerun", "write_methods", "--", "results/methods.md")
    assert status == 0
    assert PLAN in text
    assert DONE not in text


def failing(study, rule, error):
    """Let the script of a rule fail."""
    script = study.workflow / f"scripts/{rule}.py"
    main = f"def main(**arguments):\n    raise {error}\n\n\ndef unused("
    script.write_text(script.read_text().replace("def main(", main))


def test_a_failure_ends_with_what_went_wrong(study):
    failing(study, "write_methods", "ValueError('odd')")
    text, status = told(study, "--", "results/methods.md")
    assert status == 1
    assert DONE not in text
    # Below all that Snakemake says, so that nobody has to look for it.
    assert text.index("At least one job did not complete") < text.index("Permaps stopped")
    last = text.partition("Permaps stopped")[2]
    assert "unexpected ValueError: odd" in last
    assert "write_methods: results/logs/write_methods.log" in last
    assert "ValueError: odd" in study.result("logs/write_methods.log").read_text()


def test_an_error_does_not_drown_among_the_names_of_maps(study):
    failing(study, "read_maps", "ValueError('odd')")
    text, status = told(study)
    assert status == 1
    above, _, last = text.partition("Permaps stopped")
    assert "ValueError: odd" in " ".join(last.split())
    assert re.search(r"input: .*, and \d more$", above.partition("Error in rule")[2], re.M), above


def test_in_a_file_the_same_is_said(finished, study):
    assert finished.finish("--dry-run", "--forceall").stdout.count(PLAN) == 1
    said = study.finish("--forcerun", "summarise_results").stdout
    assert (said.count(PLAN), said.count(DONE)) == (1, 1)
    failing(study, "write_methods", "ValueError('odd')")
    said = study.run("--", "results/methods.md").stdout
    assert "unexpected ValueError: odd" in said.partition("Permaps stopped")[2]


def test_too_few_relabellings_for_the_level_are_told_before_anything_runs(finished):
    config = layered(CONFIG, {"permutation": {"n_permutations": 10}})
    said = finished.finish("--dry-run", config=config).stdout
    assert said.count("With 10 relabellings besides the observed one, no corrected p can be below 0.091") == 1
    assert "It takes 19 at least" in said


def test_a_design_with_too_few_relabellings_is_told_before_the_chunks(finished, tmp_path):
    # Two families, whose members change places: 4! 4! ways. Of the families themselves there are two.
    config = layered(CONFIG, {"permutation": {"blocks": {"whole": "group"}, "scheme": "permute"}})
    study = finished.copied(tmp_path / "study")
    wanted = ("results/tables/relabellings.tsv", "results/methods.md")
    # On one core, so that the order is one of priorities, not of who is done first.
    said = study.finish("--", *wanted, config=config, cores=1).stdout
    assert (
        "Permaps: age: With 1 relabelling besides the observed one, no corrected p can be below 0.5" in said
    )
    assert said.index("no corrected p can") < said.index("Relabelling contrast-age")
    table = study.result("tables/relabellings.tsv").read_text().splitlines()
    assert table[1].split("\t") == ["age", "permute", "2", "1", "0.5", "0.05", "no"]
    assert "nothing can be significant at 0.05" in study.result("methods.md").read_text()
