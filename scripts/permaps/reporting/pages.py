"""Pages of HTML, from the templates beside this module: what a value says is shown, and never markup."""

import base64
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from permaps.reporting import page_tables
from permaps.reporting.captions import read_caption
from permaps.reporting.limitations import limitations
from permaps.reporting.methods import methods_paragraph, question
from permaps.reporting.references import cited, listed
from permaps.reporting.results import relabelled
from permaps.reporting.words import DPI, are_alone, enhanced, p_text, space_of
from permaps.spaces.space import Space
from permaps.statistics.registry import STATISTICS


def summary_page(
    record: dict, numbers: pd.DataFrame, contrasts: dict[str, dict], small_volumes: pd.DataFrame | None = None
) -> str:
    """Return the run on one page, which stands alone.

    Parameters
    ----------
    record : dict
        The run's provenance.
    numbers : pandas.DataFrame
        As `permaps.reporting.results.as_table` gives it.
    contrasts : dict of str to dict
        Per contrast: `voxel_stat` ("t" or "F"), `figures` (paths of PNG), `clusters` (data frame by statistic).
    small_volumes : pandas.DataFrame, optional
        What was found in small volumes.
    """
    space = space_of(record)
    return rendered(
        "summary.html",
        **in_words(record, numbers, small_volumes),
        contrasts=[
            {
                "name": name,
                "sentence": sentence(name, numbers, space),
                "figures": files["figures"],
                "clusters": page_tables.by_statistic(
                    files["clusters"], files["voxel_stat"], space, are_alone(record)
                ),
            }
            for name, files in contrasts.items()
        ],
    )


def in_words(record: dict, numbers: pd.DataFrame, small_volumes: pd.DataFrame | None) -> dict[str, object]:
    """Return what all pages of a run say: values of their templates; parameters as of `summary_page`."""
    methods = methods_paragraph(record)
    return {
        "questions": question(record),
        "design": page_tables.design(record),
        "limitations": limitations(record),
        "numbers": page_tables.numbers(
            numbers, space_of(record), len(enhanced(record)) > 1, are_alone(record)
        ),
        "small_volumes": None if small_volumes is None else page_tables.small_volumes(small_volumes),
        "methods": methods,
        "references": list(map(listed, cited(methods))),
    }


def sentence(contrast: str, numbers: pd.DataFrame, space: type[Space]) -> str:
    """Say what is significant in a contrast, and what comes nearest where nothing is.

    Parameters
    ----------
    contrast : str
    numbers : pandas.DataFrame
        As `permaps.reporting.results.as_table` gives it.
    space : type
        Class of the space.
    """
    rows = relabelled(numbers, contrast)
    counts = rows[f"n_significant_{space.elements}"]
    level = f"corrected p of at most {rows['alpha'].iloc[0]:g}"
    if (counts > 0).any():
        parts = [
            f"{n:,} {space.element if n == 1 else space.elements} by {STATISTICS[s].label}"
            for s, n in zip(rows["statistic"], counts, strict=True)
        ]
        return f"Significant at {level}: {', '.join(parts)}."
    nearest = rows.loc[rows["p_fwe"].idxmin()]
    return (
        f"Nothing is significant at {level}. The smallest corrected p is that of "
        f"{STATISTICS[nearest['statistic']].label}: {p_text(nearest['p_fwe'])}."
    )


def landing_page(record: dict, numbers: pd.DataFrame, contrasts: dict[str, dict]) -> str:
    """Return the piece of HTML that opens the report; parameters as of `summary_page`."""
    first = next(iter(contrasts))
    return rendered(
        "landing.html",
        questions=question(record),
        contrast=first,
        figure=next(iter(contrasts[first]["figures"]), None),
        counts=page_tables.counts(numbers, space_of(record)),
        elements=space_of(record).elements,
        design=page_tables.design(record),
        limitations=limitations(record),
    )


def rendered(template: str, embed: bool = True, **values: object) -> str:
    """Return a template of this folder, filled: values are escaped.

    Parameters
    ----------
    template : str
        Its file.
    embed : bool
        Whether figures are part of the page; otherwise it links to them in its folder `figures`.
    **values : object
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "source": _data_uri if embed else _address,
        "data_uri": _data_uri,
        "width": _width,
        "text": _text,
        "caption": lambda path: read_caption(path) if path else "",
        "breakable": breakable,
    }
    return environment.get_template(template).render(values)


def breakable(text: str) -> Markup:
    """Say where long words may be broken, so that a table with many columns is no wider than the page."""
    text = text.replace("grayordinates", "grayor\u00addinates").replace("95 % CI", "95\u00a0%\u00a0CI")
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))


def _address(path):
    """Return where a figure is, seen from the results folder."""
    return f"figures/{quote(Path(path).name)}"


def _text(path):
    return Path(path).read_text(encoding="utf-8")


def _data_uri(path):
    """Return a PNG file as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(Path(path).read_bytes()).decode()}"


def _width(path):
    """Return a PNG's width in the 96 dots per inch of a page: figures keep their sizes to one another."""
    return round(int.from_bytes(Path(path).read_bytes()[16:20], "big") * 96 / DPI)
