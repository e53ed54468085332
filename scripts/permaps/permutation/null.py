"""The null distribution of the maximum over a map."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from permaps.design.exchangeability import Exchangeability
from permaps.permutation.correction import margin
from permaps.permutation.relabelling import relabellings
from permaps.statistics.enhanced_maps import tfce_map
from permaps.statistics.enhancement import Workspace
from permaps.statistics.evaluator import Estimator, collect
from permaps.statistics.interfaces import Adjacency
from permaps.statistics.registry import ENHANCED_TIE
from permaps.statistics.sorted_p import Curves, Scale, joined
from permaps.statistics.tabulated import rescale

# In the order in which the kernel returns their maxima.
ENHANCED = ("tfce", "cluster_size", "cluster_mass")


@dataclass(frozen=True)
class Enhancement:
    """How a map of the statistic is turned into TFCE and clusters.

    Attributes
    ----------
    adjacency : permaps.spaces.adjacency.Adjacency
    extent, height : float
        The exponents E and H of TFCE.
    threshold : float
        The statistic that forms clusters.
    uncorrected : bool
        Whether TFCE is counted at every voxel too, which needs its whole map for each relabelling.
    """

    adjacency: Adjacency
    extent: float
    height: float
    threshold: float
    uncorrected: bool = False

    @property
    def parts(self) -> dict:
        """All elements as one part without a name."""
        return {"": (slice(None), self)}

    def tfce_reach(self, heights: np.ndarray, both_signs: bool) -> np.ndarray:
        """Return the TFCE of every element, without its sign."""
        return np.abs(tfce_map(heights, self.adjacency, self.extent, self.height, both_signs))


@dataclass(frozen=True)
class ByPart:
    """How each of several parts of a map is enhanced, on its own.

    Attributes
    ----------
    parts : dict of str to (slice, Enhancement)
        By name, the elements of each part and how they are enhanced.
    """

    parts: dict[str, tuple[slice, Enhancement]]

    @property
    def uncorrected(self) -> bool:
        """Whether TFCE is counted at every element too."""
        return any(part.uncorrected for _, part in self.parts.values())

    def tfce_reach(self, heights: np.ndarray, both_signs: bool) -> np.ndarray:
        """Return the TFCE of every element, without its sign."""
        return np.concatenate(
            [part.tfce_reach(heights[inside], both_signs) for inside, part in self.parts.values()]
        )


def of_part(name: str, part: str) -> str:
    """Return the name of the maxima of a part; a part without a name is all there is."""
    return f"{name}_{part}" if part else name


def null_maxima(
    maps: np.ndarray,
    estimator: Estimator,
    exchangeability: Exchangeability,
    seed: int,
    start: int,
    stop: int,
    *,
    is_f: bool,
    both_signs: bool,
    enhancement: Enhancement | ByPart | None = None,
    scale: Scale | None = None,
    rescaled: np.ndarray | None = None,
    memory_mb: float = 1000,
    progress: Callable[[int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Compute the maxima over voxels for relabellings start to stop - 1.

    Parameters
    ----------
    maps : array of float32, shape (n_participants, n_voxels)
        May be a memory map.
    estimator : permaps.statistics.evaluator.Estimator
    exchangeability : permaps.design.exchangeability.Exchangeability
    seed, start, stop : int
    is_f : bool
        F, or else t.
    both_signs : bool
        Whether the maximum is over |t|.
    enhancement : Enhancement or ByPart, optional
        Without it, only the voxel statistic is computed.
    scale : permaps.statistics.sorted_p.Scale, optional
        The p of what is enhanced. Without it, there are no curves.
    rescaled : numpy.ndarray, optional
        The table (`permaps.statistics.tabulated`) that turns the statistic into what is enhanced; None if that is
        the statistic itself.
    memory_mb : float
        Memory for the data.
    progress : callable, optional
        Called with the number of relabellings done so far.

    Returns
    -------
    dict
        `index`, `voxel` and, with an enhancement, `tfce`, `cluster_size` and `cluster_mass`, each of length
        stop - start, or these of every part, with its name at the end; `voxel_exceedances` and, on request,
        `tfce_exceedances`, of length n_voxels: how many of these relabellings reach the observed statistic at
        each voxel. With a scale, the curve of the sorted p of each relabelling: `curve_length` of length
        stop - start, and `curve_rank` and `curve_p` with the vertices of all, one after the other.
    """
    n_voxels = maps.shape[1]
    evaluator = estimator.evaluator(maps, is_f, memory_mb / 2)
    # The rest of the memory is for the heights of a batch.
    batch = max(1, min(evaluator.batch, int(memory_mb / 2 * 2**20 / (n_voxels * 4))))
    observed = _observed(evaluator, exchangeability, n_voxels)
    reached = np.abs(observed) if both_signs else observed
    reached = reached - margin(reached)
    # With one tail, all voxels can be negative.
    voxel, exceedances = np.full(stop - start, -np.inf), np.zeros(n_voxels, np.int64)
    maxima_of = evaluator.maxima(both_signs, reached)
    enhanced = None
    if enhancement:
        enhanced = _Enhanced(enhancement, heights_of(observed, rescaled), both_signs, stop - start)
    curves, vertices = Curves(scale, n_voxels) if scale else None, []
    heights = np.empty((batch if enhanced or curves else 0, n_voxels), np.float32)
    for first in range(start, stop, batch):
        last = min(first + batch, stop)
        labelled = relabellings(exchangeability, seed, first, last)
        maxima = voxel[first - start : last - start]
        if len(heights):
            for at, values in evaluator.values(*labelled):
                collect(values, at, both_signs, reached, maxima, exceedances, heights)
            if rescaled is not None:
                rescale(rescaled, heights[: last - first])
        else:
            maxima[:] = maxima_of(*labelled, exceedances)
        if enhanced:
            enhanced.add(first - start, heights[: last - first])
        if curves:
            vertices += [curves.of(one) for one in heights[: last - first]]
        if progress:
            progress(last - start)
    result = {"index": np.arange(start, stop), "voxel": voxel, "voxel_exceedances": exceedances}
    if enhanced:
        result |= enhanced.found
    return result | joined(vertices) if curves else result


