"""One correction over unlike things, such as t and F contrasts, or areas and volumes: by the smallest p.

The largest value of several nulls is that of the null with the widest scale. Their p have one scale. Relabelling j is
the same in all of them, so the smallest p over them keeps how they depend on one another (Westfall & Troendle 2008,
Biometrical Journal 50:745).
"""

from collections.abc import Iterable

import numpy as np

from permaps.permutation.correction import fwe_p, minus_log10
from permaps.statistics.registry import TIES


def smallest_p(nulls: Iterable[tuple[np.ndarray, float]]) -> np.ndarray:
    """Return the smallest p of each relabelling, over several nulls.

    Parameters
    ----------
    nulls : iterable of (numpy.ndarray of float, float)
        The maxima of every relabelling, shape (1 + n_relabellings,) and the observed labelling first, and the tie of
        the statistic (`permaps.statistics.registry`). All are of the same relabellings.

    Returns
    -------
    numpy.ndarray of float, shape (1 + n_relabellings,)
        The p of each relabelling's maximum among the maxima of its own null, and of these the smallest.
    """
    return np.min([fwe_p(maxima, maxima, tie) for maxima, tie in nulls], axis=0)


def over_all(p: np.ndarray, smallest: np.ndarray) -> np.ndarray:
    """Correct p for all nulls that `smallest` is over: the share of relabellings whose smallest p is at most p.

    Parameters
    ----------
    p : numpy.ndarray of float
        Family-wise-error-corrected within one of the nulls.
    smallest : numpy.ndarray of float, shape (1 + n_relabellings,)
        From `smallest_p`.

    Returns
    -------
    numpy.ndarray of float, shape of `p`
        At least `p`. With few relabellings it is coarse: k nulls have up to k relabellings with the least p of all.
    """
    n = len(smallest)
    # p is a number of relabellings by theirs; one that was stored as a logarithm is no longer so exactly.
    counted = np.rint(p * n) / n
    return np.maximum(counted, np.searchsorted(np.sort(smallest), counted, side="right") / n)


def parts_of(names: Iterable[str], key: str) -> dict[str, str]:
    """Return the names of the maxima of each part, by the name of the part; empty where there is one part.

    Parameters
    ----------
    names : iterable of str
        Of all arrays of a null.
    key : str
        Of a statistic.
    """
    begin = f"{key}_"
    return {name.removeprefix(begin): name for name in names if name.startswith(begin)}


def with_joined_parts(maxima: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the maxima of a null with those over all parts, where there are several.

    Parameters
    ----------
    maxima : dict of str to numpy.ndarray, shape (1 + n_relabellings,)
        By the key of a statistic, or this and the name of a part, which has a null of its own.

    Returns
    -------
    dict of str to numpy.ndarray
        The same; and by the key of each statistic with parts, -log10 of the smallest p over them: a maximum, as
        other statistics have.
    """
    joined = {}
    for key, tie in TIES.items():
        if parts := parts_of(maxima, key):
            joined[key] = minus_log10(smallest_p((maxima[name], tie) for name in parts.values()))
    return maxima | joined
