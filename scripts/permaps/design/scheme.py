"""How a contrast is relabelled: its scheme, which rows of the design are equal, and what can be exchanged."""

from collections.abc import Sequence

import numpy as np

from permaps.design.block_tree import exchangeability_tree
from permaps.design.exchangeability import Exchangeability
from permaps.design.partition import Partition
from permaps.workflow.errors import UserError

# Whether labels are permuted, and whether signs are flipped.
SCHEMES = {"permute": (True, False), "flip": (False, True), "both": (True, True)}


def scheme_of(chosen: str, part: Partition) -> str:
    """Return the scheme of a contrast.

    `auto` only looks at the effect of interest: sign-flips if it is constant, as in a one-sample test,
    otherwise permutations. Nuisance never matters. (nilearn flips signs if a confound is constant. With
    groups of 6 and 18 and skewed noise, its error rate is then 8.9 % instead of 5 %.)

    Parameters
    ----------
    chosen : {"auto", "permute", "flip", "both"}
    part : permaps.design.partition.Partition

    Returns
    -------
    str
        A key of `SCHEMES`.
    """
    if chosen != "auto":
        return chosen
    return "flip" if part.is_constant else "permute"


def like_rows(design: np.ndarray, groups: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """Return numbers for the rows of a design, the same number for equal rows.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        With a column of NaN (a voxelwise covariate), no two rows are equal.
    groups : sequence of int, optional
        Variance groups: rows of different groups are not equal either.

    Returns
    -------
    numpy.ndarray of int, shape (n_participants,)
    """
    if np.isnan(design).any():
        return np.arange(len(design))
    # Relative to the largest value of each column, so that units do not matter.
    rows = design / np.abs(design).max(axis=0)
    if groups is not None:
        rows = np.column_stack([rows, groups])
    return np.unique(rows.round(12), axis=0, return_inverse=True)[1].ravel()


def distinct_relabellings(
    labels: np.ndarray, scheme: str, blocks: dict, mixed: bool = False
) -> Exchangeability:
    """Return the distinct relabellings of a design under a scheme; the observed one may be all there are.

    Parameters
    ----------
    labels : array of int, shape (n_participants,)
        From `like_rows`.
    scheme : {"permute", "flip", "both"}
    blocks : dict
        `within`, `whole` and `nested` as `permaps.design.block_tree.exchangeability_tree` takes them.
    mixed : bool
        As for `permaps.design.exchangeability.Exchangeability`.
    """
    tree = exchangeability_tree(len(labels), **blocks)
    return Exchangeability(tree, labels, *SCHEMES[scheme], mixed=mixed)


def exchangeability_of(labels: np.ndarray, scheme: str, blocks: dict) -> Exchangeability:
    """Return the distinct relabellings of a design, of which there must be several.

    Parameters
    ----------
    labels : array of int, shape (n_participants,)
    scheme, blocks
        As for `distinct_relabellings`.

    Raises
    ------
    UserError
        If the observed labelling is the only one.
    """
    exchangeability = distinct_relabellings(labels, scheme, blocks)
    if exchangeability.n_distinct == 1:
        raise UserError(
            f"permutation: no relabelling but the observed one exists for this contrast by scheme '{scheme}'"
            + (" within these blocks" if any(b is not None for b in blocks.values()) else "")
            + ". Expected participants that differ in the design and may change places: check "
            "permutation.blocks, or choose scheme 'flip' if errors are symmetric."
        )
    return exchangeability
