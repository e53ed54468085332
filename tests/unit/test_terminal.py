"""What a run says on the terminal."""

import json
import re
import time
from types import SimpleNamespace

import count_relabellings
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from permaps.cohort import sources
from permaps.design.tables import write_numbers
from permaps.permutation.thresholds import significant
from permaps.reporting import terminal
from permaps.reporting.terminal import (
    banner,
    closing,
    closing_of_several,
    failure,
    few_files,
    few_reasons,
    grid_of,
    too_few,
)
from permaps.tables.text import read_rows
from permaps.workflow.jobs import job

CONFIG = {
    "results": "results",
    "dataset": {"source": "simulated", "n_subjects": 94},
    "smoothing_fwhm": 5.0,
    "model": {"formula": "1 + pseudo", "contrasts": {"pseudo": "pseudo", "either": ["pseudo", "1"]}},
    "joint": {},
    "permutation": {"n_permutations": 10000, "chunk_size": 2500},
    "inference": {"statistics": ["voxel", "tfce"], "alpha": 0.05, "small_volumes": {"V1": "v1.nii"}},
}
CHUNK = ("compute_null_chunk", {"analysis": "pseudo", "start": "0", "stop": "2501"})


def plan_of(config, jobs, workers=1, n_analyses=4, tables=()):
    return banner(config, jobs, workers, "0.1.0", n_analyses, {"vertices": list(tables)} if tables else {})


def test_plan_tells_what_will_be_done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # away from the results of a run in the repository
    text = plan_of(CONFIG, [CHUNK, ("make_design", {})], 2)
    for part in (
        "Permaps 0.1.0",
        "participants  94, simulated",
        "pseudo (t), either (F)",
        "10,000 of each contrast, in 16 chunks; 1 to compute",
        "voxel, TFCE; corrected level 0.05",
        "2, 2 at a time",
        "results/",
    ):
        assert part in text, part
    assert "voxels" not in text
    assert re.search(r"about \d+ (s|min) by a probe of this machine", text)


def test_plan_lists_joint_tests_by_the_names_of_people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    joint = {
        "any": {"combine": "mudholkar_george", "multivariate": None, "inputs": None, "contrasts": ["a", "b"]},
        "all": {"combine": None, "multivariate": "wilks", "inputs": ["x", "y"], "contrasts": ["a"]},
    }
    told = "joint tests   any (Mudholkar-George statistic: a, b), all (Wilks' lambda: a of x, y)\n"
    assert told in plan_of(CONFIG | {"joint": joint}, [CHUNK])
    assert "joint tests" not in plan_of(CONFIG, [CHUNK])
    several = terminal.banner_of_several({"one": CONFIG | {"joint": joint}}, [], "results", 1, "0.1.0")
    assert ["one", "pseudo,", "either,", "any,", "all"] in [line.split()[:5] for line in several.splitlines()]


def test_plan_counts_rows_of_a_table_and_leaves_a_bad_one_to_its_job(tmp_path):
    table = tmp_path / "p.tsv"
    table.write_text("participant_id\tmap\n01\ta\n02\tb\n")
    config = CONFIG | {"dataset": {"source": "table", "path": str(table), "maps": "map"}}
    assert f"2, of {table}" in plan_of(config, [], None)
    table.write_bytes(b"\xff\xfe")
    assert f"of {table}" in plan_of(config, [], None)


def test_plan_reads_the_table_once_and_looks_at_one_map(tmp_path, monkeypatch):
    (tmp_path / "p.tsv").write_text("participant_id\tmap\n01\tmissing\n02\tb.nii\n03\tc.nii\n")
    for name in ("b.nii", "c.nii"):
        (tmp_path / name).touch()
    read = []
    monkeypatch.setattr(sources, "read_rows", lambda path: read.append(path) or read_rows(path))
    monkeypatch.setattr(terminal, "grid_of", lambda path: read.append(path))
    table = str(tmp_path / "p.tsv")
    plan_of(CONFIG | {"dataset": {"source": "table", "path": table, "maps": "map"}}, [CHUNK])
    assert list(map(str, read)) == [table, str(tmp_path / "b.nii")]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.img", "a.hdr"])
def test_header_tells_the_grid(tmp_path, name):
    kind = nib.AnalyzeImage if name.endswith(("img", "hdr")) else nib.Nifti1Image
    for order in "<>":
        header = kind.header_class(endianness=order)
        kind(np.zeros((4, 5, 6), np.float32), np.eye(4), header).to_filename(tmp_path / name)
        assert grid_of(tmp_path / name) == 120


