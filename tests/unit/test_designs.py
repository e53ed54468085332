"""Every kind of design, from formula and contrasts on, against the package that a statistician would use."""

from itertools import combinations, permutations, product
from math import comb, factorial

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from permaps.design.matrix import contrast_matrix, design_matrix
from permaps.design.partition import partition
from permaps.design.scheme import like_rows, scheme_of
from permaps.permutation.model import contrast_model
from permaps.permutation.null import null_maxima, observed_statistic
from permaps.statistics.glm import fit
from scipy import stats
from statsmodels.stats.anova import AnovaRM, anova_lm

RNG = np.random.default_rng(11)
N_VOXELS = 6
# 24 people: 2 groups x 3 doses, unequal numbers when the last ones are left out.
PEOPLE = pd.DataFrame(
    {
        "group": np.repeat(["a", "b"], 12),
        "dose": np.tile(["high", "low", "none"], 8),
        "age": RNG.integers(20, 60, 24).astype(float),
        "score": RNG.standard_normal(24),
    }
)
UNBALANCED = PEOPLE.iloc[:21].reset_index(drop=True)
SESSIONS = pd.DataFrame(
    {"subject": np.repeat([f"s{i}" for i in range(8)], 3), "session": np.tile(["x", "y", "z"], 8)}
)
PAIRS = SESSIONS[SESSIONS["session"] != "z"].reset_index(drop=True)
NO_BLOCKS = {"within": None, "whole": None, "nested": None}


def maps_of(table, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(table), N_VOXELS)) + 3
    if "subject" in table:
        noise += 2 * rng.standard_normal((8, N_VOXELS))[pd.factorize(table["subject"])[0]]
    return noise.astype(np.float32)


def analysed(table, formula, contrast, blocks=NO_BLOCKS, scheme="auto"):
    """Return statistic and p by least squares, and the statistic that the null starts from."""
    names, design = design_matrix(table, formula)
    weights, is_f = contrast_matrix(contrast, "c", names), isinstance(contrast, list)
    chosen = scheme_of(scheme, partition(design, weights))
    maps = maps_of(table)
    fitted = fit(maps, design, weights)
    model = contrast_model(design, weights, "F" if is_f else "t", chosen, blocks)
    exchangeability = model.exchangeability
    observed = observed_statistic(maps, model.estimator(), exchangeability, is_f=is_f)
    np.testing.assert_allclose(observed, fitted["stat"], rtol=1e-6)
    return fitted["stat"], fitted["p"], chosen, exchangeability.n_distinct


def same(found, expected, rtol=1e-5):
    """Compare (statistic, p) of every voxel; the maps are in single precision."""
    for ours, theirs in zip(found[:2], np.array(expected, float).T, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol)


def by_formula(table, formula, term):
    """t and p of a coefficient by statsmodels' own reading of a formula, voxel by voxel."""
    models = [smf.ols(formula, table.assign(y=y)).fit() for y in maps_of(table).T.astype(float)]
    return [(model.tvalues[term], model.pvalues[term]) for model in models]


def by_anova(table, formula, term, typ):
    rows = [anova_lm(smf.ols(formula, table.assign(y=y)).fit(), typ=typ).loc[term]
            for y in maps_of(table).T.astype(float)]  # fmt: skip
    return [(row["F"], row["PR(>F)"]) for row in rows]


def test_one_sample():
    found = analysed(PEOPLE, "1", "Intercept")
    same(found, [stats.ttest_1samp(y, 0) for y in maps_of(PEOPLE).T.astype(float)])
    assert found[2:] == ("flip", 2**24)


def test_one_sample_at_the_mean_of_a_covariate():
    found = analysed(PEOPLE, "1 + center(age)", "Intercept")
    centred = PEOPLE.assign(age=PEOPLE["age"] - PEOPLE["age"].mean())
    same(found, by_formula(centred, "y ~ age", "Intercept"))
    assert found[2:] == ("flip", 2**24)


def test_the_mean_of_two_equal_groups_however_they_are_coded():
    # Permutations leave what is tested where it is, and only add to the error: p would be 1.
    cells = analysed(PEOPLE, "0 + group", "0.5 * group[a] + 0.5 * group[b]")
    treatment = analysed(PEOPLE, "1 + group", "Intercept + 0.5 * group[T.b]")
    same(cells, np.transpose(treatment[:2]))
    assert cells[2:] == treatment[2:] == ("flip", 2**24)


