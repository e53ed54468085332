"""The config: the user's values merged over the defaults, and checked before anything runs.

Every cluster job parses the Snakefile again, so a check imports the packages that only it needs.
"""

import difflib
import math
import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from permaps.workflow.errors import UserError, nearest
from permaps.workflow.names import each_input, input_names, unfit_names
from permaps.workflow.paths import LABELLED, no_file

# Merged key by key, the default contrasts would be added to the user's.
REPLACED_AS_A_WHOLE = ("dataset", "model")

# Snakemake plans 20,000 chunks in 48 s, and takes more than proportionally longer beyond.
MAX_CHUNKS = 50_000

# A study has some hundreds, four levels deep. With YAML anchors, a few lines can make billions, or a value
# that contains itself.
MAX_VALUES, MAX_DEPTH = 50_000, 20


def resolve(given: dict, defaults_path: str | Path, schema_path: str | Path) -> dict:
    """Return the full config.

    Parameters
    ----------
    given : dict
        The user's values, of any sections and keys. It is not changed.
    defaults_path, schema_path : path
        The defaults and the JSON schema, both YAML.

    Returns
    -------
    dict
        Every key of the schema. Numbers have the schema's types, and a leading `~` in paths is expanded.

    Raises
    ------
    UserError
        With all problems at once, each with its full key.
    """
    if _is_boundless(given):
        refuse(
            [
                f"it holds more than {MAX_VALUES:,} values, or values more than {MAX_DEPTH} deep in one another; "
                "expected some hundreds: write them out without anchors (& and *) to see which"
            ]
        )
    schema = load(schema_path)
    problems = []
    given = _with_text_keys(given, (), problems)
    config = layered(load(defaults_path), given)
    for section in REPLACED_AS_A_WHOLE:
        _fill(config[section], schema["properties"][section], schema)
    config = _typed(config, schema, schema)
    for one in config["joint"].values() if isinstance(config["joint"], dict) else ():
        if isinstance(one, dict):
            one |= {"combine": None, "multivariate": None, "inputs": [], "direction": None} | one
    problems += _violations(config, schema) or _conflicts(config)
    if problems:
        refuse(problems)
    config["results"] = os.path.normpath(config["results"])
    return config


def refuse(problems: Sequence[str]) -> None:
    """Raise a `UserError` that lists problems of the config, each beginning with its full key."""
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    listed = "\n".join(f"  - {problem}" for problem in problems)
    raise UserError(f"The config has {count}:\n{listed}\nAll keys are described in config/README.md.")


def layered(under: dict, over: dict) -> dict:
    """Return `under` with the values of `over`; a dataset or model in `over` counts as a whole."""
    merged = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        merged[key] = layered(under[key], value) if both and key not in REPLACED_AS_A_WHOLE else value
    return merged


def local_config(defaults_path: str | Path) -> dict:
    """Return the contents of config/config.yaml in the working directory, or {} if there is none.

    The file with the defaults does not count as the user's, whatever path leads to it.
    """
    path = Path("config/config.yaml")
    if not path.exists() or path.samefile(defaults_path):
        return {}
    if found := no_file(path):
        raise UserError(f"{path} in the working directory is {found}; expected a config file, or none")
    from snakemake.common.configfile import load_configfile

    return load_configfile(path)


def keys(schema: dict) -> dict[str, dict]:
    """Return {full key: its schema} for every key that is not a section; contrasts count as one key."""
    leaves = {}
    for name, sub in schema["properties"].items():
        if name == "dataset":
            for source in _sources(schema):
                leaves |= {f"dataset.{k}": v for k, v in keys_of_source(schema, source).items()}
        elif "properties" in sub:
            leaves |= {f"{name}.{key}": leaf for key, leaf in keys({**schema, **sub}).items()}
        else:
            leaves[name] = sub
    return leaves


def keys_of_source(schema: dict, source: str) -> dict[str, dict]:
    """Return {key: its schema} for a dataset of this source."""
    return {k: _dereferenced(v, schema) for k, v in schema["$defs"][source]["properties"].items()}


def load(path: str | Path) -> dict:
    """Return what is in a YAML file of the workflow's own: the defaults or the schema."""
    import yaml

    # libyaml's loader is ten times faster, if PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader)


def _is_boundless(values):
    """Tell whether nested dicts and lists have too many values, without visiting more of them than that."""
    around, count = [iter([values])], 0
    while around:
        for value in around[-1]:
            count += 1
            if isinstance(value, (dict, list)):
                around.append(iter(value.values() if isinstance(value, dict) else value))
                break
        else:
            around.pop()
        if count > MAX_VALUES or len(around) > MAX_DEPTH:
            return True
    return False