def test_what_is_no_image_tells_no_grid(tmp_path):
    for content in (b"", b"text", bytes(400)):
        for name in ("a.nii", "a.nii.gz"):
            (tmp_path / name).write_bytes(content)
            assert grid_of(tmp_path / name) is None
    assert grid_of(tmp_path / "missing.nii") is None


def test_plan_counts_elements_unless_the_mask_is_made_anew(tmp_path):
    tables = [tmp_path / "faces.tsv", tmp_path / "houses.tsv"]
    for table, n in zip(tables, (41234, 40111), strict=True):
        table.write_text(f"reason\tn_vertices\tnote\ngrid\t99999\t\nanalysed\t{n}\t\n")
    assert re.search("vertices +41,234 and 40,111", plan_of(CONFIG, [CHUNK], tables=tables))
    assert "vertices" not in plan_of(CONFIG, [CHUNK, ("smooth_maps", {})], tables=tables)
    assert "vertices" not in plan_of(CONFIG, [CHUNK], tables=[*tables, tmp_path / "missing.tsv"])


def test_plan_counts_the_chunks_of_all_nulls():
    assert "10,000, in 4 chunks" in plan_of(CONFIG, [CHUNK], n_analyses=1)
    assert "10,000 of each contrast, in 24 chunks" in plan_of(CONFIG, [CHUNK], n_analyses=6)


@pytest.mark.parametrize(
    ("n", "alpha"), [(18, 0.05), (19, 0.05), (98, 0.01), (99, 0.01), (2, 1 / 3), (9, 0.1)]
)
def test_too_few_relabellings_are_told_just_when_nothing_can_be_significant(n, alpha):
    least = 1 / (n + 1)
    assert bool(too_few(n, alpha)) == (not significant(np.float32(-np.log10(least)), alpha))


def test_enough_relabellings_are_enough():
    for alpha in (0.05, 0.01, 1 / 3, 0.025, 0.1, 0.07):
        needed = next(n for n in range(1, 1000) if not too_few(n, alpha))
        assert f"It takes {needed:,} at least" in too_few(needed - 1, alpha) or needed == 1
    assert "1 relabelling besides" in too_few(1, 0.05)
    assert "other than by the tail's fit" in too_few(1, 0.05, tail_fit=True)


def test_relabellings_are_counted_before_the_chunks(tmp_path, capsys):
    plans = {
        "many": {"scheme": "permute", "n_distinct": "1.2e30"},
        "few": {"scheme": "flip", "n_distinct": 32},
        "enough": {"scheme": "permute", "n_distinct": 120},
    }
    plans = {name: plan | {"statistic": "t"} for name, plan in plans.items()}
    (tmp_path / "plan.json").write_text(json.dumps(plans))
    people = [[f"s{i}"] for i in range(5)]
    write_numbers(
        tmp_path / "design.tsv", ["id", "mean", "age"], people, np.array([[1.0, i * i] for i in range(5)])
    )
    blocks = dict.fromkeys(("within", "whole", "nested"))
    (tmp_path / "blocks.json").write_text(json.dumps({"blocks": blocks, "variance_groups": None}))
    weights = np.array([[1.0, 0], [1.0, 0], [0, 1.0]])
    keys = [[name, "t", 1] for name in plans]
    write_numbers(tmp_path / "contrasts.tsv", ["contrast", "statistic", "row", "mean", "age"], keys, weights)
    files = {name: tmp_path / f"{name}.tsv" for name in ("design", "contrasts")}
    files |= {name: tmp_path / f"{name}.json" for name in ("plan", "blocks")}
    given = files | {"table": tmp_path / "t.tsv", "tail_fit": False, "two_sided": True}
    count_relabellings.main(**given, n_permutations=1000, alpha=0.05)
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t", index_col="contrast")
    assert table["n_relabellings"].to_dict() == {"many": 1000, "few": 31, "enough": 119}
    assert table["enough"].to_dict() == {"many": "yes", "few": "no", "enough": "yes"}
    # All signs flipped give -t: of 32, two have the largest |t|.
    assert table["smallest_p"].to_dict() == {"many": 1 / 1001, "few": 2 / 32, "enough": 1 / 120}
    said = capsys.readouterr().err
    assert said.count("Permaps: few: With 31 relabellings besides the observed one, of which one gives") == 1
    assert "no more distinct ones" in said
    # Asked for too few: that was told before.
    count_relabellings.main(**given, n_permutations=15, alpha=0.05)
    assert capsys.readouterr().err == ""
    assert set(pd.read_csv(tmp_path / "t.tsv", sep="\t")["enough"]) == {"no"}
    # On one side, all flips are enough.
    count_relabellings.main(**given | {"two_sided": False}, n_permutations=1000, alpha=0.05)
    assert pd.read_csv(tmp_path / "t.tsv", sep="\t", index_col="contrast").loc["few", "smallest_p"] == 1 / 32


