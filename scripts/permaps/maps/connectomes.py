"""Connectomes on disk: a square symmetric matrix per participant, and the names of its nodes."""

import csv
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from permaps.maps.cifti import read_parcel_matrix
from permaps.maps.images import Decoded, UnusableMap, check_numbers, reading, shape_text
from permaps.maps.map_paths import CONNECTOME
from permaps.tables.text import MISSING, inert, is_number, read_rows
from permaps.workflow.errors import UserError, nearest
from permaps.workflow.jobs import write_text

# Two halves of a symmetric matrix may differ by rounding: of a value to five digits, as MATLAB writes text, and by
# an error that values close to 0 have from the sizes of others.
SYMMETRIC = 1.01e-4
SYMMETRIC_NEAR_0 = 1e-5
# Two nodes have a single edge, over which nothing is to be corrected.
FEWEST_NODES = 3
_QUOTED = re.compile(r'"[^"]*"')
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def decode_connectome(path: str | Path) -> Decoded:
    """Read the values above the diagonal of a matrix, row by row.

    Parameters
    ----------
    path : path
        .csv or .tsv, where the first row and the first column may have the names of the nodes, .npy, or .pconn.nii.

    Returns
    -------
    permaps.maps.images.Decoded
        `parts` has the nodes in their order, by name or number.

    Raises
    ------
    UnusableMap
        When there is no such matrix.
    """
    path = os.fspath(path)
    if path.lower().endswith(CONNECTOME):
        names, matrix, checksums = read_parcel_matrix(path)
    else:
        names, matrix, checksums = _read(path)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise UnusableMap(f"not a square matrix (shape {shape_text(matrix.shape)})")
    if len(matrix) < FEWEST_NODES:
        raise UnusableMap(f"fewer than {FEWEST_NODES} nodes (shape {shape_text(matrix.shape)})")
    check_numbers(matrix.dtype)
    one, other = np.triu_indices(len(matrix), 1)
    upper, lower = matrix[one, other].astype(float), matrix[other, one].astype(float)
    # nanmean would warn of a matrix without any value.
    size = np.nan_to_num(np.abs(upper), nan=0, posinf=0)
    tolerance = np.maximum(SYMMETRIC * np.maximum(size, np.abs(lower)), SYMMETRIC_NEAR_0 * size.mean())
    apart = np.abs(upper - lower) > tolerance
    apart |= np.isnan(upper) != np.isnan(lower)
    if apart.any():
        a, b = one[apart][0], other[apart][0]
        raise UnusableMap(
            f"not symmetric ({matrix[a, b]:g} in row {a + 1}, column {b + 1}, {matrix[b, a]:g} in the other half)"
        )
    names = names or [str(i + 1) for i in range(len(matrix))]
    if len(set(names)) < len(names):
        raise UnusableMap("two nodes of one name")
    precision = np.float32 if matrix.dtype == np.float32 else np.float64
    upper = np.ascontiguousarray(upper, precision)
    return Decoded(upper, checksums, dict.fromkeys(names, 1), outside=False)


def _read(path):
    """Return the names of the nodes, None without any, the matrix of a file, and its checksum."""
    with reading(path):
        content = Path(path).read_bytes()
        names, matrix = (
            (None, np.load(path, allow_pickle=False)) if path.endswith(".npy") else _read_text(content)
        )
    return names, matrix, {os.path.basename(path): hashlib.sha256(content).hexdigest()}