def _with_text_keys(values, at, problems):
    """Copy nested dicts without keys that are not text. These are added to `problems`."""
    copy = {}
    for key, value in values.items():
        if isinstance(key, str):
            nested = isinstance(value, dict)
            copy[key] = _with_text_keys(value, (*at, key), problems) if nested else _within_floats(value)
        else:
            where = f"{_named(at)}: the key" if at else "The key"
            problems.append(
                f"{where} {_shown(key)} is not text (YAML reads a bare yes, no, on or off as true or false, "
                "and digits as a number): put it in quotes."
            )
    return copy


def _within_floats(value):
    """Return infinity for a whole number beyond all floats, which could neither be checked nor shown."""
    if isinstance(value, list):
        return [_within_floats(item) for item in value]
    endless = isinstance(value, int) and abs(value) > sys.float_info.max
    return (math.inf if value > 0 else -math.inf) if endless else value


def _sources(schema):
    return schema["$defs"]["source"]["enum"]


def _dereferenced(sub, schema):
    return schema["$defs"][sub["$ref"].rpartition("/")[2]] if "$ref" in sub else sub


def _properties(values, sub, schema):
    """Return the schemas of a section's keys; those of a dataset depend on its source."""
    if sub is schema["properties"]["dataset"]:
        source = values.get("source", schema["$defs"]["source"]["default"])
        return keys_of_source(schema, source) if source in _sources(schema) else {}
    return sub.get("properties", {})


def _fill(values, sub, schema):
    """Fill in the schema's defaults for keys that a section leaves out."""
    if isinstance(values, dict):
        for key, leaf in _properties(values, sub, schema).items():
            if "default" in leaf:
                values.setdefault(key, leaf["default"])


def _types(sub):
    types = sub.get("type", [])
    return [types] if isinstance(types, str) else types


def _typed(value, sub, schema):
    """Convert a value to the schema's type if nothing is lost. The check reports anything else."""
    if isinstance(value, dict):
        known, others = _properties(value, sub, schema), sub.get("additionalProperties")
        others = others if isinstance(others, dict) else {"type": "string"}
        return {k: _typed(v, known.get(k, others), schema) for k, v in value.items()}
    types = _types(sub)
    if isinstance(value, str) and "string" not in types:
        value = _from_text(value)
    elif isinstance(value, str) and "null" in types and value.strip() in ("", "~", "null"):
        return None
    if "number" in types and _is_number(None, value):
        return float(value)
    if isinstance(value, str) and sub.get("format") == "path":
        return os.path.expanduser(value)
    return value


def _from_text(text):
    """Read a value inside `--config section='{key: value}'`, which Snakemake passes on as text."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    return value if value is None or isinstance(value, (bool, int, float)) else text


def _is_integer(_, value):
    # A number beyond all floats is an error: the bounds of the schema would not apply to it.
    return isinstance(value, int) and _is_number(None, value)


def _is_number(_, value):
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _violations(config, schema):
    """Return the problems that the schema finds, one line per key."""
    from jsonschema import Draft202012Validator, validators

    # In JSON, 5.0 is an integer and infinity is a number.
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    validator = validators.extend(Draft202012Validator, type_checker=checker)(schema)
    problems = {}
    for error in validator.iter_errors(config):
        for at, problem in _problems_of(error, tuple(error.absolute_path), schema):
            problems.setdefault(at, problem)
    return list(problems.values())


def _problems_of(error, at, schema):
    """Yield (where, one line) for each problem in an error of jsonschema."""
    sub, value = error.schema, error.instance
    if error.validator == "additionalProperties":
        for key in value:
            if key not in sub["properties"]:
                found = f"unknown key, with the value {_shown(value[key])}"
                yield (*at, key), f"{_named((*at, key))}: {found}{_meant(key, at, sub['properties'], schema)}"
    elif error.validator == "required":
        for key in sub["required"]:
            if key not in value:
                leaf = _dereferenced(sub.get("properties", {}).get(key, {}), schema)
                expected = leaf.get("expected") or leaf.get("title", "a value")
                yield (*at, key), f"{_named((*at, key))}: is missing; expected {expected}"
    elif "propertyNames" in error.absolute_schema_path:
        yield (*at, value), f"{_named(at)}: the name {_shown(value)} will not do; expected {_expected(sub)}"
    else:
        hint = nearest(value, sub.get("enum", [])) if isinstance(value, str) else ""
        found = f"found {_shown(value)}, expected {_expected(sub)}"
        yield at, f"{_named(at)}: {found}{hint}{_reading(value, sub)}"


def _meant(key, at, siblings, schema):
    """Suggest which key was meant by an unknown one."""
    if at == ("dataset",):
        for source in _sources(schema):
            if key in keys_of_source(schema, source):
                return f"; it is a key of dataset.source '{source}'"
    everywhere = list(keys(schema))
    if key in everywhere:
        return "; a dot does not nest: write section and key on lines of their own"
    same = [full for full in everywhere if key == full.rpartition(".")[2]]
    if same:
        return f"; it belongs to another section: {' or '.join(same)}"
    beside = nearest(key, siblings)
    if beside:
        return beside
    leaves = {full.rpartition(".")[2]: full for full in everywhere}
    close = difflib.get_close_matches(key, leaves, n=1)
    return f", did you mean '{leaves[close[0]]}'?" if close else f"; known here: {', '.join(siblings)}"


def _named(at):
    """Write a path into the config in the usual way: inference.statistics[1]."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in at).lstrip(".")


