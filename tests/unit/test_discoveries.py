"""Bounds on true discoveries: by their definition and by enumeration."""

from itertools import combinations

import numpy as np
import pytest
from permaps.permutation.chunk import compute_chunk, merge
from permaps.permutation.discoveries import Bound, calibrated
from permaps.permutation.observed import observe
from permaps.spaces.volume import Volume
from studies import STUDIES, Study

SETTINGS = {"seed": 0, "two_sided": False, "enhance": False, "tdp": True}
FIVE = Study([np.ones(5)], [1], "flip")


def false_discoveries(p, level, shift, m):
    """The definition, in loops: at most so many of a set are without an effect."""
    best = len(p)
    for k in range(shift + 1, m + 1):
        above = sum(value > level * (k - shift) / (m - shift) * (1 + 1e-9) for value in p)
        best = min(best, above + k - 1)
    return best


def analysed(study, maps, shift, settings=SETTINGS):
    """Return the pivotal statistic of all distinct relabellings, and the observed p."""
    model = study.contrast_model(space=Volume(np.ones((maps.shape[1], 1, 1), bool), np.eye(4)))
    n = model.exchangeability.n_distinct
    chunk = compute_chunk(maps, model, 0, n, settings, 100)
    return merge([chunk], n, shift)["tdp"], observe(maps, model, settings).measures["p"]


@pytest.mark.parametrize("shift", [0, 1, 4])
@pytest.mark.parametrize("level", [0.0, 0.03, 0.3, 1.0])
def test_the_bound_is_that_of_the_definition(shift, level):
    rng = np.random.default_rng(1)
    p = np.round(rng.random(30) ** 4, 3) + 1e-9
    bound = Bound(level, shift, p)
    for size in (1, 2, 5, 17, 30):
        for _ in range(5):
            chosen = rng.choice(30, size, replace=False)
            assert bound.active(chosen) == size - false_discoveries(p[chosen], level, shift, len(p))
    sizes = np.arange(1, 31)
    expected = [bound.active(np.argsort(p)[:n]) for n in sizes]
    assert bound.active_among_smallest(sizes).tolist() == expected
    assert bound.active(np.zeros(0, int)) == 0


def test_of_sets_no_larger_than_the_shift_nothing_can_be_said():
    assert Bound(1.0, 4, np.full(6, 1e-9)).active(np.arange(4)) == 0
    assert Bound(1.0, 4, np.full(6, 1e-9)).active(np.arange(5)) == 1
    assert Bound(1.0, 9, np.full(6, 1e-9)).active(np.arange(6)) == 0


def test_a_p_that_equals_its_threshold_is_a_discovery():
    # 0.3 is no binary fraction: 3 / 10 of 0.3 and 0.09 differ in the last bit.
    for p, active in ((0.09, 1), (0.0901, 0)):
        assert Bound(0.3, 0, np.array([p] * 3 + [1.0] * 7)).active(np.arange(3)) == active


@pytest.mark.parametrize(
    ("pivotal", "alpha", "level"),
    [
        (np.arange(1, 21), 0.05, 1),
        (np.arange(20, 0, -1), 0.1, 2),
        (np.arange(1, 21), 0.149, 2),
        (np.arange(1, 21), 0.04, 0),
        # As many as share a value may reach it together, or none of them.
        ([1, 2, 2, 3, 4, 5, 6, 7, 8, 9], 0.2, 1),
        ([1, 2, 2, 3, 4, 5, 6, 7, 8, 9], 0.3, 2),
        ([2, 2 + 1e-12, 3, 4], 0.25, 0),
        # 0.1 + 0.2 in binary: 3 of 10 all the same.
        (np.arange(1, 11), 0.1 + 0.2, 3),
        (np.arange(1, 11), 0.3 - 1e-16, 3),
    ],
)
def test_the_level_is_the_largest_value_that_few_enough_reach(pivotal, alpha, level):
    assert calibrated(np.array(pivotal, float), alpha) == level


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("two_sided", [False, True])
def test_among_all_sign_flips_the_bound_fails_for_exactly_alpha(shift, two_sided):
    # Each flipped data set in turn as the observed one: no effect, so any bound above 0 is wrong.
    maps = np.random.default_rng(5).standard_normal((5, 6)).astype(np.float32)
    settings = SETTINGS | {"two_sided": two_sided}
    pivotal, _ = analysed(FIVE, maps, shift, settings)
    assert len(pivotal) == 32
    # Two-sided, a data set and its negative tie.
    alphas = [2 / 32, 4 / 32]
    failed = dict.fromkeys(alphas, 0)
    for j in range(32):
        signs = np.array([1 - 2 * (j >> i & 1) for i in range(5)], np.float32)[:, None]
        nulls, p = analysed(FIVE, maps * signs, shift, settings)
        np.testing.assert_array_equal(np.sort(nulls), np.sort(pivotal))
        for alpha in alphas:
            level = calibrated(nulls, alpha)
            assert level == np.sort(pivotal)[round(32 * alpha) - 1]
            bound = Bound(level, shift, p)
            of_any = any(
                bound.active(list(chosen)) for n in range(1, 7) for chosen in combinations(range(6), n)
            )
            assert of_any == (bound.active_among_smallest(np.arange(1, 7)).max() > 0)
            failed[alpha] += of_any
    assert failed == {alpha: round(32 * alpha) for alpha in alphas}


@pytest.mark.parametrize("name", ["two groups", "three groups", "one sample"])
def test_the_observed_map_has_the_statistic_of_its_own_relabelling(name):
    study = STUDIES[name]
    settings = SETTINGS | {"two_sided": not study.is_f}
    maps = study.maps(40)
    model = study.contrast_model(space=Volume(np.ones((40, 1, 1), bool), np.eye(4)))
    chunk = compute_chunk(maps, model, 0, 3, settings, 100)
    p = np.sort(observe(maps, model, settings).measures["p"])
    k = np.arange(1, 41)
    for shift in (0, 7):
        expected = ((40 - shift) * p[shift:] / (k[shift:] - shift)).min()
        assert merge([chunk], 3, shift)["tdp"][0] == pytest.approx(expected, rel=1e-14)
