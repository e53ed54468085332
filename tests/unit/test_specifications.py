"""Specification curves: in which analyses relabelling j is the same, and how they are drawn."""

import copy

import pandas as pd
import pytest
from compare_specifications import same_relabellings
from permaps.reporting.specifications import curve
from permaps.reporting.style import plt

PLAN = {"scheme": "permute", "n_relabellings": 100, "exact": False}
RECORD = {
    "inputs": {"sub-01": {}, "sub-02": {}},
    "contrasts": {"age": PLAN, "group": PLAN},
    "config": {
        "permutation": {"seed": 0, "chunk_size": 50},
        "inference": {"alpha": 0.05},
        "model": {"formula": "1 + age + group", "contrasts": {"age": "age", "group": "group[T.b]"}},
    },
}
EXACT = {"exact": True}


def changed(value, *keys, record=RECORD):
    record = copy.deepcopy(record)
    section = record
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] = value
    return record


@pytest.mark.parametrize(
    ("other", "contrasts", "same"),
    [
        (RECORD, ["age"], True),
        # A joint test of two contrasts.
        (RECORD, ["age", "group"], True),
        (changed(7, "config", "permutation", "chunk_size"), ["age"], True),
        (changed("1 + age", "config", "model", "formula"), ["age"], True),
        (changed(1, "config", "permutation", "seed"), ["age"], False),
        (changed({"sub-01": {}}, "inputs"), ["age"], False),
        (changed(PLAN | {"scheme": "flip"}, "contrasts", "group"), ["age"], True),
        (changed(PLAN | {"scheme": "flip"}, "contrasts", "group"), ["age", "group"], False),
        # A conjunction has no relabellings of its own.
        (RECORD, [], False),
    ],
)
def test_relabellings_are_the_same_where_all_that_they_depend_on_is(other, contrasts, same):
    assert same_relabellings([RECORD, other], contrasts) is same


def test_enumerated_relabellings_depend_on_what_is_tested():
    exact = changed(PLAN | EXACT, "contrasts", "age")
    assert same_relabellings([exact, exact], ["age"])
    for value, *keys in (("1 + age", "formula"), ("-age", "contrasts", "age")):
        assert not same_relabellings([exact, changed(value, "config", "model", *keys, record=exact)], ["age"])
    assert same_relabellings(
        [exact, changed("0", "config", "model", "contrasts", "group", record=exact)], ["age"]
    )


@pytest.mark.parametrize("extents", [(0, 258), (3, 90)])
def test_no_dot_of_the_extent_is_cut_and_counts_are_not_negative(extents):
    rows = [
        {
            "analysis": f"a{i}",
            "statistic": "t",
            "effect": 1.0,
            "p_fwe": 0.01,
            "extent": n,
            "significant": n > 0,
        }
        for i, n in enumerate(extents)
    ]
    choices = {row["analysis"]: {"smoothing_fwhm": str(i)} for i, row in enumerate(rows)}
    figure = curve(pd.DataFrame(rows), choices, 0.05, "age", "effect", "voxels")
    figure.canvas.draw()
    panel = figure.axes[2]
    half_a_dot = 2.5 / 72 * figure.dpi
    places = panel.transData.transform([(0, n) for n in extents])[:, 1]
    box = panel.get_window_extent()
    assert places.max() + half_a_dot < box.y1 and places.min() - half_a_dot > box.y0
    low, high = panel.get_ylim()
    shown = [
        text.get_text()
        for text, at in zip(panel.get_yticklabels(), panel.get_yticks(), strict=True)
        if low <= at <= high
    ]
    assert shown and not any(text.startswith(("-", "\N{MINUS SIGN}")) for text in shown)
    plt.close(figure)
