"""Relabellings are counted, numbered and drawn as the group that the allowed exchanges generate has them."""

import time
import tracemalloc
from collections import Counter
from itertools import combinations, pairwise, product
from math import comb, factorial

import numpy as np
import pytest
from permaps.design.block_tree import exchangeability_tree, flip_units
from permaps.design.exchangeability import Exchangeability
from permaps.workflow.errors import UserError
from scipy.stats import chisquare

# Blocks, labels. Labels are the distinct rows of a design.
STUDIES = {
    "two groups": ({}, [0, 0, 0, 1, 1]),
    "three groups": ({}, [0, 1, 2, 0, 1, 2]),
    "a regressor": ({}, [0, 1, 2, 3, 4]),
    "a constant": ({}, [0, 0, 0, 0]),
    "one participant": ({}, [0]),
    "pairs": ({"within": "aabbcc"}, [0, 1, 0, 1, 0, 1]),
    "uneven sites": ({"within": "abbaab"}, [0, 1, 1, 0, 1, 2]),
    "a site of one": ({"within": "abbb"}, [0, 1, 2, 2]),
    "families as wholes": ({"whole": "aabbcc"}, [0, 1, 0, 1, 2, 3]),
    "families whose rows lie apart": ({"whole": "abcabc"}, [0, 0, 1, 1, 2, 2]),
    "twins in families": ({"within": "aabbcc", "whole": "xxxxxx"}, [0, 1, 0, 0, 2, 1]),
    "families and their members": ({"within": "aabbcc", "whole": "aabbcc"}, [0, 1, 2, 2, 1, 0]),
    "pairs within larger families": ({"within": "aabbccdd", "whole": "xxxxyyyy"}, [0, 1, 0, 0, 1, 0, 0, 0]),
    "families within sites": ({"within": "xxxxyyyy", "whole": "aabbccdd"}, [0, 1, 1, 0, 2, 3, 2, 3]),
}


def study(name):
    blocks, labels = STUDIES[name]
    blocks = {kind: list(letters) for kind, letters in blocks.items()}
    return exchangeability_tree(len(labels), **blocks), blocks, np.array(labels)


def rows_of(letters):
    return [[i for i, letter in enumerate(letters) if letter == one] for one in dict.fromkeys(letters)]


def exchanges(n, within=None, whole=None):
    """The swaps that blocks allow, each as two lists of rows that change places one by one."""
    if within and whole and all(len({whole[i] for i in rows}) == 1 for rows in rows_of(within)):
        return exchanges(n, within=within) + exchanges(n, whole=whole)
    units = rows_of(whole) if whole else [[i] for i in range(n)]
    swaps = combinations(units, 2)
    return [(a, b) for a, b in swaps if not within or within[a[0]] == within[b[0]]]


def group(n, swaps):
    """All orders of n rows that the swaps lead to."""
    found = {tuple(range(n))}
    waiting = list(found)
    while waiting:
        order = waiting.pop()
        for one, other in swaps:
            swapped = np.array(order)
            swapped[one + other] = swapped[other + one]
            if (swapped := tuple(swapped.tolist())) not in found:
                found.add(swapped)
                waiting.append(swapped)
    return found


def distinct(name, permute, flip):
    """All different pairs of labels and signs, by generating every one."""
    _, blocks, labels = study(name)
    n = len(labels)
    orders = group(n, exchanges(n, **blocks)) if permute else {tuple(range(n))}
    # What changes places as a whole flips as a whole.
    units = rows_of(blocks["whole"]) if "whole" in blocks else [[i] for i in range(n)]
    signs = []
    for flips in product((1, -1), repeat=len(units) if flip else 0):
        sign = np.ones(n, int)
        for unit, value in zip(units, flips, strict=flip):
            sign[unit] = value
        signs.append(tuple(sign.tolist()))
    return {(tuple(labels[list(order)].tolist()), sign) for order in orders for sign in signs}


def seen(found, source, sign):
    return tuple(found.labels[source].tolist()), tuple(sign.tolist())


