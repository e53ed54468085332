"""Whose map a row is: other id columns, several maps of a person, sessions."""

import collect_table
import pandas as pd
import pytest
from permaps.cohort.sources import map_files, read_listing, tables_of_sessions
from permaps.design.given import check_blocks
from permaps.design.matrix import design_matrix
from permaps.design.whole import whole_design
from permaps.reporting.terminal import cohort, participants
from permaps.tables.participants import as_frame
from permaps.tables.text import check_participants, read_rows
from permaps.workflow.errors import UserError

WIDE = "participant_id\tage\nsub-01\t20\nsub-02\t30\nsub-03\tn/a\n"
LONG = "code\tvisit\tage\nA\tpre\t1\nA\tpost\t2\nB\tpre\t3\n"


@pytest.fixture
def listing(tmp_path):
    """A function that reads a table's text with these keys of the dataset."""

    def read(text, **keys):
        (tmp_path / "t.tsv").write_text(text)
        return read_listing(own(tmp_path, **keys))

    return read


def own(folder, **keys):
    return {"source": "table", "path": str(folder / "t.tsv"), "maps": "m", "id": "participant_id", **keys}


def test_the_id_may_have_another_name(listing, tmp_path):
    found = listing(LONG.replace("A\tpost", "C\tpost"), id="code")
    assert found.columns == ["participant_id", "code", "visit", "age"]
    assert [row["participant_id"] for row in found.rows] == ["A", "C", "B"]
    assert found.map_paths("{code}/{participant_id}.nii")[1] == str(tmp_path / "C/C.nii")


def test_several_columns_make_the_id_of_a_map_and_say_whose_it_is(listing, tmp_path):
    found = listing(LONG, id=["code", "visit"])
    assert [(row["participant_id"], row["person"]) for row in found.rows] == [
        ("A_pre", "A"), ("A_post", "A"), ("B_pre", "B"),
    ]  # fmt: skip
    check_participants(found.columns, found.rows, found.lines, found.path)
    assert found.map_paths("{code}_{visit}.nii")[2] == str(tmp_path / "B_pre.nii")
    with pytest.raises(UserError, match=r"is there twice .*dataset.id takes several columns"):
        twice = listing(LONG, id="code")
        check_participants(twice.columns, twice.rows, twice.lines, twice.path)


def test_sessions_give_a_row_each_and_the_pattern_is_that_of_the_person(listing, tmp_path):
    (tmp_path / "sub-01").mkdir()
    (tmp_path / "sub-01/sub-01_sessions.tsv").write_text("session_id\tpain\nses-post\t7\nses-pre\t2\n")
    found = listing(WIDE, sessions=["pre", "post"])
    assert found.columns == ["participant_id", "person", "age", "session", "pain"]
    assert [row["participant_id"] for row in found.rows[:3]] == ["sub-01_pre", "sub-01_post", "sub-02_pre"]
    assert [row["pain"] for row in found.rows] == ["2", "7", None, None, None, None]
    assert found.rows[1] | {"age": "20", "person": "sub-01", "session": "post"} == found.rows[1]
    assert found.map_paths("{participant_id}/ses-{session}.nii")[1] == str(tmp_path / "sub-01/ses-post.nii")
    assert tables_of_sessions(own(tmp_path, sessions=["pre"])) == [
        str(tmp_path / "sub-01/sub-01_sessions.tsv")
    ]
    out = tmp_path / "out/participants.tsv"
    dataset = own(tmp_path, sessions=["pre", "post"], maps="{participant_id}_{session}.nii")
    collect_table.main(dataset=dataset, participants=out, results=out.parent, voxelwise={})
    assert read_rows(out)[1][5] == {
        "participant_id": "sub-03_post", "map": str(tmp_path / "sub-03_post.nii"), "person": "sub-03", "age": None,
        "session": "post", "pain": None,
    }  # fmt: skip


