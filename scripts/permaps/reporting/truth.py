"""The findings in the simulated cohort, compared with the planted effects."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.ndimage import distance_transform_edt

from permaps.cohort.simulation import PSEUDO_MEAN, PSEUDO_SD

COLUMNS = (
    "where", "sign", "x", "y", "z", "peak_effect", "expected_t", "statistic",
    "n_voxels", "n_significant", "share", "detected",
)  # fmt: skip
# Regions with an expected peak |t| below this do not count as planted for a contrast.
LEAST = 1.0


def expected_weights(design: np.ndarray, contrast: np.ndarray, pseudo: np.ndarray) -> dict:
    """Return how strongly a contrast responds to each planted effect, in standard errors.

    A participant's map is mean + z * association, where z is the standardised pseudo. So for any design,
    least squares gives a weighted sum of the two. The noise has a standard deviation of 1.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
    contrast : numpy.ndarray, shape (n_columns,)
    pseudo : array of float, shape (n_participants,)
        NaN where it is missing, and then replaced by the mean.

    Returns
    -------
    dict
        "mean" and "pseudo" to expected t per unit of the planted effect, before smoothing.
    """
    z = np.nan_to_num((np.asarray(pseudo, float) - PSEUDO_MEAN) / PSEUDO_SD)
    found_by = contrast @ np.linalg.pinv(design)
    # The standard error of the contrast is the norm of its weights on the maps.
    found_by = found_by / np.linalg.norm(found_by)
    return {"mean": float(found_by.sum()), "pseudo": float(found_by @ z)}


def score(
    regions: pd.DataFrame,
    labels: np.ndarray,
    weights: dict,
    effects: dict[str, np.ndarray],
    statistic: np.ndarray,
    significant: dict[str, np.ndarray],
    mask: np.ndarray,
    voxel_size: Sequence[float],
    margin: float,
) -> pd.DataFrame:
    """Count true and false detections of a t contrast.

    Parameters
    ----------
    regions : pandas.DataFrame
        label, name, variate ("pseudo" or "mean"), peak_effect, x, y, z.
    labels : numpy.ndarray of int, shape (x, y, z)
    weights : dict
        From `expected_weights`.
    effects : dict of numpy.ndarray, shape (x, y, z)
        The planted effects, by variate.
    statistic : numpy.ndarray, shape (x, y, z)
        Signed t.
    significant : dict of numpy.ndarray of bool, shape (x, y, z)
        Significant voxels by each statistic.
    mask : numpy.ndarray of bool, shape (x, y, z)
    voxel_size : sequence of three float
        In mm.
    margin : float
        In mm. Significant voxels nearer than this to a planted one are due to smoothing.

    Returns
    -------
    pandas.DataFrame
        One row per region and statistic, then rows for voxels beside the regions and elsewhere.
    """
    expected = sum(weights[variate] * effect for variate, effect in effects.items())
    planted = np.zeros(mask.shape, bool)
    rows = []
    for region in regions.itertuples():
        inside = (labels == region.label) & mask
        values = expected[inside]
        peak = values[np.abs(values).argmax()] if values.size else 0.0
        if abs(peak) >= LEAST:
            planted |= inside
            rows += _of_region(region, inside, peak, statistic, significant)
    distance = distance_transform_edt(~planted, sampling=voxel_size) if planted.any() else np.inf
    near = distance <= margin
    for where, inside in (
        (f"beside a region, up to {margin:g} mm", mask & ~planted & near),
        ("elsewhere (false positives)", mask & ~planted & ~near),
    ):
        for name, marked in significant.items():
            rows.append({"where": where} | _counted(name, marked & inside, inside))
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_region(region, inside, peak, statistic, significant):
    """Return a row of a planted region for each statistic: what it finds there with the right sign."""
    right = inside & (np.sign(statistic) == np.sign(peak))
    place = {
        "where": region.name,
        "sign": "+" if peak > 0 else "-",
        **{axis: getattr(region, axis) for axis in "xyz"},
        "peak_effect": region.peak_effect,
        "expected_t": peak,
    }
    rows = []
    for name, marked in significant.items():
        counted = _counted(name, marked & right, inside)
        rows.append(place | counted | {"detected": "yes" if counted["n_significant"] else "no"})
    return rows


def _counted(statistic, hits, inside):
    n_hits, n = int(hits.sum()), int(inside.sum())
    return {
        "statistic": statistic,
        "n_voxels": n,
        "n_significant": n_hits,
        "share": n_hits / n if n else np.nan,
    }