def _shown(value):
    if value is None:
        return "null (nothing)"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _expected(sub):
    """Say in words what a value has to be."""
    if "expected" in sub:
        return sub["expected"]
    if "properties" in sub:
        return f"a section with keys among {', '.join(sub['properties'])}; leave it out to have the defaults"
    if "enum" in sub:
        return f"one of {', '.join(str(option) for option in sub['enum'])}"
    types = _types(sub)
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list"}
    words |= {"string": "text", "object": "a section", "null": "null"}
    first = words[types[0]] if types else "something else"
    return f"{first}{_bounds(sub)}{', or null' if 'null' in types[1:] else ''}"


def _bounds(sub):
    if "minimum" in sub and "maximum" in sub:
        return f" from {sub['minimum']} to {sub['maximum']}"
    words = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    parts = [f"{word} {sub[name]}" for name, word in words.items() if name in sub]
    return f" {' and '.join(parts)}" if parts else ""


def _reading(value, sub):
    """Say why a value is not what it looks like."""
    types = _types(sub)
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return f"; write {_shown(int(value))}"
    if isinstance(value, str) and {"integer", "number"} & set(types):
        number = "".join(str(unicodedata.decimal(character, character)) for character in value.strip())
        if number != value.strip() and re.fullmatch(r"[+-]?[0-9.]+", number):
            return f"; digits other than 0 to 9 are text: write {number}"
        if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]{1,2}", number):
            from decimal import Decimal

            return f"; YAML reads {number} as text: write {format(Decimal(number), 'f')}"
        if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", number):
            return f"; YAML knows no decimal comma: write {number.replace(',', '.')}"
    if (
        "string" in types
        and isinstance(value, (bool, int, float))
        and re.search(sub.get("pattern", ""), str(value))
    ):
        return "; put it in quotes if it is meant as text"
    return ""


def _conflicts(config):
    """Return problems that no schema can express: values that are valid alone but not together."""
    return [
        *_covariates_without_a_table(config),
        *_too_many_chunks(config["permutation"]),
        *_half_an_atlas(config["atlas"]),
        *unfit_names(
            config["model"]["contrasts"],
            config["inference"]["small_volumes"],
            config["model"]["voxelwise"],
            input_names(config["dataset"]),
        ),
        *_contrasts_given_twice(config["model"]["contrasts"]),
        *_variances_apart_and_smoothed(config),
        *_unfit_joint_tests(config),
        *_unfit_tables_of_values(config["dataset"]),
    ]


def _unfit_tables_of_values(dataset):
    """Yield what is wrong with the tables of several inputs that are columns."""
    values, names = dataset.get("values"), input_names(dataset)
    for name in values if isinstance(values, dict) else ():
        if name not in names:
            yield (
                f"dataset.values.{name}: found no such name in dataset.maps{nearest(name, names)}; expected names of "
                f"inputs: {', '.join(names) or 'there are none, so name one table alone'}"
            )
    seen = {}
    for name, one in each_input(dataset).items():
        if isinstance(one.get("maps"), list):
            first = seen.setdefault((*one["maps"], one.get("values")), name)
            if first != name:
                yield (
                    f"dataset.maps.{name}: found the columns that {first} has already; expected values of its own "
                    "for each input: other columns, or a table for each in dataset.values"
                )


