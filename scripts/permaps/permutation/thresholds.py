"""Thresholds: what forms clusters, and from a null of maxima what is critical and how a corrected p converges."""

import numpy as np
from scipy.special import bdtr, bdtrik, fdtri, ndtri, stdtrit

from permaps.workflow.errors import UserError

# Level of all intervals.
CONFIDENCE = 0.95


def significant(logp: np.ndarray, alpha: float) -> np.ndarray:
    """Return where corrected p, given as -log10 p of any shape, is at most alpha.

    Maps are float32, so the -log10 of a p that equals alpha may be rounded up or down. Two different p values
    of a permutation test are never that close.
    """
    return np.asarray(logp) >= -np.log10(alpha) - 1e-6


def critical_value(null: np.ndarray, alpha: float, exact: bool = False) -> tuple[float, float, float]:
    """Return the value that a statistic must exceed to be significant, and its confidence interval.

    The interval comes from the binomial distribution of the ranks that the true quantile may have, so it assumes
    nothing about the shape of the null.

    Parameters
    ----------
    null : array, shape (1 + N,)
        Maxima; index 0 is the observed labelling, which counts as one of the relabellings.
    alpha : float
        Corrected level.
    exact : bool
        Whether these are all distinct relabellings. Then the value has no error.

    Returns
    -------
    value, low, high : float
        A statistic is significant if it is above `value`, which is infinite if 1 / (N + 1) > alpha, because
        then no statistic can be significant. `high` is infinite if too few maxima are larger.
    """
    descending = np.sort(null)[::-1]
    n = len(descending)
    # p counts the maxima that reach the statistic: the largest `allowed` of them may.
    allowed = int(np.floor(alpha * n + 1e-9))
    if allowed == 0:
        return np.inf, float(descending[0]), np.inf
    value = float(descending[allowed])
    if exact:
        return value, value, value
    tail = (1 - CONFIDENCE) / 2
    fewest, most = (_binomial_quantile(share, n, alpha) for share in (tail, 1 - tail))
    high = descending[fewest - 1] if fewest > 0 else np.inf
    return value, float(descending[min(most, n - 1)]), float(high)


def _binomial_quantile(share, n, p):
    """As `scipy.stats.binom.ppf`, which takes a second to import, in each of many jobs."""
    rank = int(np.ceil(bdtrik(share, n, p)))
    # The inverse is rounded, and a rank too high where it should be whole.
    return rank - 1 if rank > 0 and bdtr(rank - 1, n, p) >= share else rank


def wilson_interval(
    hits: np.ndarray, draws: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a probability, from `hits` in `draws` (Wilson 1927, JASA 22:209).

    Parameters
    ----------
    hits, draws : array of int, of one shape
    confidence : float

    Returns
    -------
    low, high : array, of the same shape
        0 and 1 if there are no draws.
    """
    hits, draws = np.asarray(hits, float), np.asarray(draws, float)
    z2 = ndtri((1 - confidence) / 2) ** 2
    centre = (hits + z2 / 2) / (draws + z2)
    # Under the root: hits (draws - hits) / draws, which is 0 if there are no draws.
    spread = hits * (draws - hits) / np.maximum(draws, 1)
    half = np.sqrt(z2 * (spread + z2 / 4)) / (draws + z2)
    # Both ends are set exactly, where rounding would miss them by the last bit.
    return np.where(hits > 0, centre - half, 0.0), np.where(hits < draws, centre + half, 1.0)


def p_interval(p: np.ndarray, n_relabellings: int, exact: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the p that infinitely many relabellings would give.

    Parameters
    ----------
    p : array
        Corrected p, the observed labelling included.
    n_relabellings : int
        Besides the observed one, which counts in p but not in the interval, because it is not a random draw.
    exact : bool
        Whether these are all distinct relabellings. Then p has no error.

    Returns
    -------
    low, high : array, shape of `p`
    """
    p = np.asarray(p, float)
    if exact:
        return p, p
    hits = np.clip(np.rint(p * (n_relabellings + 1)) - 1, 0, n_relabellings)
    return wilson_interval(hits, n_relabellings)


def settling(null: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how the corrected p of one voxel or cluster converges with the number of relabellings.

    Parameters
    ----------
    null : array, shape (1 + N,)
        Maxima in the order of their relabelling index.
    p : float
        Final corrected p. The k-th largest maximum, k = p (N + 1), is the smallest that reaches the
        statistic, so p alone determines which maxima reach it, and the statistic itself is not needed.

    Returns
    -------
    p_so_far, low, high : array, shape (1 + N,)
        At entry j, p and its Wilson interval after j relabellings. The observed labelling counts in p but not in the
        interval, because it is not a random draw.
    """
    null = np.asarray(null, dtype=float)
    n = len(null)
    k = int(np.clip(round(p * n), 1, n))
    least = np.partition(null, n - k)[n - k]
    draws = np.arange(n)
    hits = np.concatenate([[0], np.cumsum(null[1:] >= least)])
    low, high = wilson_interval(hits, draws)
    return (1 + hits) / (1 + draws), low, high


def cluster_threshold(cluster_p: float, dof: int, n_interest: int, is_f: bool, both_signs: bool) -> float:
    """Return the statistic with the uncorrected p `cluster_p`, or half of it per tail if two-sided.

    Parameters
    ----------
    cluster_p : float
        In (0, 1): a p, not a statistic (3.0 would silently give no clusters).
    dof, n_interest : int
    is_f, both_signs : bool
    """
    if not 0 < cluster_p < 1:
        raise UserError(
            f"inference.cluster_p: {cluster_p} is not a p value. Expected a number between 0 and 1."
        )
    if is_f:
        threshold = fdtri(n_interest, dof, 1 - cluster_p)
    else:
        threshold = -stdtrit(dof, cluster_p / 2 if both_signs else cluster_p)
    # Rounded, because the last digits of the C library's functions differ between processors.
    return float(f"{threshold:.12g}")
