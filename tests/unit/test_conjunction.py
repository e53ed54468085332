"""Conjunctions: p are the largest of the tests', and hold where all tests but one have an effect."""

import numpy as np
import pytest
from chunk_settings import SETTINGS
from permaps.permutation.chunk import compute_chunk, merge
from permaps.permutation.conjunction import conjoin, largest_p, level_of, null_of
from permaps.permutation.correction import fwe_p
from permaps.permutation.discoveries import Bound, calibrated
from permaps.permutation.joint import combined_model
from permaps.permutation.null import observed_statistic
from permaps.permutation.observed import observe
from permaps.spaces.volume import Volume
from scipy import stats
from studies import STUDIES

SPACE = Volume(np.ones((5, 4, 3), bool), np.eye(4))
NAMES = ("t", "tfce", "clustersize", "clustermass")
N = 60


def analysed(folder, maps, name, settings=SETTINGS):
    """Observed maps, null and counts of a test, as the workflow leaves them."""
    model = STUDIES["two groups and age"].contrast_model(space=SPACE)
    chunk = compute_chunk(maps, model, 0, N, settings, 100)
    chunk.pop("fingerprint")
    np.savez(folder / f"{name}_null.npz", **merge([chunk], N, 0))
    np.savez(folder / f"{name}_counts.npz", n_relabellings=N, voxel=chunk["voxel_exceedances"])
    return observe(maps, model, settings), folder / f"{name}_null.npz", folder / f"{name}_counts.npz"


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    """Two tests of the same people: effects of both signs, more of them in the second one."""
    folder, study = tmp_path_factory.mktemp("tests"), STUDIES["two groups and age"]
    first = study.maps(SPACE.n_elements, seed=1)
    second = (0.5 * first + study.maps(SPACE.n_elements, seed=2)).astype(np.float32)
    second[:, ::3] += np.outer(study.design[:, 1], np.resize([8.0, -8.0], second[:, ::3].shape[1]))
    first[:, ::6] += 8 * study.design[:, 1:2]
    return [analysed(folder, maps, name) for name, maps in (("first", first), ("second", second))]


def conjoined(tests, elements=None, **options):
    elements = [np.arange(SPACE.n_elements)] * 2 if elements is None else elements
    space = SPACE.part(elements[0])
    return conjoin(*zip(*tests, strict=True), elements, space, **{"concordant": False, "shift": 0} | options)


@pytest.mark.parametrize("concordant", [False, True])
def test_p_of_every_kind_are_the_largest_of_the_tests(tests, tmp_path, concordant):
    observed, null, counts = conjoined(tests, concordant=concordant)
    np.savez(tmp_path / "null.npz", **null)
    found = observed.corrected(tmp_path / "null.npz", NAMES)
    apart = tests[0][0].measures["voxel"] * tests[1][0].measures["voxel"] < 0
    assert apart.any() and not apart.all()
    for stat in NAMES:
        each = [one.corrected(path, [stat])[stat] for one, path, _ in tests]
        expected = np.where(apart & concordant, 1.0, np.maximum(*each))
        np.testing.assert_array_equal(np.rint(found[stat] * N), np.rint(expected * N))
    assert found["t"].min() <= 0.05 < np.median(found["t"])
    each = [np.load(path)["voxel"] for *_, path in tests]
    np.testing.assert_array_equal(counts["voxel"], np.where(apart & concordant, N, np.maximum(*each)))


def test_elements_are_those_that_all_tests_have(tests):
    elements = [np.arange(10, 40), np.arange(20, 50)]
    observed, null, counts = conjoined(tests, elements)
    assert observed.space.n_elements == len(observed.measures["tfce"]) == len(counts["voxel"]) == 30
    first, second = (one.corrected(path, ["t"])["t"] for one, path, _ in tests)
    np.testing.assert_allclose(10.0 ** -observed.measures["voxel"], np.maximum(first[10:40], second[20:50]))
    assert len(null["tfce"]) == N


@pytest.mark.parametrize("observed", [[1 / 40, 0.5], [13 / 40, 1.0], [1.0]])
def test_a_null_gives_p_back_whatever_the_ties_of_the_test(observed):
    p = np.array(observed)
    order = np.random.default_rng(0).integers(0, 5, 40).astype(float)
    logp = -np.log10(np.array([p.min(), *p, 1.0]))
    np.testing.assert_allclose(fwe_p(logp, null_of(p, order)), 10.0**-logp)


