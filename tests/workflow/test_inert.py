"""Nothing that a study's files say becomes markup, a link, a script or a formula in what comes out."""

import csv
import json
import re
from xml.etree import ElementTree

import pytest
from browser import chromium
from hostile import CONTRAST, FORMULA, PEOPLE, write_hostile
from permaps.reporting.references import ENTRIES
from permaps.tables.participants import read_participants
from permaps.tables.text import is_number, read_rows
from test_report import browser, everything  # noqa: F401  # a fixture

# What a script of somebody else would have done, and what it could have done it by.
WATCH = "window.alerted = []; window.alert = text => alerted.push(text)"
FOREIGN = "document.querySelectorAll('[onerror], [src=x]').length + alerted.length"
LINKS = "[...document.querySelectorAll('a, area')].map(link => link.getAttribute('href') || '')"


@pytest.fixture(scope="module")
def study(tmp_path_factory, snakemake):
    study, config = write_hostile(tmp_path_factory.mktemp("hostile"), snakemake)
    study.finish(config=config, timeout=900)
    study.finish("--report", "report.html", config=config)
    return study


def check(browser):  # noqa: F811
    assert browser.run(FOREIGN) == 0
    # Snakemake's own lead through its report.
    own = re.compile(r"#|data:|$|javascript:app\.show\w+\('[^']*'\)$")
    assert [link for link in browser.run(LINKS) if not own.match(link)] == []


@pytest.mark.skipif(chromium() is None, reason="no Chromium here (on Debian: apt-get install chromium)")
def test_pages_run_no_script_and_hold_no_link(study, browser):  # noqa: F811
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    for page in ("summary.html", f"figures/contrast-{CONTRAST}_viewer.html"):
        browser.open(f"file://{study.result(page)}")
        browser.wait("document.querySelector('img, canvas')")
        check(browser)
    browser.open(f"file://{study.work / 'report.html'}")
    browser.wait("document.querySelector('.permaps')")
    check(browser)
    captions = []
    for _, caption in everything(browser):
        check(browser)
        captions.append(caption)
    # Not left out, but shown as they are.
    for name in PEOPLE[-2:]:
        assert f"{name}: missing variate" in " ".join(captions)


def test_the_scripts_of_the_report_hold_no_markup_of_the_study(study):
    text = (study.work / "report.html").read_text()
    for name in ("results", "rules", "categories", "workflow-desc"):
        # A browser ends the script at the first closing tag, also within text.
        script = re.search(rf'<script id="{name}">\s*var \w+ = (.*?);\s*</script>', text, re.S)[1]
        assert json.loads(script), name
        assert "<!--" not in script, name


def test_figures_are_drawings_alone(study):
    for path in study.result("figures").glob("*.svg"):
        elements = list(ElementTree.parse(path).iter())
        tags = {element.tag.rpartition("}")[2] for element in elements}
        assert tags.isdisjoint({"script", "a", "foreignObject"}), path
        links = [v for e in elements for k, v in e.attrib.items() if k.rpartition("}")[2] == "href"]
        assert [link for link in links if not link.startswith(("#", "data:image/png"))] == []


def test_tables_compute_nothing_and_read_back(study):
    tables = [path for path in study.work.glob("results/**/*.tsv") if "benchmarks" not in path.parts]
    assert len(tables) > 10
    for path in tables:
        with open(path, encoding="utf-8", newline="") as file:
            cells = {cell for row in csv.reader(file, delimiter="\t") for cell in row}
        assert {c for c in cells if c.startswith(tuple("=+-@\t\r")) and not is_number(c)} == set(), path
    people = read_participants(study.result("dataset/participants.tsv"))
    assert people["participant_id"].tolist() == PEOPLE
    assert people[FORMULA].tolist() == [-0.5 - i for i in range(10)]
    assert read_participants(study.result("quality/excluded.tsv"))["participant_id"].tolist() == PEOPLE[-2:]
    _, rows, _ = read_rows(study.result(f"tables/contrast-{CONTRAST}_stat-t_clusters.tsv"))
    assert {row["region"] for row in rows} == {FORMULA}
    assert list(json.loads(study.result("provenance.json").read_text())["inputs"]) == PEOPLE[:-2]


def test_words_for_a_paper_quote_the_study(study):
    methods = study.result("methods.md").read_text()
    assert "alert" in methods
    assert not re.search(r"alert|<|\]\(|javascript", re.sub(r"(`+)(?!`).*?[^`]\1(?!`)", "", methods))
    entries = study.result("references.bib").read_text().strip().split("\n\n")
    assert set(entries) <= {entry for entry, _ in ENTRIES.values()}
