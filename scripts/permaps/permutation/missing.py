"""Whether missing values are related to what a contrast tests.

If they are, a voxel tests only the participants who have a value there. The error rate still holds, because
these are relabelled among themselves (`permaps.statistics.voxelwise`), but the result is only about them.
"""

from dataclasses import dataclass

import numpy as np

from permaps.arithmetic.linear import dot, product
from permaps.design.exchangeability import Exchangeability
from permaps.design.partition import partition
from permaps.design.scheme import distinct_relabellings, like_rows
from permaps.permutation.correction import fwe_p
from permaps.permutation.null import null_maxima, observed_statistic
from permaps.statistics.freedman_lane import regressors
from permaps.statistics.memory_maps import let_go

# Values that are missing at random are reported in one of twenty studies.
LEVEL = 0.05
N_RELABELLINGS = 999
# From this share of missing values on, clusters and TFCE come out too often (docs/validation.md): in how many per
# cent of null data sets at the 5 % level, at most, with 10 % missing; also where blocks change places as wholes.
ROUGH = 0.05
TOO_OFTEN, TOO_OFTEN_WHOLE = 7.5, 10.2


@dataclass(frozen=True)
class Difference:
    """The voxels where missing values are most strongly related to what is tested.

    Attributes
    ----------
    p : float
        Of the largest t or F over the voxels, with missing or not as the data, by relabelling.
    n_voxels : int
        Number of voxels with this t or F.
    lacking : numpy.ndarray of bool, shape (n_participants,)
        Who has no value there.
    sides : numpy.ndarray of bool, shape (n_participants,), or None
        Who is on the contrast's positive side, if it has two sides and nothing in between.
    r : float
        Correlation between a missing value and what is tested, without nuisance; for an F, R without sign.
    """

    p: float
    n_voxels: int
    lacking: np.ndarray
    sides: np.ndarray | None
    r: float


def patterns(*matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which participants have no value at which voxels.

    Parameters
    ----------
    *matrices : array of float, shape (n_participants, n_voxels)
        The maps and the voxelwise covariates, NaN where a value is missing; may be memory maps.

    Returns
    -------
    lacking : numpy.ndarray of bool, shape (n_participants, n_patterns)
        Each pattern once, without that of voxels where nobody is missing.
    n_voxels : numpy.ndarray of int, shape (n_patterns,)
        Number of voxels with each pattern.
    """
    n, n_voxels = matrices[0].shape
    bits = np.zeros((n_voxels, -(-n // 8)), np.uint8)
    for i in range(n):
        for matrix in matrices:
            bits[:, i // 8] |= np.isnan(matrix[i]).astype(np.uint8) << (7 - i % 8)
            let_go(matrix)
    distinct, counts = np.unique(bits[bits.any(axis=1)], axis=0, return_counts=True)
    return np.unpackbits(distinct, axis=1, count=n).T.astype(bool), counts


def difference(
    lacking: np.ndarray,
    n_voxels: np.ndarray,
    design: np.ndarray,
    contrast: np.ndarray,
    scheme: str,
    blocks: dict,
) -> Difference | None:
    """Compare missing values with what a contrast tests, or return None if there is nothing to compare.

    There is nothing to compare if no value is missing, if relabelling only flips signs, which leaves
    everybody in place, or if the tested effect is a voxelwise covariate.

    Parameters
    ----------
    lacking, n_voxels
        From `patterns`.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN are maps.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    scheme : {"permute", "flip", "both"}
    blocks : dict
        As `permaps.design.block_tree.exchangeability_tree` takes them.
    """
    fixed = ~np.isnan(design).any(axis=0)
    design, contrast = design[:, fixed], contrast[:, fixed]
    exchangeability = distinct_relabellings(like_rows(design), "permute", blocks)
    if (
        not len(n_voxels)
        or scheme == "flip"
        or exchangeability.n_distinct == 1
        or np.linalg.matrix_rank(contrast) < len(contrast)
    ):
        return None
    part = partition(design, contrast)
    model = regressors(part, exchangeability.labels, exchangeability.still)
    maps, is_f = lacking.astype(np.float32), len(contrast) > 1
    stop = min(N_RELABELLINGS + 1, exchangeability.n_distinct)
    maxima = null_maxima(maps, model, exchangeability, 0, 0, stop, is_f=is_f, both_signs=not is_f)["voxel"]
    reached = np.abs(observed_statistic(maps, model, exchangeability, is_f=is_f))
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
    lacking = lacking - product(basis, product(basis.T, lacking[:, None]))[:, 0]
    shared = product(alone.T, lacking[:, None])[:, 0] / np.sqrt(dot(lacking, lacking))
    if len(shared) > 1:
        return float(np.sqrt(dot(shared, shared)))
    # The sign of an orthonormal column is arbitrary.
    return float(shared[0] * np.sign(dot(alone[:, 0], part.interest[:, 0])))


def described(difference: Difference | None) -> str:
    """Describe a difference in a sentence or two; empty if chance explains it."""
    if difference is None or difference.p > LEVEL:
        return ""
    lacking, sides = difference.lacking, difference.sides
    if sides is not None:
        where = (
            f"{lacking[sides].sum()} of the {sides.sum()} participants on the positive side of the contrast lack one "
            f"and {lacking[~sides].sum()} of the {(~sides).sum()} on the negative side"
        )
    else:
        r = f"r = {difference.r:.2f}"
        where = f"{lacking.sum()} of {len(lacking)} participants lack one, with {r} to what is tested"
    voxels = f"{difference.n_voxels:,} voxel{'s' * (difference.n_voxels != 1)}"
    return (
        f"Who lacks values differs with what is tested (p = {difference.p:.2g} by relabelling): at {voxels} {where}. "
        "A voxel's test is relabelled among those who have a value there, which keeps the error rate unless "
        "values are missing for what they would have been, but speaks of them alone. mask.min_coverage: 1 leaves "
        "such voxels out."
    )


def rougher(
    lacking: np.ndarray, n_voxels: np.ndarray, n_tested: int, exchangeability: Exchangeability
) -> str:
    """Say that clusters and TFCE come out too often, if so many values are missing.

    A label that moves on where somebody is missing stays where nobody is. So relabelled maps are a little rougher
    than the observed one.

    Parameters
    ----------
    lacking, n_voxels
        From `patterns`.
    n_tested : int
        Number of voxels.
    exchangeability : permaps.design.exchangeability.Exchangeability

    Returns
    -------
    str
        Empty if few are missing, or nobody moves.
    """
    together, lacking = exchangeability.together, lacking.copy()
    for unit in together:
        lacking[unit] = lacking[unit].any(axis=0)
    share = (lacking.sum(axis=0) * n_voxels).sum() / (len(lacking) * n_tested)
    if share < ROUGH or not exchangeability.permute:
        return ""
    rate = TOO_OFTEN_WHOLE if together else TOO_OFTEN
    return (
        f"{100 * share:.0f} % of the values are missing. Relabelled maps are a little rougher than the observed one "
        "where people are missing, so that clusters and TFCE are found too often: at the 5 % level in up to "
        f"{rate:g} % of null data sets with 10 % missing; the largest t kept its level (docs/validation.md). "
        "mask.min_coverage: 1 leaves such voxels out."
    )
