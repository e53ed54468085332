"""Values that the schema of the config does not allow, each told in a line."""

import difflib
import math
import re
import unicodedata

from permaps.workflow.errors import nearest
from permaps.workflow.schema import dereferenced, keys, keys_of_source, sources, types_of


def _is_integer(_, value):
    # A number beyond all floats is an error: the bounds of the schema would not apply to it.
    return isinstance(value, int) and is_finite(None, value)


def is_finite(_: object, value: object) -> bool:
    """Tell whether a value is a number as JSON has them."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def violations(config: dict, schema: dict) -> list[str]:
    """Return the problems that the schema finds, one line per key."""
    from jsonschema import Draft202012Validator, validators

    # In JSON, 5.0 is an integer and infinity is a number.
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": is_finite})
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
                what = f"unknown key, with the value {shown(value[key])}"
                yield (
                    (*at, key),
                    f"{full_key((*at, key))}: {what}{_meant(key, at, sub['properties'], schema)}",
                )
    elif error.validator == "required":
        for key in sub["required"]:
            if key not in value:
                leaf = dereferenced(sub.get("properties", {}).get(key, {}), schema)
                expected = leaf.get("expected") or leaf.get("title", "a value")
                yield (*at, key), f"{full_key((*at, key))}: is missing; expected {expected}"
    elif "propertyNames" in error.absolute_schema_path:
        yield (*at, value), f"{full_key(at)}: the name {shown(value)} will not do; expected {_expected(sub)}"
    else:
        hint = nearest(value, sub.get("enum", [])) if isinstance(value, str) else ""
        what = f"found {shown(value)}, expected {_expected(sub)}"
        yield at, f"{full_key(at)}: {what}{hint}{_reading(value, sub)}"


def _meant(key, at, siblings, schema):
    """Suggest which key was meant by an unknown one."""
    if at == ("dataset",):
        for source in sources(schema):
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


def full_key(at: tuple) -> str:
    """Write a path into the config in the usual way: inference.statistics[1]."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in at).lstrip(".")


def shown(value: object) -> str:
    """Write a value as in a config, shortened."""
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
    types = types_of(sub)
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
    types = types_of(sub)
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return f"; write {shown(int(value))}"
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
