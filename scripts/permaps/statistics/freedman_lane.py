"""t and F of many relabellings at once, by Freedman-Lane, in bits that do not depend on how work is split.

With Y the maps, Z the nuisance and e = R_Z Y its residuals, Freedman-Lane fits the whole model to P e for
each relabelling P (Freedman & Lane 1983; Winkler et al. 2014). Both x'Pe and z'Pe can be had by moving the
regressors in place of the data, so all a relabelling costs is a product of a few rows with e:

    explained = sum (u'Pe)^2        u: an orthonormal basis of the effect of interest, given the nuisance
    residual  = |e|^2 - sum (q'Pe)^2 - explained        q: an orthonormal basis of the nuisance

Columns of the nuisance that no relabelling changes, such as the intercept under permutation, are
orthogonal to Pe and are left out of q. Labels that are alike give rows of equal bits, so two relabellings
that are the same partition give equal statistics to the last bit and are counted as a tie.

Products sum over participants in one fixed order, with one accumulator for each relabelling and voxel:
their bits cannot depend on block shapes, threads, processors or a BLAS library.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from permaps.arithmetic.linear import product, spanning
from permaps.statistics.compiled import compiled, fma
from permaps.statistics.evaluator import Evaluator, Maxima, highest
from permaps.statistics.interfaces import Partition
from permaps.statistics.memory_maps import columns
from permaps.statistics.multiply import TILE, in_sixes, multiply
from permaps.statistics.registry import PERFECT

# Tiles to a group: what is between the products and what uses them stays in the cache.
GROUP = 8
# Below this share of a map's norm, residuals are rounding noise of a voxel that the nuisance explains.
NOISE = 1e-6


@dataclass(frozen=True)
class Regressors:
    """Orthonormal rows whose products with the residuals give the statistic.

    Attributes
    ----------
    basis : numpy.ndarray, shape (n_participants, n_nuisance)
        Orthonormal basis of the nuisance, to take residuals with.
    rows : numpy.ndarray, shape (n_participants, n_interest + n_moving)
        Effect of interest, then those nuisance directions that relabellings change.
    n_interest : int
    dof : int
        Residual degrees of freedom.
    """

    basis: np.ndarray
    rows: np.ndarray
    n_interest: int
    dof: int

    def evaluator(self, maps: np.ndarray, is_f: bool, memory_mb: float) -> "RegressorsEvaluator":
        """Return what computes the statistic of these maps for any relabelling."""
        return RegressorsEvaluator(self, maps, is_f, memory_mb)


class RegressorsEvaluator(Evaluator):
    """The statistic of relabellings, from standardised tiles of the maps.

    The tiles are held when they fit into memory, and are made again for each batch when not; then batches
    are larger.

    Parameters
    ----------
    regressors : Regressors
    maps : array of float32, shape (n_participants, n_voxels)
        May be a memory map.
    is_f : bool
        F, or else t.
    memory_mb : float
        What the tiles may take.
    """

    def __init__(self, regressors: Regressors, maps: np.ndarray, is_f: bool, memory_mb: float):
        self.regressors, self.maps, self.is_f = regressors, maps, is_f
        held = maps.size * 8 / 2**20 <= memory_mb
        self.tiles = standardised_tiles(maps, regressors.basis) if held else None
        self.batch = 192 if held else 256

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first voxel, statistic of shape (n_relabellings, n)) for stretches of voxels.

        What lies beyond the last voxel means nothing; the array is used again for the next stretch.
        """
        moved = self.regressors
        rows = relabelled_rows(moved, source, sign)
        values = np.empty((len(source), GROUP * TILE))
        for first, tiles in self._stretches():
            statistics(rows, moved.rows.shape[1], moved.n_interest, self.is_f, moved.dof, tiles, values)
            yield first, values

    def maxima(self, both_signs: bool, reached: np.ndarray) -> Maxima:
        """Return what gives the maxima of relabellings, as `Evaluator` says, if possible without making their maps.

        If no relabelling changes the nuisance, t increases with the product of its row and the residuals: also in
        floating point, where each step to t is rounded correctly. So the products decide, to the last bit.
        """
        moved = self.regressors
        if self.is_f or moved.rows.shape[1] > 1:
            return super().maxima(both_signs, reached)
        least = least_product(reached, moved.dof)

        def of(source, sign, exceedances):
            rows, best = relabelled_rows(moved, source, sign), np.full(len(source), -np.inf)
            for first, tiles in self._stretches():
                here = slice(first, first + len(tiles) * TILE)
                scan(rows, tiles, both_signs, least[here], best, exceedances[here])
            return t_of(best, moved.dof)

        return of

    def _stretches(self):
        def make(first, stop):
            return standardised_tiles(columns(self.maps, first, stop), self.regressors.basis)

        return stretches(self.maps.shape[1], make, self.tiles)