def test_its_level_holds_where_one_test_has_a_strong_effect_and_the_other_none():
    """The largest p keeps its level there; the smallest statistic, relabelled, does not."""
    study, settings = STUDIES["two groups and age"], SETTINGS | {"enhance": False, "tdp": False}
    parts = [study.contrast_model(space=SPACE) for _ in range(2)]
    smallest = combined_model("friston", parts, [0, 1], SPACE, two_sided=True)
    rng, runs, alpha, n = np.random.default_rng(8), 200, 0.1, 40
    least = np.empty((runs, 2))
    for run in range(runs):
        noise = rng.standard_normal((2, 12, SPACE.n_elements)).astype(np.float32)
        noise[1] += (30 * study.design[:, 1:2]).astype(np.float32)
        p = []
        for part, maps in zip(parts, noise, strict=True):
            chunk = compute_chunk(maps, part, 0, n, settings | {"seed": run}, 100)
            t = observed_statistic(maps, part.estimator(), part.exchangeability, is_f=False)
            p.append(fwe_p(np.abs(t), chunk["voxel"]))
        joint = compute_chunk(list(noise), smallest, 0, n, settings | {"seed": run}, 100)["voxel"]
        least[run] = largest_p(p).min(), fwe_p(joint[0], joint)
    rejected = (least <= alpha).mean(axis=0)
    error = 3 * np.sqrt(alpha * (1 - alpha) / runs)
    assert abs(rejected[0] - alpha) < error
    assert rejected[1] > alpha + 3 * error


@pytest.mark.parametrize("n_tests", [2, 3])
def test_bounds_on_true_discoveries_hold_where_any_test_may_have_no_effect(n_tests):
    """By simulation: in each half of the elements another test is without an effect."""
    rng, n, runs, alpha = np.random.default_rng(3), 60, 400, 0.2
    k = np.arange(1, n + 1)
    null = np.sort(rng.uniform(size=(999, n_tests, n)), axis=-1)
    pivotal = (null * n / k).min(axis=-1).T
    level = calibrated(level_of(pivotal, [n] * n_tests, n, 0), alpha)
    wrong = 0
    for _ in range(runs):
        p = rng.uniform(size=(n_tests, n)) ** 20
        without = np.arange(n) % n_tests
        p[without, np.arange(n)] = rng.uniform(size=n)
        wrong += Bound(level, 0, p.max(axis=0)).active(np.arange(n)) > 0
    assert wrong / runs <= alpha
    assert not level_of(pivotal, [n] * n_tests, n, 27).any()


def test_bounds_find_what_is_active_in_all_tests(tests):
    observed, null, _ = conjoined(tests)
    p = [one.measures["p"] for one, *_ in tests]
    np.testing.assert_array_equal(observed.measures["p"], np.maximum(*p))
    bound = Bound(calibrated(null["tdp"], 0.1), 0, observed.measures["p"])
    planted = np.flatnonzero(np.maximum(*p) < 1e-4)
    assert len(planted) and 0 < bound.active(planted) <= len(planted)
    assert "tdp" not in conjoined(tests, shift=None)[1]


def test_the_parametric_p_is_the_largest_of_the_tests():
    model = combined_model(
        "conjunction", [STUDIES["two groups and age"].contrast_model(space=SPACE)] * 2, [0, 1], SPACE, two_sided=True
    )  # fmt: skip
    maps = [STUDIES["two groups and age"].maps(SPACE.n_elements, seed=s) for s in (1, 2)]
    least = observed_statistic(model.maps(maps), model.estimator(), model.exchangeability, is_f=True)
    t = [
        observed_statistic(own, part.estimator(), part.exchangeability, is_f=False)
        for own, part in zip(maps, model.tests, strict=True)
    ]
    expected = np.max([2 * stats.t.sf(np.abs(one), model.tests[0].dof) for one in t], axis=0)
    np.testing.assert_allclose(model.parametric_p(model.maps(maps), [], least), expected, rtol=1e-4)
