"""The statistic where voxels differ in more than their data: a model for each voxel, at a price in time.

Three things make a voxel's model its own: participants without a value there, covariates that are maps
themselves, and groups of participants with variances of their own. One statistic serves all: G of Winkler
et al. 2014 (NeuroImage 92:381-397, equation 6), which is t or F when there is one variance group, Welch's v
when there are two and no nuisance, and ordinary least squares on the participants that a voxel has.

As with one model for all voxels, Freedman-Lane moves the rows of the design over the residuals, here among the
participants whom the voxel has: where a position would take the row of one without a value, it takes the
row that this one takes, and so on (the permutation induced on them, which is uniform if the whole one is).
So a voxel keeps its rows, and groups of 6 and 15 stay groups of 6 and 15. If rows left with their missing
values, they would become any mixture of sizes, and with values missing in one group alone t would have
another null than the observed one. Everything is a sum over those positions, kept apart by variance group:

    A_g = sum d d'    b_g = sum d e    E_g = sum e^2    n_g      (d: the row a position takes)

with A = sum A_g and beta = A^-1 sum b_g. The residual sum of squares of a group is
E_g - 2 beta'b_g + beta'A_g beta, its residual degrees of freedom are n_g - tr(A^-1 A_g), and their ratio is
the group's weight in sum w_g A_g.
"""

from dataclasses import dataclass, field

import numpy as np

from permaps.statistics.compiled import compiled, fma
from permaps.statistics.freedman_lane import TILE
from permaps.statistics.memory_maps import columns

# Voxels whose designs are held at a time.
STRETCH = 4 * TILE
# A pivot below this share of its column's square sum is rounding: the column depends on others there.
SINGULAR = 1e-10
# Residual variance below this share of the data's mean square is rounding.
NOISE = 1e-12


