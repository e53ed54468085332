"""Multivariate tests: against statsmodels' MANOVA, and their nulls against plain numpy with the same relabellings."""

import numpy as np
import pytest
from chunk_settings import SETTINGS
from permaps.permutation.chunk import compute_chunk
from permaps.permutation.correction import fwe_p
from permaps.permutation.joint import load_model, multivariate_model
from permaps.permutation.null import observed_statistic
from permaps.permutation.observed import observe
from permaps.permutation.relabelling import relabelling
from permaps.spaces.volume import Volume
from permaps.statistics.multivariate import MULTIVARIATE, log_p_of
from permaps.statistics.registry import STATISTICS
from permaps.statistics.roots import _logarithm, independent
from scipy import stats
from statsmodels.multivariate.cancorr import CanCorr
from statsmodels.multivariate.manova import MANOVA
from studies import STUDIES

SPACE = Volume(np.ones((5, 4, 3), bool), np.eye(4))
NAMES = tuple(MULTIVARIATE)


def inputs(study, n=2, seed=0):
    """Several inputs of the same people, which depend on one another and have unlike units."""
    rng = np.random.default_rng(seed)
    maps = [STUDIES[study].maps(SPACE.n_elements, seed=seed + k) for k in range(n)]
    mixed = np.einsum("ij,jkv->ikv", np.eye(n) + 0.4 * rng.standard_normal((n, n)), np.array(maps, float))
    return list((mixed * 10.0 ** np.arange(-2, 2 * n - 2, 2)[:, None, None]).astype(np.float32))


def model_of(name, study, n=2):
    parts = [STUDIES[study].contrast_model(space=SPACE) for _ in range(n)]
    return multivariate_model(name, parts, range(n), SPACE)


def from_roots(root):
    """Return all statistics of the roots of H against E, shape (..., n_inputs)."""
    share = root / (1 + root)
    return {
        "wilks": np.log1p(root).sum(-1),
        "pillai": share.sum(-1),
        "lawley": root.sum(-1),
        "roy_ii": root.max(-1),
        "roy_iii": share.max(-1),
        "cca": np.sqrt(share.max(-1)),
    }


def by_numpy(maps, study, source, sign):
    """The statistics of a relabelling by Freedman and Lane, from scratch, each of shape (n_elements,)."""

    def left(columns, values):
        return values - columns @ np.linalg.pinv(columns) @ values

    y = np.array(maps, float).transpose(2, 1, 0)  # elements, participants, inputs
    nuisance = study.design @ np.linalg.svd(study.weights)[2][len(study.weights) :].T
    residual = left(nuisance, y / y.std(axis=1, keepdims=True))
    # The design takes the rows of `source`: as permuting the residuals the other way.
    rest = [left(columns[source] * sign[:, None], residual) for columns in (study.design, nuisance)]
    error, total = (one.transpose(0, 2, 1) @ one for one in rest)
    return from_roots(np.linalg.eigvals(np.linalg.solve(error, total - error)).real.clip(0))


@pytest.mark.parametrize("study", ["two groups and age", "three groups, age and score", "three groups"])
@pytest.mark.parametrize("n", [2, 3])
def test_statistics_and_p_are_those_of_statsmodels(study, n):
    maps, given = inputs(study, n), STUDIES[study]
    rows, dof = len(given.weights), len(given.design) - given.design.shape[1]
    theirs = {"wilks": "Wilks' lambda", "pillai": "Pillai's trace", "lawley": "Hotelling-Lawley trace"}
    for name in NAMES:
        model = model_of(name, study, n)
        ours = observed_statistic(model.maps(maps), model.estimator(), model.exchangeability, is_f=True)
        for v in range(4):
            y = np.stack([own[:, v] for own in maps], axis=1).astype(float)
            y /= y.std(axis=0)
            table = MANOVA(y, given.design).mv_test([("x", given.weights)]).results["x"]["stat"]
            if name in theirs:
                value, *_, p = table.loc[theirs[name]].astype(float)
                assert ours[v] == pytest.approx(-np.log(value) if name == "wilks" else value, rel=1e-6)
                assert np.exp(log_p_of(name, n, rows, dof, ours[v])) == pytest.approx(p, rel=1e-5)
            else:
                root = float(table.loc["Roy's greatest root", "Value"])
                value = {"roy_ii": root, "roy_iii": root / (1 + root), "cca": np.sqrt(root / (1 + root))}[
                    name
                ]
                assert ours[v] == pytest.approx(value, rel=1e-6)


