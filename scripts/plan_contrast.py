"""Turn one contrast into weights, and plan its relabellings."""

import json
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
from permaps.design.matrix import contrast_matrix
from permaps.design.partition import partition_of
from permaps.design.scheme import exchangeability_of, like_rows, scheme_of
from permaps.design.tables import read_matrix, write_matrix
from permaps.statistics.registry import voxel_statistic
from permaps.workflow.jobs import job, log, written_whole

# If no permutation changes more than this share of a contrast, there is a warning.
STAYS = 0.1


def main(*, design, blocks, weights, plan, contrast, expressions, scheme):
    """Write a contrast's weights and its plan.

    Parameters
    ----------
    design, blocks : path
        From `make_design`.
    weights, plan : path
        Files to write: the contrast's rows; its scheme, the degrees of freedom and the number of distinct
        relabellings, by its name (JSON).
    contrast : str
    expressions : str or list of str
        One expression gives t, a list F.
    scheme : {"auto", "permute", "flip", "both"}
    """
    names, _, matrix = read_matrix(design)
    kinds = json.loads(Path(blocks).read_text(encoding="utf-8"))
    rows = contrast_matrix(expressions, contrast, names)
    statistic = voxel_statistic(expressions)
    planned = _plan(matrix, rows, statistic, scheme, kinds["blocks"], kinds["variance_groups"])
    planned["warnings"] += kinds["warnings"]
    with written_whole(weights) as path:
        keys = [[contrast, statistic, i + 1] for i in range(len(rows))]
        write_matrix(path, ["contrast", "statistic", "row", *names], keys, rows)
    with written_whole(plan) as path:
        path.write_text(json.dumps({contrast: planned}, indent=2) + "\n", encoding="utf-8")
    log.info("%s: scheme %s, %s distinct relabellings", contrast, planned["scheme"], planned["n_distinct"])


def _plan(matrix, weights, statistic, scheme, levels, groups):
    part = partition_of(matrix, weights)
    chosen = scheme_of(scheme, part)
    found = exchangeability_of(like_rows(matrix, groups), chosen, levels)
    return {
        "statistic": statistic,
        "n_participants": len(matrix),
        "dof": [len(weights), part.dof] if statistic == "F" else part.dof,
        "scheme": chosen,
        **_numbers(found.n_distinct),
        "warnings": _warnings(chosen, part, groups, found),
    }


def _numbers(n_distinct):
    """Return their number and the smallest p, as text if they are too large or too small for JSON."""
    smallest_p = 1 / n_distinct
    return {
        # Beyond 2^53 a number would lose its last digits.
        "n_distinct": n_distinct if n_distinct < 2**53 else _short(Decimal(n_distinct)),
        # With 171 or more people, p can be too small for a float.
        "smallest_p": smallest_p if smallest_p >= sys.float_info.min else _short(1 / Decimal(n_distinct)),
    }


def _short(number):
    return f"{number:.4e}".replace("e+", "e")


def _warnings(scheme, part, groups, found):
    warnings = []
    if groups is not None and scheme != "flip":
        # Measured: 8 v 16 with variances 9 to 1 find something in half of all null data sets by permutation.
        warnings.append(
            "Participants of variance groups that differ much in size and variance are not exchangeable, so "
            "that permutation does not keep the error rate; with errors that are symmetric, scheme 'flip' does."
        )
    if scheme != "permute":
        return warnings
    if (np.ptp(part.interest, axis=0) == 0).any():
        warnings.append(
            "A part of this contrast is the same for every participant, and no permutation changes it, so that "
            "it adds nothing to the test; scheme 'both' tests it too."
        )
    elif (share := part.share(found.still)) > STAYS:
        # Measured: the mean of groups of 8 and 10, as intercept and half of their difference: t 7.0, p 0.33.
        warnings.append(
            f"Of this contrast, {share:.0%} is the same for all participants who may change places, and no "
            "permutation changes it, so that it adds nothing to the test but error; scheme 'flip' or 'both' "
            "tests it too, or blocks that let other participants change places."
        )
    return warnings


if "snakemake" in globals():
    with job(snakemake):
        main(
            design=snakemake.input.design,
            blocks=snakemake.input.blocks,
            weights=snakemake.output.weights,
            plan=snakemake.output.plan,
            contrast=snakemake.wildcards.contrast,
            expressions=snakemake.params.settings["expressions"],
            scheme=snakemake.params.settings["scheme"],
        )
