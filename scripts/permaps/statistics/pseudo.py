"""Pseudo-t: a t with a variance that is smoothed over space, for small samples.

With few participants, the residual variance is a noisy estimate, and a large t is often just a small
variance. Smoothing the variance over space helps. The result does not follow a t distribution, but its null
comes from relabelling anyway (Nichols & Holmes 2002, HBM 15:1-25).
"""

from dataclasses import dataclass

import numpy as np

from permaps.arithmetic.gaussian import filtered
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

    @property
    def dof(self):
        """Residual degrees of freedom of a voxel with all participants, before smoothing."""
        return self.models.dof

    @property
    def n_interest(self):
        """Rows of the contrast."""
        return self.models.n_interest

    def evaluator(self, maps, is_f, memory_mb):
        """Return what computes the statistic of these maps for any relabelling."""
        return SmoothedVarianceEvaluator(self, maps, memory_mb)


class SmoothedVarianceEvaluator:
    """The pseudo-t of relabellings.

    Parameters
    ----------
    model : SmoothedVariance
    maps : array of float32, shape (n_participants, n_voxels)
    memory_mb : float
        Memory for the maps of a batch: effect, variance and scale of each relabelling.
    """

    def __init__(self, model, maps, memory_mb):
        self.model, self.n_voxels = model, maps.shape[1]
        self.inner = model.models.evaluator(maps, False, memory_mb)
        self.batch = int(np.clip(memory_mb * 2**20 / (3 * 8 * self.n_voxels), 1, 32))
        self.share = self._smooth(np.ones(self.n_voxels))

    def values(self, source, sign):
        """Yield (0, pseudo-t of shape (n_relabellings, n_voxels))."""
        effect, variance, scale = np.zeros((3, len(source), self.n_voxels))
        for first, *terms in self.inner.effects(source, sign):
            for whole, part in zip((effect, variance, scale), terms, strict=True):
                stretch = whole[:, first : first + part.shape[1]]
                stretch[:] = part[:, : stretch.shape[1]]
        for row in variance:
            # Divided by the smoothed mask, so that its edge does not lower the variance. Voxels without a
            # variance, where too few participants have data, must not lower it either.
            row[:] = self._smooth(row) / (
                self.share if row.all() else np.maximum(self._smooth(row > 0), 1e-12)
            )
        spread = np.sqrt(scale * variance)
        yield 0, np.divide(effect, spread, out=np.zeros_like(effect), where=spread > 0)

    def _smooth(self, values):
        volume = np.zeros(self.model.mask.shape)
        volume[self.model.mask] = values
        return filtered(volume, self.model.sigma, "constant")[self.model.mask]
