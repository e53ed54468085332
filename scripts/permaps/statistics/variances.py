"""The statistic of one relabelling from its products: with one variance, or with one for each group.

Columns are orthonormal, so the products are the coefficients, and those of the nuisance come first.
"""

import numpy as np

from permaps.statistics.compiled import compiled, fma
from permaps.statistics.multiply import TILE
from permaps.statistics.orthonormal import SINGULAR
from permaps.statistics.registry import PERFECT


@compiled
def scratch_rows(n_groups: int, n_columns: int) -> int:
    """Return how many rows of scratch memory the kernels need."""
    return n_columns * (n_columns + 2) + n_groups + 5


@compiled
def one_variance(
    cross: np.ndarray,
    energy: np.ndarray,
    lower: np.ndarray,
    freedom: np.ndarray,
    n_interest: int,
    scratch: np.ndarray,
    out: np.ndarray,
    score: np.ndarray,
    variance: np.ndarray,
    dof: np.ndarray,
) -> None:
    """Write t, or F of several rows, of a tile of voxels.

    Parameters
    ----------
    cross : float64, shape (n_moving, TILE)
        Products of the columns that move, the last ones, which are not yet orthonormal.
    energy : float64, shape (TILE,)
        Square sum of the residuals; 0 where nothing can be estimated.
    lower : float64, shape (n_columns, n_columns, TILE)
        What makes them orthonormal, as `permaps.statistics.orthonormal.Stretch` says.
    freedom : float64, shape (TILE,)
        Residual degrees of freedom.
    n_interest : int
    scratch : float64, shape (scratch_rows, TILE)
    out : float64, shape (TILE,)
    score, variance, dof : float64, shape (1, TILE) or of no rows
        As for `permaps.statistics.voxelwise.voxelwise_statistics`.
    """
    p, n_still = cross.shape[0], lower.shape[0] - cross.shape[0]
    left, coefficient, explained = scratch[0], scratch[1], scratch[2]
    for v in range(TILE):
        left[v], explained[v] = energy[v], 0.0
    for k in range(p):
        for v in range(TILE):
            coefficient[v] = lower[n_still + k, n_still, v] * cross[0, v]
        for c in range(1, k + 1):
            for v in range(TILE):
                coefficient[v] = fma(lower[n_still + k, n_still + c, v], cross[c, v], coefficient[v])
        for v in range(TILE):
            left[v] = fma(-coefficient[v], coefficient[v], left[v])
        if k >= p - n_interest:
            for v in range(TILE):
                explained[v] = fma(coefficient[v], coefficient[v], explained[v])
    for v in range(TILE):
        left[v] = max(left[v], PERFECT * energy[v])
    if n_interest == 1:
        for v in range(TILE):
            out[v] = coefficient[v] * np.sqrt(freedom[v] / left[v]) if left[v] > 0.0 else 0.0
    else:
        for v in range(TILE):
            out[v] = (explained[v] / n_interest) / (left[v] / freedom[v]) if left[v] > 0.0 else 0.0
    if score.shape[0]:
        for v in range(TILE):
            score[0, v], variance[0, v], dof[0, v] = coefficient[v], left[v] / freedom[v], freedom[v]


