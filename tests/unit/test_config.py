"""The config: defaults, layers, refusals, and what reaches the rules through the real snakemake."""

import copy
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from permaps.workflow.config import layered, local_config, resolve
from permaps.workflow.errors import UserError
from permaps.workflow.schema import keys, keys_of_source

ROOT = Path(__file__).parents[2]
DEFAULTS = ROOT / "config/config.yaml"
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
SOURCES = ("simulated", "localizer", "table", "fsl")


def full(given):
    return resolve(given, DEFAULTS, SCHEMA)


def refused(given):
    with pytest.raises(UserError) as caught:
        full(given)
    return str(caught.value)


@pytest.fixture(scope="module")
def schema():
    return yaml.safe_load(SCHEMA.read_text())


@pytest.fixture(scope="module")
def defaults():
    return yaml.safe_load(DEFAULTS.read_text())


PLAIN_MODEL = {"voxelwise": {}, "variance_groups": None, "bids": None}


def flat(values, at=""):
    """Nested values as {full key: value}; the contrasts are one value."""
    found = {}
    for key, value in values.items():
        name = f"{at}{key}"
        found |= (
            flat(value, f"{name}.")
            if isinstance(value, dict) and value and key != "contrasts"
            else {name: value}
        )
    return found


# Defaults, schema and README say the same


def test_defaults_are_complete_and_valid(defaults):
    assert full({}) == defaults


def test_schema_and_defaults_agree(schema, defaults):
    by_schema = {key: sub for key, sub in keys(schema).items() if not key.startswith("dataset.")}
    by_schema |= {f"dataset.{key}": sub for key, sub in keys_of_source(schema, "simulated").items()}
    values = flat(defaults)
    assert set(values) == set(by_schema)
    without_default = {key for key, sub in by_schema.items() if "default" not in sub}
    assert without_default == {"model.formula", "model.contrasts"}
    for key in set(values) - without_default:
        assert values[key] == by_schema[key]["default"], key


def test_schema_is_valid_and_strict(schema):
    Draft202012Validator.check_schema(schema)
    sections = [schema, *(schema["$defs"][source] for source in SOURCES)]
    while sections:
        section = sections.pop()
        if section is not schema["properties"]["dataset"]:  # strict by the source's part
            assert section["additionalProperties"] is False, section.get("title")
        inner = [sub for sub in section["properties"].values() if "properties" in sub]
        sections += [sub for sub in inner if sub is not schema["properties"]["dataset"]]
        for name, sub in section["properties"].items():
            assert "$ref" in sub or ("title" in sub and "description" in sub), name


def test_units_are_in_the_comments_of_the_defaults(schema):
    text = DEFAULTS.read_text()
    for key, sub in keys(schema).items():
        if sub.get("unit") in ("mm", "share"):
            line = re.search(rf"^ *{key.rpartition('.')[2]}: .*#(.*)$", text, re.MULTILINE)
            assert sub["unit"] in line[1], key


def readme_rows():
    rows = re.findall(
        r"^\| `([\w.]+)` \| (.+?) \| (.*?) \| (.*?) \| (.+) \|$",
        (ROOT / "config/README.md").read_text().partition("## What re-runs when")[0],
        re.M,
    )
    return [
        (key, default, unit, meaning) for key, _, default, unit, meaning in rows if "." in key or key in TOP
    ]


TOP = ("title", "results", "smoothing_fwhm", "joint", "analyses", "figures")


def test_readme_lists_every_key_with_default_unit_and_meaning(schema, defaults):
    expected = {(key, sub["title"]) for key, sub in keys(schema).items() if not key.startswith("dataset.")}
    for source in SOURCES:
        subs = keys_of_source(schema, source)
        expected |= {(f"dataset.{key}", sub["title"]) for key, sub in subs.items() if key != "source"}
    rows = readme_rows()
    assert {(key, meaning) for key, _, _, meaning in rows} == expected
    assert len(rows) == len(expected)
    everywhere = [
        (f"dataset.{k}", v) for source in SOURCES for k, v in keys_of_source(schema, source).items()
    ] + list(keys(schema).items())
    for key, default, unit, meaning in rows:
        sub = next(sub for name, sub in everywhere if name == key and sub["title"] == meaning)
        assert unit == sub.get("unit", ""), key
        value = sub.get("default", flat(defaults).get(key, "must be given"))
        assert yaml.safe_load(default.strip("`")) == value, key


