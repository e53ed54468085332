"""p values from null distributions, and their correction for multiple tests."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from permaps.statistics.registry import STATISTICS, TIE


def read_maxima(path: str | Path, stats: Iterable[str]) -> dict[str, np.ndarray]:
    """Read the maxima of every relabelling from a merged null.

    Parameters
    ----------
    path : path
        .npz, as `merge_nulls` writes it.
    stats : iterable of str
        Names of statistics as in file names.

    Returns
    -------
    dict of numpy.ndarray of float, shape (1 + n_relabellings,)
        By those names, the observed labelling first.
    """
    with np.load(path, allow_pickle=False) as stored:
        return {stat: stored[STATISTICS[stat].key] for stat in stats}


def margin(observed: np.ndarray, tie: float = TIE) -> np.ndarray:
    """Return how far below `observed` a statistic still counts as a tie, shape of `observed`."""
    return tie * np.maximum(np.abs(observed), 1.0)


def fwe_p(observed: np.ndarray, maxima: np.ndarray, tie: float = TIE) -> np.ndarray:
    """Family-wise-error-corrected p: the share of relabellings whose maximum reaches a value.

    Parameters
    ----------
    observed : array of float, of any shape
    maxima : array of float, shape (1 + n_relabellings,)
        The observed labelling's maximum counts too, so p is never 0 (Phipson & Smyth 2010, SAGMB 9:39).
    tie : float
        Relative difference up to which two values are equal: see `permaps.statistics.registry`.

    Returns
    -------
    numpy.ndarray of float, shape of `observed`
    """
    ordered = np.sort(maxima)
    reached = len(ordered) - np.searchsorted(ordered, observed - margin(observed, tie), side="left")
    return np.maximum(reached, 1) / len(ordered)


def observed_p(maxima: np.ndarray, stat: str) -> float:
    """Return the corrected p of the observed maximum: the first of `maxima`, of shape (1 + n_relabellings,)."""
    return float(fwe_p(maxima[0], maxima, STATISTICS[stat].tie))


def bonferroni_p(p: np.ndarray) -> np.ndarray:
    """P of n tests, shape (n,), times their number, cut at 1."""
    return np.minimum(p * np.size(p), 1.0)


def fdr_p(p: np.ndarray) -> np.ndarray:
    """P of n tests, shape (n,), adjusted for the false discovery rate (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(p, method="bh")


def minus_log10(p: np.ndarray) -> np.ndarray:
    """-log10 p, without a negative zero."""
    return np.abs(np.log10(p))
