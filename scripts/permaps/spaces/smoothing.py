"""How maps are smoothed in each space."""

import math
from collections.abc import Callable
from functools import partial, singledispatch
from typing import TYPE_CHECKING

import numpy as np

from permaps.arithmetic.gaussian import filtered, sigma
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.workflow.errors import UserError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# As wide as a brain, in mm.
WIDEST = 200.0
# As wide as any image, in voxels. A wider kernel would only cost memory.
MOST_VOXELS = 2000
# Share of a value that leaves a vertex in one step, at most: below a half, no step overshoots.
MOST_IN_A_STEP = 0.45
# Rates beyond this quantile are those of a few degenerate triangles, and would make all steps tiny.
SOUND = 0.999


@singledispatch
def smoother(space: Space, fwhm: float | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that smooths a map of a space, NaN and infinity counting as 0.

    Parameters
    ----------
    space : permaps.spaces.space.Space
        Before voxels or vertices leave it for their values.
    fwhm : float or None
        Full width at half maximum in mm; 0 or None: no smoothing.

    Returns
    -------
    callable
        Takes and gives a map with all values that were read.
    """
    return _finite


@smoother.register
def _(space: Volume, fwhm):
    return partial(smooth_volume, affine=space.affine, fwhm=fwhm)


@smoother.register
def _(space: Surface, fwhm):
    if not fwhm:
        return _finite
    if fwhm > WIDEST:
        raise UserError(
            f"smoothing_fwhm: found {fwhm:g} mm, wider than a brain; expected at most {WIDEST:g} mm. "
            "Is the mesh in mm?"
        )
    return partial(_diffused, *diffusion(space, fwhm))


@smoother.register
def _(space: Grayordinates, fwhm):
    if not fwhm:
        return _finite
    inside, parts = np.flatnonzero(space.mask), []
    for elements, part in space.parts.values():
        smooth = smoother(part, fwhm)
        # Beyond the voxels nothing is known: a weighted mean of those that are there, not a value next to zeros.
        weights = None if isinstance(part, Surface) else smooth(part.mask.astype(np.float32))[part.mask]
        parts.append((inside[elements], part.mask, smooth, weights))
    return partial(_smoothed_by_part, parts)


def _smoothed_by_part(parts, data):
    smoothed = _finite(data)
    for places, mask, smooth, weights in parts:
        whole = np.zeros(mask.shape, data.dtype)
        whole[mask] = smoothed[places]
        values = smooth(whole)[mask]
        smoothed[places] = values if weights is None else values / weights
    return smoothed


def _finite(data):
    return np.where(np.isfinite(data), data, data.dtype.type(0))


def smooth_volume(data: np.ndarray, affine: np.ndarray, fwhm: float | None) -> np.ndarray:
    """Smooth a volume with a Gaussian, NaN and infinity counting as 0, as nilearn's maskers do.

    Parameters
    ----------
    data : numpy.ndarray, shape (x, y, z)
    affine : numpy.ndarray, shape (4, 4)
    fwhm : float or None
        Full width at half maximum in mm; 0 or None: no smoothing.
    """
    if not fwhm:
        return _finite(data)
    check_kernel("smoothing_fwhm", fwhm, affine)
    return filtered(_finite(data), sigma(affine, fwhm), "reflect")


def check_kernel(key: str, fwhm: float, affine: np.ndarray) -> None:
    """Refuse a Gaussian that is wider than any image, as where an affine is in metres.

    Parameters
    ----------
    key : str
        The config key, for the message.
    fwhm : float
        In mm.
    affine : numpy.ndarray, shape (4, 4)
    """
    smallest = np.sqrt((affine[:3, :3] ** 2).sum(axis=0)).min()
    if fwhm > MOST_VOXELS * smallest:
        raise UserError(
            f"{key}: found {fwhm:g} mm, which are {fwhm / smallest:,.0f} voxels of {smallest:g} mm; expected at most "
            f"{MOST_VOXELS:,} voxels. Are the maps' affines in mm? (nibabel.load(map).affine)"
        )


def diffusion(space: Surface, fwhm: float) -> tuple["csr_array", int]:
    """Return one step of heat diffusion on a mesh, and how many of them make a Gaussian.

    The heat kernel of a surface is its Gaussian (Chung et al. 2005, NeuroImage 25:1256-1265). Between the
    vertices of a triangle, heat flows in proportion to the cotangent of the angle opposite to their edge, and
    changes a vertex by the area that belongs to it (Desbrun et al. 1999). Where this is negative, nothing flows,
    so that every step is a weighted mean of neighbours. No heat enters or leaves at the edge of the mask.

    Parameters
    ----------
    space : permaps.spaces.surface.Surface
    fwhm : float
        In mm.

    Returns
    -------
    step : scipy.sparse.csr_array, shape (n_vertices, n_vertices)
    count : int
    """
    from scipy.sparse import coo_array, eye_array

    n = len(space.mask)
    inside = space.mask[space.triangles].all(axis=1)
    corners = space.triangles[inside].astype(np.int64)
    one, other, flow = [], [], []
    for k in range(3):
        apex, a, b = (space.places[corners[:, (k + i) % 3]].astype(float) for i in range(3))
        u, v = a - apex, b - apex
        across = np.cross(u, v)
        sine = np.sqrt((across * across).sum(axis=1))
        cotangent = np.where(sine > 0, (u * v).sum(axis=1) / np.maximum(sine, 1e-12), 0.0)
        one.append(corners[:, (k + 1) % 3])
        other.append(corners[:, (k + 2) % 3])
        flow.append(cotangent / 2)
    one, other, flow = map(np.concatenate, (one, other, flow))
    joined = coo_array(
        (np.tile(flow, 2), (np.concatenate([one, other]), np.concatenate([other, one]))), shape=(n, n)
    ).tocsr()
    joined.sum_duplicates()
    joined.data = np.maximum(joined.data, 0.0)
    rates = joined.sum(axis=1) / np.maximum(space.areas, 1e-12)
    sound = float(np.quantile(rates[rates > 0], SOUND)) if (rates > 0).any() else 1.0
    # The variance of the kernel grows by twice the time along each direction.
    time = (fwhm / math.sqrt(8 * math.log(2))) ** 2 / 2
    count = max(1, math.ceil(time * sound / MOST_IN_A_STEP))
    share = np.minimum(rates * (time / count), MOST_IN_A_STEP)
    scale = np.divide(share, joined.sum(axis=1), out=np.zeros(n), where=rates > 0)
    rows = np.repeat(np.arange(n), np.diff(joined.indptr))
    joined.data *= scale[rows]
    return (
        eye_array(n, format="csr") * 1.0
        - coo_array((share, (np.arange(n),) * 2), shape=(n, n)).tocsr()
        + joined
    ).tocsr(), count


def _diffused(step, count, data):
    values = _finite(data).astype(float)
    for _ in range(count):
        values = step @ values
    return values.astype(data.dtype)
