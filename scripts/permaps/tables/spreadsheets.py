"""The first sheet of a spreadsheet, as text."""

import datetime
import os
from pathlib import Path

from permaps.workflow.errors import UserError

# In bytes of the compressed file.
LARGEST = 2**26


def read_sheet(path: str | Path) -> list[tuple[list[str], int]]:
    """Read the first sheet of an .xlsx file with openpyxl, which is no part of the environment.

    Returns
    -------
    list of (list of str, int)
        The fields of each row, as they would be in a text table, and its number.

    Raises
    ------
    UserError
        If openpyxl is not there, or cannot read the file.
    """
    advice = "Or save the sheet as CSV (UTF-8)."
    try:
        import openpyxl
    except ImportError:
        raise UserError(
            f"{path}: is a spreadsheet, and openpyxl, which reads it, is not installed. In the environment "
            f"(. .venv/bin/activate): python -m pip install openpyxl. {advice}"
        ) from None
    try:
        if os.path.getsize(path) > LARGEST:
            raise UserError(f"{path}: has more than {LARGEST // 2**20} MiB. Is it a table? {advice}")
        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
        rows = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    except UserError:
        raise
    except Exception as error:  # a damaged file can raise nearly anything
        raise UserError(f"{path}: is no spreadsheet that openpyxl can read ({error}). {advice}") from None
    # Cells that were once used have no value, and stand on the right and below.
    width = max((i + 1 for row in rows for i, value in enumerate(row) if value), default=0)
    return [(row[:width] + [""] * (width - len(row)), number) for number, row in enumerate(rows, 1)]


def _text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return str(value).strip()
