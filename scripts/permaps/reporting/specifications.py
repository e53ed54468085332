"""What a contrast shows in all of its specifications, as tables: what each of them finds, and how often."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from permaps.permutation.thresholds import significant
from permaps.spaces.space import Space


def said(value: object) -> str:
    """Return a value of the config as text of one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return ", ".join(f"{key}: {said(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(said, value))
    return str(value)


def found_in(
    numbers: pd.DataFrame, space: Space, voxel_stat: str, values: np.ndarray, effect: np.ndarray, element: int
) -> Iterator[dict]:
    """Yield what one specification finds, by statistic: at an element, at its peak, and how much is significant.

    Parameters
    ----------
    numbers : pandas.DataFrame
        Of the contrast: a row per statistic.
    space : permaps.spaces.space.Space
    voxel_stat : str
    values, effect : numpy.ndarray, shape (n_elements,)
    element : int
    """
    peak = int(np.argmax(np.abs(values)))
    for _, row in numbers.iterrows():
        yield (
            {"statistic": row["statistic"], "effect": effect[element], voxel_stat: values[element]}
            | space.where(element)
            | {f"peak_{voxel_stat}": values[peak], "peak_effect": effect[peak], "p_fwe": row["p_fwe"]}
            | {
                "extent": int(row[f"n_significant_{space.elements}"]),
                "significant": bool(significant(-np.log10(row["p_fwe"]), row["alpha"])),
            }
        )


def how_often(table: pd.DataFrame, alone: dict) -> pd.DataFrame:
    """Return how often a contrast is significant by each statistic, one row each.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per specification and statistic, with `statistic`, `significant`, `effect` and `p_fwe`.
    alone : dict of str to permaps.permutation.specifications.Together
        By statistic, where the specifications have the same relabellings.
    """
    rows = []
    for statistic, specifications in table.groupby("statistic", sort=False):
        known = alone.get(statistic)
        rows.append(
            {
                "statistic": statistic,
                "n_specifications": len(specifications),
                "n_significant": int(specifications["significant"].sum()),
                "share_significant": specifications["significant"].mean(),
                "p_as_many": known.p_as_many if known else np.nan,
                "smallest_p": specifications["p_fwe"].min(),
                "p_any": known.p_any if known else np.nan,
                "effect_median": specifications["effect"].median(),
                "effect_min": specifications["effect"].min(),
                "effect_max": specifications["effect"].max(),
            }
        )
    return pd.DataFrame(rows)
