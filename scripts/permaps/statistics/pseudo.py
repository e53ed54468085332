"""Pseudo-t: a t with a variance that is smoothed over space, for small samples.

With few participants, the residual variance is a noisy estimate, and a large t is often just a small
variance. Smoothing the variance over space helps. The result does not follow a t distribution, but its null
comes from relabelling anyway (Nichols & Holmes 2002, HBM 15:1-25).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from permaps.statistics.evaluator import Evaluator
from permaps.statistics.smoothing import Smoothing
from permaps.statistics.voxelwise import VoxelModels


@dataclass(frozen=True)
class SmoothedVariance:
    """A model whose residual variance is smoothed.

    Attributes
    ----------
    models : VoxelModels
        With a contrast of one row.
    mask : numpy.ndarray of bool, shape (x, y, z)
        Its true voxels, in C order, are those of the maps.
    sigma : sequence of three float
        Standard deviation of the Gaussian along each axis, in voxels.
    """

    models: VoxelModels
    mask: np.ndarray
    sigma: np.ndarray

    def evaluator(self, maps: np.ndarray, is_f: bool, memory_mb: float) -> "SmoothedVarianceEvaluator":
        """Return what computes the statistic of these maps for any relabelling."""
        return SmoothedVarianceEvaluator(self, maps, memory_mb)


class SmoothedVarianceEvaluator(Evaluator):
    """The pseudo-t of relabellings.

    Parameters
    ----------
    model : SmoothedVariance
    maps : array of float32, shape (n_participants, n_voxels)
    memory_mb : float
        Half of it for what is made of the maps, half for a batch: score and variance of each relabelling.
    """

    def __init__(self, model: SmoothedVariance, maps: np.ndarray, memory_mb: float):
        self.n_voxels = maps.shape[1]
        self.inner = model.models.evaluator(maps, False, memory_mb / 2)
        room = memory_mb / 2 * 2**20 / (2 * 8 * self.n_voxels)
        self.batch = int(np.clip(room, 1, self.inner.batch))
        self.smooth = Smoothing(model.mask, model.sigma)
        # Smoothed voxels with a variance, and which these are: the same for all relabellings, as a rule.
        self.share, self.known = np.empty(0), np.empty(0)

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (0, pseudo-t of shape (n_relabellings, n_voxels))."""
        score, variance = np.empty((2, len(source), self.n_voxels))
        for first, _, *parts, _, _ in self.inner.stretches(source, sign, len(source)):
            for whole, part in zip((score, variance), parts, strict=True):
                stretch = whole[:, first : first + part.shape[1]]
                stretch[:] = part[:, : stretch.shape[1]]
        for row, spread in zip(score, variance, strict=True):
            known = spread > 0
            # Divided by the smoothed mask, so that its edge does not lower the variance. Voxels without a
            # variance, where too few participants have data, must not lower it either.
            if not np.array_equal(known, self.known):
                self.share, self.known = np.maximum(self.smooth(known.astype(float)), 1e-12), known
            spread[:] = np.sqrt(self.smooth(spread) / self.share)
            np.divide(row, spread, out=row, where=spread > 0)
        yield 0, score
