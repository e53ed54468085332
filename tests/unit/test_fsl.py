"""Designs of FSL: what becomes of them, and what is said of those that do not fit."""

import re

import collect_table
import make_design
import pytest
from fsl_files import write_vest
from permaps.cohort.fsl import blocks_of, model_of
from permaps.cohort.sources import map_files, read_listing
from permaps.design.given import with_model
from permaps.tables.text import read_rows
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError
from test_config import DEFAULTS, SCHEMA

GROUPS = [[1, 0, -0.5], [1, 0, 0.5], [1, 0, 1.25], [0, 1, -1], [0, 1, 0], [0, 1, 1]]
WEIGHTS = [[1, -1, 0], [-1, 1, 0], [0, 0, 1], [0.5, 0.5, 0]]
NAMES = {"ContrastName1": '"A > B"', "ContrastName2": "B > A", "ContrastName3": "(age)", "NumContrasts": 4}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A folder with a design of two groups and a covariate."""
    monkeypatch.chdir(tmp_path)
    write_vest(tmp_path / "design.mat", GROUPS, PPheights="1 1 2.25")
    write_vest(tmp_path / "design.con", WEIGHTS, **NAMES)
    write_vest(tmp_path / "design.fts", [[1, 0, 1, 0], [0, 0, 1, 0]])
    write_vest(tmp_path / "design.grp", [[1], [1], [2], [2], [3], [3]])
    return tmp_path


def given(**dataset):
    files = {"maps": "all.nii.gz", "design": "design.mat", "contrasts": "design.con"}
    return {"dataset": {"source": "fsl"} | files | dataset, "smoothing_fwhm": 0}


def test_a_design_becomes_a_table_and_a_model(study):
    config = resolve(with_model(given(ftests="design.fts", blocks="design.grp")), DEFAULTS, SCHEMA)
    listing = read_listing(config["dataset"])
    assert listing.columns == ["participant_id", "EV1", "EV2", "EV3", "block"]
    assert [row["participant_id"] for row in listing.rows] == ["001", "002", "003", "004", "005", "006"]
    assert [float(listing.rows[2][name]) for name in listing.columns[1:]] == [1, 0, 1.25, 2]
    assert config["model"]["formula"] == "0 + EV1 + EV2 + EV3"
    assert config["model"]["contrasts"] == {
        "A-gt-B": "EV1 - EV2",
        "B-gt-A": "-EV1 + EV2",
        "age": "EV3",
        "tstat4": "0.5 * EV1 + 0.5 * EV2",
        "fstat1": ["EV1 - EV2", "EV3"],
        "fstat2": ["EV3"],
    }
    assert config["permutation"]["blocks"] == {"within": "block", "whole": None, "nested": None}


def test_the_design_matrix_is_that_of_the_file(study):
    out = study / "out/participants.tsv"
    (study / "maps").mkdir()
    config = with_model(given(maps="maps/{participant_id}.nii"))
    dataset = config["dataset"] | {"blocks": None}
    collect_table.main(dataset=dataset, participants=out, results=out.parent, voxelwise={})
    assert read_rows(out)[1][5]["map"] == str(study / "maps/006.nii")
    make_design.main(
        included=out, design=study / "d.tsv", blocks=study / "b.json", formula=config["model"]["formula"],
        voxelwise=[], block_columns={}, variance_groups=None,
    )  # fmt: skip
    _, rows, _ = read_rows(study / "d.tsv")
    assert [[float(row[f"EV{i}"]) for i in (1, 2, 3)] for row in rows] == GROUPS


def test_what_the_user_says_counts(study):
    mine = {"formula": "1 + EV3", "contrasts": {"slope": "EV3"}}
    whole = {"blocks": {"whole": "block"}, "seed": 3}
    found = with_model(given(blocks="design.grp") | {"model": mine, "permutation": whole})
    assert found["model"] == mine and found["permutation"] == whole
    # A config that is not checked yet may be anything.
    for dataset in (None, 5, {"source": "fsl"}, {"source": "fsl", "design": 5, "contrasts": ["a"]}):
        assert with_model({"dataset": dataset}) == {"dataset": dataset}


def test_volumes_of_one_file_are_found_from_the_working_directory(study):
    (study / "all.nii.gz").touch()
    assert map_files(given(blocks=None)["dataset"], "all.nii.gz") == [str(study / "all.nii.gz")]


def test_names_are_fit_for_files_and_no_two_are_one(study):
    named = ["mean", "Mean", "", "../x y", "fstat1", "é" * 9]
    keys = {f"ContrastName{i}": name for i, name in enumerate(named, 1)}
    write_vest(study / "design.con", [[i, 0, 0] for i in range(1, 7)], **keys)
    write_vest(study / "design.fts", [[1, 0, 0, 0, 0, 0]])
    found = model_of("design.mat", "design.con", "design.fts")["contrasts"]
    assert list(found) == ["mean", "Mean-2", "tstat3", "x-y", "fstat1", "tstat6", "fstat1-2"]


def test_one_block_of_everyone_holds_nobody_back(study):
    """Glm writes ones where all may be exchanged, and the methods then name no blocks."""
    write_vest(study / "design.grp", [[1]] * 6)
    config = resolve(with_model(given(blocks="design.grp")), DEFAULTS, SCHEMA)
    assert not any(config["permutation"]["blocks"].values())


def test_several_columns_are_nested_blocks(study):
    write_vest(study / "design.grp", [[-1, 1], [-1, 1], [-1, 2], [-1, 2], [-1, 3], [-1, 3]])
    assert blocks_of("design.grp") == {"nested": ["block1", "block2"]}
    assert read_listing(given(blocks="design.grp")["dataset"]).rows[4]["block2"] == "3"


BROKEN = {
    "no VEST": ("design.mat", "1 0\n0 1\n", "design.mat: has no numbers below a line /Matrix"),
    "not a number": (
        "design.con",
        "/Matrix\n1 -1 x\n",
        "design.con: line 2: 'x' is no number; expected contrasts",
    ),
    "ragged": ("design.mat", "/Matrix\n1 0\n1\n", "line 3 has 1 numbers, the first row of the matrix 2"),
    "cut off": (
        "design.mat",
        "/NumPoints 7\n/Matrix\n1 0 0\n",
        "/NumPoints says 7, and the matrix has 1 rows",
    ),
    "other width": ("design.mat", "/NumWaves 2\n/Matrix\n1 0 0\n", "/NumWaves says 2.*3 columns"),
    "other design": (
        "design.con",
        "/Matrix\n1 -1\n",
        "a contrast has 2 weights, and design.mat has 3 columns",
    ),
    "nothing tested": ("design.con", "/Matrix\n0 0 0\n", "line 2: a contrast of zeros tests nothing"),
    "name without a row": (
        "design.con",
        "/ContrastName3 a\n/Matrix\n1 0 0\n",
        "/ContrastName3 names a contrast",
    ),
    "F test of another file": (
        "design.fts",
        "/Matrix\n1 0\n",
        "has 2 entries, and design.con has 4 contrasts",
    ),
    "F test of weights": ("design.fts", "/Matrix\n1 0 0 2\n", "line 2: found 1 0 0 2; expected a 1 for each"),
    "F test of nothing": ("design.fts", "/Matrix\n0 0 0 0\n", "found 0 0 0 0"),
    "blocks of another file": ("design.grp", "/Matrix\n1\n2\n", "has 2 rows, and .*design.mat has 6"),
    "binary": ("design.mat", "/Matrix\n\0\n", "holds zero bytes, so it is no text. Expected a design"),
}


@pytest.mark.parametrize(("name", "content", "says"), BROKEN.values(), ids=BROKEN)
def test_files_that_do_not_fit_are_refused(study, name, content, says):
    (study / name).write_text(content)
    with pytest.raises(UserError, match=says) as caught:
        config = with_model(given(ftests="design.fts", blocks="design.grp"))
        read_listing(config["dataset"])
    assert re.match(r".*design\.\w+: ", str(caught.value))
