"""Test whether missing values are related to what a contrast tests."""

from permaps.design.scheme import exchangeability_of, like_rows
from permaps.design.tables import read_contrast, read_design
from permaps.permutation.missing import described, difference, patterns, rougher
from permaps.tables.text import write_rows
from permaps.workflow.arrays import open_matrix
from permaps.workflow.jobs import read_json, run, warn


def main(*, matrix, covariates, design, weights, blocks, plan, contrast, table, name=""):
    """Write a row of numbers with a note, empty if nothing stands out, and show the note on the terminal.

    Parameters
    ----------
    matrix, design, weights, blocks, plan : path
        What the stages before made.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    contrast : str
    table : path
        Table to write.
    name : str
        Of the input, if there are several.
    """
    rows, _ = read_contrast(weights, contrast)
    scheme = read_json(plan)[contrast]["scheme"]
    study = read_design(design, blocks)
    matrices = [open_matrix(path) for path in (matrix, *covariates)]
    lacking, n_voxels = patterns(*matrices)
    differing = difference(lacking, n_voxels, study.matrix, rows, scheme, study.blocks)
    moves = exchangeability_of(like_rows(study.matrix), scheme, study.blocks)
    notes = [described(differing), rougher(lacking, n_voxels, matrices[0].shape[1], moves)]
    note = " ".join(filter(None, notes))
    note = f"{name}: {note}" if name and note else note
    row = {
        "contrast": contrast,
        "n_voxels": matrices[0].shape[1],
        "n_voxels_lacking": int(n_voxels.sum()),
        "n_voxels_differing_most": differing.n_voxels if differing else None,
        "n_lacking_there": int(differing.lacking.sum()) if differing else None,
        "r": differing.r if differing else None,
        "p": differing.p if differing else None,
        "note": note,
    }
    write_rows(table, list(row), [row])
    if note:
        warn(f"{contrast}: {note}")


if "snakemake" in globals():
    run(main, snakemake)