@pytest.mark.parametrize(
    ("formula", "contrast"),
    [("1 + group", "group[T.b]"), ("0 + group", "group[b] - group[a]"), ("group", "group[T.b]")],
)
def test_two_samples_however_they_are_coded(formula, contrast):
    found = analysed(UNBALANCED, formula, contrast)
    b = (UNBALANCED["group"] == "b").to_numpy()
    same(found, [stats.ttest_ind(y[b], y[~b]) for y in maps_of(UNBALANCED).T.astype(float)])
    assert found[2:] == ("permute", comb(21, 9))


def test_a_regression():
    found = analysed(PEOPLE, "1 + score", "score")
    x = PEOPLE["score"].to_numpy()
    lines = [stats.linregress(x, y) for y in maps_of(PEOPLE).T.astype(float)]
    same(found, [(line.slope / line.stderr, line.pvalue) for line in lines])
    assert found[2:] == ("permute", factorial(24))


@pytest.mark.parametrize("age", ["age", "center(age)", "scale(age)"])
def test_ancova_does_not_depend_on_how_the_covariate_is_centred(age):
    found = analysed(UNBALANCED, f"1 + group + {age}", "group[T.b]")
    same(found, by_formula(UNBALANCED, "y ~ group + age", "group[T.b]"))
    assert found[2] == "permute"


def test_an_interaction_with_a_covariate():
    found = analysed(UNBALANCED, "1 + group * score", "group[T.b]:score")
    same(found, by_formula(UNBALANCED, "y ~ group * score", "group[T.b]:score"))
    # As the difference of two slopes, each a column of its own.
    slopes = analysed(UNBALANCED, "0 + group + group:score", "group[b]:score - group[a]:score")
    same(slopes, np.transpose(found[:2]), rtol=1e-8)


