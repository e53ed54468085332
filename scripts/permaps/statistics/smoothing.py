"""A Gaussian filter of values at the voxels of a mask, compiled: for a map of every relabelling."""

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

    def __init__(self, mask, sigma):
        at = np.argwhere(mask)
        self.shape = tuple(int(k) for k in np.ptp(at, axis=0) + 1)
        self.position = np.ravel_multi_index(tuple((at - at.min(axis=0)).T), self.shape)
        self.weights = [weights(width) if width > 0 else np.ones(1) for width in sigma]
        self.volumes = np.zeros((2, int(np.prod(self.shape))))

    def __call__(self, values):
        """Return smoothed values, in an array of their own.

        Parameters
        ----------
        values : numpy.ndarray of float64, shape (n_voxels,)
        """
        one, other = self.volumes
        one[:] = 0.0
        one[self.position] = values
        for axis, weight in enumerate(self.weights):
            after = int(np.prod(self.shape[axis + 1 :]))
            _filter(
                one.reshape(-1, self.shape[axis], after), weight, other.reshape(-1, self.shape[axis], after)
            )
            one, other = other, one
        return one[self.position]


@compiled
def _filter(volume, weight, out):
    """Filter along the middle axis."""
    before, n, after = volume.shape
    reach = weight.size // 2
    for a in range(before):
        out[a] = 0.0
        if after == 1:
            # Values of a row are neighbours in memory, so it is shifted as a whole.
            row, to = volume[a].reshape(-1), out[a].reshape(-1)
            for k in range(-reach, reach + 1):
                w = weight[k + reach]
                for i in range(max(0, -k), min(n, n - k)):
                    to[i] = fma(w, row[i + k], to[i])
            continue
        for i in range(n):
            for k in range(max(-reach, -i), min(reach, n - 1 - i) + 1):
                w = weight[k + reach]
                for b in range(after):
                    out[a, i, b] = fma(w, volume[a, i + k, b], out[a, i, b])
