"""What is read at the peaks of a cluster table, by column: effect sizes and corrected p."""

import numpy as np
from scipy.special import log_ndtr, stdtr, stdtrit

from permaps.permutation.smallest import over_all
from permaps.permutation.thresholds import CONFIDENCE, p_interval

# Log p of a map's deviate that differs by less than this, relatively, differs by rounding to 32 bits alone.
ROUNDED = 1e-6


def corrected_p(
    stat: str, logp: dict[str, np.ndarray], drawn: dict, over_statistics: np.ndarray
) -> dict[str, np.ndarray]:
    """Return corrected p by column: of a statistic with its interval, of the others, and over all of them.

    Parameters
    ----------
    stat : str
    logp : dict of str to numpy.ndarray, shape (n_elements,)
        -log10 FWE p by statistic.
    drawn : dict
        How many relabellings there were, as `permaps.permutation.thresholds.p_interval` takes it.
    over_statistics : numpy.ndarray
        The smallest p over statistics of every relabelling.

    Returns
    -------
    dict of numpy.ndarray, shape (n_elements,)
    """
    p = {"p_fwe": 10.0 ** -logp[stat]}
    p["p_fwe_low"], p["p_fwe_high"] = p_interval(p["p_fwe"], **drawn)
    p |= {f"p_fwe_{other}": 10.0**-values for other, values in logp.items() if other != stat}
    return p | ({"p_any": over_all(p["p_fwe"], over_statistics)} if len(logp) > 1 else {})


def effect_sizes(
    voxel_stat: str, magnitude: np.ndarray, statistic: np.ndarray, deviates: np.ndarray | None, plan: dict
) -> dict[str, np.ndarray]:
    """Return effect sizes by column: an effect with its interval for t, partial R2 for F, z of a joint test.

    Parameters
    ----------
    voxel_stat : str
    magnitude, statistic : numpy.ndarray, shape (n_elements,)
        Effect and t, partial R2 and F, or z and how a joint test combines.
    deviates : numpy.ndarray, shape (n_elements,), or None
        z of t.
    plan : dict
        That of the contrast.

    Returns
    -------
    dict of numpy.ndarray, shape (n_elements,)
    """
    if voxel_stat == "F":
        return {"partialr2": magnitude}
    if voxel_stat != "t":
        return {"z_combined": magnitude}
    low, high = effect_interval(magnitude, statistic, dof_of(statistic, deviates, residual_dof(plan)))
    return {"effect": magnitude, "effect_low": low, "effect_high": high}


def residual_dof(plan: dict) -> int:
    """Return a contrast's residual degrees of freedom from its plan: the last of one or two numbers."""
    return int(np.atleast_1d(plan["dof"])[-1])


def dof_of(t: np.ndarray, z: np.ndarray, most: int) -> np.ndarray:
    """Return the degrees of freedom by which t have the p of normal deviates.

    They differ between elements where participants are missing or groups have variances of their own.

    Parameters
    ----------
    t, z : array, shape (n_elements,)
        As `permaps.statistics.glm` gives them.
    most : int
        Of all participants, with one variance.

    Returns
    -------
    array of float, shape (n_elements,)
    """
    t, log_p = -np.abs(t), log_ndtr(-np.abs(z))
    with np.errstate(divide="ignore"):
        differ = np.abs(np.log(stdtr(most, t)) - log_p) > ROUNDED * (1 + np.abs(log_p))
        low, high = np.full(differ.sum(), 0.1), np.full(differ.sum(), float(most))
        for _ in range(50):
            middle = (low + high) / 2
            too_few = np.log(stdtr(middle, t[differ])) > log_p[differ]
            low, high = np.where(too_few, middle, low), np.where(too_few, high, middle)
    dof = np.full(t.shape, float(most))
    dof[differ] = high
    return dof


def effect_interval(
    effect: np.ndarray, t: np.ndarray, dof: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence interval of an effect from its t: the standard error is effect / t.

    Parameters
    ----------
    effect, t : array
    dof : float or array of the same shape

    Returns
    -------
    low, high : array
        nan where t is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.abs(effect / t) * stdtrit(dof, (1 + CONFIDENCE) / 2)
    return effect - half, effect + half
