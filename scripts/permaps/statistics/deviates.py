"""The normal deviate with the same p as a joint statistic: one scale for all of them, on which they are enhanced."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri_exp

from permaps.statistics.tabulated import table_of

# Smaller p, and p closer to 1, are not told apart.
LEAST_LOG, MOST_LOG = -690.0, -1e-13


def log_of(p: np.ndarray) -> np.ndarray:
    """Return the natural log of p, not below `LEAST_LOG`."""
    return np.maximum(np.log(p, out=np.full(np.shape(p), LEAST_LOG), where=np.asarray(p) > 0), LEAST_LOG)


def deviates_of(log_p: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the table (`permaps.statistics.tabulated`) of the normal deviate of a statistic.

    Parameters
    ----------
    log_p : callable
        The natural log of p of values of the statistic.
    """
    return table_of(lambda values: -ndtri_exp(np.clip(log_p(values), LEAST_LOG, MOST_LOG)))


def reached_at(log_p: Callable[[np.ndarray], np.ndarray], p: float) -> float:
    """Return the value of the statistic that has a p; `log_p` falls as the statistic rises."""
    low, high = -100.0, 10_000.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.exp(log_p(middle)) > p:
            low = middle
        else:
            high = middle
    return high
