"""Whose map a row is: ids from any columns, and a row for each session of a person.

Imported whenever the Snakefile is parsed, as `permaps.tables.text` is.
"""

import os
from pathlib import Path

from permaps.tables.text import ID, read_rows
from permaps.workflow.errors import UserError, listed, nearest

# The columns that are added where people have several maps.
PERSON, SESSION = "person", "session"
_SESSION_ID = "session_id"


def id_columns(dataset: dict) -> list[str]:
    """Return the columns that make up the id of a map, the person's first."""
    named = dataset.get("id") or ID
    columns = list(named) if isinstance(named, list) else [named]
    return [*columns, SESSION] if dataset.get("sessions") else columns


def has_people(dataset: dict) -> bool:
    """Tell whether a dataset has several maps of a person, so that maps and people are counted apart."""
    several = isinstance(dataset.get("id"), list) and len(dataset["id"]) > 1
    return dataset["source"] == "table" and (several or len(dataset.get("sessions") or ()) > 1)


def sessions_files(folder: str | Path, rows: list[dict], dataset: dict) -> list[str]:
    """Return the `sessions.tsv` files beside the participants' table, as in BIDS, that exist."""
    if not dataset.get("sessions"):
        return []
    column = id_columns(dataset)[0]
    paths = (_sessions_file(folder, row[column]) for row in rows if row.get(column))
    return [path for path in paths if os.path.isfile(path)]


def _sessions_file(folder, person):
    return os.path.join(folder, person, f"{person}_sessions.tsv")


def with_ids(
    columns: list[str], rows: list[dict], lines: list[int], table: str, dataset: dict
) -> tuple[list[str], list[dict], list[int], list[dict]]:
    """Give every row of a table an id, and every session of a person a row.

    Parameters
    ----------
    columns, rows, lines
        As `permaps.tables.text.read_rows` gives them.
    table : path
    dataset : dict
        The config's: `id` is a column or several, `sessions` a list or None.

    Returns
    -------
    columns, rows, lines
        The same with `participant_id`, and where people have several maps, `person` (and `session`).
    named : list of dict
        The rows as placeholders in paths see them: with the participant_id that the table has.

    Raises
    ------
    UserError
        If a column is not there, or a column that is added is there already.
    """
    made = id_columns(dataset)
    asked = [name for name in made if name != SESSION or not dataset.get("sessions")]
    for name in asked:
        # The usual one is missed with a message of its own.
        if name not in columns and (name != ID or len(asked) > 1):
            raise UserError(
                f"{table}: dataset.id asks for a column '{name}', which is not there"
                f"{nearest(name, columns) or '.'} The columns are: {listed(columns)}."
            )
    if dataset.get("sessions") and asked[0] in columns:
        columns, rows, lines = _by_session(columns, rows, lines, table, asked[0], dataset["sessions"])
    named = rows
    if made != [ID] and made[0] in columns:
        _refuse_taken(columns, made, table)
        rows = [row | _identity(row, made) for row in rows]
        columns = list(dict.fromkeys([ID, *([PERSON] if len(made) > 1 else []), *columns]))
        named = [row | old for row, old in zip(rows, named, strict=True)]
    return columns, rows, lines, named


def _identity(row, made):
    values = [row[name] for name in made]
    ids = {ID: None if None in values else "_".join(values)}
    return ids | ({PERSON: values[0]} if len(made) > 1 else {})


def _refuse_taken(columns, made, table):
    if ID in columns and ID not in made:
        raise UserError(
            f"{table}: has a column '{ID}' besides dataset.id, {', '.join(made)}; expected one that says who "
            "is who. Leave dataset.id out, or rename that column."
        )
    if len(made) > 1 and PERSON in columns and made[0] != PERSON:
        raise UserError(
            f"{table}: the column name '{PERSON}' is reserved for who has several maps, by dataset.id or "
            "dataset.sessions. Rename it."
        )


def _by_session(columns, rows, lines, table, person, sessions):
    if SESSION in columns:
        raise UserError(
            f"{table}: has a column '{SESSION}' besides dataset.sessions, which adds one with a row for each. "
            f"If the table has a row per map already, write dataset.id: [{person}, {SESSION}] in place of "
            "dataset.sessions."
        )
    folder = os.path.dirname(table)
    maps, more = [], {}
    for row in rows:
        of_session, its_columns = _sessions_of(folder, row[person])
        more |= dict.fromkeys(its_columns)
        maps += [row | {SESSION: name} | of_session.get(_bare(name), {}) for name in sessions]
    columns = [*columns, SESSION, *(name for name in more if name not in columns)]
    return (
        columns,
        [dict.fromkeys(columns) | row for row in maps],
        [line for line in lines for _ in sessions],
    )


def _sessions_of(folder, person):
    """Return the variates of a person's sessions, by session, and their names."""
    path = person and _sessions_file(folder, person)
    if not path or not os.path.isfile(path):
        return {}, []
    columns, rows, _ = read_rows(path)
    if _SESSION_ID not in columns:
        raise UserError(
            f"{path}: there is no column '{_SESSION_ID}'. The columns are: {listed(columns)}. Expected BIDS' table "
            "of a person's sessions, with a row for each."
        )
    variates = [name for name in columns if name not in (_SESSION_ID, ID, SESSION)]
    return {_bare(row[_SESSION_ID] or ""): {name: row[name] for name in variates} for row in rows}, variates


def _bare(session):
    return session.removeprefix("ses-")
