"""How statistics of relabellings are computed: one interface for all models."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from permaps.statistics.compiled import compiled

# The maximum of each relabelling from `source`, `sign` and counts, which it raises.
Maxima = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


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

    def maxima(self, both_signs: bool, reached: np.ndarray) -> Maxima:
        """Return what gives the maxima of relabellings, where nothing else is asked of their maps.

        Parameters
        ----------
        both_signs : bool
            Whether the maximum is over absolute values.
        reached : numpy.ndarray of float64, shape (n_elements,)
            What is counted at each element: how many relabellings reach it.

        Returns
        -------
        callable
            Takes `source` and `sign` as `values` does, and the counts so far, int64 of shape (n_elements,), to which
            it adds. Returns the maximum of each relabelling, float64 of shape (n_relabellings,).
        """

        def of(source, sign, exceedances):
            # With one tail, all elements can be negative.
            largest = np.full(len(source), -np.inf)
            for first, values in self.values(source, sign):
                collect(values, first, both_signs, reached, largest, exceedances, NO_HEIGHTS)
            return largest

        return of


NO_HEIGHTS = np.empty((0, 0), np.float32)


@compiled
def collect(
    values: np.ndarray, first: int, both_signs: bool, reached: np.ndarray, maxima: np.ndarray,
    exceedances: np.ndarray, heights: np.ndarray,
) -> None:  # fmt: skip
    """Take from a stretch of maps what is kept of them.

    Parameters
    ----------
    values : float64, shape (n_relabellings, n)
    first : int
        The stretch's first element.
    both_signs, reached
        As for `Evaluator.maxima`.
    maxima : float64, shape (n_relabellings,)
        Raised where the stretch has a higher value.
    exceedances : int64, shape (n_elements,)
        Raised where values reach `reached`.
    heights : float32, shape (n_relabellings or more, n_elements)
        The maps; or of no rows, if they are not kept.
    """
    n = min(values.shape[1], reached.size - first)
    size = np.empty(n)
    # Each loop does one thing, and maxima are taken over halves: the compiler then uses vectors.
    for j in range(values.shape[0]):
        for v in range(n):
            size[v] = abs(values[j, v]) if both_signs else values[j, v]
        for v in range(n):
            exceedances[first + v] += size[v] >= reached[first + v]
        if heights.shape[0]:
            for v in range(n):
                heights[j, first + v] = values[j, v]
        maxima[j] = max(maxima[j], highest(size))


@compiled
def highest(values: np.ndarray) -> float:
    """Return the maximum of values, shape (n,), which are lost."""
    n = values.size
    while n > 1:
        half = (n + 1) // 2
        for v in range(n - half):
            values[v] = max(values[v], values[half + v])
        n = half
    return values[0]


def side_by_side(
    evaluated: Sequence[Iterator[tuple[int, np.ndarray]]], n_elements: int
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Yield the statistics of several evaluators together, a stretch of elements at a time.

    Parameters
    ----------
    evaluated : sequence of iterator
        What `Evaluator.values` gives, of the same relabellings and elements. Their stretches may differ.
    n_elements : int

    Yields
    ------
    first : int
        The stretch's first element.
    values : list of numpy.ndarray of float64, shape (n_relabellings, n)
        Of each evaluator; used again for the next stretch.
    """
    current = [next(stretches) for stretches in evaluated]
    first = 0
    while True:
        stop = min(n_elements, *(start + values.shape[1] for start, values in current))
        yield first, [values[:, first - start : stop - start] for start, values in current]
        if stop == n_elements:
            return
        first = stop
        current = [
            next(stretches) if start + values.shape[1] == stop else (start, values)
            for stretches, (start, values) in zip(evaluated, current, strict=True)
        ]


class Estimator(Protocol):
    """A model that can be evaluated on maps."""

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
