"""Tables as users write them, and those that cannot be understood."""

import collect_table
import pandas as pd
import pytest
from permaps.cohort.sources import map_files
from permaps.maps.map_paths import map_paths
from permaps.tables.participants import check_variates, read_participants
from permaps.tables.text import check_participants, read_rows
from permaps.tables.tsv import write_frame
from permaps.workflow.errors import UserError


def written(folder, content, name="participants.tsv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "participant_id\tage\n01\t30\n02\tn/a\n"),
        ("a.csv", "participant_id,age\n01,30\n02,\n"),
        ("a.csv", "participant_id;age\n01;30\n02;NA\n"),
        ("a.txt", "participant_id,age\n01,30\n02,\n"),
        ("a.tsv", "participant_id,age\n01,30\n02,\n"),
        ("a.tsv", b"\xef\xbb\xbfparticipant_id\tage\r\n01\t30\r\n02\t\r\n\r\n"),
        ("a.csv", '"participant_id","age"\r"01","30"\r"02",""'),
        ("a.tsv", "participant_id\t age \n 01 \t30 \n\n02\tNaN\n"),
    ],
)
def test_every_dialect_gives_the_same_rows(tmp_path, name, content):
    columns, rows, _ = read_rows(written(tmp_path, content, name))
    assert columns == ["participant_id", "age"]
    assert rows == [{"participant_id": "01", "age": "30"}, {"participant_id": "02", "age": None}]


def test_a_quoted_field_may_hold_tabs_line_ends_and_unicode(tmp_path):
    path = written(tmp_path, 'participant_id\tnote\nS1\t"a\tb\nc \u2028 ""d"""\n')
    _, rows, lines = read_rows(path)
    assert rows[0]["note"] == 'a\tb\nc \u2028 "d"'
    assert lines == [3]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["empty"]),
        ("participant_id\tage\n1\t2\t3\n", ["line 2", "3 values", "2 columns"]),
        ("participant_id\t\n1\t2\n", ["column 2", "no name"]),
        ("participant_id\tage\tage\n1\t2\t3\n", ["'age'", "twice"]),
        (b"participant_id\tname\n1\tRen\xe9\n", ["UTF-8"]),
        ("participant_id\tage\n1\t2\n".encode("utf-16"), ["UTF-8"]),
        (b"participant_id\tage\n1\t\x00\n", ["zero bytes"]),
        ('participant_id\tage\n1\t"2\n', ["line 2", "quot"]),
    ],
)
def test_what_is_no_table_is_refused_with_the_place(tmp_path, content, words):
    with pytest.raises(UserError) as caught:
        read_rows(written(tmp_path, content))
    assert all(word in str(caught.value) for word in [*words, "participants.tsv"])


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_rows(tmp_path / "none.tsv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("participants_id\n1\n", ["did you mean 'participants_id'"]),
        ("participant_id\tage\n", ["no participant"]),
        ("participant_id\tage\nS1\t2\nS2\t3\nS1\t4\n", ["'S1'", "twice", "2 and 4"]),
        ("participant_id\nS1a\nS1A\n", ["'S1A'", "'S1a'", "case"]),
        ("participant_id\n1\n01\n", ["'01'", "leading zeros"]),
        ("participant_id\tage\nS1\t2\n\t3\n", ["line 3", "no participant_id"]),
        ("participant_id\treason\nS1\t2\n", ["'reason'"]),
    ],
)
def test_participants_must_be_told_apart(tmp_path, content, words):
    path = written(tmp_path, content)
    with pytest.raises(UserError) as caught:
        check_participants(*read_rows(path), path)
    assert all(word in str(caught.value) for word in words)


def test_ids_that_only_look_alike_pass(tmp_path):
    path = written(tmp_path, "participant_id\n1\n10\n100\nS1\nS01a\n")
    check_participants(*read_rows(path), path)


def own(table, maps="map"):
    return {"source": "table", "path": table, "maps": maps}


@pytest.fixture
def bids(tmp_path):
    table = written(tmp_path, "participant_id\tses\tfile\nsub-01\tpre\tx/../a b.nii\nsub-02\tn/a\tn/a\n")
    return table, *read_rows(table)[:2]


def test_maps_come_from_a_column_or_a_pattern_relative_to_the_table(bids):
    table, columns, rows = bids
    assert map_paths(columns, rows, table, "file") == [str(table.parent / "a b.nii"), None]
    pattern = "der/{participant_id}/{participant_id}_ses-{ses}_statmap.nii.gz"
    expected = str(table.parent / "der/sub-01/sub-01_ses-pre_statmap.nii.gz")
    assert map_paths(columns, rows, table, pattern) == [expected, None]
    assert map_paths(columns, rows, table, "/data/{participant_id}.nii")[1] == "/data/sub-02.nii"


@pytest.mark.parametrize("maps", ["fil", "{particpant_id}.nii", "{ses.__class__}.nii", "{0}.nii", "{}.nii"])
def test_an_unknown_column_in_maps_is_refused(bids, maps):
    table, columns, rows = bids
    with pytest.raises(UserError, match=r"dataset\.maps"):
        map_paths(columns, rows, table, maps)


