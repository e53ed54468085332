"""The numbers that matter of a run, one row per contrast and statistic."""

import numpy as np
import pandas as pd

from permaps.permutation.correction import observed_p
from permaps.permutation.thresholds import critical_value, p_interval, significant
from permaps.spaces.space import Space
from permaps.spaces.volume import Volume


def columns(space: Space | type[Space]) -> list[str]:
    """Return the columns of the table, for a space or its class."""
    return [
        "contrast",
        "statistic",
        f"n_significant_{space.elements}",
        "n_clusters",
        *space.place_columns,
        "peak_value",
        "p_fwe",
        "observed_max",
        "critical_value",
        "critical_low",
        "critical_high",
        "n_relabellings",
        "alpha",
    ]


def bonferroni_row(
    contrast: str, statistic: str, values: np.ndarray, logp: np.ndarray, space: Space, alpha: float
) -> dict:
    """Return the row of the parametric test, whose peak is the element of the smallest p.

    Parameters
    ----------
    contrast : str
    statistic : {"t", "F"}
    values, logp : array, shape (n_elements,)
        t or F, and -log10 corrected p.
    space : permaps.spaces.space.Space
    alpha : float
    """
    peak = np.argmax(np.abs(values))
    return {
        "contrast": contrast,
        "statistic": f"{statistic}, Bonferroni",
        f"n_significant_{space.elements}": int(significant(logp, alpha).sum()),
        **space.where(peak),
        "peak_value": values[peak],
        "p_fwe": 10.0 ** -logp[peak],
        "alpha": alpha,
    }


def permutation_row(
    contrast: str,
    stat: str,
    voxel_stat: str,
    clusters: pd.DataFrame,
    logp: np.ndarray,
    null: np.ndarray,
    alpha: float,
    space: Space | type[Space],
    exact: bool,
) -> dict:
    """Return the row of one permutation statistic.

    Parameters
    ----------
    contrast, stat : str
    voxel_stat : str
        The clusters' column that holds the value at a peak.
    clusters : pandas.DataFrame
        The statistic's table, most significant cluster first.
    logp : array
        -log10 FWE p.
    null : array, shape (1 + N,)
    alpha : float
    space : permaps.spaces.space.Space, or its class
    exact : bool
        Whether the null is of all distinct relabellings.

    Returns
    -------
    dict
        Without a significant cluster there is no peak, and p is that of the observed maximum.
    """
    value, low, high = critical_value(null, alpha, exact)
    row = {
        "contrast": contrast,
        "statistic": stat,
        f"n_significant_{space.elements}": int(significant(logp, alpha).sum()),
        "n_clusters": int(clusters["cluster"].nunique()),
        "p_fwe": observed_p(null, stat),
        "observed_max": null[0],
        "critical_value": value,
        "critical_low": low,
        "critical_high": high,
        "n_relabellings": len(null) - 1,
        "alpha": alpha,
    }
    if len(clusters):
        top = clusters.iloc[0]
        row |= {column: top[column] for column in space.place_columns}
        row |= {"peak_value": top[voxel_stat], "p_fwe": top["p_fwe"]}
    return row


def small_volume_row(logp: np.ndarray, values: np.ndarray, space: Space, alpha: float, drawn: dict) -> dict:
    """Return what one statistic finds in a small volume.

    Parameters
    ----------
    logp : array, shape (n_elements,)
        -log10 FWE p within the volume.
    values : array, shape (n_elements,)
        t or F: of the elements with the smallest p, as all of a cluster have, the place is that of the
        largest.
    space : permaps.spaces.space.Space
        The volume, within the analysis mask.
    alpha : float
    drawn : dict
        `n_relabellings` and `exact`.
    """
    # A p that differs by rounding alone is the same.
    best = logp >= logp.max() - 1e-6
    peak = np.argmax(np.where(best, np.abs(values), -1))
    p = 10.0 ** -logp[peak]
    low, high = p_interval(p, **drawn)
    return {
        f"n_{space.elements}": space.n_elements,
        "p_fwe": p,
        "p_fwe_low": float(low),
        "p_fwe_high": float(high),
        **space.where(peak),
        "peak_value": values[peak],
        f"n_significant_{space.elements}": int(significant(logp, alpha).sum()),
        "n_relabellings": drawn["n_relabellings"],
        "alpha": alpha,
    }


def relabelled(numbers: pd.DataFrame, contrast: str) -> pd.DataFrame:
    """Return the rows of a contrast that have p by relabelling, of a table as `as_table` gives it."""
    return numbers[(numbers["contrast"] == contrast) & numbers["n_relabellings"].notna()]


def as_table(rows: list[dict], space: Space | type[Space] = Volume) -> pd.DataFrame:
    """Return the rows as a table with all columns, counts as whole numbers."""
    table = pd.DataFrame(rows, columns=columns(space))
    for name in (f"n_significant_{space.elements}", "n_clusters", "n_relabellings"):
        table[name] = table[name].astype("Int64")
    return table
