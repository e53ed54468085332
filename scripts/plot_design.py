"""The design matrix as fitted, with its contrasts and the correlation of its columns."""

from permaps.design.tables import read_numbers
from permaps.figures.sample_charts import design_matrix
from permaps.figures.style import draw
from permaps.workflow.jobs import job, read_json


def main(*, design, blocks, contrasts, outputs):
    """Draw the design.

    Parameters
    ----------
    design, blocks, contrasts : path
        As `make_design` and `collect_contrasts` write them; the formula is beside the blocks.
    outputs : list of path
        The figure, in as many formats.
    """
    matrix, names, weights = read_design(design, contrasts)
    formula = read_json(blocks)["formula"]
    title = f"{formula} ({len(matrix)} maps)"
    draw(outputs, design_matrix, matrix, names, weights, title)


def read_design(design, contrasts):
    """Return the matrix, its columns' names and the contrasts as (name, rows)."""
    names, _, matrix = read_numbers(design)
    _, keys, rows = read_numbers(contrasts)
    of = [contrast for contrast, *_ in keys]
    return matrix, names, [(name, rows[[name == other for other in of]]) for name in dict.fromkeys(of)]


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            outputs=[snakemake.output.figure, snakemake.output.vector],
        )
