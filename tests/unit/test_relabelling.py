"""Relabelling j is a pure function of (seed, j), uniform, and comes once where all can be numbered."""

from collections import Counter

import numpy as np
import pytest
from permaps.design.block_tree import exchangeability_tree
from permaps.design.exchangeability import Exchangeability
from permaps.permutation import relabelling as module
from permaps.permutation.relabelling import relabelling, relabellings, shuffled
from scipy.stats import chisquare

FEW = Exchangeability(exchangeability_tree(8), [0, 0, 0, 0, 1, 1, 1, 1], True, False)  # 70
SOME = Exchangeability(exchangeability_tree(12), [0] * 6 + [1] * 6, True, True)  # 924 * 4096
MANY = Exchangeability(exchangeability_tree(40), range(40), True, True)

# What seed 0 gives.
SHUFFLED = [44, 43, 18, 29, 16, 38, 20, 9]
SOURCE = [32, 8, 14, 7, 15, 4, 31, 2]
SIGN = [1, -1, 1, -1, 1, 1, -1, -1]


def key(found, drawn):
    source, sign = drawn
    return tuple(found.labels[source].tolist()), tuple(sign.tolist())


@pytest.mark.parametrize("found", [FEW, SOME, MANY], ids=["few", "some", "many"])
def test_the_observed_labelling_is_number_0(found):
    source, sign = relabelling(found, 5, 0)
    np.testing.assert_array_equal(source, np.arange(found.n))
    assert (sign == 1).all()


@pytest.mark.parametrize("found", [FEW, SOME, MANY], ids=["few", "some", "many"])
def test_a_relabelling_depends_on_seed_and_index_alone(found):
    # nilearn's seeds are per chunk, so results change with n_jobs.
    source, sign = relabellings(found, 3, 0, 60)
    for start, stop in [(59, 60), (17, 18), (3, 40), (0, 1)]:
        again = relabellings(found, 3, start, stop)
        np.testing.assert_array_equal(again[0], source[start:stop])
        np.testing.assert_array_equal(again[1], sign[start:stop])
    other = relabellings(found, 4, 0, 60)
    assert (other[0] != source).any(axis=1).mean() > 0.8 and found.n_distinct >= 60


def test_an_empty_stretch_is_empty():
    source, sign = relabellings(FEW, 0, 7, 7)
    assert source.shape == sign.shape == (0, 8)


def test_a_seed_gives_the_same_relabellings_for_ever():
    # A finished run is extended by later versions too: these numbers must not change.
    assert [shuffled(i, 69, 0) for i in range(8)] == SHUFFLED
    source, sign = relabelling(MANY, 0, 1)
    assert source[:8].tolist() == SOURCE
    assert sign[:8].tolist() == SIGN


def test_all_distinct_ones_come_once_each():
    for seed in (0, 1, 2**63 - 1):
        assert len({key(FEW, relabelling(FEW, seed, j)) for j in range(FEW.n_distinct)}) == 70


def test_numbered_ones_never_come_twice_and_never_are_the_observed_one():
    drawn = [key(SOME, relabelling(SOME, 9, j)) for j in range(3000)]
    assert len(set(drawn)) == 3000


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 15, 16, 17, 64, 65, 1000])
def test_shuffling_is_one_to_one(size):
    for seed in (0, 1, 12345):
        assert sorted(shuffled(i, size, seed) for i in range(size)) == list(range(size))


@pytest.mark.parametrize("size", [3, 6, 23, 69])
def test_shuffling_sends_every_index_anywhere_with_equal_probability(size):
    n_seeds = 60 * size
    for index in (0, 1, size - 1):
        counts = np.bincount([shuffled(index, size, seed) for seed in range(n_seeds)], minlength=size)
        assert chisquare(counts).pvalue > 1e-4


def test_any_two_relabellings_of_a_seed_are_independent_but_for_being_distinct():
    size = 6
    counts = Counter((shuffled(0, size, s), shuffled(1, size, s)) for s in range(100 * size * (size - 1)))
    assert len(counts) == size * (size - 1)
    assert chisquare(list(counts.values())).pvalue > 1e-4


def test_a_sample_of_the_numbered_ones_is_uniform_over_them():
    size, kept = 69, 20
    chosen = np.concatenate([[shuffled(i, size, seed) for i in range(kept)] for seed in range(400)])
    assert chisquare(np.bincount(chosen, minlength=size)).pvalue > 1e-4


def test_drawn_permutations_are_uniform(monkeypatch):
    monkeypatch.setattr(module, "NUMBERED", 0)
    found = Exchangeability(exchangeability_tree(4), range(4), True, False)
    counts = Counter(tuple(relabelling(found, 0, j)[0].tolist()) for j in range(1, 2401))
    assert len(counts) == 24
    assert chisquare(list(counts.values())).pvalue > 1e-4


def test_drawn_relabellings_are_uniform_in_every_position():
    source, sign = relabellings(MANY, 0, 1, 1201)
    for position in (0, 20, 39):
        assert chisquare(np.bincount(source[:, position], minlength=40)).pvalue > 1e-4
        assert abs(sign[:, position].mean()) < 4 / np.sqrt(1200)
    assert len(np.unique(source, axis=0)) == 1200


def test_indices_and_seeds_beyond_32_bits_are_told_apart():
    drawn = {tuple(relabelling(MANY, s, j)[0]) for s in (0, 2**32, 2**62) for j in (1, 2**32 + 1, 2**40)}
    assert len(drawn) == 9