def stretches(
    n_voxels: int, make: Callable[[int, int], np.ndarray], held: np.ndarray | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first voxel, tiles) of stretches of voxels.

    Parameters
    ----------
    n_voxels : int
    make : callable
        Returns the tiles of voxels, given the first and the one after the last.
    held : numpy.ndarray, shape (n_tiles, ...), optional
        The tiles of all voxels, if they are in memory.
    """
    for first in range(0, n_voxels, GROUP * TILE):
        if held is None:
            yield first, make(first, first + GROUP * TILE)
        else:
            yield first, held[first // TILE : first // TILE + GROUP]


def regressors(
    partition: Partition, labels: np.ndarray, still: Callable[[np.ndarray], np.ndarray]
) -> Regressors:
    """Return the rows that relabellings move, for a partitioned design.

    Parameters
    ----------
    partition : permaps.design.partition.Partition
    labels : array of int, shape (n_participants,)
        Rows of the design that are alike have the same label.
    still : callable
        Gives the products of columns with an orthonormal basis of what no relabelling changes, shape (n_still,
        n_columns); there may be none.
    """
    basis, interest = partition.basis, partition.alone
    # QR leaves the sign of its columns open: a t has the sign of its effect.
    interest = interest * np.where((interest * partition.interest).sum(axis=0) < 0, -1.0, 1.0)
    rows = np.hstack([interest, _moving(basis, still)])
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return Regressors(basis, _rounded(rows)[first][inverse.ravel()], interest.shape[1], partition.dof)


def _moving(basis, still):
    """Directions of the nuisance that some relabelling changes."""
    products = still(basis)
    if not len(products):
        return basis
    # Squared sines between the two spaces: 0 in directions that they share (Bjorck & Golub 1973).
    beside = product(basis.T, basis) - product(products.T, products)
    return product(basis, spanning(beside, 1e-9))


def _rounded(rows):
    """Rows on a grid of 2^-40 of their largest value.

    What should be equal or opposite then is so to the last bit, whatever rounding the projection left.
    """
    step = np.abs(rows).max(axis=0, initial=0, keepdims=True) * 2.0**-40
    return np.divide(rows, step, out=np.zeros_like(rows), where=step > 0).round() * step


def relabelled_rows(regressors: Regressors, source: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Rows of every relabelling, ready for `statistics`.

    Parameters
    ----------
    regressors : Regressors
    source : array of int, shape (n_relabellings, n_participants)
    sign : array of int8, shape (n_relabellings, n_participants)

    Returns
    -------
    numpy.ndarray, shape (n_padded_rows, n_participants)
        Rows of one relabelling lie together; beyond the last one there are zeros.
    """
    moved = regressors.rows[source] * sign[:, :, None]
    return in_sixes(moved.transpose(0, 2, 1).reshape(-1, source.shape[1]))