@pytest.mark.parametrize("scheme", [(True, False), (False, True), (True, True)], ids=str)
@pytest.mark.parametrize("name", STUDIES)
def test_all_distinct_relabellings_are_numbered_once_each(name, scheme):
    tree, _, labels = study(name)
    found = Exchangeability(tree, labels, *scheme)
    numbered = [seen(found, *found.unrank(rank)) for rank in range(found.n_distinct)]
    expected = distinct(name, *scheme)
    assert found.n_distinct == len(expected)
    assert Counter(numbered) == Counter(expected)
    source, sign = found.unrank(0)
    np.testing.assert_array_equal(source, np.arange(len(labels)))
    assert (sign == 1).all()


@pytest.mark.parametrize("name", STUDIES)
def test_mixing_like_rows_leaves_the_labels_of_every_position(name):
    tree, _, labels = study(name)
    found = Exchangeability(tree, labels, True, False)
    words = np.random.Philox(3).random_raw
    for rank in range(found.n_distinct):
        source, sign = found.unrank(rank)
        mixed = found.mix(source, words)
        assert sorted(mixed) == list(range(found.n))
        assert seen(found, mixed, sign) == seen(found, source, sign)


@pytest.mark.parametrize(
    ("blocks", "labels", "n_permutations"),
    [
        ({}, [0, 0, 1, 1], 24),
        ({"within": [0, 0, 0, 1, 1]}, [0, 0, 1, 0, 0], 12),
        ({"whole": [0, 0, 1, 1, 2, 2]}, [0, 1, 0, 1, 2, 3], 6),
        ({"nested": [[1] * 6, [1, 1, 2, 2, 3, 3]]}, [0, 1, 1, 0, 0, 1], 6),
        ({"nested": [[1] * 4, [1, 1, 2, 2], [1, 2, 3, 4]]}, [0, 1, 1, 0], 8),
    ],
)
def test_mixed_rows_are_uniform_over_all_permutations(blocks, labels, n_permutations):
    found = Exchangeability(exchangeability_tree(len(labels), **blocks), labels, True, False)
    words = np.random.Philox(4).random_raw
    ranks = np.random.default_rng(5).integers(found.n_distinct, size=50 * n_permutations)
    counts = Counter(tuple(found.mix(found.unrank(int(rank))[0], words).tolist()) for rank in ranks)
    assert len(counts) == n_permutations
    assert chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize("name", [n for n in STUDIES if n not in ("a constant", "one participant")])
def test_draws_are_uniform_over_the_distinct_ones(name):
    tree, _, labels = study(name)
    found = Exchangeability(tree, labels, True, False)
    words = np.random.Philox(1).random_raw
    counts = Counter(seen(found, *found.draw(words)) for _ in range(20 * found.n_distinct))
    assert set(counts) == distinct(name, True, False)
    assert chisquare(list(counts.values())).pvalue > 1e-4


