"""What a contrast shows in all of its specifications, as tables: what each of them finds, and how often."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from permaps.permutation.thresholds import significant
from permaps.reporting.results import relabelled
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


def tabulated(
    choices: dict[str, dict[str, str]],
    numbers: Sequence[pd.DataFrame],
    contrast: str,
    voxel_stat: str,
    maps: Sequence[tuple[Space, np.ndarray, np.ndarray, int]],
) -> pd.DataFrame:
    """Return what each specification finds by each statistic: at an element, at its peak, and its extent.

    Parameters
    ----------
    choices : dict of str to dict of str to str
        By the name of the analysis: the value of each key that is crossed.
    numbers : sequence of pandas.DataFrame
        The summary table of each.
    contrast, voxel_stat : str
    maps : sequence of (permaps.spaces.space.Space, array, array, int)
        Of each, its space, its voxel statistic and its effect, shape (n_elements,), and the element.
    """
    rows = []
    for (name, chosen), table, (space, values, effect, element) in zip(
        choices.items(), numbers, maps, strict=True
    ):
        peak = int(np.argmax(np.abs(values)))
        for _, row in relabelled(table, contrast).iterrows():
            rows.append(
                {"analysis": name}
                | chosen
                | {"statistic": row["statistic"], "effect": effect[element], voxel_stat: values[element]}
                | space.where(element)
                | {f"peak_{voxel_stat}": values[peak], "peak_effect": effect[peak], "p_fwe": row["p_fwe"]}
                | {
                    "extent": int(row[f"n_significant_{space.elements}"]),
                    "significant": bool(significant(-np.log10(row["p_fwe"]), row["alpha"])),
                }
            )
    return pd.DataFrame(rows)


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