def standardised_tiles(maps: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Residuals of unit norm, in tiles.

    Parameters
    ----------
    maps : array of float, shape (n_participants, n_voxels)
        May be a memory map.
    basis : numpy.ndarray, shape (n_participants, n_nuisance)

    Returns
    -------
    numpy.ndarray of float64, shape (n_tiles, n_participants, TILE)
        0 beyond the last voxel, in voxels without residual variance, and in those where everybody has the same
        value: this says nothing, even where the model has no intercept.
    """
    n, n_voxels = maps.shape
    n_tiles = -(-n_voxels // TILE)
    tiles = np.zeros((n_tiles, n, TILE))
    for t in range(n_tiles):
        part = maps[:, t * TILE : (t + 1) * TILE]
        tiles[t, :, : part.shape[1]] = part
    _standardise(tiles, np.ascontiguousarray(basis), NOISE)
    return tiles


@compiled
def _standardise(tiles, basis, noise):
    n, q = basis.shape
    weight = np.zeros(TILE)
    for t in range(tiles.shape[0]):
        tile = tiles[t]
        total, whole = np.zeros(TILE), np.zeros(TILE)
        for i in range(n):
            for v in range(TILE):
                total[v] += tile[i, v]
                whole[v] = fma(tile[i, v], tile[i, v], whole[v])
        # Twice, since the first projection leaves rounding of the size of what it takes away.
        for _ in range(2):
            for k in range(q):
                weight[:] = 0.0
                for i in range(n):
                    for v in range(TILE):
                        weight[v] = fma(basis[i, k], tile[i, v], weight[v])
                for i in range(n):
                    for v in range(TILE):
                        tile[i, v] = fma(-basis[i, k], weight[v], tile[i, v])
        left = np.zeros(TILE)
        for i in range(n):
            for v in range(TILE):
                left[v] = fma(tile[i, v], tile[i, v], left[v])
        for v in range(TILE):
            rounding = noise * noise * whole[v]
            varies = whole[v] - total[v] * total[v] / n > rounding
            weight[v] = 1.0 / np.sqrt(left[v]) if varies and left[v] > rounding else 0.0
        for i in range(n):
            for v in range(TILE):
                tile[i, v] *= weight[v]


@compiled
def statistics(
    rows: np.ndarray, n_rows: int, n_interest: int, is_f: bool, dof: int, tiles: np.ndarray, out: np.ndarray
) -> None:
    """Write the statistic of every relabelling and voxel into `out`.

    Parameters
    ----------
    rows : float64, shape (n_padded_rows, n_participants)
        From `relabelled_rows`.
    n_rows, n_interest : int
        Rows to a relabelling, and how many of them are of interest.
    is_f : bool
        F, or else t (of one row of interest).
    dof : int
        Residual degrees of freedom.
    tiles : float64, shape (n_tiles, n_participants, TILE)
    out : float64, shape (n_relabellings, n_tiles * TILE)
    """
    n = out.shape[0]
    product = np.empty((rows.shape[0], TILE))
    explained = np.empty(TILE)
    left = np.empty(TILE)
    for t in range(tiles.shape[0]):
        multiply(rows, tiles[t], product)
        for j in range(n):
            first = j * n_rows
            explained[:] = 0.0
            for k in range(first, first + n_interest):
                for v in range(TILE):
                    explained[v] = fma(product[k, v], product[k, v], explained[v])
            for v in range(TILE):
                left[v] = 1.0 - explained[v]
            for k in range(first + n_interest, first + n_rows):
                for v in range(TILE):
                    left[v] = fma(-product[k, v], product[k, v], left[v])
            for v in range(TILE):
                left[v] = left[v] if left[v] > PERFECT else PERFECT
            to = out[j, t * TILE : (t + 1) * TILE]
            if is_f:
                for v in range(TILE):
                    to[v] = (explained[v] / n_interest) / (left[v] / dof)
            else:
                for v in range(TILE):
                    to[v] = product[first, v] * np.sqrt(dof / left[v])


def t_of(product: np.ndarray, dof: int) -> np.ndarray:
    """Return the t of products of the row of interest with residuals of unit norm, as `statistics` computes it."""
    return product * np.sqrt(dof / np.maximum(1.0 - product * product, PERFECT))


def least_product(t: np.ndarray, dof: int) -> np.ndarray:
    """Return the least products whose t reaches given ones, to the last bit.

    Parameters
    ----------
    t : numpy.ndarray, shape (n,)
    dof : int
    """
    size = np.abs(t)
    product = np.copysign(np.maximum(size / np.sqrt(dof + t * t), size / np.sqrt(dof / PERFECT)), t)
    # A few steps away at most, because these operations round too.
    while (short := t_of(product, dof) < t).any():
        product = np.where(short, np.nextafter(product, np.inf), product)
    while (beyond := t_of(before := np.nextafter(product, -np.inf), dof) >= t).any():
        product = np.where(beyond, before, product)
    return product


@compiled
def scan(
    rows: np.ndarray,
    tiles: np.ndarray,
    both_signs: bool,
    least: np.ndarray,
    best: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Raise the highest product of each relabelling, and count which products are high enough.

    Parameters
    ----------
    rows : float64, shape (n_padded_rows, n_participants)
        From `relabelled_rows`, a row to a relabelling.
    tiles : float64, shape (n_tiles, n_participants, TILE)
    both_signs : bool
        Whether absolute values count.
    least : float64, shape (n_voxels,)
        What a product must reach to be counted; the last tile may have more voxels than there are.
    best : float64, shape (n_relabellings,)
    counts : int64, shape (n_voxels,)
    """
    product, room = np.empty((rows.shape[0], TILE)), np.empty(TILE)
    for t in range(tiles.shape[0]):
        multiply(rows, tiles[t], product)
        at = t * TILE
        width = min(TILE, least.size - at)
        size = room[:width]
        for j in range(best.size):
            for v in range(width):
                size[v] = abs(product[j, v]) if both_signs else product[j, v]
            for v in range(width):
                counts[at + v] += size[v] >= least[at + v]
            best[j] = max(best[j], highest(size))
