"""More or fewer relabellings than there are: only the new chunks, and the bits of a fresh run."""

import numpy as np
import pytest
from tiny import CONFIG, UP_TO_MAPS, contents, layered

CHUNK = "compute_null_chunk"


def permutations(n, **more):
    return layered(CONFIG, {"permutation": {"n_permutations": n} | more})


def stamps(study):
    """The date and the content of every chunk."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in study.result("nulls/contrast-age").iterdir()
    }


def bits(study):
    """What follows from the relabellings: merged nulls, counts and maps."""
    return contents(study.work / "results", "nulls/*.npz", "counts/*", "maps/*")


@pytest.fixture(scope="module")
def extended(finished, tmp_path_factory):
    """The finished study with 35 relabellings, which do not fill the last chunk; what was before; the plan."""
    study = finished.copied(tmp_path_factory.mktemp("extended") / "study")
    before, plan = stamps(study), study.plan(config=permutations(35))
    study.finish(*UP_TO_MAPS, config=permutations(35))
    return study, before, plan


@pytest.fixture(scope="module")
def fresh(finished, tmp_path_factory):
    """A function that gives the bits of n relabellings computed again, in one chunk."""
    study = finished.copied(tmp_path_factory.mktemp("fresh") / "study")

    def bits_of(n):
        for path in [*study.result("nulls").rglob("*.npz"), *study.result("counts").iterdir()]:
            path.unlink()
        study.finish(*UP_TO_MAPS, config=permutations(n, chunk_size=n))
        assert sorted(stamps(study)) == [f"0-{n + 1}.npz"]
        return bits(study)

    return bits_of


def test_more_relabellings_run_the_new_chunks_alone(extended):
    study, before, plan = extended
    after = stamps(study)
    assert sorted(after) == ["0-11.npz", "11-21.npz", "21-31.npz", "31-41.npz"]
    assert plan.jobs[CHUNK] == 2
    # Neither the date nor the content of a finished chunk has changed.
    assert {name: after[name] for name in before} == before


def test_more_relabellings_give_the_bits_of_a_fresh_run(extended, fresh):
    assert bits(extended[0]) == fresh(35)


@pytest.mark.parametrize("n", [20, 15], ids=["at the end of a chunk", "inside a chunk"])
def test_fewer_relabellings_run_no_chunk_and_give_the_bits_of_a_fresh_run(n, extended, fresh):
    study, _, _ = extended
    before, plan = stamps(study), study.plan(config=permutations(n))
    assert CHUNK not in plan.jobs and "merge_nulls" in plan.jobs
    study.finish(*UP_TO_MAPS, config=permutations(n))
    assert stamps(study) == before
    with np.load(study.result("nulls/contrast-age.npz")) as null:
        assert {len(null[name]) for name in null.files} == {n + 1}
    with np.load(study.result("counts/contrast-age.npz")) as counts:
        assert counts["n_relabellings"] == n + 1
    assert bits(study) == fresh(n)
