"""From a table and a formula to a design; from expressions to contrasts; and the partition of the two."""

import by_hand
import numpy as np
import pandas as pd
import pytest
from permaps.design.block_tree import exchangeability_tree
from permaps.design.exchangeability import Exchangeability
from permaps.design.matrix import contrast_matrix, design_matrix
from permaps.design.partition import partition
from permaps.workflow.errors import UserError

TABLE = pd.DataFrame(
    {
        "group": list("abc") * 4,
        "sex": ["F", "M"] * 6,
        "age": [31, 28, 45, 39, 52, 26, 33, 47, 41, 29, 36, 50],
        "reading speed": np.linspace(0, 1, 12) ** 2,
        "half": [0.5] * 12,
        "nothing": 0.0,
        "twice age": 2 * np.array([31, 28, 45, 39, 52, 26, 33, 47, 41, 29, 36, 50]),
        "gap": [1.0, np.nan] + [2.0] * 10,
    }
)
COLUMNS = ["Intercept", "group[T.b]", "group[T.c]", "age", "group[T.b]:age", "reading speed", "log(age)"]


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("1", ["Intercept"]),
        ("age", ["Intercept", "age"]),
        ("0 + group", ["group[a]", "group[b]", "group[c]"]),
        ("1 + group + `reading speed`", ["Intercept", "group[T.b]", "group[T.c]", "reading speed"]),
        ("1 + sex:age", ["Intercept", "sex[F]:age", "sex[M]:age"]),
    ],
)
def test_a_design_has_a_column_for_each_term_and_level(formula, names):
    found, matrix = design_matrix(TABLE, formula)
    assert found == names and matrix.shape == (12, len(names))
    if "age" in names:
        np.testing.assert_array_equal(matrix[:, names.index("age")], TABLE["age"])


def test_categories_and_interactions_are_coded_against_the_first_level():
    _, matrix = design_matrix(TABLE, "1 + sex * age")
    male = (TABLE["sex"] == "M").astype(float)
    np.testing.assert_array_equal(
        matrix, np.column_stack([np.ones(12), male, TABLE["age"], male * TABLE["age"]])
    )


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("1 + gap", "gap"),
        (
            "1 + I(1 / nothing)",
            "'1 / nothing' in '1 + I(1 / nothing)' is not finite for 12 of 12 participants",
        ),
        ("1 + nothing", "'nothing' is zero for every included participant"),
        ("1 + half", "'Intercept', 'half' are constant over the included participants"),
        ("1 + age + `twice age`", "the columns 'age', 'twice age' depend on one another"),
        ("0 + group + half", "depend on one another"),
        ("1 + C(age)", "leave no degrees of freedom"),
    ],
)
def test_a_design_that_cannot_be_fitted_is_refused_by_its_columns(formula, message):
    with pytest.raises(UserError) as refused:
        design_matrix(TABLE, formula)
    assert message in str(refused.value) and str(refused.value).startswith("model.formula: ")


@pytest.mark.parametrize("coding", ["Treatment", "Sum", "Helmert", "Diff", "Poly"])
def test_a_coding_may_stand_without_brackets(coding):
    names, matrix = design_matrix(TABLE, f"1 + C(group, {coding})")
    assert all(name == "Intercept" or name.startswith(f"C(group, {coding})[") for name in names)
    np.testing.assert_array_equal(matrix, design_matrix(TABLE, f"1 + C(group, {coding}())")[1])


def test_columns_in_very_different_units_are_no_dependence():
    table = TABLE.assign(tiny=1e-9 * TABLE["age"] ** 2, huge=1e9 * TABLE["reading speed"])
    assert len(design_matrix(table, "1 + age + tiny + huge")[0]) == 4


@pytest.mark.parametrize(
    ("expression", "weights"),
    [
        ("age", [0, 0, 0, 1, 0, 0, 0]),
        ("-age", [0, 0, 0, -1, 0, 0, 0]),
        ("group[T.b] - group[T.c]", [0, 1, -1, 0, 0, 0, 0]),
        ("group[T.b]:age", [0, 0, 0, 0, 1, 0, 0]),
        ("reading speed", [0, 0, 0, 0, 0, 1, 0]),
        ("`reading speed` / 2 + 0.5 * log(age)", [0, 0, 0, 0, 0, 0.5, 0.5]),
        ("(Intercept + age) / 4", [0.25, 0, 0, 0.25, 0, 0, 0]),
        ("1e-3 * age", [0, 0, 0, 1e-3, 0, 0, 0]),
        ("0.1 * age + 0.2 * age - 0.3 * age + group[T.b]", [0, 1, 0, 0, 0, 0, 0]),
        ("1e-20 * age", [0, 0, 0, 1e-20, 0, 0, 0]),
    ],
)
def test_a_contrast_weighs_columns_of_any_name(expression, weights):
    np.testing.assert_allclose(contrast_matrix(expression, "c", COLUMNS), [weights])
    both = contrast_matrix([expression, "Intercept"], "c", COLUMNS)
    np.testing.assert_allclose(both, [weights, np.eye(7)[0]])


@pytest.mark.parametrize(
    ("expression", "weights"),
    [
        ("I(age**2)", [0, 1, 0, 0, 0]),
        ("I( age **2 ) - 2 * poly(age,3)[1]", [0, 1, 0, -2, 0]),
        ('C(group,Treatment("my ref"))[T.a] / 2', [0, 0, 0.5, 0, 0]),
        ("`I(age**2)` - twice (age-1)", [0, 1, 0, 0, -1]),
    ],
)
def test_a_contrast_may_write_functions_as_the_formula_does(expression, weights):
    columns = ["age", "I(age ** 2)", "C(group, Treatment('my ref'))[T.a]", "poly(age, 3)[1]", "twice (age-1)"]
    np.testing.assert_allclose(contrast_matrix(expression, "c", columns), [weights])


