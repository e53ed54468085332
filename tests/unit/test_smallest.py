"""One correction over unlike things: exact, balanced, and no more than it has to be."""

import itertools

import merge_contrasts
import numpy as np
import pytest
from permaps.permutation.correction import fwe_p
from permaps.permutation.smallest import over_all, smallest_p
from permaps.statistics.registry import ENHANCED_TIE, TIE


def nulls_of(rng, n=999):
    """Two nulls on scales that differ a thousandfold, and that go together."""
    shared = rng.normal(size=n)
    return np.abs(shared + rng.normal(size=n)), 1000 * (shared + rng.normal(size=n)) ** 2


def test_it_is_what_its_words_say():
    rng = np.random.default_rng(0)
    nulls = nulls_of(rng, 50)
    p = np.array([[np.mean(null >= value) for value in null] for null in nulls])
    least = [min(column) for column in p.T]
    smallest = smallest_p([(null, TIE) for null in nulls])
    np.testing.assert_array_equal(smallest, least)
    for own in p:
        np.testing.assert_array_equal(
            over_all(own, smallest), [np.mean([m <= value for m in least]) for value in own]
        )


def test_over_one_null_alone_p_is_as_it_was():
    null = np.random.default_rng(0).integers(0, 20, 200).astype(float)  # with ties
    values = np.linspace(-1, 21, 50)
    p = fwe_p(values, null)
    np.testing.assert_array_equal(over_all(p, smallest_p([(null, TIE)])), p)


def test_p_may_have_been_stored_in_single_precision():
    nulls = nulls_of(np.random.default_rng(1))
    smallest = smallest_p([(null, TIE) for null in nulls])
    p = fwe_p(nulls[0], nulls[0])
    stored = 10.0 ** -(-np.log10(p)).astype(np.float32).astype(float)
    np.testing.assert_array_equal(over_all(stored, smallest), over_all(p, smallest))


def test_each_of_two_unlike_nulls_takes_half_of_the_error():
    # By the largest value, the null on the wider scale would take all of it.
    nulls = nulls_of(np.random.default_rng(2), 20_000)
    smallest = smallest_p([(null, TIE) for null in nulls])
    rates = [np.mean(over_all(fwe_p(null, null), smallest) <= 0.05) for null in nulls]
    assert rates[0] == pytest.approx(rates[1], rel=0.02)
    raw = np.maximum(*nulls)
    assert np.mean(fwe_p(nulls[0], raw) <= 0.05) == 0


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
def test_the_family_wise_error_is_exact_when_all_relabellings_are_known(alpha):
    # Six people in two groups of three, a t contrast and an F contrast of two rows: whichever of the relabellings is
    # the observed one, significant in any contrast is at most its share of alpha.
    rng = np.random.default_rng(3)
    maps, extra = rng.exponential(size=(6, 40)), rng.normal(size=6)
    orders = list(itertools.permutations(range(6)))
    group = np.repeat([0.0, 1.0], 3)

    def explained(order, columns):
        design = np.column_stack([np.ones(6), *columns])[list(order)]
        fitted = design @ np.linalg.lstsq(design, maps, rcond=None)[0]
        error = ((maps - fitted) ** 2).sum(0)
        return ((fitted - maps.mean(0)) ** 2).sum(0) / error

    nulls = [
        np.array([explained(order, columns).max() for order in orders])
        for columns in ([group], [group, extra])
    ]
    smallest = smallest_p([(null, TIE) for null in nulls])
    significant = np.any([over_all(fwe_p(null, null), smallest) <= alpha for null in nulls], axis=0)
    assert significant.mean() <= alpha
    # As close as the steps of p allow.
    assert significant.mean() > alpha - 3 * np.max(np.unique(smallest, return_counts=True)[1]) / len(orders)


def test_contrasts_are_merged_scheme_by_scheme(tmp_path):
    # The mean is flipped, the slopes are permuted: their relabellings have nothing in common.
    schemes = {"slope": "permute", "mean": "flip", "any": "permute"}
    rng = np.random.default_rng(0)
    nulls = {c: {"voxel": rng.normal(size=9), "cluster_mass": rng.random(9)} for c in schemes}
    for contrast, scheme in schemes.items():
        np.savez(tmp_path / f"{contrast}_model.npz", scheme=scheme)
        np.savez(tmp_path / f"{contrast}_null.npz", **nulls[contrast])
    merge_contrasts.main(
        models=[tmp_path / f"{c}_model.npz" for c in schemes],
        nulls=[tmp_path / f"{c}_null.npz" for c in schemes],
        null=tmp_path / "null.npz",
    )
    with np.load(tmp_path / "null.npz") as merged:
        for key, tie in (("voxel", TIE), ("cluster_mass", ENHANCED_TIE)):
            both = smallest_p([(nulls[c][key], tie) for c in ("slope", "any")])
            np.testing.assert_array_equal(merged[f"permute_{key}"], both)
            np.testing.assert_array_equal(merged[f"flip_{key}"], smallest_p([(nulls["mean"][key], tie)]))
