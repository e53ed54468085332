"""TFCE, cluster size and cluster mass: their maxima over a map, fast; or their whole maps.

Permutation inference only needs the maximum of each enhanced map of a relabelling, so the map itself is not
computed. Elements join components in descending order of height, and each component stores its size, its
mass and the best TFCE of any of its members. While a component of size s does not change between heights
a > b, the TFCE of each of its members grows by the integral of s^E h^H from b to a, exactly (Smith &
Nichols 2009, NeuroImage 44:83-98, without their sum over steps). The increment is common to all members,
so the best member stays the best until two components merge. Then it is the better one of the two.

Components need few labels: an element that touches no component starts a new label, and one that does takes
over its label. There are as many labels as local maxima, some thousands, so the table from labels to
components stays in the fastest cache. The table is flat: a merge renames the labels of the smaller component
at once. Finding the component of a neighbour is then two loads without a branch.

The extent of a component is the number of its elements or, where elements have sizes, as the vertices of a
mesh, the sum of these. Elements that meet in joints, as the edges of a graph in its nodes, leave their label
there: joining two joints is all that adding an edge takes.
"""

import numpy as np
from numba import types
from numba.extending import overload

from permaps.statistics.compiled import compiled
from permaps.statistics.components import components
from permaps.statistics.interfaces import Adjacency
from permaps.statistics.power import all_raised, raised, tables

_MAGNITUDE = np.uint32(0x7FFFFFFF)
_SIGN = np.uint32(0x80000000)
_RADIX = np.uint32(2047)


class Workspace:
    """The arrays for one pass over a map, allocated once and used for every relabelling.

    Parameters
    ----------
    adjacency : permaps.spaces.adjacency.Adjacency
    extent : float
        The exponent E of TFCE.
    """

    def __init__(self, adjacency: Adjacency, extent: float):
        n = len(adjacency.position)
        self.adjacency = adjacency
        self.steps = _ways(adjacency)
        self.keys = np.zeros((2, n), np.uint64)
        self.histograms = np.zeros((3, 2048), np.int32)
        self.label = np.zeros(adjacency.n_positions, np.uint32)
        self.marks = adjacency.joints
        self.sizes, self.size_power = _extents(adjacency, extent)
        # Per label: its component; the chain of labels in a component, its end and its length.
        self.component = np.zeros(n + 2, np.uint32)
        self.chain = np.zeros((3, n + 2), np.uint32)
        # Per component, side by side in the cache: integral of h^H up to the last change, mass, best TFCE; extent.
        self.measures = np.zeros((n + 2, 4))
        self.size = self.measures.view(np.int64 if self.sizes is None else np.float64)[:, 3]

    def maxima(
        self, heights: np.ndarray, both_signs: bool, height_power: float, threshold: float
    ) -> tuple[float, float, float]:
        """Return (max TFCE, max cluster size, max cluster mass) of a map.

        Parameters
        ----------
        heights : numpy.ndarray of float32, shape (n_elements,)
            The statistic; free of NaN.
        both_signs : bool
            Whether negative values form their own components, or are ignored.
        height_power : float
            The exponent H of TFCE.
        threshold : float
            Clusters are components of elements strictly above it.
        """
        return _maxima(
            heights.view(np.uint32), both_signs, float(height_power), tables(height_power + 1.0), float(threshold),
            self.adjacency.position, self.steps, self.keys, self.histograms, self.label,
            self.marks, self.sizes, self.size_power, self.component, self.chain, self.size, self.measures,
        )  # fmt: skip


def _ways(adjacency):
    """Return how `_at` gets from a position to its neighbours: by steps, or at once where each has its own.

    Unsigned, because an index that may be negative is checked; a step back wraps around to the right place.
    Of a mesh, positions take half the room of steps, and stay in a nearer cache.
    """
    if len(adjacency.steps) == 1:
        return adjacency.steps.astype(np.int64).view(np.uint64)
    return (adjacency.steps + np.arange(len(adjacency.steps), dtype=np.int32)[:, None]).astype(np.uint32)


def _extents(adjacency, extent):
    """Return the size of the element at each position, and what `_extent` needs for the powers of their sums.

    Where every element counts one, there are no sizes, and a table has all powers.
    """
    if adjacency.sizes is None:
        return None, all_raised(np.arange(len(adjacency.position) + 1, dtype=float), *tables(extent))
    sizes = np.zeros(adjacency.position.max() + 1)
    sizes[adjacency.position] = adjacency.sizes
    return sizes, None if extent == 1 else tables(extent)