@pytest.mark.parametrize(
    ("contrast", "message"),
    [
        ("ages", "mine: 'ages' is not a column of the design, did you mean 'age'?"),
        ("`reading sped`", "did you mean 'reading speed'?"),
        ("group[T.a]", "from the level that comes first by name; if that is a, '-group[T.b]' is a less b."),
        ("group", "mine: 'group' is not a column of the design, did you mean 'group["),
        ("age - age", "is zero for every column"),
        ("age + 1", "Expected a weighted sum of design columns"),
        ("age * (1 - 1)", "is zero for every column"),
        ("0.1 * age + 0.2 * age - 0.3 * age", "is zero for every column"),
        ("(0.1 + 0.2 - 0.3) * age", "is zero for every column"),
        ("age / (0.1 + 0.2 - 0.3)", "divides by zero"),
        ("Intercept / age", "by numbers alone"),
        ("1" * 400 + " * age", "a number has 400 digits; expected at most 300"),
        ("\u0661\u0662 * age", "the number \u0661\u0662 is not in the digits 0 to 9"),
        ("(" * 3000 + "age" + ")" * 3000, "its brackets are 3,000 deep"),
        ("-" * 3000 + "age", "nested"),
        ("age" + " + age" * 1000, "nested more than 500 deep"),
        ("1e200 * 1e200 * age", "a weight is not finite"),
        ("age = 0", "Expected a weighted sum of design columns"),
        ("age * age", "Expected a weighted sum of design columns"),
        ("age, Intercept", "Expected a weighted sum of design columns"),
        ("1 / 0 * age", "Expected a weighted sum of design columns"),
        ("", "Expected a weighted sum of design columns"),
        (["age", "2 * age"], "the 2 expressions (age; 2 * age) depend on one another"),
    ],
)
def test_a_contrast_that_weighs_nothing_known_is_refused_by_its_name(contrast, message):
    with pytest.raises(UserError) as refused:
        contrast_matrix(contrast, "mine", COLUMNS)
    assert message in str(refused.value) and str(refused.value).startswith("model.contrasts.mine: ")


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_a_partition_spans_the_design_and_its_coefficients_are_the_contrast(n_rows):
    rng = np.random.default_rng(n_rows)
    design, contrast = rng.standard_normal((20, 4)), rng.standard_normal((n_rows, 4))
    y = rng.standard_normal((20, 3))
    part = partition(design, contrast)
    both = np.column_stack([part.interest, part.nuisance])
    assert part.nuisance.shape == (20, 4 - n_rows) and part.dof == 16
    assert np.linalg.matrix_rank(np.column_stack([both, design])) == 4
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    split = np.linalg.lstsq(both, y, rcond=None)[0]
    np.testing.assert_allclose(split[:n_rows], contrast @ beta, atol=1e-12)
    # The statistic is that of the whole design.
    expected = by_hand.statistic(y, design, contrast)
    np.testing.assert_allclose(by_hand.statistic(y, both, np.eye(4)[:n_rows]), expected, rtol=1e-9)


def test_a_partition_of_the_whole_design_has_no_nuisance():
    part = partition(np.eye(5)[:, :2] + 1, np.eye(2))
    assert part.nuisance.shape == (5, 0)


@pytest.mark.parametrize(
    ("formula", "contrast", "constant"),
    [
        ("1", "Intercept", True),
        ("1 + center(age)", "Intercept", True),
        ("1 + age", "-2 * Intercept", True),
        ("0 + sex", "0.5 * sex[F] + 0.5 * sex[M]", True),
        ("0 + sex", "sex[F]", False),
        ("1 + sex", "Intercept", True),
        ("1 + side", "Intercept + 0.5 * side[T.b]", True),
        ("1 + side", "Intercept + 0.3 * side[T.b]", False),
        ("1 + side", "side[T.b]", False),
        ("1 + age", "age", False),
        ("0 + sex", "sex[F] - sex[M]", False),
    ],
)
def test_the_effect_of_interest_is_constant_in_a_test_of_the_mean(formula, contrast, constant):
    sides = np.where(np.arange(len(TABLE)) < len(TABLE) // 2, "a", "b")
    names, design = design_matrix(TABLE.assign(side=sides), formula)
    assert partition(design, contrast_matrix(contrast, "c", names)).is_constant is constant


@pytest.mark.parametrize(
    ("weights", "blocks", "share"),
    [
        ([-1, 1, 0], {}, 0),
        ([1, 0, 0], {}, 8 / 20),
        ([[1, 0, 0], [0, 1, 0]], {}, 1),
        ([-1, 1, 0], {"within": "pair"}, 1),
        ([-1, 1, 0], {"whole": "pair"}, 0),
        ([0, 0, 1], {"within": "pair"}, 0),
        ([0, 0, 1], {"whole": "pair"}, 1),
    ],
)
def test_what_no_permutation_changes_of_a_contrast_is_known(weights, blocks, share):
    # Twelve sessions of pairs in the second group, eight in the first; the third column is the session.
    group = np.repeat([0.0, 1.0], [8, 12])
    design = np.column_stack([1 - group, group, np.tile([-1.0, 1.0], 10)])
    tree = exchangeability_tree(20, **{kind: (np.arange(20) // 2).tolist() for kind in blocks})
    part = partition(design, np.atleast_2d(np.array(weights, float)))
    assert part.share(Exchangeability(tree, range(20), True, False).still) == pytest.approx(share, abs=1e-12)
