"""The whole run on one page: question, quality, design, results of each contrast, methods and files."""

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import pandas as pd

from permaps.reporting import page_tables
from permaps.reporting.pages import in_words, rendered, sentence
from permaps.reporting.words import are_alone, space_of

# With more contrasts than this, figures are linked: a page of hundreds of megabytes opens in no browser.
MOST_EMBEDDED = 20
MOST_REGIONS = 30
# Where an earlier config may have left something.
FOLDERS = ("maps", "tables", "figures")


def report_page(
    record: dict,
    numbers: pd.DataFrame,
    contrasts: list[dict],
    design: list[dict],
    quality: list[dict],
    excluded: pd.DataFrame,
    files: list[str],
    stale: list[str],
    small_volumes: pd.DataFrame | None = None,
) -> str:
    """Return the run on one page, which stands alone.

    Parameters
    ----------
    record : dict
        The run's provenance.
    numbers : pandas.DataFrame
        As `permaps.reporting.results.as_table` gives it.
    contrasts : list of dict
        `name`, `voxel_stat`, `clusters` (data frame by statistic), `maps` and `further` (figures above and below the
        tables), `viewer` (a figure of HTML, or none) and `regions` (a data frame or None).
    design, quality : list of figures
        A figure is a dict: `path` (of a PNG), `title`, `caption` (path of its numbers, or None) and `explanation`, of
        all figures of its kind.
    excluded : pandas.DataFrame
        Who was left out, with the `reason`.
    files : list of str
        Paths of the run's files from the page.
    stale : list of str
        Files that an earlier config left.
    small_volumes : pandas.DataFrame, optional
        What was found in small volumes.
    """
    space, alone = space_of(record), are_alone(record)
    embed = len(contrasts) <= MOST_EMBEDDED
    by_folder = {}
    for name in files:
        by_folder.setdefault(os.path.dirname(name) or "results folder", []).append(name)
    return rendered(
        "report.html",
        embed=embed,
        title=record["config"]["title"] or "Permaps report",
        results=record["config"]["results"],
        date=datetime.now().strftime("%Y-%m-%d %H:%M"),
        version=record["permaps"]["version"],
        **in_words(record, numbers, small_volumes),
        contrasts=[_section(found, numbers, space, alone, embed) for found in contrasts],
        design_figures=design,
        quality_figures=quality,
        excluded=page_tables.rows(excluded[["participant_id", "reason"]]),
        software=record["software"],
        files=by_folder,
        stale=stale,
    )


def _section(found, numbers, space, alone, embed):
    tables = page_tables.by_statistic(found["clusters"], found["voxel_stat"], space, alone)
    return {
        "name": found["name"],
        "sentence": sentence(found["name"], numbers, space),
        "maps": _explained_once(found["maps"]),
        "further": found["further"],
        # With many contrasts, the viewer is one of the files.
        "viewer": found["viewer"][0] if embed and found["viewer"] else None,
        "moves": any(table.places for _, table, _ in tables),
        "clusters": tables,
        "regions": None
        if found["regions"] is None
        else page_tables.regions(found["regions"], found["voxel_stat"], space, MOST_REGIONS),
    }


def left_over(folder: Path, written: Collection[str]) -> list[str]:
    """Return the files below a results folder that no job of this run writes.

    Parameters
    ----------
    folder : path
    written : collection of str
        Paths from there of what jobs write.
    """
    known = {os.path.splitext(name)[0] for name in written}
    lying = (
        os.path.relpath(path, folder)
        for name in FOLDERS
        for path in sorted((folder / name).glob("*"))
        if path.is_file() and not path.name.startswith(".")
    )
    # An SVG goes with its PNG.
    return [name for name in lying if os.path.splitext(name)[0] not in known]


def _explained_once(figures):
    """Leave out an explanation that stands below the figure before."""
    before = [None, *(figure["explanation"] for figure in figures)]
    return [
        figure | {"explanation": ""} if figure["explanation"] == above else figure
        for figure, above in zip(figures, before, strict=False)
    ]
