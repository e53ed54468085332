"""Formulas say which columns they use, and hold nothing that should not be evaluated."""

import os

import numpy as np
import pandas as pd
import pytest
from permaps.design.formula import categories, parse, surely_named, variables
from permaps.design.matrix import design_matrix
from permaps.workflow.errors import UserError

TABLE = pd.DataFrame(
    {
        "participant_id": [f"sub-{i}" for i in range(8)],
        "age": [20.0, 31, 25, 44, 52, 38, 27, 33],
        "score": [0, 1, 3, 2, 5, 4, 7, -6],
        "group": pd.Series(list("abcbabab"), dtype=object),
        "Intercept": [1.0, 2, 4, 3, 6, 5, 7, 8],
        "log(age)": [1.0, 2, 4, 3, 6, 5, 7, 8],
        "1": [1.0, 2, 4, 3, 6, 5, 7, 8],
    }
)


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("1", set()),
        ("1 + age", {"age"}),
        ("0 + group", {"group"}),
        ("group * age - age", {"group", "age"}),
        ("1 + C(group, contr.sum) + np.log(age)", {"group", "age"}),
        ("1 + C(group, Sum) + center(age)", {"group", "age"}),
        ("1 + C(group, Treatment('b'))", {"group"}),
        ("bs(age, df=4) + poly(iq, 2)", {"age", "iq"}),
        ("1 + I(age**2) + {age / iq}", {"age", "iq"}),
        ("1 + `reading speed`", {"reading speed"}),
        ("1 + log(`reading speed`)", {"reading speed"}),
        ("scale(log)", {"log"}),
        ("1 + age.__class__", {"age.__class__"}),  # looked up in the table alone, never evaluated
        ("1 + age %in% group", {"age", "group"}),
    ],
)
def test_a_formula_names_its_columns(formula, columns):
    assert variables(formula) == columns


def test_columns_that_stand_in_c_alone_are_categories():
    assert categories("1 + C(site) + C(age, Treatment(40)) + age + I(iq)") == {"site"}


CODE = [
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
    "1 + center(age, _state=[])",
    "1 + center(**age)",
    "1 + I(1 << 9999999999)",
    "1 + I(age * 1j)",
]


@pytest.mark.parametrize("formula", ["1 + Alter (Jahre)", "1 + reading speed"])
def test_a_name_of_several_words_is_told_of_backticks(formula):
    with pytest.raises(UserError, match="in `backticks` where a name has spaces or signs"):
        parse(formula)


@pytest.mark.parametrize("formula", CODE)
def test_no_code_gets_through(formula):
    with pytest.raises(UserError, match=r"^model\.formula: .* is not allowed"):
        parse(formula)


RUNS = "__import__('os').system('touch pwned')"


@pytest.mark.parametrize(
    "formula",
    [
        f"1 + age + I('`' + {RUNS} + '`')",
        f'1 + age + I("`" + {RUNS} + "`")',
        f"I(['`', {RUNS}, '`'])",
        f"I(age, '`' + {RUNS} + '`')",
        f"age + C(group, levels=['`', {RUNS}, '`'])",
        f"age + C(group, Treatment('`' + {RUNS} + '`'))",
        f"I('''`''' + {RUNS} + '''`''')",
        f"I('\\\\' + `age` + {RUNS} + '\\\\')",
        f"I('\\\\'`' + {RUNS} + '`')",
        f"{{'`' + {RUNS} + '`'}}",
        f"`age` + I(`')` + {RUNS} + `('`)",
        f"log({RUNS}(1)) ~ age",  # formulaic looks at a left-hand side while it reads it
        f"1 + I(age\u2028+ {RUNS})",
        f"1 + \uff49nt(age) + \u2160({RUNS})",
    ],
)
def test_code_in_quotes_or_on_the_left_never_runs(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^model\.formula: "):
        design_matrix(TABLE, formula)
    assert not os.listdir(tmp_path)


def test_a_design_is_made_without_any_evaluation_of_text(monkeypatch):
    formula = "1 + C(group, Treatment('b')):log(age) + {age / 2} + I(score > 2)"
    expected = design_matrix(TABLE, formula)
    for name in ("eval", "exec"):
        monkeypatch.setattr(f"builtins.{name}", lambda *a, **k: pytest.fail("text was evaluated"))
    names, matrix = design_matrix(TABLE, formula)
    assert names == expected[0]
    np.testing.assert_array_equal(matrix, expected[1])


@pytest.mark.parametrize("formula", ["y ~ age", "age | sex", "~ age", "age +~ sex"])
def test_a_left_side_or_a_second_part_is_refused(formula):
    with pytest.raises(UserError, match="Expected the columns of the design alone"):
        parse(formula)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("1 +", "insuffient arguments"),
        ("1 + (age", "context marker"),
        ("1 + age)", "context marker"),
        ("1 + 'age'", "no part of a formula"),
        ("1 + .", "no part of a formula"),
        ("a b", "between `a` and `b`"),
        ("a().b()", "invalid syntax"),
        ("1 + I(f'{open(\"\x0cx\")}')", "it has an f-string"),
        ("1 + `1`", "'1' has the name of something else"),
        ("1 + `log(age)` + log(age)", r"'log\(age\)' has the name of something else"),
        ("1 + age:" + "9" * 400, "a number has 400 digits; expected at most 300"),
        ("1 + I(age * " + "9" * 400 + ")", "a number has 400 digits"),
        ("1 + \u0661\u0662:age", "the number \u0661\u0662 is not in the digits 0 to 9"),
        ("1 + I(age * \u0661)", "not in the digits 0 to 9"),
        ("1 + " + "(" * 4000 + "age" + ")" * 4000, "its brackets are 4,000 deep; expected at most 100"),
        ("1 + I(" + "-" * 4000 + "age)", "nested"),
        ("1 + I(age" + " + age" * 101 + ")", "its parts are nested more than 100 deep"),
        ("1 + age" * 2000, "it has 4,001 parts; expected at most 2,000"),
        ("1 + age" * 20000, "it has 140,000 characters; expected at most 20,000"),
    ],
    ids=lambda text: text[:24],
)
def test_what_cannot_be_read_is_refused_with_an_example(formula, why):
    with pytest.raises(UserError, match=rf"cannot read .*(?:{why}).* such as '1 \+ group \+ age'") as caught:
        parse(formula)
    assert len(str(caught.value)) < 500


