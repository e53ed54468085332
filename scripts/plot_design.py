"""The design matrix as fitted, with its contrasts and the correlation of its columns."""

import pandas as pd
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
    table = pd.read_csv(design, sep="\t", dtype={"participant_id": str}).set_index("participant_id")
    names = list(table.columns)
    rows = pd.read_csv(contrasts, sep="\t", dtype={"contrast": str})
    weights = [(name, part[names].to_numpy(float)) for name, part in rows.groupby("contrast", sort=False)]
    return table.to_numpy(float), names, weights


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            design=snakemake.input.design,
            contrasts=snakemake.input.contrasts,
            outputs=[snakemake.output.figure, snakemake.output.vector],
            formula=snakemake.params.settings["formula"],
        )
