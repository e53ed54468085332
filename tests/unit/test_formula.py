"""Formulas say which columns they use, and hold nothing that should not be evaluated."""

import pytest
from permaps.design.formula import parse, variables
from permaps.workflow.errors import UserError


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("1", set()),
        ("1 + age", {"age"}),
        ("0 + group", {"group"}),
        ("group * age - age", {"group", "age"}),
        ("1 + C(group, contr.sum) + np.log(age)", {"group", "age"}),
        ("1 + C(group, Treatment('b'))", {"group"}),
        ("bs(age, df=4) + poly(iq, 2)", {"age", "iq"}),
        ("1 + I(age**2) + {age / iq}", {"age", "iq"}),
        ("1 + `reading speed`", {"reading speed"}),
        ("1 + log(`reading speed`)", {"reading speed"}),
        ("scale(log)", {"log"}),
        ("1 + age.__class__", {"age.__class__"}),  # looked up in the table alone, never evaluated
    ],
)
def test_a_formula_names_its_columns(formula, columns):
    assert variables(formula) == columns


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "1 + eval('1')",
        "1 + getattr(age, 'x')",
        "1 + age.mean()",
        "1 + I(age.__class__)",
        "1 + age[0]",
        "1 + np.load('x')",
        "1 + np.random.seed(1)",
        "1 + np.log.__call__(age)",
        "1 + I([a for a in age])",
        "1 + I(10**10**10)",
        "1 + I(age ** iq)",
        "1 + C(group, levels=open('x'))",
        "1 + I(contr.__dict__)",
    ],
)
def test_no_code_gets_through(formula):
    with pytest.raises(UserError, match=r"^model\.formula: .* is not allowed"):
        parse(formula)


@pytest.mark.parametrize("formula", ["y ~ age", "age | sex"])
def test_a_left_side_or_a_second_part_is_refused(formula):
    with pytest.raises(UserError, match="Expected the columns of the design alone"):
        parse(formula)


@pytest.mark.parametrize("formula", ["1 +", "1 + (age", "1 + age)", "1 + 'age'", "1 + .", "a b", "a().b()"])
def test_what_cannot_be_read_is_refused_with_an_example(formula):
    with pytest.raises(UserError, match=r"cannot read .* such as '1 \+ group \+ age'"):
        parse(formula)


def test_an_unknown_transform_is_named_with_the_nearest_known_one():
    with pytest.raises(
        UserError, match=r"'logs\(\)' in '1 \+ logs\(age\)' is not allowed, did you mean 'log'\? A"
    ):
        parse("1 + logs(age)")
