"""Where own maps are listed: each source gives a table with a row per map, and nothing else.

Like `permaps.inputs.tables`, this is imported whenever the Snakefile is parsed.
"""

import os
from dataclasses import dataclass

from permaps.inputs.fsl import read_design
from permaps.inputs.tables import map_paths, partners, read_rows, series_file
from permaps.workflow.errors import UserError
from permaps.workflow.paths import lies_below

# Of the config; the other sources make their maps, or fetch them.
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
    """

    columns: list
    rows: list
    lines: list
    path: str
    folder: str

    def map_paths(self, maps: str, key: str = "dataset.maps"):
        """Return every row's map; see `permaps.inputs.tables.map_paths`."""
        return map_paths(self.columns, self.rows, self.path, maps, key, self.folder)

    def series_file(self, maps: str):
        """Return the file with a volume per row that `maps` is, or None."""
        return series_file(self.columns, self.folder, maps)


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
        return Listing(*read_design(design, dataset["blocks"]), design, os.getcwd())
    path = os.path.abspath(dataset["path"])
    return Listing(*read_rows(path), path, os.path.dirname(path))


def files_of(dataset: dict) -> dict[str, str]:
    """Return the files that `read_listing` reads, by key."""
    return {key: dataset[key] for key in _FILES[dataset["source"]] if dataset[key] is not None}


def rows_of(dataset: dict) -> dict:
    """Return the keys of a dataset that its rows and maps depend on."""
    return {key: value for key, value in dataset.items() if key not in ("contrasts", "ftests")}


def map_files(dataset: dict, maps: str, results=None) -> list[str]:
    """Return the files that a dataset's maps consist of, as far as they can be read, for a rule's input.

    Both files of an Analyze pair are listed. The job that reads the table reports errors better, so they are
    ignored here. Paths with braces or angle brackets are not listed, because Snakemake would read them as
    wildcards. Nor are paths among the run's own results, which would be input and output at once.
    """
    try:
        paths = read_listing(dataset).map_paths(maps)
    except UserError:
        return []
    files = dict.fromkeys(file for path in paths if path for file in partners(path))
    files = [file for file in files if not set(file) & set("{}<>\n\r") and os.path.isfile(file)]
    if results is not None:
        files = [file for file in files if not lies_below(file, results)]
    # Snakemake itself would fail on a file that it cannot read, because it computes checksums of inputs.
    return [file for file in files if os.access(file, os.R_OK)]
