"""Parts of unlike kind, such as areas and volumes, corrected together so that neither dominates.

Each part has a null of its own. What is corrected is the smallest p of each relabelling over the parts (see
`permaps.permutation.smallest`), which is kept as -log10 p: a maximum, as other statistics have.
"""

from collections.abc import Iterable

import numpy as np

from permaps.permutation.correction import minus_log10
from permaps.permutation.smallest import smallest_p
from permaps.statistics.registry import TIES


def parts_of(names: Iterable[str], key: str) -> dict[str, str]:
    """Return the names of the maxima of each part, by the name of the part; empty where there is one part.

    Parameters
    ----------
    names : iterable of str
        Of all arrays of a null.
    key : str
        Of a statistic.
    """
    begin = f"{key}_"
    return {name.removeprefix(begin): name for name in names if name.startswith(begin)}


def together(maxima: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the maxima of a null with those over all parts, where there are several.

    Parameters
    ----------
    maxima : dict of str to numpy.ndarray, shape (1 + n_relabellings,)
        By the key of a statistic, or this and the name of a part.

    Returns
    -------
    dict of str to numpy.ndarray
        The same; and by the key of each statistic with parts, -log10 of the smallest p over them.
    """
    joined = {}
    for key, tie in TIES.items():
        if parts := parts_of(maxima, key):
            joined[key] = minus_log10(smallest_p((maxima[name], tie) for name in parts.values()))
    return maxima | joined
