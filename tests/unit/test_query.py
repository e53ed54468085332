"""Queries select participants, and cannot do anything else."""

import numpy as np
import pandas as pd
import pytest
from permaps.tables.query import select
from permaps.workflow.errors import UserError


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "participant_id": ["01", "02", "03", "04"],
            "site": pd.Series(["A", "B", "A", None], dtype=object),
            "age": [20.0, 30.0, np.nan, 50.0],
            "dose (mg)": [1, 2, 3, 4],
        }
    )


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("site == 'A'", [1, 0, 1, 0]),
        ("site in ['A', 'B'] and age < 40", [1, 1, 0, 0]),
        # Who has no value has said neither yes nor no.
        ("not (site == 'A')", [0, 1, 0, 0]),
        ("~(site == 'A')", [0, 1, 0, 0]),
        ("site != 'A'", [0, 1, 0, 0]),
        ("age != 30", [1, 0, 0, 1]),
        ("not (age > 25)", [1, 0, 0, 0]),
        ("site not in ['A']", [0, 1, 0, 0]),
        ("(site == 'B') | (age > 40)", [0, 1, 0, 0]),
        ("site == ['A', 'B']", [1, 1, 1, 0]),
        ("site != ['B', 'C']", [1, 0, 1, 0]),
        ("site in 'A'", [1, 0, 1, 0]),
        ("age > 20 | age > 100 & site == 'A'", [0, 1, 0, 0]),
        ("age % 20 == 10 and age // 20 == 1 and +age ** 2 > 1", [0, 1, 0, 0]),
        ("site == 'B' & age > 20", [0, 1, 0, 0]),
        ("age / 10 + 1 >= 4", [0, 1, 0, 1]),
        ("`dose (mg)` * 2 > -(-5)", [0, 0, 1, 1]),
        ("participant_id not in ['01', '04']", [0, 1, 1, 0]),
        ("20 <= age < 50", [1, 1, 0, 0]),
        (" site == 'A'\n", [1, 0, 1, 0]),
    ],
)
def test_a_query_keeps_those_for_whom_it_is_true(table, query, kept):
    assert select(table, query).tolist() == [bool(k) for k in kept]


@pytest.mark.parametrize(
    "query",
    [
        "__import__('os').system('true')",
        "age.__class__ == 1",
        "site.str.contains('A')",
        "@pd.read_csv('x')",
        "age > @limit",
        "open('x')",
        "[x for x in age]",
        "(lambda: 1)()",
        "(y := age) > 1",
        "age[0] > 1",
        "9 ** 9 ** 9 ** 9 > age",
        "age > 1; age < 3",
        "f'{age}' == site",
        "`' + open(1) + '` == site",
        "site == b'A'",
        "__name__ == 'x'",
        "age > (" * 300 + "1" + ")" * 300,
        "age >",
        "",
        "\0",
        "site == 'A' if age else 1",
        "age > 1j",
        "age == None",
        "age ** age > 1",
        "(" * 4000 + "age > 1" + ")" * 4000,
        "not " * 4000 + "age > 1",
        "site == '`' + open('x') + '`'",
        "'`' + open('x') + '`' == site",
        "age > 1\u2028open('x')",
        "\uff4fpen('x')",
    ],
)
def test_code_in_a_query_is_refused_before_anything_is_evaluated(table, query, monkeypatch):
    monkeypatch.setattr("builtins.open", lambda *a, **k: pytest.fail("a query ran code"))
    with pytest.raises(UserError, match=r"quality\.query"):
        select(table, query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sit == 'A'", "did you mean 'site'"),
        ("site == A", "quotation marks"),
        ("Alter (Jahre) > 30", "holds a call, .*in `backticks` where a name has spaces or signs"),
        ("age", "yes or no"),
        ("age + 1", "yes or no"),
        ("1 == 1", "yes or no"),
        ("site > 3", "'site > 3' compares numbers with text. Text, and numbers in a column"),
        ("age != '30'", "'age != '30'' compares numbers with text"),
        ("site in ['A', 1]", "compares numbers with text"),
        ("age == True", "compares numbers with true or false"),
        ("age and site == 'A'", "joins what is no comparison"),
        ("not age", "joins what is no comparison"),
        ("site + 1 > 2", "does arithmetic with text"),
        ("age > [1, 2]", "compares with a list; expected 'in'"),
        ("1 in [1, 2]", "does not ask whether a column is in a list"),
        ("1 / (`dose (mg)` - 2) > 0", "is not finite for 1 of 4 participants, the first 02 .dose .mg. 2"),
        ("age > 1 / 0", "'1 / 0' in 'age > 1 / 0' is not finite. Expected"),
        ("age > " + "9" * 400, "a number has 400 digits; expected at most 300"),
        ("age > 1e999", "'1e999|holds"),
        ("age > \u0661\u0662", "the number \u0661\u0662 is not in the digits 0 to 9"),
        ("(" * 4000 + "age > 1" + ")" * 4000, "its brackets are 4,000 deep; expected at most 100"),
        ("age > 1 or " * 1900 + "age > 2", "it has 20,907 characters; expected at most 20,000"),
    ],
)
def test_what_selects_nobody_in_particular_is_refused(table, query, words):
    with pytest.raises(UserError, match=words):
        select(table, query)


def test_text_in_quotes_may_hold_backticks_and_signs(table):
    table.loc[0, "site"] = "`a` & b | c"
    assert select(table, "site == '`a` & b | c'").tolist() == [True, False, False, False]


def test_a_query_is_worked_out_without_any_evaluation_of_text(table, monkeypatch):
    monkeypatch.setattr("builtins.eval", lambda *a, **k: pytest.fail("text was evaluated"))
    monkeypatch.setattr("pandas.eval", lambda *a, **k: pytest.fail("text was evaluated"))
    monkeypatch.setattr("pandas.DataFrame.eval", lambda *a, **k: pytest.fail("text was evaluated"))
    assert select(table, "`dose (mg)` > 1 and site in ['A', 'B']").tolist() == [False, True, True, False]


def test_a_query_over_a_table_without_whole_rows_keeps_nobody(table):
    for empty in (table.assign(site=None), table.assign(site=np.nan)):
        assert not select(empty, "site == 'A'").any() and not select(empty, "site > 3").any()
