"""A Gaussian filter with the same bits on every processor of a kind: scipy's, with our own weights.

scipy's filter is compiled once for all processors. Its weights are not portable: numpy's exp is a different
function with AVX-512, and the C library's exp is different with fused multiply-add.
"""

import math
from collections.abc import Iterable
from decimal import Context, Decimal

import numpy as np

_DIGITS = Context(prec=30)


def exponential(x: float) -> float:
    """Return e^x of a float, correctly rounded."""
    return float(_DIGITS.exp(Decimal(float(x))))


def sigma(affine: np.ndarray, fwhm: float) -> np.ndarray:
    """Return the standard deviation of a Gaussian along each axis, in voxels.

    Parameters
    ----------
    affine : numpy.ndarray, shape (4, 4)
    fwhm : float
        Full width at half maximum, in mm.
    """
    return fwhm / np.sqrt(8 * math.log(2)) / np.sqrt((affine[:3, :3] ** 2).sum(axis=0))


def weights(width: float, truncate: float = 4.0) -> np.ndarray:
    """Return a Gaussian's weights up to `truncate` standard deviations. They sum to 1.

    Parameters
    ----------
    width : float
        Standard deviation, in voxels.
    truncate : float

    Returns
    -------
    numpy.ndarray, of odd length
    """
    reach = int(truncate * float(width) + 0.5)
    ratios = [offset / float(width) for offset in range(-reach, reach + 1)]
    values = [exponential(-0.5 * (ratio * ratio)) for ratio in ratios]
    return np.array(values) / math.fsum(values)


def filtered(volume: np.ndarray, widths: Iterable[float], mode: str, truncate: float = 4.0) -> np.ndarray:
    """Return a volume, filtered along each axis, in its own precision.

    Parameters
    ----------
    volume : numpy.ndarray of float, shape (x, y, z)
    widths : sequence of three float
        Standard deviation along each axis, in voxels; 0 leaves it as it is.
    mode : str
        How the volume continues beyond its edge, as for `scipy.ndimage.correlate1d`.
    truncate : float
    """
    from scipy.ndimage import correlate1d

    for axis, width in enumerate(widths):
        if width > 0:
            volume = correlate1d(volume, weights(width, truncate), axis, output=volume.dtype, mode=mode)
    return volume
