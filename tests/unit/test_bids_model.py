"""BIDS Stats Models: what becomes of their node of the whole data set, and what is refused."""

import copy
import json
import re

import pytest
from permaps.design.bids_model import check_whole, read_model
from permaps.design.given import with_model
from permaps.workflow.errors import UserError

BOTH = ["age", "reading speed"]
# As in the specification's own examples.
FACES = {
    "Name": "faces",
    "BIDSModelVersion": "1.0.0",
    "Nodes": [
        {"Level": "Run", "Name": "run", "GroupBy": ["run", "subject"], "Model": {"Type": "glm", "X": [1, "trial.*"]}},
        {
            "Level": "Dataset",
            "Name": "group",
            "GroupBy": ["contrast"],
            "Model": {
                "Type": "glm",
                "X": [1, "age", "reading speed"],
                "Software": {"Permaps": {"Blocks": {"whole": "family"}, "VarianceGroups": "site"}},
            },
            "Contrasts": [
                {"Name": "age > speed", "ConditionList": BOTH, "Weights": [1, "-1/2"], "Test": "t"},
                {"Name": "any", "ConditionList": BOTH, "Weights": [[1, 0], [0, 1]], "Test": "F"},
                {"Name": "unused", "ConditionList": ["age"], "Weights": [1], "Test": "pass"},
            ],
            "DummyContrasts": {"Contrasts": [1], "Test": "t"},
        },
    ],
}  # fmt: skip


@pytest.fixture
def model(tmp_path):
    """A function that writes FACES with a change of its group's node, and returns the path."""

    def write(**changes):
        content = copy.deepcopy(FACES)
        content["Nodes"][1] |= changes
        (tmp_path / "model.json").write_text(json.dumps(content))
        return tmp_path / "model.json"

    return write


def test_the_node_of_the_data_set_is_the_model(model):
    assert read_model(model()) == {
        "formula": "1 + age + `reading speed`",
        "contrasts": {
            "age-gt-speed": "(1) * age + (-1/2) * `reading speed`",
            "any": ["(1) * age + (0) * `reading speed`", "(0) * age + (1) * `reading speed`"],
            "Intercept": "Intercept",
        },
        "blocks": {"whole": "family"},
        "variance_groups": "site",
    }
    formula = {"Type": "glm", "X": ["age"], "Formula": "0 + C(site) + center(age)"}
    found = read_model(model(Model=formula, Contrasts=None, DummyContrasts={"Test": "F"}))
    assert found == {"formula": "0 + C(site) + center(age)", "contrasts": {"age": ["age"]}}


def test_what_the_config_says_besides_counts(model):
    path = str(model())
    found = with_model({"model": {"bids": path, "contrasts": {"age": "age"}}, "permutation": {"seed": 3}})
    assert found["model"]["formula"] == "1 + age + `reading speed`" and found["model"]["contrasts"] == {
        "age": "age"
    }
    assert found["model"]["variance_groups"] == "site" and "blocks" not in found["model"]
    assert found["permutation"] == {"seed": 3, "blocks": {"whole": "family"}}
    mine = {"blocks": {"within": "person"}}
    assert with_model({"model": {"bids": path}, "permutation": mine})["permutation"] == mine
    assert with_model({"model": {"bids": 5}}) == {"model": {"bids": 5}}
    with pytest.raises(UserError, match=r"model.bids: there is no file 'none.json'"):
        with_model({"model": {"bids": "none.json"}})


CONTRAST = FACES["Nodes"][1]["Contrasts"][0]
REFUSED = {
    "split": ({"GroupBy": ["contrast", "sex"]}, "GroupBy splits the maps by sex; expected .* quality.query"),
    "transformed": ({"Transformations": {"Transformer": "pybids-transforms-v1"}}, "Transformations are not"),
    "other type": ({"Model": {"Type": "meta", "X": [1]}}, "found Model.Type 'meta'; expected 'glm'"),
    "wildcard": ({"Model": {"Type": "glm", "X": [1, "site_*"]}}, r"found 'site_\*' in X"),
    "weights": ({"Contrasts": [CONTRAST | {"Weights": [1]}]}, "'age > speed': has 1 weights for 2"),
    "code": ({"Contrasts": [CONTRAST | {"Weights": [1, "__import__('os')"]}]}, "found the weight .*a number"),
    "nothing": ({"Contrasts": [], "DummyContrasts": None}, "tests nothing; expected Contrasts"),
    "no X": ({"Model": {"Type": "glm"}}, r"Nodes\[1\].Model: 'X' is a required property"),
    "no test": ({"Contrasts": [{**CONTRAST, "Test": "z"}]}, r"Nodes\[1\].Contrasts\[0\].Test: 'z' is not one of"),
    "ours": ({"Model": {"X": [1], "Software": {"Permaps": {"seed": 3}}}}, "Software.Permaps has seed; expected"),
    "no level": ({"Level": "Subject"}, r"has 0 nodes of Level 'Dataset' \(none\)"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED)
def test_what_permaps_does_not_do_is_refused(model, changes, says):
    path = model(**changes)
    with pytest.raises(UserError) as caught:
        read_model(path)
    assert str(caught.value).startswith(str(path)) and re.search(says, str(caught.value))


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "[]", '{"Nodes": []}'])
def test_other_files_are_none(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UserError, match="Expected a BIDS Stats Model"):
        read_model(tmp_path / "m.json")


def test_the_schema_s_own_package_checks_the_whole_file(model):
    check_whole(model())
    with pytest.raises(UserError, match=r"Nodes.1.Level: Input should be .*as bsmschema says"):
        check_whole(model(Level="Group"))