def test_readme_example_is_a_valid_config():
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "config/README.md").read_text(), re.DOTALL)[1]
    assert full(yaml.safe_load(example))["model"]["contrasts"] == {"patients": "group[T.patient]"}


def test_localizer_is_the_example():
    config = full(yaml.safe_load((ROOT / "config/localizer.yaml").read_text()))
    assert config["dataset"] == {
        "source": "localizer",
        "contrast": "left button press (auditory cue)",
        "n_subjects": 94,
        "data_dir": None,
    }
    assert config["inference"]["alpha"] == 0.1
    assert (config["smoothing_fwhm"], config["mask"]["strategy"]) == (5, "background")
    assert config["model"] == {"formula": "1 + pseudo", "contrasts": {"pseudo": "pseudo"}} | PLAIN_MODEL


# Layers


def test_values_are_laid_over_the_defaults_key_by_key(defaults):
    config = full({"inference": {"tfce": {"height": 3}}, "smoothing_fwhm": None})
    defaults["inference"]["tfce"]["height"] = 3.0
    assert config == {**defaults, "smoothing_fwhm": None}


def test_given_is_not_changed():
    given = {"dataset": {"source": "localizer"}, "inference": {"alpha": 0.1}}
    before = copy.deepcopy(given)
    full(given)
    assert given == before


def test_a_full_config_stays_what_it_is():
    config = full({"dataset": {"source": "localizer"}, "results": "a/./b/"})
    assert config["results"] == "a/b"
    assert full(config) == config


def test_a_given_model_replaces_the_default():
    model = {"formula": "1 + age", "contrasts": {"age": "age", "any": ["age", "Intercept"]}}
    assert full({"model": model})["model"] == model | PLAIN_MODEL


def test_a_given_dataset_replaces_the_default_and_has_the_defaults_of_its_source():
    table = {"source": "table", "path": "p.tsv", "maps": "map"}
    more = {"values": None, "id": "participant_id", "sessions": None, "entities": None}
    assert full({"dataset": table})["dataset"] == table | more
    assert full({"dataset": {"seed": 3}})["dataset"] == {
        "source": "simulated",
        "n_subjects": 94,
        "seed": 3,
        "effect_size": 1.0,
        "space": "volume",
        "inputs": [],
    }


def test_a_layer_replaces_the_model_of_the_one_below():
    below = {"model": {"formula": "1 + a", "contrasts": {"a": "a"}}, "mask": {"strategy": "epi"}}
    above = {"model": {"formula": "1 + b", "contrasts": {"b": "b"}}, "mask": {"min_coverage": 0.5}}
    assert layered(below, above) == {**above, "mask": {"strategy": "epi", "min_coverage": 0.5}}


def test_the_working_directory_has_a_say_unless_it_is_ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert local_config(DEFAULTS) == {}
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("smoothing_fwhm: 8\n")
    assert local_config(DEFAULTS) == {"smoothing_fwhm": 8}
    (tmp_path / "config/config.yaml").unlink()
    os.mkfifo(tmp_path / "config/config.yaml")
    with pytest.raises(UserError, match=r"config/config\.yaml in the working directory is a pipe"):
        local_config(DEFAULTS)
    monkeypatch.chdir(ROOT)
    assert local_config(DEFAULTS) == {}


def test_text_from_the_command_line_becomes_what_the_key_takes():
    # Below a key, Snakemake's --config hands on nothing but text.
    config = full(
        {
            "permutation": {"n_permutations": "100", "two_sided": "false", "blocks": {"within": "null"}},
            "inference": {"alpha": "0.1", "connectivity": "26"},
            "smoothing_fwhm": "null",
        }
    )
    assert config["permutation"]["n_permutations"] == 100
    assert config["permutation"]["two_sided"] is False
    assert config["permutation"]["blocks"]["within"] is None
    assert (config["inference"]["alpha"], config["inference"]["connectivity"]) == (0.1, 26)
    assert config["smoothing_fwhm"] is None


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    table = {"source": "table", "path": "~/study/participants.tsv", "maps": "~map"}
    dataset = full({"dataset": table})["dataset"]
    assert (dataset["path"], dataset["maps"]) == ("/home/someone/study/participants.tsv", "~map")


