"""How a contrast will be tested: its scheme, degrees of freedom, distinct relabellings, and what to be warned of."""

import re
from decimal import Decimal

import numpy as np

from permaps.design.partition import partition_of
from permaps.design.scheme import exchangeability_of, like_rows, scheme_of
from permaps.design.tables import Design
from permaps.workflow.errors import UserError
from permaps.workflow.records import digest

# If no permutation changes more than this share of a contrast, there is a warning.
STAYS = 0.1
# A covariate whose mean is this share of its standard deviation from 0 counts as centred.
CENTRED = 0.1
# Where variance groups differ in size by more than this factor, flips may find too much. Measured at 5 %: 4 v 16, of
# which the 4 vary 3 times as much, 12 %; 5 v 16, 7 %; 8 v 16, 5 %.
UNEQUAL = 3
# Weights below this are rounding.
EXACT = 1e-9
_PLAIN = re.compile(r"[\w.]+(\(.*\)|\[.*\])?")


def plan_of(design: Design, contrast: np.ndarray, statistic: str, scheme: str) -> dict:
    """Say how a contrast will be tested, as values for JSON.

    Parameters
    ----------
    design : permaps.design.tables.Design
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    statistic : {"t", "F"}
    scheme : {"auto", "permute", "flip", "both"}

    Returns
    -------
    dict
        `statistic`, `n_participants`, `dof`, `scheme`, `n_distinct`, `equal_rows` (a digest of who has equal rows of
        the design, by which relabellings are numbered) and `warnings`.
    """
    part, groups = partition_of(design.matrix, contrast), design.variance_groups
    chosen = scheme_of(scheme, part)
    labels = like_rows(design.matrix, groups)
    exchangeability = exchangeability_of(labels, chosen, design.blocks)
    return {
        "statistic": statistic,
        "n_participants": len(design.matrix),
        "dof": [len(contrast), part.dof] if statistic == "F" else part.dof,
        "scheme": chosen,
        # Beyond 2^53 a number would lose its last digits.
        "n_distinct": exchangeability.n_distinct
        if exchangeability.n_distinct < 2**53
        else _short(Decimal(exchangeability.n_distinct)),
        "equal_rows": digest(labels.tolist()),
        "warnings": [
            *_off_centre(design.names, design.matrix, contrast),
            *_warnings(chosen, part, groups, exchangeability.still),
        ],
    }


def _off_centre(names, design, contrast):
    """Yield what a contrast tests that is a mean, if that is the mean at a place where nobody is."""
    # Two values are a group, and 0 is one of them; the columns of maps are NaN.
    is_map = np.isnan(design).any(axis=0)
    varies = np.array([len(np.unique(values)) > 2 for values in design.T]) & ~is_map
    levels = design[:, ~varies & ~is_map]
    # What gives everyone a 1: the intercept, or the sum of the groups. Differences of groups have no part in it.
    everyone, *_ = np.linalg.lstsq(levels, np.ones(len(design)), rcond=None)
    is_mean = np.abs(contrast[:, ~varies & ~is_map] @ everyone) > EXACT
    if not is_mean.any() or np.abs(levels @ everyone - 1).max() > EXACT:
        return
    for name, values, weights, does in zip(names, design.T, contrast.T, varies, strict=True):
        if does and not weights.any() and abs(values.mean()) > CENTRED * values.std():
            # An interaction is centred by what it is made of, which has a column of its own.
            how = f"center({_written(name)})" if ":" not in name else "center() of what it is made of"
            yield (
                f"This is the mean where {name} = 0; {name} runs from {values.min():g} to {values.max():g}. "
                f"For the mean at the average of {name}, centre it: {how} in model.formula."
            )


def _written(name):
    """Return a column as a formula has it: in backticks, unless it is a plain name or a function of one."""
    return name if _PLAIN.fullmatch(name) else f"`{name.strip('`')}`"


def _short(number):
    return f"{number:.4e}".replace("e+", "e")


def _warnings(scheme, part, groups, still):
    warnings = []
    if groups is not None and scheme != "flip":
        # Measured: 8 v 16 with variances 9 to 1 find something in half of all null data sets by permutation.
        warnings.append(
            "Participants of variance groups that differ much in size and variance are not exchangeable, so "
            "that permutation does not keep the error rate; with errors that are symmetric, scheme 'flip' does, "
            "unless a small group varies most."
        )
    elif groups is not None and part.nuisance.shape[1]:
        sizes = np.unique(groups, return_counts=True)[1]
        if sizes.max() > UNEQUAL * sizes.min():
            warnings.append(
                f"Variance groups have {sizes.min()} to {sizes.max()} participants. If a small one varies most, "
                "flips of residuals find too much: with 4 and 16, of which the 4 vary 3 times as much, in 12 % of "
                "data sets without an effect. Expected groups of more similar size."
            )
    if scheme != "permute":
        return warnings
    if (np.ptp(part.interest, axis=0) == 0).any():
        warnings.append(
            "A part of this contrast is the same for every participant, and no permutation changes it, so that "
            "it adds nothing to the test; scheme 'both' tests it too."
        )
    elif (share := part.share(still)) > STAYS:
        # Measured: the mean of groups of 8 and 10, as intercept and half of their difference: t 7.0, p 0.33.
        warnings.append(
            f"Of this contrast, {share:.0%} is the same for all participants who may change places, and no "
            "permutation changes it, so that it adds nothing to the test but error; scheme 'flip' or 'both' "
            "tests it too, or blocks that let other participants change places."
        )
    return warnings


def check_freedom(name: str, n_inputs: int, dof: int) -> None:
    """Raise a `UserError` unless the residuals have more degrees of freedom than a multivariate test has inputs.

    Parameters
    ----------
    name : str
        Of the joint test.
    n_inputs, dof : int
    """
    if dof <= n_inputs:
        raise UserError(
            f"joint.{name}: {n_inputs} inputs, and {dof} residual degrees of freedom. Expected more of these than "
            "inputs: leave inputs or columns of the model out, or combine the inputs (combine: fisher)."
        )