def test_the_canonical_correlation_is_that_of_statsmodels():
    given, maps = STUDIES["two regressors at once"], inputs("two regressors at once", 3)
    model = model_of("cca", "two regressors at once", 3)
    ours = observed_statistic(model.maps(maps), model.estimator(), model.exchangeability, is_f=True)
    centered = given.design[:, 1:] - given.design[:, 1:].mean(axis=0)
    for v in range(5):
        y = np.stack([own[:, v] for own in maps], axis=1).astype(float)
        y = (y - y.mean(axis=0)) / y.std(axis=0)
        assert ours[v] == pytest.approx(CanCorr(y, centered).cancorr.max(), rel=1e-6)


@pytest.mark.parametrize(
    ("study", "n"),
    [
        ("one sample", 2),
        ("two groups and age", 3),
        ("three groups, age and score", 4),
        ("two regressors at once", 2),
        ("pairs and a covariate", 2),
        ("families as wholes, flipped too", 2),
    ],
)
def test_the_null_is_that_of_plain_numpy_to_the_last_count(study, n):
    maps, scheme = inputs(study, n), model_of("wilks", study, n).exchangeability
    drawn = [
        by_numpy(maps, STUDIES[study], *relabelling(scheme, SETTINGS["seed"], j))
        for j in range(min(25, scheme.n_distinct))
    ]
    for name in NAMES:
        plain = np.array([one[name] for one in drawn])
        model = model_of(name, study, n)
        chunk = compute_chunk(maps, model, 0, len(plain), SETTINGS | {"enhance": False}, 100)
        np.testing.assert_allclose(chunk["voxel"], plain.max(axis=1), rtol=1e-5)
        reached = (plain >= plain[0] - 1e-7 * np.maximum(np.abs(plain[0]), 1)).sum(axis=0)
        np.testing.assert_array_equal(chunk["voxel_exceedances"], reached)
        observed = observe(maps, model, SETTINGS | {"enhance": False}).measures["voxel"]
        np.testing.assert_array_equal(
            fwe_p(observed, chunk["voxel"]), fwe_p(plain[0], plain.max(axis=1), 1e-6)
        )


