"""The script that builds design, blocks and plan: what it refuses, and what it hands on."""

import json

import collect_contrasts
import make_design
import numpy as np
import plan_contrast
import pytest
from permaps.design.plan import plan_of
from permaps.design.tables import Design, read_numbers, write_numbers
from permaps.workflow.errors import UserError

ROWS = ["participant_id\tgroup\tage\teveryone\tpair\thalf\tzero\tname"]
ROWS += [f"s{i}\t{'ab'[i % 2]}\t{20 + i * i}\t1\t{i // 2 + 1}\t{i / 2 + 1}\t{i}\tp{i}" for i in range(8)]
NO_BLOCKS = {"within": None, "whole": None, "nested": None}


def planned(
    folder, formula="1 + group", expressions=None, voxelwise=(), nested=None, groups=None, blocks=None
):
    (folder / "included.tsv").write_text("\n".join(ROWS) + "\n")
    columns = NO_BLOCKS | {"nested": nested} | (blocks or {})
    design, blocks = folder / "design.tsv", folder / "blocks.json"
    make_design.main(
        included=folder / "included.tsv", design=design, blocks=blocks, formula=formula,
        voxelwise=list(voxelwise), block_columns=columns, variance_groups=groups,
    )  # fmt: skip
    plans = {}
    for contrast, expression in (expressions or {"b": "group[T.b]"}).items():
        plan_contrast.main(
            design=design, blocks=blocks, weights=folder / f"{contrast}.tsv", plan=folder / f"{contrast}.json",
            contrast=contrast, expressions=expression, scheme="auto",
        )  # fmt: skip
        plans |= json.loads((folder / f"{contrast}.json").read_text())
    return plans


def test_covariates_that_are_maps_follow_the_formulas_columns(tmp_path):
    plan = planned(tmp_path, expressions={"b": "group[T.b]", "gm": "gm"}, voxelwise=["gm", "lesion"])
    names, _, design = read_numbers(tmp_path / "design.tsv")
    assert names == ["Intercept", "group[T.b]", "gm", "lesion"]
    assert (design[:, 2:] != design[:, 2:]).all() and (design[:, :2] == design[:, :2]).all()
    assert plan["gm"]["dof"] == 8 - 4 and plan["gm"]["scheme"] == "permute"
    # With values of their own at every voxel, no two people are alike.
    assert plan["b"]["n_distinct"] == 40320


def test_a_covariate_with_the_name_of_a_column_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"model\.voxelwise: 'age' is a column of the formula's design too"):
        planned(tmp_path, "1 + group + age", voxelwise=["gm", "age"])


def test_covariates_count_among_the_columns(tmp_path):
    with pytest.raises(UserError, match=r"8 columns .* for 8 maps"):
        planned(tmp_path, voxelwise=list("uvwxyz"))


def test_nested_blocks_are_read_from_their_columns(tmp_path):
    # Pairs change places as wholes, and every pair is one a and one b, in this order: nothing changes.
    with pytest.raises(UserError, match="no relabelling but the observed one"):
        planned(tmp_path, nested=["everyone", "pair"])
    assert (
        planned(tmp_path, "1 + age", {"age": "age"}, nested=["everyone", "pair"])["age"]["n_distinct"] == 24
    )
    blocks = json.loads((tmp_path / "blocks.json").read_text())["blocks"]
    assert blocks["nested"] == [[1] * 8, [1, 1, 2, 2, 3, 3, 4, 4]]


@pytest.mark.parametrize(("column", "value"), [("half", "1.5"), ("zero", "0"), ("name", "'p0'")])
def test_nested_blocks_that_are_no_whole_numbers_are_refused(tmp_path, column, value):
    with pytest.raises(UserError, match=rf"nested: column '{column}' holds {value}.*whole numbers"):
        planned(tmp_path, nested=["everyone", column])


def test_groups_too_small_for_a_variance_are_refused(tmp_path):
    assert planned(tmp_path, groups="group")["b"]["n_distinct"] == 70
    with pytest.raises(UserError, match="'name' has groups of 1, 1"):
        planned(tmp_path, groups="name")


def test_what_relabelling_cannot_change_of_a_contrast_is_told(tmp_path):
    # The mean of the one group, coded so that it is a constant plus the difference, or that and a whole F.
    tested = {"b": "group[T.b]", "mean": "Intercept + group[T.b]", "any": ["Intercept", "group[T.b]"]}
    plans = planned(tmp_path, expressions=tested)
    assert not plans["b"]["warnings"]
    assert plans["mean"]["scheme"] == "permute"
    assert "is the same for all participants who may change places" in plans["mean"]["warnings"][0]
    assert "scheme 'flip' or 'both' tests it too" in plans["mean"]["warnings"][0]
    assert len(plans["any"]["warnings"]) == 1


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("age", "center(age)"), ("np.log(age)", "center(np.log(age))"), ("Age (years)", "center(`Age (years)`)"),
        ("`a-b`", "center(`a-b`)"), ("a:b", "center() of what"),
    ],
)  # fmt: skip
def test_how_to_centre_is_told_as_a_formula_has_it(name, written):
    design = np.column_stack([np.ones(9), np.arange(9.0)])
    plan = plan_of(Design(["Intercept", name], design, {}), np.array([[1.0, 0]]), "t", "auto")
    assert written in plan["warnings"][0]


