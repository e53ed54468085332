"""t and F of relabellings against Freedman-Lane by least squares, and the pitfalls of other tools."""

import by_hand
import numba
import numpy as np
import pytest
from permaps.design.partition import partition
from permaps.design.scheme import scheme_of
from permaps.permutation.relabelling import relabellings
from permaps.statistics.compiled import _by_fractions
from permaps.statistics.freedman_lane import least_product, t_of
from permaps.statistics.glm import fit
from permaps.statistics.multiply import LANES, ROWS, STRIP, TILE, _in_order, by_vectors, multiply
from studies import ONE, PAIR, SCORE, STUDIES, TIME, Study

N_RELABELLINGS = 30


def values(study, maps, source, sign, memory_mb=100, is_f=None):
    """The library's statistic, of shape (n_relabellings, n_voxels)."""
    evaluator = study.model()[0].evaluator(maps, study.is_f if is_f is None else is_f, memory_mb)
    stretches = [part.copy() for _, part in evaluator.values(source, sign)]
    return np.hstack(stretches)[:, : maps.shape[1]]


@pytest.mark.parametrize("name", STUDIES)
def test_observed_and_relabelled_statistics_are_freedman_lanes(name):
    study, maps = STUDIES[name], STUDIES[name].maps()
    source, sign = relabellings(study.model()[1], 0, 0, N_RELABELLINGS)
    found = values(study, maps, source, sign)
    for j in range(len(source)):
        expected = by_hand.freedman_lane(maps, study.design, study.weights, source[j], sign[j])
        np.testing.assert_allclose(found[j], expected, rtol=1e-7, atol=1e-8)
    observed = by_hand.statistic(maps.astype(float), study.design, study.weights)
    np.testing.assert_allclose(found[0], observed, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("n_participants", [5, 6, 7, 8, 89])
@pytest.mark.parametrize("n_voxels", [1, 127, 128, 129, 1024, 1025, 2100])
def test_no_number_of_participants_or_voxels_is_special(n_participants, n_voxels):
    # Tiles, groups of tiles and rows are padded.
    x = np.random.default_rng(1).standard_normal(n_participants)
    study = Study([np.ones(n_participants), x], [0, 1], "permute")
    maps = study.maps(n_voxels)
    source, sign = relabellings(study.model()[1], 0, 0, 7)
    found = values(study, maps, source, sign)
    for j in range(7):
        expected = by_hand.freedman_lane(maps, study.design, study.weights, source[j], sign[j])
        np.testing.assert_allclose(found[j], expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "name", ["two groups and age", "pairs and a covariate", "one sample with a covariate"]
)
def test_f_of_one_row_is_t_squared(name):
    study, maps = STUDIES[name], STUDIES[name].maps()
    source, sign = relabellings(study.model()[1], 0, 0, N_RELABELLINGS)
    t, f = (values(study, maps, source, sign, is_f=is_f) for is_f in (False, True))
    np.testing.assert_allclose(f, t**2, rtol=1e-9, atol=1e-12)


def test_a_constant_nuisance_column_leaves_the_scheme_alone():
    # nilearn turns to sign-flips for a constant confound: size 0.089 for groups of 6 and 18 and skewed noise.
    group = np.repeat([0.0, 1.0], [6, 18])
    for design, contrast in [([group], [1]), ([np.ones(24), group], [0, 1]), ([1 - group, group], [-1, 1])]:
        assert scheme_of("auto", partition(np.column_stack(design), np.array([contrast], float))) == "permute"
    for design, contrast in [([ONE], [1]), ([ONE, SCORE], [1, 0]), ([TIME, 1 - TIME], [0.5, 0.5])]:
        assert scheme_of("auto", partition(np.column_stack(design), np.array([contrast], float))) == "flip"


def test_a_contrast_over_several_columns_keeps_their_nuisance_part():
    # nilearn tests Xc and drops the columns it touches: 1.33 for a difference of slopes that is 1.13.
    study = STUDIES["slopes that differ"]
    maps = study.maps(seed=3)
    identity = np.arange(12)[None], np.ones((1, 12), np.int8)
    dropped = by_hand.statistic(maps, np.column_stack([study.design @ study.weights[0]]), np.eye(1))
    found = values(study, maps, *identity)[0]
    np.testing.assert_allclose(found, by_hand.statistic(maps, study.design, study.weights), rtol=1e-7)
    assert np.abs(found - dropped).max() > 0.1


def test_degrees_of_freedom_count_each_column_of_the_design_once():
    # nilearn subtracts all tested variables at once: five give 4.14 where 3.92 is right.
    rng = np.random.default_rng(5)
    design = np.column_stack([np.ones(20), rng.standard_normal((20, 5))])
    for row in np.eye(6)[1:]:
        assert partition(design, row[None]).dof == 14
    assert partition(design, np.eye(6)[1:]).dof == 14


def test_constant_voxels_have_no_statistic():
    # Rounding gives them |t| up to 4.5 elsewhere, and 3e8 for one sample.
    constant = np.array([1, 0.1, -7.3, 1e8, 1e-8, 0, 3e-39], np.float32)
    for name in ("one sample", "two groups and age", "three groups", "families as wholes, flipped too"):
        study = STUDIES[name]
        source, sign = relabellings(study.model()[1], 0, 0, N_RELABELLINGS)
        np.testing.assert_array_equal(values(study, np.tile(constant, (12, 1)), source, sign), 0)


def test_a_voxel_that_the_nuisance_explains_has_no_statistic():
    study = STUDIES["two groups and age"]
    maps = study.design[:, [0, 2]] @ np.array([[1e3, 3.0, 0], [0.7, -2.0, 1e-9]])
    source, sign = relabellings(study.model()[1], 0, 0, N_RELABELLINGS)
    np.testing.assert_array_equal(values(study, maps, source, sign), 0)


@pytest.mark.parametrize("name", ["two groups", "two groups and age", "a regressor", "three groups"])
def test_a_perfect_fit_is_the_largest_statistic_there_is(name):
    # As a voxel that is damaged in everyone of one group and in nobody else.
    study = STUDIES[name]
    maps = np.column_stack([study.design @ np.arange(1.0, study.design.shape[1] + 1), study.maps(5)])
    maps = np.column_stack([maps, -maps[:, 0], 1e6 * maps[:, 0] + 1])
    source, sign = relabellings(study.model()[1], 0, 0, N_RELABELLINGS)
    found = values(study, maps, source, sign)
    observed, dof = found[0], partition(study.design, study.weights).dof
    largest = dof / len(study.weights) / 1e-10 if study.is_f else np.sqrt(dof / 1e-10)
    np.testing.assert_allclose(np.abs(observed[[0, 6, 7]]), largest, rtol=1e-5)
    assert observed[6] == (observed[0] if study.is_f else -observed[0])
    assert np.isfinite(found).all() and (np.abs(observed[1:6]) < 1e3).all()
    fitted = fit(maps, study.design, study.weights)
    np.testing.assert_allclose(fitted["stat"], observed, rtol=1e-6)
    np.testing.assert_allclose(fitted["partialr2"][[0, 6, 7]], 1)
    assert np.isfinite(fitted["z"]).all() and (fitted["p"][[0, 6, 7]] < 1e-20).all()


@pytest.mark.parametrize("name", ["two groups", "three groups", "pairs", "two groups without an intercept"])
def test_relabellings_that_are_the_same_partition_have_equal_bits(name):
    # Of 4,000 such permutations elsewhere, 1,313 scored below the observed t by rounding.
    study, maps = STUDIES[name], STUDIES[name].maps(500)
    rng = np.random.default_rng(7)
    rows = np.unique(study.design, axis=0, return_inverse=True)[1].ravel()
    within = PAIR if study.blocks else np.zeros(12, int)
    source = np.tile(np.arange(12), (200, 1))
    for one in source:
        for row, block in set(zip(rows.tolist(), within.tolist(), strict=True)):
            alike = np.flatnonzero((rows == row) & (within == block))
            one[alike] = rng.permutation(alike)
    found = values(study, maps, source, np.ones(source.shape, np.int8))
    np.testing.assert_array_equal(found, np.tile(found[0], (200, 1)))


def test_two_groups_that_trade_names_have_opposite_t_to_the_bit():
    study, maps = STUDIES["two groups"], STUDIES["two groups"].maps(500)
    source = np.array([np.arange(12), np.roll(np.arange(12), 6)])
    found = values(study, maps, source, np.ones((2, 12), np.int8))
    np.testing.assert_array_equal(found[0], -found[1])


def test_all_signs_flipped_is_the_opposite_t_to_the_bit():
    study, maps = STUDIES["one sample with a covariate"], STUDIES["one sample with a covariate"].maps(500)
    signs = np.array([np.ones(12), -np.ones(12)], np.int8)
    found = values(study, maps, np.tile(np.arange(12), (2, 1)), signs)
    np.testing.assert_array_equal(found[0], -found[1])


def test_bits_do_not_depend_on_what_else_is_computed():
    study = STUDIES["two groups and age"]
    maps = study.maps(2100)
    source, sign = relabellings(study.model()[1], 0, 0, 70)
    whole = values(study, maps, source, sign)
    # Fewer relabellings at a time; tiles that are made again rather than held.
    for first, last in [(0, 1), (1, 2), (3, 64), (64, 70), (5, 10)]:
        np.testing.assert_array_equal(
            values(study, maps, source[first:last], sign[first:last]), whole[first:last]
        )
    np.testing.assert_array_equal(values(study, maps, source, sign, memory_mb=0), whole)
    # Other voxels beside and before one; shifts by what is no multiple of a tile.
    for first, last in [(0, 50), (130, 131), (77, 1900)]:
        part = np.ascontiguousarray(maps[:, first:last])
        np.testing.assert_array_equal(values(study, part, source, sign), whole[:, first:last])


def test_nuisance_that_no_relabelling_moves_costs_nothing():
    rows = {name: study.model()[0].rows.shape[1] for name, study in STUDIES.items()}
    assert rows["two groups"] == rows["a regressor"] == rows["pairs"] == 1
    assert rows["two groups and age"] == rows["pairs and a covariate"] == 2
    assert rows["three groups"] == 2 and rows["three groups, age and score"] == 4
    # Rows keep their place in a family: what differs between first and second members stays too.
    assert rows["families as wholes"] == 1
    assert rows["one sample with a covariate"] == 2


def test_t_has_the_sign_of_its_effect():
    for name in ("a regressor", "a regressor, negative"):
        study = STUDIES[name]
        maps = np.outer(SCORE, [1.0, -1.0]) + 0.1 * np.random.default_rng(0).standard_normal((12, 2))
        identity = np.arange(12)[None], np.ones((1, 12), np.int8)
        expected = [1, -1] if name == "a regressor" else [-1, 1]
        assert np.sign(values(study, maps, *identity))[0].tolist() == expected


@pytest.mark.parametrize("n", [3, STRIP, 2 * STRIP + 5])
def test_products_are_summed_over_participants_in_their_order(n):
    rng = np.random.default_rng(n)
    rows, tile = rng.standard_normal((2 * ROWS, n)), rng.standard_normal((n + 1, TILE))
    out = np.full((2 * ROWS, TILE), np.nan)
    multiply(rows, tile, out)
    np.testing.assert_allclose(out, rows @ tile[:n], rtol=1e-9, atol=1e-9)
    for r, v in [(0, 0), (ROWS, 7), (2 * ROWS - 1, TILE - 1)]:
        total = 0.0
        for i in range(n):
            total = _by_fractions(rows[r, i], tile[i, v], total)
        assert out[r, v] == total


@pytest.mark.parametrize("n_vectors", [1, 2, 4])
def test_products_have_the_same_bits_however_many_are_in_registers(n_vectors):
    rng = np.random.default_rng(n_vectors)
    rows, strip = rng.standard_normal((2 * ROWS, 9)), rng.standard_normal((9, n_vectors * LANES))
    out, expected = np.ones((2, 2 * ROWS, TILE))
    add_block = by_vectors(n_vectors)

    @numba.njit
    def add(rows, strip, out):
        add_block(rows, ROWS, 2, 7, strip, out, LANES)

    add(rows, strip, out)
    numba.njit(_in_order)(rows, ROWS, 2, 7, strip, expected, LANES)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    "name", ["two groups", "a regressor", "one sample", "two groups and age", "three groups"]
)
@pytest.mark.parametrize("both_signs", [True, False])
def test_maxima_without_maps_are_those_of_the_maps_to_the_bit(name, both_signs):
    study = STUDIES[name]
    # A voxel that is fitted perfectly by a relabelling, and one that is constant.
    maps = np.column_stack([study.maps(1300), study.design @ np.ones(study.design.shape[1]), np.ones(12)])
    maps = maps.astype(np.float32)
    source, sign = relabellings(study.model()[1], 0, 0, 70)
    found = values(study, maps, source, sign)
    found = np.abs(found) if both_signs else found
    # What some relabelling has exactly, and the next number below and above that.
    voxel = np.arange(maps.shape[1])
    reached = np.nextafter(found[voxel % 70, voxel], np.array([-np.inf, np.inf, 0])[voxel % 3])
    reached[voxel % 3 == 2] = found[voxel % 70, voxel][voxel % 3 == 2]
    counts = np.ones(maps.shape[1], np.int64)
    evaluator = study.model()[0].evaluator(maps, study.is_f, 1000)
    maxima = evaluator.maxima(both_signs, reached)(source, sign, counts)
    np.testing.assert_array_equal(counts, 1 + (found >= reached).sum(axis=0))
    np.testing.assert_array_equal(maxima, found.max(axis=1))


@pytest.mark.parametrize("dof", [1, 7, 87, 10_000])
def test_the_least_product_reaches_a_t_and_the_one_before_does_not(dof):
    # The last are of perfect fits.
    special = np.array([0.0, 1e-9, 1e4, *np.sqrt(dof) * np.array([99_999.9, 1e5, 1e5 * (1 + 2**-50)])])
    t = np.concatenate([np.random.default_rng(dof).standard_normal(2000) * 4, special, -special])
    product = least_product(t, dof)
    assert (t_of(product, dof) >= t).all()
    assert (t_of(np.nextafter(product, -np.inf), dof) < t).all()
