"""Multivariate statistics of many relabellings: the compiled part of `permaps.statistics.multivariate`.

Each element has q inputs, with residuals e (participants x q) once the nuisance is taken out. As in
`permaps.statistics.freedman_lane`, a relabelling P moves the regressors in place of the data, for all inputs at once:

    H = sum (u'Pe)'(u'Pe)                     what is explained, a q x q matrix
    E = e'e - sum (q'Pe)'(q'Pe) - H           what is left

P changes the order of participants, the signs of all inputs of a participant, or both. So P'P is the identity, and
the total e'e is the same for every relabelling, with signs as with permutations. All statistics are functions of the
roots of H against E, which stay as they are when the inputs are replaced by others with the same span. So the inputs
are made orthonormal once: then e'e is the identity, and a relabelling costs the products of each input and a few
numbers made of them. They are computed for a tile of elements at a time, in bits that never differ.

An element says nothing, and has 0, where an input is constant or depends on the others. Elements that lack a
participant in any input have no place here.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from permaps.statistics.compiled import dividing, fma
from permaps.statistics.evaluator import Evaluator
from permaps.statistics.freedman_lane import (
    GROUP,
    Regressors,
    relabelled_rows,
    standardised_tiles,
    stretches,
)
from permaps.statistics.memory_maps import columns
from permaps.statistics.multiply import TILE, multiply
from permaps.statistics.registry import PERFECT

# Which function of the roots.
WILKS, PILLAI, LAWLEY, ROY_II, ROY_III, CCA = range(6)
# Where others leave less than this share of an input's square, it is a sum of them, but for the rounding of maps.
DEPENDENT = 1e-8
# Passes over a matrix after which nothing is left beside its diagonal, of three rows or more.
SWEEPS = 6
# ln x = 2 artanh s with s = (x - 1) / (x + 1), which is at most 0.172 here: of its series, so many terms.
SERIES = np.array([2.0 / (2 * k + 1) for k in range(12)])
LN2, ROOT2 = 0.6931471805599453, 1.4142135623730951
_EXPONENT_OF_1, _MANTISSA = np.int64(1023), np.int64((1 << 52) - 1)


class RootsEvaluator(Evaluator):
    """A multivariate statistic of relabellings, from orthonormal tiles of several inputs.

    Parameters
    ----------
    regressors : permaps.statistics.freedman_lane.Regressors
        Of the design, which is the same for all inputs.
    maps : sequence of array of float32, shape (n_participants, n_elements)
        Of each input.
    how : int
        Which statistic: `WILKS` and the others.
    memory_mb : float
        What the tiles may take; if they do not fit, they are made again for each batch, and batches are larger.
    """

    def __init__(self, regressors: Regressors, maps: Sequence[np.ndarray], how: int, memory_mb: float):
        self.regressors, self.maps, self.how = regressors, maps, how
        held = sum(own.size for own in maps) * 8 / 2**20 <= memory_mb
        self.tiles = orthonormal_tiles(maps, regressors.basis) if held else None
        self.batch = 96 if held else 256

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first element, statistic of shape (n_relabellings, n)), as `Evaluator` has it."""
        moved = self.regressors
        rows = relabelled_rows(moved, source, sign)
        values = np.empty((len(source), GROUP * TILE))
        for first, tiles in _stretches(self.maps, moved.basis, self.tiles):
            multivariate_statistics(rows, moved.rows.shape[1], moved.n_interest, self.how, tiles, values)
            yield first, values