@pytest.mark.parametrize("name", NAMES)
def test_bits_do_not_depend_on_the_split_or_the_memory(name, tmp_path):
    study = "three groups, age and score"
    model_of(name, study).save(tmp_path / "model.npz")
    model, maps = load_model(tmp_path / "model.npz"), inputs(study)
    whole = compute_chunk(maps, model_of(name, study), 0, 12, SETTINGS, 100)
    first, second = (compute_chunk(maps, model, *ends, SETTINGS, 0.01) for ends in ((0, 5), (5, 12)))
    for key in ("voxel", "tfce", "cluster_size", "cluster_mass", "curve_p"):
        np.testing.assert_array_equal(whole[key], np.concatenate([first[key], second[key]]))
    np.testing.assert_array_equal(
        whole["voxel_exceedances"], first["voxel_exceedances"] + second["voxel_exceedances"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_other_inputs_with_the_same_span_have_the_same_test(name):
    study = "three groups"
    one, two, three = inputs(study, 3)
    mixed = [two, (100 * three - 0.01 * two).astype(np.float32), (one + two).astype(np.float32)]
    model = model_of(name, study, 3)
    found = [compute_chunk(maps, model, 0, 10, SETTINGS, 100) for maps in ([one, two, three], mixed)]
    np.testing.assert_allclose(found[0]["voxel"], found[1]["voxel"], rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_flips_of_all_signs_are_ties(name):
    """A relabelling and its opposite have the same cross products, so p of an exact test are multiples of 2 / n."""
    model, maps = model_of(name, "one sample"), inputs("one sample")
    n = model.exchangeability.n_distinct
    maxima = compute_chunk(maps, model, 0, n, SETTINGS | {"enhance": False}, 100)["voxel"]
    _, counts = np.unique(maxima, return_counts=True)
    assert (counts % 2 == 0).all()


def test_where_an_input_says_nothing_the_statistic_is_0():
    study = "two groups and age"
    one, two = inputs(study)
    two[:, 0], two[:, 1] = 3.0, -2 * one[:, 1] + 7
    two[:, 2] = STUDIES[study].design[:, 2]
    model = model_of("wilks", study)
    able = independent([one, two], model.tests[0].regressors.basis)
    assert not able[:3].any() and able[3:].all()
    observed = observed_statistic(model.maps([one, two]), model.estimator(), model.exchangeability, is_f=True)
    np.testing.assert_array_equal(observed > 0, able)


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_fit_is_the_largest_statistic_there_is(name):
    study = "two groups and age"
    one, two = inputs(study)
    two[:, 0] = STUDIES[study].design @ [5.0, 1.0, 0.1]
    model = model_of(name, study)
    observed = observed_statistic(model.maps([one, two]), model.estimator(), model.exchangeability, is_f=True)
    # A share of 1 - 1e-10 is explained of one of them.
    expected = from_roots(np.array([[0.0, 1e10]]))[name][0]
    np.testing.assert_allclose(observed[0], expected, rtol=0.3)
    assert np.isfinite(observed).all() and observed.argmax() == 0


def test_the_logarithm_is_that_of_the_library():
    x = np.concatenate([1 + np.logspace(-16, 2, 3000), np.logspace(0, 290, 2000)])
    value = np.resize(x, (-(-len(x) // 128), 128)).copy()
    for row in value:
        _logarithm(row, np.empty(128))
    np.testing.assert_allclose(value.ravel()[: len(x)], np.log(x), rtol=4e-16, atol=1e-18)


@pytest.mark.parametrize(("q", "s", "dof"), [(2, 1, 12), (3, 1, 20), (2, 2, 20), (3, 4, 30)])
@pytest.mark.parametrize("name", NAMES)
def test_parametric_p_of_normal_residuals(name, q, s, dof):
    """Uniform where there is one root; of several, not too small (Pillai and Roy are known to be conservative)."""
    rng, n = np.random.default_rng(5), 20_000
    h, e = (np.einsum("nsi,nsj->nij", x, x) for x in (rng.normal(size=(n, k, q)) for k in (s, dof)))
    root = np.linalg.eigvals(np.linalg.solve(e, h)).real.clip(0)
    values = from_roots(root)[name]
    p = np.exp(log_p_of(name, q, s, dof, values))
    for level in (0.01, 0.05):
        error = 4 * np.sqrt(level / n)
        assert (p <= level).mean() < level * 1.06 + error
        if s == 1 or name in ("wilks", "lawley"):
            assert (p <= level).mean() > level - error


def test_p_of_one_root_is_hotellings():
    t2 = np.array([0.0, 5.0, 40.0])
    dof, q = 20, 3
    expected = stats.f.logsf(t2 / dof * (dof - q + 1) / q, q, dof - q + 1)
    for name, value in (("wilks", np.log1p(t2 / dof)), ("lawley", t2 / dof), ("roy_ii", t2 / dof)):
        np.testing.assert_allclose(log_p_of(name, q, 1, dof, value), expected, rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_larger_values_have_smaller_p(name):
    values = np.linspace(0, 1 if name in ("roy_iii", "cca") else 2 if name == "pillai" else 1e6, 500)
    log_p = log_p_of(name, 2, 3, 11, values)
    assert (np.diff(log_p) <= 0).all() and log_p[0] == pytest.approx(0, abs=1e-6) and np.isfinite(log_p).all()


def test_registry_and_formulas_have_the_same_names():
    rows = {name: STATISTICS[name] for name in NAMES}
    assert all(row.one_tail and row.reference and row.key == "voxel" for row in rows.values())
