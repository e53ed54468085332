"""p values from nulls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from permaps.permutation.correction import bonferroni_p, fdr_p, fwe_p, minus_log10
from permaps.statistics.registry import ENHANCED_TIE
from statsmodels.stats.multitest import multipletests

counts = st.integers(0, 30).map(float)


@given(arrays(float, st.integers(1, 40), elements=counts), arrays(float, 5, elements=counts))
def test_p_counts_every_maximum_that_reaches_the_value(maxima, observed):
    observed = np.minimum(observed, maxima[0])  # no voxel is above the observed maximum
    expected = [(maxima >= value).sum() / len(maxima) for value in observed]
    np.testing.assert_allclose(fwe_p(observed, maxima), expected, rtol=1e-15)


def test_p_is_never_0_and_counts_the_observed_labelling():
    # Strict counting gives 0 in MRtrix3 and FieldTrip.
    maxima = np.array([9.0, 1, 2, 3])
    assert fwe_p(np.array([9.0, 9.5, 3.5, 3.0, 0.0]), maxima).tolist() == [0.25, 0.25, 0.25, 0.5, 1.0]


@pytest.mark.parametrize("value", [1e-3, 1.0, 5.0, 1e4])
def test_rounding_of_the_last_bits_is_a_tie(value):
    maxima = np.array([value, value * (1 - 1e-13), value * (1 + 1e-13), value - 1e-4 * max(value, 1)])
    assert fwe_p(np.array([value]), maxima) == 0.75


def test_enhanced_values_tie_as_single_precision_does():
    # Two F of one partition differ by 1e-13, which single precision may round apart, by 6e-8.
    maxima = np.array([100.0, 100 * (1 - 1e-7), 100 * (1 + 1e-7), 99.9])
    assert fwe_p(np.array([100.0]), maxima, ENHANCED_TIE) == 0.75


def test_shapes_are_kept():
    assert fwe_p(np.zeros((2, 3)), np.ones(4)).shape == (2, 3)


def test_bonferroni_multiplies_and_is_cut_at_1():
    assert bonferroni_p(np.array([0.01, 0.2, 0.5])).tolist() == pytest.approx([0.03, 0.6, 1.0])


def test_fdr_is_that_of_benjamini_and_hochberg():
    p = np.random.default_rng(0).uniform(size=50) ** 3
    np.testing.assert_allclose(fdr_p(p), multipletests(p, method="fdr_bh")[1], rtol=1e-12)


def test_minus_log10_of_1_is_no_negative_zero():
    found = minus_log10(np.array([1.0, 0.1, 1e-300]))
    np.testing.assert_allclose(found, [0, 1, 300])
    assert not np.signbit(found).any()