@pytest.mark.parametrize("keys", [{"sessions": ["a", "b"]}, {"id": ["who", "visit"]}])
def test_who_has_several_maps_is_a_name_even_if_it_is_a_number(listing, keys):
    """As a number, person would be a single slope in 0 + person + session, and nothing would say so."""
    wide = "participant_id\tage\n" + "".join(f"{i}\t{20 + i}\n" for i in range(8, 12))
    long = "who\tvisit\tage\n" + "".join(f"{i}\t{v}\t{20 + i}\n" for i in range(8, 12) for v in (1, 2))
    found = listing(wide if "sessions" in keys else long, **keys)
    frame = as_frame(found.columns, found.rows)
    assert list(frame["person"]) == [name for name in ("8", "9", "10", "11") for _ in range(2)]
    assert pd.api.types.is_numeric_dtype(frame["age"])
    names, matrix = design_matrix(frame, "0 + person")
    assert names == ["person[10]", "person[11]", "person[8]", "person[9]"] and matrix.sum() == 8
    blocks = {"within": None, "whole": None, "nested": ["everyone", "person"]}
    made = whole_design(frame.assign(everyone=1), "1", [], blocks, None)
    assert made.blocks["nested"] == [[1] * 8, [8, 8, 9, 9, 10, 10, 11, 11]]


def test_a_column_of_numbers_that_is_called_person_stays_one():
    frame = as_frame(
        ["participant_id", "person"], [{"participant_id": f"s{i}", "person": str(i)} for i in range(3)]
    )
    assert pd.api.types.is_numeric_dtype(frame["person"])


def test_maps_and_people_are_counted_apart(listing, tmp_path):
    listing(LONG)
    dataset = own(tmp_path, id=["code", "visit"])
    maps, people, _ = cohort(dataset)
    assert participants(dataset, maps, people).startswith("3 maps of 2, of ")
    listing(WIDE)
    assert participants(dataset, *cohort(own(tmp_path))[:2]).startswith("3, of ")


@pytest.mark.parametrize(
    ("text", "keys", "says"),
    [
        (
            WIDE,
            {"id": "participant"},
            "dataset.id asks for a column 'participant'.*did you mean 'participant_id'",
        ),
        (LONG, {"id": ["code", "session"]}, "dataset.id asks for a column 'session'"),
        (LONG, {"id": ["participant_id", "visit"]}, "dataset.id asks for a column 'participant_id'"),
        (WIDE, {"id": "age"}, "has a column 'participant_id' besides dataset.id, age"),
        (LONG.replace("age", "person"), {"id": ["code", "visit"]}, "the column name 'person' is reserved"),
        (
            LONG.replace("visit", "session"),
            {"id": "code", "sessions": ["pre"]},
            r"has a column 'session' besides dataset.sessions.*write dataset.id: \[code, session\]",
        ),
    ],
)
def test_columns_that_clash_or_are_not_there(listing, text, keys, says):
    with pytest.raises(UserError, match=says):
        listing(text, **keys)


def test_a_table_of_sessions_needs_their_ids(listing, tmp_path):
    (tmp_path / "sub-02").mkdir()
    (tmp_path / "sub-02/sub-02_sessions.tsv").write_text("session\tpain\npre\t1\n")
    with pytest.raises(UserError, match=r"sub-02_sessions.tsv: there is no column 'session_id'"):
        listing(WIDE, sessions=["pre"])
    assert map_files(own(tmp_path, sessions=["pre"])) == []


@pytest.mark.parametrize("keys", [{"sessions": ["pre", "post"]}, {"id": ["code", "visit"]}])
def test_several_maps_of_a_person_need_blocks(tmp_path, keys):
    config = {"dataset": {"sessions": None} | own(tmp_path, **keys)}
    with pytest.raises(UserError, match=r"permutation.blocks: found none.*`within: person`.*`whole: person`"):
        check_blocks(config | {"permutation": {"blocks": {"within": None, "whole": None, "nested": None}}})
    check_blocks(config | {"permutation": {"blocks": {"within": None, "whole": "person", "nested": None}}})
    one_each = {"dataset": own(tmp_path, sessions=None), "permutation": {"blocks": {"within": None}}}
    check_blocks(one_each)
