"""How many elements of a set are truly active, at least: bounds that hold for all sets at once.

The thresholds t_k = level (k - shift) / (m - shift) are calibrated so that, with probability 1 - alpha, none of
the k-th smallest p of the elements without an effect is at most t_k, for any k > shift. Then at most k - 1 of
those elements have p of at most t_k, so a set S has at most

    V(S) = min over k > shift of #{v in S: p_v > t_k} + k - 1

elements without an effect (Blanchard, Neuvial & Roquain 2020, Ann. Statist. 48:1281-1303), however it was chosen.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from permaps.statistics.registry import TIE


def calibrated(pivotal: np.ndarray, alpha: float) -> float:
    """Return the level of the thresholds: the largest pivotal statistic that few enough reach.

    It is the floor(alpha (N + 1))-th smallest. If others equal it, so that more relabellings than those have
    one of at most that, it is the next smaller one.

    Parameters
    ----------
    pivotal : array of float, shape (1 + N,)
        Of every relabelling, the observed one included.
    alpha : float

    Returns
    -------
    float
        0 if 1 / (N + 1) > alpha: then no element counts as active.
    """
    ordered = np.sort(pivotal)
    allowed = int(np.floor(alpha * len(ordered) + 1e-9))
    at_most = np.searchsorted(ordered, ordered * (1 + TIE), side="right")
    return float(ordered[at_most <= allowed].max(initial=0.0))


@dataclass(frozen=True)
class Bound:
    """A bound on the false discoveries of any set of elements.

    Attributes
    ----------
    level : float
        From `calibrated`.
    shift : int
    p : numpy.ndarray of float, shape (n_elements,)
        Of all elements that were tested.
    """

    level: float
    shift: int
    p: np.ndarray

    @classmethod
    def read(cls, null: str | Path, observed: str | Path, shift: int, alpha: float) -> Self:
        """Return the bound of an analysis.

        Parameters
        ----------
        null : path
            As `merge_nulls` writes it.
        observed : path
            As `permaps.permutation.observed.Observed` writes it.
        shift : int
            The one that the null was merged for.
        alpha : float
        """
        with np.load(null, allow_pickle=False) as stored, np.load(observed, allow_pickle=False) as maps:
            return cls(calibrated(stored["tdp"], alpha), shift, maps["p"])

    def active(self, elements: np.ndarray) -> int:
        """Return how many elements of a set are active, at least.

        Parameters
        ----------
        elements : array of int
            Their numbers.
        """
        return int(self._active(np.sort(self.p[elements]), [len(elements)])[0])

    def active_among_smallest(self, sizes: np.ndarray) -> np.ndarray:
        """Return how many of the elements with the smallest p are active, at least.

        Parameters
        ----------
        sizes : array of int
            How many elements there are in each set.

        Returns
        -------
        numpy.ndarray of int, shape of `sizes`
        """
        return self._active(np.sort(self.p), sizes)

    def _active(self, ordered, sizes):
        """Return n - V(S) for the sets of the first elements, which are in the order of their p."""
        k = np.arange(self.shift + 1, len(ordered) + 1)
        steps = (k - self.shift) / max(len(self.p) - self.shift, 1)
        # A p that equals a threshold up to rounding reaches it.
        at_most = np.searchsorted(ordered, self.level * steps * (1 + TIE), side="right")
        return np.array([(np.minimum(at_most, n) - k + 1).max(initial=0) for n in sizes])
