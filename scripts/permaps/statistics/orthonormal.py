"""What each voxel's design and data are for all relabellings: made once, as far as memory allows.

A frame holds the triangles that make the designs of a tile's voxels orthonormal, each for the participants
whom the voxel has. Voxels with all participants and without covariates that are maps share one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from permaps.statistics.compiled import compiled, fma
from permaps.statistics.multiply import TILE

# A column with less than this share of its square sum beside the columns before depends on them.
SINGULAR = 1e-10
# Residual variance below this share of the data's mean square is rounding.
NOISE = 1e-12


@dataclass(frozen=True)
class Frames:
    """A design whose voxels may differ, in the order in which columns become orthonormal.

    Attributes
    ----------
    design : numpy.ndarray, shape (n_columns, n_participants)
        First the nuisance, of this first what no relabelling changes, then what is tested.
    group : numpy.ndarray of int64, shape (n_participants,)
        Variance group of each row.
    n_interest : int
        Columns that are tested: the last ones.
    n_still : int
        Columns that no relabelling changes, so that their products with the residuals stay 0: the first ones.
    own : numpy.ndarray of int64, shape (n_own,)
        Columns that differ by voxel; `design` has 0 there.
    shared : numpy.ndarray, shape (n_own, n_participants)
        What these have in common at all voxels.
    weights : numpy.ndarray, shape (n_own, n_covariates)
        Weights with which covariate maps are added to that.
    together : tuple of list of int
        Participants who leave a voxel together: if one of them has no value there, none is used.
    """

    design: np.ndarray
    group: np.ndarray
    n_interest: int
    n_still: int
    own: np.ndarray
    shared: np.ndarray
    weights: np.ndarray
    together: tuple = ()

    @property
    def n_groups(self) -> int:
        """Number of variance groups."""
        return int(self.group.max()) + 1


class Stretch(NamedTuple):
    """What is known of some tiles of voxels before any relabelling.

    Attributes
    ----------
    residuals : float64, shape (n_tiles, n_participants + 1, TILE)
        Data without nuisance; 0 where a participant has no value, where nothing can be estimated or all have
        the same value, and for nobody: the last row.
    covariates : float64, shape (n_tiles, n_own, n_participants, TILE)
        The columns that differ by voxel; 0 where a participant has no value.
    energy : float64, shape (n_tiles, TILE)
        Square sum of the residuals.
    frame : int64, shape (n_tiles,)
        The frame of each tile.
    lower : float64, shape (n_frames, n_columns, n_columns, TILE)
        Weights that make the columns orthonormal: column k becomes the sum of c <= k weighted by [k, c].
    gram : float64, shape (n_frames, n_groups, n_columns, n_columns, TILE)
        Products of the orthonormal columns within each variance group; of no frames if there is one group.
    count, freedom : float64, shape (n_frames, n_groups, TILE)
        Participants of each group, and its residual degrees of freedom.
    runs : int64, shape (n_runs, 2)
        First and last voxel + 1, within their tile, of voxels side by side that lack the same participants.
    run_starts : int64, shape (n_tiles + 1,)
        The first run of each tile.
    lacking, lacking_starts : int64
        Participants without a value, those of run r from lacking_starts[r] to lacking_starts[r + 1].
    """

    residuals: np.ndarray
    covariates: np.ndarray
    energy: np.ndarray
    frame: np.ndarray
    lower: np.ndarray
    gram: np.ndarray
    count: np.ndarray
    freedom: np.ndarray
    runs: np.ndarray
    run_starts: np.ndarray
    lacking: np.ndarray
    lacking_starts: np.ndarray


def stretch_of(frames: Frames, maps: np.ndarray, covariates: list[np.ndarray]) -> Stretch:
    """Return what is known of some voxels before any relabelling.

    Parameters
    ----------
    frames : Frames
    maps : array, shape (n_participants, n)
        NaN where a participant has no value.
    covariates : list of array, shape of `maps`
    """
    (p, n), n_groups = frames.design.shape, frames.n_groups
    n_tiles = -(-maps.shape[1] // TILE)
    residuals = np.zeros((n_tiles, n + 1, TILE))
    _fill(residuals, maps)
    own = np.zeros((n_tiles, len(frames.own), n, TILE))
    own[:] = frames.shared[:, :, None]
    for values, weights in zip(covariates, frames.weights.T, strict=True):
        tiles = np.zeros((n_tiles, n, TILE))
        _fill(tiles, values)
        own += weights[:, None, None] * tiles[:, None]
    present = np.isfinite(residuals[:, :n]) & np.isfinite(own).all(axis=1)
    for unit in frames.together:
        present[:, unit] = present[:, unit].all(axis=1, keepdims=True)
    residuals[:, :n][~present] = 0.0
    own.transpose(0, 2, 3, 1)[~present] = 0.0
    # Frame 0 is that of tiles in which no voxel differs.
    differs = ~present.all(axis=(1, 2)) | bool(covariates)
    frame = np.where(differs, np.cumsum(differs), 0)
    n_frames = frame.max() + 1
    made = (
        residuals,
        own,
        np.zeros((n_tiles, TILE)),
        frame,
        np.zeros((n_frames, p, p, TILE)),
        np.zeros((n_frames if n_groups > 1 else 0, n_groups, p, p, TILE)),
        np.zeros((n_frames, n_groups, TILE)),
        np.zeros((n_frames, n_groups, TILE)),
    )
    _take_residuals(frames.design, frames.group, frames.own, p - frames.n_interest, present, *made)
    return Stretch(*made, *_runs(present))


def _fill(tiles, values):
    """Spread columns of (n, n_voxels) over tiles of (n_tiles, n or more, TILE)."""
    n = len(values)
    for t in range(len(tiles)):
        part = values[:, t * TILE : (t + 1) * TILE]
        tiles[t, :n, : part.shape[1]] = part


def _runs(present):
    """Return the runs of voxels that lack the same participants, as in `Stretch`."""
    n_tiles, n, _ = present.shape
    by_voxel = present.transpose(1, 0, 2).reshape(n, -1)
    begins = np.ones(n_tiles * TILE, bool)
    begins[1:] = (by_voxel[:, 1:] != by_voxel[:, :-1]).any(axis=0)
    begins[::TILE] = True
    first = np.flatnonzero(begins)
    stop = np.append(first[1:], n_tiles * TILE)
    lacks = ~by_voxel[:, first].T
    some = lacks.any(axis=1)
    first, stop, lacks = first[some], stop[some], lacks[some]
    return (
        np.column_stack([first % TILE, (stop - 1) % TILE + 1]),
        np.searchsorted(first, np.arange(n_tiles + 1) * TILE),
        np.nonzero(lacks)[1],
        np.append(0, np.cumsum(lacks.sum(axis=1))),
    )


@compiled
def _take_residuals(
    design, group, own, n_nuisance, present,
    residuals, covariates, energy, frame, lower, gram, count, freedom,
):  # fmt: skip
    """Make the designs orthonormal and take the nuisance out of the data, with the participants of a voxel."""
    p, n = design.shape
    # Of voxels that are alike, and of those of one tile.
    bases = np.empty((2, p, n, TILE))
    alive = np.zeros((2, TILE))
    weight = np.empty(TILE)
    made = -1
    for t in range(residuals.shape[0]):
        f = frame[t]
        which = min(f, 1)
        basis, data = bases[which], residuals[t]
        if f > 0 or made < 0:
            made = 0 if f == 0 else made
            for c in range(p):
                for i in range(n):
                    for v in range(TILE):
                        basis[c, i, v] = design[c, i] * present[t, i, v]
            for k in range(own.size):
                basis[own[k]] = covariates[t, k]
            _make_orthonormal(basis, lower[f], alive[which])
            _count(basis, group, present[t], gram[f : f + 1], count[f], freedom[f], alive[which])
        total, norm = np.zeros(TILE), np.zeros(TILE)
        for i in range(n):
            for v in range(TILE):
                total[v] += data[i, v]
        _add_squares(data, norm)
        # Twice, since rounding of the size of what is taken away is left.
        for _ in range(2):
            for k in range(n_nuisance):
                weight[:] = 0.0
                for i in range(n):
                    for v in range(TILE):
                        weight[v] = fma(basis[k, i, v], data[i, v], weight[v])
                for i in range(n):
                    for v in range(TILE):
                        data[i, v] = fma(-weight[v], basis[k, i, v], data[i, v])
        _add_squares(data, energy[t])
        for v in range(TILE):
            n_present = max(1.0, count[f, :, v].sum())
            varies = norm[v] - total[v] * total[v] / n_present > NOISE * norm[v]
            weight[v] = alive[which, v] if varies and energy[t, v] > NOISE * norm[v] else 0.0
            energy[t, v] *= weight[v]
        for i in range(n):
            for v in range(TILE):
                data[i, v] *= weight[v]


@compiled
def _add_squares(rows, total):
    for i in range(rows.shape[0]):
        for v in range(TILE):
            total[v] = fma(rows[i, v], rows[i, v], total[v])


@compiled
def _make_orthonormal(basis, lower, alive):
    """Make columns orthonormal by Gram-Schmidt; keep the weights, and where no column depended on others."""
    p, n, _ = basis.shape
    before, weight = np.empty(TILE), np.empty(TILE)
    alive[:] = 1.0
    for k in range(p):
        before[:] = 0.0
        _add_squares(basis[k], before)
        lower[k, k] = 1.0
        # Each step twice, since rounding of the size of what is taken away is left.
        for _ in range(2):
            for m in range(k):
                weight[:] = 0.0
                for i in range(n):
                    for v in range(TILE):
                        weight[v] = fma(basis[k, i, v], basis[m, i, v], weight[v])
                for i in range(n):
                    for v in range(TILE):
                        basis[k, i, v] = fma(-weight[v], basis[m, i, v], basis[k, i, v])
                for c in range(m + 1):
                    for v in range(TILE):
                        lower[k, c, v] = fma(-weight[v], lower[m, c, v], lower[k, c, v])
        weight[:] = 0.0
        _add_squares(basis[k], weight)
        for v in range(TILE):
            independent = weight[v] > SINGULAR * before[v]
            weight[v] = 1.0 / np.sqrt(weight[v]) if independent else 0.0
            alive[v] = alive[v] if independent else 0.0
        for i in range(n):
            for v in range(TILE):
                basis[k, i, v] *= weight[v]
        for c in range(k + 1):
            for v in range(TILE):
                lower[k, c, v] *= weight[v]


@compiled
def _count(basis, group, present, gram, count, freedom, alive):
    """Sum what belongs to each variance group; where nothing is left for the residuals, nothing is alive."""
    p, n, _ = basis.shape
    left = np.full(TILE, -float(p))
    for i in range(n):
        for v in range(TILE):
            count[group[i], v] += present[i, v]
            left[v] += present[i, v]
    for v in range(TILE):
        alive[v] = alive[v] if left[v] > 0.0 else 0.0
    if gram.shape[0] == 0:
        for v in range(TILE):
            freedom[0, v] = left[v] if left[v] > 0.0 else 1.0
        return
    products = gram[0]
    for i in range(n):
        g = group[i]
        for c in range(p):
            for d in range(c + 1):
                for v in range(TILE):
                    products[g, c, d, v] = fma(basis[c, i, v], basis[d, i, v], products[g, c, d, v])
    for g in range(count.shape[0]):
        for v in range(TILE):
            freedom[g, v] = count[g, v]
        for c in range(p):
            for v in range(TILE):
                freedom[g, v] -= products[g, c, c, v]