@compiled
def variance_groups(
    cross: np.ndarray,
    energy: np.ndarray,
    lower: np.ndarray,
    gram: np.ndarray,
    count: np.ndarray,
    freedom: np.ndarray,
    n_interest: int,
    scratch: np.ndarray,
    out: np.ndarray,
    score: np.ndarray,
    variance: np.ndarray,
    dof: np.ndarray,
) -> None:
    """Write G of a tile of voxels.

    With b_g the products of group g, and A_g its products of orthonormal columns, whose sum is 1, beta is the
    sum of b_g. The residual sum of squares of a group is E_g - 2 beta'b_g + beta'A_g beta, and its residual
    degrees of freedom by that are its weight in W = sum w_g A_g. The variance of the contrast is the inverse
    of what is left of W when the nuisance is eliminated.

    Parameters
    ----------
    cross : float64, shape (n_groups, n_columns, TILE)
        Changed.
    energy : float64, shape (n_groups, TILE)
    lower : float64, shape (n_columns, n_columns, TILE)
    gram : float64, shape (n_groups, n_columns, n_columns, TILE)
        Lower triangles.
    count, freedom : float64, shape (n_groups, TILE)
    n_interest, scratch, out, score, variance, dof
        As for `one_variance`.
    """
    n_groups, p, _ = cross.shape
    q = p - n_interest
    total, beta, before = scratch[: p * p].reshape(p, p, TILE), scratch[p * p :], scratch[p * p + p :]
    weight = scratch[p * p + 2 * p :]
    fitted, share, left, unequal, least = (scratch[-1], scratch[-2], scratch[-3], scratch[-4], scratch[-5])
    _sum_products(cross, lower, beta)
    fitted[:] = 1.0
    # Of a group in which everybody has the same value, so that the others' variance decides.
    least[:] = 0.0
    for g in range(n_groups):
        for v in range(TILE):
            least[v] += PERFECT * energy[g, v]
    for g in range(n_groups):
        _left(energy[g], beta, cross[g], gram[g], left)
        for v in range(TILE):
            left[v] = max(left[v], least[v])
            known = freedom[g, v] > 1e-9 and left[v] > 0.0
            # A group that a voxel lacks altogether has no variance to know.
            here = count[g, v] > 0.0
            fitted[v] = fitted[v] if known or not here else 0.0
            weight[g, v] = freedom[g, v] / left[v] if known and here else 0.0
        for c in range(p):
            for d in range(c + 1):
                for v in range(TILE):
                    add = weight[g, v] * gram[g, c, d, v]
                    total[c, d, v] = add if g == 0 else total[c, d, v] + add
    _eliminate(total, q, before, share, fitted)
    if n_interest == 1:
        for v in range(TILE):
            out[v] = beta[q, v] * np.sqrt(total[q, q, v]) if fitted[v] > 0.0 else 0.0
        if not score.shape[0]:
            return
    s = n_interest
    _heterogeneity(weight, freedom, count, unequal)
    if s > 1:
        out[:] = 0.0
        for c in range(q, p):
            for d in range(q, c + 1):
                twice = 1.0 if c == d else 2.0
                for v in range(TILE):
                    out[v] += twice * beta[c, v] * beta[d, v] * total[c, d, v]
        for v in range(TILE):
            # Lambda of G.
            scale = s * (1.0 + 2.0 * (s - 1) / (s * (s + 2)) * unequal[v])
            out[v] = out[v] / scale if fitted[v] > 0.0 else 0.0
    if score.shape[0]:
        for v in range(TILE):
            known = fitted[v] > 0.0
            score[0, v], variance[0, v] = beta[p - 1, v], 0.0
            dof[0, v] = s * (s + 2) / (3.0 * unequal[v]) if known and unequal[v] > 0.0 else 1.0


@compiled
def _sum_products(cross, lower, beta):
    """Make the products of every group those of orthonormal columns, and write their sums over groups."""
    n_groups, p, _ = cross.shape
    for g in range(n_groups):
        for k in range(p - 1, -1, -1):
            for v in range(TILE):
                cross[g, k, v] *= lower[k, k, v]
            for c in range(k):
                for v in range(TILE):
                    cross[g, k, v] = fma(lower[k, c, v], cross[g, c, v], cross[g, k, v])
    for k in range(p):
        for v in range(TILE):
            beta[k, v] = cross[0, k, v]
        for g in range(1, n_groups):
            for v in range(TILE):
                beta[k, v] += cross[g, k, v]


@compiled
def _left(energy, beta, cross, gram, left):
    """Write the residual sum of squares of a group."""
    for v in range(TILE):
        left[v] = energy[v]
    for c in range(cross.shape[0]):
        # The half of beta'A beta, twice.
        for v in range(TILE):
            left[v] = fma(beta[c, v], fma(gram[c, c, v], beta[c, v], -2.0 * cross[c, v]), left[v])
        for d in range(c):
            for v in range(TILE):
                left[v] = fma(2.0 * beta[c, v] * beta[d, v], gram[c, d, v], left[v])


@compiled
def _eliminate(total, q, before, share, fitted):
    """Eliminate the first q columns from W; where one is a combination of others, nothing is fitted."""
    for k in range(q):
        for v in range(TILE):
            before[k, v] = total[k, k, v]
    for k in range(q):
        for v in range(TILE):
            fitted[v] = fitted[v] if total[k, k, v] > SINGULAR * before[k, v] else 0.0
        for c in range(k + 1, total.shape[0]):
            for v in range(TILE):
                share[v] = total[c, k, v] / total[k, k, v] if fitted[v] > 0.0 else 0.0
            for d in range(k + 1, c + 1):
                for v in range(TILE):
                    total[c, d, v] = fma(-share[v], total[d, k, v], total[c, d, v])


@compiled
def _heterogeneity(weight, freedom, count, unequal):
    """Write how unequal the groups' variances are."""
    for v in range(TILE):
        total, unequal[v] = 0.0, 0.0
        for g in range(count.shape[0]):
            total += weight[g, v] * count[g, v]
        for g in range(count.shape[0]):
            if weight[g, v] > 0.0:
                unequal[v] += (1.0 - weight[g, v] * count[g, v] / total) ** 2 / freedom[g, v]
