"""The whole run on one page."""

import os
from pathlib import Path

import pandas as pd
from permaps.reporting.report import left_over, report_page
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
    contrasts, design, quality
        As for `permaps.reporting.report.report_page`, with paths in place of data frames.
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
        [
            of
            | {"clusters": {stat: read_frame(path) for stat, path in of["clusters"].items()}}
            | {"regions": read_frame(of["regions"]) if of["regions"] else None}
            for of in contrasts
        ],
        design,
        quality,
        pd.read_csv(excluded, sep="\t", dtype=str),
        written,
        left_over(folder, written),
        read_frame(small_volumes) if small_volumes else None,
    )
    write_text(page, text)


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