def test_plan_tells_the_smallest_p_of_few_relabellings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exhausted = {"mean": (32, 2), "age": (120, 1)}
    text = banner(CONFIG, [CHUNK], 1, "0.1.0", 4, {}, exhausted)
    assert (
        "mean 0.062 (all 32 distinct relabellings, of which 2 give the observed statistic), "
        "age 0.0083 (all 120 distinct relabellings)\n"
    ) in text
    config = {"permutation": {"n_permutations": 1000}, "inference": {"alpha": 0.05, "tail_fit": False}}
    (note,) = terminal.too_few_of(config, exhausted)
    assert note.startswith("mean: With 31 relabellings") and "no more distinct ones" in note
    (asked,) = terminal.too_few_of(config | {"permutation": {"n_permutations": 10}}, exhausted)
    assert asked.startswith("With 10 relabellings") and "raise permutation.n_permutations" in asked
    (note,) = terminal.too_few_of(config, {f"c{i}": (32, 2) for i in range(300)})
    assert "c11 and 288 more: With 31 relabellings" in note


def test_plan_names_some_of_many_contrasts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    many = CONFIG | {"model": {"formula": "1 + age", "contrasts": {f"c{i}": "age" for i in range(300)}}}
    assert "c11 (t) and 288 more\n" in plan_of(many, [CHUNK])
    assert "c11 and 288 more" in terminal.banner_of_several({"one": many}, [], "results", 1, "0.1.0")


def test_closing_tells_what_was_found(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/summary.tsv").write_text(
        "contrast\tstatistic\tn_significant_voxels\tn_clusters\tp_fwe\n"
        "pseudo\tt, Bonferroni\t1180\tn/a\t1.1e-08\npseudo\ttfce\t3310\t4\t0.0001\n"
    )
    text = closing(tmp_path, 0.05)
    lines = text.splitlines()
    assert [line.split() for line in lines if "TFCE" in line] == [["pseudo", "TFCE", "3,310", "4", "0.0001"]]
    assert any("1,180" in line and "1.1e-08" in line for line in lines)
    assert f"{tmp_path}/report.html" in text


def test_closing_says_that_nothing_is_significant_and_what_small_volumes_have(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/summary.tsv").write_text(
        "contrast\tstatistic\tn_significant_vertices\tn_clusters\tp_fwe\nage\ttfce\t0\t0\t0.12\n"
    )
    (tmp_path / "tables/small_volumes.tsv").write_text(
        "contrast\tvolume\tstatistic\tn_vertices\tp_fwe\tn_significant_vertices\nage\tV1\tt\t90\t0.031\t7\n"
    )
    # A file of volumes that are no longer asked for is there too.
    alone = closing(tmp_path, 0.05)
    assert "nothing is significant at a corrected level of 0.05" in alone and "V1" not in alone
    assert "vertices" in alone
    text = closing(tmp_path, 0.05, volumes=True)
    assert "nothing is" not in text
    assert ["age", "in", "V1", "t-statistic", "7", "0.031"] in [line.split() for line in text.splitlines()]


def test_closing_of_several_has_the_small_volumes_of_each(tmp_path):
    for folder in (tmp_path / "tables", tmp_path / "faces/tables", tmp_path / "houses/tables"):
        folder.mkdir(parents=True)
        (folder / "small_volumes.tsv").write_text(
            "contrast\tvolume\tstatistic\tn_voxels\tp_fwe\tn_significant_voxels\tn_relabellings\n"
            "age\tV1\tt\t90\t0.031\t7\t99\n"
        )
    (tmp_path / "tables/summary.tsv").write_text(
        "analysis\tcontrast\tstatistic\tn_significant_voxels\tn_clusters\tp_fwe\tn_relabellings\n"
        "faces\tage\tt\t0\t0\t0.12\t99\nhouses\tage\tt\t0\t0\t0.2\t99\n"
    )
    # Houses have no volumes any more.
    lines = [line.split() for line in closing_of_several(tmp_path, ["faces"]).splitlines()]
    assert ["faces", "age", "in", "V1", "0.031*"] in lines and ["faces", "age", "0.12"] in lines
    assert not any("V1" in line and "houses" in line for line in lines)
    assert "nothing is significant" in closing_of_several(tmp_path)


