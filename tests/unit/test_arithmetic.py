"""Own arithmetic against libraries whose bits depend on the processor."""

import numpy as np
import pytest
from permaps.arithmetic.gaussian import exponential, filtered
from permaps.arithmetic.linear import complement, divided, orthonormal, product, spanning
from permaps.statistics.compiled import _by_fractions, compiled, fma
from permaps.statistics.power import all_raised, tables
from scipy.ndimage import gaussian_filter

RNG = np.random.default_rng(0)


def test_product_is_the_matrix_product():
    a, b = RNG.standard_normal((3, 20)), RNG.standard_normal((20, 5))
    np.testing.assert_allclose(product(a, b), a @ b, rtol=1e-12)
    assert product(a[:0], b).shape == (0, 5)
    assert not product(a[:, :0], b[:0]).any()


@pytest.mark.parametrize("closeness", [1.0, 1e-3, 1e-7])
def test_columns_are_made_orthonormal_however_close_they_are(closeness):
    columns = RNG.standard_normal((30, 4))
    columns[:, 3] = columns[:, 0] + closeness * columns[:, 3]
    basis, triangle = orthonormal(columns)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-14)
    np.testing.assert_allclose(basis @ triangle, columns, atol=1e-13)
    np.testing.assert_allclose(divided(columns, triangle) @ triangle, columns, atol=1e-13)
    assert (np.tril(triangle, -1) == 0).all()


@pytest.mark.parametrize("n_columns", [0, 1, 3, 6])
def test_complement_is_what_is_missing(n_columns):
    basis, _ = orthonormal(RNG.standard_normal((6, n_columns)))
    whole = np.hstack([basis, complement(basis)])
    np.testing.assert_allclose(whole.T @ whole, np.eye(6), atol=1e-14)


def test_dependent_columns_are_spanned_by_fewer():
    columns = RNG.standard_normal((9, 2)) @ RNG.standard_normal((2, 7))
    basis = spanning(columns, 1e-9)
    assert basis.shape == (9, 2)
    np.testing.assert_allclose(basis @ basis.T @ columns, columns, atol=1e-12)


@pytest.mark.parametrize(("mode", "truncate"), [("reflect", 4.0), ("constant", 4.0), ("wrap", 3.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaussian_is_that_of_scipy(mode, truncate, dtype):
    volume, sigma = RNG.standard_normal((8, 9, 7)).astype(dtype), (1.1, 0.0, 0.4)
    found = filtered(volume, sigma, mode, truncate)
    assert found.dtype == dtype
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        found, gaussian_filter(volume, sigma, mode=mode, truncate=truncate), rtol=0, atol=tolerance
    )


def test_exponential_is_rounded_correctly():
    assert exponential(0.0) == 1.0
    assert exponential(1.0) == np.e


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.5, 3.0, 7.0, 11.3])
def test_powers_are_powers(exponent):
    x = np.concatenate([[0.0, 1e-20, 1.0, 1e20], np.arange(200.0), 10 * RNG.random(500)])
    np.testing.assert_allclose(all_raised(x, *tables(exponent)), x**exponent, rtol=4e-16 * 2)
    assert all_raised(np.array([0.0, 1.0]), *tables(exponent)).tolist() == [0.0, 1.0]


def test_a_fused_product_and_sum_is_rounded_once():
    @compiled
    def once(a, b, c):
        return fma(a, b, c)

    # Rounded twice, this is 0.
    a = 1.0 + 2.0**-30
    assert once(a, a, -(1.0 + 2.0**-29)) == 2.0**-60 == _by_fractions(a, a, -(1.0 + 2.0**-29))


def test_no_product_and_sum_is_fused_unless_told():
    @compiled
    def twice(a, b, c):
        return a * b + c

    a = 1.0 + 2.0**-30
    assert twice(a, a, -(1.0 + 2.0**-29)) == 0.0
