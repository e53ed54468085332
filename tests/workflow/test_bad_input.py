"""Whatever is wrong with the input: one clear message, no traceback, and nothing lost or left elsewhere.

Every case goes through the real `snakemake` command, two at a time. `make errors` writes docs/errors.md from
what they print.
"""

import csv
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny
from bad_input.cases import BRAIN, MAPS, NULL, SPACES, STOPS, VALUES, Map, Value
from bad_input.page import PAGE, page
from bad_input.running import PLAIN, Sandbox, files_in, normalised

ROOT = Path(__file__).parents[2]
WORKERS = 2
# Those that begin with a finished run first, since it takes the longest.
EVERYTHING = [*sorted(STOPS, key=lambda case: not case.finished), *MAPS, *VALUES]


class Runs:
    """The runs behind the cases, each started once and as early as it is known to be needed."""

    def __init__(self, folder, snakemake):
        self.folder, self.snakemake = folder, snakemake
        self.pool = ThreadPoolExecutor(WORKERS)
        self.started = {}
        self.batches = batches(VALUES)

    def start(self, case):
        """Return the future of the run that a case belongs to."""
        if isinstance(case, Value):
            key, work = next((i, self._values) for i, batch in enumerate(self.batches) if case in batch)
        elif isinstance(case, Map):
            key, work = f"maps of {case.space}", self._maps
        else:
            key, work = STOPS.index(case) + 1000, self._stop
            if case.finished:
                self.start_finished()
        return self._once(key, work, case)

    def start_finished(self):
        return self._once("finished", lambda _: self._finished(), None)

    def outcome(self, case):
        return self.start(case).result()

    def _once(self, key, work, case):
        if key not in self.started:
            self.started[key] = self.pool.submit(work, case)
        return self.started[key]

    def sandbox(self, name):
        return Sandbox(self.folder / name, self.folder / "cache")

    def _values(self, case):
        number, batch = next((i, batch) for i, batch in enumerate(self.batches) if case in batch)
        config = dict(PLAIN)
        for one in batch:
            config |= one.config
        return self.sandbox(f"values-{number}").run(self.snakemake, config, "--dry-run")

    def _maps(self, one):
        box = self.sandbox(f"maps-{one.space}")
        prepare, config = SPACES.get(one.space, (lambda _: None, {}))
        prepare(box)
        for i, case in enumerate(MAPS):
            if case.space == one.space:
                path = box.study.add(f"bad-{i:02d}")
                box.study.write()
                case.damage(box.study, path)
        return box.run(
            self.snakemake, PLAIN | config, "--", "results/quality/included.tsv", unprivileged=True
        )

    def _finished(self):
        box = self.sandbox("finished")
        outcome = box.run(self.snakemake, box.own_config(), "--", f"results/{NULL}")
        assert outcome.code == 0, outcome.output
        return box

    def _stop(self, case):
        box = self.sandbox(f"stop-{STOPS.index(case):02d}")
        config = PLAIN
        if case.finished:
            # Started before, so that this one cannot wait for a worker that waits for it.
            config = box.after(self.started["finished"].result())
        if case.damage:
            case.damage(box)
        results = "results"
        if isinstance(case.config, bytes):
            config = case.config
        else:
            results = case.config.get("results", results)
            config = config | case.config
        if case.by_snakemake:
            arguments = (*case.arguments, "--dry-run")
        else:
            arguments = (*case.arguments, "--", f"{results}/{case.target}")
        return box.run(
            self.snakemake, config, *arguments, results=case.results, unprivileged=case.unprivileged
        )


def batches(values):
    """Group values so that no two of a group are in one section: one run refuses them all."""
    groups = []
    for value in values:
        fits = (
            group
            for group in groups
            if group[0].stage == value.stage and not any(one.config.keys() & value.config for one in group)
        )
        group = next(fits, None)
        if group is None:
            groups.append([value])
        else:
            group.append(value)
    return groups


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory, snakemake):
    runs = Runs(tmp_path_factory.mktemp("bad_input"), snakemake)
    wanted = set()
    for item in request.session.items:
        if item.path == Path(__file__):
            case = getattr(item, "callspec", None) and item.callspec.params.get("case")
            wanted |= set([case] if case else EVERYTHING if "page" in item.name else [])
    for case in sorted(wanted, key=EVERYTHING.index):
        runs.start(case)
    yield runs
    runs.pool.shutdown(cancel_futures=True)


