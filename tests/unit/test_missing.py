"""Whether missing values go with what is tested: found and reported, and no alarm where chance explains them."""

import json
import re

import compare_missing
import numpy as np
import pytest
from permaps.design.scheme import exchangeability_of
from permaps.design.tables import write_numbers
from permaps.permutation import missing
from permaps.permutation.missing import described, difference, patterns, rougher
from validation import page
from validation.studies import SCENARIOS, STATISTICS, simulate

NO_BLOCKS = {}


def compared(name, index, scheme="permute"):
    study, maps = simulate(SCENARIOS[name], index, (6, 6, 6))
    return difference(*patterns(maps), study.design, study.contrast, scheme, study.blocks)


def test_patterns_are_told_apart_and_counted():
    maps, covariate = np.zeros((9, 6), np.float32), np.zeros((9, 6), np.float32)
    maps[8, :3] = np.nan
    maps[0, 2] = covariate[0, 5] = np.nan
    lacking, counts = patterns(maps, covariate)
    found = {tuple(np.flatnonzero(row)): count for row, count in zip(lacking.T, counts, strict=True)}
    assert found == {(8,): 2, (0, 8): 1, (0,): 1}
    assert patterns(np.zeros((9, 6), np.float32))[0].shape == (9, 0)


@pytest.mark.parametrize(
    ("name", "n_cut", "r"), [("cut_exponential", 6, 0.7), ("cut_few_exponential", 3, 0.4)]
)
def test_maps_cut_in_one_group_are_told_with_numbers(name, n_cut, r):
    found = compared(name, 0)
    assert found.lacking.sum() == n_cut and found.n_voxels == 6**3 / 2
    assert found.p < 0.05 and found.r < -r
    note = described(found)
    assert "at 108 voxels 0 of the 15 participants on the positive side" in note
    assert f"and {n_cut} of the 9 on the negative side" in note and "mask.min_coverage: 1" in note


def test_values_missing_at_random_are_seldom_told():
    names = ("missing_exponential", "missing_f", "cut_anyone_exponential")
    notes = [described(compared(name, i)) for name in names for i in range(10)]
    assert sum(map(bool, notes)) <= 5  # of 30; more in 1 case of 300


def test_a_regressor_of_more_values_is_told_by_its_correlation():
    rng = np.random.default_rng(0)
    score = rng.standard_normal(30)
    maps = np.zeros((30, 40), np.float32)
    maps[score > 0.5, 10:] = np.nan
    design, contrast = np.column_stack([np.ones(30), score, np.full(30, np.nan)]), np.array([[0.0, -1, 0]])
    found = difference(*patterns(maps), design, contrast, "permute", NO_BLOCKS)
    lacking = found.lacking.astype(float)
    assert found.r == pytest.approx(np.corrcoef(lacking, -score)[0, 1])
    assert (
        f"at 30 voxels {lacking.sum():.0f} of 30 participants lack one, with r = {found.r:.2f}"
        in described(found)
    )
    several = difference(*patterns(maps), design, np.eye(3)[:2], "permute", NO_BLOCKS)
    assert several.sides is None and 0 < several.r <= 1


@pytest.mark.parametrize(
    ("maps", "contrast", "scheme", "blocks"),
    [
        (np.zeros((8, 3)), [0, 1, 0], "permute", NO_BLOCKS),
        (np.full((8, 3), np.nan), [0, 1, 0], "flip", NO_BLOCKS),
        (np.full((8, 3), np.nan), [0, 0, 1], "permute", NO_BLOCKS),
        (np.full((8, 3), np.nan), [0, 1, 0], "both", {"within": list(range(8))}),
    ],
    ids=["nobody lacks a value", "flips", "a map is tested", "nobody changes places"],
)
def test_nothing_is_compared_where_there_is_nothing_to_compare(maps, contrast, scheme, blocks):
    maps[1:] = 0
    design = np.column_stack([np.ones(8), np.arange(8) % 2, np.full(8, np.nan)])
    assert difference(*patterns(maps), design, np.array([contrast], float), scheme, blocks) is None
    assert described(None) == ""


@pytest.mark.parametrize("name", ["", "houses"])
def test_the_table_has_the_note_and_the_terminal_too(tmp_path, capsys, name):
    study, maps = simulate(SCENARIOS["cut_exponential"], 0, (6, 6, 6))
    np.save(tmp_path / "maps.npy", maps)
    write_numbers(
        tmp_path / "design.tsv", ["participant_id", "a", "b"], [[str(i)] for i in range(24)], study.design
    )
    header = ["contrast", "statistic", "row", "a", "b"]
    write_numbers(tmp_path / "weights.tsv", header, [["group", "t", "1"]], study.contrast)
    (tmp_path / "blocks.json").write_text(json.dumps({"blocks": {}, "variance_groups": None}))
    (tmp_path / "plan.json").write_text(json.dumps({"group": {"scheme": "permute"}}))
    compare_missing.main(
        matrix=tmp_path / "maps.npy", covariates=[], design=tmp_path / "design.tsv",
        weights=tmp_path / "weights.tsv", blocks=tmp_path / "blocks.json", plan=tmp_path / "plan.json",
        contrast="group", table=tmp_path / "missing.tsv", name=name,
    )  # fmt: skip
    header, row = (tmp_path / "missing.tsv").read_text().splitlines()
    written = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert written["n_voxels"] == "216" and written["n_voxels_lacking"] == "108"
    assert written["n_lacking_there"] == "6" and float(written["p"]) < 0.01
    assert f"Permaps warns: group: {written['note']}" in capsys.readouterr().err
    assert written["note"].startswith("houses: ") == bool(name)


@pytest.mark.parametrize(
    ("n_lacking", "scheme", "blocks", "said"),
    [
        (1, "permute", {}, "6 % of the values are missing.*up to 7.5 %"),
        (0, "permute", {}, ""),
        (1, "flip", {}, ""),
        # Two of a family leave together.
        (1, "permute", {"whole": [0, 0, 1, 1, 2, 2, 3, 3]}, "12 % of the values.*up to 10.2 %"),
    ],
)
def test_many_missing_values_are_told_for_what_they_do_to_clusters(n_lacking, scheme, blocks, said):
    maps = np.zeros((8, 10), np.float32)
    maps[3, : 5 * n_lacking] = np.nan
    lacking, n_voxels = patterns(maps)
    labels = np.repeat(range(4), 2) if blocks else np.arange(8)
    note = rougher(lacking, n_voxels, 10, exchangeability_of(labels, scheme, blocks))
    assert re.match(said, note) if said else note == ""
    assert lacking.sum() == bool(n_lacking)  # who lacks a value is not rewritten: the table counts them


def test_what_is_told_was_measured():
    kept = page.kept("calibration")
    rates = {
        name: [100 * counts[s] / kept["n"] for s in STATISTICS]
        for name, counts in kept["rejections"].items()
        if name.startswith("missing")
    }
    # Voxels are the first.
    assert max(rate[0] for rate in rates.values()) < 6.5
    whole = rates.pop("missing_whole")
    assert max(whole) == missing.TOO_OFTEN_WHOLE
    assert max(max(rate) for rate in rates.values()) == missing.TOO_OFTEN
