"""The page of the whole run: what it says, and what it leaves to links."""

import json

import pandas as pd
import pytest
import write_report
from permaps.reporting import report
from permaps.reporting.captions import explanation, read_caption, write_caption
from permaps.reporting.pages import sentence
from permaps.reporting.results import as_table
from permaps.spaces.volume import Volume
from run_folder import fabricate
from test_clusters import run_rule
from test_provenance import record_of


def numbers(*rows):
    """The numbers of a contrast: of each statistic, its voxels and the smallest p."""
    return as_table(
        [
            {
                "contrast": "age",
                "statistic": stat,
                "n_significant_voxels": n,
                "p_fwe": p,
                "n_relabellings": 99,
                "alpha": 0.05,
            }
            for stat, n, p in rows
        ]
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("t", 1, 0.01), ("tfce", 1234, 0.01)],
            "Significant at corrected p of at most 0.05: 1 voxel by t-statistic, 1,234 voxels by TFCE.",
        ),
        (
            [("t", 0, 0.5), ("tfce", 0, 0.06)],
            "Nothing is significant at corrected p of at most 0.05. The smallest corrected p is that of TFCE: "
            "p = 0.060.",
        ),
    ],
)
def test_one_sentence_says_what_was_found(rows, said):
    assert sentence("age", numbers(*rows), Volume) == said


def test_captions_are_read_as_they_were_written(tmp_path):
    text = "p of *age* [1]: a_b <x> `y` \\ at http://z, 95 %"
    write_caption(tmp_path / "a.rst", text)
    assert read_caption(tmp_path / "a.rst") == text
    (tmp_path / "b.rst").write_text(".. include:: {{ x }}\n\nWhat holds\nfor all.\n")
    assert explanation(tmp_path / "b.rst") == "What holds for all."


def test_what_an_earlier_config_left_is_named(tmp_path):
    for name in ("maps/a.nii.gz", "maps/b.nii.gz", "figures/a.png", "figures/a.svg", "figures/b.svg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    left = report.left_over(tmp_path, ["maps/a.nii.gz", "figures/a.png"])
    assert left == ["maps/b.nii.gz", "figures/b.svg"]


@pytest.fixture
def page(tmp_path):
    """Write the page of a fabricated run; return it, for some contrasts of the same files."""
    run = fabricate(tmp_path, voxel=10.0, relabellings=39)
    record_of(run, run)
    (run / "tables").mkdir(exist_ok=True)
    (run / "figures").mkdir()
    clusters = run / "tables/pseudo.tsv"
    run_rule(run, "pseudo", "tfce", "t", clusters, stats=["t", "tfce"])
    png = run / "figures/a.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8) + (300).to_bytes(4, "big") + bytes(8))
    (run / "figures/v.html").write_text("<p>view</p>")
    write_caption(run / "a.rst", "Its numbers.")
    figure = {
        "path": png,
        "title": "A figure",
        "caption": run / "a.rst",
        "explanation": "What holds for all.",
    }
    pd.DataFrame({"participant_id": ["03"], "reason": ["<b>no map</b>"]}).to_csv(
        run / "excluded.tsv", sep="\t"
    )
    found = numbers(("tfce", 12, 0.01))

    def write(names=("age",), title=None):
        record = json.loads((run / "provenance.json").read_text())
        record["config"] |= {"title": title, "results": "results"}
        (run / "provenance.json").write_text(json.dumps(record))
        pd.concat([found.assign(contrast=n) for n in names]).to_csv(run / "s.tsv", sep="\t", index=False)
        write_report.main(
            provenance=run / "provenance.json",
            numbers=run / "s.tsv",
            excluded=run / "excluded.tsv",
            small_volumes=None,
            contrasts=[
                {
                    "name": name,
                    "voxel_stat": "t",
                    "clusters": {"tfce": clusters},
                    "maps": [figure, figure],
                    "further": [figure],
                    "viewer": [figure | {"path": run / "figures/v.html"}],
                    "regions": None,
                }
                for name in names
            ],
            design=[figure],
            quality=[figure],
            files=[png, run / "s.tsv"],
            page=run / "report.html",
        )
        return (run / "report.html").read_text()

    return write


def test_page_holds_its_figures_and_what_the_study_says_is_no_markup(page):
    text = page(title="Ages & <i>ages</i>")
    assert "<title>Ages &amp; &lt;i&gt;ages&lt;/i&gt;</title>" in text
    assert text.count('src="data:image/png') == 5 and "figures/a.png</a>" in text
    assert "&lt;b&gt;no map&lt;/b&gt;" in text and 'srcdoc="&lt;p&gt;view' in text
    # Below two figures of a kind, what holds for both is said once.
    assert text.count("What holds for all.") == 4
    assert 'data-place="[' in text and 'id="contrast-1"' in text


def test_figures_of_very_many_contrasts_are_linked(page):
    text = page([f"c{k}" for k in range(report.MOST_EMBEDDED + 1)])
    assert "data:image" not in text and 'src="figures/a.png"' in text and "srcdoc" not in text
