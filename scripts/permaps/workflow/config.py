"""The config: the user's values merged over the defaults, and checked before anything runs.

Every cluster job parses the Snakefile again, so a check imports the packages that only it needs.
"""

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from permaps.workflow.conflicts import conflicts
from permaps.workflow.errors import UserError
from permaps.workflow.paths import no_file
from permaps.workflow.schema import keys_of_source, load, sources, types_of
from permaps.workflow.violations import full_key, is_finite, shown, violations

# Merged key by key, the default contrasts would be added to the user's.
REPLACED_AS_A_WHOLE = ("dataset", "model")
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
    problems += violations(config, schema) or conflicts(config)
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


def value_of(config: dict, key: str) -> object:
    """Return what a config says of a key, given by its full name, such as inference.alpha."""
    section, _, name = key.rpartition(".")
    return (config[section] if section else config)[name]


def local_config(defaults_path: str | Path) -> dict:
    """Return the contents of config/config.yaml in the working directory, or {} if there is none.

    The file with the defaults does not count as the user's, whatever path leads to it.
    """
    path = Path("config/config.yaml")
    if not path.exists() or path.samefile(defaults_path):
        return {}
    if instead := no_file(path):
        raise UserError(f"{path} in the working directory is {instead}; expected a config file, or none")
    from snakemake.common.configfile import load_configfile

    return load_configfile(path)


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
            where = f"{full_key(at)}: the key" if at else "The key"
            problems.append(
                f"{where} {shown(key)} is not text (YAML reads a bare yes, no, on or off as true or false, "
                "and digits as a number): put it in quotes."
            )
    return copy


def _within_floats(value):
    """Return infinity for a whole number beyond all floats, which could neither be checked nor shown."""
    if isinstance(value, list):
        return [_within_floats(item) for item in value]
    endless = isinstance(value, int) and abs(value) > sys.float_info.max
    return (math.inf if value > 0 else -math.inf) if endless else value


def _properties(values, sub, schema):
    """Return the schemas of a section's keys; those of a dataset depend on its source."""
    if sub is schema["properties"]["dataset"]:
        source = values.get("source", schema["$defs"]["source"]["default"])
        return keys_of_source(schema, source) if source in sources(schema) else {}
    return sub.get("properties", {})


def _fill(values, sub, schema):
    """Fill in the schema's defaults for keys that a section leaves out."""
    if isinstance(values, dict):
        for key, leaf in _properties(values, sub, schema).items():
            if "default" in leaf:
                values.setdefault(key, leaf["default"])


def _typed(value, sub, schema):
    """Convert a value to the schema's type if nothing is lost. The check reports anything else."""
    if isinstance(value, dict):
        known, others = _properties(value, sub, schema), sub.get("additionalProperties")
        others = others if isinstance(others, dict) else {"type": "string"}
        return {k: _typed(v, known.get(k, others), schema) for k, v in value.items()}
    types = types_of(sub)
    if isinstance(value, str) and "string" not in types:
        value = _from_text(value)
    elif isinstance(value, str) and "null" in types and value.strip() in ("", "~", "null"):
        return None
    if "number" in types and is_finite(None, value):
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
