"""The null of the maxima: exact where enumerated, right in distribution, the same bits for any split."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, product

import by_hand
import numpy as np
import pytest
from nilearn.mass_univariate import permuted_ols
from permaps.permutation.correction import fwe_p
from permaps.permutation.null import ENHANCED, Enhancement, null_maxima, observed_statistic
from permaps.permutation.relabelling import relabellings
from permaps.spaces.adjacency import grid_adjacency
from permaps.statistics.registry import ENHANCED_TIE
from scipy import stats
from scipy.ndimage import gaussian_filter
from studies import STUDIES, Study
from threadpoolctl import threadpool_limits

TEN = Study([np.ones(10), np.repeat([0.0, 1.0], 5)], [0, 1], "permute")
FIVE = Study([np.ones(5)], [1], "flip")
SHAPE = (9, 8, 7)


def null(study, maps, start, stop, both_signs=True, seed=0, **options):
    return null_maxima(
        maps, *study.model(), seed, start, stop, is_f=study.is_f, both_signs=both_signs, **options
    )


def observed(study, maps):
    return observed_statistic(maps, *study.model(), is_f=study.is_f)


def enhancement(connectivity=6, threshold=1.5, shape=SHAPE):
    return Enhancement(grid_adjacency(np.ones(shape, bool), connectivity), 0.5, 2.0, threshold)


def smooth_maps(n_participants, shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    maps = [gaussian_filter(rng.standard_normal(shape), 1).ravel() for _ in range(n_participants)]
    return np.array(maps, np.float32) + 0.1


def squared_t(one, other):
    """t^2 of two groups of whole numbers, as a fraction."""
    n = len(one) + len(other)
    mean, means = Fraction(sum(one) + sum(other), n), [Fraction(sum(g), len(g)) for g in (one, other)]
    between = sum(len(g) * (m - mean) ** 2 for g, m in zip((one, other), means, strict=True))
    within = sum((x - m) ** 2 for g, m in zip((one, other), means, strict=True) for x in g)
    return (n - 2) * between / within


@pytest.mark.parametrize("seed", range(8))
def test_five_against_five_has_the_p_of_exact_rational_arithmetic(seed):
    # Few different values, so that many of the 252 relabellings tie.
    maps = np.random.default_rng(seed).integers(0, 4, (10, 6)).astype(np.float32)
    numbers = maps.astype(int).T.tolist()
    by_relabelling = [
        [squared_t([v[i] for i in range(10) if i not in chosen], [v[i] for i in chosen]) for v in numbers]
        for chosen in combinations(range(10), 5)
    ]
    labelled = [squared_t(v[:5], v[5:]) for v in numbers]
    exact_fwe = [sum(max(row) >= t for row in by_relabelling) for t in labelled]
    exact_unc = [sum(row[k] >= t for row in by_relabelling) for k, t in enumerate(labelled)]

    found = null(TEN, maps, 0, 252)
    reached = fwe_p(np.abs(observed(TEN, maps)), found["voxel"]) * 252
    np.testing.assert_allclose(reached, exact_fwe, rtol=1e-12)
    assert found["voxel_exceedances"].tolist() == exact_unc
    # Every partition comes twice, with the groups' names swapped.
    assert set(np.unique(found["voxel"], return_counts=True)[1] % 2) == {0}


def test_five_subjects_of_one_sign_have_p_of_1_in_32():
    # MRtrix3 and FieldTrip count strictly, and give 0.
    maps = np.array([[1.0], [2.0], [2.5], [3.0], [0.5]], np.float32)
    t = observed(FIVE, maps)
    assert fwe_p(t, null(FIVE, maps, 0, 32, both_signs=False)["voxel"]) == 1 / 32
    assert fwe_p(t, null(FIVE, maps, 0, 32)["voxel"]) == 2 / 32


def test_all_sign_flips_are_enumerated():
    maps = np.random.default_rng(3).integers(-3, 6, (5, 4)).astype(np.float32)
    maps[0] += 0.5
    maxima = [
        np.abs(by_hand.statistic(maps * np.array(signs)[:, None], np.ones((5, 1)), np.eye(1))).max()
        for signs in product((1, -1), repeat=5)
    ]
    np.testing.assert_allclose(np.sort(null(FIVE, maps, 0, 32)["voxel"]), np.sort(maxima), rtol=1e-9)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize(
    ("name", "both_signs"),
    [
        ("two groups and age", True),
        ("two groups and age", False),
        ("three groups, age and score", False),
        ("one sample", True),
        ("one sample", False),
    ],
)
def test_each_maximum_is_that_of_the_relabelled_map(name, connectivity, both_signs):
    study, maps = STUDIES[name], smooth_maps(12)
    found = null(study, maps, 0, 12, both_signs=both_signs, enhancement=enhancement(connectivity))
    reached = np.zeros(maps.shape[1], int)
    source, sign = relabellings(study.model()[1], 0, 0, 12)
    relabelled = np.array(
        [by_hand.freedman_lane(maps, study.design, study.weights, source[j], sign[j]) for j in range(12)]
    )
    for j, t in enumerate(relabelled):
        height, labelled = (np.abs(t), np.abs(relabelled[0])) if both_signs else (t, relabelled[0])
        reached += height >= labelled - 1e-9
        assert found["voxel"][j] == pytest.approx(height.max(), rel=1e-7)
        expected = by_hand.maxima(t.reshape(SHAPE), both_signs, connectivity, 0.5, 2.0, 1.5)
        np.testing.assert_allclose([found[name][j] for name in ENHANCED], expected, rtol=1e-4)
    np.testing.assert_array_equal(found["voxel_exceedances"], reached)


@pytest.mark.parametrize("both_signs", [True, False])
def test_tfce_is_counted_at_every_voxel_on_request(both_signs):
    study, maps = STUDIES["two groups and age"], smooth_maps(12)
    wanted = replace(enhancement(), uncorrected=True)
    found = null(study, maps, 0, 10, both_signs=both_signs, enhancement=wanted)["tfce_exceedances"]
    source, sign = relabellings(study.model()[1], 0, 0, 10)
    enhanced = []
    for j in range(10):
        t = by_hand.freedman_lane(maps, study.design, study.weights, source[j], sign[j]).reshape(SHAPE)
        one = by_hand.tfce(np.maximum(t, 0), 6, 0.5, 2.0)
        other = by_hand.tfce(np.maximum(-t, 0), 6, 0.5, 2.0) if both_signs else 0
        enhanced.append((one + other).ravel())
    np.testing.assert_array_equal(found, (np.array(enhanced) >= enhanced[0] - 1e-6).sum(axis=0))


def test_with_one_tail_a_maximum_may_be_negative():
    maps = -np.array([[1.0], [2.0], [2.5], [3.0], [0.5]], np.float32)
    found = null(FIVE, maps, 0, 32, both_signs=False)
    assert found["voxel"][0] < 0
    assert fwe_p(observed(FIVE, maps), found["voxel"]) == 1.0
    assert (found["voxel"] < 0).sum() == 16


def test_three_groups_that_trade_names_tie_in_every_statistic():
    # Each partition of 3 + 3 + 3 comes six times; its F differ in the last bits, and so does what they make.
    study = Study([*np.eye(3)[np.repeat([0, 1, 2], 3)].T], [[1, -1, 0], [0, 1, -1]], "permute")
    maps = smooth_maps(9, shape=(12, 12, 12), seed=1)
    found = null(study, maps, 0, 1680, both_signs=False, enhancement=enhancement(6, 4.0, (12, 12, 12)))
    for name in ("voxel", *ENHANCED):
        tie = ENHANCED_TIE if name in ENHANCED else 1e-9
        counts = fwe_p(found[name], found[name], tie) * 1680
        np.testing.assert_allclose(counts.round() % 6, 0, err_msg=name)


def test_the_null_of_max_t_is_nilearns_in_distribution():
    rng = np.random.default_rng(1)
    score, age = rng.standard_normal((2, 20))
    study = Study([np.ones(20), score, age], [0, 1, 0], "permute")
    maps = study.maps(80)
    theirs = permuted_ols(
        score[:, None], maps, confounding_vars=age[:, None], n_perm=1500, random_state=1, output_type="dict"
    )["h0_max_t"].ravel()
    ours = null(study, maps, 1, 1501)["voxel"]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize(
    "name", ["one sample", "a regressor", "two groups and age", "three groups, age and score"]
)
def test_the_null_of_one_voxel_of_normal_data_is_the_parametric_one(name):
    study = STUDIES[name]
    rng = np.random.default_rng(2)
    # One relabelling of each of many data sets: t and F of normal data are then exactly t and F.
    maps = rng.standard_normal((12, 3000)).astype(np.float32)
    source, sign = relabellings(study.model()[1], 0, 1, 2)
    model = study.model()[0]
    found = np.hstack(
        [part.copy() for _, part in model.evaluator(maps, study.is_f, 100).values(source, sign)]
    )
    expected = stats.f(len(study.weights), model.dof) if study.is_f else stats.t(model.dof)
    assert stats.kstest(found[0, :3000], expected.cdf).pvalue > 1e-3


SPLITS = [
    [0, 80],
    [0, 1, 80],
    [0, 40, 80],
    [0, 17, 18, 63, 64, 65, 80],
    [0, 7, 14, 77, 79, 80],
    list(range(81)),
]


@pytest.mark.parametrize("name", STUDIES)
def test_the_null_has_the_same_bits_for_any_split_budget_and_order(name):
    study, maps = STUDIES[name], smooth_maps(12)
    options = {"both_signs": not study.is_f, "enhancement": enhancement(), "seed": 4}
    n = min(80, study.model()[1].n_distinct)
    whole = null(study, maps, 0, n, **options)
    # Tiles held; made again for each batch; and one relabelling at a time.
    for memory_mb in (1000, 0.05, 1e-6):
        for split in SPLITS:
            stretches = [(min(a, n), min(b, n)) for a, b in pairwise(split)]
            if memory_mb == 1e-6 and len(split) > 3:
                continue
            parts = {s: null(study, maps, *s, memory_mb=memory_mb, **options) for s in reversed(stretches)}
            for key in ("index", "voxel", *ENHANCED):
                joined = np.concatenate([parts[s][key] for s in stretches])
                assert joined.tobytes() == whole[key].tobytes(), (key, split, memory_mb)
            alone = [
                null(study, maps, *s, memory_mb=memory_mb, **options | {"enhancement": None})
                for s in stretches
            ]
            assert np.concatenate([part["voxel"] for part in alone]).tobytes() == whole["voxel"].tobytes()
            assert (
                sum(part["voxel_exceedances"] for part in parts.values()).tolist()
                == whole["voxel_exceedances"].tolist()
            )


@pytest.mark.parametrize("n_nuisance", [0, 12])
def test_the_null_has_the_same_bits_for_any_number_of_blas_threads(n_nuisance):
    rng = np.random.default_rng(6)
    columns = [np.ones(90), rng.standard_normal(90), *rng.standard_normal((n_nuisance, 90))]
    maps = rng.standard_normal((90, 3000)).astype(np.float32)
    bits = set()
    for threads in (1, 2, 4):
        study = Study(columns, [0, 1, *[0] * n_nuisance], "permute")  # whose model is made by these threads
        with threadpool_limits(threads):
            bits.add(null(study, maps, 0, 70)["voxel"].tobytes())
    assert len(bits) == 1


def test_a_file_read_in_place_gives_the_same_bits(tmp_path):
    study, maps = STUDIES["two groups and age"], smooth_maps(12)
    np.save(tmp_path / "maps.npy", maps)
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    for memory_mb in (100, 0.01):
        found = null(study, mapped, 0, 70, memory_mb=memory_mb)["voxel"]
        assert found.tobytes() == null(study, maps, 0, 70)["voxel"].tobytes()


def test_progress_is_told_up_to_the_end():
    told = []
    null(STUDIES["a regressor"], smooth_maps(12), 10, 410, progress=told.append)
    assert told == sorted(told) and told[-1] == 400 and len(told) > 1
