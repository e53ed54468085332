"""A Gaussian filter of values at the voxels of a mask, compiled: for a map of every relabelling."""

from collections.abc import Iterable

import numpy as np

from permaps.arithmetic.gaussian import weights
from permaps.statistics.compiled import compiled, fma


class Smoothing:
    """Three filters of one dimension over the mask's box, with zeros beyond the mask.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (x, y, z)
    sigma : sequence of three float
        Standard deviation along each axis, in voxels; 0 leaves it as it is.
    """

    def __init__(self, mask: np.ndarray, sigma: Iterable[float]):
        at = np.argwhere(mask)
        self.shape = tuple(int(k) for k in np.ptp(at, axis=0) + 1)
        x, y, z = (at - at.min(axis=0)).T
        self.position = np.ravel_multi_index((x, y, z), self.shape)
        # Where voxels are when z comes first: along the last axis, a filter is slow.
        self.turned = np.ravel_multi_index((z, x, y), (self.shape[2], *self.shape[:2]))
        self.weights = [weights(width) if width > 0 else np.ones(1) for width in sigma]
        self.volumes = np.zeros((2, int(np.prod(self.shape))))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return smoothed values, in an array of their own.

        Parameters
        ----------
        values : numpy.ndarray of float64, shape (n_voxels,)
        """
        one, other = self.volumes
        one[:] = 0.0
        one[self.position] = values
        n, m, k = self.shape
        _filter(one.reshape(1, n, m * k), self.weights[0], other.reshape(1, n, m * k))
        _filter(other.reshape(n, m, k), self.weights[1], one.reshape(n, m, k))
        other.reshape(k, n * m)[:] = one.reshape(n * m, k).T
        _filter(other.reshape(1, k, n * m), self.weights[2], one.reshape(1, k, n * m))
        return one[self.turned]


@compiled
def _filter(volume, weight, out):
    """Filter along the middle axis."""
    before, n, after = volume.shape
    reach = weight.size // 2
    for a in range(before):
        out[a] = 0.0
        for i in range(n):
            for k in range(max(-reach, -i), min(reach, n - 1 - i) + 1):
                w = weight[k + reach]
                for b in range(after):
                    out[a, i, b] = fma(w, volume[a, i + k, b], out[a, i, b])
