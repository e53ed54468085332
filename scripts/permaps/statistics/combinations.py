"""Non-parametric combination: the p of partial tests at an element, combined into one statistic.

Winkler et al. 2016 (HBM 37:1486-1511), table 1. The p are parametric, as a scale that partial tests share; what the
combination is worth is found by relabelling all partial tests alike. So dependence between them does no harm. Every
combination here is larger the smaller the p are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, chdtrc, comb, erfc, fdtrc, gammaln, ndtri_exp, stdtr, stdtrit, xlogy

from permaps.statistics.combining import COUNT, CUT, CUT_SUM, LARGEST, SMALLEST_OF, STRENGTH, SUM
from permaps.statistics.deviates import MOST_LOG, log_of
from permaps.statistics.tabulated import MORE_OCTAVES, OCTAVES, table_of


@dataclass(frozen=True)
class Partial:
    """A partial test: how p follows from its statistic.

    Attributes
    ----------
    dof, n_interest : int
        Residual degrees of freedom of an element with all participants, and rows of the contrast.
    is_f : bool
        F, or else t.
    two_sided : bool
        Whether p of t is that of its absolute value.
    """

    dof: int
    n_interest: int
    is_f: bool
    two_sided: bool

    def log_p(self, values: np.ndarray) -> np.ndarray:
        """Return the natural log of p."""
        if self.is_f:
            return log_of(fdtrc(self.n_interest, self.dof, np.maximum(values, 0)))
        if self.two_sided:
            return np.minimum(np.log(2) + log_of(stdtr(self.dof, -np.abs(values))), 0)
        return log_of(stdtr(self.dof, -values))

    def log_rest(self, values: np.ndarray) -> np.ndarray:
        """Return the natural log of 1 - p."""
        if not (self.is_f or self.two_sided):
            return log_of(stdtr(self.dof, values))
        return np.log(-np.expm1(np.minimum(self.log_p(values), MOST_LOG)))


def _minus_log(partial, k, values):
    return -partial.log_p(values)


def _minus_log_rest(partial, k, values):
    return -partial.log_rest(values)


def _twice(function):
    return lambda partial, k, values: 2 * function(partial, k, values)


def _normal(partial, k, values):
    small, large = partial.log_p(values), partial.log_rest(values)
    upper = -ndtri_exp(np.minimum(small, -np.log(2)))
    lower = ndtri_exp(np.minimum(large, -np.log(2)))
    return np.where(small < -np.log(2), upper, lower) / np.sqrt(k)


def _student(partial, k, values):
    """Return the t of p, over the standard deviation of a sum of k of them."""
    dof = max(partial.dof, 3)  # with fewer, t has no variance
    return -stdtrit(partial.dof, np.exp(np.minimum(partial.log_p(values), MOST_LOG))) / np.sqrt(
        k * dof / (dof - 2)
    )


def _rest(partial, k, values):
    return -np.expm1(partial.log_p(values))


def _logit(partial, k, values):
    scale = np.sqrt(3 * (5 * k + 4) / (k * np.pi**2 * (5 * k + 2)))
    return scale * (partial.log_rest(values) - partial.log_p(values))


def _upper_normal(values):
    return erfc(values / np.sqrt(2)) / 2


def _irwin_hall(total, k):
    """Return the probability that k uniform numbers sum up to at most `total`."""
    total = np.clip(total, 0, k)
    terms = [
        (-1.0) ** j * comb(k, j) * np.maximum(total - j, 0) ** k / np.exp(gammaln(k + 1))
        for j in range(k + 1)
    ]
    return np.clip(sum(terms), 0, 1)


def _truncated(product, k):
    """Return the p of the product of the p that are at most CUT (Zaykin et al. 2002, eq. 1), by its -log."""
    product = np.maximum(product, 0)
    w, total = np.exp(-product), np.zeros(np.shape(product))
    for n in range(1, k + 1):
        full = CUT**n
        below = w <= full
        series = sum(
            np.exp(xlogy(s, np.maximum(product + n * np.log(CUT), 0)) - gammaln(s + 1)) for s in range(n)
        )
        total += comb(k, n) * (1 - CUT) ** (k - n) * np.where(below, w * series, full)
    return np.where(product > 0, np.minimum(total, 1), 1.0)


@dataclass(frozen=True)
class Combination:
    """A way to combine p.

    Attributes
    ----------
    transforms : tuple of callable
        Of a partial test, the number of them, and values of its statistic: what is joined. Of several, the largest
        combination counts.
    how : int
        How these of all partial tests are joined.
    p : callable
        The p of a combination of k independent partial tests, which sets the threshold of clusters.
    octaves : int
        Of the tables of the transforms.
    """

    transforms: tuple[Callable, ...]
    how: int
    p: Callable
    octaves: int = OCTAVES


def _of_smallest(log, k):
    return -np.expm1(k * np.log1p(-np.exp(np.minimum(-log, MOST_LOG))))


def _chi2(total, k):
    return chdtrc(2 * k, np.maximum(total, 0))


def _binomial(count, k):
    return np.where(count > 0.5, bdtrc(np.clip(np.round(count) - 1, 0, k), k, CUT), 1.0)


COMBINATIONS = {
    "tippett": Combination((_minus_log,), LARGEST, _of_smallest),
    "fisher": Combination((_twice(_minus_log),), SUM, _chi2),
    "pearson_david": Combination((_twice(_minus_log), _twice(_minus_log_rest)), SUM, _chi2, MORE_OCTAVES),
    "stouffer": Combination((_normal,), SUM, lambda c, k: _upper_normal(c)),
    "wilkinson": Combination((_minus_log,), COUNT, _binomial),
    "winer": Combination((_student,), SUM, lambda c, k: _upper_normal(c)),
    "edgington": Combination((_rest,), SUM, lambda c, k: _irwin_hall(k - c, k)),
    "mudholkar_george": Combination((_logit,), SUM, lambda c, k: stdtr(5 * k + 4, -c)),
    "friston": Combination((_minus_log,), SMALLEST_OF, lambda c, k: np.exp(np.minimum(-k * c, 0))),
    "zaykin": Combination((_minus_log,), CUT_SUM, _truncated),
    "taylor_tibshirani": Combination((_rest,), STRENGTH, lambda c, k: _upper_normal(c * np.sqrt(k))),
    # The largest p, which holds if one test or more has no effect: see `permaps.permutation.conjunction`.
    "conjunction": Combination((_minus_log,), SMALLEST_OF, lambda c, k: np.exp(np.minimum(-c, 0))),
}


def tables_of(name: str, partials: list[Partial]) -> np.ndarray:
    """Return what partial statistics are turned into, before they are joined.

    Parameters
    ----------
    name : str
        Of the combination.
    partials : list of Partial

    Returns
    -------
    numpy.ndarray of float64, shape (n_transforms, n_partials, 2, n_steps, 4)
    """
    combination, k = COMBINATIONS[name], len(partials)
    return np.stack(
        [
            [table_of(lambda x, one=one, of=of: of(one, k, x), combination.octaves) for one in partials]
            for of in combination.transforms
        ]
    )


def log_p_of(name: str, k: int, n_ways: int, combined: np.ndarray) -> np.ndarray:
    """Return the natural log of the p that a combination has if its k partial tests are independent.

    Parameters
    ----------
    name : str
    k, n_ways : int
        Partial tests, and ways to combine them of which the best counts.
    combined : array of float
    """
    p = COMBINATIONS[name].p(np.asarray(combined, float), k)
    return np.minimum(log_of(p) + np.log(n_ways), 0.0)


def smallest_log_p(values: list[np.ndarray], partials: list[Partial]) -> np.ndarray:
    """Return the natural log of the smallest p of the partial tests at every element."""
    return np.min([one.log_p(own) for one, own in zip(partials, values, strict=True)], axis=0)
