"""Data frames as tables that people open, also in a spreadsheet."""

from pathlib import Path

import pandas as pd

from permaps.tables.text import inert
from permaps.workflow.jobs import written_whole


def write_frame(frame: pd.DataFrame, path: str | Path, float_format: str | None = None) -> None:
    """Write a data frame as TSV, with n/a for missing values and no cell that a spreadsheet would evaluate.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not written.
    path : path
    float_format : str, optional
        Such as "%.6g"; by default, every digit.
    """
    shown = {
        inert(name): column if pd.api.types.is_numeric_dtype(column) else column.map(inert)
        for name, column in frame.items()
    }
    with written_whole(path) as temporary:
        pd.DataFrame(shown).to_csv(
            temporary, sep="\t", index=False, na_rep="n/a", lineterminator="\n", float_format=float_format
        )


def read_frame(path: str | Path, **types: type) -> pd.DataFrame:
    """Read what `write_frame` wrote.

    Parameters
    ----------
    path : path
    **types : type
        Types of columns that must not be guessed, such as text that may look like a number.
    """
    frame = pd.read_csv(path, sep="\t", dtype=types)
    return pd.DataFrame(
        {
            name.strip(): column if pd.api.types.is_numeric_dtype(column) else column.str.strip()
            for name, column in frame.items()
        }
    )
