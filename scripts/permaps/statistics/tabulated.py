"""Smooth functions of a statistic as tables, for the compiled path: one gather and three multiplications a value.

The steps of a table are as fine as its argument is large, from 2^-10 on: so p has enough of them near 0, and the
tails of t with few degrees of freedom have not too many. Between two steps lies a cubic that is monotone where the
function is (Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17:238). It is made once and stored, so that all jobs have
its bits.
"""

from collections.abc import Callable

import numpy as np

from permaps.statistics.compiled import compiled, fma

# Added to the argument, so that its bits say the step: exponent, and this many bits of the mantissa.
SMALLEST, FINE = 2.0**-10, 6
# Past 2^24, everything counts as that.
OCTAVES = 34
_DROPPED = 52 - FINE
_FIRST = np.int64((1023 - 10) << FINE)
_SHARE = 2.0**-_DROPPED


def ends() -> np.ndarray:
    """Return the ends of the steps, float64 of shape (n_steps + 1,), from 0 upwards."""
    bits = (np.arange((OCTAVES << FINE) + 1, dtype=np.int64) + _FIRST) << _DROPPED
    return bits.view(np.float64) - SMALLEST


def table_of(function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Tabulate a function of one argument.

    Parameters
    ----------
    function : callable
        Takes an array of float64 and gives finite values. Where it jumps, the table rises within a step.

    Returns
    -------
    numpy.ndarray of float64, shape (2, n_steps, 4)
        The coefficients of the cubics of each step, for arguments from 0 on and for negative ones.
    """
    x = ends()
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
    for i in range(x.size):
        raised[i] = abs(x[i]) + SMALLEST
    bits = raised.view(np.int64)
    for i in range(x.size):
        step = (bits[i] >> _DROPPED) - _FIRST
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
