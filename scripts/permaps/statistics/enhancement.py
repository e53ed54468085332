"""TFCE, cluster size and cluster mass: their maxima over a map.

Permutation inference only needs the maximum of each enhanced map of a relabelling, so the map itself is not
computed. Elements join components in descending order of height, and each component stores its size, its
mass and the best TFCE of any of its members. While a component of size s does not change between heights
a > b, the TFCE of each of its members grows by the integral of s^E h^H from b to a, exactly (Smith &
Nichols 2009, NeuroImage 44:83-98, without their sum over steps). The increment is common to all members,
so the best member stays the best until two components merge. Then it is the better one of the two.

Components need few labels: an element that touches no component starts a new label, and one that does takes
over its label. There are as many labels as local maxima, some thousands, so the table from labels to
components stays in the fastest cache. Labels have sixteen bits, and thirty-two only where these run out, as in
white noise over a large mesh. The table is flat: a merge renames the labels of the smaller component at once.
Finding the component of a neighbour is then two loads without a branch.

The extent of a component is the number of its elements or, where elements have sizes, as the vertices of a
mesh, the sum of these. Elements that meet in joints, as the edges of a graph in its nodes, leave their label
there: joining two joints is all that adding an edge takes.
"""

import numpy as np
from numba import types
from numba.extending import overload

from permaps.statistics.compiled import compiled, soon
from permaps.statistics.extents import extents, own_size, raised_extent, size_soon
from permaps.statistics.interfaces import Adjacency
from permaps.statistics.power import raised, tables

_MAGNITUDE = np.uint32(0x7FFFFFFF)
_SIGN = np.uint32(0x80000000)
# A height's bits are sorted by the first twelve and the next twelve. Few keys differ in the last eight alone.
_RADIX, _FIRST_BITS, _LAST_BITS = np.uint32(4095), np.uint32(20), np.uint32(8)
# So many moves per key, and a sort by all bits is faster.
_MOST_MOVES = 8
# In place of a TFCE, which is never negative.
_NO_LABEL_LEFT = -1.0
# So many elements before their turn, their neighbours and sizes are asked for: heights come from all over a mesh.
_AHEAD = 8


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
        self.histograms = np.zeros((2, 4096), np.int32)
        self.marks = adjacency.joints
        self.sizes, self.size_power = extents(adjacency, extent)
        self._make_labels(np.uint16)

    def _make_labels(self, label):
        """Make room for as many labels as this type of integer has."""
        n = min(len(self.adjacency.position) + 2, np.iinfo(label).max + 1)
        self.label = np.zeros(self.adjacency.n_positions, label)
        # Per label: its component; the chain of labels in a component, its end and its length.
        self.component = np.zeros(n, label)
        self.chain = np.zeros((3, n), label)
        # Per component, side by side in the cache: integral of h^H up to the last change, mass, best TFCE; extent.
        self.measures = np.zeros((n, 4))
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
        tfce, size, mass = _maxima(
            heights.view(np.uint32), both_signs, float(height_power), tables(height_power + 1.0), float(threshold),
            self.adjacency.position, self.steps, self.keys, self.histograms, self.label,
            self.marks, self.sizes, self.size_power, self.component, self.chain, self.size, self.measures,
        )  # fmt: skip
        if tfce == _NO_LABEL_LEFT:
            self._make_labels(np.uint32)
            return self.maxima(heights, both_signs, height_power, threshold)
        return tfce, size, mass


def _ways(adjacency):
    """Return how `_at` gets from a position to its neighbours: by steps, or at once where each has its own.

    Unsigned, because an index that may be negative is checked; a step back wraps around to the right place.
    Of a mesh, positions take half the room of steps, and stay in a nearer cache.
    """
    if len(adjacency.steps) == 1:
        return adjacency.steps.astype(np.int64).view(np.uint64)
    return (adjacency.steps + np.arange(len(adjacency.steps), dtype=np.int32)[:, None]).astype(np.uint32)


def _at(position, way):
    """Return the position of a neighbour."""
    return position + way if isinstance(way, np.uint64) else way


def _neighbours_soon(ways, start, width):
    """Say that a row of ways, which may lie across two lines of the cache, will be read soon; a grid has one row."""
    if ways.dtype != np.uint64:
        soon(ways, start)
        soon(ways, start + np.uint64(width) - np.uint64(1))


