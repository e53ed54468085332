"""Where own maps are listed: each source gives a table with a row per map, and nothing else.

Like `permaps.tables.text`, this is imported whenever the Snakefile is parsed.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from permaps.cohort.bids import find_maps
from permaps.cohort.fsl import read_design
from permaps.maps.map_paths import map_paths, partners, series_file
from permaps.tables.ids import PERSON, SESSION, sessions_files, with_ids
from permaps.tables.text import ID, read_rows
from permaps.tables.value_columns import rows_of_values
from permaps.workflow.errors import UserError
from permaps.workflow.paths import lies_below

# Sources of own maps, with the keys of their files. The other sources make their maps, or fetch them.
_FILES = {"table": ("path",), "fsl": ("design", "blocks")}
OWN = tuple(_FILES)


@dataclass(frozen=True)
class Listing:
    """The rows of a source, values as text.

    Attributes
    ----------
    columns : list of str
    rows : list of dict
        Column name to text, or to None for a missing value.
    lines : list of int
        The line of the file on which each row ends, for messages.
    path : str
        The file, for messages.
    folder : str
        Relative paths of maps start from it.
    named : list of dict
        The rows as placeholders in paths see them, where that is not the same.
    entities : dict, optional
        By which maps are found among BIDS derivatives.
    values : str, optional
        The table with the values of parcels, where that is another one.
    """

    columns: list
    rows: list
    lines: list
    path: str
    folder: str
    named: list
    entities: dict | None = None
    values: str | None = None

    def map_paths(self, maps: str, key: str = "dataset.maps") -> list[str | None]:
        """Return every row's map; see `permaps.maps.map_paths.map_paths`."""
        return map_paths(self.columns, self.named, self.path, maps, key, self.folder)

    def own_maps(self, maps: str | list[str], key: str = "dataset.maps") -> list[str | None]:
        """Return every row's map as `dataset.maps` says: by entities, where these are given; or in columns."""
        if isinstance(maps, list):
            if self.values is None:
                return [f"{self.path}[{i}]" for i in range(len(self.rows))]
            return rows_of_values(self.values, [row[ID] for row in self.rows])
        if not self.entities:
            return self.map_paths(maps, key)
        sessions = [row.get(SESSION) for row in self.rows]
        people = [row.get(PERSON) or row.get(ID) for row in self.rows]
        return find_maps(os.path.abspath(os.path.join(self.folder, maps)), self.entities, people, sessions)

    def series_file(self, maps: str | list[str]) -> str | None:
        """Return the file with a map per row that `maps` is, or None."""
        return None if isinstance(maps, list) else series_file(self.columns, self.folder, maps)


def read_listing(dataset: dict) -> Listing:
    """Return the rows of a dataset of own maps.

    Parameters
    ----------
    dataset : dict
        The config's, as resolved.

    Raises
    ------
    UserError
        If a file cannot be read, or is not what it should be.
    """
    if dataset["source"] == "fsl":
        design = os.path.abspath(dataset["design"])
        columns, rows, lines = read_design(design, dataset["blocks"])
        return Listing(columns, rows, lines, design, os.getcwd(), rows)
    path = os.path.abspath(dataset["path"])
    columns, rows, lines, named = with_ids(*read_rows(path), path, dataset)
    values = os.path.abspath(dataset["values"]) if dataset.get("values") else None
    return Listing(columns, rows, lines, path, os.path.dirname(path), named, dataset.get("entities"), values)


def files_of(dataset: dict) -> dict[str, str]:
    """Return the files that `read_listing` reads, by key, as the config gives them."""
    return {key: dataset[key] for key in _FILES[dataset["source"]] if dataset[key] is not None}


def tables_of_sessions(dataset: dict) -> list[str]:
    """Return the tables of people's sessions that `read_listing` reads besides."""
    if not dataset.get("sessions"):
        return []
    path = os.path.abspath(dataset["path"])
    try:
        return sessions_files(os.path.dirname(path), read_rows(path)[1], dataset)
    except UserError:  # the job that reads the table reports it better
        return []


def rows_of(dataset: dict) -> dict:
    """Return the keys of a dataset that its rows and maps depend on."""
    return {key: value for key, value in dataset.items() if key not in ("contrasts", "ftests")}


def map_files(dataset: dict, maps: str | None = None, results: str | Path | None = None) -> list[str]:
    """Return the readable files that maps consist of, for a rule's input.

    `maps` is where those of a covariate are; None for the dataset's own.

    Both files of an Analyze pair are listed. The job that reads the table reports errors better, so they are
    ignored here. Paths with braces or angle brackets are not listed, because Snakemake would read them as
    wildcards. Nor are paths among the run's own results, which would be input and output at once.
    """
    try:
        listing = read_listing(dataset)
        paths = listing.own_maps(dataset["maps"]) if maps is None else listing.map_paths(maps)
    except UserError:
        return []
    files = dict.fromkeys(file for path in paths if path for file in partners(path))
    files = [file for file in files if not set(file) & set("{}<>\n\r") and os.path.isfile(file)]
    if results is not None:
        files = [file for file in files if not lies_below(file, results)]
    # Snakemake itself would fail on a file that it cannot read, because it computes checksums of inputs.
    return [file for file in files if os.access(file, os.R_OK)]
