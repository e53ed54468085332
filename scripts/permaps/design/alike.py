"""How many of all relabellings give the observed statistic, whatever the data are.

Where these are all distinct relabellings, no p can be smaller than their share: the observed statistic ties with
each of them. All signs flipped give -t, as do two groups of one size that change places; k groups of one size in
an F test give the same F in k! ways.
"""

import numpy as np

from permaps.design.exchangeability import Exchangeability
from permaps.design.partition import Partition, partition_of
from permaps.design.scheme import distinct_relabellings, like_rows
from permaps.design.tables import Design

# Beyond so many relabellings they are not compared: it would take seconds, for a p that is far below any level.
MOST_COMPARED = 100_000
_AT_A_TIME = 2000
# Two values closer than this, relative to their size, are one: far above rounding, far below what data do.
_SAME = 1e-9


def drawn_of(
    plan: dict, design: Design, weights: np.ndarray, n_permutations: int, two_sided: bool
) -> tuple[int, int]:
    """Return how many relabellings a contrast will have, and how many of them give the observed statistic.

    Parameters
    ----------
    plan : dict
        From `permaps.design.plan.plan_of`.
    design : permaps.design.tables.Design
    weights : numpy.ndarray, shape (n_rows, n_columns)
    n_permutations : int
        Asked for, besides the observed labelling.
    two_sided : bool
        Whether t is tested on both sides.

    Returns
    -------
    n_relabellings : int
        Besides the observed labelling.
    alike : int
        From `n_alike`. Where not all distinct relabellings are drawn, as many of these as are to be expected.
    """
    n_distinct = plan["n_distinct"]
    if isinstance(n_distinct, str):
        return n_permutations, 1
    n = min(n_permutations, n_distinct - 1)
    labels = like_rows(design.matrix, design.variance_groups)
    relabellings = distinct_relabellings(labels, plan["scheme"], design.blocks)
    part, both_signs = partition_of(design.matrix, weights), two_sided or plan["statistic"] == "F"
    alike = n_alike(relabellings, part, both_signs)
    return n, 1 + round((alike - 1) * n / max(1, n_distinct - 1))


def n_alike(exchangeability: Exchangeability, part: Partition, both_signs: bool) -> int:
    """Return how many distinct relabellings give the observed statistic, the observed one included.

    Data without any structure stand for all data: what ties there, ties because of the design.

    Parameters
    ----------
    exchangeability : permaps.design.exchangeability.Exchangeability
    part : permaps.design.partition.Partition
        Of the design by the contrast.
    both_signs : bool
        Whether t and -t count as one, as in a two-sided test and in F.

    Returns
    -------
    int
        1 where there are more than `MOST_COMPARED` relabellings.
    """
    n = exchangeability.n_distinct
    if n > MOST_COMPARED:
        return 1
    data = np.random.default_rng(0).standard_normal(exchangeability.n)
    data -= part.basis @ (part.basis.T @ data)
    ratios = [
        _ratios(exchangeability, part, data, range(start, min(start + _AT_A_TIME, n)))
        for start in range(0, n, _AT_A_TIME)
    ]
    size, sign = map(np.concatenate, zip(*ratios, strict=True))
    same = np.abs(size - size[0]) <= _SAME * size[0]
    return int((same if both_signs else same & (sign == sign[0])).sum())


def _ratios(exchangeability, part, data, ranks):
    """Return F of relabellings up to a factor, and the sign of t."""
    source, sign = (np.array(one) for one in zip(*map(exchangeability.unrank, ranks), strict=True))
    flipped = sign * data
    # Rows that change places leave columns orthonormal.
    by_interest, by_nuisance = (
        np.einsum("rnc,rn->rc", columns[source], flipped) for columns in (part.alone, part.basis)
    )
    explained = (by_interest**2).sum(axis=1)
    left = (data**2).sum() - explained - (by_nuisance**2).sum(axis=1)
    return explained / left, np.sign(by_interest[:, 0])
