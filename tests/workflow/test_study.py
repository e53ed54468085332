"""Several analyses in one run: what is shared, what is compared, and what runs again when one of them changes."""

import csv
import re

import pytest
import tiny
from tiny import CONFIG, layered

ANALYSES = {"plain": {}, "loose": {"inference": {"alpha": 0.2}}, "grid": {"smoothing_fwhm": [6, 20]}}
GRID = ["grid/smoothing_fwhm-6", "grid/smoothing_fwhm-20"]
NAMES = [*GRID, "loose", "plain"]  # as YAML sorts them
STUDY = layered(CONFIG, {"figures": False, "analyses": ANALYSES})
# One of them whole; of the others what the page about all needs.
ASKED = ["--", "results/summary.html", "results/plain/report.html"]
ASKED += ["results/plain/mask.nii.gz", "results/loose/mask.nii.gz"]
ASKED += [f"results/tables/{group}_contrast-age_specifications.tsv" for group in ("grid", "analyses")]
# Rules that make what analyses share, and those that all have in common.
SHARED = {"collect_table", "read_maps", "screen_participants", "make_brain_mask", "select_participants"}
OF_ALL = {"all", "summarise_study", "compare_specifications"}


def with_analyses(**analyses):
    return STUDY | {"analyses": ANALYSES | analyses}


def rules_planned(study, config, *asked):
    """Return the names of the rules in a plan, which begin with their analyses."""
    done = study.finish("--dry-run", *(["--", *asked] if asked else ASKED), config=config)
    if "Nothing to be done" in done.stdout:
        return set()
    return {name for name, _ in re.findall(r"^(\S+) +(\d+)$", done.stdout, re.M)} - {"job", "total"}


def analyses_of(rules):
    return {rule.partition("_")[0].partition(".")[0] for rule in rules - OF_ALL}


@pytest.fixture(scope="module")
def done(tmp_path_factory, snakemake):
    """A finished study of four analyses, two of them a crossing. Not to be changed."""
    study = tiny.write_study(tmp_path_factory.mktemp("several"), snakemake)
    study.said = study.finish(*ASKED, config=STUDY, timeout=900).stdout
    return study


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_an_analysis_has_the_results_that_it_has_alone(done, finished):
    for path in ("nulls/contrast-age.npz", "maps.npy", "mask.nii.gz", "design/design.tsv"):
        assert (done.result("plain") / path).read_bytes() == finished.result(path).read_bytes(), path
    # What analyses share lies in the folder of each too.
    assert done.result("loose/mask.nii.gz").samefile(done.result("plain/mask.nii.gz"))
    names, alone = (
        {path.name for path in folder.iterdir()}
        for folder in (done.result("plain/maps"), finished.result("maps"))
    )
    assert names == alone and len(names) > 15


def test_what_analyses_share_is_made_once(done):
    made = sorted(path.name.partition("-")[0] for path in done.result("shared").iterdir())
    # Not smoothed, and smoothed in two ways.
    assert made == ["dataset", "maps", "maps", "maps", "quality"]
    jobs = re.findall(r"^Job \d+: (.*)$", done.said, re.M)
    assert sum("Reading the maps" in job for job in jobs) == 1
    assert sum("Smoothing and masking" in job for job in jobs) == 3


def test_there_is_one_table_on_the_terminal_and_one_page(done):
    plan, closing = (
        re.search(rf"{title}.*?\n\n(.*?)\n\n", done.said, re.S)[1].splitlines()
        for title in ("Permaps [0-9.]+: 4 analyses", "Permaps is done: ")
    )
    assert [line.split()[0] for line in plan[1:]] == [*NAMES, "shared"]
    assert [line.split()[0] for line in closing[1:]] == NAMES
    page = done.result("summary.html").read_text(encoding="utf-8")
    for name in NAMES:
        assert f'href="{name}/report.html"' in page and f'href="{name}/summary.html"' in page
    assert {row["analysis"] for row in rows(done.result("tables/summary.tsv"))} == set(NAMES)


def test_a_specification_curve_has_the_numbers_of_its_analyses(done):
    found = rows(done.result("tables/grid_contrast-age_specifications.tsv"))
    assert [row["analysis"] for row in found[::4]] == GRID
    summary = {(row["analysis"], row["statistic"]): row for row in rows(done.result("tables/summary.tsv"))}
    for row in found:
        same = summary[row["analysis"], row["statistic"]]
        assert (row["p_fwe"], row["extent"]) == (same["p_fwe"], same["n_significant_voxels"])
        assert row["analysis"] == f"grid/smoothing_fwhm-{row['smoothing_fwhm']}"
    # At one place, with an effect of its own in each.
    assert len({(row["x"], row["y"], row["z"]) for row in found}) == 1
    assert len({row["effect"] for row in found}) == 2
    for count in rows(done.result("tables/grid_contrast-age_counts.tsv")):
        of_it = [row for row in found if row["statistic"] == count["statistic"]]
        assert int(count["n_significant"]) == sum(row["significant"] == "True" for row in of_it)
        # One comes from maps of single precision.
        assert float(count["smallest_p"]) <= float(count["p_any"]) * (1 + 1e-5) <= 1
    assert done.result("figures/grid_contrast-age_specifications.png").stat().st_size > 10_000
    # At different levels, there is no count of what is significant by chance.
    assert {row["p_any"] for row in rows(done.result("tables/analyses_contrast-age_counts.tsv"))} == {"n/a"}


def test_only_what_a_change_concerns_runs_again(done):
    assert rules_planned(done, STUDY) == set()
    more = rules_planned(done, with_analyses(smooth={"smoothing_fwhm": 9}))
    assert analyses_of(more) == {"smooth"} and "smooth_smooth_maps" in more
    # What others have made is there.
    assert not {rule.removeprefix("smooth_") for rule in more} & SHARED
    other = rules_planned(done, with_analyses(loose={"inference": {"alpha": 0.3}}))
    assert analyses_of(other) == {"loose"} and not {rule for rule in other if "null" in rule}
    # One that goes leaves the others as they are, also if it was the first to need what they share.
    less = STUDY | {"analyses": {name: ANALYSES[name] for name in ("loose", "grid")}}
    assert rules_planned(done, less, "results/summary.html") <= OF_ALL


def test_a_file_of_one_analysis_is_a_target(done):
    config = with_analyses(mean={"model": {"formula": "1", "contrasts": {"mean": "Intercept"}}})
    assert analyses_of(rules_planned(done, config, "results/mean/summary.html")) == {"mean"}
    assert rules_planned(done, config, "results/plain/summary.html") == set()


def test_results_of_another_config_are_refused_although_notes_are_lost(done, tmp_path):
    study = done.copied(tmp_path / "study")
    (study.work / ".snakemake/metadata").rename(study.work / "lost")
    refused = study.run("--dry-run", *ASKED, config=with_analyses(loose={"inference": {"alpha": 0.3}}))
    assert refused.returncode != 0
    message = re.search(r"^Permaps: results: holds files of another config.*$", refused.stdout, re.M)[0]
    assert "results/loose/" in message and "results/plain/" not in message


def test_a_job_that_fails_says_of_which_analysis(done, tmp_path):
    config = with_analyses(old={"quality": {"query": "age > 1000"}})
    failed = done.copied(tmp_path / "study").run("--", "results/old/mask.nii.gz", config=config)
    assert failed.returncode != 0
    assert "analysis old: " in failed.stdout.rpartition("Permaps stopped.")[2]