def _at(position, way):
    """Return the position of a neighbour."""
    return position + way if isinstance(way, np.uint64) else way


def _own_size(sizes, position):
    """Return how much an element adds to the extent."""
    return 1 if sizes is None else sizes[position]


def _extent(size, size_power):
    """Return a size to the power E."""
    if size_power is None:
        return size
    return raised(size, *size_power) if isinstance(size_power, tuple) else size_power[size]


# Each is compiled for one of these ways: a choice at every element would make the loop four times slower.
@overload(_at)
def _at_by_type(position, way):
    if way == types.uint64:
        return lambda position, way: position + way
    return lambda position, way: np.uint64(way)


@overload(_own_size)
def _own_size_by_type(sizes, position):
    if isinstance(sizes, types.NoneType):
        return lambda sizes, position: 1
    return lambda sizes, position: sizes[position]


@overload(_extent)
def _extent_by_type(size, size_power):
    if isinstance(size_power, types.NoneType):
        return lambda size, size_power: size
    if isinstance(size_power, types.Array):
        return lambda size, size_power: size_power[size]
    return lambda size, size_power: raised(size, *size_power)


@compiled
def _descending_key(bits):
    # The bits of positive floats have the same order as the floats; inverted, the highest comes first.
    return ((bits & _MAGNITUDE) ^ _MAGNITUDE) | (bits & _SIGN)


@compiled
def _sort_descending(bits, position, keys, histograms):
    """Sort elements into keys[0]: positive ones by descending height, then negative ones in the same way.

    A radix sort in three passes of eleven bits. A key holds the height's bits and the position.
    Returns the number of elements without a minus sign.
    """
    n = bits.size
    low, middle, high = histograms[0], histograms[1], histograms[2]
    one, other = keys[0], keys[1]
    histograms[:] = 0
    for i in range(n):
        k = _descending_key(bits[i])
        low[k & _RADIX] += 1
        middle[(k >> np.uint32(11)) & _RADIX] += 1
        high[k >> np.uint32(22)] += 1
    for histogram in (low, middle, high):
        start = 0
        for b in range(2048):
            start, histogram[b] = start + histogram[b], start
    n_positive = high[512]
    for i in range(n):
        k = _descending_key(bits[i])
        b = k & _RADIX
        one[low[b]] = (np.uint64(k) << np.uint64(32)) | np.uint64(position[i])
        low[b] += 1
    for i in range(n):
        k = one[i]
        b = (k >> np.uint64(43)) & np.uint64(_RADIX)
        other[middle[b]] = k
        middle[b] += 1
    for i in range(n):
        k = other[i]
        b = k >> np.uint64(54)
        one[high[b]] = k
        high[b] += 1
    return n_positive


@compiled
def _maxima(
    bits, both_signs, height_power, powers, threshold,
    position, steps, keys, histograms, label, marks, sizes, size_power, component, chain, size, measures,
):  # fmt: skip
    n_positive = _sort_descending(bits, position, keys, histograms)
    tfce, largest, heaviest = 0.0, 0, 0.0
    for sign in range(2 if both_signs else 1):
        signed = keys[0, :n_positive] if sign == 0 else keys[0, n_positive:]
        a, b, c = _maxima_of_sign(
            signed,
            height_power,
            powers,
            threshold,
            steps,
            label,
            marks,
            sizes,
            size_power,
            component,
            chain,
            size,
            measures,
        )
        tfce, largest, heaviest = max(tfce, a), max(largest, b), max(heaviest, c)
    return tfce, largest, heaviest


