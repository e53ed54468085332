"""The studies in which joint tests are measured are what the page says, and rows are kept as they are measured."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from validation import calibrate, joint, joint_power, page, studies

ROWS = calibrate.JOINT_ROWS | calibrate.PLANTED


def test_inputs_depend_on_one_another_as_told():
    maps = joint.dependent_maps(np.random.default_rng(0), 200, 3)
    pairs = [(0, 1), (0, 2), (1, 2)]
    found = [np.mean([np.corrcoef(maps[i][:, v], maps[j][:, v])[0, 1] for v in range(100)]) for i, j in pairs]
    np.testing.assert_allclose(found, joint.CORRELATION, atol=0.05)


def test_each_row_has_data_sets_of_its_own():
    drawn = [joint.rng_of(name, index).random() for name in ROWS for index in range(3)]
    assert len(set(drawn)) == 3 * len(ROWS)


@pytest.mark.parametrize(
    "name", ["balanced_normal_2_inputs", "conjunction_balanced_normal", "t_and_f", "in_one"]
)
def test_a_data_set_is_the_same_in_whatever_stretch(name):
    parts = [ROWS[name].outcomes([index], 9) for index in (0, 1)]
    whole = ROWS[name].outcomes([0, 1], 9)
    assert whole == {
        what: {key: pytest.approx(sum(part[what][key] for part in parts)) for key in counts}
        for what, counts in whole.items()
    }


def test_a_strong_input_leaves_a_conjunction_to_the_other():
    counts = joint.CONJUNCTIONS[0].outcomes(range(6), 19)["found"]
    assert counts["friston"] == 6 and counts["conjunction"] <= 3


def test_the_largest_value_hides_the_test_of_more_degrees_of_freedom():
    found = ROWS["dof"].outcomes(range(20), 39)
    assert found["largest"]["t of 22 dof"] == 0
    for counts in found.values():
        assert max(counts["t of 22 dof"], counts["t of 6 dof"]) <= counts["any"] <= sum(counts.values())


def test_bonferroni_halves_the_level_and_the_smallest_p_is_not_above_it():
    p = joint_power.PLANTED[2].p(0, 19)
    assert p.keys() == set(joint_power.METHODS)
    assert (p["smallest"] <= p["bonferroni"] + 1e-12).all()
    # 20 relabellings: p are their multiples, and those of two tests in steps of two.
    np.testing.assert_allclose(p["bonferroni"] * 10, np.rint(p["bonferroni"] * 10), atol=1e-9)
    assert (p["bonferroni"] >= 2 / 20).all()


def test_a_row_is_kept_when_it_is_measured_and_not_measured_again(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "HERE", tmp_path)
    measured = []

    def outcomes(row, indices):
        measured.append((row, len(indices)))
        return {"found": {0: len(indices)}}

    def interrupted(row, indices):
        raise KeyboardInterrupt

    def measure(n, late=outcomes):
        with ThreadPoolExecutor(1) as pool:
            calibrate.row_by_row(pool, "rows", {"n": n}, {"early": (outcomes, n), "late": (late, n)})

    with pytest.raises(KeyboardInterrupt):
        measure(60, interrupted)
    assert page.kept("rows") == {"n": 60, "outcomes": {"early": {"found": {"0": 60}}}}
    measured.clear()
    measure(60)
    assert measured == [("late", 50), ("late", 10)]
    measure(10)  # with another setting, all of them
    assert page.kept("rows")["outcomes"] == {row: {"found": {"0": 10}} for row in ("early", "late")}


def test_the_section_tells_counts_as_rates():
    # In whatever order they are kept.
    outcomes = {name: row.outcomes([0], 19) for name, row in ROWS.items()}
    outcomes = json.loads(json.dumps(outcomes, sort_keys=True))
    text = page._joint({"n": 1, "n_power": 1, "relabellings": 19, "outcomes": outcomes})
    lines = len(joint.JOINED) + len(joint.CONJUNCTIONS) + 2 * len(joint.UNLIKE) + len(joint.FEW_GROUPS)
    lines += len(joint_power.METHODS) * len(joint_power.PLANTED)
    assert text.count("\n| ") == lines + 2 * 5  # with the head of each table
    assert f"| {studies.SCENARIOS['f_exponential'].title} | 3 |" in text
    assert "| t, F of 3 rows | smallest p |" in text and "| t, F of 3 rows | largest value |" in text


def test_a_difference_from_counts_is_that_of_the_data_sets():
    one, other = np.array([1, 1, 1, 0, 0, 0, 1, 1], bool), np.array([1, 0, 0, 1, 0, 0, 1, 1], bool)
    found = page._difference(8, one.sum(), (one & ~other).sum(), (other & ~one).sum())
    assert found == pytest.approx(page.paired_difference(one, other))
