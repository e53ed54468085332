"""The sorted p of a map, as far as bounds on true discoveries need them.

Such a bound asks for the least slope of a line from (shift, 0) to the points (k, p_(k)) right of it, where p_(k)
is the k-th smallest p. The line of least slope has all points above it, so it touches their lower convex hull at
a vertex. The dozen vertices of that hull thus give the least slope for every shift.

p is a step function of the statistic: each cell of values has the parametric p of its lower end, at most a few
per cent above that of its members. So the sorted p follow from counts, without a sort, and equal values tie.
"""

from dataclasses import dataclass

import numpy as np

from permaps.statistics.compiled import compiled

# A cell holds the values h for which 1 + h has the same bits but for the last ones of its mantissa. So many.
DROPPED = 13
# Smaller p are not told apart: all thresholds are far above.
LEAST = 1e-15


@dataclass(frozen=True)
class Scale:
    """p as a decreasing function of the statistic.

    Attributes
    ----------
    p : numpy.ndarray of float64, shape (n_cells,)
        By cell, from the statistic 0 upwards.
    both_signs : bool
        Whether the absolute value counts. If not, p is 1 below 0.
    """

    p: np.ndarray
    both_signs: bool

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return the p of values, shape (n,). They count in single precision, as in relabellings."""
        heights = np.ascontiguousarray(values, np.float32)
        cells = np.empty(heights.shape, np.uint32)
        _find_cells(heights, self.both_signs, len(self.p), np.empty_like(heights), cells)
        return self.p[cells]


def scale_of(dof: int, n_interest: int, is_f: bool, both_signs: bool) -> Scale:
    """Return the scale of a statistic.

    Parameters
    ----------
    dof, n_interest : int
        Residual degrees of freedom, and rows of the contrast.
    is_f : bool
        F, or else t.
    both_signs : bool
        Whether the p of t is two-sided.
    """
    from scipy.special import fdtrc, stdtr

    def parametric(values):
        if is_f:
            return fdtrc(n_interest, dof, values)
        return (2 if both_signs else 1) * stdtr(dof, -values)

    return _scale(parametric, both_signs)


def normal_scale() -> Scale:
    """Return the scale of a normal deviate with one tail."""
    from scipy.special import ndtr

    return _scale(lambda values: ndtr(-values), False)


def _scale(parametric, both_signs):
    octaves = 1
    while parametric(2.0**octaves - 1) > LEAST:
        octaves += 1
    cells = np.arange(octaves << (23 - DROPPED), dtype=np.int32) + _CELL_OF_0
    ends = (cells << DROPPED).view(np.float32).astype(float) - 1
    # Rounded to 20 bits, because the last ones of the C library's functions differ between processors.
    digits, exponent = np.frexp(parametric(ends))
    p = np.ldexp(np.rint(np.ldexp(digits, 20)), exponent - 20)
    # With one tail, the lowest cell holds everything below 0 too.
    p[0] = 1.0
    return Scale(p, both_signs)


class Curves:
    """The curves of maps, computed in arrays that are allocated once.

    Parameters
    ----------
    scale : Scale
    n_elements : int
    """

    def __init__(self, scale: Scale, n_elements: int):
        self.scale = scale
        self.raised = np.empty(n_elements, np.float32)
        self.cells = np.empty(n_elements, np.uint32)
        self.counts = np.zeros((2, len(scale.p)), np.int32)
        self.rank = np.zeros(len(scale.p) + 1, np.int64)
        self.p = np.zeros(len(scale.p) + 1)

    def of(self, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the vertices of a map's curve.

        Parameters
        ----------
        heights : numpy.ndarray of float32, shape (n_elements,)
            The statistic; free of NaN.

        Returns
        -------
        rank : numpy.ndarray of int64, shape (n_vertices,)
            k of each vertex, ascending. The last is the number of elements.
        p : numpy.ndarray of float64, shape (n_vertices,)
            The k-th smallest p.
        """
        scale = self.scale
        _find_cells(heights, scale.both_signs, len(scale.p), self.raised, self.cells)
        _count(self.cells, self.counts)
        n = _hull(self.counts[0], len(heights), scale.p, self.rank, self.p)
        return self.rank[1 : n + 1].copy(), self.p[1 : n + 1].copy()


# The bits of 1.0, without the last ones.
_CELL_OF_0 = np.int32(127 << (23 - DROPPED))


