"""Smooth functions of a statistic as tables, for the compiled path: one gather and three multiplications a value.

The steps of a table are as fine as its argument is large, from 2^-10 on: so p has enough of them near 0, and the
tails of t with few degrees of freedom have not too many. A function that is infinite at 0, as the logarithm of 1 - p
of |t|, needs steps from 2^-40 on. Between two steps lies a cubic that is monotone where the function is (Fritsch &
Carlson 1980, SIAM J. Numer. Anal. 17:238). It is made once and stored, so that all jobs have its bits.
"""

from collections.abc import Callable

import numpy as np

from permaps.statistics.compiled import compiled, fma

# Bits of the mantissa that say the step, besides the exponent; and the exponent past which everything counts alike.
FINE, LAST = 6, 24
# Octaves up to there: from 2^-10 on, and from 2^-40 on.
OCTAVES, MORE_OCTAVES = LAST + 10, LAST + 40
_DROPPED = 52 - FINE
_SHARE = 2.0**-_DROPPED


@compiled
def _smallest(n_steps):
    """Return what is added to the argument, so that its bits say the step, and the number of the first step."""
    exponent = LAST - (n_steps >> FINE)
    return 2.0**exponent, np.int64((1023 + exponent) << FINE)


def ends(octaves: int = OCTAVES) -> np.ndarray:
    """Return the ends of the steps, float64 of shape (n_steps + 1,), from 0 upwards."""
    smallest, first = _smallest(octaves << FINE)
    bits = (np.arange((octaves << FINE) + 1, dtype=np.int64) + first) << _DROPPED
    return bits.view(np.float64) - smallest


def table_of(function: Callable[[np.ndarray], np.ndarray], octaves: int = OCTAVES) -> np.ndarray:
    """Tabulate a function of one argument.

    Parameters
    ----------
    function : callable
        Takes an array of float64 and gives finite values. Where it jumps, the table rises within a step.
    octaves : int
        `OCTAVES`, or `MORE_OCTAVES` for a function that is steep at 0.

    Returns
    -------
    numpy.ndarray of float64, shape (2, n_steps, 4)
        The coefficients of the cubics of each step, for arguments from 0 on and for negative ones.
    """
    x = ends(octaves)
    return np.stack([_cubics(x, np.asarray(function(side * x), float)) for side in (1.0, -1.0)])


def _cubics(x, y):
    width, rise = np.diff(x), np.diff(y)
    slope = rise / width
    left, right = slope[:-1], slope[1:]
    # The weighted harmonic mean of the slopes on both sides, and 0 at a turn.
    one, two = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(left * right > 0, (one + two) / (one / left + two / right), 0.0)
    at = np.concatenate([slope[:1], inner, slope[-1:]])
    begin, end = at[:-1] * width, at[1:] * width
    return np.stack([y[:-1], begin, 3 * rise - 2 * begin - end, begin + end - 2 * rise], axis=1)


@compiled
def look_up(table: np.ndarray, x: np.ndarray, sign: float, raised: np.ndarray, out: np.ndarray) -> None:
    """Write the tabulated function of sign * x.

    Parameters
    ----------
    table : float64, shape (2, n_steps, 4)
        From `table_of`.
    x : float64, shape (n,)
    sign : float
        1 or -1.
    raised, out : float64, shape (n,)
        Room to compute in, and the values.
    """
    n_steps = table.shape[1]
    smallest, first = _smallest(n_steps)
    for i in range(x.size):
        raised[i] = abs(x[i]) + smallest
    bits = raised.view(np.int64)
    for i in range(x.size):
        step = (bits[i] >> _DROPPED) - first
        share = (bits[i] & ((1 << _DROPPED) - 1)) * _SHARE
        if step >= n_steps:
            step, share = n_steps - 1, 1.0
        side = 1 if x[i] * sign < 0 else 0
        out[i] = fma(
            fma(fma(table[side, step, 3], share, table[side, step, 2]), share, table[side, step, 1]),
            share,
            table[side, step, 0],
        )


@compiled
def rescale(table: np.ndarray, heights: np.ndarray) -> None:
    """Replace values by the tabulated function of them.

    Parameters
    ----------
    table : float64, shape (2, n_steps, 4)
        From `table_of`.
    heights : float32, shape (n_maps, n)
    """
    n = heights.shape[1]
    x, raised, out = np.empty(n), np.empty(n), np.empty(n)
    for j in range(heights.shape[0]):
        for i in range(n):
            x[i] = heights[j, i]
        look_up(table, x, 1.0, raised, out)
        for i in range(n):
            heights[j, i] = out[i]
