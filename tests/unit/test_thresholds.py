"""Thresholds of clusters, critical values, and how p settles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from permaps.permutation.correction import fwe_p
from permaps.permutation.thresholds import (
    cluster_threshold,
    critical_value,
    p_interval,
    settling,
    significant,
    wilson_interval,
)
from permaps.workflow.errors import UserError
from scipy import stats
from scipy.stats import binom, norm

nulls = st.lists(st.integers(0, 12), min_size=1, max_size=60).map(lambda v: np.array(v, float))


@given(nulls, st.sampled_from([0.01, 0.05, 0.1, 0.5]))
def test_a_value_is_significant_just_when_above_the_critical_one(null, alpha):
    value, low, high = critical_value(null, alpha)
    for candidate in np.unique(null):
        assert (candidate > value) == (fwe_p(candidate, null) <= alpha + 1e-12)
    assert low <= value <= high


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("n", [20, 99, 1000, 10_001])
def test_interval_of_a_critical_value_has_the_ranks_of_binomial_quantiles(n, alpha):
    fewest, most = binom.ppf([0.025, 0.975], n, alpha)
    _, low, high = critical_value(np.arange(n, 0.0, -1), alpha)
    if alpha * n >= 1:
        assert low == n - min(most, n - 1)
        assert high == (n - fewest + 1 if fewest else np.inf)


def test_of_all_relabellings_the_critical_value_is_exact():
    null = np.random.default_rng(0).permutation(np.arange(100.0))
    value, low, high = critical_value(null, 0.05, exact=True)
    assert value == low == high == critical_value(null, 0.05)[0] == 94
    assert critical_value(null[:19], 0.05, exact=True)[0] == np.inf


def test_too_few_relabellings_have_no_critical_value():
    assert critical_value(np.arange(19.0), 0.05)[0] == np.inf
    assert np.isfinite(critical_value(np.arange(20.0), 0.05)[0])


def test_the_interval_holds_the_true_quantile_as_often_as_it_says():
    rng = np.random.default_rng(1)
    truth = norm.isf(0.05)
    held = 0
    for _ in range(1000):
        _, low, high = critical_value(rng.normal(size=1000), 0.05)
        held += low <= truth <= high
    assert 0.93 <= held / 1000 <= 0.98


@given(nulls, st.data())
def test_p_settles_at_its_final_value(null, data):
    value = data.draw(st.sampled_from(sorted(null[null <= null[0]])))
    p = fwe_p(value, null)
    so_far, low, high = settling(null, p)
    assert so_far[-1] == pytest.approx(p)
    at = np.arange(len(null))
    counted = [(1 + (null[1 : j + 1] >= value).sum()) / (1 + j) for j in at]
    np.testing.assert_allclose(so_far, counted)
    assert ((low >= 0) & (low <= high) & (high <= 1)).all()


def test_without_relabellings_nothing_is_known():
    so_far, low, high = settling(np.array([3.0]), 1.0)
    assert (so_far, low, high) == (1, 0, 1)


@given(st.integers(1, 400), st.integers(1, 400))
def test_p_equal_to_alpha_is_significant_in_float32_too(k, n):
    alpha = min(k, n) / n
    assert significant(np.float32(-np.log10(alpha)), alpha)
    assert not significant(np.float32(-np.log10(alpha + 1e-5)), alpha)


@given(st.integers(0, 5000), st.integers(1, 5000), st.sampled_from([0.9, 0.95, 0.99]))
def test_intervals_are_those_of_statsmodels(hits, draws, confidence):
    from statsmodels.stats.proportion import proportion_confint

    hits = min(hits, draws)
    expected = proportion_confint(hits, draws, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(wilson_interval(hits, draws, confidence), expected, atol=1e-12)


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_p_lies_in_its_interval_which_does_not_count_the_observed_labelling(k, n):
    k = min(k, n + 1)
    p = k / (n + 1)
    low, high = p_interval(p, n)
    assert low <= p <= high
    assert (low, high) == tuple(wilson_interval(k - 1, n))
    assert (low == 0) == (k == 1)
    assert p_interval(p, n, exact=True) == (p, p)


@pytest.mark.parametrize("p", [0.05, 0.001, 1e-6])
def test_the_cluster_threshold_has_the_uncorrected_p_it_is_named_by(p):
    assert stats.t.sf(cluster_threshold(p, 20, 1, False, True), 20) == pytest.approx(p / 2)
    assert stats.t.sf(cluster_threshold(p, 20, 1, False, False), 20) == pytest.approx(p)
    assert stats.f.sf(cluster_threshold(p, 20, 3, True, False), 3, 20) == pytest.approx(p)


@pytest.mark.parametrize("p", [3.0, 1, 0, -0.1, float("nan")])
def test_a_cluster_threshold_that_is_no_p_is_refused(p):
    # A 3.0 silently gives no clusters in nilearn.
    with pytest.raises(UserError, match=r"cluster_p: .* is not a p value. Expected a number between 0 and 1"):
        cluster_threshold(p, 20, 1, False, True)
