"""The whole run on one page."""

import os
from pathlib import Path

import pandas as pd
from permaps.reporting.captions import read_caption
from permaps.reporting.report import Figure, Findings, left_over, report_page
from permaps.reporting.results import as_table
from permaps.reporting.words import space_of
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import job, read_json, write_text


def main(*, provenance, numbers, excluded, small_volumes, contrasts, design, quality, files, page):
    """Write the page.

    Parameters
    ----------
    provenance, numbers, excluded : path
        The run's provenance (JSON), summary table, and who was left out.
    small_volumes : path or None
    contrasts : list of dict
        `name`, `voxel_stat`, `clusters` (path by statistic), `maps` and `further` (lists of figures), `viewer`
        (a figure, or none) and `regions` (a path or None).
    design, quality : list of figures
        A figure is a dict: `path`, `title`, `caption` (path of its numbers, or None) and `explanation`.
    files : list of path
        All files of the run.
    page : path
    """
    record = read_json(provenance)
    folder = Path(page).parent
    written = sorted(os.path.relpath(path, folder) for path in files)
    text = report_page(
        record,
        as_table(pd.read_csv(numbers, sep="\t"), space_of(record)),
        {
            c["name"]: Findings(
                c["voxel_stat"],
                {stat: read_frame(path) for stat, path in c["clusters"].items()},
                [as_figure(f) for f in c["maps"]],
                [as_figure(f) for f in c["further"]],
                next(map(as_figure, c["viewer"]), None),
                read_frame(c["regions"]) if c["regions"] else None,
            )
            for c in contrasts
        },
        [as_figure(f) for f in design],
        [as_figure(f) for f in quality],
        pd.read_csv(excluded, sep="\t", dtype=str),
        written,
        left_over(folder, written),
        read_frame(small_volumes) if small_volumes else None,
    )
    write_text(page, text)


def as_figure(given):
    """Return a `Figure` from what the rule says of it."""
    return Figure(
        given["path"],
        given["title"],
        read_caption(given["caption"]) if given["caption"] else "",
        given["explanation"],
    )


if "snakemake" in globals():
    with job(snakemake):
        main(
            provenance=snakemake.input.provenance,
            numbers=snakemake.input.numbers,
            excluded=snakemake.input.excluded,
            small_volumes=next(iter(snakemake.input.small_volumes), None),
            page=snakemake.output.page,
            **snakemake.params.settings,
        )
