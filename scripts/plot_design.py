"""The design matrix as fitted, with its contrasts and the correlation of its columns."""

from permaps.design.tables import read_matrix
from permaps.reporting.charts import design_matrix
from permaps.reporting.style import save
from permaps.workflow.jobs import job


def main(*, design, contrasts, outputs, formula):
    """Draw the design.

    Parameters
    ----------
    design, contrasts : path
        As `make_design` writes them.
    outputs : list of path
        The figure, in as many formats.
    formula : str
    """
    matrix, names, weights = read_design(design, contrasts)
    title = f"{formula} ({len(matrix)} participants)"
    save(design_matrix(matrix, names, weights, title), *outputs)


def read_design(design, contrasts):
    """Return the matrix, its columns' names and the contrasts as (name, rows)."""
    names, _, matrix = read_matrix(design)
    _, keys, rows = read_matrix(contrasts)
    of = [contrast for contrast, *_ in keys]
    return matrix, names, [(name, rows[[name == other for other in of]]) for name in dict.fromkeys(of)]


if "snakemake" in globals():
    with job(snakemake):
        main(
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            formula=snakemake.params.settings["formula"],
        )