@overload(_neighbours_soon)
def _neighbours_soon_by_type(ways, start, width):
    if ways.dtype == types.uint64:
        return lambda ways, start, width: None

    def hint(ways, start, width):
        soon(ways, start)
        soon(ways, start + np.uint64(width) - np.uint64(1))

    return hint


# Compiled for one of these ways: a choice at every element would make the loop four times slower.
@overload(_at)
def _at_by_type(position, way):
    if way == types.uint64:
        return lambda position, way: position + way
    return lambda position, way: np.uint64(way)


@compiled
def _descending_key(bits):
    # The bits of positive floats have the same order as the floats; inverted, the highest comes first.
    return ((bits & _MAGNITUDE) ^ _MAGNITUDE) | (bits & _SIGN)


@compiled
def _sort_descending(bits, position, keys, histograms):
    """Sort elements into keys[0]: positive ones by descending height, then negative ones in the same way.

    A key holds the height's bits and the position. A radix sort in two passes of twelve bits leaves few keys in
    the wrong place, those that differ in the last eight bits alone, and these are inserted into theirs. Equal
    heights stay in the order of the elements. Returns the number of elements without a minus sign.
    """
    n = bits.size
    low, high = histograms[0], histograms[1]
    one, other = keys[0], keys[1]
    histograms[:] = 0
    for i in range(n):
        k = _descending_key(bits[i])
        low[(k >> _LAST_BITS) & _RADIX] += 1
        high[k >> _FIRST_BITS] += 1
    _starts(low)
    _starts(high)
    n_positive = high[2048]
    for i in range(n):
        k = _descending_key(bits[i])
        b = (k >> _LAST_BITS) & _RADIX
        other[low[b]] = (np.uint64(k) << np.uint64(32)) | np.uint64(position[i])
        low[b] += 1
    for i in range(n):
        k = other[i]
        b = k >> np.uint64(52)
        one[high[b]] = k
        high[b] += 1
    if not _inserted(one):
        _sort_by_radix(one, other, histograms)
    return n_positive


@compiled
def _starts(histogram):
    """Turn counts into where each begins."""
    start = 0
    for b in range(histogram.size):
        start, histogram[b] = start + histogram[b], start


@compiled
def _inserted(keys):
    """Insert the keys that are in the wrong place, unless these are so many that another sort is faster."""
    left, last = _MOST_MOVES * keys.size, np.uint64(0)
    for i in range(keys.size):
        key = keys[i]
        bits = key >> np.uint64(32)
        if bits >= last:
            last = bits
            continue
        j = i
        while j > 0 and keys[j - 1] >> np.uint64(32) > bits:
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key
        left -= i - j
        if left < 0:
            return False
    return True


@compiled
def _sort_by_radix(one, other, histograms):
    """Sort keys by all bits of their heights, in four passes: of maps whose heights are nearly the same."""
    histogram = histograms[0, :256]
    source, target = one, other
    for shift in range(32, 64, 8):
        histogram[:] = 0
        for key in source:
            histogram[(key >> np.uint64(shift)) & np.uint64(255)] += 1
        _starts(histogram)
        for key in source:
            b = (key >> np.uint64(shift)) & np.uint64(255)
            target[histogram[b]] = key
            histogram[b] += 1
        source, target = target, source


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
        if a == _NO_LABEL_LEFT:
            return a, b, c
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
        ahead = keys[min(q + _AHEAD, keys.size - 1)] & np.uint64(0xFFFFFFFF)
        _neighbours_soon(steps, ahead * stride, width)
        size_soon(sizes, ahead)
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
            if n_labels == component.size:
                label[:] = 0
                return _NO_LABEL_LEFT, largest, heaviest
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
                    best[c] += raised_extent(size[c], size_power) * (settled[c] - power)
                    best[d] += raised_extent(size[d], size_power) * (settled[d] - power)
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
        best[c] += raised_extent(size[c], size_power) * (settled[c] - power)
        settled[c] = power
        added = own_size(sizes, p)
        size[c] += added
        mass[c] += (h - threshold) * added
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
            tfce = max(tfce, best[c] + raised_extent(size[c], size_power) * settled[c])
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