def test_one_way_anova():
    found = analysed(UNBALANCED, "0 + dose", ["dose[high] - dose[none]", "dose[low] - dose[none]"])
    samples = [[y[UNBALANCED["dose"] == d] for d in ("high", "low", "none")]
               for y in maps_of(UNBALANCED).T.astype(float)]  # fmt: skip
    same(found, [stats.f_oneway(*sample) for sample in samples])
    assert found[2:] == ("permute", factorial(21) // factorial(7) ** 3)


CELLS = {d: [f"group[{g}]:dose[{d}]" for g in "ab"] for d in ("high", "low", "none")}
MAIN = [f"{' + '.join(CELLS[d])} - {' - '.join(CELLS['none'])}" for d in ("high", "low")]
BOTH = [f"{CELLS[d][0]} - {CELLS[d][1]} - {CELLS['none'][0]} + {CELLS['none'][1]}" for d in ("high", "low")]


@pytest.mark.parametrize("table", [PEOPLE, UNBALANCED], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize(
    ("cells", "sums", "term"),
    [
        (MAIN, ["C(dose, contr.sum)[S.high]", "C(dose, contr.sum)[S.low]"], "C(dose, Sum)"),
        (
            BOTH,
            [f"C(group, contr.sum)[S.a]:C(dose, contr.sum)[S.{d}]" for d in ("high", "low")],
            "C(group, Sum):C(dose, Sum)",
        ),
    ],
    ids=["main effect", "interaction"],
)
def test_factorial_anova_is_type_3_by_cell_means_or_by_sums(table, cells, sums, term):
    expected = by_anova(table, "y ~ C(group, Sum) * C(dose, Sum)", term, typ=3)
    same(analysed(table, "0 + group:dose", cells), expected)
    same(analysed(table, "1 + C(group, contr.sum) * C(dose, contr.sum)", sums), expected)


def test_categories_beside_a_covariate():
    found = analysed(UNBALANCED, "1 + dose + age", ["dose[T.low]", "dose[T.none]"])
    same(found, by_anova(UNBALANCED, "y ~ dose + age", "dose", typ=2))


def test_a_polynomial_and_a_spline_are_tested_as_a_whole():
    found = analysed(PEOPLE, "1 + age + I(age**2)", ["age", "I(age ** 2)"])
    same(found, [(m.fvalue, m.f_pvalue) for m in (
        smf.ols("y ~ age + I(age**2)", PEOPLE.assign(y=y)).fit() for y in maps_of(PEOPLE).T.astype(float)
    )])  # fmt: skip


def within(table):
    return NO_BLOCKS | {"within": pd.factorize(table["subject"])[0].tolist()}


def test_paired():
    found = analysed(PAIRS, "0 + subject + session", "session[T.y]", within(PAIRS))
    y = (PAIRS["session"] == "y").to_numpy()
    same(found, [stats.ttest_rel(m[y], m[~y]) for m in maps_of(PAIRS).T.astype(float)])
    assert found[2:] == ("permute", 2**8)


def test_paired_is_one_sample_of_differences_also_when_relabelled():
    names, design = design_matrix(PAIRS, "0 + subject + session")
    weights = contrast_matrix("session[T.y]", "c", names)
    maps = maps_of(PAIRS).astype(float)
    differences = maps[1::2] - maps[::2]
    nulls = []
    for y, columns, contrast, scheme, blocks in [
        (maps, design, weights, "permute", within(PAIRS)),
        (differences, np.ones((8, 1)), np.ones((1, 1)), "flip", NO_BLOCKS),
    ]:
        model = contrast_model(columns, contrast, "t", scheme, blocks)
        null = null_maxima(
            y, model.estimator(), model.exchangeability, 0, 0, 2**8, is_f=False, both_signs=True
        )
        nulls.append(np.sort(null["voxel"]))
    np.testing.assert_allclose(*nulls, rtol=1e-9)


def test_repeated_measures():
    found = analysed(SESSIONS, "0 + subject + session", ["session[T.y]", "session[T.z]"], within(SESSIONS))
    tables = [AnovaRM(SESSIONS.assign(y=y), "y", "subject", within=["session"]).fit().anova_table
              for y in maps_of(SESSIONS).T.astype(float)]  # fmt: skip
    same(found, [(t["F Value"].iloc[0], t["Pr > F"].iloc[0]) for t in tables])
    assert found[2:] == ("permute", 6**8)


def exhaustive(y, design, weights, is_f, scheme, blocks=NO_BLOCKS):
    model = contrast_model(design, weights, "F" if is_f else "t", scheme, blocks)
    found = model.exchangeability
    null = null_maxima(y, model.estimator(), found, 3, 0, found.n_distinct, is_f=is_f, both_signs=not is_f)[
        "voxel"
    ]
    return np.sort(null)


def test_all_divisions_into_two_samples():
    maps, group = maps_of(PEOPLE)[:7].astype(float), np.array([0, 0, 0, 1, 1, 1, 1.0])
    null = exhaustive(maps, np.column_stack([np.ones(7), group]), np.array([[0, 1.0]]), False, "permute")
    expected = []
    for chosen in combinations(range(7), 4):
        inside = np.isin(np.arange(7), chosen)
        expected.append(np.abs(stats.ttest_ind(maps[inside], maps[~inside]).statistic).max())
    np.testing.assert_allclose(null, np.sort(expected), rtol=1e-7)


def test_all_flips_of_one_sample():
    maps = maps_of(PEOPLE)[:6].astype(float)
    null = exhaustive(maps, np.ones((6, 1)), np.ones((1, 1)), False, "flip")
    flips = np.array(list(product((1, -1), repeat=6)))[:, :, None]
    expected = [np.abs(stats.ttest_1samp(flip * maps, 0).statistic).max() for flip in flips]
    np.testing.assert_allclose(null, np.sort(expected), rtol=1e-7)


def test_all_orders_of_a_regressor():
    maps, x = maps_of(PEOPLE)[:5].astype(float), PEOPLE["score"].to_numpy()[:5]
    null = exhaustive(maps, np.column_stack([np.ones(5), x]), np.array([[0, 1.0]]), False, "permute")
    correlation = [np.abs([np.corrcoef(x[list(order)], y)[0, 1] for y in maps.T]).max()
                   for order in permutations(range(5))]  # fmt: skip
    r = np.array(correlation)
    np.testing.assert_allclose(null, np.sort(r * np.sqrt(3 / (1 - r**2))), rtol=1e-6)


def test_all_orders_of_sessions_within_people():
    maps = maps_of(SESSIONS)[:9].astype(float)
    table = SESSIONS.iloc[:9].reset_index(drop=True)
    names, design = design_matrix(table, "0 + subject + session")
    weights = contrast_matrix(["session[T.y]", "session[T.z]"], "c", names)
    expected = []
    for orders in product(permutations(range(3)), repeat=3):
        source = np.concatenate([3 * i + np.array(order) for i, order in enumerate(orders)])
        tables = [table.assign(y=y[source]) for y in maps.T[:2]]
        fitted = [AnovaRM(one, "y", "subject", within=["session"]).fit().anova_table for one in tables]
        f = [one["F Value"].iloc[0] for one in fitted]
        expected.append(max(f))
    null = exhaustive(maps[:, :2], design, weights, True, "permute", within(table))
    np.testing.assert_allclose(null, np.sort(expected), rtol=1e-6)


def test_people_with_the_same_row_are_alike_whatever_the_coding():
    _, by_cells = design_matrix(PEOPLE, "0 + group:dose")
    _, by_sums = design_matrix(PEOPLE, "1 + C(group, contr.sum) * C(dose, contr.sum)")
    labels = [like_rows(design) for design in (by_cells, by_sums)]
    assert len(set(zip(*labels, strict=True))) == labels[0].max() + 1 == labels[1].max() + 1 == 6