@compiled
def _maxima_of_sign(
    keys, height_power, powers, threshold, steps, label, marks, sizes, size_power, component, chain, size,
    measures,
):  # fmt: skip
    # The steps of element p start at p * stride, or at 0 on a grid. (A view of a row for each element would
    # cost half as much as everything else.)
    width = steps.shape[1]
    stride = np.uint64(0 if steps.shape[0] == 1 else width)
    steps = steps.reshape(-1)
    following, tail, length = chain[0], chain[1], chain[2]
    settled, mass, best = measures[:, 0], measures[:, 1], measures[:, 2]
    decoded = np.empty(1, np.uint32)
    as_float = decoded.view(np.float32)
    squared = height_power == 2.0
    component[0] = 0
    n_labels, largest, heaviest = 0, 0, 0.0
    above = True
    for q in range(keys.size):
        key = keys[q]
        p = key & np.uint64(0xFFFFFFFF)
        decoded[0] = (np.uint32(key >> np.uint64(32)) & _MAGNITUDE) ^ _MAGNITUDE
        h = np.float64(as_float[0])
        if above and h <= threshold:
            above = False
            largest, heaviest = _largest_components(n_labels, component, size, mass)
        power = h * h * h if squared else raised(h, *powers)
        own = p * stride
        # With a constant number of neighbours, as on a grid, the compiler unrolls the loop.
        if width == 6:
            union, bottom = _union_and_lowest(component, label, p, steps, own, 6)
        elif width == 18:
            union, bottom = _union_and_lowest(component, label, p, steps, own, 18)
        elif width == 26:
            union, bottom = _union_and_lowest(component, label, p, steps, own, 26)
        else:
            union, bottom = _union_and_lowest(component, label, p, steps, own, width)
        if union == 0:
            n_labels += 1
            c = np.uint32(n_labels)
            component[c], following[c], tail[c], length[c] = c, 0, c, 1
            size[c], settled[c], mass[c], best[c] = 0, power, 0.0, 0.0
        else:
            c = bottom
            if bottom != union:
                c = _highest_of_neighbours(component, label, p, steps, own, width)
                for k in range(width):
                    d = component[label[_at(p, steps[own + np.uint64(k)])]]
                    if d == 0 or d == c:
                        continue
                    best[c] += _extent(size[c], size_power) * (settled[c] - power)
                    best[d] += _extent(size[d], size_power) * (settled[d] - power)
                    settled[c] = settled[d] = power
                    if length[d] > length[c]:
                        c, d = d, c
                    renamed = d
                    while renamed != 0:
                        component[renamed] = c
                        renamed = following[renamed]
                    following[tail[c]] = d
                    tail[c] = tail[d]
                    length[c] += length[d]
                    best[c] = max(best[c], best[d])
                    size[c] += size[d]
                    mass[c] += mass[d]
        best[c] += _extent(size[c], size_power) * (settled[c] - power)
        settled[c] = power
        own_size = _own_size(sizes, p)
        size[c] += own_size
        mass[c] += (h - threshold) * own_size
        if marks:
            for k in range(width):
                label[_at(p, steps[own + np.uint64(k)])] = c
        else:
            label[p] = c
    if above:
        largest, heaviest = _largest_components(n_labels, component, size, mass)
    tfce = 0.0
    for c in range(1, n_labels + 1):
        if component[c] == c:
            tfce = max(tfce, best[c] + _extent(size[c], size_power) * settled[c])
    if marks:
        label[:] = 0
    else:
        for q in range(keys.size):
            label[keys[q] & np.uint64(0xFFFFFFFF)] = 0
    return tfce / (height_power + 1.0), largest, heaviest


@compiled
def _union_and_lowest(component, label, p, steps, own, width):
    """Union of the bits of the components around a position, and the lowest of them; 0 if there is none yet.

    They are equal if there is one component, and only then. The union takes less time than the highest.
    """
    # Component 0 means "none yet": c - 1 wraps around, so the minimum skips it.
    union, bottom = np.uint32(0), np.uint32(0xFFFFFFFF)
    for k in range(width):
        c = component[label[_at(p, steps[own + np.uint64(k)])]]
        union |= c
        bottom = min(bottom, np.uint32(c - np.uint32(1)))
    return union, np.uint32(bottom + np.uint32(1))


@compiled
def _highest_of_neighbours(component, label, p, steps, own, width):
    top = np.uint32(0)
    for k in range(width):
        top = max(top, component[label[_at(p, steps[own + np.uint64(k)])]])
    return top


@compiled
def _largest_components(n_labels, component, size, mass):
    """Largest size and mass of the components, which are the clusters when the threshold is reached.

    Called once per map, because a comparison for every element would more than double the time of the loop.
    """
    largest, heaviest = 0, 0.0
    for c in range(1, n_labels + 1):
        if component[c] == c:
            largest = max(largest, size[c])
            heaviest = max(heaviest, mass[c])
    return largest, heaviest


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
    sizes, size_power = _extents(adjacency, extent)
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
        settled[i], size[i] = power, _own_size(sizes, p)
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
                gain[root] += _extent(size[root], size_power) * (settled[root] - power)
                settled[root] = power
            if size[b] > size[a]:
                a, b = b, a
            parent[b] = a
            gain[b] -= gain[a]
            size[a] += size[b]
    for i in order:
        if parent[i] == i:
            gain[i] += _extent(size[i], size_power) * settled[i]
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
