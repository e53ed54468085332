"""Specification curves: in which analyses relabelling j is the same, and how they are drawn."""

import copy

import numpy as np
import pandas as pd
import pytest
from permaps.design.plan import plan_of
from permaps.design.scheme import exchangeability_of, like_rows
from permaps.design.tables import Design
from permaps.figures.specification_curve import curve, shortened
from permaps.figures.style import plt
from permaps.permutation.relabelling import relabelling
from permaps.permutation.specifications import Together, same_relabellings
from permaps.reporting.specifications import how_often
from permaps.reporting.study import sentences

NO_BLOCKS = {"within": None, "whole": None, "nested": None}
PLAN = {"scheme": "permute", "n_relabellings": 100, "n_distinct": "2.1e40", "equal_rows": "all differ"}
RECORD = {
    "inputs": {"sub-01": {}, "sub-02": {}},
    "contrasts": {"age": PLAN, "group": PLAN},
    "config": {
        "permutation": {"seed": 0, "chunk_size": 50},
        "inference": {"alpha": 0.05},
        "model": {"formula": "1 + age + group", "contrasts": {"age": "age", "group": "group[T.b]"}},
    },
}


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
        (changed(PLAN | {"equal_rows": "two groups"}, "contrasts", "age"), ["age"], True),
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


@pytest.mark.parametrize("n_distinct", [924, "4.6117e18"])
def test_numbered_permutations_depend_on_who_has_equal_rows(n_distinct):
    few = PLAN | {"n_distinct": n_distinct}
    numbered, other = (
        changed(few | {"equal_rows": rows}, "contrasts", "age") for rows in ("two groups", "all differ")
    )
    assert same_relabellings([numbered, numbered], ["age"])
    assert not same_relabellings([numbered, other], ["age"])
    # Signs flip whatever the design is.
    flipped = [
        changed(record["contrasts"]["age"] | {"scheme": "flip"}, "contrasts", "age", record=record)
        for record in (numbered, other)
    ]
    assert same_relabellings(flipped, ["age"])


def test_designs_with_the_same_digest_of_equal_rows_have_the_same_relabellings():
    rng = np.random.default_rng(0)
    group, age, score = np.repeat([0.0, 1.0], [4, 6]), rng.normal(size=10), rng.normal(size=10)
    designs = {
        name: np.column_stack([np.ones(10), *columns])
        for name, columns in {
            "group": [group], "twice the group": [2 * group], "group, age": [group, age], "score": [score]
        }.items()
    }  # fmt: skip
    found = {}
    for design in designs.values():
        contrast = np.eye(design.shape[1])[1:2]
        names = [f"x{i}" for i in range(design.shape[1])]
        plan = plan_of(Design(names, design, NO_BLOCKS), contrast, "t", "permute")
        exchangeability = exchangeability_of(like_rows(design), "permute", NO_BLOCKS)
        sources = [relabelling(exchangeability, 0, j)[0].tolist() for j in range(50)]
        found.setdefault(plan["equal_rows"], []).append(sources)
    assert sorted(map(len, found.values())) == [1, 1, 2]
    assert all(each == same[0] for same in found.values() for each in same)
    assert len({str(same[0]) for same in found.values()}) == 3


@pytest.mark.parametrize("known", [True, False])
def test_the_page_says_how_often_by_chance_or_why_not(known):
    rows = [
        {"statistic": "t", "significant": yes, "effect": 1.0, "p_fwe": p}
        for yes, p in ((True, 0.01), (False, 0.2))
    ]
    alone = {"t": Together(1, 0.3, 0.02)} if known else {}
    first, *rest = sentences(how_often(pd.DataFrame(rows), alone))
    assert "significant in 1 of 2 (50 %)" in first
    assert ("a share of 0.300 of the relabellings" in first) is known
    assert rest == [] if known else "not the same in all" in rest[0]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["1 + age", "1 + group"], ["1 + age", "1 + group"]),
        (
            [f"derivatives/{{participant_id}}_contrast-{one}_statmap.nii.gz" for one in ("faces", "houses")],
            ["…faces…", "…houses…"],
        ),
        (
            ["1 + group", "1 + group + age + score + site + sex"],
            ["1 + group", "1 + group + age + score + s…"],
        ),
        ([30 * "a" + "b", 30 * "a" + "c"], ["1: " + 23 * "a" + "…", "2: " + 23 * "a" + "…"]),
    ],
)
def test_long_values_are_shortened_and_still_differ(values, shown):
    assert shortened(values) == shown


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
