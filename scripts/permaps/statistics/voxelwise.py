"""The statistic where voxels differ in more than their data: a model for each voxel.

Three things make a voxel's model its own: participants without a value there, covariates that are maps
themselves, and groups of participants with variances of their own. One statistic serves all: G of Winkler
et al. 2014 (NeuroImage 92:381-397, equation 6), which is t or F when there is one variance group, Welch's v
when there are two and no nuisance, and ordinary least squares on the participants that a voxel has.

As with one model for all voxels, Freedman-Lane moves the rows of the design over the residuals, here among the
participants whom the voxel has: where a position would take the row of one without a value, it takes the
row that this one takes, and so on (the permutation induced on them, which is uniform if the whole one is).
So a voxel keeps its rows, and groups of 6 and 15 stay groups of 6 and 15. If rows left with their missing
values, they would become any mixture of sizes, and with values missing in one group alone t would have
another null than the observed one.

As a voxel keeps its rows, no relabelling changes their sums of products. So its design is made orthonormal
once (`permaps.statistics.orthonormal`), and a relabelling costs its products with the residuals
(`permaps.statistics.products`) and a few numbers made of them (`permaps.statistics.variances`). Columns are
ordered for that: first the nuisance, then as many columns as the contrast has rows, whose coefficients are
the contrast. With the former before them, the last orthonormal columns are all that is tested.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from permaps.arithmetic.linear import complement, orthonormal, product, spanning
from permaps.statistics.compiled import compiled
from permaps.statistics.evaluator import Evaluator
from permaps.statistics.freedman_lane import GROUP
from permaps.statistics.memory_maps import columns
from permaps.statistics.multiply import TILE
from permaps.statistics.orthonormal import Frames, stretch_of
from permaps.statistics.products import BLOCK, cycles, mend, moved, rows_by_group, tile_products
from permaps.statistics.variances import one_variance, scratch_rows, variance_groups

# Nuisance as near to what no relabelling changes (the sine of the angle) does not move.
STILL = 1e-9
# What the relabelled rows of a batch may take, in bytes.
ROWS_BYTES = 2**26


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
    still : callable, optional
        Gives the products of columns with an orthonormal basis of what no relabelling changes, as
        `permaps.design.exchangeability.Exchangeability.still`. Without it, everything is taken to move.
    together : tuple of list of int
        Participants who leave a voxel together, as `permaps.statistics.orthonormal.Frames` has it.
    """

    design: np.ndarray
    contrast: np.ndarray
    group: np.ndarray
    covariates: dict = field(default_factory=dict)
    still: Callable | None = None
    together: tuple = ()

    @property
    def dof(self) -> int:
        """Residual degrees of freedom of a voxel with all participants."""
        return self.design.shape[0] - self.design.shape[1]

    @property
    def n_interest(self) -> int:
        """Rows of the contrast."""
        return len(self.contrast)

    @property
    def ordered(self) -> np.ndarray:
        """Weights of the columns that span the nuisance, then of those whose coefficients are the contrast.

        Each row of the contrast is solved for one column, and what is left are the others: for a map only
        where there is no other way, so that a map, in numbers as large as they may be, is in no two columns
        of the nuisance, which would then pass for one. Shape (n_columns, n_columns).
        """
        s, p = self.contrast.shape
        # Beside the contrast, what the steps of its elimination amount to.
        both, solved = np.hstack([self.contrast, np.eye(s)]), []
        contrast = both[:, :p]
        fixed = np.array([c not in self.covariates for c in range(p)])
        for row in range(s):
            left = np.abs(contrast[row:])
            # What elimination leaves of a column is rounding.
            left[left < 1e-12 * np.abs(self.contrast).max(axis=0)] = 0.0
            candidates = left * fixed if (left * fixed).any() else left
            at, column = np.unravel_index(candidates.argmax(), candidates.shape)
            both[[row, row + at]] = both[[row + at, row]]
            both[row] /= contrast[row, column]
            others = np.arange(s) != row
            both[others] -= np.outer(contrast[others, column], both[row])
            solved.append(column)
        free = np.delete(np.arange(p), solved)
        weights = np.zeros((p, p))
        weights[np.arange(p - s), free] = 1.0
        weights[: p - s, solved] = -contrast[:, free].T
        weights[p - s :, solved] = both[:, p:].T
        return weights

    def frames(self) -> Frames:
        """Return the same models with their columns in order, ready for every voxel."""
        weights, q = self.ordered, self.design.shape[1] - self.n_interest
        maps = sorted(self.covariates)
        own = (weights[:, maps] != 0).any(axis=1)
        design = product(self.design, weights.T)
        # Orthonormal as far as all voxels have it in common, for precision.
        nuisance = np.flatnonzero(~own[:q])
        basis = orthonormal(design[:, nuisance])[0]
        interest = np.flatnonzero(~own & (np.arange(len(own)) >= q))
        design[:, interest] -= product(basis, product(basis.T, design[:, interest]))
        n_still = 0
        if self.still and not self.group.any():
            basis, n_still = _still_first(basis, self.still)
        order = np.concatenate([nuisance, np.flatnonzero(own[:q]), np.arange(q, len(own))])
        design[:, nuisance] = basis
        design, own = np.ascontiguousarray(design[:, order].T), np.flatnonzero(own[order])
        shared = design[own]
        design[own] = 0.0
        group = np.ascontiguousarray(self.group, np.int64)
        weights = weights[order][own][:, maps]
        return Frames(design, group, self.n_interest, n_still, own, shared, weights, self.together)

    def evaluator(self, maps: np.ndarray, is_f: bool, memory_mb: float) -> "VoxelModelsEvaluator":
        """Return what computes the statistic of these maps for any relabelling."""
        return VoxelModelsEvaluator(self, maps, is_f, memory_mb)