@dataclass(frozen=True)
class VoxelModels:
    """A design whose voxels may differ.

    Attributes
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns that are maps hold 0.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    group : numpy.ndarray of int, shape (n_participants,)
        Variance group of each row of the design, from 0 on.
    covariates : dict of int to array of float32, shape (n_participants, n_voxels)
        The columns that are maps; may be memory maps.
    """

    design: np.ndarray
    contrast: np.ndarray
    group: np.ndarray
    covariates: dict = field(default_factory=dict)

    @property
    def dof(self):
        """Residual degrees of freedom of a voxel with all participants."""
        return self.design.shape[0] - self.design.shape[1]

    @property
    def nuisance(self):
        """Weights of the columns that span the nuisance, shape (n_columns - n_rows, n_columns).

        Each row of the contrast is solved for one column, and what is left are the others: for a map only
        where there is no other way, so that a map, in numbers as large as they may be, is in no two columns
        of the nuisance, which would then pass for one.
        """
        contrast, solved = self.contrast.copy(), []
        fixed = np.array([c not in self.covariates for c in range(contrast.shape[1])])
        for row in range(len(contrast)):
            left = np.abs(contrast[row:])
            # What elimination leaves of a column is rounding.
            left[left < 1e-12 * np.abs(self.contrast).max(axis=0)] = 0.0
            candidates = left * fixed if (left * fixed).any() else left
            at, column = np.unravel_index(candidates.argmax(), candidates.shape)
            contrast[[row, row + at]] = contrast[[row + at, row]]
            contrast[row] /= contrast[row, column]
            others = np.arange(len(contrast)) != row
            contrast[others] -= np.outer(contrast[others, column], contrast[row])
            solved.append(column)
        free = np.delete(np.arange(contrast.shape[1]), solved)
        weights = np.zeros((len(free), contrast.shape[1]))
        weights[np.arange(len(free)), free] = 1.0
        weights[:, solved] = -contrast[:, free].T
        return weights

    @property
    def n_interest(self):
        """Rows of the contrast."""
        return len(self.contrast)

    def tiles(self, maps, first, width):
        """Residuals and designs of `width` voxels from `first` on, in tiles.

        Returns
        -------
        residuals : float64, shape (n_tiles, n_participants, TILE)
            Of the nuisance; 0 where a participant has no value.
        present : bool, shape of `residuals`
            Where a participant has a value, and covariates that are maps have one too.
        designs : float64, shape (n_tiles, n_columns, n_participants, TILE)
        """
        n, p = self.design.shape
        data = np.asarray(columns(maps, first, first + width), float)
        n_tiles = -(-data.shape[1] // TILE)
        residuals = np.zeros((n_tiles, n, TILE))
        designs = np.zeros((n_tiles, p, n, TILE))
        designs[:] = self.design.T[None, :, :, None]
        _fill(residuals, data)
        for column, covariate in self.covariates.items():
            values = np.asarray(columns(covariate, first, first + width), float)
            _fill(designs[:, column], values)
        present = np.isfinite(residuals) & np.isfinite(designs).all(axis=1)
        residuals[~present] = 0.0
        designs[~np.isfinite(designs)] = 0.0
        _take_residuals(residuals, present, designs, self.nuisance)
        return residuals, present, designs

    def evaluator(self, maps, is_f, memory_mb):
        """Return what computes the statistic of these maps for any relabelling."""
        return VoxelModelsEvaluator(self, maps, is_f)


class VoxelModelsEvaluator:
    """The statistic of relabellings, voxel by voxel.

    Parameters
    ----------
    models : VoxelModels
    maps : array of float32, shape (n_participants, n_voxels)
        NaN where a participant has no value.
    is_f : bool
        Whether a contrast of one row gives F too: its t, squared.
    """

    # So many relabellings share the work of making a voxel's tiles.
    batch = 64

    def __init__(self, models, maps, is_f):
        self.models, self.maps = models, maps
        self.squared = is_f and models.n_interest == 1

    def values(self, source, sign):
        """Yield (first voxel, statistic of shape (n_relabellings, n)) for stretches of voxels."""
        for first, out, *_ in self.stretches(source, sign, 0):
            yield first, out**2 if self.squared else out

    def effects(self, source, sign):
        """Yield (first voxel, effect, residual variance, scale of the variance) likewise."""
        for first, _, *terms, _ in self.stretches(source, sign, len(source)):
            yield first, *terms

    def stretches(self, source, sign, n_terms):
        """Yield (first voxel, statistic, effect, variance, scale, dof); of the last four `n_terms` rows."""
        models = self.models
        group = np.ascontiguousarray(models.group, np.int64)
        for first in range(0, self.maps.shape[1], STRETCH):
            tiles = models.tiles(self.maps, first, STRETCH)
            width = len(tiles[0]) * TILE
            out = np.empty((len(source), width))
            terms = np.empty((4, n_terms, width))
            voxelwise_statistics(
                source,
                sign,
                group,
                np.ascontiguousarray(models.contrast),
                int(group.max()) + 1,
                *tiles,
                out,
                *terms,
            )
            yield first, out, *terms


def _fill(tiles, values):
    """Spread columns of (n, n_voxels) over tiles of (n_tiles, n, TILE)."""
    for t in range(len(tiles)):
        part = values[:, t * TILE : (t + 1) * TILE]
        tiles[t, :, : part.shape[1]] = part


@compiled
def _take_residuals(residuals, present, designs, nuisance):
    """Replace data by residuals of the nuisance, voxel by voxel, with the participants it has."""
    n_tiles, n, width = residuals.shape
    q, p = nuisance.shape
    columns = np.empty((q, n))
    for t in range(n_tiles):
        for v in range(width):
            norm = _square_sum(residuals[t, :, v])
            for k in range(q):
                for i in range(n):
                    columns[k, i] = 0.0
                    for c in range(p):
                        columns[k, i] += present[t, i, v] * nuisance[k, c] * designs[t, c, i, v]
            # Gram-Schmidt, each step twice, since rounding of the size of what is taken away is left.
            for k in range(q):
                before = _square_sum(columns[k])
                for _ in range(2):
                    for m in range(k):
                        weight = 0.0
                        for i in range(n):
                            weight = fma(columns[k, i], columns[m, i], weight)
                        for i in range(n):
                            columns[k, i] = fma(-weight, columns[m, i], columns[k, i])
                after = _square_sum(columns[k])
                columns[k] *= 1.0 / np.sqrt(after) if after > SINGULAR * before else 0.0
            for _ in range(2):
                for k in range(q):
                    weight = 0.0
                    for i in range(n):
                        weight = fma(columns[k, i], residuals[t, i, v], weight)
                    for i in range(n):
                        residuals[t, i, v] = fma(-weight, columns[k, i], residuals[t, i, v])
            if _square_sum(residuals[t, :, v]) <= NOISE * norm:
                residuals[t, :, v] = 0.0


@compiled
def _square_sum(values):
    total = 0.0
    for i in range(values.size):
        total = fma(values[i], values[i], total)
    return total


@compiled
def voxelwise_statistics(
    source, sign, group, contrast, n_groups, residuals, present, designs, out, effect, variance, scale, dof
):  # fmt: skip
    """Write G of every relabelling and voxel into `out`.

    Parameters
    ----------
    source : int64, shape (n_relabellings, n_participants)
    sign : int8, shape (n_relabellings, n_participants)
    group : int64, shape (n_participants,)
    contrast : float64, shape (n_rows, n_columns)
    n_groups : int
    residuals, present, designs
        From `VoxelModels.tiles`.
    out : float64, shape (n_relabellings, n_tiles * TILE)
        G with the sign of the effect for one row; 0 where it cannot be estimated.
    effect, variance, scale, dof : float64, shape of `out`, or of no rows
        Where wanted: contrast, pooled residual variance, what the variance is multiplied with to be the
        contrast's variance, and the degrees of freedom that make G nearly a t or F (Welch 1951).
    """
    n_tiles, p, n, width = designs.shape
    s = contrast.shape[0]
    # The sums of each voxel lie together, and are taken over voxels innermost.
    gram = np.empty((n_groups, p, p, width))
    cross = np.empty((n_groups, p, width))
    energy = np.empty((n_groups, width))
    count = np.empty((n_groups, width))
    whole_rows = np.empty(n, np.bool_)
    whole, inverse = np.empty((p, p)), np.empty((p, p))
    weighted, right, beta = np.empty((p, p)), np.empty(p), np.empty(p)
    value, small, small_inverse = np.empty(s), np.empty((s, s)), np.empty((s, s))
    rss, freedom, weight = np.empty(n_groups), np.empty(n_groups), np.empty(n_groups)
    for t in range(n_tiles):
        _sum_rows(group, present[t], designs[t], gram, count, whole_rows)
        for j in range(source.shape[0]):
            _sum_products(
                source[j], sign[j], group, residuals[t], present[t], designs[t], whole_rows, cross, energy
            )
            for v in range(width):
                at = t * width + v
                out[j, at] = 0.0
                if effect.shape[0]:
                    effect[j, at], variance[j, at], scale[j, at], dof[j, at] = 0.0, 0.0, 1.0, 1.0
                whole[:] = 0.0
                right[:] = 0.0
                for g in range(n_groups):
                    for c in range(p):
                        right[c] += cross[g, c, v]
                        for d in range(c + 1):
                            whole[c, d] += gram[g, c, d, v]
                if not _invert(whole, inverse):
                    continue
                for c in range(p):
                    beta[c] = 0.0
                    for d in range(p):
                        beta[c] += inverse[c, d] * right[d]
                usable, all_rss, all_freedom = True, 0.0, 0.0
                for g in range(n_groups):
                    rss[g], freedom[g] = energy[g, v], count[g, v]
                    for c in range(p):
                        rss[g] -= 2.0 * beta[c] * cross[g, c, v]
                        for d in range(p):
                            a = gram[g, c, d, v] if d <= c else gram[g, d, c, v]
                            rss[g] += beta[c] * a * beta[d]
                            freedom[g] -= inverse[c, d] * a
                    all_rss += rss[g]
                    all_freedom += freedom[g]
                    # A group that a voxel lacks altogether has no variance to know.
                    known = freedom[g] > 1e-9 and rss[g] > NOISE * energy[g, v]
                    usable = usable and (known or count[g, v] == 0.0)
                if not usable:
                    continue
                weighted[:] = 0.0
                for g in range(n_groups):
                    weight[g] = freedom[g] / rss[g] if count[g, v] > 0.0 else 0.0
                    for c in range(p):
                        for d in range(c + 1):
                            weighted[c, d] += weight[g] * gram[g, c, d, v]
                unequal = _heterogeneity(weight, freedom, count[:, v])
                if effect.shape[0]:
                    dof[j, at] = all_freedom if n_groups == 1 else s * (s + 2) / (3.0 * unequal)
                    effect[j, at] = 0.0
                    spread = 0.0
                    for c in range(p):
                        effect[j, at] += contrast[0, c] * beta[c]
                        for d in range(p):
                            spread += contrast[0, c] * inverse[c, d] * contrast[0, d]
                    variance[j, at], scale[j, at] = all_rss / all_freedom, spread
                if not _invert(weighted, inverse):
                    continue
                for a in range(s):
                    value[a] = 0.0
                    for c in range(p):
                        value[a] += contrast[a, c] * beta[c]
                    for b in range(a + 1):
                        small[a, b] = 0.0
                        for c in range(p):
                            for d in range(p):
                                small[a, b] += contrast[a, c] * inverse[c, d] * contrast[b, d]
                if s == 1:
                    out[j, at] = value[0] / np.sqrt(small[0, 0])
                    continue
                if not _invert(small, small_inverse):
                    continue
                for a in range(s):
                    for b in range(s):
                        out[j, at] += value[a] * small_inverse[a, b] * value[b]
                # Lambda of G, 1 for one group.
                out[j, at] /= s * (1.0 + 2.0 * (s - 1) / (s * (s + 2)) * unequal)


@compiled
def _sum_rows(group, present, designs, gram, count, whole):
    """Sum what no relabelling changes, as rows change places among the participants whom a voxel has.

    Tell too which rows all voxels of the tile have.
    """
    p, n, width = designs.shape
    gram[:], count[:] = 0.0, 0.0
    for i in range(n):
        g = group[i]
        whole[i] = present[i].all()
        for v in range(width):
            count[g, v] += present[i, v]
        for c in range(p):
            for d in range(c + 1):
                for v in range(width):
                    gram[g, c, d, v] = fma(
                        present[i, v] * designs[c, i, v], designs[d, i, v], gram[g, c, d, v]
                    )


@compiled
def _sum_products(source, sign, group, residuals, present, designs, whole, cross, energy):
    """Sum the products of the data with the rows that positions take, and the squares of the data."""
    p, n, width = designs.shape
    cross[:], energy[:] = 0.0, 0.0
    for i in range(n):
        flip, k = float(sign[i]), source[i]
        if whole[k]:
            # Where the position itself has no value, its residual is 0.
            g = group[k]
            for v in range(width):
                energy[g, v] = fma(residuals[i, v], residuals[i, v], energy[g, v])
            for c in range(p):
                for v in range(width):
                    cross[g, c, v] = fma(flip * designs[c, k, v], residuals[i, v], cross[g, c, v])
            continue
        for v in range(width):
            if present[i, v]:
                k = source[i]
                while not present[k, v]:
                    k = source[k]
                g = group[k]
                energy[g, v] = fma(residuals[i, v], residuals[i, v], energy[g, v])
                for c in range(p):
                    cross[g, c, v] = fma(flip * designs[c, k, v], residuals[i, v], cross[g, c, v])


@compiled
def _heterogeneity(weight, freedom, count):
    """How unequal the groups' variances are: 0 for one group."""
    total, spread = 0.0, 0.0
    for g in range(weight.size):
        total += weight[g] * count[g]
    for g in range(weight.size):
        if count[g] > 0.0:
            spread += (1.0 - weight[g] * count[g] / total) ** 2 / freedom[g]
    return spread


@compiled
def _invert(lower, inverse):
    """Invert a symmetric matrix, given by its lower triangle, by Cholesky; tell whether it could be."""
    p = lower.shape[0]
    for c in range(p):
        before = lower[c, c]
        for d in range(c + 1):
            total = lower[c, d]
            for k in range(d):
                total -= lower[c, k] * lower[d, k]
            if c == d:
                if not total > SINGULAR * before:
                    return False
                lower[c, c] = np.sqrt(total)
            else:
                lower[c, d] = total / lower[d, d]
    for column in range(p):
        for c in range(p):
            total = 1.0 if c == column else 0.0
            for k in range(c):
                total -= lower[c, k] * inverse[k, column]
            inverse[c, column] = total / lower[c, c]
        for c in range(p - 1, -1, -1):
            total = inverse[c, column]
            for k in range(c + 1, p):
                total -= lower[k, c] * inverse[k, column]
            inverse[c, column] = total / lower[c, c]
    return True
