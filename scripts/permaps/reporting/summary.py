"""The numbers that matter of a run, one row per contrast and statistic."""

import numpy as np
import pandas as pd
from nibabel.affines import apply_affine

from permaps.permutation.thresholds import critical_value, p_interval, reached, significant

COLUMNS = [
    "contrast",
    "statistic",
    "n_significant_voxels",
    "n_clusters",
    "x",
    "y",
    "z",
    "peak_value",
    "p_fwe",
    "observed_max",
    "critical_value",
    "critical_low",
    "critical_high",
    "n_relabellings",
    "alpha",
]


def bonferroni_row(contrast, letter, values, logp, affine, alpha):
    """Return the row of the parametric test, whose peak is the voxel of the smallest p."""
    peak = np.unravel_index(np.argmax(np.abs(values)), values.shape)
    place = affine[:3, :3] @ peak + affine[:3, 3]
    return dict(
        zip(COLUMNS, [contrast, f"{letter}, Bonferroni", int(significant(logp, alpha).sum())], strict=False)
    ) | {
        **dict(zip("xyz", place, strict=True)),
        "peak_value": values[peak],
        "p_fwe": 10.0 ** -logp[peak],
        "alpha": alpha,
    }


def permutation_row(contrast, stat, letter, clusters, logp, null, alpha):
    """Return the row of one permutation statistic.

    Parameters
    ----------
    contrast, stat : str
    letter : {"t", "F"}
        The clusters' column that holds the value at a peak.
    clusters : pandas.DataFrame
        The statistic's table, most significant cluster first.
    logp : array
        -log10 FWE p.
    null : array, shape (1 + N,)
    alpha : float

    Returns
    -------
    dict
        Without a significant cluster there is no peak, and p is that of the observed maximum.
    """
    value, low, high = critical_value(null, alpha)
    row = {
        "contrast": contrast,
        "statistic": stat,
        "n_significant_voxels": int(significant(logp, alpha).sum()),
        "n_clusters": int(clusters["cluster"].nunique()),
        "p_fwe": reached(null, null[0]),
        "observed_max": null[0],
        "critical_value": value,
        "critical_low": low,
        "critical_high": high,
        "n_relabellings": len(null) - 1,
        "alpha": alpha,
    }
    if len(clusters):
        top = clusters.iloc[0]
        row |= {"x": top["x"], "y": top["y"], "z": top["z"], "peak_value": top[letter], "p_fwe": top["p_fwe"]}
    return row


def small_volume_row(logp, values, inside, affine, alpha, drawn):
    """Return what one statistic finds in a small volume.

    Parameters
    ----------
    logp : array, shape (x, y, z)
        -log10 FWE p within the volume.
    values : array, shape (x, y, z)
        t or F: of the voxels with the smallest p, as all of a cluster have, the place is that of the
        largest.
    inside : bool array, shape (x, y, z)
        The volume, within the analysis mask.
    affine : array, shape (4, 4)
    alpha : float
    drawn : dict
        `n_relabellings` and `exact`.

    Returns
    -------
    dict
    """
    # A p that differs by rounding alone is the same.
    best = inside & (logp >= logp[inside].max() - 1e-6)
    voxel = np.unravel_index(np.argmax(np.where(best, np.abs(values), -1)), values.shape)
    p = 10.0 ** -logp[voxel]
    low, high = p_interval(p, **drawn)
    return {
        "n_voxels": int(inside.sum()),
        "p_fwe": p,
        "p_fwe_low": float(low),
        "p_fwe_high": float(high),
        **dict(zip("xyz", apply_affine(affine, voxel), strict=True)),
        "peak_value": values[voxel],
        "n_significant_voxels": int((inside & significant(logp, alpha)).sum()),
        "n_relabellings": drawn["n_relabellings"],
        "alpha": alpha,
    }


def as_table(rows):
    """Return the rows as a table with all columns, counts as whole numbers."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("n_significant_voxels", "n_clusters", "n_relabellings"):
        table[name] = table[name].astype("Int64")
    return table
