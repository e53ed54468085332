"""The score of what was planted counts hits, misses, spread and false positives as it says."""

import numpy as np
import pandas as pd
import pytest
from permaps.cohort.simulation import PSEUDO_MEAN, PSEUDO_SD
from permaps.reporting.truth import expected_weights, score

SHAPE = (12, 6, 4)


@pytest.fixture
def planted():
    labels = np.zeros(SHAPE, int)
    labels[0:2], labels[9:11, 0:2] = 1, 2
    regions = pd.DataFrame(
        {
            "label": [1, 2, 3],
            "name": ["rising", "falling", "of the mean"],
            "variate": ["pseudo", "pseudo", "mean"],
            "peak_effect": [0.5, -0.6, 2.0],
            "x": 0, "y": 0, "z": 0,
        }
    )  # fmt: skip
    labels[5, 5, 3] = 3
    effect = 0.5 * (labels == 1) - 0.6 * (labels == 2)
    return regions, labels, {"pseudo": effect, "mean": 2.0 * (labels == 3)}


def scored(planted, found, statistic, weights=None):
    regions, labels, effects = planted
    weights = weights or {"pseudo": 9.0, "mean": 0.0}
    mask = np.ones(SHAPE, bool)
    table = score(regions, labels, weights, effects, statistic, {"t": found}, mask, (2, 2, 2), 4.0)
    return table.set_index("where")


def test_regions_found_with_the_right_sign_are_hits(planted):
    found, t = np.zeros(SHAPE, bool), np.ones(SHAPE)
    found[0, 0], found[9, 0] = True, True
    table = scored(planted, found, t)
    assert list(table.index[:2]) == ["rising", "falling"]
    assert table.loc["rising", ["n_significant", "n_voxels", "detected"]].tolist() == [4, 48, "yes"]
    assert table.loc["rising", "share"] == pytest.approx(4 / 48)
    assert table.loc["falling", ["n_significant", "detected"]].tolist() == [0, "no"]
    assert table.loc["falling", "expected_t"] == pytest.approx(-5.4)
    assert table.loc["falling", "sign"] == "-"


def test_spread_is_told_from_false_positives(planted):
    found = np.zeros(SHAPE, bool)
    # 2 and 4 mm from the region are beside it, 6 mm is not.
    found[2:5, 5, 3] = True
    table = scored(planted, found, np.ones(SHAPE))
    assert table.loc["beside a region, up to 4 mm", "n_significant"] == 2
    assert table.loc["elsewhere (false positives)", "n_significant"] == 1
    assert table["n_voxels"].sum() == np.prod(SHAPE)


def test_without_an_effect_all_that_is_found_is_false(planted):
    found = np.zeros(SHAPE, bool)
    found[0] = True
    table = scored(planted, found, np.ones(SHAPE), {"pseudo": 0.0, "mean": 0.0})
    assert table["n_significant"].tolist() == [0, 24]
    assert table["n_voxels"].tolist() == [0, np.prod(SHAPE)]


def test_weights_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    pseudo = PSEUDO_MEAN + PSEUDO_SD * rng.standard_normal(20)
    x = np.column_stack([np.ones(20), pseudo, rng.standard_normal(20)])
    slope = expected_weights(x, np.array([0.0, 1.0, 0.0]), pseudo)
    assert slope["mean"] == pytest.approx(0, abs=1e-9)
    error = np.sqrt(np.linalg.inv(x.T @ x)[1, 1])
    assert slope["pseudo"] == pytest.approx(1 / PSEUDO_SD / error)
    assert expected_weights(np.ones((20, 1)), np.ones(1), pseudo)["mean"] == pytest.approx(np.sqrt(20))
    unread = expected_weights(np.ones((20, 1)), np.ones(1), np.full(20, np.nan))
    assert unread == {"mean": pytest.approx(np.sqrt(20)), "pseudo": 0.0}
