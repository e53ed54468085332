"""Text in a column that makes other groups than were meant."""

import re
from collections.abc import Collection, Iterable

import pandas as pd

from permaps.tables.text import is_number

# Numbers with a unit, such as DICOM's '034Y', and dates. A few of them can be doses or waves.
_QUANTITY = re.compile(r"[<>~+-]?\d[\d.,/:-]*\s*(\D*)", re.ASCII)
_MOST_LEVELS = 5


def doubts_of_levels(
    participants: pd.DataFrame, columns: Iterable[str], labels: Collection[str] = frozenset()
) -> list[str]:
    """Return sentences about text that may be meant as one group, or as numbers. The user must judge them.

    Parameters
    ----------
    participants : pandas.DataFrame
        The participants who are analysed.
    columns : iterable of str
        The columns that the model uses.
    labels : collection of str
        Columns whose values are names even if they look like quantities.

    Returns
    -------
    list of str
        One sentence each, with the column and the values.
    """
    sentences = []
    for name in columns:
        if pd.api.types.is_numeric_dtype(participants[name]):
            continue
        counts = participants[name].dropna().value_counts(sort=False).sort_index()
        alike = {}
        for level in counts.index:
            alike.setdefault("".join(level.casefold().split()), []).append(level)
        for levels in alike.values():
            if len(levels) > 1:
                numbers = " and ".join(f"{level!r} for {counts[level]}" for level in levels)
                sentences.append(
                    f"column {name!r} holds {numbers} participants, which differ in case or spaces alone and are "
                    "taken for different groups; if they are one, write them alike in the table."
                )
        if name not in labels and len(counts) > _MOST_LEVELS and _is_quantity(counts.index):
            sentences.append(
                f"column {name!r} is text, such as {counts.index[0]!r}, and each of its {len(counts)} values is "
                f"taken for a group; if it is a quantity, write numbers alone in the table, or else C({name}) in "
                "the formula."
            )
    return sentences


def doubts_of_numbers(participants: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return a sentence for each column that names blocks or groups and is a quantity to the formula.

    Parameters
    ----------
    participants : pandas.DataFrame
        The participants who are analysed.
    columns : iterable of str
        Those that name blocks or variance groups, and are in the formula outside of C().
    """
    return [
        f"column {name!r} names blocks or groups, and its numbers are a quantity to the formula, with one slope; to "
        f"have a column for each of them, write C({name}) there."
        for name in columns
        if pd.api.types.is_numeric_dtype(participants[name]) and participants[name].nunique() > 2
    ]


def _is_quantity(levels):
    if all(map(is_number, levels)):  # the people of ids, whose names are numbers
        return False
    units = {found and found.group(1) for found in map(_QUANTITY.fullmatch, levels)}
    return len(units) == 1 and None not in units
