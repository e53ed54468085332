"""What is found in each region, as a table."""

import numpy as np
import pandas as pd

from permaps.permutation.discoveries import Bound
from permaps.reporting.clusters import ACTIVE, extents_of, within
from permaps.spaces.space import Space


def regions_of(names: list[str | None]) -> dict[str, np.ndarray]:
    """Return the elements of each region of an atlas, by name.

    Parameters
    ----------
    names : list of (str or None), length n_elements
        The region of each element; None for none.

    Returns
    -------
    dict of str to numpy.ndarray of int, shape (n,)
    """
    elements = {}
    for element, name in enumerate(names):
        if name is not None:
            elements.setdefault(name, []).append(element)
    return {name: np.array(elements[name]) for name in sorted(elements)}


def tabulate_regions(
    regions: list[tuple[str, str, np.ndarray]],
    values: np.ndarray,
    voxel_stat: str,
    significant: dict,
    space: Space,
    bound: Bound | None = None,
) -> pd.DataFrame:
    """Return one row per region.

    Parameters
    ----------
    regions : list of (str, str, array of int)
        Where a region comes from, its name, and its elements.
    values : array, shape (n_elements,)
        Signed t, or F. The peak is the element with the largest.
    voxel_stat : str
    significant : dict of str to bool array, shape (n_elements,)
        By the name of a statistic.
    space : permaps.spaces.space.Space
    bound : permaps.permutation.discoveries.Bound, optional
    """
    rows, extents = [], extents_of(space)
    for source, name, elements in regions:
        peak = elements[np.argmax(np.abs(values[elements]))]
        row = {"region": name, "source": source}
        row |= {column: within(sizes, elements) for column, sizes in extents.items()}
        row |= {f"n_{space.elements}": len(elements)}
        row |= {f"n_significant_{stat}": int(marked[elements].sum()) for stat, marked in significant.items()}
        row |= space.where(peak) | {voxel_stat: values[peak]}
        if bound:
            n_active = bound.active(elements)
            row |= dict(zip(ACTIVE, (n_active, n_active / len(elements)), strict=True))
        rows.append(row)
    return pd.DataFrame(rows)