def _still_first(basis, still):
    """Turn a basis so that the directions that no relabelling changes come first; return their number too."""
    products = still(basis)
    # Squared sines between the two spaces: 0 in directions that they share (Bjorck & Golub 1973).
    beside = np.eye(basis.shape[1]) - product(products.T, products)
    moving = spanning(beside, STILL)
    turned = product(basis, np.hstack([complement(moving), moving]))
    return turned, basis.shape[1] - moving.shape[1]


class VoxelModelsEvaluator(Evaluator):
    """The statistic of relabellings, voxel by voxel.

    What is made of the maps is held as far as it fits into memory; the rest is made again for each batch.

    Parameters
    ----------
    models : VoxelModels
    maps : array of float32, shape (n_participants, n_voxels)
        NaN where a participant has no value.
    is_f : bool
        Whether a contrast of one row gives F too: its t, squared.
    memory_mb : float
    """

    def __init__(self, models: VoxelModels, maps: np.ndarray, is_f: bool, memory_mb: float):
        self.frames, self.maps = models.frames(), maps
        self.covariates = [models.covariates[c] for c in sorted(models.covariates)]
        self.squared = is_f and models.n_interest == 1
        self.room, self.held = memory_mb * 2**20, {}
        whole = maps.size * 8 * (1 + len(self.covariates)) <= self.room
        size = 8 * self.frames.design.size * self.frames.n_groups
        rows = ROWS_BYTES // size // BLOCK * BLOCK
        self.batch = int(np.clip(rows, BLOCK, 96 if whole else 240))

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first voxel, statistic of shape (n_relabellings, n)) for stretches of voxels."""
        for first, out, *_ in self.stretches(source, sign, 0):
            yield first, out**2 if self.squared else out

    def stretches(
        self, source: np.ndarray, sign: np.ndarray, n_terms: int
    ) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield the statistic and what it is made of, for stretches of voxels.

        Yields
        ------
        first : int
        out : numpy.ndarray, shape (n_relabellings, n)
        score : numpy.ndarray, shape (n_terms, n)
            The contrast in units in which its variance is the residual variance; its last row, if several.
        variance : numpy.ndarray, shape (n_terms, n)
            Residual variance, of all groups together.
        dof : numpy.ndarray, shape (n_terms, n)
            Degrees of freedom that make the statistic nearly a t or F (Welch 1951).
        unit : numpy.ndarray, shape (n,)
            The contrast of a score of 1.
        """
        frames = self.frames
        relabelled = moved(frames, source, sign)
        for first in range(0, self.maps.shape[1], GROUP * TILE):
            stretch = self._stretch(first)
            width = len(stretch.residuals) * TILE
            out, terms = np.empty((len(source), width)), np.empty((3, n_terms, width))
            voxelwise_statistics(
                source,
                sign,
                *relabelled,
                frames.design,
                frames.group,
                frames.own,
                frames.n_interest,
                frames.n_still,
                *stretch,
                out,
                *terms,
            )
            yield first, out, *terms, stretch.lower[stretch.frame, -1, -1].ravel()

    def _stretch(self, first):
        if first in self.held:
            return self.held[first]
        whole = slice(first, first + GROUP * TILE)
        maps, *covariates = (columns(m, whole.start, whole.stop) for m in (self.maps, *self.covariates))
        stretch = stretch_of(self.frames, maps, covariates)
        size = sum(part.nbytes for part in stretch)
        if size <= self.room:
            self.held[first] = stretch
            self.room -= size
        return stretch