@pytest.mark.parametrize(("few", "contrast", "warned"), [(4, [0, 1], True), (8, [0, 1], False)])
def test_flips_of_groups_that_differ_much_in_size_are_warned_of(few, contrast, warned):
    group = np.repeat([0, 1], [few, 16])
    design = np.column_stack([np.ones(few + 16), group])
    plan = plan_of(Design(["Intercept", "b"], design, {}, group), np.array([contrast], float), "t", "flip")
    assert any(f"{few} to 16 participants" in warning for warning in plan["warnings"]) == warned


def test_flips_without_nuisance_keep_their_level_whatever_the_groups():
    group = np.repeat([0, 1], [4, 16])
    design = Design(["Intercept"], np.ones((20, 1)), {}, group)
    assert not plan_of(design, np.ones((1, 1)), "t", "flip")["warnings"]


def test_an_intercept_beside_a_covariate_that_is_not_centred_says_what_it_tests(tmp_path):
    tested = {"mean": "Intercept", "age": "age"}
    plans = planned(tmp_path, "1 + age", tested)
    (said,) = plans["mean"]["warnings"]
    assert "the mean where age = 0; age runs from 20 to 69" in said and "center(age)" in said
    assert not plans["age"]["warnings"]
    # So does the mean of a group, but no difference of groups.
    cells = {"a": "group[a]", "both": "group[a] + group[b]", "diff": "group[a] - group[b]", "age": "age"}
    told = {name: str(plan["warnings"]) for name, plan in planned(tmp_path, "0 + group + age", cells).items()}
    assert [name for name in cells if "the mean where age = 0" in told[name]] == ["a", "both"]
    assert "the mean where" not in str(planned(tmp_path, "0 + age", {"age": "age"}))
    centred = planned(tmp_path, "1 + center(age) + group", {"mean": "Intercept"})
    assert not any("runs from" in said for said in centred["mean"]["warnings"])


def test_groups_that_are_permuted_are_warned_of(tmp_path):
    (said,) = planned(tmp_path, groups="group")["b"]["warnings"]
    assert "variance groups" in said and "scheme 'flip' does" in said


def test_values_that_may_be_missing_are_warned_of_with_every_contrast(tmp_path, monkeypatch, capsys):
    changed = [row.replace("\t20\t", "\t-999\t").replace("\tp3", "\t-") for row in ROWS]
    monkeypatch.setattr("test_make_design.ROWS", changed)
    plan = planned(tmp_path, "1 + age + group", {"age": "age", "b": "group[T.b]"})
    said = "column 'age' holds -999 for 1 participant, which often stands for a missing value"
    assert all(said in plan[contrast]["warnings"][-1] for contrast in ("age", "b"))
    assert f"Permaps warns: {said}" in capsys.readouterr().err
    with pytest.raises(UserError, match="no relabelling"):
        planned(tmp_path, "1 + age", {"age": "age"}, blocks={"within": "name"})
    assert "Permaps warns: column 'name' holds '-' for 1 participant" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("age", "2 * age", "the same as"),
        ("age", "-3 * age", "the opposite of"),
        ("age", "group[T.b]", None),
        ("age", ["age"], None),
        (["age", "group[T.b]"], ["age + group[T.b]", "age - group[T.b]"], "the same as"),
        (["age"], ["-age"], "the same as"),
        (["age", "group[T.b]"], ["age", "Intercept"], None),
    ],
)
def test_contrasts_that_test_one_thing_are_warned_of(tmp_path, capsys, one, other, what):
    plans = planned(tmp_path, "1 + age + group", {"one": one, "other": other})
    paths = {kind: [tmp_path / f"{name}.{kind}" for name in plans] for kind in ("tsv", "json")}
    collect_contrasts.main(
        weights=paths["tsv"], plans=paths["json"], contrasts=tmp_path / "c.tsv", plan=tmp_path / "p.json"
    )
    joined = json.loads((tmp_path / "p.json").read_text())
    notes = {name: [w for w in joined[name]["warnings"] if w.startswith("tests ")] for name in joined}
    told = capsys.readouterr().err
    if what is None:
        assert notes == {"one": [], "other": []} and "one tests" not in told
    else:
        assert len(notes["one"]) == 1 and f"tests {what} other: " in notes["one"][0] and not notes["other"]
        assert f"one tests {what} other: " in told and "one of them is superfluous" in told


@pytest.mark.parametrize(
    ("n", "scheme", "n_distinct"),
    [
        (18, "permute", 6402373705728000),
        (170, "permute", "7.2574e306"),
        # From here on a float is infinite.
        (171, "permute", "1.2410e309"),
        (1024, "flip", "1.7977e308"),
        (5000, "both", "5.9727e17830"),
    ],
)
def test_any_number_of_relabellings_is_written(n, scheme, n_distinct, tmp_path):
    rows = np.column_stack([np.ones(n), np.arange(n)])
    write_numbers(
        tmp_path / "design.tsv", ["participant_id", "Intercept", "age"], [[i] for i in range(n)], rows
    )
    (tmp_path / "blocks.json").write_text(
        json.dumps({"blocks": NO_BLOCKS, "variance_groups": None, "warnings": []})
    )
    plan_contrast.main(
        design=tmp_path / "design.tsv", blocks=tmp_path / "blocks.json", weights=tmp_path / "weights.tsv",
        plan=tmp_path / "plan.json", contrast="c", expressions="age", scheme=scheme,
    )  # fmt: skip
    plan = json.loads((tmp_path / "plan.json").read_text())["c"]
    assert plan["n_distinct"] == n_distinct
