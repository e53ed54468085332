"""Whether who lacks values at a voxel goes with what a contrast tests.

Where it does, a test compares those who are left. It keeps its error rate, since relabelling goes on among
these (`permaps.statistics.voxelwise`), but only they are what it speaks of.
"""

from dataclasses import dataclass

import numpy as np

from permaps.design.exchangeability import Exchangeability, exchangeability_tree
from permaps.design.partition import partition
from permaps.design.scheme import like_rows
from permaps.permutation.correction import fwe_p
from permaps.permutation.null import null_maxima, observed_statistic
from permaps.statistics.freedman_lane import regressors
from permaps.statistics.memory_maps import let_go

# Values missing at random are told of in one study of twenty.
LEVEL = 0.05
N_RELABELLINGS = 999


@dataclass(frozen=True)
class Difference:
    """Where the participants who lack a value differ most in what is tested.

    Attributes
    ----------
    p : float
        Of the largest t or F of lacking a value over the voxels, by relabelling.
    n_voxels : int
        Voxels that have it.
    lacking : numpy.ndarray of bool, shape (n_participants,)
        Who lacks a value there.
    sides : numpy.ndarray of bool, shape (n_participants,), or None
        Who is on the contrast's positive side, where it has two sides and nothing between.
    r : float
        Correlation of lacking a value with what is tested, both without nuisance; of an F, R without sign.
    """

    p: float
    n_voxels: int
    lacking: np.ndarray
    sides: np.ndarray | None
    r: float


def patterns(*matrices):
    """Return who lacks a value where.

    Parameters
    ----------
    *matrices : array of float, shape (n_participants, n_voxels)
        Of the maps and of covariates that are maps, NaN where a value is missing; may be memory maps.

    Returns
    -------
    lacking : numpy.ndarray of bool, shape (n_participants, n_patterns)
        Each pattern once; that of a voxel that everybody has is left out.
    n_voxels : numpy.ndarray of int, shape (n_patterns,)
        How many voxels have it.
    """
    n, n_voxels = matrices[0].shape
    bits = np.zeros((n_voxels, -(-n // 8)), np.uint8)
    for i in range(n):
        for matrix in matrices:
            bits[:, i // 8] |= np.isnan(matrix[i]).astype(np.uint8) << (7 - i % 8)
            let_go(matrix)
    found, counts = np.unique(bits[bits.any(axis=1)], axis=0, return_counts=True)
    return np.unpackbits(found, axis=1, count=n).T.astype(bool), counts


def difference(lacking, n_voxels, design, contrast, scheme, blocks):
    """Compare who lacks values with what a contrast tests, or return None where there is nothing to compare.

    Nothing is where nobody lacks a value, where relabelling flips signs alone, which leaves everybody where
    they are, and where it is a covariate that is a map that is tested.

    Parameters
    ----------
    lacking, n_voxels
        From `patterns`.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN are maps.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    scheme : {"permute", "flip", "both"}
    blocks : dict
        As `exchangeability_tree` takes them.

    Returns
    -------
    Difference or None
    """
    fixed = ~np.isnan(design).any(axis=0)
    design, contrast = design[:, fixed], contrast[:, fixed]
    found = Exchangeability(exchangeability_tree(len(design), **blocks), like_rows(design), True, False)
    if (
        not len(n_voxels)
        or scheme == "flip"
        or found.n_distinct == 1
        or np.linalg.matrix_rank(contrast) < len(contrast)
    ):
        return None
    part = partition(design, contrast)
    model = regressors(part, found.labels, found.still)
    maps, is_f = lacking.astype(np.float32), len(contrast) > 1
    stop = min(N_RELABELLINGS + 1, found.n_distinct)
    maxima = null_maxima(maps, model, found, 0, 0, stop, is_f=is_f, both_signs=not is_f)["voxel"]
    reached = np.abs(observed_statistic(maps, model, found, is_f=is_f))
    largest = reached >= reached.max() * (1 - 1e-9)
    there = lacking[:, np.argmax(reached)]
    return Difference(
        p=float(fwe_p(reached, maxima).min()),
        n_voxels=int(n_voxels[largest].sum()),
        lacking=there,
        sides=_sides(part.interest),
        r=_correlation(there.astype(float), part),
    )


def _sides(interest):
    levels = np.unique(interest.round(9)) if interest.shape[1] == 1 else ()
    return interest[:, 0] > levels.mean() if len(levels) == 2 else None


def _correlation(lacking, part):
    basis, alone = part.basis, part.alone
    lacking = lacking - basis @ (basis.T @ lacking)
    shared = alone.T @ lacking / np.linalg.norm(lacking)
    if len(shared) > 1:
        return float(np.linalg.norm(shared))
    # The sign of an orthonormal column is arbitrary.
    return float(shared[0] * np.sign(alone[:, 0] @ part.interest[:, 0]))


def told(found):
    """Return a difference in a sentence or two, empty where chance explains it."""
    if found is None or found.p > LEVEL:
        return ""
    lacking, sides = found.lacking, found.sides
    if sides is not None:
        where = (
            f"{lacking[sides].sum()} of the {sides.sum()} participants on the positive side of the contrast lack one "
            f"and {lacking[~sides].sum()} of the {(~sides).sum()} on the negative side"
        )
    else:
        where = f"{lacking.sum()} of {len(lacking)} participants lack one, with r = {found.r:.2f} to what is tested"
    voxels = f"{found.n_voxels:,} voxel{'s' * (found.n_voxels != 1)}"
    return (
        f"Who lacks values differs with what is tested (p = {found.p:.2g} by relabelling): at {voxels} {where}. "
        "A voxel's test is relabelled among those who have a value there, which keeps the error rate unless "
        "values are missing for what they would have been, but speaks of them alone. mask.min_coverage: 1 leaves "
        "such voxels out."
    )
