"""Build the design matrix, and number each participant's blocks and variance group."""

from permaps.design.formula import categories, variables
from permaps.design.tables import write_numbers
from permaps.design.whole import whole_design
from permaps.tables.levels import doubts_of_levels, doubts_of_numbers
from permaps.tables.participants import read_participants
from permaps.tables.stand_ins import doubts
from permaps.workflow.jobs import log, run, warn, write_json


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
    made = whole_design(table, formula, voxelwise, block_columns, variance_groups)
    write_numbers(
        design, ["participant_id", *made.names], [[i] for i in table["participant_id"]], made.matrix
    )
    used = [c for columns in [*block_columns.values(), variance_groups] for c in _listed(columns)]
    columns = dict.fromkeys([*sorted(variables(formula)), *used])
    in_c = categories(formula)
    warnings = doubts(table, columns) + doubts_of_levels(table, columns, {*in_c, *used})
    warnings += doubts_of_numbers(table, sorted({*used} & variables(formula) - in_c))
    for text in warnings:
        warn(text)
    exchange = {"blocks": made.blocks, "variance_groups": made.variance_groups}
    write_json(blocks, {"formula": formula} | exchange | {"warnings": warnings}, indent=None)
    log.info("%d participants, columns %s", len(table), ", ".join(made.names))


def _listed(columns):
    return [columns] if isinstance(columns, str) else columns or []


if "snakemake" in globals():
    run(main, snakemake)
