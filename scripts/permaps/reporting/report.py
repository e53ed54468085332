"""The whole run on one page: question, quality, design, results of each contrast, methods and files."""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Figure:
    """A figure with its words.

    Attributes
    ----------
    path : path
        PNG, or HTML of a viewer.
    title : str
    caption : str
        With the figure's own numbers.
    explanation : str
        What holds for all figures of its kind.
    """

    path: Path
    title: str
    caption: str
    explanation: str = ""


@dataclass(frozen=True)
class Findings:
    """What was found for one contrast.

    Attributes
    ----------
    voxel_stat : str
    clusters : dict of str to pandas.DataFrame
        Cluster tables by the statistic's name in file names.
    maps, further : list of Figure
        Figures of its maps, and those below the tables.
    viewer : Figure or None
    regions : pandas.DataFrame or None
        As `permaps.reporting.regions.tabulate_regions` gives it.
    """

    voxel_stat: str
    clusters: dict
    maps: list
    further: list
    viewer: Figure | None
    regions: pd.DataFrame | None


def report_page(
    record: dict,
    numbers: pd.DataFrame,
    contrasts: dict[str, Findings],
    design: list[Figure],
    quality: list[Figure],
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
    contrasts : dict of str to Findings
    design, quality : list of Figure
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
        contrasts=[
            _section(name, section, numbers, space, alone, embed) for name, section in contrasts.items()
        ],
        design_figures=design,
        quality_figures=quality,
        excluded=page_tables.rows(excluded[["participant_id", "reason"]]),
        software=record["software"],
        files=by_folder,
        stale=stale,
    )


def _section(name, section, numbers, space, alone, embed):
    tables = page_tables.by_statistic(section.clusters, section.voxel_stat, space, alone)
    return {
        "name": name,
        "sentence": sentence(name, numbers, space),
        "maps": _explained_once(section.maps),
        "further": section.further,
        # With many contrasts, the viewer is one of the files.
        "viewer": section.viewer if embed else None,
        "moves": any(table.places for _, table, _ in tables),
        "clusters": tables,
        "regions": None
        if section.regions is None
        else page_tables.regions(section.regions, section.voxel_stat, space, MOST_REGIONS),
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
    before = [None, *(f.explanation for f in figures)]
    return [
        replace(f, explanation="") if f.explanation == above else f
        for f, above in zip(figures, before, strict=False)
    ]
