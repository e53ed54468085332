"""Products of relabelled designs with the residuals, where voxels may lack participants or have own columns.

Rows of the design that all voxels share are multiplied for all voxels at once, with zeros for what is missing.
Then those positions are mended that have taken the row of somebody whom a voxel lacks: each moves on, one step
at a time, until it comes to a row that is there. So the cost grows with what is missing, and voxels side by side
that lack the same participants share all steps.
"""

import numpy as np

from permaps.statistics.compiled import compiled, fma
from permaps.statistics.multiply import ROWS, TILE, in_sixes, multiply
from permaps.statistics.orthonormal import Frames

# Participants of a variance group are taken four at a time, and groups filled up with nobody.
PEOPLE = 4
# Relabellings whose products are held at a time: they stay in the cache until they are used.
BLOCK = 16 * ROWS
# Voxels side by side in a line of the cache.
LINE = 8


def moved(
    frames: Frames, source: np.ndarray, sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return relabelled rows, ready for `tile_products`.

    Parameters
    ----------
    frames : permaps.statistics.orthonormal.Frames
    source : int64, shape (n_relabellings, n_participants)
    sign : int8, shape (n_relabellings, n_participants)

    Returns
    -------
    rows : float64, shape (n_padded_rows, n_participants)
        The columns that move, those of one relabelling together. Each variance group has rows of its own, with 0
        where a position takes a row of another group.
    members : float64, shape (n_padded_rows, n_participants)
        1 where a position takes a row of the group; no rows, if there is one group.
    listed : int64, shape (n_relabellings, n_padded)
        Positions by the variance group of the row they take; groups are filled up with n_participants.
    starts : int64, shape (n_groups + 1,)
        Where in `listed` each group begins.
    """
    n, n_groups = source.shape[1], frames.n_groups
    rows = (frames.design[frames.n_still :].T[source] * sign[:, :, None]).transpose(0, 2, 1)
    members = np.empty((0, n))
    if n_groups > 1:
        of_group = frames.group[source][:, None] == np.arange(n_groups)[:, None]
        rows = rows[:, None] * of_group[:, :, None]
        members = in_sixes(of_group.reshape(-1, n).astype(float))
    return in_sixes(rows.reshape(-1, n)), members, *_listed(source, frames.group, n_groups)


def _listed(source, group, n_groups):
    n_relabellings, n = source.shape
    size = np.bincount(group, minlength=n_groups)
    starts = np.append(0, np.cumsum(size + -size % PEOPLE))
    listed = np.full((n_relabellings, starts[-1]), n)
    taken = group[source]
    order = np.argsort(taken, axis=1, kind="stable")
    # How far a place in its group is moved by those that fill up the groups before.
    shift = (starts[:-1] - np.append(0, np.cumsum(size)[:-1]))[np.repeat(np.arange(n_groups), size)]
    listed[:, np.arange(n) + shift] = order
    return listed, starts


@compiled
def tile_products(
    first: int, stop: int, source: np.ndarray, sign: np.ndarray, rows: np.ndarray, members: np.ndarray,
    listed: np.ndarray, starts: np.ndarray, own: np.ndarray, n_still: int, residuals: np.ndarray,
    covariates: np.ndarray, product: np.ndarray, cross: np.ndarray, energy: np.ndarray,
) -> None:  # fmt: skip
    """Write the products of some relabellings with a tile of voxels.

    Parameters
    ----------
    first, stop : int
        Relabellings, at most `BLOCK`.
    source, sign, rows, members, listed, starts, own, n_still, residuals, covariates
        As for `permaps.statistics.voxelwise.voxelwise_statistics`, those of the voxels for one tile.
    product : float64, shape (BLOCK * n_groups * n_moving, TILE)
        Memory of `cross`.
    cross : float64, shape (BLOCK, n_groups, n_moving, TILE)
        Sums over each group of row times residual, times sign.
    energy : float64, shape (BLOCK, n_groups, TILE)
        Sums of the squared residuals; with one group, nothing is written.
    """
    n_groups, n_moving = cross.shape[1], cross.shape[2]
    multiply(_block(rows, first, stop, n_groups * n_moving), residuals, product)
    if n_groups > 1:
        squares = np.empty((members.shape[1], TILE))
        for i in range(squares.shape[0]):
            for v in range(TILE):
                squares[i, v] = residuals[i, v] * residuals[i, v]
        of_group = energy.reshape(energy.shape[0] * n_groups, TILE)
        multiply(_block(members, first, stop, n_groups), squares, of_group)
    for k in range(own.size):
        for j in range(first, stop):
            _multiply_own(
                listed[j],
                starts,
                source[j],
                sign[j],
                covariates[k],
                residuals,
                own[k] - n_still,
                cross[j - first],
            )


@compiled
def _block(rows, first, stop, each):
    """Return the rows of some relabellings, so many of each, in sixes."""
    return rows[first * each : stop * each + -(stop * each) % ROWS]


@compiled
def _multiply_own(listed, starts, source, sign, covariate, residuals, column, cross):
    """Sum a column of each voxel's own times residual, over each variance group."""
    for g in range(cross.shape[0]):
        to = cross[g, column]
        to[:] = 0.0
        for at in range(starts[g], starts[g + 1], PEOPLE):
            e0, x0, f0 = _taken(listed[at], source, sign, covariate, residuals)
            e1, x1, f1 = _taken(listed[at + 1], source, sign, covariate, residuals)
            e2, x2, f2 = _taken(listed[at + 2], source, sign, covariate, residuals)
            e3, x3, f3 = _taken(listed[at + 3], source, sign, covariate, residuals)
            for v in range(TILE):
                to[v] = fma(
                    f3 * x3[v], e3[v],
                    fma(f2 * x2[v], e2[v], fma(f1 * x1[v], e1[v], fma(f0 * x0[v], e0[v], to[v]))),
                )  # fmt: skip


@compiled
def _taken(position, source, sign, covariate, residuals):
    """Residual of a position, row that it takes, and sign; the residuals of nobody are 0."""
    i = position if position < source.size else 0
    return residuals[position], covariate[source[i]], float(sign[i])


@compiled
def cycles(
    first: int, stop: int, source: np.ndarray, sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return who takes each row, and what comes next.

    Parameters
    ----------
    first, stop, source, sign
        As for `tile_products`.

    Returns
    -------
    position : uint32, shape (n_participants, BLOCK)
        The position that takes a row, in each relabelling.
    following : uint32, shape (n_participants, BLOCK)
        The row that the participant of a row takes.
    flip : float64, shape (n_participants, BLOCK)
        The sign of that position.
    """
    n = source.shape[1]
    position, following = np.zeros((n, BLOCK), np.uint32), np.zeros((n, BLOCK), np.uint32)
    flip = np.ones((n, BLOCK))
    for j in range(stop - first):
        for i in range(n):
            m = source[first + j, i]
            position[m, j], following[m, j], flip[m, j] = i, source[first + j, m], float(sign[first + j, i])
    return position, following, flip


@compiled
def rows_by_group(
    design: np.ndarray, group: np.ndarray, n_groups: int, n_still: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the design apart by their variance groups, and which group has which.

    Parameters
    ----------
    design, group, n_still
        As for `permaps.statistics.voxelwise.voxelwise_statistics`.
    n_groups : int

    Returns
    -------
    design_of : float64, shape (n_groups, n_moving, n_participants)
        The columns that move; 0 in the rows of other groups.
    member : float64, shape (n_groups, n_participants)
        1 in the rows of the group.
    """
    member = np.zeros((n_groups, group.size))
    for i in range(group.size):
        member[group[i], i] = 1.0
    design_of = np.empty((n_groups, design.shape[0] - n_still, group.size))
    for g in range(n_groups):
        design_of[g] = design[n_still:] * member[g]
    return design_of, member


@compiled
def mend(
    n_relabellings: int, position: np.ndarray, following: np.ndarray, flip: np.ndarray,
    design_of: np.ndarray, member: np.ndarray, group: np.ndarray, own: np.ndarray, n_still: int,
    residuals: np.ndarray, covariates: np.ndarray, runs: np.ndarray, lacking: np.ndarray,
    lacking_starts: np.ndarray, cross: np.ndarray, energy: np.ndarray,
) -> None:  # fmt: skip
    """Where voxels lack participants, let positions take the rows that follow those of the absent.

    Parameters
    ----------
    n_relabellings : int
    position, following, flip
        From `cycles`.
    design_of, member
        From `rows_by_group`.
    group, own, n_still, residuals, covariates, cross, energy
        As for `tile_products`.
    runs, lacking, lacking_starts
        Of `permaps.statistics.orthonormal.Stretch`, the runs of this tile.
    """
    if not runs.shape[0]:
        return
    n_groups, n_moving, n = cross.shape[1], cross.shape[2], position.shape[0]
    absent = np.zeros(n, np.uint8)
    most = 0
    for r in range(runs.shape[0]):
        most = max(most, lacking_starts[r + 1] - lacking_starts[r])
    way, change = np.empty((n_groups, n_moving, most, BLOCK)), np.empty((n_groups, most, BLOCK))
    target, further = np.empty((most, BLOCK), np.uint32), np.empty(BLOCK + 1, np.int64)
    x = np.empty((most, BLOCK))
    by_voxel = np.empty((1 + own.size, TILE, n))
    _transpose(residuals, by_voxel[0])
    for k in range(own.size):
        _transpose(covariates[k], by_voxel[1 + k])
    sums, squares = np.zeros((n_groups, n_moving, LINE, BLOCK)), np.zeros((n_groups, LINE, BLOCK))
    for r in range(runs.shape[0]):
        gone = lacking[lacking_starts[r] : lacking_starts[r + 1]]
        absent[:] = 0
        for m in gone:
            absent[m] = 1
        _find_targets(n_relabellings, gone, absent, position, following, target, further)
        _find_ways(gone, target, flip, design_of, member, way, change)
        for v in range(runs[r, 0], runs[r, 1]):
            at, last = v % LINE, r + 1 == runs.shape[0] and v + 1 == runs[r, 1]
            for a in range(gone.size):
                for j in range(BLOCK):
                    x[a, j] = by_voxel[0, v, position[gone[a], j]]
            for g in range(n_groups):
                for c in range(n_moving):
                    _add_products(way[g, c], x, gone.size, sums[g, c, at])
            for q in range(own.size):
                # What the absent would have added is 0.
                for a in range(gone.size):
                    for j in range(n_relabellings):
                        k, value = target[a, j], flip[gone[a], j] * x[a, j]
                        to = sums[group[k], own[q] - n_still, at]
                        to[j] = fma(by_voxel[1 + q, v, k], value, to[j])
            if n_groups > 1:
                for a in range(gone.size):
                    for j in range(BLOCK):
                        x[a, j] *= x[a, j]
                for g in range(n_groups):
                    _add_products(change[g], x, gone.size, squares[g, at])
            following_voxel = v + 1 if v + 1 < runs[r, 1] or last else runs[r + 1, 0]
            if last or following_voxel // LINE > v // LINE:
                _give(n_relabellings, v - at, sums, squares, cross, energy)


@compiled
def _add_products(way, x, n, to):
    for a in range(n):
        for j in range(BLOCK):
            to[j] = fma(way[a, j], x[a, j], to[j])


@compiled
def _give(n_relabellings, first, sums, squares, cross, energy):
    """Add what a line of voxels has gathered, and begin again from 0."""
    n_groups, n_moving = sums.shape[0], sums.shape[1]
    for j in range(n_relabellings):
        for g in range(n_groups):
            for c in range(n_moving):
                for u in range(LINE):
                    cross[j, g, c, first + u] += sums[g, c, u, j]
            if n_groups > 1:
                for u in range(LINE):
                    energy[j, g, first + u] += squares[g, u, j]
    sums[:] = 0.0
    squares[:] = 0.0


@compiled
def _transpose(rows, columns):
    """Write a tile by voxel, a line of voxels at a time."""
    for first in range(0, TILE, LINE):
        for i in range(columns.shape[1]):
            for v in range(first, first + LINE):
                columns[v, i] = rows[i, v]


@compiled
def _find_targets(n_relabellings, gone, absent, position, following, target, further):
    """Find the rows that are taken in place of those of the absent."""
    for a in range(gone.size):
        m = gone[a]
        for j in range(BLOCK):
            target[a, j] = following[m, j]
        # Those with further steps are listed first, since a branch that is hard to foresee costs more.
        n_further = 0
        for j in range(n_relabellings):
            further[n_further] = j
            # A position without a value takes part in nothing.
            n_further += absent[following[m, j]] > absent[position[m, j]]
        for j in further[:n_further]:
            k = following[m, j]
            while absent[k]:
                k = following[k, j]
            target[a, j] = k


@compiled
def _find_ways(gone, target, flip, design_of, member, way, change):
    """Write what taking those rows adds to the products with a residual, and to the sums of its square."""
    n_groups, n_moving = way.shape[0], way.shape[1]
    for a in range(gone.size):
        m = gone[a]
        for g in range(n_groups):
            for c in range(n_moving):
                for j in range(BLOCK):
                    way[g, c, a, j] = flip[m, j] * (design_of[g, c, target[a, j]] - design_of[g, c, m])
            if n_groups > 1:
                for j in range(BLOCK):
                    change[g, a, j] = member[g, target[a, j]] - member[g, m]
