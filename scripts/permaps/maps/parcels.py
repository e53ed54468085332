"""Values of parcels on disk: columns of a table, and which of them are neighbours."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from permaps.maps.cifti import decode_parcellated
from permaps.maps.images import Decoded, UnusableMap
from permaps.maps.map_paths import item_of
from permaps.tables.text import is_number, read_rows
from permaps.tables.value_columns import chosen_columns
from permaps.workflow.errors import UserError, listed, nearest
from permaps.workflow.provenance import sha256


def decode_parcels(path: str | Path, patterns: Sequence[str] = ("*",), measure: bool = True) -> Decoded:
    """Read the values of one participant's parcels.

    Parameters
    ----------
    path : path
        .pscalar.nii; or a row of a table, counted from 0 in brackets: thickness.tsv[3].
    patterns : sequence of str
        Of the columns of the table that are parcels; its first column has ids.
    measure : bool
        Whether the last word of all columns, such as _thickness, belongs to the names of the parcels.

    Returns
    -------
    permaps.maps.images.Decoded
        `parts` has the names of the parcels in their order. A missing value is NaN.

    Raises
    ------
    UnusableMap
        When there are no such values.
    """
    file, item = item_of(str(path))
    if file.lower().endswith(".nii"):
        return decode_parcellated(path)
    if item is None:
        raise UnusableMap("no row of a table")
    rows, names, checksum = _table(file, tuple(patterns))
    if item >= len(rows):
        raise UnusableMap("missing row (dataset.values does not have the id)")
    cells = [rows[item][name] for name in names]
    for name, cell in zip(names, cells, strict=True):
        if cell is not None and not is_number(cell):
            raise UnusableMap(f"text among values ('{cell}' in column '{name}')")
    values = np.array([np.nan if cell is None else float(cell) for cell in cells])
    parcels = names if measure else without_measure(names)
    return Decoded(values, {Path(file).name: checksum}, dict.fromkeys(parcels, 1), outside=False)


def without_measure(names: Sequence[str]) -> list[str]:
    """Return names without the last word after an underscore, if all have the same: lh_insula for lh_insula_area."""
    regions, _, measures = zip(*(name.rpartition("_") for name in names), strict=True)
    return list(regions) if len(set(measures)) == 1 and all(regions) else list(names)


@lru_cache(maxsize=1)
def _table(path, patterns):
    columns, rows, _ = read_rows(path)
    return rows, chosen_columns(columns[1:], patterns, path), sha256(path)


def read_neighbours(path: str | Path | None, names: Sequence[str]) -> np.ndarray:
    """Return which parcels are neighbours, by a table with a pair of names in each row.

    Parameters
    ----------
    path : path or None
        Without one, there are no neighbours.
    names : sequence of str

    Returns
    -------
    numpy.ndarray of int, shape (n_pairs, 2)
        Their numbers from 0, each pair once.
    """
    if path is None:
        return np.empty((0, 2), int)
    columns, rows, lines = read_rows(path)
    if len(columns) != 2:
        raise UserError(
            f"space.adjacency: {path} has {len(columns)} columns; expected two, with the names of two regions that "
            "are neighbours in each row, below a header."
        )
    number, pairs = {name: i for i, name in enumerate(names)}, set()
    for row, line in zip(rows, lines, strict=True):
        for name in row.values():
            if name not in number:
                raise UserError(
                    f"space.adjacency: {path}: line {line} has '{name or ''}', which is no region of the maps"
                    f"{nearest(name or '', names) or '.'} The regions are: {listed(names)}. Expected their names."
                )
        a, b = sorted(number[name] for name in row.values())
        if a != b:
            pairs.add((a, b))
    return np.array(sorted(pairs), int).reshape(-1, 2)
