"""Tables of spreadsheets in half of Europe, spreadsheets themselves, and patterns with *."""

import datetime
import os
import sys
import types

import pytest
from permaps.maps.map_paths import hemisphere_files, map_paths
from permaps.tables.text import read_rows
from permaps.workflow.errors import UserError


def test_decimal_commas_are_read_where_semicolons_separate(tmp_path):
    (tmp_path / "t.csv").write_text(
        "participant_id;age;text;mixed\n1;3,5;a,b;1,5\n2;-0,25;c;2.5\n3;4;d;n/a\n4;n/a;;\n"
    )
    _, rows, _ = read_rows(tmp_path / "t.csv")
    assert [row["age"] for row in rows] == ["3.5", "-0.25", "4", None]
    assert [row["text"] for row in rows] == ["a,b", "c", "d", None]
    assert [row["mixed"] for row in rows] == ["1.5", "2.5", None, None]
    # Two commas are no decimals, and one that is no number keeps the column as it is.
    (tmp_path / "t.csv").write_text("participant_id;a;b\n1;1,000,000;1,5\n2;2;x\n")
    assert [list(row.values()) for row in read_rows(tmp_path / "t.csv")[1]] == [
        ["1", "1,000,000", "1,5"],
        ["2", "2", "x"],
    ]


class Book:
    """What openpyxl gives of a file with one sheet."""

    def __init__(self, rows):
        self.worksheets = [types.SimpleNamespace(iter_rows=lambda values_only: iter(rows))]


@pytest.fixture
def openpyxl(monkeypatch):
    """Stands for openpyxl, which is no part of the environment; opens what is put into `rows`."""
    found = types.SimpleNamespace(rows=[])

    def load_workbook(path, read_only, data_only):
        if isinstance(found.rows, Exception):
            raise found.rows
        return Book(found.rows)

    monkeypatch.setitem(sys.modules, "openpyxl", types.SimpleNamespace(load_workbook=load_workbook))
    return found


def test_a_spreadsheet_is_read_as_its_text_table_would_be(tmp_path, openpyxl):
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    openpyxl.rows = [
        (None, None, None, None),
        ("participant_id", "age", " group ", None),
        ("01", 24.0, "a", None),
        (2, 1.5, None, None),
        (None, None, None, None),
        ("3", datetime.date(2020, 1, 2), True, None),
    ]
    columns, rows, lines = read_rows(tmp_path / "t.xlsx")
    assert columns == ["participant_id", "age", "group"] and lines == [3, 4, 6]
    assert [list(row.values()) for row in rows] == [
        ["01", "24", "a"],
        ["2", "1.5", None],
        ["3", "2020-01-02", "True"],
    ]
    openpyxl.rows = ValueError("not a zip file")
    with pytest.raises(UserError, match=r"t.xlsx: is no spreadsheet that openpyxl can read \(not a zip"):
        read_rows(tmp_path / "t.xlsx")


def test_without_a_reader_it_is_told_how_to_go_on(tmp_path, monkeypatch):
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UserError, match=r"pip install openpyxl. Or save the sheet as CSV"):
        read_rows(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("name", "says"),
    [("SPM.mat", "docs/from-spm.md has the lines"), ("a.XLS", "has to be exported"), ("a.ods", "export")],
)
def test_files_that_are_no_tables_say_what_to_do(tmp_path, name, says):
    (tmp_path / name).write_bytes(b"\0")
    with pytest.raises(UserError, match=says):
        read_rows(tmp_path / name)


def folder_of(tmp_path, *names):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    rows = [{"participant_id": "a"}, {"participant_id": "b[1]"}, {"participant_id": "c*"}]
    return ["participant_id"], rows, tmp_path / "t.tsv"


def test_a_star_stands_for_what_differs_in_the_name_of_one_file(tmp_path):
    table = folder_of(
        tmp_path, "a/con_0001.img", "a/con_0001.hdr", "a/con_0001.mat", "b[1]/con_0001.nii", "cx/con_0001.nii"
    )
    found = map_paths(*table, "{participant_id}/con_0001.*")
    # What stands for itself in an id is no pattern.
    assert [path.removeprefix(f"{tmp_path}/") for path in found] == [
        "a/con_0001.img", "b[1]/con_0001.nii", "c*/con_0001.*",
    ]  # fmt: skip


def test_several_files_are_not_one(tmp_path):
    table = folder_of(tmp_path, "a/run-1.nii", "a/run-2.nii")
    with pytest.raises(
        UserError, match=r"dataset.maps: 2 files of a fit .*run-\*.nii: .*run-1.nii.*Expected one"
    ):
        map_paths(*table, "{participant_id}/run-*.nii")


def test_a_star_is_the_same_for_both_hemispheres(tmp_path):
    names = [f"{who}/surf/{hemi}.thickness.fwhm10.mgh" for who in ("a", "b[1]", "c") for hemi in ("lh", "rh")]
    table = folder_of(tmp_path, *names[:-1])
    found = map_paths(*table, "{participant_id}/s*/{hemi}.*.fwhm*.mgh")
    assert [os.path.relpath(path, tmp_path) for path in found] == [
        "a/surf/{hemi}.thickness.fwhm10.mgh", "b[1]/surf/{hemi}.thickness.fwhm10.mgh",
        "c*/s*/{hemi}.*.fwhm*.mgh",
    ]  # fmt: skip
    assert sorted(hemisphere_files(found[1])) == ["L", "R"]
    (tmp_path / "a/surf/rh.thickness.fwhm5.mgh").touch()
    with pytest.raises(UserError, match=r"2 files of a fit .*fwhm10.mgh, .*fwhm5.mgh"):
        map_paths(*table, "{participant_id}/surf/{hemi}.thickness.*.mgh")


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ("all_cope.nii.gz", "no file .*/all_cope.nii.gz, did you mean 'all_copes.nii.gz', nor a column"),
        (
            "nowhere/all.nii",
            r"no file .*/nowhere/all.nii \(the folder .*/nowhere does not exist\), nor a column",
        ),
        ("mpa", "asks for a column 'mpa', which is not there"),
    ],
)
def test_a_file_that_is_not_there_is_told_from_a_column(tmp_path, maps, says):
    table = folder_of(tmp_path, "all_copes.nii.gz")
    with pytest.raises(UserError, match=says):
        map_paths(*table, maps)
