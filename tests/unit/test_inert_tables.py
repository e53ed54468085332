"""A table that is opened in a spreadsheet computes nothing, and reads back as it was."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from permaps.design.tables import read_numbers, write_numbers
from permaps.tables.participants import read_participants
from permaps.tables.text import read_rows, write_rows
from permaps.tables.tsv import read_frame, write_frame

SCRIPTS = Path(__file__).parents[2] / "scripts"
FORMULAS = ["=1+1", "+1+1", "-1-1", "@SUM(A1)", '=HYPERLINK("http://a.b","c")', "-", "-3,2", "＝1+1", "+1_0"]
NUMBERS = ["-3.2", "+4", "-1e5", "-.5"]


def rows_of(names):
    return [{"participant_id": name, "=age": value} for name, value in zip(names, names, strict=True)]


def by_rows(path, names):
    write_rows(path, ["participant_id", "=age"], rows_of(names))
    columns, rows, _ = read_rows(path)
    return columns[1], [row["participant_id"] for row in rows]


def by_participants(path, names):
    write_frame(pd.DataFrame(rows_of(names)), path)
    frame = read_participants(path)
    return frame.columns[1], frame["participant_id"].tolist()


def by_frame(path, names):
    write_frame(pd.DataFrame(rows_of(names)), path)
    frame = read_frame(path, participant_id=str)
    return frame.columns[1], frame["participant_id"].tolist()


def by_matrix(path, names):
    write_numbers(path, ["participant_id", "=age"], [[name] for name in names], np.ones((len(names), 1)))
    columns, keys, _ = read_numbers(path)
    return columns[0], [key[0] for key in keys]


@pytest.mark.parametrize("there_and_back", [by_rows, by_participants, by_frame, by_matrix])
def test_no_cell_is_a_formula_and_every_value_is_read_back(tmp_path, there_and_back):
    path = tmp_path / "a.tsv"
    assert there_and_back(path, FORMULAS + NUMBERS) == ("=age", FORMULAS + NUMBERS)
    with open(path, encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter="\t") for cell in row]
    evaluated = [cell for cell in cells if cell.startswith(tuple("=+-@\t\r＝"))]
    assert set(evaluated) <= set(NUMBERS)
    assert set(NUMBERS) <= set(cells), "numbers stay numbers"


def test_numbers_of_a_frame_are_left_alone(tmp_path):
    write_frame(pd.DataFrame({"t": [-3.2, np.nan], "n": pd.array([-1, None], "Int64")}), tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text() == "t\tn\n-3.2\t-1\nn/a\tn/a\n"


def test_nothing_else_writes_tables():
    writers = {
        path.relative_to(SCRIPTS).as_posix()
        for path in SCRIPTS.rglob("*.py")
        if any(
            call in path.read_text(encoding="utf-8") for call in (".to_csv(", "csv.writer(", "DictWriter(")
        )
    }
    assert writers == {"permaps/tables/text.py", "permaps/tables/tsv.py"}
