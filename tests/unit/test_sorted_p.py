"""The sorted p of a map: the least slope for every shift, as if all p were sorted."""

import numpy as np
import pytest
from permaps.statistics.sorted_p import Curves, joined, least_slope, scale_of
from scipy import stats
from scipy.ndimage import gaussian_filter

# dof, rows of the contrast, F, both signs.
KINDS = {
    "t": (30, 1, False, True),
    "t, one-sided": (30, 1, False, False),
    "t, 1 degree of freedom": (1, 1, False, True),
    "F": (30, 2, True, False),
    "F of one row": (5, 1, True, False),
}


def parametric(values, dof, rows, is_f, both_signs):
    if is_f:
        return stats.f.sf(values, rows, dof)
    return 2 * stats.t.sf(abs(values), dof) if both_signs else stats.t.sf(values, dof)


def draw(kind, n=3000, seed=0):
    """Values like the statistic's, and some far beyond."""
    dof, rows, is_f, _ = KINDS[kind]
    rng = np.random.default_rng(seed)
    values = rng.f(rows, dof, n) if is_f else rng.standard_t(dof, n)
    values[: n // 10] *= 3
    return values.astype(np.float32)


def by_sorting(p, shift):
    k = np.arange(1, len(p) + 1)[shift:]
    return ((len(p) - shift) * np.sort(p)[shift:] / (k - shift)).min()


@pytest.mark.parametrize("kind", KINDS)
def test_p_is_the_parametric_one_to_a_few_per_cent_and_never_smaller(kind):
    scale, values = scale_of(*KINDS[kind]), draw(kind)
    exact = parametric(values.astype(float), *KINDS[kind])
    ratio = scale.of(values) / exact
    told_apart = (exact > 1e-15) & ((values > 0) | scale.both_signs)
    assert ratio[told_apart].min() > 1 - 1e-5
    assert ratio[told_apart & (exact < 0.1)].max() < 1.04
    assert scale.of(values)[~told_apart & (values < 0)].tolist() == [1] * (~told_apart & (values < 0)).sum()
    assert (np.diff(scale.of(np.sort(abs(values)))) <= 0).all()


def test_p_counts_as_in_relabellings():
    scale = scale_of(*KINDS["t"])
    t = np.array([2.0, -2.0, 2.0 + 1e-12, np.nextafter(np.float32(2), np.float32(3))])
    assert len(set(scale.of(t)[:3])) == 1
    assert scale.of(np.array([0.0, 1e30])).tolist() == [1.0, scale.p[-1]] and scale.p[-1] < 1e-14


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 37, 3000])
def test_the_curve_has_the_least_slope_for_every_shift(kind, n):
    scale = scale_of(*KINDS[kind])
    curves = Curves(scale, n)
    maps = [draw(kind, n, seed) for seed in range(4)]
    stored = joined([curves.of(values) for values in maps])
    rank, p, length = (stored[f"curve_{name}"] for name in ("rank", "p", "length"))
    assert length.sum() == len(rank) == len(p) and (rank[np.cumsum(length) - 1] == n).all()
    for shift in {0, 1, 5, 27, n // 2, n - 1}:
        if shift < n:
            expected = [by_sorting(scale.of(values), shift) for values in maps]
            assert least_slope(rank, p, length, shift).tolist() == pytest.approx(expected, rel=1e-14)


def test_a_curve_is_short():
    rng = np.random.default_rng(2)
    curves = Curves(scale_of(87, 1, False, True), 40**3)
    for _ in range(5):
        noise = gaussian_filter(rng.standard_normal((40, 40, 40)), 1.5).ravel().astype(np.float32)
        assert len(curves.of(noise / noise.std())[0]) < 60


def test_no_set_is_larger_than_the_shift():
    curve = Curves(scale_of(*KINDS["t"]), 5).of(np.ones(5, np.float32))
    assert least_slope(*curve, [len(curve[0])], 5).tolist() == [np.inf]


def test_without_maps_there_are_no_curves():
    assert [values.tolist() for values in joined([]).values()] == [[], [], []]
    assert least_slope(*[joined([])[f"curve_{name}"] for name in ("rank", "p", "length")], 0).tolist() == []
