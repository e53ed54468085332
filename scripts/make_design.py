"""Build the design matrix, and number each participant's blocks and variance group."""

import json

import numpy as np
from permaps.design.formula import variables
from permaps.design.matrix import design_matrix
from permaps.design.tables import write_matrix
from permaps.inputs.participants import read_participants
from permaps.inputs.stand_ins import doubts
from permaps.workflow.errors import UserError, listed, nearest
from permaps.workflow.jobs import job, log, warn, written_whole


def main(*, included, design, blocks, formula, voxelwise, block_columns, variance_groups):
    """Write the design matrix and the blocks.

    Parameters
    ----------
    included : path
        Participants table.
    design, blocks : path
        Files to write: the design matrix; each participant's blocks and variance group, the formula, and
        what to be warned of in the table (JSON).
    formula : str
    voxelwise : list of str
        Names of the columns that are maps; they follow the formula's, and hold n/a.
    block_columns : dict
        `within`, `whole` (a column's name or None each), `nested` (a list of names or None).
    variance_groups : str or None
        Column that names them.
    """
    table = read_participants(included)
    names, matrix = design_matrix(table, formula, n_more=len(voxelwise))
    _check_covariates(voxelwise, names)
    names += voxelwise
    matrix = np.hstack([matrix, np.full((len(matrix), len(voxelwise)), np.nan)])
    levels = {kind: _levels(table, columns) for kind, columns in block_columns.items()}
    groups = _levels(table, variance_groups)
    _check_groups(table, variance_groups, len(names))
    with written_whole(design) as path:
        write_matrix(path, ["participant_id", *names], [[i] for i in table["participant_id"]], matrix)
    used = [c for columns in [*block_columns.values(), variance_groups] for c in _listed(columns)]
    warnings = doubts(table, dict.fromkeys([*sorted(variables(formula)), *used]))
    for text in warnings:
        warn(text)
    with written_whole(blocks) as path:
        made = {"formula": formula, "blocks": levels, "variance_groups": groups, "warnings": warnings}
        path.write_text(json.dumps(made) + "\n", encoding="utf-8")
    log.info("%d participants, columns %s", len(matrix), ", ".join(names))


def _listed(columns):
    return [columns] if isinstance(columns, str) else columns or []


def _check_covariates(voxelwise, names):
    taken = [name for name in voxelwise if name in names]
    if taken:
        raise UserError(
            f"model.voxelwise: {taken[0]!r} is a column of the formula's design too, so a contrast could "
            "mean either. Expected names of their own for covariates that are maps: rename it, here and in "
            "the contrasts, or leave the column out of model.formula."
        )


def _levels(table, columns):
    """Blocks as whole numbers, one per participant: a list, a list of them for several columns, or None."""
    if columns is None:
        return None
    if isinstance(columns, list):
        return [_signed(table, c) for c in columns]
    _known(table, columns)
    return [int(i) for i in np.unique(table[columns].astype(str), return_inverse=True)[1]]


def _signed(table, column):
    _known(table, column)
    wrong = [v for v in table[column] if not isinstance(v, (int, float)) or v != int(v) or v == 0]
    if wrong:
        raise UserError(
            f"permutation.blocks.nested: column {column!r} holds {wrong[0]!r}. Expected whole numbers other "
            "than 0, positive where the parts of a block change places and negative where they stay."
        )
    return [int(v) for v in table[column]]


def _known(table, column):
    if column not in table.columns:
        raise UserError(
            f"permutation.blocks or model.variance_groups: no column {column!r} in the participants table"
            f"{nearest(column, table.columns) or '.'} It has {listed(table.columns)}."
        )


def _check_groups(table, column, n_columns):
    if column is None:
        return
    sizes = table[column].value_counts()
    if (len(sizes) > 1 and sizes.min() < 2) or len(sizes) > len(table) - n_columns:
        raise UserError(
            f"model.variance_groups: column {column!r} has groups of {', '.join(map(str, sizes))}. Expected "
            "groups large enough to estimate a variance each: two participants at the least, and more "
            "participants than design columns and groups together."
        )


if "snakemake" in globals():
    with job(snakemake):
        main(
            included=snakemake.input.included,
            design=snakemake.output.design,
            blocks=snakemake.output.blocks,
            formula=snakemake.params.settings["formula"],
            voxelwise=snakemake.params.settings["voxelwise"],
            block_columns=snakemake.params.settings["blocks"],
            variance_groups=snakemake.params.settings["variance_groups"],
        )
