"""Whole maps of TFCE, and the clusters of a map: what `permaps.statistics.enhancement` takes only the maxima of."""

import numpy as np

from permaps.statistics.compiled import compiled
from permaps.statistics.components import components
from permaps.statistics.extents import extents, own_size, raised_extent
from permaps.statistics.interfaces import Adjacency
from permaps.statistics.power import raised, tables


def tfce_map(
    heights: np.ndarray, adjacency: Adjacency, extent: float, height_power: float, both_signs: bool
) -> np.ndarray:
    """Return the exact TFCE of every element, with the sign of its height.

    Parameters
    ----------
    heights : array of float, shape (n_elements,)
    adjacency : permaps.spaces.adjacency.Adjacency
    extent, height_power : float
        The exponents E and H.
    both_signs : bool
        Whether negative values are enhanced too, separately, or get 0.

    Returns
    -------
    numpy.ndarray of float64, shape (n_elements,)
    """
    enhanced = np.zeros(len(heights))
    sizes, size_power = extents(adjacency, extent)
    for sign in (1, -1) if both_signs else (1,):
        signed = np.where(sign * heights > 0, sign * heights, 0).astype(float)
        order = np.argsort(-signed, kind="stable")[: np.count_nonzero(signed)]
        enhanced += sign * _tfce_of_sign(
            signed, order, adjacency.position, adjacency.n_positions, adjacency.steps, adjacency.joints,
            sizes, np.zeros(len(heights), int if sizes is None else float), size_power, float(height_power),
            tables(height_power + 1.0),
        )  # fmt: skip
    return enhanced


@compiled
def _tfce_of_sign(
    heights, order, position, n_positions, steps, marks, sizes, size, size_power, height_power, powers
):  # fmt: skip
    # A union-find with offsets: the TFCE of an element is the sum of `gain` on the path to its root.
    element = np.full(n_positions, -1)
    parent = np.arange(heights.size)
    gain = np.zeros(heights.size)
    settled = np.zeros(heights.size)
    for i in order:
        power = raised(heights[i], *powers)
        p = position[i]
        settled[i], size[i] = power, own_size(sizes, p)
        if not marks:
            element[p] = i
        row = steps[0] if steps.shape[0] == 1 else steps[p]
        for k in range(row.size):
            j = element[p + row[k]]
            if marks:
                element[p + row[k]] = i
            if j < 0:
                continue
            a, b = _find(parent, gain, i), _find(parent, gain, j)
            if a == b:
                continue
            for root in (a, b):
                gain[root] += raised_extent(size[root], size_power) * (settled[root] - power)
                settled[root] = power
            if size[b] > size[a]:
                a, b = b, a
            parent[b] = a
            gain[b] -= gain[a]
            size[a] += size[b]
    for i in order:
        if parent[i] == i:
            gain[i] += raised_extent(size[i], size_power) * settled[i]
    result = np.zeros(heights.size)
    for i in order:
        root = _find(parent, gain, i)
        result[i] = gain[i] + (gain[root] if root != i else 0.0)
    return result / (height_power + 1.0)


@compiled
def _find(parent, gain, i):
    """Return the root of i, and attach i directly to it, with its gain relative to the root."""
    root = i
    while parent[root] != root:
        root = parent[root]
    # From the top down, so that each gain is added once. This walks the path twice.
    total = 0.0
    j = i
    while parent[j] != j:
        total += gain[j]
        j = parent[j]
    j = i
    while parent[j] != root and parent[j] != j:
        above, own = parent[j], gain[j]
        parent[j], gain[j] = root, total
        total -= own
        j = above
    return root


def clusters(
    heights: np.ndarray, adjacency: Adjacency, threshold: float, both_signs: bool
) -> tuple[np.ndarray, np.ndarray | float, np.ndarray]:
    """Return label, size and mass of the clusters of a map.

    Parameters
    ----------
    heights : array of float, shape (n_elements,)
    adjacency : permaps.spaces.adjacency.Adjacency
    threshold : float
        Clusters are components of elements strictly above it. With `both_signs`, elements below its negative
        form their own clusters, and neighbouring clusters of opposite sign never merge.
    both_signs : bool

    Returns
    -------
    label : numpy.ndarray of int, shape (n_elements,)
        From 1 on; 0 outside clusters.
    size : numpy.ndarray of int or float, shape (n_clusters + 1,)
        Elements of each label, or the sum of their sizes; 0 for label 0.
    mass : numpy.ndarray of float, shape (n_clusters + 1,)
        Sum of |height| - threshold, times the size of the element.
    """
    heights = np.asarray(heights, float)
    inside = np.sign(heights) * (np.abs(heights) > threshold)
    if not both_signs:
        inside = np.maximum(inside, 0)
    label = components(inside, adjacency)
    excess = np.abs(heights) - threshold
    if adjacency.sizes is None:
        size, mass = np.bincount(label), np.bincount(label, weights=excess)
    else:
        size = np.bincount(label, weights=adjacency.sizes)
        mass = np.bincount(label, weights=excess * adjacency.sizes)
    size[0] = mass[0] = 0
    return label, size, mass
