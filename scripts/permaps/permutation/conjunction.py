"""The conjunction of several tests: where there is an effect in all of them.

Its null hypothesis at an element is that one test or more has no effect there, whatever the others have. So an
element has the largest of the corrected p that it has in each test (Nichols et al. 2005, NeuroImage 25:653-660). To
relabel the smallest statistic of all tests would be another test: its null has no effect in any of them, under which
the smallest statistic is far smaller than where all tests but one have a strong effect.

The family-wise error rate is alpha where the same test is without an effect at all elements that are no conjunction.
Where it is one test here and another there, their errors can add up, at most to alpha times the number of tests.

This takes the observed maps and the nulls of the tests, and no relabelling of its own.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from permaps.permutation.correction import minus_log10
from permaps.permutation.observed import Observed
from permaps.spaces.space import Space
from permaps.statistics.registry import STATISTICS
from permaps.workflow.arrays import read_arrays


def largest_p(p: Sequence[np.ndarray], signs: Sequence[np.ndarray] | None = None) -> np.ndarray:
    """Return the p of a conjunction.

    Parameters
    ----------
    p : sequence of numpy.ndarray of float, shape (n_elements,)
        Of every test.
    signs : sequence of numpy.ndarray of float, shape (n_elements,), optional
        Signs of their effects. With them, effects must have the same sign in all tests; where not, p is 1.
    """
    largest = np.max(p, axis=0)
    return largest if signs is None else np.where(np.abs(np.sum(signs, axis=0)) == len(signs), largest, 1.0)


def null_of(p: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return a null, in units of -log10 p, that gives each element of a conjunction its own p back.

    In the least favourable case, all tests but one have an effect everywhere. Then the largest p is that of the one
    without, whose relabellings have the p 1 / N, 2 / N and so on.

    Parameters
    ----------
    p : numpy.ndarray of float, shape (n_elements,)
        Of the conjunction.
    order : numpy.ndarray of float, shape (N,)
        Maxima of a test, the observed one first: the larger one is, the smaller is the p of its relabelling.

    Returns
    -------
    numpy.ndarray of float, shape (N,)
        The observed labelling first.
    """
    n = len(order)
    null = np.empty(n)
    null[0] = minus_log10(p.min())
    null[1:][np.argsort(-order[1:], kind="stable")] = minus_log10(np.arange(2, n + 1) / n)
    return null


def level_of(
    pivotal: Sequence[np.ndarray], n_elements: Sequence[int], n_joint: int, shift: int
) -> np.ndarray:
    """Return the pivotal statistic of bounds on true discoveries by the largest p.

    An element without an effect in test i has a largest p of at least p_i. If so many elements of each of K tests as
    `permaps.permutation.discoveries` allows have p_i of at most level k / m, then at most K (k - 1) have a largest p
    of that: with level / K in place of level, these are the bounds of one test.

    Parameters
    ----------
    pivotal : sequence of numpy.ndarray of float, shape (N,)
        Of every test.
    n_elements : sequence of int
        Of every test.
    n_joint : int
        Elements of the conjunction.
    shift : int
        Of the bounds; with one, they cannot be had from those of the tests, and nothing counts as active.
    """
    shares = [own * (n_joint / n) for own, n in zip(pivotal, n_elements, strict=True)]
    return np.min(shares, axis=0) / len(shares) if shift == 0 else np.zeros_like(shares[0])


def conjoin(
    observed: Sequence[Observed],
    nulls: Sequence[str | Path],
    counts: Sequence[str | Path],
    elements: Sequence[np.ndarray],
    space: Space,
    *,
    concordant: bool,
    shift: int | None,
) -> tuple[Observed, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return observed maps, nulls and counts of a conjunction, as others have them.

    Parameters
    ----------
    observed : sequence of Observed
    nulls, counts : sequence of path
        Of every test, as from `merge_nulls`.
    elements : sequence of numpy.ndarray of int
        The elements of the conjunction, by their numbers among those of each test.
    space : permaps.spaces.space.Space
        What these elements are.
    concordant : bool
        Whether effects must have the same sign in all tests.
    shift : int or None
        Of bounds on true discoveries; None for none.

    Returns
    -------
    observed : Observed
        The measure of a statistic is -log10 of the largest corrected p.
    null, counts : dict of numpy.ndarray
    """
    maxima, numbers = ([read_arrays(path) for path in paths] for paths in (nulls, counts))
    signs = None
    if concordant:
        signs = [np.sign(one.measures["voxel"][own]) for one, own in zip(observed, elements, strict=True)]
    measures, null = {}, {}
    # Whatever the voxel statistic is, its key is the same.
    for key, stat in {row.key: row.name for row in STATISTICS.values()}.items():
        if key in maxima[0]:
            each = [
                one.corrected(path, [stat])[stat][own]
                for one, path, own in zip(observed, nulls, elements, strict=True)
            ]
            p = largest_p(each, signs)
            measures[key], null[key] = minus_log10(p), null_of(p, maxima[0][key])
    if shift is not None:
        measures["p"] = largest_p(
            [one.measures["p"][own] for one, own in zip(observed, elements, strict=True)], signs
        )
        sizes = [one.space.n_elements for one in observed]
        null["tdp"] = level_of([one["tdp"] for one in maxima], sizes, space.n_elements, shift)
    if any("sampled" in one for one in maxima):
        null["sampled"] = np.array(True)
    n = int(numbers[0]["n_relabellings"])
    reached = {"n_relabellings": np.array(n)}
    for key in numbers[0].keys() - {"n_relabellings"}:
        share = largest_p([one[key][own] / n for one, own in zip(numbers, elements, strict=True)], signs)
        reached[key] = np.rint(share * n).astype(np.int64)
    return Observed(space, observed[0].scheme, False, measures), null, reached
