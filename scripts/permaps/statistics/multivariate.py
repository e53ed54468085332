"""Multivariate tests of several inputs at an element, and the parametric p that they have if residuals are normal.

With E the cross products of the residuals of q inputs and H those of what a contrast of s rows explains, all are
functions of the roots of H against E (λ) or against E + H (θ = λ / (1 + λ)). They are written such that larger values
speak more against no effect. With one row, or one input, there is one root, and all say the same as Hotelling's T2,
which is λ times the degrees of freedom.

The p are a scale: of what is enhanced, of the threshold of clusters and of Bonferroni's correction. What a value is
worth is found by relabelling.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from permaps.statistics.deviates import log_of
from permaps.statistics.glm import log_p
from permaps.statistics.roots import CCA, LAWLEY, PILLAI, ROY_II, ROY_III, WILKS

# Gamma distribution near that of Tracy and Widom for real matrices (Chiani 2014, J Multivar Anal 129:69-81).
SHAPE, SCALE, SHIFT = 46.446, 0.186054, 9.84801


@dataclass(frozen=True)
class Multivariate:
    """A multivariate test.

    Attributes
    ----------
    how : int
        Which function of the roots, as in `permaps.statistics.roots`.
    log_p : callable
        The natural log of p of its values, given the number of inputs, the rows of the contrast and the residual
        degrees of freedom.
    """

    how: int
    log_p: Callable


def _of_one_root(ratio, q, s, dof):
    """Return that of λ where it is the only root, which is exact: s inputs and q rows could change places."""
    many, left = max(q, s), dof - q + min(q, s)
    return log_p(ratio * left / many, many, left)


def _wilks(values, q, s, dof):
    """Rao (1951, Bull Int Stat Inst 33:177-180): exact with at most two inputs or rows."""
    below = q * q + s * s - 5
    root = np.sqrt((q * q * s * s - 4) / below) if below > 0 else 1.0
    left = (dof - (q - s + 1) / 2) * root - (q * s - 2) / 2
    with np.errstate(over="ignore"):
        return log_p(np.minimum(np.expm1(values / root), 1e300) * left / (q * s), q * s, left)


def _pillai(values, q, s, dof):
    """Pillai (1955, Ann Math Stat 26:117-121)."""
    r = min(q, s)
    many, left = r * max(q, s), r * (dof - q + r)
    share = np.clip(values / r, 0, 1 - 1e-15)
    return log_p(share / (1 - share) * left / many, many, left)


def _lawley(values, q, s, dof):
    """McKeon (1974, Biometrika 61:381-383); with few participants Pillai and Samson (1959, Biometrika 46:160-168)."""
    r, n = min(q, s), (dof - q - 1) / 2
    if n > 1:
        b = (q + 2 * n) * (s + 2 * n) / (2 * (2 * n + 1) * (n - 1))
        left = 4 + (q * s + 2) / (b - 1)
        c = (2 + (q * s + 2) / (b - 1)) / (2 * n)
        return log_p(values / c * left / (q * s), q * s, left)
    many, left = r * max(q, s), max(2 * (r * n + 1), 1)
    return log_p(values / r * left / many, many, left)


def _largest(ratio, q, s, dof):
    """Johnstone (2009, Ann Appl Stat 3:1616-1633): the logit of θ is nearly a Tracy-Widom variable."""
    if min(q, s) == 1:
        return _of_one_root(ratio, q, s, dof)
    n = dof + s - 1
    one, other = (2 * np.arcsin(np.sqrt((k - 0.5) / n)) for k in (min(q, s), max(q, s)))
    center = 2 * np.log(np.tan((one + other) / 2))
    width = np.cbrt(16 / n**2 / (np.sin(one + other) ** 2 * np.sin(one) * np.sin(other)))
    x = (np.log(np.maximum(ratio, 1e-300)) - center) / width
    return log_of(gammaincc(SHAPE, np.maximum(x + SHIFT, 0) / SCALE))


def _ratio(share):
    """Return λ of θ."""
    share = np.clip(share, 0, 1 - 1e-15)
    return share / (1 - share)


MULTIVARIATE = {
    "wilks": Multivariate(WILKS, _wilks),
    "pillai": Multivariate(PILLAI, _pillai),
    "lawley": Multivariate(LAWLEY, _lawley),
    "roy_ii": Multivariate(ROY_II, _largest),
    "roy_iii": Multivariate(ROY_III, lambda values, *numbers: _largest(_ratio(values), *numbers)),
    "cca": Multivariate(CCA, lambda values, *numbers: _largest(_ratio(np.square(values)), *numbers)),
}


def log_p_of(name: str, n_inputs: int, n_interest: int, dof: int, values: np.ndarray) -> np.ndarray:
    """Return the natural log of the parametric p of a multivariate test.

    Parameters
    ----------
    name : str
    n_inputs, n_interest, dof : int
        Inputs, rows of the contrast, and residual degrees of freedom, which are more than inputs.
    values : array of float
        Of the test, as written by `permaps.statistics.roots`.
    """
    values = np.maximum(np.asarray(values, float), 0.0)
    return np.minimum(MULTIVARIATE[name].log_p(values, n_inputs, n_interest, dof), 0.0)
