"""Data adjusted for what is not tested."""

import numpy as np
import pytest
import statsmodels.api as sm
from permaps.figures.adjusted import adjust
from permaps.reporting.words import column

RNG = np.random.default_rng(5)
N = 40
AGE, GROUP, SCORE = RNG.normal(30, 5, N), np.repeat([0.0, 1], N // 2), RNG.normal(size=N)
DESIGN = np.column_stack([np.ones(N), AGE, GROUP, SCORE])
NAMES = ["Intercept", "age", "group[T.b]", "score"]
Y = DESIGN @ [1, 0.2, 2, -0.7] + RNG.normal(size=N)
FIT = sm.OLS(Y, DESIGN).fit()


def test_slope_through_the_adjusted_data_is_the_estimate():
    data = adjust(Y, DESIGN, NAMES, np.array([[0.0, 1, 0, 0]]))
    assert (data.display, data.labels) == ("slope", ["age"])
    slope, _ = np.polyfit(data.x, data.y, 1)
    assert slope == pytest.approx(FIT.params[1])


def test_band_is_that_of_the_mean_at_average_nuisance():
    data = adjust(Y, DESIGN, NAMES, np.array([[0.0, 1, 0, 0]]))
    rows = np.tile(DESIGN.mean(0), (len(data.grid), 1))
    rows[:, 1] = data.grid
    expected = FIT.get_prediction(rows).conf_int(alpha=0.05)
    np.testing.assert_allclose(np.column_stack([data.low, data.high]), expected)


def test_groups_differ_by_the_estimate():
    data = adjust(Y, DESIGN, NAMES, np.array([[0.0, 0, 1, 0]]))
    assert (data.display, data.labels) == ("groups", ["group: not b", "group: b"])
    coded = ["Intercept", "age", "C(group, levels=['a', 'b'])[T.b]", "score"]
    assert adjust(Y, DESIGN, coded, np.array([[0.0, 0, 1, 0]])).labels == data.labels
    assert data.mean[1] - data.mean[0] == pytest.approx(FIT.params[2])
    assert data.y[data.x == 1].mean() == pytest.approx(data.mean[1])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C(group)[T.b]", "group[T.b]"),
        ("C(group, levels=['a', 'b'])[T.b]:age", "group[T.b]:age"),
        ("I(age**2)", "I(age**2)"),
        ("age", "age"),
    ],
)
def test_columns_are_called_by_their_factor(name, shown):
    assert column(name) == shown


def test_cell_means_are_named_by_their_columns():
    cells = np.column_stack([1 - GROUP, GROUP, SCORE])
    data = adjust(Y, cells, ["a", "b", "score"], np.array([[-1.0, 1, 0]]))
    assert sorted(data.labels) == ["a", "b"]


def test_one_sample_shows_the_tested_mean_itself():
    data = adjust(Y, DESIGN, NAMES, np.array([[1.0, 0, 0, 0]]))
    assert data.display == "groups"
    assert data.mean == pytest.approx([FIT.params[0]])
    assert data.y.mean() == pytest.approx(FIT.params[0])
    assert [data.low[0], data.high[0]] == pytest.approx(FIT.conf_int()[0])


def test_several_covariates_are_drawn_against_their_fit():
    data = adjust(Y, DESIGN, NAMES, np.array([[0.0, 1, 0, 0], [0, 0, 0, 1]]))
    assert data.display == "fit"
    np.testing.assert_allclose(data.y - data.x, FIT.resid)


def test_a_few_people_of_whom_each_has_a_value_of_their_own_make_a_slope():
    score = np.array([-1.0, 0.2, 0.4, 1.1, 2.0])
    y, few = 2 * score + [0.1, -0.1, 0.0, 0.2, -0.2], np.column_stack([np.ones(5), score])
    assert adjust(y, few, ["Intercept", "score"], np.array([[0.0, 1]])).display == "slope"
    assert adjust(y, few.round(), ["Intercept", "score"], np.array([[0.0, 1]])).display == "groups"
