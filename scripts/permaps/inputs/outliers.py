"""Which participants stand out from the rest."""

import numpy as np


def robust_z(values):
    """Return distances from the median in units of the scaled median absolute deviation.

    A mean and standard deviation would be moved by the very outliers they are to find. Without any
    spread, nobody stands out.
    """
    values = np.asarray(values, dtype=float)
    distance = values - np.nanmedian(values)
    spread = 1.4826 * np.nanmedian(np.abs(distance))
    return distance / spread if spread > 0 else np.zeros_like(distance)


def flag(metrics, cut=3.5):
    """Return what stands out, by the participant's position in the table.

    Parameters
    ----------
    metrics : pandas.DataFrame
        With participant_id, mean, sd, correlation and duplicate_of.
    cut : float
        Robust z from which a value stands out; 3.5 is Iglewicz and Hoaglin's (1993).

    Returns
    -------
    dict of int to str
    """
    # sd on the log scale: motion and noise multiply it.
    found = {
        "unlike the others": robust_z(np.arctanh(metrics["correlation"].clip(-0.999, 0.999))) < -cut,
        "values spread widely": robust_z(np.log(metrics["sd"].clip(lower=1e-300))) > cut,
        "mean far off": np.abs(robust_z(metrics["mean"])) > cut,
    }
    flags = {}
    for i, original in enumerate(metrics["duplicate_of"]):
        reasons = [f"same map as {original}"] if isinstance(original, str) else []
        reasons += [reason for reason, which in found.items() if which[i]]
        if reasons:
            flags[i] = ", ".join(reasons)
    return flags
