"""The far tail of a null of maxima, from a generalised Pareto distribution.

By counting, no p can be below 1 / (1 + N). The excess of the largest maxima over a threshold follows a
generalised Pareto distribution, and its fit extends further (Winkler et al. 2016, NeuroImage 141:502-516). A
fit is used only if an Anderson-Darling test does not reject it. If it does, the threshold is raised.
"""

from dataclasses import dataclass

import numpy as np

from permaps.permutation.correction import fwe_p

# Share of the maxima above the first threshold, and how much smaller it gets with each further threshold.
LARGEST, STEP, FEWEST = 0.25, 0.9, 20
# Smaller p come from the fit, larger p from counting.
USED_UP_TO = 0.1
# Level of the Anderson-Darling test, and number of simulated data sets for its null distribution.
REFUTED, SIMULATED = 0.05, 500


@dataclass(frozen=True)
class Tail:
    """A generalised Pareto tail: the excess over `threshold` of the `share` of maxima that reach it.

    Attributes
    ----------
    threshold, scale, shape : float
        With a negative shape the tail has an end, beyond which p would be 0.
    share : float
    n : int
        Maxima in the tail.
    p_fit : float
        Of the Anderson-Darling test; nan if no threshold gave a fit.
    """

    threshold: float
    scale: float
    shape: float
    share: float
    n: int
    p_fit: float

    @property
    def fits(self) -> bool:
        """Whether there is a fit that was not rejected."""
        return bool(self.p_fit > REFUTED)


def fit_tail(maxima: np.ndarray, seed: int = 0) -> Tail:
    """Fit the tail of a null.

    Parameters
    ----------
    maxima : array of float, shape (1 + n_relabellings,)
    seed : int
        For the simulated data sets that test the fit.
    """
    ordered = np.sort(maxima)
    n = int(LARGEST * len(ordered))
    generator = np.random.default_rng(seed)
    while n >= FEWEST:
        threshold = (ordered[-n - 1] + ordered[-n]) / 2
        excess = ordered[-n:] - threshold
        if excess[-1] > excess[0]:
            scale, shape = (float(value[0]) for value in _moments(excess))
            distance = anderson_darling(excess, scale, shape)
            simulated = np.sort(_draw(generator, (SIMULATED, n), scale, shape))
            null = anderson_darling(simulated, *_moments(simulated))
            p_fit = (1 + (null >= distance).sum()) / (1 + SIMULATED)
            if p_fit > REFUTED:
                return Tail(float(threshold), scale, shape, n / len(ordered), n, float(p_fit))
        n = int(n * STEP)
    return Tail(float("nan"), float("nan"), float("nan"), 0.0, 0, float("nan"))


def tail_p(observed: np.ndarray, maxima: np.ndarray, tail: Tail, tie: float) -> np.ndarray:
    """Return corrected p, from the tail where it applies and otherwise by counting.

    Parameters
    ----------
    observed : array of float
    maxima : array of float, shape (1 + n_relabellings,)
    tail : Tail
    tie : float
        As for `permaps.permutation.correction.fwe_p`.

    Returns
    -------
    numpy.ndarray of float, shape of `observed`
        Never below 2^-52, not even beyond the end of the tail.
    """
    p = fwe_p(observed, maxima, tie)
    if not tail.fits:
        return p
    reached = (observed > tail.threshold) & (p <= USED_UP_TO)
    beyond = _survival(observed[reached] - tail.threshold, tail.scale, tail.shape)
    p[reached] = np.maximum(tail.share * beyond, 2.0**-52)
    return p


def _moments(excess):
    """Scale and shape by the method of moments (Hosking & Wallis 1987), over the last axis."""
    mean, variance = excess.mean(axis=-1, keepdims=True), excess.var(axis=-1, ddof=1, keepdims=True)
    ratio = mean**2 / variance
    return mean * (ratio + 1) / 2, (1 - ratio) / 2


def _survival(excess, scale, shape):
    if abs(shape) < 1e-9:
        return np.exp(-excess / scale)
    return np.maximum(1 + shape * excess / scale, 0.0) ** (-1 / shape)


def _draw(generator, size, scale, shape):
    uniform = generator.random(size)
    if abs(shape) < 1e-9:
        return -scale * np.log1p(-uniform)
    return scale * ((1 - uniform) ** -shape - 1) / shape


def anderson_darling(excess: np.ndarray, scale: float | np.ndarray, shape: float | np.ndarray) -> np.ndarray:
    """Return the Anderson-Darling distance of sorted excesses from a fit, over the last axis.

    Parameters
    ----------
    excess : array of float, shape (..., n)
        Ascending.
    scale, shape : float or array, shape (..., 1)
        Of the generalised Pareto distribution.

    Returns
    -------
    array of float, shape (...)
    """
    n = excess.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.maximum(1 + shape * excess / scale, 0.0)
        survival = np.where(np.abs(shape) < 1e-9, np.exp(-excess / scale), inside ** (-1 / shape))
    survival = np.clip(survival, 1e-15, 1 - 1e-15)
    weight = 2 * np.arange(1, n + 1) - 1
    terms = np.log1p(-survival) + np.log(survival[..., ::-1])
    return -n - (weight * terms).sum(axis=-1) / n