def test_a_rule_lists_existing_files_and_both_of_an_analyze_pair(tmp_path):
    table = written(
        tmp_path, "participant_id\tmap\n1\ta.img\n2\tb.nii\n3\tmissing.nii\n4\t{c}.nii\n5\tloop\n6\t<d>.nii\n"
    )
    for name in ("a.img", "a.hdr", "b.nii", "{c}.nii", "<d>.nii"):
        written(tmp_path, "", name)
    (tmp_path / "loop").symlink_to("loop")
    assert map_files(own(table), "map") == [str(tmp_path / n) for n in ("a.img", "a.hdr", "b.nii")]
    assert map_files(own(table), "nonsense") == map_files(own(tmp_path / "none.tsv"), "map") == []


def test_collect_table_keeps_values_and_makes_paths_absolute(tmp_path):
    table = written(tmp_path, 'participant_id,note,dose,map\n007,"a\tb",1.50,\n8,NA,0.3,x.nii\n', "t.csv")
    out = tmp_path / "out/participants.tsv"
    collect_table.main(
        dataset=own(table, "{participant_id}.nii"), participants=out, results=out.parent, voxelwise={}
    )
    columns, rows, _ = read_rows(out)
    assert columns == ["participant_id", "map", "note", "dose"]
    assert rows[0] == {
        "participant_id": "007", "map": str(tmp_path / "007.nii"), "note": "a\tb", "dose": "1.50",
    }  # fmt: skip
    assert rows[1]["note"] is None


def test_maps_of_covariates_get_columns_of_their_own(tmp_path):
    table = written(tmp_path, "participant_id\tgm\tfile\n1\tg1.nii\ta.nii\n2\tn/a\tb.nii\n3\tg1.nii\tc.nii\n")
    out = tmp_path / "out/participants.tsv"
    collect_table.main(
        dataset=own(table, "file"),
        participants=out,
        results=out.parent,
        voxelwise={"grey": "gm", "lesion": "les/{participant_id}.nii"},
    )
    columns, rows, _ = read_rows(out)
    assert columns == ["participant_id", "map", "map_grey", "map_lesion", "gm", "file"]
    # Two sessions of one person have the same grey matter.
    assert [row["map_grey"] for row in rows] == [str(tmp_path / "g1.nii"), None, str(tmp_path / "g1.nii")]
    assert rows[1]["map_lesion"] == str(tmp_path / "les/2.nii")
    with pytest.raises(UserError, match=r"model\.voxelwise\.grey asks for a column 'gmm'.*did you mean 'gm'"):
        collect_table.main(
            dataset=own(table, "file"), participants=out, results=out.parent, voxelwise={"grey": "gmm"}
        )


def test_columns_are_numbers_only_when_all_values_are(tmp_path):
    path = written(
        tmp_path, "participant_id\tage\tgroup\tcode\tempty\n01\t3\ta\t1_0\tn/a\n02\tn/a\tb\t2\tn/a\n"
    )
    frame = read_participants(path)
    assert list(frame.participant_id) == ["01", "02"]
    assert frame.age.tolist()[0] == 3 and frame.age.isna().tolist() == [False, True]
    assert frame.group.tolist() == ["a", "b"] and frame.code.tolist() == ["1_0", "2"]
    assert frame["empty"].isna().all()
    again = tmp_path / "again.tsv"
    write_frame(frame, again)
    pd.testing.assert_frame_equal(read_participants(again), frame)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1", "2", "abc", "4"], ["'abc'", "S3", "row 3", "3 of 4"]),
        (["1.5", "2,5", "3.5"], ["'2,5'", "S2", "decimal point"]),
        (["1,5", "2,5", "3,5"], ["'1,5'", "decimal point"]),
        (["1", "inf", "3"], ["'inf'"]),
        (["1", "x", "y", "z"], ["'x'", "1 of 4", "C(age) in the formula takes all of them as names"]),
        (["1", "x"] * 4, ["'x'", "4 of 8"]),
        (["\u0661", "\u0662", "\u0663"], ["'\u0661'", "in the digits 0 to 9"]),
        (["1", "2", "\u0663"], ["'\u0663'", "S3", "in the digits 0 to 9"]),
        (["\u22121", "\u22122.5", "\u20133"], ["'\u22121'", "with - for a minus"]),
    ],
)
def test_text_among_numbers_is_refused_with_its_row(tmp_path, values, words):
    rows = "".join(f"S{i}\t{v}\n" for i, v in enumerate(values, 1))
    frame = read_participants(written(tmp_path, "participant_id\tage\n" + rows))
    with pytest.raises(UserError) as caught:
        check_variates(frame, {"age": "model.formula"})
    assert all(word in str(caught.value) for word in words)


def test_an_unknown_variate_is_refused_with_the_nearest(tmp_path):
    frame = read_participants(written(tmp_path, "participant_id\tpseudo\nS1\t1\n"))
    with pytest.raises(UserError, match="did you mean 'pseudo'"):
        check_variates(frame, {"psuedo": "model.formula"})


def test_numbers_beside_text_may_be_names(tmp_path):
    frame = read_participants(written(tmp_path, "participant_id\tsite\nS1\t1\nS2\t2b\nS3\tx\n"))
    check_variates(frame, {"site": "model.formula"}, labels={"site"})
    check_variates(frame, {"site": "permutation.blocks.within"})