def _unfit_joint_tests(config):
    """Yield what is wrong with joint tests whose values are valid alone."""
    inputs, contrasts = input_names(config["dataset"]), config["model"]["contrasts"]
    for name, test in config["joint"].items():
        at = f"joint.{name}"
        for key, known, where in (
            ("inputs", inputs, "dataset.maps"),
            ("contrasts", contrasts, "model.contrasts"),
        ):
            for unknown in (one for one in test[key] if one not in known):
                yield (
                    f"{at}.{key}: found {unknown!r}, which is no name in {where}{nearest(unknown, known)}; expected "
                    f"names among {', '.join(known) or 'those that it gives (it has none)'}"
                )
        if inputs and not test["inputs"]:
            yield f"{at}.inputs: is missing; expected names of inputs, one or several: {', '.join(inputs)}"
        how = [key for key in ("combine", "multivariate") if test[key]]
        if len(how) != 1:
            yield f"{at}: found {' and '.join(how) or 'no way to join tests'}; expected combine or multivariate"
        if test["multivariate"]:
            yield from _unfit_multivariate(config, at, test)
        elif max(len(test["inputs"]), 1) * len(test["contrasts"]) < 2:
            yield f"{at}: found a single test; expected several inputs or several contrasts, to be combined"
        if name in contrasts:
            yield f"{at}: found the name of a contrast; expected another, since tables list both by name"
        f_tests = [one for one in test["contrasts"] if isinstance(contrasts.get(one), list)]
        if test["direction"] == "concordant" and f_tests:
            yield (
                f"{at}.direction: found concordant with {f_tests[0]}, which is an F test and has no sign; expected "
                "contrasts of one expression each, or another direction"
            )
        if test["combine"] == "conjunction" and test["direction"]:
            yield from _unfit_direction(config["permutation"]["two_sided"], at, test["direction"])
        if config["quality"]["require"] == "any" and len(test["inputs"]) > 1:
            yield (
                f"quality.require: found any beside {at}; expected all, since joint tests need every input of "
                "everyone"
            )


def _unfit_direction(two_sided, at, direction):
    """Yield what is wrong with the direction of a conjunction, which has the p that its tests have."""
    sides = "two-sided" if two_sided else "one-sided"
    if direction != sides and not (direction == "concordant" and two_sided):
        yield (
            f"{at}.direction: found {direction} beside permutation.two_sided {str(two_sided).lower()}; expected "
            f"{sides}{' or concordant' * two_sided}, since a conjunction has the p of its tests"
        )


def _unfit_multivariate(config, at, test):
    if len(test["inputs"]) < 2:
        yield f"{at}.inputs: found {_shown(test['inputs'])}; expected two inputs or more for a multivariate test"
    if len(test["contrasts"]) != 1:
        yield (
            f"{at}.contrasts: found {len(test['contrasts'])}; expected one contrast for a multivariate test, which "
            "may have several expressions"
        )
    if test["direction"]:
        yield f"{at}.direction: found {test['direction']}; expected none, since a multivariate test has no sign"
    for key, value, why in (
        ("model.voxelwise", config["model"]["voxelwise"], "inputs with one design"),
        ("model.variance_groups", config["model"]["variance_groups"], "one variance for everyone"),
        (
            "inference.variance_smoothing_fwhm",
            config["inference"]["variance_smoothing_fwhm"],
            "variances of single voxels",
        ),
    ):
        if value:
            yield f"{key}: found {_shown(value)} beside {at}; multivariate tests expect {why}"


def _variances_apart_and_smoothed(config):
    # The pseudo-t has one variance for everyone, so the groups would silently be ignored.
    groups, fwhm = config["model"]["variance_groups"], config["inference"]["variance_smoothing_fwhm"]
    if groups is None or not fwhm:
        return []
    return [
        f"inference.variance_smoothing_fwhm: found {fwhm:g} beside model.variance_groups {groups!r}; expected one of "
        "the two, since the variance that is smoothed is one for all participants"
    ]


def _contrasts_given_twice(contrasts):
    seen = {}
    for name, expression in contrasts.items():
        rows = expression if isinstance(expression, list) else [expression]
        first = seen.setdefault((isinstance(expression, list), *("".join(row.split()) for row in rows)), name)
        if first != name:
            yield (
                f"model.contrasts.{name}: found {_shown(expression)}, which {first!r} tests already; expected each "
                "contrast once"
            )


def _half_an_atlas(atlas):
    if str(atlas["image"]).endswith(LABELLED) and atlas["labels"] is None:
        return []
    missing = [key for key, path in atlas.items() if path is None]
    if len(missing) != 1:
        return []
    given = {"image": "labels", "labels": "image"}[missing[0]]
    what = {"image": "the label image", "labels": "the table that names its numbers"}[missing[0]]
    return [f"atlas.{missing[0]}: found null (nothing) beside atlas.{given}, expected {what}"]


def _covariates_without_a_table(config):
    source = config["dataset"]["source"]
    if source not in ("simulated", "localizer"):
        return []
    return [
        f"model.voxelwise.{name}: found {_shown(where)} with dataset.source '{source}'; expected "
        "dataset.source 'table', since the maps of a covariate are looked up in a participants table"
        for name, where in config["model"]["voxelwise"].items()
    ]


def _too_many_chunks(relabelling):
    n_chunks = math.ceil(relabelling["n_permutations"] / relabelling["chunk_size"])
    if n_chunks <= MAX_CHUNKS:
        return []
    enough = math.ceil(relabelling["n_permutations"] / MAX_CHUNKS)
    return [
        f"permutation.chunk_size: found {relabelling['chunk_size']}, which makes {n_chunks} jobs of "
        f"{relabelling['n_permutations']} relabellings; expected at least {enough}, for {MAX_CHUNKS} jobs"
    ]