def test_an_unknown_transform_is_named_with_the_nearest_known_one():
    with pytest.raises(
        UserError, match=r"'logs\(\)' in '1 \+ logs\(age\)' is not allowed, did you mean 'log'\? A"
    ):
        parse("1 + logs(age)")


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("1 + Intercept", "'Intercept' in '1 + Intercept' is the name of the design's constant"),
        ("1 + I(3)", "'I(3)' in '1 + I(3)' names no column"),
        ("1 + C(group, levels=['a', 'b'])", "levels of C(), 'a', 'b', leave out participants with 'c'"),
        (
            "1 + log(score)",
            "'log(score)' in '1 + log(score)' is not finite for 2 of 8 participants, the first sub-0",
        ),
        ("1 + np.sqrt(score)", "is not finite for 1 of 8 participants, the first sub-7 (score -6)"),
        ("1 + I(age / score)", "the first sub-0 (age 20.0, score 0)"),
        ("1 + I(log(score) > 0)", "'log(score)' in"),
        ("1 + C(log(score))", "'log(score)' in"),
        ("1 + I(1 / (1 / score))", "'1 / score' in"),
        ("1 + exp(I(age * 1e5))", "is not finite for 8 of 8"),
        ("1 + I(age * (1 / 0))", "'1 / 0' in '1 + I(age * (1 / 0))' is not finite. Expected"),
        ("1 + I(group * 2)", "'group * 2' does arithmetic with text"),
        ("1 + I(group > 2)", "'group > 2' compares numbers with text"),
    ],
)
def test_what_would_be_analysed_wrongly_is_refused(formula, says):
    with pytest.raises(UserError) as caught:
        design_matrix(TABLE, formula)
    assert says in str(caught.value) and str(caught.value).startswith("model.formula: ")


def test_whole_numbers_have_no_end():
    _, matrix = design_matrix(TABLE.assign(score=np.arange(8) * 1000), "0 + I(score ** 10)")
    np.testing.assert_allclose(matrix[:, 0], (np.arange(8) * 1000.0) ** 10, rtol=1e-15)


def test_exp10_is_the_power_of_ten():
    _, matrix = design_matrix(TABLE, "0 + exp10(score)")
    np.testing.assert_allclose(matrix[:, 0], 10.0 ** TABLE["score"], rtol=1e-15)


def test_two_columns_of_one_name_are_refused():
    table = TABLE.assign(**{"group[T.b]": TABLE["age"]})
    with pytest.raises(UserError, match=r"two columns of the design are called 'group\[T\.b\]'"):
        design_matrix(table, "1 + group + `group[T.b]`")


@pytest.mark.parametrize(
    ("formula", "read"),
    [
        ("1 + age * C(group, levels=['a', 'b']) + np.log(iq)", True),
        ("(age + `a b`)**2 - 1", True),
        ("age:group", False),
        ("age %in% group", False),
        ("1 +", False),
    ],
)
def test_names_without_formulaic_are_those_of_formulaic(formula, read):
    assert surely_named(formula) == (variables(formula) if read else set())
