"""Reasons to leave, summed up."""

import pytest
from permaps.tables.reasons import ADVICE, advice, counted

MISSES = {f"misses {share}% of the brain mask, more than 10.0%": 1 for share in (11.2, 12.5, 38.1)}


def test_reasons_that_differ_in_a_number_alone_are_counted_together():
    assert counted(MISSES) == "misses more than 10.0% of the brain mask"
    assert (
        counted(MISSES | {"missing file": 2}) == "3 misses more than 10.0% of the brain mask; 2 missing file"
    )


def test_many_kinds_are_added_up():
    reasons = {f"missing variate: {name}": 1 for name in "abcdefg"}
    assert counted(reasons).endswith("; 2 for other reasons")


def test_what_a_query_says_stays_whole():
    assert counted({"query: site in ('A', 'B')": 3}) == "query: site in ('A', 'B')"
    assert counted({"missing value for the query: iq, age": 3}) == "missing value for the query: iq, age"


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("missing file", "dataset.maps"),
        ("missing file (the table names no map)", "dataset.maps"),
        ("covariate gm: missing file", "model.voxelwise"),
        ("missing variate: age", "out of the model"),
        ("missing value for the query: iq, site", "out of quality.query"),
        ("query: site == 'oslo'", "capitals too"),
        ("shape 5 x 7 x 8, most maps have 5 x 7 x 9", "Resample"),
        ("covariate gm: affine [1 0 0 0] (RAS), the maps have another", "Resample"),
    ],
)
def test_advice_is_that_for_the_reason(reason, part):
    assert part in advice({reason: 3, "unreadable": 1})


def test_a_mask_that_is_too_large_has_its_advice():
    assert advice(MISSES) == ADVICE["misses .* brain mask"]
    assert "mask.file" not in advice({"misses 12.3% of the regions, more than 10.0%": 2})
    assert advice({"empty (only 0 or NaN)": 3}) == ""
