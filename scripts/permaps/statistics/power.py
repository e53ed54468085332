"""Powers with the same bits on every processor.

The C library's pow, which compiled code also calls, rounds differently with fused multiply-add, and numpy's
with AVX-512. Here x^y = (2^e)^y c^y (1 + d)^y. The first two factors come from tables that are computed with
exact decimals, and the last one from its series.
"""

import math
from decimal import Context, Decimal
from functools import lru_cache

import numpy as np

from permaps.statistics.compiled import compiled

_DIGITS = Context(prec=36, Emax=999999, Emin=-999999)
# Exponents of doubles, with a mantissa from 1 to 2.
_LOWEST, _HIGHEST = -1074, 1023
# Points c from 1 to 2: enough to keep d below 2^-8 and the series short.
_POINTS = 256
# The remainder is below the last bit of a double for exponents up to 20.
_TERMS = 8


@lru_cache
def tables(exponent: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple]:
    """Return what `raised` needs for an exponent.

    Parameters
    ----------
    exponent : float

    Returns
    -------
    scale : numpy.ndarray
        2^(e exponent) for the exponents of doubles.
    root, inverse : numpy.ndarray, shape (n_points,)
        c^exponent and 1 / (n_points c), for c from 1 to 2 in equal steps.
    series : tuple of 8 float
        Coefficients of (1 + d)^exponent, starting with that of d.
    """
    y = Decimal(float(exponent))
    step = _DIGITS.power(Decimal(2), y)
    scale = [_DIGITS.power(Decimal(2), _DIGITS.multiply(y, Decimal(_LOWEST)))]
    for _ in range(_LOWEST, _HIGHEST):
        scale.append(_DIGITS.multiply(scale[-1], step))
    points = range(_POINTS, 2 * _POINTS)
    root = [_DIGITS.power(_DIGITS.divide(Decimal(i), Decimal(_POINTS)), y) for i in points]
    series = [float(exponent)]
    for k in range(1, _TERMS):
        series.append(series[-1] * (exponent - k) / (k + 1))
    return (
        np.array([float(x) for x in scale]),
        np.array([float(x) for x in root]),
        1.0 / np.array(points),
        tuple(series),
    )


@compiled
def raised(
    x: float, scale: np.ndarray, root: np.ndarray, inverse: np.ndarray, series: tuple[float, ...]
) -> float:
    """Return x to the power of the tables' exponent, to a few units of its last place; 0 for 0.

    Parameters
    ----------
    x : float
        Finite, 0 or more.
    scale, root, inverse, series
        From `tables`.
    """
    if x == 0.0:
        return 0.0
    mantissa, e = math.frexp(x)
    # frexp's mantissa is from 1/2 to 1. The part beyond a whole number is exact.
    position = mantissa * (2 * _POINTS)
    i = int(position)
    d = (position - i) * inverse[i - _POINTS]
    # Written out, because a loop takes ten times as long.
    s0, s1, s2, s3, s4, s5, s6, s7 = series
    total = d * (s0 + d * (s1 + d * (s2 + d * (s3 + d * (s4 + d * (s5 + d * (s6 + d * s7)))))))
    return scale[e - 1 - _LOWEST] * (root[i - _POINTS] * (1.0 + total))


@compiled
def all_raised(
    values: np.ndarray, scale: np.ndarray, root: np.ndarray, inverse: np.ndarray, series: tuple[float, ...]
) -> np.ndarray:
    """Return the powers of an array, shape (n,)."""
    result = np.empty(values.size)
    for k in range(values.size):
        result[k] = raised(values[k], scale, root, inverse, series)
    return result