def test_numbers_are_read_as_yaml_does():
    given = yaml.safe_load("permutation: {n_permutations: 1_000}\ninference: {alpha: 1.0e-3}")
    config = full(given)
    assert (config["permutation"]["n_permutations"], config["inference"]["alpha"]) == (1000, 0.001)


# Refusals: (YAML, what the message has to say)

LONG = "".join(f"{i:02d}" for i in range(50))
REFUSED = {
    "unknown key": (
        "quux: {a: 1}",
        "quux: unknown key, with the value {'a': 1}; known here: title",
    ),
    "misspelt section": ("inferense: {alpha: 0.1}", "inferense: unknown key.*did you mean 'inference'"),
    "misspelt key": ("inference: {alhpa: 0.1}", r"inference.alhpa: unknown key.*0.1, did you mean 'alpha'"),
    "misspelt nested key": ("inference: {tfce: {hight: 2}}", r"inference.tfce.hight: .*'height'"),
    "key in another section": ("alpha: 0.1", r"alpha: .*another section: inference.alpha"),
    "key of two sections": ("seed: 1", r"another section: dataset.seed or permutation.seed"),
    "dotted key": ("inference.alpha: 0.1", r"inference.alpha: .*a dot does not nest"),
    "key no": ("inference: {no: 1}", "inference: the key false is not text.*in quotes"),
    "number as key": ("1: 2", "The key 1 is not text"),
    "empty section": ("mask:", r"mask: found null \(nothing\), expected a section.*strategy.*leave it out"),
    "empty dataset": ("dataset:", "dataset: found null"),
    "empty model": ("model:", "model: found null"),
    "section of text": ("permutation: 500", "permutation: found 500, expected a section"),
    "section of items": ("model: [a, b]", r"model: found \['a', 'b'\], expected a section"),
    "tfce without values": ("inference: {tfce: }", "inference.tfce: found null"),
    "results empty": ("results: ''", "results: found '', expected the path of a folder"),
    "results null": ("results:", "results: found null"),
    "results wildcard": ("results: 'a{b}'", "results: found 'a{b}', expected.*without braces"),
    "results newline": ('results: "a\\n"', "results: found 'a.n', expected.*control characters"),
    "weights by position": (
        "model: {formula: '1', contrasts: {a: [1]}}",
        r"contrasts.a\[0\]: found 1, expected .*since weights name no columns$",
    ),
    "results number": ("results: 2024", "results: found 2024.*put it in quotes"),
    "unknown source": ("dataset: {source: tabel}", "dataset.source: found 'tabel'.*did you mean 'table'"),
    "source list": ("dataset: {source: [table]}", r"dataset.source: found \['table'\]"),
    "key of another source": ("dataset: {path: a}", "dataset.path: unknown key.*of dataset.source 'table'"),
    "table without path": ("dataset: {source: table, maps: map}", "dataset.path: is missing; expected TSV"),
    "table without maps": (
        "dataset: {source: table, path: a}",
        "dataset.maps: is missing; expected the name",
    ),
    "covariates without a table": (
        "model: {formula: '1', contrasts: {a: Intercept}, voxelwise: {gm: x.nii}}",
        r"model.voxelwise.gm: found 'x.nii' with dataset.source 'simulated'; expected dataset.source 'table'",
    ),
    "contrast called as another in a volume": (
        "model: {formula: a, contrasts: {x: a, X_Volume-y: b}}\ninference: {small_volumes: {y: y.nii}}",
        "model.contrasts.X_Volume-y: found the name that files of x in the small volume y have",
    ),
    "contrasts alike": (
        "model: {formula: a, contrasts: {Age: a, age: b}}",
        "model.contrasts.age: found a name that differs from 'Age' in case alone",
    ),
    "covariates alike": (
        "dataset: {source: table, path: a.tsv, maps: map}\n"
        "model: {formula: a, contrasts: {x: a}, voxelwise: {gm: x, GM: y}}",
        "model.voxelwise.GM: found a name that differs from 'gm' in case alone",
    ),
    "small volumes alike": (
        "inference: {small_volumes: {roi: a.nii, ROI: b.nii}}",
        "inference.small_volumes.ROI: found a name that differs from 'roi' in case alone",
    ),
    "contrast given twice": (
        "model: {formula: a, contrasts: {x: a - b, y: 'a  -b'}}",
        "model.contrasts.y: found 'a  -b', which 'x' tests already; expected each contrast once",
    ),
    "F contrast given twice": (
        "model: {formula: a, contrasts: {x: [a, b], y: [a, b]}}",
        r"model.contrasts.y: found \['a', 'b'\], which 'x' tests already",
    ),
    "digits of another script": (
        "smoothing_fwhm: \u0665",
        "smoothing_fwhm: found '\u0665', expected .*; digits other than 0 to 9 are text: write 5",
    ),
    "number of 400 digits": (
        "permutation: {n_permutations: " + "9" * 400 + "}",
        "n_permutations: found inf, expected a whole",
    ),
    "number of 5000 digits": (
        "permutation: {n_permutations: 0x" + "f" * 5000 + "}",
        "n_permutations: found inf, expected a whole number",
    ),
    "table path null": ("dataset: {source: table, path: , maps: m}", "dataset.path: found null"),
    "too many subjects": ("dataset: {source: localizer, n_subjects: 95}", "from 1 to 94"),
    "negative effect": (
        "dataset: {effect_size: -1}",
        "dataset.effect_size: found -1.0, expected a number of at",
    ),
    "mask strategy": ("mask: {strategy: brain}", "mask.strategy: found 'brain', expected one of background"),
    "mask without file": ("mask: {strategy: file}", "mask.file: found null.*since mask.strategy is `file`"),
    "file without strategy": (
        "mask: {file: a.nii}",
        "mask.file: found 'a.nii', expected null, or `strategy: file`",
    ),
    "coverage 0": ("mask: {min_coverage: 0}", "mask.min_coverage: .*above 0 and at most 1"),
    "missing 10": ("quality: {max_missing: 10}", "quality.max_missing: .*from 0 to 1"),
    "query number": ("quality: {query: 1}", "quality.query: found 1, expected text, or null"),
    "flag as number": ("mask: {zero_is_missing: 1}", "mask.zero_is_missing: found 1, expected true or false"),
    "smoothing negative": (
        "smoothing_fwhm: -5",
        "smoothing_fwhm: found -5.0, expected a number from 0 to 1000",
    ),
    "smoothing with unit": ("smoothing_fwhm: 5 mm", "smoothing_fwhm: found '5 mm'"),
    "smoothing infinite": ("smoothing_fwhm: .inf", "smoothing_fwhm: found inf"),
    "model without contrasts": ("model: {formula: 1 + a}", "model.contrasts: is missing"),
    "model without formula": ("model: {contrasts: {a: a}}", "model.formula: is missing"),
    "no contrasts": (
        "model: {formula: a, contrasts: {}}",
        "model.contrasts: found {}, expected at least one",
    ),
    "contrasts null": ("model: {formula: a, contrasts: }", "model.contrasts: found null"),
    "formula number": ("model: {formula: 1, contrasts: {a: a}}", "model.formula: found 1, .*in quotes"),
    "contrast path": (
        "model: {formula: a, contrasts: {../a: a}}",
        "model.contrasts: the name '../a' will not do",
    ),
    "contrast space": ("model: {formula: a, contrasts: {a b: a}}", "the name 'a b' will not do"),
    "contrast newline": ('model: {formula: a, contrasts: {"a\\n": a}}', "will not do"),
    "contrast shell": ("model: {formula: a, contrasts: {$(x): a}}", "will not do"),
    "contrast no": (
        "model: {formula: a, contrasts: {no: a, b: b}}",
        "model.contrasts: the key false is not text",
    ),
    "contrast number": ("model: {formula: a, contrasts: {a: 3}}", "model.contrasts.a: found 3"),
    "contrast null": ("model: {formula: a, contrasts: {a: }}", "model.contrasts.a: found null"),
    "contrast empty": ("model: {formula: a, contrasts: {a: []}}", r"model.contrasts.a: found \[\]"),
    "contrast row": ("model: {formula: a, contrasts: {a: [b, 2]}}", r"model.contrasts.a\[1\]: found 2"),
    "no permutations": ("permutation: {n_permutations: 0}", "n_permutations: found 0, .*from 1 to 10000000"),
    "huge number": ("permutation: {n_permutations: 1000000000}", "n_permutations: found 1000000000"),
    "number in text": ("permutation: {n_permutations: 1e4}", "found '1e4', .*as text: write 10000"),
    "number with point": ("permutation: {n_permutations: 100.0}", "found 100.0, .*write 100$"),
    "fraction": (
        "permutation: {chunk_size: 2.5}",
        "permutation.chunk_size: found 2.5, expected a whole number",
    ),
    "chunk of nothing": ("permutation: {chunk_size: 0}", "permutation.chunk_size: found 0"),
    "number is true": ("permutation: {chunk_size: true}", "permutation.chunk_size: found true"),
    "a variance that is of groups and smoothed": (
        "{model: {formula: '1', contrasts: {mean: Intercept}, variance_groups: site}, "
        "inference: {variance_smoothing_fwhm: 8}}",
        "inference.variance_smoothing_fwhm: found 8 beside model.variance_groups 'site'; expected one of the two",
    ),
    "too many jobs": ("permutation: {n_permutations: 1000000, chunk_size: 1}", "chunk_size: .* at least 20,"),
    "negative seed": ("permutation: {seed: -1}", "permutation.seed: found -1"),
    "seed of 64 bits": ("permutation: {seed: 9223372036854775808}", "from 0 to 9223372036854775807"),
    "scheme": ("permutation: {scheme: flips}", "permutation.scheme: found 'flips'.*did you mean 'flip'"),
    "blocks text": (
        "permutation: {blocks: family}",
        "permutation.blocks: found 'family', expected a section",
    ),
    "block": ("permutation: {blocks: {witin: a}}", "permutation.blocks.witin: .*did you mean 'within'"),
    "no statistics": ("inference: {statistics: []}", r"inference.statistics: found \[\], expected a list"),
    "one statistic": (
        "inference: {statistics: voxel}",
        "inference.statistics: found 'voxel', expected a list",
    ),
    "same twice": ("inference: {statistics: [tfce, tfce]}", "inference.statistics: .*each once"),
    "statistic": ("inference: {statistics: [voxl]}", r"inference.statistics\[0\]: .*did you mean 'voxel'"),
    "connectivity": (
        "inference: {connectivity: 8}",
        "inference.connectivity: found 8, expected one of 6, 18, 26",
    ),
    "extent 0": (
        "inference: {tfce: {extent: 0}}",
        "inference.tfce.extent: found 0.0, expected a number above 0",
    ),
    "height": ("inference: {tfce: {height: -1}}", "inference.tfce.height: found -1.0"),
    "a t, not a p": ("inference: {cluster_p: 3.0}", "inference.cluster_p: found 3.0, .*above 0 and below 1"),
    "p of 1": ("inference: {cluster_p: 1}", "inference.cluster_p: found 1.0"),
    "p in text": ("inference: {cluster_p: 1e-3}", "found '1e-3', .*YAML reads 1e-3 as text: write 0.001"),
    "p in other digits": (
        "inference: {cluster_p: '\u0660.\u0660\u0665'}",
        r"digits other than 0 to 9 are text: write 0\.05",
    ),
    "smoothing over metres": ("smoothing_fwhm: 1.0e+12", "smoothing_fwhm: found 1000000000000.0, .*to 1000"),
    "variance smoothing over metres": (
        "inference: {variance_smoothing_fwhm: 1.0e+12}",
        "variance_smoothing_fwhm: found 1000000000000.0, expected a number from 0 to 1000",
    ),
    "contrast called as another's file": (
        "model: {formula: a, contrasts: {a: a, a.npz: -a}}",
        r"model.contrasts.a.npz: found the name that a file of a has; expected one that does not end in .npz",
    ),
    "contrast that repeats": (
        f"model: {{formula: a, contrasts: {{{'ab' * 20}: a}}}}",
        "model.contrasts: the name .* ends in 'ab' again and again",
    ),
    "covariate that repeats": (
        "model: {formula: a, contrasts: {a: a}, voxelwise: {xxxxxxxxxxxxxxxxxxxx: m}}\n"
        "dataset: {source: table, path: a, maps: m}",
        "model.voxelwise: the name .* ends in 'x' again and again",
    ),
    "long names of contrast and volume": (
        f"model: {{formula: a, contrasts: {{{LONG}: a}}}}\ninference: {{small_volumes: {{{LONG}: a}}}}",
        "model.contrasts: .* in the small volume .* gives file names of 262 characters; expected at most 255",
    ),
    "contrast of 255 characters": (
        f"model: {{formula: a, contrasts: {{{LONG * 3}: a}}}}",
        "at most 100 of them",
    ),
    "p with comma": ("inference: {cluster_p: '0,001'}", "no decimal comma: write 0.001"),
    "p not a number": ("inference: {cluster_p: .nan}", "inference.cluster_p: found nan"),
    "alpha 0": ("inference: {alpha: 0}", "inference.alpha: found 0.0, expected a number above 0 and below 1"),
    "alpha date": ("inference: {alpha: 2024-01-01}", "inference.alpha: found datetime.date"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal(case):
    text, says = REFUSED[case]
    message = refused(yaml.safe_load(text))
    assert message.startswith("The config has a problem:")
    assert any(re.search(says, line) for line in message.splitlines()), message


def test_all_problems_are_told_at_once():
    message = refused(
        {False: 1, "alpha": 0.1, "smoothing_fwhm": -1, "model": {"contrasts": {"a/b": "a", "c": 1}}}
    )
    assert message.startswith("The config has 6 problems:")
    assert message.count("\n  - ") == 6
    for part in ("key false", "alpha", "smoothing_fwhm", "model.formula", "'a/b'", "model.contrasts.c"):
        assert part in message


@pytest.mark.parametrize(
    "value", ["x" * 10_000, 10**400, 1.5e308, [["x"] * 100] * 100, "1" * 400], ids=lambda v: str(v)[:9]
)
@pytest.mark.parametrize("key", ["smoothing_fwhm", "permutation.seed", "inference.tfce.extent", "results"])
def test_a_long_value_is_refused_and_cut(key, value):
    section, _, rest = key.rpartition(".")
    given = {rest: value}
    for name in reversed(section.split(".") if section else []):
        given = {name: given}
    if key == "results" and isinstance(value, str):
        assert full(given)["results"] == value
    elif key.endswith("extent") and value == 1.5e308:
        assert full(given)["inference"]["tfce"]["extent"] == value
    else:
        assert len(refused(given)) < 400


def itself():
    values = {}
    values["model"] = values
    return values


def laughs(depth):
    values = "x"
    for _ in range(depth):
        values = [values] * 10
    return values


@pytest.mark.parametrize(
    "given",
    [{"model": {"contrasts": laughs(9)}}, {"model": laughs(100)}, itself()],
    ids=["many", "deep", "endless"],
)
def test_values_without_end_are_refused_at_once(given):
    assert "more than 50,000 values, or values more than 20 deep" in refused(given)


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(SOURCES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["source", "path", "contrasts", "formula", "file", "tfce", "seed", "a"])
            | st.integers(0, 2)
            | st.booleans(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
sections = st.sampled_from(sorted(yaml.safe_load(DEFAULTS.read_text()))) | st.text(max_size=8)


@settings(deadline=None)  # other work on the machine is no failure
@drawn(st.dictionaries(sections, trees, max_size=3))
def test_whatever_is_given_is_resolved_or_refused(given):
    try:
        config = full(given)
    except UserError:
        return
    Draft202012Validator(yaml.safe_load(SCHEMA.read_text())).validate(config)


# Through the real snakemake, with one rule in place of the analysis

ONE_CORE = ("--cores", 1, "--quiet")
SHOW = """
rule show:
    output:
        result("shown.json"),
    params:
        settings=dict(config=config, contrasts=CONTRASTS, targets=targets()),
    script:
        "../scripts/show.py"
"""
SCRIPT = """
import json
from permaps.workflow import errors
json.dump(dict(snakemake.params.settings), open(snakemake.output[0], "w"))
"""


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """This workflow with its config, its helpers and a single rule that shows them."""
    home = tmp_path_factory.mktemp("workflow")
    shutil.copy(ROOT / "Snakefile", home)
    for folder in ("config", "envs"):
        shutil.copytree(ROOT / folder, home / folder)
    shutil.copytree(ROOT / "scripts/permaps", home / "scripts/permaps")
    (home / "scripts/show.py").write_text(SCRIPT)
    (home / "rules").mkdir()
    for path in (ROOT / "rules").glob("*.smk"):
        (home / "rules" / path.name).write_text("")
    for name in ("analysis.smk", "common.smk", "inputs.smk", "outputs.smk", "settled.smk"):
        shutil.copy(ROOT / "rules" / name, home / "rules")
    (home / "rules/dataset.smk").write_text(SHOW)
    (home / "rules/figures.smk").write_text(
        "TABLES = TRUTH = FIGURES = WORDS = HEMISPHERES = []\nSUMMARISED = {}\n"
    )
    return home


def test_elsewhere_with_values_of_the_command_line(snakemake, workflow, tmp_path):
    changed = ("--config", "results=x", "permutation={seed: 7}")
    done = snakemake("-s", workflow / "Snakefile", *ONE_CORE, *changed, "--", "show", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    shown = json.loads((tmp_path / "x/shown.json").read_text())
    assert shown["config"] == full({"results": "x", "permutation": {"seed": 7}})
    names = {name.removeprefix("x/") for name in shown["targets"]}
    assert {
        "dataset/participants.tsv",
        "quality/included.tsv",
        "quality/excluded.tsv",
        "mask.nii.gz",
        "mask_coverage.nii.gz",
        "maps.npy",
        "design/design.tsv",
        "design/contrasts.tsv",
        "nulls/contrast-pseudo.npz",
        "provenance.json",
    } <= names
    maps = {name.removeprefix("maps/contrast-pseudo_stat-") for name in names if name.startswith("maps/")}
    assert maps == {f"{s}_statmap.nii.gz" for s in ("effect", "t", "z", "tfce", "partialr2")} | {
        f"t_corr-{k}_logp.nii.gz" for k in ("bonferroni", "unc", "fdr", "fwe")
    } | {f"{s}_corr-fwe_logp.nii.gz" for s in ("tfce", "clustersize", "clustermass")} | {
        f"{s}_tdp_statmap.nii.gz" for s in ("t", "tfce", "clustersize", "clustermass")
    }
    tables = {name for name in names if name.startswith("tables/")}
    assert tables == {
        f"tables/contrast-pseudo_stat-{s}_clusters.tsv" for s in ("t", "tfce", "clustersize", "clustermass")
    }


def test_the_folder_s_own_config_lies_below_that_of_the_command_line(snakemake, workflow, tmp_path):
    (tmp_path / "config").mkdir()
    below = {"smoothing_fwhm": 8, "model": {"formula": "1 + a", "contrasts": {"a": "a"}}}
    above = {"model": {"formula": "1 + b", "contrasts": {"b": ["b", "Intercept"]}}}
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(below))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(above))
    arguments = ("-s", workflow / "Snakefile", *ONE_CORE, "--configfile", "mine.yaml", "--", "show")
    done = snakemake(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    shown = json.loads((tmp_path / "results/shown.json").read_text())
    assert shown["config"] == full({**below, **above})
    assert "results/maps/contrast-b_stat-F_corr-fwe_logp.nii.gz" in shown["targets"]


def test_two_analyses_side_by_side_as_modules(snakemake, workflow, tmp_path):
    configs = {
        "one": {"results": "out/one", "dataset": {"seed": 1}},
        "two": {"results": "out/two", "model": {"formula": "1 + age", "contrasts": {"age": "age"}}},
    }
    modules = "".join(
        f"module {name}:\n    snakefile: {str(workflow / 'Snakefile')!r}\n    config: {config!r}\n"
        f"use rule * from {name} as {name}_*\n"
        for name, config in configs.items()
    )
    (tmp_path / "Snakefile").write_text(modules)
    # The importing workflow's own config is none of ours.
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("samples: 3\n")
    done = snakemake("-s", "Snakefile", *ONE_CORE, "--", "one_show", "two_show", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    for config in configs.values():
        shown = json.loads((tmp_path / config["results"] / "shown.json").read_text())
        assert shown["config"] == full(config)
        assert shown["contrasts"] == list(full(config)["model"]["contrasts"])


def test_a_contrast_may_be_called_as_if_it_were_in_a_volume(snakemake, tmp_path):
    model = "model={formula: 1 + pseudo, contrasts: {pseudo_volume-V1: pseudo}}"
    done = snakemake("--dry-run", *ONE_CORE, "--config", model, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_refusal_ends_snakemake_with_the_message_alone(snakemake, workflow, tmp_path):
    (tmp_path / "mine.yaml").write_text("inference: {cluster_p: 3.0, alhpa: 0.1}\n")
    arguments = ("-s", workflow / "Snakefile", *ONE_CORE, "--configfile", "mine.yaml")
    done = snakemake(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "inference.cluster_p: found 3.0" in done.stdout
    assert "did you mean 'alpha'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "config.py" not in done.stdout
    assert not (tmp_path / "results").exists()
