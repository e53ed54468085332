"""Values that stand for a missing value without saying so."""

from collections.abc import Iterable

import pandas as pd

# Never the name of a group: missing values of SPSS, SAS, R, spreadsheets and databases.
SURE = frozenset({".", "null", "na", "n.a.", "nan", "<na>", "#n/a", "#null!", "#value!", "#div/0!", "#ref!"})
# These can be real levels: '-' besides '+', or 'none' as a treatment.
DOUBTFUL = frozenset({"-", "--", "?", "none", "missing", "unknown", "not available"})
# Codes of statistics packages. A positive one can be a real value, so it only counts if it is repeated.
CODES = {-99: 1, -999: 1, -9999: 1, -99999: 1, 999: 2, 9999: 2, 99999: 2}


def is_sure(text: str) -> bool:
    """Tell whether a text always stands for a missing value."""
    return text.casefold() in SURE


def doubts(participants: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return sentences about values that may stand for missing ones. The user must judge them.

    Parameters
    ----------
    participants : pandas.DataFrame
        The participants who are analysed.
    columns : iterable of str
        The columns that the model uses.

    Returns
    -------
    list of str
        One sentence each, with the column, the value and how often it occurs.
    """
    sentences = []
    for name in columns:
        column = participants[name].dropna()
        counts = column.value_counts()
        if pd.api.types.is_numeric_dtype(column):
            ends = {column.min(), column.max()}
            suspects = [code for code, often in CODES.items() if code in ends and counts[code] >= often]
        else:
            suspects = [level for level in counts.index if str(level).casefold() in DOUBTFUL]
        for value in suspects:
            often = f"{counts[value]} participant{'' if counts[value] == 1 else 's'}"
            sentences.append(
                f"column {name!r} holds {value!r} for {often}, which often stands for a missing value and is taken "
                "as it is; if so, write n/a in the table."
            )
    return sentences