def of(cases, prefix=""):
    return pytest.mark.parametrize(
        "case", cases, ids=[f"{getattr(c, 'section', prefix)}: {c.what}" for c in cases]
    )


def said_of_value(runs, case):
    """The one line that a refusal of many has for this value."""
    outcome = runs.outcome(case)
    lines = [line for line in outcome.message.splitlines() if all(part in line for part in case.says)]
    assert len(lines) == 1, f"expected {case.says} in one line of\n{outcome.output}"
    return normalised(lines[0].removeprefix("  - "), outcome)


def said_of_map(runs, case):
    """The reason in excluded.tsv, "" for who stays."""
    outcome = runs.outcome(case)
    name = f"bad-{MAPS.index(case):02d}"
    folder = outcome.folder / "work/results/quality"
    with (
        open(folder / "excluded.tsv", newline="") as excluded,
        open(folder / "included.tsv", newline="") as included,
    ):
        reasons = {row["participant_id"]: row["reason"] for row in csv.DictReader(excluded, delimiter="\t")}
        stay = {row["participant_id"] for row in csv.DictReader(included, delimiter="\t")}
    assert (name in reasons) != (name in stay)
    return normalised(reasons.get(name, ""), outcome)


def said_of_stop(runs, case):
    outcome = runs.outcome(case)
    if case.by_snakemake:
        said = case.answer or re.search(r"WorkflowError:\n(.*)", outcome.output, re.S)[1]
        assert said in outcome.output
    else:
        said = outcome.message
    return normalised(said, outcome)


def nothing_ran_wild(outcome):
    assert not outcome.lost
    assert not outcome.strays - {"work/config.yaml"}
    assert not [path for path in files_in(outcome.folder) if "pwned" in path]
    assert not [path for path in files_in(outcome.folder) if Path(path).name.startswith(".partial-")]


@of(VALUES, "config")
def test_a_value_is_refused_before_anything_runs(runs, case):
    outcome = runs.outcome(case)
    assert outcome.code != 0
    assert "Traceback" not in outcome.output
    said_of_value(runs, case)
    nothing_ran_wild(outcome)
    assert not (outcome.folder / "work/results").exists()


@of(MAPS, "map")
def test_a_map_costs_its_participant_alone(runs, case):
    outcome = runs.outcome(case)
    assert outcome.code == 0, outcome.output
    reason = said_of_map(runs, case)
    assert (case.says in reason) if case.says else not reason, reason
    assert "\n" not in reason
    nothing_ran_wild(outcome)


@of(STOPS)
def test_a_run_stops_with_one_message(runs, case):
    outcome = runs.outcome(case)
    assert outcome.code != 0, outcome.output
    if case.by_snakemake:
        assert all(part in outcome.output for part in case.says), outcome.output
    else:
        assert outcome.message, f"expected one message in\n{outcome.output}"
        assert all(part in outcome.message for part in case.says), outcome.message
        assert not outcome.message.startswith("unexpected")
        assert "Traceback" not in outcome.output
        # Said once where it happens; a run that ends says it again below everything else, indented.
        assert len(re.findall(rf"^(?:Permaps: )?{re.escape(outcome.message)}", outcome.output, re.M)) == 1
    if outcome.log:
        assert outcome.message in outcome.log
        assert "Traceback" not in outcome.log
    nothing_ran_wild(outcome)


def test_participants_who_stay_are_flagged_when_their_map_is_anothers(runs):
    case = next(case for case in MAPS if "duplicate" in case.what)
    folder = runs.outcome(case).folder / "work/results"
    with open(folder / "quality/metrics.tsv", newline="") as file:
        flagged = {row["participant_id"]: row["duplicate_of"] for row in csv.DictReader(file, delimiter="\t")}
    assert flagged[f"bad-{MAPS.index(case):02d}"] == "sub-01"
    assert "holds the same values" in (folder / "logs/select_participants.log").read_text()


