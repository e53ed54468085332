"""Models of each voxel: missing values, covariates that are maps and variance groups, voxel by voxel."""

from dataclasses import replace
from itertools import combinations, permutations

import by_hand
import numpy as np
import pytest
import statsmodels.api as sm
from permaps.design.block_tree import exchangeability_tree
from permaps.design.exchangeability import Exchangeability
from permaps.design.scheme import like_rows
from permaps.permutation.model import contrast_model, voxel_models
from permaps.permutation.null import null_maxima, observed_statistic
from permaps.permutation.relabelling import relabellings
from permaps.statistics.glm import fit, fit_voxel_models
from scipy import stats
from studies import AGE, GROUP, GROUPS, ONE, SCORE, STUDIES, Study

N_VOXELS, N_RELABELLINGS = 40, 12


def model_of(study, groups=None, covariates=()):
    """The voxelwise models and the exchangeability, for columns of the design and then those that are maps."""
    design = np.column_stack([study.design, *(np.full(12, np.nan) for _ in covariates)])
    whole = replace(study, columns=list(design.T))
    exchangeability = whole.contrast_model(groups, kind="voxelwise").exchangeability
    together = exchangeability.together
    return voxel_models(design, study.weights, groups, list(covariates), None, together), exchangeability


def values(model, maps, is_f, source, sign):
    stretches = [part.copy() for _, part in model.evaluator(maps, is_f, 0).values(source, sign)]
    return np.hstack(stretches)[:, : maps.shape[1]]


def by_literal_freedman_lane(y, design, contrast, source, sign, statistic=by_hand.statistic, blocks=()):
    """Fit nuisance and then the whole model to the participants of one voxel, relabelled among them."""
    present = np.isfinite(y) & np.isfinite(design).all(axis=1)
    for block in blocks:
        present[block] = present[block].all()
    nuisance = design[present] @ by_hand.null_space(contrast)
    residuals = np.zeros(len(y))
    residuals[present] = y[present]
    if nuisance.shape[1]:
        residuals[present] -= nuisance @ np.linalg.lstsq(nuisance, y[present], rcond=None)[0]
    taken = source.copy()
    for position in np.flatnonzero(present):
        while not present[taken[position]]:
            taken[position] = source[taken[position]]
    if present.sum() <= design.shape[1] or np.linalg.matrix_rank(design[present]) < design.shape[1]:
        return [0.0]
    return statistic((sign * residuals)[present, None], design[taken[present]], contrast)


def with_gaps(maps, share, seed=1):
    maps = maps.copy()
    maps[np.random.default_rng(seed).random(maps.shape) < share] = np.nan
    return maps


@pytest.mark.parametrize("name", STUDIES)
def test_without_any_of_the_three_it_is_the_fast_path(name):
    study = STUDIES[name]
    maps = study.maps(N_VOXELS)
    model, exchangeability = model_of(study)
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    fast = study.model()[0].evaluator(maps, study.is_f, 100)
    expected = np.hstack([part.copy() for _, part in fast.values(source, sign)])[:, :N_VOXELS]
    found = values(model, maps, study.is_f, source, sign)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "name",
    ["one sample with a covariate", "two groups", "two groups and age", "three groups, age and score",
     "two regressors at once", "families as wholes"],
)  # fmt: skip
def test_missing_values_are_left_out_voxel_by_voxel(name):
    study = STUDIES[name]
    maps = with_gaps(study.maps(N_VOXELS), 0.15)
    model, exchangeability = model_of(study)
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    found = values(model, maps, study.is_f, source, sign)
    blocks = exchangeability.together
    assert bool(blocks) == (name == "families as wholes")
    for j in range(N_RELABELLINGS):
        for v in range(N_VOXELS):
            expected = by_literal_freedman_lane(
                maps[:, v].astype(float), study.design, study.weights, source[j], sign[j], blocks=blocks
            )
            assert found[j, v] == pytest.approx(expected[0], rel=1e-6, abs=1e-7)


