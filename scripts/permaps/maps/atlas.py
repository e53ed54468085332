"""Names of regions: a label image and the table of what its numbers mean."""

import re
from pathlib import Path

import numpy as np

from permaps.maps.images import UnusableMap, load_volume, values_at
from permaps.tables.text import read_rows
from permaps.workflow.errors import UserError, listed, nearest

# As in BIDS tables of discrete segmentations, and the names in other tables.
INDEX = ("index", "label", "value", "id")
NAME = ("name", "region", "structure")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class Atlas:
    """A label image with its names.

    Parameters
    ----------
    image : path
        Whole numbers, one per region and 0 for none. It lies in the space of the maps, on any grid.
    labels : path
        Table (TSV or CSV) with a column `index`, the numbers, and a column `name`.

    Raises
    ------
    UserError
        If one of them cannot be used, or they have nothing in common.
    """

    def __init__(self, image: str | Path, labels: str | Path | None):
        if not labels:
            raise UserError(
                f"atlas.labels: found null (nothing), and {image} is to name the regions of a volume; expected a "
                "label image, and the table that names its numbers."
            )
        self.names = read_names(labels)
        try:
            values, self.affine = load_volume(image)
        except UnusableMap as error:
            raise UserError(
                f"atlas.image: {image}: {error}. Expected one volume of whole numbers, one per region."
            ) from None
        values = np.nan_to_num(values)
        if (values != np.rint(values)).any():
            raise UserError(
                f"atlas.image: {image} holds {values[values != np.rint(values)][0]:g}. Expected whole numbers, one "
                "per region: of an atlas of probabilities, take the version with the most probable label."
            )
        self.numbers = values.astype(np.int64)
        known = set(np.unique(self.numbers).tolist()) - {0}
        if not known & set(self.names):
            raise UserError(
                f"atlas.labels: no index of {labels} ({_some(self.names)}) is among the numbers of {image} "
                f"({_some(known)}). Expected a table and an image of one atlas."
            )

    def regions(self, places: np.ndarray) -> list[str | None]:
        """Return the name at each place: that of the nearest voxel, or None outside all regions.

        Parameters
        ----------
        places : array, shape (n, 3)
            In mm.

        Returns
        -------
        list of (str or None)
            A number that is not in the table is given as it is.
        """
        at = values_at(self.numbers, self.affine, places).tolist()
        return [self.names.get(number, f"label {number}") if number else None for number in at]


def read_names(path: str | Path) -> dict[int, str]:
    """Return the names of an atlas' table, by number.

    Raises
    ------
    UserError
        If there is no column of numbers or of names, or a number is not whole or occurs twice.
    """
    columns, rows, lines = read_rows(path)
    index, name = _column(columns, INDEX, path), _column(columns, NAME, path)
    names = {}
    for row, line in zip(rows, lines, strict=True):
        # Not by int() alone, which accepts 1_0 and the digits of every script.
        if not _WHOLE.fullmatch(row[index] or ""):
            raise UserError(
                f"atlas.labels: {path}: line {line} has {index} '{row[index] or ''}'. "
                "Expected a whole number, as in the label image."
            )
        number = int(row[index])
        if number in names:
            raise UserError(
                f"atlas.labels: {path}: {index} {number} is there twice (again on line {line}). "
                "Expected one name for each number."
            )
        names[number] = row[name] or f"label {number}"
    return names


def _column(columns, wanted, path):
    """Return the column with the first of the wanted names, in any case."""
    by_name = {column.casefold(): column for column in columns}
    column = next((by_name[name] for name in wanted if name in by_name), None)
    if column is None:
        raise UserError(
            f"atlas.labels: {path}: there is no column '{wanted[0]}'{nearest(wanted[0], columns) or '.'} "
            f"The columns are: {listed(columns)}. "
            "Expected a column 'index' with the numbers of the label image and a column 'name'."
        )
    return column


def _some(numbers):
    shown = sorted(numbers)
    return ", ".join(map(str, shown[:5])) + (", ..." if len(shown) > 5 else "") or "none"