def orthonormal_tiles(maps: Sequence[np.ndarray], basis: np.ndarray) -> np.ndarray:
    """Return residuals of several inputs, orthonormal at every element, in tiles.

    Parameters
    ----------
    maps : sequence of array of float, shape (n_participants, n_elements)
    basis : numpy.ndarray, shape (n_participants, n_nuisance)
        Orthonormal basis of the nuisance.

    Returns
    -------
    numpy.ndarray of float64, shape (n_tiles, n_inputs, n_participants, TILE)
        0 beyond the last element, and in all inputs where one is constant or depends on those before it.
    """
    n, n_elements = maps[0].shape
    tiles = np.empty((-(-n_elements // TILE), len(maps), n, TILE))
    for i, own in enumerate(maps):
        tiles[:, i] = standardised_tiles(own, basis)
    _make_orthonormal(tiles)
    return tiles


def independent(maps: Sequence[np.ndarray], basis: np.ndarray) -> np.ndarray:
    """Return, bool of shape (n_elements,), where no input is constant or follows from the others.

    Parameters
    ----------
    maps, basis
        As for `orthonormal_tiles`.
    """
    able = [tiles[:, 0].any(axis=1).ravel() for _, tiles in _stretches(maps, basis)]
    return np.concatenate(able)[: maps[0].shape[1]]


def _stretches(maps, basis, held=None):
    def make(first, stop):
        return orthonormal_tiles([columns(own, first, stop) for own in maps], basis)

    return stretches(maps[0].shape[1], make, held)


@dividing
def _make_orthonormal(tiles):
    n_inputs, n = tiles.shape[1:3]
    weight, alive = np.empty(TILE), np.empty(TILE)
    for t in range(tiles.shape[0]):
        alive[:] = 1.0
        for i in range(n_inputs):
            own = tiles[t, i]
            # Twice, since rounding of the size of what is taken away is left.
            for _ in range(2):
                for k in range(i):
                    before = tiles[t, k]
                    weight[:] = 0.0
                    for p in range(n):
                        for v in range(TILE):
                            weight[v] = fma(before[p, v], own[p, v], weight[v])
                    for p in range(n):
                        for v in range(TILE):
                            own[p, v] = fma(-weight[v], before[p, v], own[p, v])
            weight[:] = 0.0
            for p in range(n):
                for v in range(TILE):
                    weight[v] = fma(own[p, v], own[p, v], weight[v])
            for v in range(TILE):
                independent = weight[v] > DEPENDENT
                alive[v] = alive[v] if independent else 0.0
                weight[v] = 1.0 / np.sqrt(weight[v]) if independent else 0.0
            for p in range(n):
                for v in range(TILE):
                    own[p, v] *= weight[v]
        for i in range(n_inputs):
            for p in range(n):
                for v in range(TILE):
                    tiles[t, i, p, v] *= alive[v]


@dividing
def multivariate_statistics(
    rows: np.ndarray, n_rows: int, n_interest: int, how: int, tiles: np.ndarray, out: np.ndarray
) -> None:
    """Write the statistic of every relabelling and element into `out`.

    Parameters
    ----------
    rows : float64, shape (n_padded_rows, n_participants)
        From `permaps.statistics.freedman_lane.relabelled_rows`.
    n_rows, n_interest : int
        Rows to a relabelling, and how many of them are of interest.
    how : int
        Which statistic.
    tiles : float64, shape (n_tiles, n_inputs, n_participants, TILE)
        From `orthonormal_tiles`.
    out : float64, shape (n_relabellings, n_tiles * TILE or more)
    """
    q = tiles.shape[1]
    product = np.empty((q, rows.shape[0], TILE))
    total, left = np.empty((q, q, TILE)), np.empty((q, q, TILE))
    scaled, gram = np.empty((q, n_interest, TILE)), np.empty((min(q, n_interest), min(q, n_interest), TILE))
    value, room = np.empty(TILE), np.empty(TILE)
    for t in range(tiles.shape[0]):
        for i in range(q):
            multiply(rows, tiles[t, i], product[i])
        for j in range(out.shape[0]):
            first = j * n_rows
            _left(product, first, first + n_interest, first + n_rows, total, left)
            if how == WILKS:
                _eliminate(left)
                _eliminate(total)
                _ratio_of_determinants(total, left, value)
                _logarithm(value, room)
            elif how == PILLAI:
                _eliminate(total)
                _scale(product, first, total, scaled)
                _trace(scaled, value)
            else:
                _eliminate(left)
                _scale(product, first, left, scaled)
                if how == LAWLEY:
                    _trace(scaled, value)
                else:
                    _largest_root(scaled, gram, value)
            if how in (ROY_III, CCA):
                for v in range(TILE):
                    value[v] = value[v] / (1.0 + value[v])
            if how == CCA:
                for v in range(TILE):
                    value[v] = np.sqrt(value[v])
            out[j, t * TILE : (t + 1) * TILE] = value


@dividing
def _left(product, first, middle, stop, total, left):
    """Write the lower triangles of E + H and of E: what the nuisance leaves, and the whole model."""
    for i in range(product.shape[0]):
        for k in range(i + 1):
            for v in range(TILE):
                total[i, k, v] = 1.0 if i == k else 0.0
            for r in range(middle, stop):
                for v in range(TILE):
                    total[i, k, v] = fma(-product[i, r, v], product[k, r, v], total[i, k, v])
            for v in range(TILE):
                left[i, k, v] = total[i, k, v]
            for r in range(first, middle):
                for v in range(TILE):
                    left[i, k, v] = fma(-product[i, r, v], product[k, r, v], left[i, k, v])


@dividing
def _eliminate(matrix):
    """Replace the lower triangle of a matrix by the L and D of L D L', with D nowhere below rounding."""
    q = matrix.shape[0]
    for k in range(q):
        for v in range(TILE):
            matrix[k, k, v] = max(matrix[k, k, v], PERFECT)
        # From the last row up, since the column is overwritten by its shares.
        for i in range(q - 1, k, -1):
            for c in range(k + 1, i):
                for v in range(TILE):
                    share = matrix[c, k, v] / matrix[k, k, v]
                    matrix[i, c, v] = fma(-share, matrix[i, k, v], matrix[i, c, v])
            for v in range(TILE):
                share = matrix[i, k, v] / matrix[k, k, v]
                matrix[i, i, v] = fma(-share, matrix[i, k, v], matrix[i, i, v])
                matrix[i, k, v] = share


@dividing
def _ratio_of_determinants(total, left, value):
    value[:] = 1.0
    for k in range(total.shape[0]):
        for v in range(TILE):
            value[v] *= total[k, k, v] / left[k, k, v]
    for v in range(TILE):
        # Rounding, where nothing is explained.
        value[v] = max(value[v], 1.0)


@dividing
def _scale(product, first, matrix, scaled):
    """Write D^-1/2 L^-1 h, with h'h what is explained: its squares sum up to the trace of H against the matrix."""
    q, s, _ = scaled.shape
    for i in range(q):
        for r in range(s):
            for v in range(TILE):
                scaled[i, r, v] = product[i, first + r, v]
            for k in range(i):
                for v in range(TILE):
                    scaled[i, r, v] = fma(-matrix[i, k, v], scaled[k, r, v], scaled[i, r, v])
    for i in range(q):
        for r in range(s):
            for v in range(TILE):
                scaled[i, r, v] = scaled[i, r, v] / np.sqrt(matrix[i, i, v])


@dividing
def _trace(scaled, value):
    value[:] = 0.0
    for i in range(scaled.shape[0]):
        for r in range(scaled.shape[1]):
            for v in range(TILE):
                value[v] = fma(scaled[i, r, v], scaled[i, r, v], value[v])


@dividing
def _largest_root(scaled, gram, value):
    """Write the largest eigenvalue of the smaller product of `scaled` with itself, by Jacobi's rotations."""
    q, s, _ = scaled.shape
    n = gram.shape[0]
    for a in range(n):
        for b in range(a + 1):
            gram[a, b] = 0.0
            for k in range(max(q, s)):
                for v in range(TILE):
                    one = scaled[k, a, v] if s <= q else scaled[a, k, v]
                    other = scaled[k, b, v] if s <= q else scaled[b, k, v]
                    gram[a, b, v] = fma(one, other, gram[a, b, v])
    for _ in range(0 if n == 1 else 1 if n == 2 else SWEEPS):
        for b in range(n):
            for a in range(b):
                _rotate(gram, a, b)
    for v in range(TILE):
        value[v] = gram[0, 0, v]
    for a in range(1, n):
        for v in range(TILE):
            value[v] = max(value[v], gram[a, a, v])


@dividing
def _rotate(gram, a, b):
    """Rotate rows and columns a < b so that what they have in common vanishes; the lower triangle holds all."""
    cosine, sine = np.empty(TILE), np.empty(TILE)
    for v in range(TILE):
        apart, common = gram[b, b, v] - gram[a, a, v], gram[b, a, v]
        reach = abs(apart) + np.sqrt(fma(apart, apart, 4.0 * common * common))
        tangent = 2.0 * common / reach if reach > 0.0 else 0.0
        tangent = tangent if apart >= 0.0 else -tangent
        gram[a, a, v] = fma(-tangent, common, gram[a, a, v])
        gram[b, b, v] = fma(tangent, common, gram[b, b, v])
        gram[b, a, v] = 0.0
        cosine[v] = 1.0 / np.sqrt(fma(tangent, tangent, 1.0))
        sine[v] = tangent * cosine[v]
    for k in range(gram.shape[0]):
        if k in (a, b):
            continue
        # Of row and column k, the places in the lower triangle.
        ka, ak, kb, bk = max(k, a), min(k, a), max(k, b), min(k, b)
        for v in range(TILE):
            one, other = gram[ka, ak, v], gram[kb, bk, v]
            gram[ka, ak, v] = cosine[v] * one - sine[v] * other
            gram[kb, bk, v] = sine[v] * one + cosine[v] * other


@dividing
def _logarithm(value, room):
    """Replace values from 1 on by their natural logarithm, as the C library does, whose last bits differ."""
    bits, mantissa = value.view(np.int64), room.view(np.int64)
    for v in range(TILE):
        mantissa[v] = (bits[v] & _MANTISSA) | (_EXPONENT_OF_1 << 52)
    for v in range(TILE):
        exponent = float((bits[v] >> 52) - _EXPONENT_OF_1)
        large = room[v] > ROOT2
        x = 0.5 * room[v] if large else room[v]
        exponent = exponent + 1.0 if large else exponent
        s = (x - 1.0) / (x + 1.0)
        total = SERIES[SERIES.size - 1]
        for k in range(SERIES.size - 2, -1, -1):
            total = fma(total, s * s, SERIES[k])
        value[v] = fma(exponent, LN2, s * total)