class _Enhanced:
    """What is found in the maps of relabellings once they are enhanced: `found`, as `null_maxima` returns it.

    Parameters
    ----------
    enhancement : Enhancement or ByPart
    observed : numpy.ndarray of float32, shape (n_voxels,)
        What is enhanced of the observed map.
    both_signs : bool
    n : int
        How many relabellings there will be.
    """

    def __init__(self, enhancement, observed, both_signs, n):
        self.enhancement, self.both_signs = enhancement, both_signs
        self.workspaces = {
            name: Workspace(part.adjacency, part.extent) for name, (_, part) in enhancement.parts.items()
        }
        self.found = {of_part(name, part): np.zeros(n) for part in enhancement.parts for name in ENHANCED}
        if enhancement.uncorrected:
            reached = enhancement.tfce_reach(observed, both_signs)
            self.reached = reached - margin(reached, ENHANCED_TIE)
            self.found["tfce_exceedances"] = np.zeros(len(observed), np.int64)

    def add(self, at, heights):
        """Take the maxima of some maps, shape (n_maps, n_voxels), of which the first is relabelling `at` of them."""
        for i, one in enumerate(heights, start=at):
            for part, (inside, how) in self.enhancement.parts.items():
                maxima = self.workspaces[part].maxima(one[inside], self.both_signs, how.height, how.threshold)
                for name, value in zip(ENHANCED, maxima, strict=True):
                    self.found[of_part(name, part)][i] = value
            if self.enhancement.uncorrected:
                self.found["tfce_exceedances"] += (
                    self.enhancement.tfce_reach(one, self.both_signs) >= self.reached
                )


def heights_of(statistic: np.ndarray, rescaled: np.ndarray | None = None) -> np.ndarray:
    """Return what is enhanced of a map, float32 of its shape: as relabellings have it.

    Parameters
    ----------
    statistic : numpy.ndarray of float64, shape (n_elements,)
    rescaled : numpy.ndarray, optional
        As for `null_maxima`.
    """
    heights = statistic.astype(np.float32)
    if rescaled is not None:
        rescale(rescaled, heights[None])
    return heights


def observed_statistic(
    maps: np.ndarray, estimator: Estimator, exchangeability: Exchangeability, *, is_f: bool
) -> np.ndarray:
    """Return the statistic of the observed labelling, float64 of shape (n_voxels,).

    It uses the same products as the relabelled statistics, so the two can be compared to the last bit.

    Parameters
    ----------
    maps, estimator, exchangeability, is_f
        As for `null_maxima`.
    """
    return _observed(estimator.evaluator(maps, is_f, 0), exchangeability, maps.shape[1])


def _observed(evaluator, exchangeability, n_voxels):
    observed = np.empty(n_voxels)
    for first, values in evaluator.values(*relabellings(exchangeability, 0, 0, 1)):
        observed[first : first + values.shape[1]] = values[0, : n_voxels - first]
    return observed
