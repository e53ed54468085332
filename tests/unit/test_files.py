"""What a config names on the disk: what is opened has to end, and results have to have a place of their own."""

import os
import socket
from pathlib import Path

import pytest
from permaps.cohort.participants_table import check_outside, check_own
from permaps.cohort.sources import Listing, map_files, read_listing
from permaps.reporting.terminal import grid_of
from permaps.tables.text import MOST_COLUMNS, read_rows
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError, listed
from permaps.workflow.files import HOME, check_files, check_place

DEFAULTS, SCHEMA = HOME / "config/config.yaml", HOME / "config/schemas/config.schema.yaml"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a table, a folder, a pipe, a socket and a device."""
    monkeypatch.chdir(tmp_path)
    Path("a.tsv").write_text("participant_id\tmap\n1\tx.nii\n")
    Path("study").mkdir()
    os.mkfifo("pipe")
    Path("zero").symlink_to("/dev/zero")
    held = socket.socket(socket.AF_UNIX)
    held.bind("socket")
    yield tmp_path
    held.close()


def refused(given, files=()):
    with pytest.raises(UserError) as caught:
        check_files(resolve(given, DEFAULTS, SCHEMA), files)
    return str(caught.value)


def inputs(path):
    """A config that names one path wherever a file can be named."""
    return {
        "dataset": {"source": "table", "path": path, "maps": "map"},
        "mask": {"strategy": "file", "file": path},
        "atlas": {"image": path, "labels": path},
        "inference": {"small_volumes": {"roi": path}, "regions": {"V1": path}},
    }


KEYS = (
    "dataset.path",
    "mask.file",
    "atlas.image",
    "atlas.labels",
    "inference.small_volumes.roi",
    "inference.regions.V1",
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("study", "a folder"), ("pipe", "a pipe"), ("zero", "a device"), ("socket", "a socket")],
)
def test_what_is_no_file_is_not_opened(here, path, kind):
    told = refused(inputs(path), [path])
    assert all(f"{key}: '{path}' is {kind}; expected a file" in told for key in KEYS)
    assert f"the config '{path}' is {kind}, which jobs cannot read again" in told
    with pytest.raises(UserError, match=f"{path}: is {kind}; expected a file"):
        read_rows(path)
    for name in ("x.img", "x.nii.gz"):
        Path(name).symlink_to(path)
    Path("x.hdr").symlink_to(path)
    assert grid_of("x.img") is None and grid_of("x.nii.gz") is None and grid_of(None) is None


@pytest.mark.parametrize("linked", ["", "by link", "by its folder"])
def test_an_input_among_the_own_results_is_refused(here, linked):
    Path("results/dataset").mkdir(parents=True)
    Path("results/dataset/a.tsv").write_text("")
    Path("b.tsv").symlink_to("results/dataset/a.tsv")
    Path("elsewhere").symlink_to("results")
    path = {"": "results/dataset/a.tsv", "by link": "b.tsv", "by its folder": "elsewhere/dataset/a.tsv"}[
        linked
    ]
    told = refused(inputs(path))
    assert all(f"{key}: '{path}' lies among this run's own results, 'results'" in told for key in KEYS)
    check_files(resolve(inputs(path) | {"results": "results-2"}, DEFAULTS, SCHEMA))


def test_a_data_folder_is_one_and_is_none_of_the_results(here):
    def localizer(folder):
        return {"dataset": {"source": "localizer", "data_dir": folder}}

    assert "dataset.data_dir: 'results/nilearn' lies among" in refused(localizer("results/nilearn"))
    assert "dataset.data_dir: 'pipe' is no folder" in refused(localizer("pipe"))
    for folder in ("study", "new"):
        check_files(resolve(localizer(folder), DEFAULTS, SCHEMA))


def test_maps_among_the_own_results_are_refused_and_no_input_of_a_rule(here):
    Path("results").mkdir()
    Path("results/x.nii").touch()
    Path("x.nii").symlink_to("results/x.nii")
    dataset = {"source": "table", "path": "a.tsv"}
    listing, maps = read_listing(dataset), [str(here / "x.nii")]
    check_outside(listing, maps, "other")
    with pytest.raises(
        UserError, match=r"/a\.tsv: the map of 1 \(line 2\), .*x\.nii, lies among this run's own"
    ):
        check_outside(listing, maps, "results")
    assert map_files(dataset, "map", "results") == [] != map_files(dataset, "map", "other")


@pytest.mark.parametrize(
    ("results", "why"),
    [
        ("/", "holds the working directory"),
        (".", "holds the working directory"),
        ("..", "holds the working directory"),
        ("loop/..", "holds the working directory"),
        (".snakemake", "belongs to Snakemake"),
        (".snakemake/log", "belongs to Snakemake"),
        (str(HOME), "holds the workflow itself"),
        (
            str(HOME.parent),
            "holds the work",
        ),  # the workflow, and in a clone below /tmp also the working directory
        (str(HOME / "scripts/new"), "belongs to the workflow, as a part of 'scripts'"),
        ("/proc", "nothing can be written to '/proc'"),
        ("/proc/permaps", "nothing can be written to '/proc'"),
        ("a.tsv", "'a.tsv' is no folder"),
        ("a.tsv/results", "'a.tsv' is no folder"),
        ("pipe", "'pipe' is no folder"),
        ("/".join(["x" * 200] * 19), "is too long for files below it"),
    ],
)
def test_results_have_a_place_of_their_own(here, results, why):
    before = sorted(here.iterdir())
    told = refused({"results": results})
    assert told.startswith("The config has a problem:\n  - results: ") and why in told
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("results", ["results", "new/results", "study", "~/results", "../results"])
def test_other_places_will_do(here, results):
    check_files(resolve({"results": results}, DEFAULTS, SCHEMA))
    assert not Path("new").exists() and not list(Path("study").iterdir())


@pytest.mark.parametrize("name", ["{x}", "a{", "a\nb"])
def test_a_folder_that_reads_as_a_wildcard_is_refused(here, name):
    with pytest.raises(UserError, match=r"The folder of the workflow is .* Rename or move"):
        check_place(here / name / "workflow", "The folder of the workflow")
    check_place(here / "a b $x 'é", "The folder of the workflow")


@pytest.mark.parametrize("how", ["symbolic", "hard", "of a folder", "pair"])
def test_one_map_of_two_names_is_refused(here, how):
    first, second = here / "m/x.nii", here / "m/y.nii"
    first.parent.mkdir()
    first.touch()
    if how == "symbolic":
        second.symlink_to("x.nii")
    elif how == "hard":
        second.hardlink_to(first)
    elif how == "of a folder":
        (here / "n").symlink_to("m")
        second = here / "n/x.nii"
    else:
        first, second = here / "m/x.img", here / "m/x.hdr"
        first.touch()
        second.touch()
    rows = [{"participant_id": name} for name in "ab"]
    listing = Listing(["participant_id"], rows, [2, 3], "a.tsv", str(here), rows)
    with pytest.raises(
        UserError, match=r"a and b \(lines 2 and 3\) have the same map, .* \(a link: it is the"
    ):
        check_own(listing, [str(first), str(second)])
    third = here / "m/z.nii"
    third.touch()
    check_own(listing, [str(first), str(third)])
    check_own(listing, [str(here / "none"), str(here / "neither")])


def test_a_table_may_be_wide_but_not_on_its_side(here):
    def written(n):
        names = ["participant_id", *(f"c{i}" for i in range(1, n))]
        Path("wide.tsv").write_text("\t".join(names) + "\n" + "\t".join(["1"] * n) + "\n")
        return names

    names = written(MOST_COLUMNS)
    assert read_rows("wide.tsv")[0] == names
    assert listed(names).endswith("c28, c29 and 9,970 more") and len(listed(["x" * 10**6])) == 60
    written(100_000)
    with pytest.raises(UserError, match=r"wide\.tsv: has 100,000 columns; expected at most 10,000"):
        read_rows("wide.tsv")


def test_a_table_of_gigabytes_is_refused_before_it_is_read(here):
    with open("huge.tsv", "wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(
        UserError, match=r"huge.tsv: has 10,240 MiB; expected a table of one row per participant"
    ):
        read_rows("huge.tsv")
