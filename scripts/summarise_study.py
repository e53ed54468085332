"""Several analyses on one page: what each of them found, and how contrasts come out in all of them."""

import pandas as pd
from permaps.reporting.study import study_page
from permaps.tables.tsv import read_frame, write_frame
from permaps.workflow.jobs import job, read_json, write_text


def main(*, analyses, curves, title, table, page):
    """Write the page, and the rows of all summary tables as one.

    Parameters
    ----------
    analyses : list of dict
        `name`, `differs` (keys of the config with values), and the files `numbers` and `provenance`.
    curves : list of dict
        `name`, `title`, and the files `counts` and `figure`.
    title : str or None
        Of the study.
    table, page : path
    """
    numbers = pd.concat(
        [read_frame(one["numbers"]).assign(analysis=one["name"]) for one in analyses], ignore_index=True
    )
    numbers = numbers[["analysis", *numbers.columns.drop("analysis")]]
    for column in numbers.columns[numbers.columns.str.startswith(("n_",))]:
        numbers[column] = numbers[column].astype("Int64")
    records = {one["name"]: read_json(one["provenance"]) for one in analyses}
    write_frame(numbers, table, "%.6g")
    text = study_page(
        numbers,
        records,
        {one["name"]: one["differs"] for one in analyses},
        [one | {"counts": read_frame(one["counts"])} for one in curves],
        title,
    )
    write_text(page, text)


if "snakemake" in globals():
    with job(snakemake):
        settings, given = snakemake.params.settings, snakemake.input
        main(
            analyses=[
                one | {"numbers": numbers, "provenance": provenance}
                for one, numbers, provenance in zip(
                    settings["analyses"], given.numbers, given.provenance, strict=True
                )
            ],
            curves=[
                one | {"counts": counts, "figure": figure}
                for one, counts, figure in zip(settings["curves"], given.counts, given.figures, strict=True)
            ],
            title=settings["title"],
            table=snakemake.output.table,
            page=snakemake.output.page,
        )