def test_a_map_on_another_scale_is_flagged_and_told(runs):
    case = next(case for case in MAPS if "a million times" in case.what)
    outcome, name = runs.outcome(case), f"bad-{MAPS.index(case):02d}"
    with open(outcome.folder / "work/results/quality/metrics.tsv", newline="") as file:
        flags = {row["participant_id"]: row["stands_out"] for row in csv.DictReader(file, delimiter="\t")}
    assert "times those of the others" in flags[name]
    told = re.search(
        r"^Permaps warns: (\d+) maps stand out and are analysed all the same: (.*)$", outcome.output, re.M
    )
    assert f"{name} ({flags[name]})" in told[2] and "same map as sub-01" in told[2]


def test_a_mesh_may_have_pieces_borders_and_vertices_of_no_triangle(runs):
    outcome = runs.outcome(next(case for case in MAPS if case.space == "surfaces"))
    assert re.search(
        r"^Permaps warns: space.mesh: 1 of 12 vertices have no area on .*Is it the mesh of the maps\?$",
        outcome.output,
        re.M,
    )
    with np.load(outcome.folder / f"work/results/{BRAIN}") as space:
        assert space["space_mask"].tolist() == [True] * 11 + [False]


@pytest.mark.parametrize("where", ["workflow", "work"])
def test_a_folder_that_reads_as_a_wildcard_is_refused(snakemake, tmp_path, where):
    folders = {"workflow": tmp_path / "workflow", "work": tmp_path / "work"}
    folders[where] = tmp_path / "br{x}"
    tiny.copy_workflow(folders["workflow"])
    folders["work"].mkdir(exist_ok=True)
    done = snakemake("--snakefile", folders["workflow"] / "Snakefile", "--cores", 1, cwd=folders["work"])
    assert done.returncode != 0 and "Traceback" not in done.stdout
    said = "The folder of the workflow is" if where == "workflow" else "The working directory is"
    assert f"{said} '{tmp_path}/br{{x}}'" in done.stdout and "Rename or move the folder" in done.stdout


def test_a_table_may_come_from_windows_and_hold_tabs_in_quotes(runs):
    box = runs.sandbox("windows")
    box.study.set(0, "group", '"a\tb ""c"""')
    box.study.write(end="\r\n", encoding="utf-8-sig")
    outcome = box.run(runs.snakemake, PLAIN, "--", "results/quality/included.tsv")
    assert outcome.code == 0, outcome.output
    with open(box.work / "results/quality/included.tsv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["group"] for row in rows[:2]] == ['a\tb "c"', "b"]
    nothing_ran_wild(outcome)


def test_no_path_and_no_name_reaches_a_shell(runs):
    wild = "a b'$(touch pwned);touch pwned&`touch pwned`|é\\ #"
    # Snakemake's solver, not ours, cannot do with such a folder for temporary files.
    box = Sandbox(runs.folder / wild, runs.folder / "cache", runs.folder / "temporary")
    box.study.columns[-1] = column = "$(touch pwned) mg"
    for i, row in enumerate(box.study.rows):
        row[column] = row.pop("score")
        row["participant_id"] = f"$(touch pwned);`touch pwned` {i} $x^"
        path = box.study.map(i).rename(box.study.folder / f"maps/{wild[:20]}{i}.nii.gz")
        row["map"] = f"../study ;touch pwned/maps/../maps/{path.name}"
    box.study.write()
    box.study.move(box.folder / "study ;touch pwned")
    results = "résults $(touch pwned);touch pwned"
    config = PLAIN | {
        "results": results,
        "dataset": PLAIN["dataset"]
        | {"path": "../study ;touch pwned/../study ;touch pwned/participants.tsv"},
        "model": {"formula": f"1 + `{column}`", "contrasts": {"age": f"`{column}`"}},
    }
    made = [NULL, "figures/quality.png", "figures/design.png", "tables/contrast-age_stat-t_clusters.tsv"]
    outcome = box.run(runs.snakemake, config, "--", *(f"{results}/{path}" for path in made), results=results)
    assert outcome.code == 0, outcome.output
    names = [Path(path).name for path in files_in(box.folder)]
    assert "pwned" not in names and not outcome.strays - {"work/config.yaml"}


def test_the_page_of_errors_is_what_was_said(runs):
    text = page(
        *(lambda case, said=said: said(runs, case) for said in (said_of_value, said_of_map, said_of_stop))
    )
    if os.environ.get("PERMAPS_WRITE_PAGE"):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "docs/errors.md is not what is said: make errors"
