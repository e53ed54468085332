"""Text that makes other groups than were meant is named, and what can be a group is not."""

import json

import make_design
import pandas as pd
import pytest
from permaps.tables.levels import doubts_of_levels, doubts_of_numbers


def of(values):
    return pd.DataFrame({"x": pd.Series(values, dtype=object)})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["b", "a", "B", "b"], "column 'x' holds 'B' for 1 and 'b' for 2 participants"),
        (
            ["non smoker", "nonsmoker", "yes"],
            "column 'x' holds 'non smoker' for 1 and 'nonsmoker' for 1 participants",
        ),
        (
            ["TRUE", "True", "true"],
            "column 'x' holds 'TRUE' for 1 and 'True' for 1 and 'true' for 1 participants",
        ),
        (
            [f"0{age}Y" for age in range(30, 40)],
            "column 'x' is text, such as '030Y', and each of its 10 values",
        ),
        (
            [f"{age} %" for age in range(30, 40)],
            "column 'x' is text, such as '30 %', and each of its 10 values",
        ),
        ([f"2020-01-{day}" for day in range(10, 20)], "column 'x' is text, such as '2020-01-10'"),
        ([f"{day}.01.2020" for day in range(10, 20)], "column 'x' is text, such as '10.01.2020'"),
        ([f"{minutes}:30" for minutes in range(10, 20)], "column 'x' is text, such as '10:30'"),
        ([f"1.{thousands}0,5" for thousands in range(10, 20)], "column 'x' is text, such as '1.100,5'"),
    ],
)
def test_what_may_be_meant_otherwise_is_named(values, said):
    (found,) = doubts_of_levels(of(values), ["x"])
    assert found.startswith(said)


@pytest.mark.parametrize(
    "values",
    [
        ["a", "A+", "b", None],
        ["0mg", "10mg", "20mg", "10mg"],
        [f"S{i}" for i in range(20)],
        [f"{i}{'ab'[i % 2]}" for i in range(20)],
        [1, 2, 3, 4, 5, 6, 7],
        ["1", "2", "3", "4", "5", "6", "7"],
    ],
)
def test_what_can_be_a_group_is_not(values):
    frame = of(values) if isinstance(values[0], str) else pd.DataFrame({"x": values})
    assert doubts_of_levels(frame, ["x"]) == []


def test_names_that_look_like_quantities_are_names_if_that_is_said():
    frame = of([f"{i}a" for i in range(20)])
    assert len(doubts_of_levels(frame, ["x"])) == 1
    assert doubts_of_levels(frame, ["x"], {"x"}) == []


def test_blocks_that_are_a_quantity_to_the_formula_are_named():
    frame = pd.DataFrame({"subject": [1, 1, 2, 2, 3, 3], "site": [1, 2] * 3, "name": list("aabbcc")})
    (found,) = doubts_of_numbers(frame, ["subject", "site", "name"])
    assert found.startswith("column 'subject' names blocks") and "C(subject)" in found


def test_the_run_warns_and_keeps_it_for_the_limitations(tmp_path):
    rows = [f"s{i}\t{'bB'[i == 3] if i % 2 else 'a'}\t{20 + i % 7}Y\t{i // 2}p\n" for i in range(20)]
    (tmp_path / "included.tsv").write_text("participant_id\tgroup\tage\tpair\n" + "".join(rows))
    make_design.main(
        included=tmp_path / "included.tsv", design=tmp_path / "design.tsv", blocks=tmp_path / "blocks.json",
        formula="1 + group + C(age)", voxelwise=[], variance_groups=None,
        block_columns={"within": "pair", "whole": None, "nested": None},
    )  # fmt: skip
    (warning,) = json.loads((tmp_path / "blocks.json").read_text())["warnings"]
    assert warning.startswith("column 'group' holds 'B' for 1 and 'b' for 9 participants")
