"""Least squares and parametric inference against statsmodels, scikit-learn and scipy."""

import numpy as np
import pytest
import statsmodels.api as sm
from permaps.arithmetic.linear import product
from permaps.permutation.correction import bonferroni_p
from permaps.permutation.null import observed_statistic
from permaps.statistics import glm
from permaps.statistics.glm import fit, log_p
from scipy import stats
from scipy.integrate import quad
from scipy.special import betaln
from sklearn.feature_selection import f_regression
from studies import STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_every_result_is_that_of_statsmodels(name):
    study, maps = STUDIES[name], STUDIES[name].maps(8)
    found = fit(maps, study.design, study.weights)
    for k, y in enumerate(maps.T.astype(float)):
        # In units in which statsmodels is precise.
        unit = np.linalg.norm(study.design, axis=0)
        model = sm.OLS(y, study.design / unit).fit()
        test = model.f_test(study.weights / unit)
        f, p = np.squeeze(test.fvalue), np.squeeze(test.pvalue)
        rows, dof = study.weights.shape[0], model.df_resid
        assert found["p"][k] == pytest.approx(p, rel=1e-6)
        assert found["partialr2"][k] == pytest.approx(rows * f / (rows * f + dof), rel=1e-6)
        if study.is_f:
            assert found["stat"][k] == pytest.approx(f, rel=1e-6)
            assert found["z"][k] == pytest.approx(stats.norm.isf(p), rel=1e-6)
        else:
            effect = (study.weights / unit @ model.params).item()
            assert found["effect"][k] == pytest.approx(effect, rel=1e-6)
            assert found["stat"][k] == pytest.approx(np.sign(effect) * np.sqrt(f), rel=1e-6)
            assert found["z"][k] == pytest.approx(np.sign(effect) * stats.norm.isf(p / 2), rel=1e-6)


@pytest.mark.parametrize("name", STUDIES)
def test_the_permuted_statistic_starts_from_this_one(name):
    study, maps = STUDIES[name], STUDIES[name].maps()
    observed = observed_statistic(maps, *study.model(), is_f=study.is_f)
    np.testing.assert_allclose(observed, fit(maps, study.design, study.weights)["stat"], rtol=1e-7, atol=1e-8)


def test_an_f_of_one_row_is_the_square_of_t():
    study = STUDIES["a regressor"]
    maps = study.maps(200)
    t, f = (fit(maps, study.design, study.weights, is_f) for is_f in (False, True))
    np.testing.assert_allclose(f["stat"], t["stat"] ** 2, rtol=1e-9)
    np.testing.assert_allclose(f["p"], t["p"], rtol=1e-6)
    np.testing.assert_allclose(f["z"], stats.norm.isf(t["p"]), rtol=1e-6, atol=1e-9)
    observed = observed_statistic(maps, *study.model(), is_f=True)
    np.testing.assert_allclose(observed, f["stat"], rtol=1e-7, atol=1e-8)


def test_bonferroni_is_that_of_the_examples_f_regression():
    study = STUDIES["a regressor"]
    maps = study.maps(200)
    _, p = f_regression(maps.astype(float), study.design[:, 1], center=True)
    # There, voxels are the features and the variate is what is explained: the same test.
    found = bonferroni_p(fit(maps, study.design, study.weights)["p"])
    np.testing.assert_allclose(found, np.minimum(p * 200, 1), rtol=1e-6)


def test_the_effect_of_an_f_is_the_root_mean_square_of_what_it_explains():
    study = STUDIES["three groups"]
    # Deviations of -2, 0 and 2 from the mean.
    maps = study.design @ [[1.0], [3.0], [5.0]] + 1e-3 * np.random.default_rng(0).standard_normal((12, 1))
    assert fit(maps, study.design, study.weights)["effect"][0] == pytest.approx(np.sqrt(8 / 3), rel=1e-3)


def test_constant_voxels_have_no_effect_worth_a_number():
    # Rounding gives them |t| up to 4.5, or 3e8 in one sample.
    constant = np.tile(np.array([0, 1, 0.1, -7.3, 1e8, 1e-8], np.float32), (12, 1))
    for study in (s for name, s in STUDIES.items() if name != "a regressor without an intercept"):
        found = fit(constant, study.design, study.weights)
        for name in ("stat", "z", "partialr2"):
            np.testing.assert_array_equal(found[name], 0)
        np.testing.assert_array_equal(found["p"], 1)


@pytest.mark.parametrize("at_once", [1, 200, 10_000])
def test_any_number_of_voxels_is_fitted_in_blocks(monkeypatch, at_once):
    study = STUDIES["two groups and age"]
    maps = study.maps(50)
    whole = fit(maps, study.design, study.weights)
    monkeypatch.setattr(glm, "VALUES", at_once)
    for name, values in fit(maps, study.design, study.weights).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-10)


def test_blocks_are_narrower_with_more_participants(monkeypatch):
    study = STUDIES["two groups and age"]
    widths = []
    monkeypatch.setattr(glm, "product", lambda a, b: widths.append(b.shape[1]) or product(a, b))
    maps = study.maps(50)
    monkeypatch.setattr(glm, "VALUES", 7 * len(maps))
    fit(maps, study.design, study.weights)
    assert max(widths) == 7


@pytest.mark.parametrize(("rows", "dof"), [(1, 87), (1, 5), (3, 200), (10, 1000)])
def test_log_p_goes_on_where_p_is_0(rows, dof):
    f = np.array([0.0, 1e-6, 1.0, 30.0, 1e3, 1e6, 1e12, 1e200])
    found = log_p(f, rows, dof)
    with np.errstate(divide="ignore"):
        by_scipy = np.log(stats.f.sf(f, rows, dof))
    np.testing.assert_allclose(found[:3], by_scipy[:3], rtol=1e-12)
    assert np.isfinite(found).all() and (np.diff(found) <= 0).all()
    # p is x^a / B(a, b) times the integral of v^(a - 1) (1 - x v)^(b - 1), with x = dof / (dof + rows F).
    for value, log in zip(f[2:], found[2:], strict=True):
        a, b, x = dof / 2, rows / 2, dof / (dof + rows * value)
        integral, _ = quad(lambda v, a=a, b=b, x=x: v ** (a - 1) * (1 - x * v) ** (b - 1), 0, 1, epsabs=0)
        assert log == pytest.approx(a * np.log(x) - betaln(a, b) + np.log(integral), rel=1e-7)