def test_drawn_flips_are_fair_and_independent():
    found = Exchangeability(exchangeability_tree(4), [0, 0, 0, 0], False, True)
    words = np.random.Philox(2).random_raw
    counts = Counter(tuple(found.draw(words)[1].tolist()) for _ in range(1600))
    assert len(counts) == 16
    assert chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_counts_of_simple_studies_have_closed_forms(n):
    free, pairs = exchangeability_tree(2 * n), exchangeability_tree(2 * n, within=np.arange(2 * n) // 2)
    groups, regressor = np.arange(2 * n) % 2, np.arange(2 * n)
    assert Exchangeability(free, groups, True, False).n_distinct == comb(2 * n, n)
    assert Exchangeability(free, regressor, True, False).n_distinct == factorial(2 * n)
    assert Exchangeability(free, 0 * groups, False, True).n_distinct == 2 ** (2 * n)
    assert Exchangeability(free, groups, True, True).n_distinct == comb(2 * n, n) * 4**n
    assert Exchangeability(pairs, groups, True, False).n_distinct == 2**n
    both = exchangeability_tree(2 * n, within=np.arange(2 * n) // 2, whole=np.arange(2 * n) // 2)
    assert Exchangeability(both, regressor, True, False).n_distinct == factorial(n) * 2**n


def test_what_changes_places_as_a_whole_flips_as_a_whole():
    # Its rows may depend on one another: flipping one of them would turn the sign of their covariance.
    assert flip_units(exchangeability_tree(3)) == [[0], [1], [2]]
    assert flip_units(exchangeability_tree(4, within=list("aabb"))) == [[0], [1], [2], [3]]
    assert flip_units(exchangeability_tree(4, whole=list("abab"))) == [[0, 2], [1, 3]]
    both = exchangeability_tree(4, within=list("aabb"), whole=list("aabb"))
    assert flip_units(both) == [[0, 1], [2, 3]]


# Columns of PALM block files, from the outermost on, and the numbers of permutations and of sign-flips that
# PALM's rules give: a positive number lets a block's parts change places as wholes, a negative one does not.
SIX, PAIRED = np.arange(1, 7), np.repeat([1, 2, 3], 2)
BLOCK_FILES = {
    # The examples of PALM's documentation, "Exchangeability blocks".
    "1: free": ([1 + 0 * SIX, SIX], 720, 2**6),
    "2: within": ([-1 + 0 * SIX, PAIRED], 2**3, 2**6),
    "2: within, with rows": ([-1 + 0 * SIX, PAIRED, np.tile([1, 2], 3)], 2**3, 2**6),
    "3: whole": ([1 + 0 * SIX, PAIRED], 6, 2**3),
    "3: whole, with rows": ([1 + 0 * SIX, -PAIRED, np.tile([1, 2], 3)], 6, 2**3),
    # What its options -within and -whole together stand for.
    "whole and within": ([1 + 0 * SIX, PAIRED, SIX], 6 * 2**3, 2**3),
    "nothing moves": ([-1 + 0 * SIX, -PAIRED, SIX], 1, 2**6),
    "rows that are fixed": ([-1 + 0 * SIX, -PAIRED], 1, 2**6),
    "unequal blocks, within": ([-1 + 0 * SIX, [1, 1, 1, 1, 2, 2]], 24 * 2, 2**6),
    "one column": ([1 + 0 * SIX], 720, 2**6),
    # Numbers may go on across blocks or begin again, and rows may lie in any order.
    "sites of pairs": ([-np.ones(8), [1] * 4 + [2] * 4, [1, 1, 2, 2] * 2], 2 * 2, 2**4),
    "sites of pairs, numbered on": (
        [-np.ones(8), [2, 1] * 4, [3, 1, 3, 1, 4, 2, 4, 2]], 2 * 2, 2**4,
    ),
    "sites and pairs": (
        [np.ones(8), [1] * 4 + [2] * 4, [1, 1, 2, 2] * 2, range(1, 9)], 2 * (2 * 2 * 2) ** 2, 2**2,
    ),
    "pairs that stay": (
        [-np.ones(8), [-1] * 4 + [-2] * 4, [1, 1, 2, 2] * 2, range(1, 9)], 2**4, 2**8,
    ),
    # Twins and siblings as in the Human Connectome Project: type of family, family, kind of sibling, person.
    # Three pairs of twins; two families of twins and two siblings, who are not exchanged; four single people.
    "families with twins": (
        [
            -np.ones(18),
            [1] * 6 + [2] * 8 + [3] * 4,
            [1, 1, 2, 2, 3, 3] + [-4] * 4 + [-5] * 4 + [6, 7, 8, 9],
            [1] * 6 + [1, 1, 2, 2] * 2 + [1] * 4,
            range(1, 19),
        ],
        (6 * 2**3) * (2 * (2 * 2) ** 2) * 24, 2 ** (3 + 2 + 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCK_FILES)
def test_block_files_mean_what_they_mean_to_palm(name):
    levels, n_permutations, n_flips = BLOCK_FILES[name]
    n = len(levels[0])
    tree = exchangeability_tree(n, nested=[list(level) for level in levels])
    permuted, flipped = (
        Exchangeability(tree, range(n), True, False),
        Exchangeability(tree, range(n), False, True),
    )
    assert (permuted.n_distinct, flipped.n_distinct) == (n_permutations, n_flips)
    assert Exchangeability(tree, range(n), True, True).n_distinct == n_permutations * n_flips
    some = {tuple(permuted.unrank(rank)[0].tolist()) for rank in range(min(n_permutations, 1000))}
    assert len(some) == min(n_permutations, 1000)
    # A block stays together, and what is negative keeps its parts in place.
    for source in map(np.array, some):
        assert sorted(source) == list(range(n))
        for above, level in pairwise(levels):
            if np.max(above) < 0:
                np.testing.assert_array_equal(np.array(level)[source], level)


def test_block_files_and_the_simple_kinds_give_the_same_trees():
    rows, ones = list(range(1, 7)), [1] * 6
    for simple, file in [
        ({}, [ones, rows]),
        ({"within": PAIRED}, [[-1] * 6, PAIRED, rows]),
        ({"whole": PAIRED}, [ones, -PAIRED, rows]),
        ({"within": PAIRED, "whole": PAIRED}, [ones, PAIRED, rows]),
    ]:
        tree, other = exchangeability_tree(6, **simple), exchangeability_tree(6, nested=file)
        assert tree.leaves == other.leaves and flip_units(tree) == flip_units(other)
        # All of both at once are the pairs of one each: 46,080 for six people.
        for labels, permute, flip in [([0, 1] * 3, True, True), (rows, True, False), (rows, False, True)]:
            one, two = (Exchangeability(t, labels, permute, flip) for t in (tree, other))
            found = [{str(e.unrank(rank)) for rank in range(e.n_distinct)} for e in (one, two)]
            assert found[0] == found[1]


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([[1, 1, 2, 2]], "outermost column has 2 blocks.*a column before it"),
        ([[1, -1, 1, -1], [1, 2, 3, 4]], "outermost column has 2 blocks"),
        ([[1, 1, 1, 1], [1, 1, 1, 2]], r"sizes are 1 \(1 times\), 3 \(1 times\)"),
        ([[1, 1, 1, 1], [1, 1, -2, -2], [1, 2, 3, 4]], "their signs, differ"),
        ([[1] * 8, [1] * 4 + [2] * 4, [1, 1, 2, 2, 3, 3, 3, 4], range(1, 9)], "sizes are 1|inside them"),
    ],
)
def test_block_files_that_cannot_be_relabelled_are_refused(levels, message):
    with pytest.raises(UserError, match=message):
        exchangeability_tree(len(levels[0]), nested=[list(level) for level in levels])


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"whole": "aaabb"}, r"2 \(1 times\), 3 \(1 times\)"),
        ({"within": "aabcc", "whole": "xxxyy"}, "must be alike"),
        ({"within": "xxxxx", "whole": "aabbb"}, r"2 \(1 times\), 3 \(1 times\)"),
        ({"within": "abab", "whole": "aabb"}, "cut across one another"),
    ],
)
def test_blocks_that_cannot_change_places_are_refused(blocks, message):
    n = len(next(iter(blocks.values())))
    with pytest.raises(UserError, match=message):
        exchangeability_tree(n, **{kind: list(letters) for kind, letters in blocks.items()})


N_MANY = 10_000
MANY = {
    "free": {},
    "pairs": {"within": [i // 2 for i in range(N_MANY)]},
    "pairs as wholes": {"whole": [i // 2 for i in range(N_MANY)]},
    "pairs in a block file": {"nested": [[1] * N_MANY, [1 + i // 2 for i in range(N_MANY)]]},
}


@pytest.mark.parametrize("blocks", MANY.values(), ids=MANY)
def test_tens_of_thousands_of_people_take_neither_long_nor_much_memory(blocks):
    columns = np.column_stack([np.ones(N_MANY), np.arange(N_MANY)])
    tracemalloc.start()
    began = time.process_time()
    found = Exchangeability(exchangeability_tree(N_MANY, **blocks), range(N_MANY), True, False)
    source, _ = found.unrank(0)
    still = found.still(columns)
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(source, np.arange(N_MANY))
    np.testing.assert_allclose(still[:, 0] ** 2 @ np.ones(len(still)), N_MANY)
    # n x n / 2 numbers would take 400 MB, and to find the observed order took a minute.
    assert peak < 50 * 2**20
    assert took < 20
