"""The page about several analyses: one row for each contrast of each, and their specification curves."""

from datetime import datetime
from urllib.parse import quote

import pandas as pd

from permaps.reporting import words
from permaps.reporting.page_tables import Table
from permaps.reporting.pages import rendered
from permaps.reporting.references import cite, cited, listed
from permaps.reporting.specifications import said
from permaps.reporting.words import bare_p, number
from permaps.statistics.registry import STATISTICS


def study_page(
    numbers: pd.DataFrame,
    records: dict[str, dict],
    differs: dict[str, dict],
    curves: list[dict],
    title: str | None,
) -> str:
    """Return the page, which lies in the folder above those of the analyses.

    Parameters
    ----------
    numbers : pandas.DataFrame
        The rows of the summary tables of all analyses, with the name of each in `analysis`.
    records : dict of str to dict
        The provenance of each.
    differs : dict of str to dict
        What differs in each from the rest of the config.
    curves : list of dict
        `title`, `figure` (path), `counts` (data frame from `permaps.reporting.specifications.how_often`) and `name`.
    title : str or None
    """
    record = next(iter(records.values()))
    statistics = list(numbers.loc[numbers["n_relabellings"].notna(), "statistic"].unique())
    text = (
        "A specification curve shows a contrast in all of its specifications, in the order of their effects "
        f"{cite('simonsohn2020')}."
    )
    return rendered(
        "study.html",
        title=title or f"{len(records)} analyses",
        date=datetime.now().strftime("%Y-%m-%d %H:%M"),
        version=record["permaps"]["version"],
        statistics=[STATISTICS[name].label for name in statistics],
        rows=[
            _row(name, contrast, rows, records[name], differs[name], statistics)
            for (name, contrast), rows in numbers.groupby(["analysis", "contrast"], sort=False)
        ],
        alphas=sorted({f"{each['config']['inference']['alpha']:g}" for each in records.values()}),
        curves=[
            one | {"sentences": sentences(one["counts"]), "numbers": _counts(one["counts"])} for one in curves
        ],
        curve_text=text,
        references=map(listed, cited(text)) if curves else [],
    )


def _row(name, contrast, numbers, record, differs, statistics):
    space = words.space_of(record)
    by_statistic = {}
    for _, row in numbers[numbers["n_relabellings"].notna()].iterrows():
        n = int(row[f"n_significant_{space.elements}"])
        by_statistic[row["statistic"]] = {
            "p": bare_p(row["p_fwe"]),
            "extent": f"{n:,} {space.element if n == 1 else space.elements}" if n else "",
        }
    return {
        "name": name,
        "folder": quote(name),
        "contrast": contrast,
        "differs": "; ".join(f"{key}: {said(value)}" for key, value in differs.items()) or "as the config",
        "people": words.who(record["participants"]),
        "found": [by_statistic.get(statistic) for statistic in statistics],
    }


def sentences(counts: pd.DataFrame) -> list[str]:
    """Say how often a contrast is significant, one sentence for each statistic, and why it has no p of its own.

    Parameters
    ----------
    counts : pandas.DataFrame
        From `permaps.reporting.specifications.how_often`.
    """
    lines = []
    for row in counts.itertuples():
        line = (
            f"By {STATISTICS[row.statistic].label}, it is significant in {row.n_significant} of "
            f"{row.n_specifications} ({100 * row.share_significant:.0f} %)"
        )
        if pd.notna(row.p_as_many):
            line += (
                f"; as many or more are in a share of {bare_p(row.p_as_many)} of the relabellings, and the "
                f"smallest p, corrected for all of these, is {bare_p(row.p_any)}"
            )
        lines.append(f"{line}.")
    if counts["p_as_many"].isna().any():
        lines.append(
            "In how many relabellings as many would be is not known: these are not the same in all of them; a "
            "conjunction has none."
        )
    return lines


def _counts(counts):
    columns = {
        "statistic": "statistic",
        "n_specifications": "analyses",
        "n_significant": "significant",
        "p_as_many": "p of as many",
        "smallest_p": "smallest p",
        "p_any": "corrected for all",
        "effect_median": "median effect",
        "effect_min": "from",
        "effect_max": "to",
    }
    if counts["p_as_many"].isna().all():
        columns = {name: shown for name, shown in columns.items() if name not in ("p_as_many", "p_any")}
    rows = [
        [_cell(name, value) for name, value in row.items()]
        for row in counts[list(columns)].to_dict("records")
    ]
    return Table(list(columns.values()), rows, frozenset({"statistic"}))


def _cell(name, value):
    if name == "statistic":
        return STATISTICS[value].label
    if name.startswith("n_"):
        return f"{value:,}"
    return "" if pd.isna(value) else number(value)
