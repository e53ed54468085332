"""Participants who stand out from the rest."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Values of one measure differ less than this between people, and values in another unit or scaling more.
OTHER_SCALE = 10
# The robust z above which a value stands out, from Iglewicz and Hoaglin (1993).
CUT = 3.5
SHOWN = 5


def robust_z(values: "np.ndarray | pd.Series") -> np.ndarray:
    """Return distances of values, shape (n,), from their median in units of the scaled median absolute deviation.

    Outliers would shift a mean and a standard deviation. If there is no spread, nobody stands out.
    """
    values = np.asarray(values, dtype=float)
    distance = values - np.nanmedian(values)
    spread = 1.4826 * np.nanmedian(np.abs(distance))
    return distance / spread if spread > 0 else np.zeros_like(distance)


def flag(metrics: "pd.DataFrame") -> dict[int, str]:
    """Return what stands out, by the participant's position in the table.

    Parameters
    ----------
    metrics : pandas.DataFrame
        With participant_id, mean, sd, q25, q75, correlation and duplicate_of.
    """
    # sd on the log scale, because motion and noise multiply it.
    outlying = {
        "unlike the others": robust_z(np.arctanh(metrics["correlation"].clip(-0.999, 0.999))) < -CUT,
        "values spread widely": robust_z(np.log(metrics["sd"].clip(lower=1e-300))) > CUT,
        "mean far off": np.abs(robust_z(metrics["mean"])) > CUT,
    }
    times = _times_the_others((metrics["q75"] - metrics["q25"]).to_numpy(dtype=float))
    flags = {}
    for i, original in enumerate(metrics["duplicate_of"]):
        reasons = [f"same map as {original}"] if isinstance(original, str) else []
        if not 1 / OTHER_SCALE < times[i] < OTHER_SCALE:
            reasons.append(f"values about {_factor(times[i])} those of the others")
        reasons += [reason for reason, which in outlying.items() if which[i]]
        if reasons:
            flags[i] = ", ".join(reasons)
    return flags


def flags_of(metrics: "pd.DataFrame") -> dict[int, str]:
    """Return what a table of metrics says of those who stand out, by the participant's position."""
    return {i: reason for i, reason in enumerate(metrics["stands_out"]) if isinstance(reason, str)}


def _times_the_others(spreads):
    """Return how many times larger each map's values are than those of most maps, from the quartiles' distances.

    The other measures miss this. A correlation has no scale, and distances in units of the spread say nothing
    if most maps hardly differ or half of them are on another scale.
    """
    known = np.isfinite(spreads) & (spreads > 0)
    times = np.ones(len(spreads))
    if known.any():
        logs = np.log(spreads[known])
        times[known] = np.exp(logs - np.median(logs))
    return times


def _factor(times):
    rounded = float(f"{max(times, 1 / times):.2g}")
    return f"{rounded:,.0f} times" if times > 1 else f"1/{rounded:,.0f} of"


def sentence(flags: Mapping[str, str]) -> str:
    """Return a sentence about who stands out and is analysed anyway; "" if nobody does.

    Parameters
    ----------
    flags : mapping of str to str
        Reasons by participant.
    """
    if not flags:
        return ""
    named = [f"{name} ({reason})" for name, reason in list(flags.items())[:SHOWN]]
    more = [f"{len(flags) - SHOWN} more"] if len(flags) > SHOWN else []
    maps = "1 map stands" if len(flags) == 1 else f"{len(flags)} maps stand"
    return (
        f"{maps} out and {'is' if len(flags) == 1 else 'are'} analysed all the same: {'; '.join(named + more)}. "
        "quality.query leaves participants out."
    )