def test_failure_names_the_logs():
    text = failure([("smooth_maps", ["results/logs/smooth_maps.log"]), ("x", ["a", "b"])], ["snakemake.log"])
    assert "smooth_maps: results/logs/smooth_maps.log" in text
    assert "x: b" in text
    assert "snakemake.log" not in text
    assert "--keep-going" in failure([("smooth_maps", ["a"])], [], n_analyses=2)
    assert "--keep-going" not in text + failure([], ["snakemake.log"], n_analyses=2)
    interrupted = failure([], ["snakemake.log"])
    assert "snakemake.log" in interrupted and "Ctrl-C" in interrupted


WORDS = "model.formula: there is no column 'agee'"


def of_a_log(path):
    """What a script gets of Snakemake, for a job that reads and makes nothing."""
    params = SimpleNamespace(settings={})
    return SimpleNamespace(log=[str(path)], input=[], output=[path.with_name("no output")], params=params)


def log_of(path, text):
    path.write_text(text)
    return str(path)


def test_failure_ends_with_the_words_of_the_job(tmp_path):
    log = log_of(
        tmp_path / "a.log", f"12:00:00 one error: no matter\n12:00:01 error: {WORDS}\nThe columns are: age\n"
    )
    lines = failure([("screen_participants", [log])], []).splitlines()
    assert f"  {WORDS}" in lines
    assert "  The columns are: age" in lines
    assert f"  screen_participants: {log}" in lines
    assert "no matter" not in "".join(lines)


def test_failure_quotes_an_exception_without_its_traceback(tmp_path):
    with pytest.raises(SystemExit), job(of_a_log(tmp_path / "a.log")):
        raise KeyError("x")
    assert "Traceback" in (tmp_path / "a.log").read_text()
    text = failure([("smooth_maps", [tmp_path / "a.log"])], [])
    assert "  unexpected KeyError: 'x'\n" in text
    assert "Traceback" not in text


def test_failure_tells_the_same_error_of_many_jobs_once(tmp_path):
    logs = [log_of(tmp_path / f"{i}.log", "12:00:00 error: the disk is full\n") for i in range(8)]
    text = failure([("compute_null_chunk", [log]) for log in logs], [])
    assert text.count("the disk is full") == 1
    assert "  and 3 more" in text


def test_failure_without_words_says_what_may_have_happened(tmp_path):
    log = log_of(tmp_path / "a.log", "12:00:00 89 participants\n")
    assert "killed from outside" in " ".join(failure([("smooth_maps", [log])], []).split())


def test_a_job_that_wrote_nothing_may_never_have_begun(tmp_path):
    # Snakemake itself makes an empty log; this one is of an earlier run.
    old, empty = log_of(tmp_path / "b.log", f"12:00:00 error: {WORDS}\n"), log_of(tmp_path / "a.log", "")
    for log, since in ((old, time.time() + 60), (empty, 0), ("none", 0)):
        text = " ".join(failure([("smooth_maps", [log])], [], since=since).split())
        assert "a package is missing in its Python" in text and WORDS not in text


def test_long_words_are_broken_between_words_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    path = f"/home/you/{'a-long-folder/' * 6}sub-01.nii.gz"
    log = log_of(tmp_path / "a.log", f"12:00:00 error: {'the map cannot be read, ' * 4}{path}: it is empty\n")
    text = failure([("smooth_maps", [log])], [])
    assert path in text
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= 60


def test_of_many_files_a_few_are_named():
    assert few_files([f"{i}" for i in range(4)]) == ["0", "1", "2", "3"]
    assert few_files([f"{i}" for i in range(30)]) == ["0", "1", "2", "and 27 more"]


def test_an_interrupted_job_leaves_no_traceback(tmp_path):
    with pytest.raises(SystemExit) as ended, job(of_a_log(tmp_path / "a.log")):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert (tmp_path / "a.log").read_text().endswith("error: interrupted\n")


def test_reasons_stay_and_their_files_are_counted():
    assert few_reasons("Code has changed since last execution") == "Code has changed since last execution"
    files = ", ".join("abcdefg")
    assert few_reasons(
        f"Missing output files: x, y; Input files updated by another job: {files}; Params have changed"
    ) == (
        "Missing output files: x, y; Input files updated by another job: a, b, c, and 4 more; Params have changed"
    )
