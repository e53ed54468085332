"""How many of all relabellings give the observed statistic."""

import numpy as np
import pytest
from permaps.design.alike import drawn_of, n_alike
from permaps.design.partition import partition
from permaps.design.scheme import distinct_relabellings, like_rows
from permaps.design.tables import Design
from permaps.permutation.model import contrast_model
from permaps.permutation.null import null_maxima

NO_BLOCKS = dict.fromkeys(("within", "whole", "nested"))
GROUPS = np.kron(np.eye(3), np.ones((2, 1)))
TWO = np.repeat([1.0, 0.0], 4)
AGE = np.array([3.0, 1, 4, 1.5, 9, 2, 6, 5])
# Design, contrast, scheme, blocks, and how many tie on both sides and on one.
CASES = {
    "one sample": (np.ones((6, 1)), [[1]], "flip", {}, 2, 1),
    "two groups of one size": (np.column_stack([np.ones(8), TWO]), [[0, 1]], "permute", {}, 2, 1),
    "two groups of two sizes": (
        np.column_stack([np.ones(8), np.arange(8) < 3]),
        [[0, 1]],
        "permute",
        {},
        1,
        1,
    ),
    "two groups beside a covariate": (
        np.column_stack([np.ones(8), TWO, AGE])[:7],
        [[0, 1, 0]],
        "permute",
        {},
        1,
        1,
    ),
    "three groups, F": (GROUPS, [[1, -1, 0], [0, 1, -1]], "permute", {}, 6, None),
    "pairs": (
        np.column_stack([np.kron(np.eye(4), np.ones((2, 1))), np.tile([0, 1], 4)]),
        [[0, 0, 0, 0, 1]],
        "permute",
        {"within": [0, 0, 1, 1, 2, 2, 3, 3]},
        2,
        1,
    ),
    "a covariate as far below as above": (
        np.column_stack([np.ones(6), np.arange(6)]),
        [[0, 1]],
        "permute",
        {},
        2,
        1,
    ),
    "flips and permutations": (
        np.column_stack([np.ones(4), [0, 0, 1, 1]]), [[0, 1]], "both", {}, 4, 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("design", "contrast", "scheme", "blocks", "both", "one"), CASES.values(), ids=CASES.keys()
)
def test_as_many_tie_as_in_a_null_of_any_data(design, contrast, scheme, blocks, both, one):
    design, contrast, blocks = np.asarray(design, float), np.asarray(contrast, float), NO_BLOCKS | blocks
    found = distinct_relabellings(like_rows(design), scheme, blocks)
    part = partition(design, contrast)
    is_f = len(contrast) > 1
    model = contrast_model(design, contrast, "F" if is_f else "t", scheme, blocks)
    data = np.random.default_rng(5).normal(size=(len(design), 1)).astype(np.float32)
    for both_signs, expected in ((not is_f, both), (False, one)):
        null = null_maxima(
            data, model.estimator(), found, 3, 0, found.n_distinct, is_f=is_f, both_signs=both_signs
        )["voxel"]
        if expected is not None:
            assert n_alike(found, part, both_signs or is_f) == expected
            assert np.isclose(null, null[0], rtol=1e-5).sum() == expected


def test_of_those_drawn_as_many_tie_as_are_to_be_expected():
    # Two sessions of 3 patients and 3 controls, who change places as wholes: 720 relabellings, and 20 results.
    person, patient, later = np.kron(np.eye(6), np.ones((2, 1))), np.repeat([1, 0], 6), np.tile([0, 1], 6)
    matrix = np.column_stack([person, later, patient * later])
    names = [f"c{k}" for k in range(8)]
    design = Design(names, matrix, NO_BLOCKS | {"whole": np.repeat(np.arange(6), 2)}, None)
    plan = {"scheme": "permute", "n_distinct": 720, "statistic": "t"}
    for asked, expected in ((719, 72), (5000, 72), (359, 36)):
        assert drawn_of(plan, design, np.eye(8)[7:], asked, True) == (min(asked, 719), expected)
    assert drawn_of(plan | {"n_distinct": "more than 1e15"}, design, np.eye(8)[7:], 5000, True) == (5000, 1)


def test_no_time_is_spent_on_very_many():
    design = np.ones((20, 1))
    found = distinct_relabellings(like_rows(design), "flip", NO_BLOCKS)
    assert found.n_distinct > 100_000 and n_alike(found, partition(design, np.ones((1, 1))), True) == 1
