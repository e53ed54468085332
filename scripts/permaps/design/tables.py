"""The design and the contrasts as files, to the last digit."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from permaps.tables.text import write_cells
from permaps.workflow.jobs import read_json


@dataclass(frozen=True)
class Design:
    """What all contrasts of a study share.

    Attributes
    ----------
    names : list of str
        Of the columns of the matrix.
    matrix : numpy.ndarray, shape (n_participants, n_columns)
        Columns of covariates that are maps follow those of the formula, and hold NaN.
    blocks : dict of str to list or None
        Of each kind, whole numbers that name the block of each participant; of nested ones, a list of them for each
        column.
    variance_groups : list of int or None
    """

    names: list[str]
    matrix: np.ndarray
    blocks: dict[str, list | None]
    variance_groups: list[int] | None = None


def read_design(design: str | Path, blocks: str | Path) -> Design:
    """Read the design of a study, as `make_design` writes it."""
    names, _, matrix = read_numbers(design)
    exchange = read_json(blocks)
    return Design(names, matrix, exchange["blocks"], exchange["variance_groups"])


def read_numbers(path: str | Path) -> tuple[list[str], list[list[str]], np.ndarray]:
    """Read a table whose first columns are text and whose others are numbers.

    Returns
    -------
    names : list of str
        The numeric columns' names.
    keys : list of list of str
        The text columns of each row.
    matrix : numpy.ndarray of float, shape (n_rows, n_columns)
        NaN for n/a, which stands for a voxelwise covariate in a design.
    """
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = ([cell.strip() for cell in row] for row in csv.reader(file, delimiter="\t"))
    text = 3 if header[0] == "contrast" else 1
    numbers = [[np.nan if value == "n/a" else float(value) for value in row[text:]] for row in rows]
    return header[text:], [row[:text] for row in rows], np.array(numbers)


def write_numbers(path: str | Path, header: list[str], keys: list[list], matrix: np.ndarray) -> None:
    """Write a table that `read_numbers` reads back to the last digit, and that no spreadsheet evaluates.

    Parameters
    ----------
    path : path
    header : list of str
        Names of the text columns and of the numeric ones.
    keys : list of list
        The text columns of each row.
    matrix : array of float, shape (n_rows, n_columns)
        NaN is written as n/a.
    """
    numbers = [[None if np.isnan(v) else repr(float(v)) for v in row] for row in matrix]
    write_cells(path, header, [[*key, *row] for key, row in zip(keys, numbers, strict=True)])


def read_contrast(path: str | Path, name: str) -> tuple[np.ndarray, str]:
    """Read one contrast's weights, float array of shape (n_rows, n_columns), and its statistic, t or F."""
    _, keys, weights = read_numbers(path)
    chosen = [i for i, key in enumerate(keys) if key[0] == name]
    return weights[chosen], keys[chosen[0]][1]