@compiled
def voxelwise_statistics(
    source: np.ndarray, sign: np.ndarray, rows: np.ndarray, members: np.ndarray, listed: np.ndarray,
    starts: np.ndarray, design: np.ndarray, group: np.ndarray, own: np.ndarray, n_interest: int, n_still: int,
    residuals: np.ndarray, covariates: np.ndarray, energy: np.ndarray, frame: np.ndarray, lower: np.ndarray,
    gram: np.ndarray, count: np.ndarray, freedom: np.ndarray, runs: np.ndarray, run_starts: np.ndarray,
    lacking: np.ndarray, lacking_starts: np.ndarray, out: np.ndarray, score: np.ndarray, variance: np.ndarray,
    dof: np.ndarray,
) -> None:  # fmt: skip
    """Write G of every relabelling and voxel into `out`.

    Parameters
    ----------
    source : int64, shape (n_relabellings, n_participants)
    sign : int8, shape (n_relabellings, n_participants)
    rows, members, listed, starts
        From `permaps.statistics.products.moved`.
    design, group, own, n_interest, n_still
        Of `permaps.statistics.orthonormal.Frames`.
    residuals, ..., lacking_starts
        A `permaps.statistics.orthonormal.Stretch`.
    out : float64, shape (n_relabellings, n_tiles * TILE)
        G with the sign of the effect for one row; 0 where it cannot be estimated.
    score, variance, dof : float64, shape of `out`, or of no rows
        As `VoxelModelsEvaluator.stretches` yields them.
    """
    n_groups, p = starts.size - 1, design.shape[0]
    n_moving = p - n_still
    product = np.zeros((BLOCK * n_groups * n_moving, TILE))
    cross = product.reshape(BLOCK, n_groups, n_moving, TILE)
    by_group = np.zeros((BLOCK, n_groups, TILE))
    scratch = np.empty((scratch_rows(n_groups, p), TILE))
    of_groups = rows_by_group(design, group, n_groups, n_still)
    for first in range(0, source.shape[0], BLOCK):
        stop = min(first + BLOCK, source.shape[0])
        # Without anybody missing, no position moves on.
        n_moved = stop - first if runs.shape[0] else 0
        moves = cycles(first, first + n_moved, source, sign)
        for t in range(residuals.shape[0]):
            f = frame[t]
            tile_products(
                first, stop, source, sign, rows, members, listed, starts, own, n_still, residuals[t], covariates[t],
                product, cross, by_group,
            )  # fmt: skip
            begin, end = run_starts[t], run_starts[t + 1]
            mend(
                stop - first, *moves, *of_groups, group, own, n_still, residuals[t], covariates[t], runs[begin:end],
                lacking, lacking_starts[begin : end + 1], cross, by_group,
            )  # fmt: skip
            at = slice(t * TILE, (t + 1) * TILE)
            for j in range(first, stop):
                k = j if score.shape[0] else 0
                to = score[k : k + 1, at], variance[k : k + 1, at], dof[k : k + 1, at]
                if n_groups == 1:
                    one_variance(
                        cross[j - first, 0],
                        energy[t],
                        lower[f],
                        freedom[f, 0],
                        n_interest,
                        scratch,
                        out[j, at],
                        *to,
                    )
                else:
                    variance_groups(
                        cross[j - first], by_group[j - first], lower[f], gram[f], count[f], freedom[f], n_interest,
                        scratch, out[j, at], *to,
                    )  # fmt: skip