def test_families_that_change_places_as_wholes_stay_whole_where_somebody_is_missing():
    # The family of whom somebody is missing leaves, and the others have the null of a study without it.
    rng = np.random.default_rng(8)
    family = np.repeat(np.arange(4), 2)
    maps, x = rng.standard_normal((8, 3)).astype(np.float32), rng.standard_normal(4)[family]
    lacking = maps.copy()
    lacking[3] = np.nan
    design, weights, left = np.column_stack([np.ones(8), x]), np.array([[0.0, 1.0]]), family != 1
    nulls = []
    for y, columns, blocks in [(lacking, design, family), (maps[left], design[left], family[left])]:
        model = contrast_model(
            columns, weights, "t", "permute", {"whole": blocks.tolist()}, kind="voxelwise", incomplete=True
        )
        orders = np.array(list(permutations(range(len(y) // 2))))
        everything = np.repeat(2 * orders, 2, axis=1) + np.tile([0, 1], orders.shape[1])
        found = values(model.voxel_models(), y, False, everything, np.ones_like(everything, np.int8))
        nulls.append(np.sort(found, axis=0))
    np.testing.assert_allclose(nulls[0], np.repeat(nulls[1], 4, axis=0), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("groups", [None, [0, 0, 0, 1, 1, 1]], ids=["one variance", "variance groups"])
def test_a_voxel_that_lacks_participants_has_the_null_of_a_study_without_them(groups):
    # Of all permutations of six, each one of the five who are left comes up six times.
    rng = np.random.default_rng(7)
    maps = rng.standard_normal((6, 3)).astype(np.float32)
    lacking = maps.copy()
    lacking[1] = np.nan
    design, weights = np.column_stack([ONE[:6], rng.standard_normal(6)]), np.array([[0.0, 1.0]])
    left = np.arange(6) != 1
    nulls = []
    for y, x, group in [
        (lacking, design, groups),
        (maps[left], design[left], groups and np.array(groups)[left]),
    ]:
        everything = np.array(list(permutations(range(len(y)))))
        found = values(
            voxel_models(x, weights, group, []), y, False, everything, np.ones_like(everything, np.int8)
        )
        nulls.append(np.sort(found, axis=0))
    np.testing.assert_allclose(nulls[0], np.repeat(nulls[1], 6, axis=0), rtol=1e-6, atol=1e-9)


def test_groups_keep_the_sizes_that_they_have_at_a_voxel():
    # Of one participant who differs from all others alike, t is told by the group and its size.
    group = np.repeat([0.0, 1.0], [4, 8])
    y = np.zeros((12, 2), np.float32)
    y[11] = 1
    y[:2, 1] = np.nan
    y += np.linspace(0, 1e-3, 12)[:, None].astype(np.float32)
    design = np.column_stack([ONE, group])
    model = contrast_model(
        design, np.array([[0.0, 1.0]]), "t", "permute", {}, kind="voxelwise", incomplete=True
    )
    found = values(model.estimator(), y, False, *relabellings(model.exchangeability, 0, 0, 495))
    for v, (first, second) in enumerate([(4, 8), (2, 8)]):
        total = first + second
        for t, size, sign in [
            (found[:, v][found[:, v] < 0], first, -1),
            (found[:, v][found[:, v] > 0], second, 1),
        ]:
            r = np.sqrt((total - size) / (size * (total - 1)))
            np.testing.assert_allclose(t, sign * r * np.sqrt((total - 2) / (1 - r**2)), rtol=0.02)
            assert len(t) / 495 == pytest.approx(size / total, abs=0.1)


@pytest.mark.parametrize("tested", [[0, 1, 0, 0], [0, 0, 0, 1], [[0, 0, 1, 0], [0, 0, 0, 1]]])
def test_columns_that_are_nearly_dependent_are_told_apart_as_by_the_fast_path(tested):
    # Given the year, its square has 1e-11 of its sum of squares left.
    year = 2000.0 + np.arange(12)[::-1] + np.tile([0, 3], 6)
    study = Study([ONE, GROUP, year, year**2], tested, "permute")
    maps = study.maps(N_VOXELS)
    expected = fit(maps, study.design, study.weights)["stat"]
    model, exchangeability = model_of(study)
    found = observed_statistic(maps, model, exchangeability, is_f=study.is_f)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(fit_voxel_models(maps, model)["stat"], expected, rtol=1e-6)


@pytest.mark.parametrize("tested", ["group", "covariate", "both"])
@pytest.mark.parametrize("share", [0, 0.1])
def test_covariates_that_are_maps_are_columns_of_each_voxels_own(tested, share):
    weights = {"group": [0, 1, 0, 0], "covariate": [0, 0, 0, 1], "both": [[0, 1, 0, 0], [0, 0, 0, 1]]}[tested]
    study = Study([ONE, GROUP, AGE], weights, "permute")
    rng = np.random.default_rng(2)
    covariate = with_gaps(rng.standard_normal((12, N_VOXELS)).astype(np.float32), share, 3)
    maps = with_gaps((covariate + rng.standard_normal((12, N_VOXELS))).astype(np.float32), share, 4)
    maps[np.isnan(maps) & (share == 0)] = 0
    model, exchangeability = model_of(study, covariates=[covariate])
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    found = values(model, maps, study.is_f, source, sign)
    for j in range(N_RELABELLINGS):
        for v in range(N_VOXELS):
            design = np.column_stack([study.design, covariate[:, v].astype(float)])
            expected = by_literal_freedman_lane(
                maps[:, v].astype(float), design, study.weights, source[j], sign[j]
            )
            assert found[j, v] == pytest.approx(expected[0], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("mean", [1, 1e4, 1e6])
@pytest.mark.parametrize("weights", [[[0, 1, 1]], [[0, 1, 1], [1, 1, 2]], [[0, 0, 1]]])
def test_a_contrast_may_add_a_map_of_any_unit_to_a_column(weights, mean):
    covariate = np.random.default_rng(5).normal(mean, 0.03 * mean, (12, N_VOXELS)).astype(np.float32)
    unit = np.array([1, 1, mean])
    weights = np.array(weights, float) / [1, 1, 0.03 * mean]
    maps = STUDIES["a regressor"].maps(N_VOXELS)
    model = voxel_models(np.column_stack([ONE, AGE, np.full(12, np.nan)]), weights, None, [covariate])
    q = 3 - len(weights)
    expected = np.eye(3)[:, q:]
    np.testing.assert_allclose(model.ordered @ model.contrast.T, expected, atol=1e-9)
    source, sign = np.random.default_rng(6).permutation(12)[None], np.ones((1, 12), np.int8)
    found = values(model, maps, len(weights) > 1, source, sign)
    for v in range(N_VOXELS):
        design = np.column_stack([ONE, AGE, covariate[:, v]]) / unit
        expected = by_hand.freedman_lane(maps[:, [v]], design, weights / unit, source[0], sign[0])
        assert found[0, v] == pytest.approx(expected[0], rel=1e-5, abs=1e-6)


def test_a_covariate_that_is_the_same_at_every_voxel_is_a_column():
    study = STUDIES["two groups and age"]
    maps = study.maps(N_VOXELS)
    mapped = Study([ONE, GROUP], [0, 1, 0], "permute")
    model, exchangeability = model_of(mapped, covariates=[np.tile(AGE[:, None], N_VOXELS)])
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    expected = [by_hand.freedman_lane(maps, study.design, study.weights, *one)
                for one in zip(source, sign, strict=True)]  # fmt: skip
    np.testing.assert_allclose(values(model, maps, False, source, sign), expected, rtol=1e-6, atol=1e-7)


def test_nobody_is_like_another_when_a_column_is_a_map():
    assert like_rows(np.column_stack([ONE, GROUP])).max() == 1
    assert like_rows(np.column_stack([ONE, GROUP, np.full(12, np.nan)])).tolist() == list(range(12))
    # Nor is someone of another variance group.
    assert like_rows(np.column_stack([ONE, GROUP]), [0, 1] * 6).max() == 3


def unequal(n_voxels=N_VOXELS, seed=0):
    """Maps of three groups of three variances and sizes."""
    group = np.repeat([0, 1, 2], [3, 4, 5])
    rng = np.random.default_rng(seed)
    return group, ((1 + 2 * group[:, None]) * rng.standard_normal((12, n_voxels))).astype(np.float32)


def welch_anova(y, group):
    """Welch 1951: F and its second degrees of freedom."""
    samples = [y[group == g] for g in np.unique(group)]
    n, k = np.array([len(s) for s in samples]), len(samples)
    weight = n / np.array([s.var(ddof=1) for s in samples])
    mean = np.array([s.mean() for s in samples])
    grand = (weight * mean).sum() / weight.sum()
    spread = ((1 - weight / weight.sum()) ** 2 / (n - 1)).sum()
    between = (weight * (mean - grand) ** 2).sum() / (k - 1)
    return between / (1 + 2 * (k - 2) / (k**2 - 1) * spread), (k**2 - 1) / (3 * spread)


def two_unequal_groups():
    """Return groups, maps, the model of their difference, and relabellings of it."""
    group, maps = unequal()
    group = np.minimum(group, 1)
    design, weights = np.column_stack([group == 0, group == 1]).astype(float), np.array([[-1.0, 1.0]])
    model = voxel_models(design, weights, group, [])
    exchangeability = Exchangeability(exchangeability_tree(12), group, True, False)
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    return group, maps, model, source, sign


def test_two_variance_groups_are_welchs_t():
    group, maps, model, source, sign = two_unequal_groups()
    found = values(model, maps, False, source, sign)
    for j in range(N_RELABELLINGS):
        labels = group[source[j]]
        # Freedman-Lane takes the mean out of the data, which no difference of groups feels.
        welch = stats.ttest_ind(
            maps[labels == 1].astype(float), maps[labels == 0].astype(float), equal_var=False
        )
        np.testing.assert_allclose(found[j], welch.statistic, rtol=1e-6, atol=1e-8)
    welch = stats.ttest_ind(maps[group == 1].astype(float), maps[group == 0].astype(float), equal_var=False)
    fitted = fit_voxel_models(maps, model)
    np.testing.assert_allclose(fitted["stat"], welch.statistic, rtol=1e-6)
    np.testing.assert_allclose(fitted["p"], welch.pvalue, rtol=1e-6)


def test_an_f_of_one_row_is_the_square_of_t():
    _, maps, model, source, sign = two_unequal_groups()
    t, f = (values(model, maps, is_f, source, sign) for is_f in (False, True))
    assert t.min() < 0
    np.testing.assert_array_equal(f, t**2)
    t, f = (fit_voxel_models(maps, model, is_f) for is_f in (False, True))
    np.testing.assert_array_equal(f["stat"], t["stat"] ** 2)
    np.testing.assert_array_equal(f["p"], t["p"])
    np.testing.assert_allclose(f["z"], stats.norm.isf(t["p"]), rtol=1e-6, atol=1e-9)


def test_several_variance_groups_are_welchs_anova():
    group, maps = unequal()
    design, weights = np.eye(3)[group], np.array([[1.0, -1, 0], [0, 1, -1]])
    model = voxel_models(design, weights, group, [])
    exchangeability = Exchangeability(exchangeability_tree(12), group, True, False)
    source, sign = relabellings(exchangeability, 0, 0, N_RELABELLINGS)
    found = values(model, maps, True, source, sign)
    for j in range(N_RELABELLINGS):
        expected = [welch_anova(y, group[source[j]])[0] for y in maps.T.astype(float)]
        np.testing.assert_allclose(found[j], expected, rtol=1e-6)
    fitted = fit_voxel_models(maps, model)
    for v, y in enumerate(maps.T.astype(float)):
        f, dof = welch_anova(y, group)
        assert fitted["p"][v] == pytest.approx(stats.f.sf(f, 2, dof), rel=1e-6)


def published_g(y, design, contrast, group):
    """G as Winkler et al. 2014 write it (equation 6), with hat matrices and all."""
    hat = design @ np.linalg.pinv(design)
    beta, residual = np.linalg.pinv(design) @ y, y - hat @ y
    weight, count, dof = {}, {}, {}
    for g in np.unique(group):
        mine = group == g
        dof[g], count[g] = (1 - np.diag(hat))[mine].sum(), mine.sum()
        weight[g] = dof[g] / (residual[mine] ** 2).sum()
    diagonal = np.diag([weight[g] for g in group])
    value = contrast @ beta
    spread = contrast @ np.linalg.inv(design.T @ diagonal @ design) @ contrast.T
    s, total = len(contrast), sum(weight[g] * count[g] for g in weight)
    if s == 1:
        return (value / np.sqrt(spread[0, 0])).item()
    unequal = sum((1 - weight[g] * count[g] / total) ** 2 / dof[g] for g in weight)
    scale = 1 + 2 * (s - 1) / (s * (s + 2)) * unequal
    return (value @ np.linalg.solve(spread, value) / (scale * s)).item()


@pytest.mark.parametrize(
    "contrast", [[[0, 0, 1, 0]], [[1, -1, 0, 0]], [[1, -1, 0, 0], [0, 0, 0, 1]]], ids=str
)
def test_g_with_nuisance_is_the_published_one(contrast):
    group, maps = unequal()
    contrast = np.array(contrast, float)
    design = np.column_stack([group < 2, group == 2, AGE, SCORE]).astype(float)
    study = Study([*design.T], contrast, "permute")
    model, _ = model_of(study, groups=group)
    # No two rows are alike: any order is a relabelling.
    source = np.array([np.arange(12), *(np.random.default_rng(6).permutation(12) for _ in range(8))])
    sign = np.random.default_rng(7).choice(np.array([-1, 1], np.int8), source.shape)
    sign[0] = 1
    found = values(model, maps, len(contrast) > 1, source, sign)
    for j in range(len(source)):
        expected = [
            by_literal_freedman_lane(
                y, design, contrast, source[j], sign[j],
                lambda r, d, c, j=j: [published_g(r[:, 0], d, c, group[source[j]])],
            )[0]
            for y in maps.T.astype(float)
        ]  # fmt: skip
        np.testing.assert_allclose(found[j], expected, rtol=1e-6, atol=1e-8)


def test_a_few_people_with_unequal_variances_have_an_exact_null():
    group, maps = unequal(25)
    group, maps = group[:7], maps[:7]
    design, weights = np.column_stack([np.ones(7), group]), np.array([[0.0, 1.0]])
    model = voxel_models(design, weights, group, [])
    exchangeability = Exchangeability(exchangeability_tree(7), group, True, False)
    null = null_maxima(maps, model, exchangeability, 5, 0, 35, is_f=False, both_signs=True)["voxel"]
    expected = []
    for chosen in combinations(range(7), 4):
        inside = np.isin(np.arange(7), chosen)
        t = stats.ttest_ind(
            maps[inside].astype(float), maps[~inside].astype(float), equal_var=False
        ).statistic
        expected.append(np.abs(t).max())
    np.testing.assert_allclose(np.sort(null), np.sort(expected), rtol=1e-6)


@pytest.mark.parametrize("f", [False, True])
def test_parametric_results_are_those_of_statsmodels_on_the_participants_of_a_voxel(f):
    weights = np.array([[0, 1, 0], [0, 0, 1]] if f else [[0, 1, 0]], float)
    study = Study([ONE, GROUP], weights, "permute")
    covariate = with_gaps(np.random.default_rng(8).standard_normal((12, N_VOXELS)), 0.1, 9)
    maps = with_gaps(np.random.default_rng(10).standard_normal((12, N_VOXELS)), 0.1, 11)
    found = fit_voxel_models(maps, model_of(study, covariates=[covariate])[0])
    for v in range(N_VOXELS):
        design = np.column_stack([study.design, covariate[:, v]])
        has = np.isfinite(maps[:, v]) & np.isfinite(covariate[:, v])
        model = sm.OLS(maps[has, v], design[has]).fit()
        test = model.f_test(weights)
        statistic, p = np.squeeze(test.fvalue), np.squeeze(test.pvalue)
        explained = len(weights) * statistic
        assert found["p"][v] == pytest.approx(p, rel=1e-6)
        assert found["partialr2"][v] == pytest.approx(explained / (explained + model.df_resid), rel=1e-6)
        if f:
            assert found["stat"][v] == pytest.approx(statistic, rel=1e-6)
            # Of what the contrast explains, over these participants.
            assert found["effect"][v] == pytest.approx(np.sqrt(explained * model.scale / has.sum()), rel=1e-6)
        else:
            assert found["stat"][v] == pytest.approx(model.tvalues[1], rel=1e-6)
            assert found["effect"][v] == pytest.approx(model.params[1], rel=1e-6)
            assert found["z"][v] == pytest.approx(np.sign(model.params[1]) * stats.norm.isf(p / 2), rel=1e-6)


@pytest.mark.parametrize("f", [False, True])
def test_a_voxel_that_cannot_be_estimated_has_no_statistic(f):
    weights = np.array([[0, 1, 0], [0, 0, 1]] if f else [[0, 1, 0]], float)
    maps = np.random.default_rng(0).standard_normal((12, 6)).astype(np.float32)
    covariate = np.random.default_rng(1).standard_normal((12, 6)).astype(np.float32)
    maps[:6, 0] = np.nan  # one group is gone
    maps[3:, 1] = np.nan  # as many participants as columns
    maps[:, 2] = np.nan  # nobody
    covariate[:, 3] = 7.3  # the intercept once more
    maps[:, 4] = 0.1  # constant
    model, exchangeability = model_of(Study([ONE, GROUP], weights, "permute"), covariates=[covariate])
    source, sign = relabellings(exchangeability, 0, 0, 5)
    found = values(model, maps, f, source, sign)
    np.testing.assert_array_equal(found[0, :5], 0)
    assert np.isfinite(found).all() and (found[:, 5] != 0).all()
    fitted = fit_voxel_models(maps, model)
    for name in ("stat", "z", "partialr2"):
        np.testing.assert_array_equal(fitted[name][:5], 0)
        assert np.isfinite(fitted[name]).all()
    np.testing.assert_array_equal(fitted["p"][:5], 1)


def test_where_a_group_has_no_variance_that_of_the_others_decides():
    # Controls without any lesion.
    group, maps = unequal()
    maps[group == 1] = np.array([0, 2.5])[np.arange(N_VOXELS) % 2]
    model = voxel_models(np.eye(3)[group], np.array([[1.0, -1, 0]]), group, [])
    one = maps[group == 0].astype(float)
    expected = (one.mean(axis=0) - maps[group == 1].mean(axis=0)) / np.sqrt(
        one.var(axis=0, ddof=1) / len(one)
    )
    np.testing.assert_allclose(fit_voxel_models(maps, model)["stat"], expected, rtol=1e-5)


def test_where_no_group_has_a_variance_their_difference_is_large_and_finite():
    group, maps = unequal()
    maps[:, 0], maps[:, 1] = group, 2
    model = voxel_models(np.eye(3)[group], np.array([[-1.0, 1, 0]]), group, [])
    stat = fit_voxel_models(maps, model)["stat"]
    assert np.isfinite(stat).all() and stat[0] > 1e4 and stat[1] == 0 and (np.abs(stat[2:]) < 1e3).all()


@pytest.mark.parametrize("contrast", [[[0, 1, 0]], [[0, 1, 0], [0, 0, 1]]])
def test_a_voxel_without_anyone_of_a_group_is_tested_by_the_others(contrast):
    design, contrast = np.column_stack([ONE, SCORE, AGE]), np.array(contrast, float)
    group = np.repeat([0, 1, 2], [5, 4, 3])
    maps = np.random.default_rng(3).standard_normal((12, N_VOXELS)).astype(np.float32)
    maps[group == 1] = np.nan
    there = group != 1
    left = fit_voxel_models(maps[there], voxel_models(design[there], contrast, group[there] // 2, []))
    found = fit_voxel_models(maps, voxel_models(design, contrast, group, []))
    assert found["stat"].all()
    for name in ("effect", "stat", "p", "z", "partialr2"):
        np.testing.assert_allclose(found[name], left[name], rtol=1e-6)


def test_bits_do_not_depend_on_what_else_is_computed():
    study = Study([ONE, GROUP], [0, 1, 0], "permute")
    covariate = np.random.default_rng(1).standard_normal((12, 1100)).astype(np.float32)
    maps = with_gaps(study_maps := STUDIES["two groups"].maps(1100), 0.1)
    assert study_maps.shape == maps.shape
    model, exchangeability = model_of(study, GROUP.astype(int).tolist(), [covariate])
    source, sign = relabellings(exchangeability, 0, 0, 5)
    whole = values(model, maps, False, source, sign)
    np.testing.assert_array_equal(values(model, maps, False, source[2:4], sign[2:4]), whole[2:4])
    for first, last in [(0, 50), (130, 131), (500, 900)]:
        part, _ = model_of(study, GROUP.astype(int).tolist(), [covariate[:, first:last]])
        np.testing.assert_array_equal(
            values(part, maps[:, first:last], False, source, sign), whole[:, first:last]
        )


def test_what_is_held_and_what_is_made_again_have_the_same_bits():
    maps = with_gaps(STUDIES["two groups and age"].maps(2500), 0.1)
    model, exchangeability = model_of(STUDIES["two groups and age"])
    found = {}
    # The second holds the first stretch of three.
    for memory_mb in (0, 0.25, 100):
        evaluator = model.evaluator(maps, False, memory_mb)
        for first in (0, 3):
            source, sign = relabellings(exchangeability, 0, first, first + 3)
            found[memory_mb, first] = np.hstack([out.copy() for _, out in evaluator.values(source, sign)])
        assert len(evaluator.held) == {0: 0, 0.25: 1, 100: 3}[memory_mb]
    for (_, first), values_ in found.items():
        np.testing.assert_array_equal(values_, found[100, first])


def test_nuisance_that_no_relabelling_moves_costs_nothing_here_either():
    maps = with_gaps(STUDIES["two groups and age"].maps(N_VOXELS), 0.1)
    stored = STUDIES["two groups and age"].contrast_model(kind="voxelwise")
    model, source_sign = stored.estimator(), relabellings(stored.exchangeability, 0, 0, N_RELABELLINGS)
    everything_moves = replace(model, still=None)
    assert (model.frames().n_still, everything_moves.frames().n_still) == (1, 0)
    np.testing.assert_allclose(
        values(model, maps, False, *source_sign),
        values(everything_moves, maps, False, *source_sign),
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip


def test_relabellings_that_are_the_same_partition_have_equal_bits():
    maps = with_gaps(STUDIES["three groups"].maps(200), 0.1)
    group = (np.arange(12) % 3).tolist()
    model, _ = model_of(STUDIES["three groups"], groups=group)
    rng = np.random.default_rng(3)
    source = np.tile(np.arange(12), (20, 1))
    for one in source[1:]:
        for g in range(3):
            one[g::3] = rng.permutation(one[g::3])
    found = values(model, maps, True, source, np.ones(source.shape, np.int8))
    np.testing.assert_array_equal(found, np.tile(found[0], (20, 1)))


def test_the_null_starts_from_the_fitted_statistic():
    study = Study([*GROUPS.T, AGE], [[1, -1, 0, 0], [0, 1, -1, 0]], "permute")
    maps = with_gaps(STUDIES["three groups"].maps(300), 0.1)
    model, exchangeability = model_of(study)
    fitted = fit_voxel_models(maps, model)["stat"]
    observed = observed_statistic(maps, model, exchangeability, is_f=True)
    np.testing.assert_allclose(observed, fitted, rtol=1e-10)
    whole = np.isfinite(maps).all(axis=0)
    expected = fit(maps[:, whole], study.design, study.weights)["stat"]
    np.testing.assert_allclose(fitted[whole], expected, rtol=1e-6)
