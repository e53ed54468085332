"""Values that stand for a missing one are refused where that is sure, and named where it is not."""

import pandas as pd
import pytest
from permaps.tables.participants import check_variates
from permaps.tables.stand_ins import doubts
from permaps.workflow.errors import UserError


def of(values, dtype=None):
    ids = [f"S{i}" for i in range(1, len(values) + 1)]
    return pd.DataFrame({"participant_id": ids, "x": pd.Series(values, dtype=dtype)})


@pytest.mark.parametrize("mark", [".", "null", "NULL", "#N/A", "#NULL!", "na", "<NA>"])
@pytest.mark.parametrize("labels", [set(), {"x"}])
def test_a_sure_one_is_refused_as_a_level(mark, labels):
    with pytest.raises(UserError) as caught:
        check_variates(of(["a", "b", mark, "b", mark], object), {"x": "model.formula"}, labels)
    assert f"model.formula: '{mark}' in column 'x' of participant 'S3' (row 3 below the header)" in str(
        caught.value
    )
    assert "(2 of 5 values are such)" in str(caught.value) and "n/a" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            ["a", "-", "b", "-"],
            "column 'x' holds '-' for 2 participants, which often stands for a missing value",
        ),
        (["a", "None", "b"], "column 'x' holds 'None' for 1 participant, which"),
        ([30, -999, 40, 50], "column 'x' holds -999 for 1 participant, which"),
        ([30.5, -9999.0, 40, -9999], "column 'x' holds -9999 for 2 participants"),
        ([30, 999, 40, 999], "column 'x' holds 999 for 2 participants"),
    ],
)
def test_a_doubtful_one_is_named(values, said):
    (found,) = doubts(of(values), ["x"])
    assert found.startswith(said) and found.endswith("write n/a in the table.")


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "A-"],
        [30, 999, 40],  # once, it may be a value
        [998, 999, 1000, 999],  # among others like it
        [-1000, -999, 3],
        [1, None, 2],
    ],
)
def test_what_can_be_a_value_is_not(values):
    assert doubts(of(values), ["x"]) == []