def _read_text(content):
    """Return the names of the nodes, None without any, and the matrix of a text file."""
    lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    if not lines:
        raise UnusableMap("empty")
    # A comma may be a decimal one, and a space stand beside a comma; either may be part of a name.
    unquoted = _QUOTED.sub("", lines[0])
    delimiter = next((mark for mark in "\t;," if mark in unquoted), " ")
    # csv takes every space for the end of a cell.
    lines = [" ".join(line.split()) for line in lines] if delimiter == " " else lines
    cells = [
        [cell.strip() for cell in row]
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    ]
    if comma := next((cell for row in cells for cell in row if _DECIMAL_COMMA.fullmatch(cell)), None):
        raise UnusableMap(f"decimal commas (the first is {comma})")
    names = None
    if _begins_with_names(cells):
        head, *cells = cells
        # A corner over the names of the rows, which may be left out or empty.
        names = head if len(head) == len(cells) else head[1:]
        rows = [row[0] for row in cells] if len(cells[0]) == len(names) + 1 else names
        if rows != names:
            raise UnusableMap("rows and columns have other names, or another order")
        cells = [row[1:] if len(row) == len(names) + 1 else row for row in cells]
    widths = {len(row) for row in cells}
    if len(widths) > 1:
        raise UnusableMap(f"not a square matrix (rows of {min(widths)} and of {max(widths)} values)")
    values = [[np.nan if cell in MISSING else float(cell) for cell in row] for row in cells]
    return names, np.array(values)


def _begins_with_names(cells):
    """Tell whether the first row has the names of the nodes: words, or their numbers, as pandas writes them."""
    head, *rows = cells
    if not rows or not all(map(_is_value, head[1:])):
        return bool(rows)
    if len(head) == len(rows) + 1 and not is_number(head[0]) and head[1:] == [row[0] for row in rows]:
        head = head[1:]
    return len(head) == len(rows) and head in ([str(i + first) for i in range(len(head))] for first in (0, 1))


def _is_value(cell):
    return cell in MISSING or cell.lower() in ("inf", "-inf") or is_number(cell)


def read_nodes(path: str | Path | None, names: list[str]) -> np.ndarray:
    """Return where nodes are, by a table with their names and x, y and z.

    Parameters
    ----------
    path : path or None
        Without one, the places are not known.
    names : list of str

    Returns
    -------
    numpy.ndarray, shape (n_nodes, 3)
        mm; NaN without a table, or without coordinates in it.
    """
    places = np.full((len(names), 3), np.nan)
    if path is None:
        return places
    columns, rows, lines = read_rows(path)
    if "name" not in columns:
        raise UserError(
            f"space.labels: {path} has no column 'name'; expected one row per node or region with name, and x, y and "
            f"z where there are coordinates. The columns are: {', '.join(columns)}."
        )
    by_name = {}
    for row, line in zip(rows, lines, strict=True):
        if row["name"] in by_name:
            raise UserError(
                f"space.labels: {path}: line {line} has the name {row['name']!r} again; expected it once."
            )
        by_name[row["name"]] = row, line
    if missing := [name for name in names if name not in by_name]:
        raise UserError(
            f"space.labels: {path} has no name {missing[0]!r}, which the maps have{nearest(missing[0], by_name)}; "
            f"expected all {len(names)} of them. Nodes without names are called by their numbers, from 1 on."
        )
    if {"x", "y", "z"} <= set(columns):
        places[:] = [_place(*by_name[name], path) for name in names]
    return places


def _place(row, line, path):
    for axis in "xyz":
        if row[axis] is not None and not is_number(row[axis]):
            raise UserError(
                f"space.labels: {path}: line {line} has {row[axis]!r} in column '{axis}'; expected a coordinate in "
                "mm, or n/a where it is not known."
            )
    return [float(row[axis] or "nan") for axis in "xyz"]


def write_square(path: str | Path, names: Sequence[str], matrix: np.ndarray) -> None:
    """Write a matrix, shape (n, n), as TSV with the n names of its rows and columns, whole or not at all."""
    names = [inert(name) for name in names]
    lines = ["\t".join(["", *names])]
    lines += [
        "\t".join([name, *(f"{value:.9g}" for value in row)]) for name, row in zip(names, matrix, strict=True)
    ]
    write_text(path, "\n".join(lines) + "\n")


def read_square(path: str | Path) -> np.ndarray:
    """Read what `write_square` wrote: the matrix alone, shape (n, n)."""
    cells = np.loadtxt(path, str, delimiter="\t", comments=None, encoding="utf-8")
    return cells[1:, 1:].astype(float)
