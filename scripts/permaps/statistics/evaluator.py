"""How statistics of relabellings are computed: one interface for all models."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np


class Evaluator(Protocol):
    """The statistic of given maps, for any relabelling.

    Attributes
    ----------
    batch : int
        Best number of relabellings to compute at a time.
    """

    batch: int

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the statistic of some relabellings, a stretch of elements at a time.

        Parameters
        ----------
        source : numpy.ndarray of int, shape (n_relabellings, n_participants)
            The row of the design that each participant takes.
        sign : numpy.ndarray of int8, shape (n_relabellings, n_participants)

        Yields
        ------
        first : int
            The stretch's first element.
        values : numpy.ndarray of float64, shape (n_relabellings, n)
            May go beyond the last element, where it means nothing, and is used again for the next stretch.
            Its bits depend on the model, the maps and the relabelling alone, never on the split of work.
        """


class Estimator(Protocol):
    """A model that can be evaluated on maps.

    Attributes
    ----------
    dof : int
        Residual degrees of freedom of an element with all participants.
    n_interest : int
        Rows of the contrast.
    """

    dof: int
    n_interest: int

    def evaluator(self, maps: np.ndarray, is_f: bool, memory_mb: float) -> Evaluator:
        """Return the evaluator of maps (float32, participants x elements, maybe a memory map).

        Parameters
        ----------
        maps : array of float32, shape (n_participants, n_elements)
        is_f : bool
            F, or else t.
        memory_mb : float
            What it may hold in memory.
        """
