"""Several analyses in one config: what each of them is, what is crossed, what they share, and what is refused."""

from pathlib import Path

import pytest
import yaml
from permaps.workflow.analyses import analyses_of, changed, has_analyses, makers, places, resolved
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError
from permaps.workflow.names import about_analyses

ROOT = Path(__file__).parents[2]
KEYS = ROOT / "config/config.yaml", ROOT / "config/schemas/config.schema.yaml"
SCHEMA = yaml.safe_load(KEYS[1].read_text(encoding="utf-8"))
BASE = {
    "dataset": {"source": "table", "path": "participants.tsv", "maps": "faces-{participant_id}.nii.gz"},
    "smoothing_fwhm": 5,
    "model": {"formula": "1 + age", "contrasts": {"age": "age"}},
}


def settle(given, name="", root=None):
    return resolve(given, *KEYS)


def configs(analyses, **base):
    return resolved(analyses_of(BASE | base | {"analyses": analyses}, *KEYS), settle)


def test_an_analysis_is_the_rest_of_the_config_with_its_changes():
    found = configs(
        {
            "faces": {},
            "houses": {"dataset": {"maps": "houses-{participant_id}.nii.gz"}},
            "noage": {"model": {"formula": "1", "contrasts": {"mean": "Intercept"}}, "smoothing_fwhm": 8},
        },
        results="out/study/",
        title="Faces",
    )
    alone = settle(BASE)
    assert found["faces"] == alone | {"results": "out/study/faces", "title": "Faces: faces"}
    assert found["houses"]["dataset"] == alone["dataset"] | {"maps": "houses-{participant_id}.nii.gz"}
    # A mapping that is a value counts as a whole.
    assert found["noage"]["model"]["contrasts"] == {"mean": "Intercept"}
    assert (found["noage"]["smoothing_fwhm"], found["faces"]["smoothing_fwhm"]) == (8, 5)


def test_another_source_replaces_the_dataset():
    new = changed(BASE, {"dataset": {"source": "simulated", "seed": 3}}, SCHEMA)
    assert new["dataset"] == {"source": "simulated", "seed": 3}
    assert changed(BASE, {"dataset": {"source": "table", "maps": "map"}}, SCHEMA)["dataset"] == BASE[
        "dataset"
    ] | {"maps": "map"}


def test_lists_for_keys_that_take_none_are_crossed():
    given = BASE | {
        "analyses": {
            "grid": {
                "smoothing_fwhm": [4, 6.5, None],
                "inference.connectivity": [6, 26],
                "permutation": {"two_sided": False},
            }
        }
    }
    analyses = analyses_of(given, *KEYS)
    assert [one.name for one in analyses[:3]] == [
        "grid/smoothing_fwhm-4_connectivity-6",
        "grid/smoothing_fwhm-4_connectivity-26",
        "grid/smoothing_fwhm-6.5_connectivity-6",
    ]
    assert len(analyses) == 6 and {one.crossing for one in analyses} == {"grid"}
    assert analyses[1].choices == {"smoothing_fwhm": 4, "inference.connectivity": 26}
    found = resolved(analyses, settle)
    last = found["grid/smoothing_fwhm-none_connectivity-26"]
    assert last["smoothing_fwhm"] is None and last["inference"]["connectivity"] == 26
    assert not any(config["permutation"]["two_sided"] for config in found.values())


def test_a_specification_may_be_an_analysis_that_stands_alone_or_of_another_crossing():
    study = {
        "main": {},
        "smoothed": {"smoothing_fwhm": [4, 6]},
        "joined": {"inference.connectivity": [6, 26], "smoothing_fwhm": 4},
    }
    found = configs(study | {"four": {"smoothing_fwhm": 4}})
    alike = ["smoothed/smoothing_fwhm-4", "joined/connectivity-6", "four"]
    assert [found[name]["smoothing_fwhm"] for name in alike] == [4, 4, 4]
    assert {found[name]["inference"]["connectivity"] for name in alike} == {6}
    with pytest.raises(
        UserError, match=r"analyses.twice/model-2: is the same as 'twice/model-1' in every key"
    ):
        configs({"twice": {"model": [{"formula": "1 + age"}, {"formula": "1 + age", "voxelwise": {}}]}})


