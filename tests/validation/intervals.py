"""Intervals for counts."""

import numpy as np
from scipy import stats


def wilson(count, n, level=0.95):
    """Return the interval of a proportion (Wilson 1927), as (low, high)."""
    z = stats.norm.isf((1 - level) / 2)
    share, scale = count / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def expected_range(n, p, level):
    """Return between which shares a count of n lies with this probability when p is true."""
    low, high = stats.binom.interval(level, n, p)
    return low / n, high / n


def paired_difference(one, other, level=0.95):
    """Return the difference between two proportions found in the same cases, with its interval.

    By score intervals of both, allowing for their correlation (Newcombe 1998, Stat Med 17:2635-2650,
    method 10 without continuity correction).

    Parameters
    ----------
    one, other : array of bool, shape (n,)

    Returns
    -------
    difference, low, high : float
    """
    one, other = np.asarray(one, bool), np.asarray(other, bool)
    n = len(one)
    both, first, second = (one & other).sum(), (one & ~other).sum(), (~one & other).sum()
    neither = n - both - first - second
    p1, p2 = one.mean(), other.mean()
    (l1, u1), (l2, u2) = wilson(one.sum(), n, level), wilson(other.sum(), n, level)
    product = float(one.sum() * (n - one.sum())) * float(other.sum() * (n - other.sum()))
    phi = (float(both * neither) - float(first * second)) / np.sqrt(product) if product else 0.0
    low = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    high = (p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2
    return p1 - p2, p1 - p2 - np.sqrt(low), p1 - p2 + np.sqrt(high)
