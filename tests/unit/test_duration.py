"""How long a run will take, by what is known."""

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench.reference import as_reference
from permaps.workflow import duration as module
from permaps.workflow.defaults import stem
from permaps.workflow.duration import REFERENCE, duration, estimate, probe

# As the rule names it.
CHUNK = stem(SimpleNamespace(name="compute_null_chunk", wildcard_names={"analysis", "start", "stop"}))
CHUNKS = [("compute_null_chunk", {"start": str(i), "stop": str(i + 10000)}) for i in (0, 10000)]


@pytest.fixture
def benchmarks(tmp_path):
    """A folder with benchmarks: chunks took 1 ms a relabelling, the design 3 s."""
    for path, seconds in (
        (CHUNK.format(analysis="contrast-pseudo", start=0, stop=1001), 1.1),
        (CHUNK.format(analysis="contrast-pseudo", start=1001, stop=2001), 0.9),
        ("make_design", 3),
    ):
        file = tmp_path / f"{path}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\n{seconds}\t-\n")
    return tmp_path


def test_time_is_that_of_the_benchmarks(benchmarks):
    for workers, seconds in ((1, 20), (2, 10)):
        found, source = estimate(CHUNKS, benchmarks, workers)
        assert found == pytest.approx(seconds, rel=0.1, abs=2.1)
        assert source == "what they took before"
    # More workers than jobs do not help, nor do they the longest job.
    assert estimate(CHUNKS, benchmarks, 50) == estimate(CHUNKS, benchmarks, 2)


def test_without_benchmarks_it_is_that_of_the_reference_times_a_probe(benchmarks, monkeypatch, tmp_path):
    reference = tmp_path / "reference.json"
    known = as_reference(benchmarks, 10, 1000)
    assert known["seconds"] == {"compute_null_chunk": 0.001, "make_design": 3}
    reference.write_text(json.dumps(known | {"probe": 2.0}))
    monkeypatch.setattr(module, "REFERENCE", reference)
    monkeypatch.setattr(module, "probe", lambda: 1.0)  # twice as fast
    jobs = [*CHUNKS, ("make_design", {})]
    nowhere = tmp_path / "nowhere"
    assert estimate(jobs, nowhere, 1) == (pytest.approx(10 + 1.5 + 3), "a probe of this machine")
    # Maps count for what reads them, and known rules stay as they are.
    assert estimate(jobs, nowhere, 1, 20, 500)[0] == pytest.approx(10 + 1.5 + 3)
    assert estimate(jobs, nowhere, 1, 20, 1000)[0] == pytest.approx(20 + 1.5 + 3)
    (benchmarks / "compute_null_chunk").rename(benchmarks / "elsewhere")
    assert estimate(jobs, benchmarks, 1) == (pytest.approx(10 + 3 + 3), "a probe of this machine")


def test_damaged_benchmarks_count_for_nothing(benchmarks):
    (benchmarks / "make_design.tsv").write_text("s\th:m:s\n-\t-\n")
    assert estimate([("make_design", {})], benchmarks, 1)[1] == "a probe of this machine"


def test_reference_knows_the_rules_of_the_workflow():
    reference = json.loads(REFERENCE.read_text())
    # The embedded example has neither covariates that are maps nor missing voxels.
    assert module.GROWING - {"smooth_covariates", "compare_missing"} <= set(reference["seconds"])
    assert reference["grid"] == 53 * 63 * 46


def test_what_is_left_goes_by_how_long_took_what_is_done():
    pace = module.Pace({"a": 30, "b": 10, "c": 60}, now=100)
    assert pace.told(155) == ""  # nothing is done
    pace.finish("a")
    # 30 of 100 took twice as long as expected.
    assert pace.told(160) == "about 2 min to go, by what has been done"
    pace.finish("b")
    pace.finish("not ours")
    assert pace.told(160 + module.EVERY - 1) == ""  # not again so soon
    assert pace.told(180) == "about 2 min to go, by what has been done"
    pace.finish("c")
    assert pace.told(300) == ""


def test_the_probe_is_short():
    probe.cache_clear()
    start = time.perf_counter()
    assert 0 < probe() <= time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "about 10 s"),
        (44, "about 40 s"),
        (100, "about 2 min"),
        (5300, "about 88 min"),
        (9000, "about 2.5 h"),
    ],
)
def test_times_are_told_roughly(seconds, said):
    assert duration(seconds) == said


def test_a_folder_that_vanishes_while_it_is_listed_is_no_error(monkeypatch, benchmarks):
    def vanishing(*_):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "rglob", vanishing)
    assert estimate([("make_design", {})], benchmarks, 1)[1] == "a probe of this machine"