@compiled
def _find_cells(heights, both_signs, n_cells, raised, cells):
    # Of 1 + h, because its cells are as wide near 0 as the tail of t needs them, and grow with heavier tails.
    one = np.float32(1.0)
    if both_signs:
        for i in range(heights.size):
            raised[i] = abs(heights[i]) + one
    else:
        for i in range(heights.size):
            raised[i] = max(heights[i], np.float32(0.0)) + one
    bits = raised.view(np.int32)
    last = np.int32(n_cells - 1)
    for i in range(heights.size):
        cells[i] = np.uint32(min((bits[i] >> np.int32(DROPPED)) - _CELL_OF_0, last))


@compiled
def _count(cells, counts):
    """Write the number of members of each cell to the first of two arrays."""
    counts[:] = 0
    # Into two arrays in turn, because adding twice to one count has to wait.
    one, other = counts[0], counts[1]
    half = np.uint64(cells.size // 2)
    for i in range(half):
        one[cells[np.uint64(2) * i]] += 1
        other[cells[np.uint64(2) * i + np.uint64(1)]] += 1
    for i in range(cells.size // 2 * 2, cells.size):
        one[cells[i]] += 1
    one += other


@compiled
def _hull(counts, n_elements, p, rank, small):
    """Write the vertices of the lower hull after the origin, and return how many there are."""
    one = np.uint64(1)
    lowest, end = np.uint64(0), np.uint64(counts.size)
    while counts[lowest] == 0:
        lowest += one
    while counts[end - one] == 0:
        end -= one
    rank[0], small[0] = 0, 0.0
    last, k = 0, 0
    # Few points are below the chord from the last one to the end, and no other can be a vertex. An empty cell
    # is above the cell before it.
    slope, intercept = p[lowest] / n_elements, 0.0
    for i in range(end - lowest - one):
        c = end - one - i
        k += counts[c]
        if p[c] - slope * k < intercept:
            last = _after(last, k, p[c], rank, small)
            slope = (p[lowest] - p[c]) / (n_elements - k)
            intercept = p[c] - slope * k
    return _after(last, n_elements, p[lowest], rank, small)


@compiled
def _after(last, k, p, rank, small):
    """Write a point as the last vertex, in place of those above the line to it, and return its place."""
    while last > 0 and (
        (small[last] - small[last - 1]) * (k - rank[last - 1])
        >= (p - small[last - 1]) * (rank[last] - rank[last - 1])
    ):
        last -= 1
    rank[last + 1], small[last + 1] = k, p
    return last + 1


def joined(curves: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the vertices of several curves as arrays, one curve after the other.

    Parameters
    ----------
    curves : list of (array, array)
        As `Curves.of` returns them.

    Returns
    -------
    dict of numpy.ndarray
        `curve_length`, the number of vertices of each; `curve_rank` and `curve_p`, the vertices of all.
    """
    rank, p = zip(*curves, strict=True) if curves else ((), ())
    return {
        "curve_length": np.array([len(one) for one in rank], np.int64),
        "curve_rank": np.concatenate([np.zeros(0, np.int64), *rank]),
        "curve_p": np.concatenate([np.zeros(0), *p]),
    }


def least_slope(rank: np.ndarray, p: np.ndarray, length: np.ndarray, shift: int) -> np.ndarray:
    """Return the pivotal statistic of maps: the least (m - shift) p_(k) / (k - shift) over k > shift.

    Blanchard, Neuvial & Roquain 2020 (Ann. Statist. 48:1281), for shifted linear thresholds as in Andreella et
    al. 2023 (Stat. Med. 42:2311).

    Parameters
    ----------
    rank : array of int, shape (n,)
        k of the vertices of all maps, one after the other.
    p : array of float, shape (n,)
    length : array of int, shape (n_maps,)
        Number of vertices of each map, at least 1.
    shift : int
        Below the number of elements m.

    Returns
    -------
    numpy.ndarray of float64, shape (n_maps,)
    """
    if not len(length):
        return np.zeros(0)
    beyond = np.asarray(rank, float) - shift
    # The last vertex of a map is that of its largest p, at k = m.
    total = np.repeat(beyond[np.cumsum(length) - 1], length)
    slope = np.divide(total * p, beyond, out=np.full(len(beyond), np.inf), where=beyond > 0)
    return np.minimum.reduceat(slope, np.cumsum(length) - length)
