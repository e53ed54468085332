"""Clusters of significant elements and their peaks, as a table."""

import numpy as np
import pandas as pd

from permaps.spaces.adjacency import Adjacency
from permaps.spaces.space import Space
from permaps.statistics.components import components

# Peaks of a cluster: at most so many, and no two nearer than this, in mm.
MOST_PEAKS, APART = 4, 8.0
# Columns with the bounds of a set: how many of its elements, and what share of them.
ACTIVE = ["n_active", "tdp"]


def clusters_of(significant: np.ndarray, values: np.ndarray, adjacency: Adjacency) -> list[np.ndarray]:
    """Return the elements of each cluster: neighbours that are all significant and of one sign.

    Parameters
    ----------
    significant : bool array, shape (n_elements,)
    values : array, shape (n_elements,)
        Signed statistic; neighbouring clusters of opposite sign never merge.
    adjacency : permaps.spaces.adjacency.Adjacency
    """
    label = components(np.where(significant, np.sign(values), 0), adjacency)
    ordered = np.argsort(label, kind="stable")
    return np.split(ordered, np.searchsorted(label[ordered], np.arange(1, label.max(initial=0) + 1)))[1:]


def extents_of(space: Space) -> dict[str, np.ndarray]:
    """Return the size of every element, shape (n_elements,), by the name of its column; NaN in another unit."""
    columns = {}
    for inside, part in space.parts.values():
        if part.unit:
            sizes = np.full(space.n_elements, np.nan)
            sizes[inside] = part.sizes
            columns[f"size_{part.unit}"] = sizes
    return columns


def within(sizes: np.ndarray, elements: np.ndarray) -> float:
    """Return the size of some elements together; NaN if none of them has the unit.

    Parameters
    ----------
    sizes : array, shape (n_elements,)
        As `extents_of` gives them: mm2 or mm3.
    elements : array of int, shape (n,)
    """
    own = sizes[elements]
    return float(np.nansum(own)) if np.isfinite(own).any() else np.nan


def shares_of(clusters: list[np.ndarray], active: list[int], n_elements: int) -> np.ndarray:
    """Return a map of what share of its cluster is active, at least; 0 outside clusters.

    Parameters
    ----------
    clusters : list of array of int
        Elements of each.
    active : list of int
        How many of them are active, at least.
    n_elements : int

    Returns
    -------
    numpy.ndarray, shape (n_elements,)
    """
    shares = np.zeros(n_elements)
    for elements, n_active in zip(clusters, active, strict=True):
        shares[elements] = n_active / len(elements)
    return shares


def is_peak(height: np.ndarray, cluster: np.ndarray, touching: Adjacency) -> np.ndarray:
    """Return which elements have no higher neighbour in their own cluster.

    Parameters
    ----------
    height : array, shape (n_elements,)
    cluster : array of int, shape (n_elements,)
        Its number, 0 outside clusters.
    touching : permaps.spaces.adjacency.Adjacency

    Returns
    -------
    numpy.ndarray of bool, shape (n_elements,)
    """
    return (cluster > 0) & (height >= touching.highest_around(height, cluster))


def kept_apart(
    candidates: np.ndarray,
    height: np.ndarray,
    coordinates: np.ndarray,
    apart: float = APART,
    most: int = MOST_PEAKS,
) -> np.ndarray:
    """Return the highest of some elements, none near a higher one; the highest first.

    Parameters
    ----------
    candidates : array of int, shape (n,)
    height : array of float, shape (n,)
        Of each of them.
    coordinates : array, shape (n, 3)
        Where they are, in mm.
    apart : float
        Least distance between two, in mm.
    most : int
    """
    kept = []
    for i in np.argsort(-height, kind="stable"):
        # Where places are not known, no two are near each other.
        if not any(np.linalg.norm(coordinates[i] - coordinates[other]) <= apart for other in kept):
            kept.append(i)
        if len(kept) == most:
            break
    return candidates[kept]


def tabulate(
    members: list[np.ndarray],
    values: np.ndarray,
    space: Space,
    readings: dict[str, np.ndarray],
    height: np.ndarray | None = None,
    active: list[int] | None = None,
    names: list[str | None] | None = None,
) -> pd.DataFrame:
    """Return one row per peak of every cluster.

    Parameters
    ----------
    members : list of array of int
        The elements of each cluster, from `clusters_of`.
    values : array, shape (n_elements,)
        Signed t, or F.
    space : permaps.spaces.space.Space
    readings : dict of str to array, shape (n_elements,)
        What is read at each peak, by column name; `p_fwe` is among them and orders the clusters.
    height : array, shape (n_elements,), optional
        What makes a peak a peak; `values` unless given. Only its size matters.
    active : list of int, optional
        How many elements of each cluster are active, at least.
    names : list of (str or None), length n_elements, optional
        The region of an atlas in which each element lies.

    Returns
    -------
    pandas.DataFrame
        cluster (1 is the most significant), peak (1 is the cluster's highest), where the peak is, with its region,
        the readings, the size (of grayordinates, the area or the volume) and the number of elements; with `active`,
        how many of these and what share of them are active, at least. Without clusters it has its columns and no
        rows.
    """
    extents = extents_of(space)
    placed = [*space.place_columns, *["region"] * (names is not None)]
    columns = ["cluster", "peak", *placed, *readings, *extents, f"n_{space.elements}"]
    columns += [] if active is None else ACTIVE
    height = np.abs(values if height is None else height)
    number = np.zeros(len(values), int)
    for label, elements in enumerate(members, start=1):
        number[elements] = label
    candidates = is_peak(height, number, space.touching) if members else None
    clusters = []
    for elements, n_active in zip(members, active or [None] * len(members), strict=True):
        tops = elements[candidates[elements]]
        clusters.append((elements, kept_apart(tops, height[tops], space.coordinates(tops)), n_active))
    clusters.sort(key=lambda cluster: (readings["p_fwe"][cluster[1][0]], -height[cluster[1][0]]))
    rows = []
    for place, (elements, peaks, n_active) in enumerate(clusters, start=1):
        size = [*(within(sizes, elements) for sizes in extents.values()), len(elements)]
        if active is not None:
            size += [n_active, n_active / len(elements)]
        for rank, peak in enumerate(peaks, start=1):
            read = [float(values[peak]) for values in readings.values()]
            where = [*space.where(peak).values()]
            where += [] if names is None else [names[peak]]
            rows.append([place, rank, *where, *read, *size])
    return pd.DataFrame(rows, columns=columns)
