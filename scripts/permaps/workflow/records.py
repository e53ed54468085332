"""What each result was made from, and whether it still is what was written.

For each result, the folder .records has a small record with

- `files`: size and checksum of what was written,
- `settings`: a digest of the params of its job, the digest of the code and the token of the user's files
among them,
- `inputs`: for each result that it was made from, a digest of that result,
- `sources`: for each of the user's files, its size, date and checksum (in the record of a job's first
result).

A job checks the records of what it reads, so that a damaged file is reported and not used. Before a run, the
records of all results that Snakemake considers up to date are compared with what would be made now.
Snakemake's own notes serve the same purpose, but results that were copied, or made elsewhere, have no notes.
"""

import functools
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from permaps.workflow.errors import UserError

FOLDER = ".records"
_SLAB = 2**20
# How many files or rules a message names.
_FEW = 4


class Records:
    """The records of one folder of results, each read once."""

    def __init__(self, results: str | Path):
        self.results = os.path.abspath(results)
        self._read = {}

    @classmethod
    def beside(cls, log: str | Path) -> Self:
        """Return the records of the results folder that contains a job's log."""
        folder = os.path.dirname(log)
        while os.path.basename(folder) not in ("logs", ""):
            folder = os.path.dirname(folder)
        return cls(os.path.dirname(folder))

    def name(self, path: str | Path) -> str | None:
        """Return a path relative to the results, as in records; None for a path outside of them."""
        path = os.path.abspath(path)
        return path[len(self.results) + 1 :] if path.startswith(self.results + os.sep) else None

    def path(self, name: str) -> str:
        """Return the path of a result's record."""
        return os.path.join(self.results, FOLDER, f"{name}.json")

    def of(self, path: str | Path) -> dict | None:
        """Return the record of a file; None for a file that no job has made.

        Raises
        ------
        UserError
            When the record itself is damaged.
        """
        name = self.name(path)
        if name is None:
            return None
        if name not in self._read:
            self._read[name] = self._load(name, path)
        return self._read[name]

    def _load(self, name, path):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                record = json.load(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise damaged(path, f"its record {self.path(name)} cannot be read: {error}") from None
        if not (isinstance(record, dict) and {"files", "settings", "inputs"} <= record.keys()):
            raise damaged(path, f"its record {self.path(name)} is no record")
        return record

    def inspect(self, paths: Iterable[str | Path]) -> tuple[dict[str, str], list[str]]:
        """Check that what a job reads is what was written, and return what it is.

        Returns
        -------
        inputs : dict of str to str
            A digest of each result, by name.
        sources : list of str
            The user's files.

        Raises
        ------
        UserError
            Naming the first file that is damaged.
        """
        inputs, sources = {}, []
        for path in filter(os.path.exists, paths):
            record = self.of(path)
            if record is None:
                sources.append(os.path.abspath(path))
                continue
            if difference := _difference(contents(path), record["files"]):
                raise damaged(path, difference)
            inputs[self.name(path)] = digest(record["files"])
        return inputs, sources

    def seen(self, path: str | Path) -> dict[str, list]:
        """Return what a result's record says about the user's files, or {} if it says nothing."""
        try:
            return (self.of(path) or {}).get("sources", {})
        except UserError:
            return {}


def made(records: Records, job: object, inputs: dict[str, str], sources: dict[str, list]) -> dict[str, dict]:
    """Return the records of what a job has made, by the names of the results.

    Parameters
    ----------
    records : Records
    job : object
        With `output` and `params`, as Snakemake passes them to a script.
    inputs : dict of str to str
        From `Records.inspect`.
    sources : dict of str to list
        From `looked_at`.

    Returns
    -------
    dict of str to dict
        For the outputs that exist.
    """
    base = {"settings": digest(dict(job.params.items())), "inputs": inputs}
    new = {}
    for path in job.output:
        if os.path.exists(path):
            # Cached: there may be thousands of files.
            own = {"sources": sources} if sources and path == job.output[0] else {}
            new[records.name(path)] = base | own | {"files": contents(path)}
    return new


def as_recorded(records: Records, job: object, inputs: dict[str, str], sources: dict[str, list]) -> bool:
    """Tell whether all results of a job are there, whole, and made with the same settings from the same files.

    Parameters
    ----------
    records, job, inputs, sources
        As for `made`.
    """
    try:
        return made(records, job, inputs, sources) == {
            records.name(path): records.of(path) for path in job.output
        }
    except UserError:
        return False


def stale(
    records: Records, jobs: Iterable[tuple[object, Iterable[str | Path]]]
) -> Iterator[tuple[object, str, str | None]]:
    """Yield the results that differ from what their jobs would make now.

    Parameters
    ----------
    records : Records
    jobs : iterable of (object, iterable of path)
        Snakemake's jobs that will not run, each with its inputs that other jobs make.

    Yields
    ------
    job : object
    path : path
    found : str or None
        How it is damaged, judged by its size; None if the settings, the code, the user's files or the
        results that it was made from were different.
    """
    for job, inputs in jobs:
        settings = digest(dict(job.params.items()))
        known = {records.name(path): records.of(path) for path in inputs}
        for path in job.output:
            if not os.path.exists(path):  # an intermediate result that was deleted and is not needed
                continue
            record = records.of(path)
            if record is None or record["settings"] != settings or not _from(record["inputs"], known):
                yield job, path, None
            elif "" in record["files"] and record["files"][""][0] != os.path.getsize(path):
                yield job, path, _difference({"": [os.path.getsize(path), ""]}, record["files"])


def refuse_stale(records: Records, jobs: Iterable[tuple[object, Iterable[str | Path]]], results: str) -> None:
    """Raise an error for results that differ from what their jobs would make now.

    Parameters
    ----------
    records, jobs
        As for `stale`.
    results : str
        The folder, for the message.

    Raises
    ------
    UserError
        Naming the first of them, and what to do.
    """
    outdated = list(stale(records, jobs))
    for _, path, difference in outdated:
        if difference:
            raise damaged(path, difference)
    if outdated:
        paths = [path for _, path, _ in outdated]
        more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
        rules = list(dict.fromkeys(job.rule.name for job, _, _ in outdated))
        again = f"--forcerun {' '.join(rules)}" if len(rules) <= _FEW else "--forceall"
        raise UserError(
            f"{results}: holds files of another config, other inputs or another version, and Snakemake would take "
            "them for up to date, as it does when results are copied or .snakemake is deleted: "
            f"{', '.join(paths[:_FEW])}{more}. To make them again, run with {again}, or delete the folder; to "
            "keep them, choose another folder in `results`. If they are what this config gives, run with --touch "
            "once."
        )


def _from(inputs, known):
    """Return whether a result was made from the files that are there now."""
    return inputs.keys() <= known.keys() and all(
        inputs.get(name) == digest(record["files"]) for name, record in known.items() if record
    )


def looked_at(paths: Iterable[str | Path], seen: dict[str, list]) -> dict[str, list]:
    """Return size, date in ns and checksum of the user's files, with size and date as from `dates_of`.

    Parameters
    ----------
    paths, seen
        As for `dates_of`.

    Returns
    -------
    dict of str to list of int, int and str
    """
    return {path: [*stat, checksum(path)] for path, stat in dates_of(paths, seen).items()}


def dates_of(paths: Iterable[str | Path], seen: dict[str, list]) -> dict[str, list]:
    """Return size and date in ns of the user's files, from one stat of each.

    A file with a new date and the same content as before keeps its old date here: touching a file, or copying
    it without its date, is no change. Only such files are read.

    Parameters
    ----------
    paths : iterable of path
        Those that do not exist have no entry.
    seen : dict of str to list of int, int and str
        What an earlier run looked at, from `Records.seen`.

    Returns
    -------
    dict of str to list of two int
    """
    dates = {}
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            continue
        size, date = stat.st_size, stat.st_mtime_ns
        old_size, old_date, old_checksum = seen.get(path, (size, date, None))
        touched = size == old_size and date != old_date and _checksum_then(path, date) == old_checksum
        dates[path] = [size, old_date if touched else date]
    return dates


@functools.cache
def _checksum_then(path, date):
    try:
        return checksum(path)
    except OSError:
        return None


def digest(value: object) -> str:
    """Return a short digest of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def checksum(path: str | Path) -> str:
    """Return the CRC-32 of a file. It detects damage, at more than a gigabyte per second."""
    crc = 0
    with open(path, "rb", buffering=0) as file:
        while slab := file.read(_SLAB):
            crc = zlib.crc32(slab, crc)
    return f"{crc:08x}"


def contents(path: str | Path) -> dict[str, list]:
    """Return {name: [size, checksum]} of the files in a folder, or of one file, whose name is then empty.

    Hidden files are not ours: in one of them, Snakemake notes when it saw the folder.
    """
    if not os.path.isdir(path):
        return {"": [os.path.getsize(path), checksum(path)]}
    files = [
        os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if name[0] != "."
    ]
    return {os.path.relpath(file, path): [os.path.getsize(file), checksum(file)] for file in sorted(files)}


def _difference(recorded, expected):
    """Describe the first difference between two `contents`; None if they are equal."""
    for name in sorted(recorded.keys() | expected.keys()):
        here, there = recorded.get(name), expected.get(name)
        if here == there:
            continue
        what = f"{name}: " if name else ""
        if here is None or there is None:
            return f"{what}{'is gone' if here is None else 'was not there'}"
        if here[0] != there[0]:
            return f"{what}{here[0]} bytes where {there[0]} were written"
        return f"{what}other bytes than were written"
    return None


def damaged(path: str | Path, difference: str) -> UserError:
    """Return the error that names a damaged result and says how to fix it."""
    return UserError(
        f"{path}: damaged, cut off or exchanged ({difference}). "
        f"Delete {path} and run again: only what depends on it is computed again."
    )
