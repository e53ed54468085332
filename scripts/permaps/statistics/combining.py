"""How the statistics of partial tests are joined at every element: the compiled part of `combinations`."""

import numpy as np

from permaps.statistics.compiled import compiled, fma
from permaps.statistics.tabulated import look_up

# How what the partial statistics are turned into is joined.
SUM, LARGEST, SMALLEST_OF, COUNT, CUT_SUM, STRENGTH = range(6)
# Of Wilkinson and Zaykin: p that count.
CUT = 0.05


@compiled
def combine(
    values: np.ndarray, tables: np.ndarray, how: int, signs: np.ndarray, combined: np.ndarray
) -> None:
    """Combine the statistics of partial tests at every element.

    Parameters
    ----------
    values : float64, shape (n_partials, n_elements)
    tables : float64, shape (n_transforms, n_partials, 2, n_steps, 4)
        From `permaps.statistics.combinations.tables_of`.
    how : int
        Of the combination.
    signs : float64, shape (n_signs,)
        1, or 1 and -1: in which directions the partial tests may agree; the best counts.
    combined : float64, shape (n_elements,)
        To write.
    """
    n_partials, n = values.shape
    raised, one, joined = np.empty(n), np.empty((n_partials, n)), np.empty(n)
    combined[:] = -np.inf
    for s in range(signs.size):
        for w in range(tables.shape[0]):
            for k in range(n_partials):
                look_up(tables[w, k], values[k], signs[s], raised, one[k])
            _join(one, how, joined)
            for i in range(n):
                combined[i] = max(combined[i], joined[i])


@compiled
def combine_all(
    values: np.ndarray, tables: np.ndarray, how: int, signs: np.ndarray, combined: np.ndarray
) -> None:
    """Combine the statistics of several relabellings, as `combine` does.

    Parameters
    ----------
    values : float64, shape (n_partials, n_relabellings, n_elements)
    tables, how, signs
        As for `combine`.
    combined : float64, shape (n_relabellings, n_elements)
        To write.
    """
    for j in range(values.shape[1]):
        combine(values[:, j], tables, how, signs, combined[j])


@compiled
def _join(one, how, joined):
    n_partials, n = one.shape
    joined[:] = one[0]
    if how == SUM:
        for k in range(1, n_partials):
            for i in range(n):
                joined[i] += one[k, i]
    elif how == LARGEST:
        for k in range(1, n_partials):
            for i in range(n):
                joined[i] = max(joined[i], one[k, i])
    elif how == SMALLEST_OF:
        for k in range(1, n_partials):
            for i in range(n):
                joined[i] = min(joined[i], one[k, i])
    elif how in (COUNT, CUT_SUM):
        least = -np.log(CUT)
        joined[:] = 0.0
        for k in range(n_partials):
            for i in range(n):
                if one[k, i] >= least:
                    joined[i] += 1.0 if how == COUNT else one[k, i]
    else:
        _strength(one, joined)


@compiled
def _strength(rest, joined):
    """Write the tail strength (Taylor & Tibshirani 2006): the mean of 1 - p_(k) (n + 1) / k over the sorted p."""
    n_partials, n = rest.shape
    p = np.empty(n_partials)
    for i in range(n):
        for k in range(n_partials):
            value, at = 1.0 - rest[k, i], k
            while at > 0 and p[at - 1] > value:
                p[at] = p[at - 1]
                at -= 1
            p[at] = value
        total = 0.0
        for k in range(n_partials):
            total += fma(-p[k], (n_partials + 1.0) / (k + 1.0), 1.0)
        joined[i] = total / n_partials