def test_values_that_make_no_name_are_numbered():
    formulas = ["1 + age", "1 + age + group"]
    models = [{"formula": "1 + age"}, {"formula": "1 + age + site"}]
    crossed = {"model.formula": formulas, "model": models, "inference.statistics": [["voxel"], ["tfce"]]}
    names = [
        one.name
        for key, values in crossed.items()
        for one in analyses_of(BASE | {"analyses": {"grid": {key: values}}}, *KEYS)
    ]  # fmt: skip
    assert names == [f"grid/{key}-{i}" for key in ("formula", "model", "statistics") for i in (1, 2)]


@pytest.mark.parametrize(
    ("analyses", "says"),
    [
        ({"a/b": {}}, "analyses: the name 'a/b' will not do"),
        ({"": {}}, "analyses: the name '' will not do"),
        ({".hidden": {}}, "the name '.hidden' will not do"),
        ({8: {}}, "the name 8 will not do"),
        ({"Shared": {}}, "analyses.Shared: found the name of a folder that all analyses have in common"),
        ({"faces": {}, "FACES": {"smoothing_fwhm": 1}}, "analyses.FACES: found a name that differs from 'faces'"),
        ({"faces": 8}, "analyses.faces: found 8, expected a section"),
        ({"faces": None}, "analyses.faces: found None, expected a section"),
        ({"faces": {"analyses": {"x": {}}}}, "analyses.faces.analyses: found a value, and an analysis has none"),
        ({"faces": {"results": "x"}}, "analyses.faces.results: found a value"),
        ({"one": {}, "two": {}}, "analyses.two: is the same as 'one' in every key"),
        ({"faces": {"smoothing": 8}}, "analysis faces: The config has a problem:\n  - smoothing: unknown key"),
        (
            {"one": {"smoothing_fwhm": -1}, "two": {"smoothing_fwhm": -1}, "three": {}},
            "analyses one, two: The config has a problem:\n  - smoothing_fwhm: found -1",
        ),
        ({"g": {"inference.conectivity": [6, 26]}}, "g: inference.conectivity: unknown key, did you mean"),
        ({"g": {"inference.connectivity": 26}}, "g: inference.connectivity: found 26, expected a list of two"),
        ({"g": {"smoothing_fwhm": [4]}}, "g: smoothing_fwhm: found [4], expected a list of two or more"),
        ({"g": {"smoothing_fwhm": [4, 4]}}, "g: smoothing_fwhm: found [4, 4], expected values that all differ"),
        ({"g": {"results": ["a", "b"]}}, "g.results: found a value"),
        ({"g": {"smoothing_fwhm": [4, "x"]}}, "analysis g/smoothing_fwhm-x: The config has a problem"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(analyses, says):
    with pytest.raises(UserError) as error:
        configs(analyses)
    assert says in str(error.value)


def test_no_analyses_is_the_config_alone():
    assert (
        not has_analyses({}) and not has_analyses({"analyses": {}}) and has_analyses({"analyses": {"a": {}}})
    )
    for analyses in ([], None, "faces"):
        assert not has_analyses({"analyses": analyses})
        with pytest.raises(UserError, match=r"analyses: found .* expected a section"):
            settle(BASE | {"analyses": analyses})


def test_what_agrees_is_made_once():
    found = configs(
        {
            "one": {},
            "alpha": {"inference": {"alpha": 0.01}},
            "smooth": {"smoothing_fwhm": 8},
            "group": {"model": {"formula": "1 + age + group"}},
            "houses": {"dataset": {"maps": "houses-{participant_id}.nii.gz"}},
        }
    )
    where = {name: places(config, "results") for name, config in found.items()}
    assert where["alpha"] == where["one"]
    assert all(folder.startswith(f"results/shared/{stage}-") for stage, folder in where["one"].items())
    assert makers(where) == {
        "one": ["dataset", "quality", "maps"],
        "alpha": [],
        "smooth": ["maps"],
        "group": ["quality", "maps"],
        "houses": ["dataset", "quality", "maps"],
    }
    # Whoever else there is, what one depends on lies where it lay.
    alone = configs({"smooth": {"smoothing_fwhm": 8}})
    assert places(alone["smooth"], "results") == where["smooth"]


def test_a_message_names_its_analyses():
    assert about_analyses([""]) == ""
    assert about_analyses(["a"]) == "analysis a: "
    assert about_analyses(list("abcdef")) == "analyses a, b, c, d and 2 more: "
