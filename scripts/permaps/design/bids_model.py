"""A BIDS Stats Model: its node of the whole data set, as a formula and contrasts.

What is read of it is checked here by jsonschema, at every start of Snakemake. The whole file is checked by the
schema's own package, bsmschema, before a run and where that is installed: it takes pydantic, which no job waits for.
"""

import importlib.util
import json
import re
from pathlib import Path

from permaps.cohort.fsl import fit_name
from permaps.tables.text import read_text
from permaps.workflow.errors import UserError, listed

_VARIABLES = {"type": "array", "items": {"anyOf": [{"type": "string", "minLength": 1}, {"const": 1}]}}
_WEIGHTS = {"type": "array", "minItems": 1, "items": {"type": ["number", "string"]}}
_CONTRAST = {
    "type": "object",
    "required": ["Name", "ConditionList", "Weights", "Test"],
    "properties": {
        "Name": {"type": "string"},
        "ConditionList": _VARIABLES,
        "Weights": {"anyOf": [_WEIGHTS, {"type": "array", "minItems": 1, "items": _WEIGHTS}]},
        "Test": {"enum": ["pass", "t", "F"]},
    },
}
_NODE = {
    "type": "object",
    "required": ["Level", "Name", "GroupBy", "Model"],
    "properties": {
        "Level": {"type": "string"},
        "Name": {"type": "string"},
        "GroupBy": {"type": "array", "items": {"type": "string"}},
        "Model": {
            "type": "object",
            "required": ["X"],
            "properties": {
                "Type": {"type": "string"},
                "X": _VARIABLES,
                "Formula": {"type": ["string", "null"]},
                "Software": {"type": ["object", "null"]},
            },
        },
        "Contrasts": {"type": ["array", "null"], "items": _CONTRAST},
        "DummyContrasts": {
            "type": ["object", "null"],
            "required": ["Test"],
            "properties": {
                "Contrasts": {"anyOf": [_VARIABLES, {"type": "null"}]},
                "Test": {"enum": ["pass", "t", "F"]},
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["Nodes"],
    "properties": {
        "Nodes": {
            "type": "array",
            "minItems": 1,
            "items": {"if": {"properties": {"Level": {"const": "Dataset"}}}, "then": _NODE},
        }
    },
}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(\s*/\s*\d+(\.\d+)?)?", re.ASCII)
_OURS = ("blocks", "variance_groups")


def read_model(path: str | Path) -> dict:
    """Read the model of the whole data set.

    Parameters
    ----------
    path : path
        JSON, by the specification of BIDS Stats Models.

    Returns
    -------
    dict
        `formula` and `contrasts`, as in the config's model; and `blocks` and `variance_groups` if
        Software.Permaps has them.

    Raises
    ------
    UserError
        If it is no such file, or asks for what Permaps does not do.
    """
    node = _node(_loaded(path), path)
    model = node["Model"]
    where = f"{path}: node '{node['Name']}'"
    if (kind := model.get("Type", "glm")) != "glm":
        raise UserError(f"{where}: found Model.Type '{kind}'; expected 'glm'.")
    if others := set(node["GroupBy"]) - {"contrast"}:
        raise UserError(
            f'{where}: GroupBy splits the maps by {", ".join(sorted(others))}; expected [] or ["contrast"]: '
            "keep some of the participants by quality.query, and choose the contrast in dataset."
        )
    if node.get("Transformations"):
        raise UserError(
            f"{where}: Transformations are not applied; expected them in Formula, as in '1 + center(age) + C(site)'."
        )
    variables = model["X"]
    if wild := [name for name in variables if isinstance(name, str) and set(name) & set("*?")]:
        raise UserError(f"{where}: found {wild[0]!r} in X; expected the names of columns, written out.")
    formula = model.get("Formula") or " + ".join(
        ["1" if 1 in variables else "0", *(_quoted(name) for name in variables if name != 1)]
    )
    return {"formula": formula, "contrasts": _contrasts(node, where), **_ours(model, where)}


def _loaded(path):
    from jsonschema import Draft202012Validator

    try:
        content = json.loads(read_text(path, "Expected a BIDS Stats Model."))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is no JSON ({error}). Expected a BIDS Stats Model.") from None
    errors = Draft202012Validator(SCHEMA).iter_errors(content)
    error = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    if error is not None:
        at = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        raise UserError(
            f"{path}: {at.lstrip('.') or 'the file'}: {error.message[:200]}. Expected a BIDS Stats Model."
        )
    return content


def _node(content, path):
    nodes = [node for node in content["Nodes"] if node.get("Level") == "Dataset"]
    if len(nodes) != 1:
        names = listed(str(node.get("Name")) for node in nodes) or "none"
        raise UserError(f"{path}: has {len(nodes)} nodes of Level 'Dataset' ({names}); expected one.")
    return nodes[0]


def _quoted(name):
    return name if name.isidentifier() else f"`{name}`"


def _column(name):
    return "Intercept" if name in (1, "intercept") else _quoted(name)


def _contrasts(node, where):
    contrasts = {}
    for contrast in node.get("Contrasts") or []:
        rows = contrast["Weights"] if isinstance(contrast["Weights"][0], list) else [contrast["Weights"]]
        sums = [
            _sum(row, contrast["ConditionList"], f"{where}: contrast '{contrast['Name']}'") for row in rows
        ]
        if contrast["Test"] != "pass":
            contrasts[fit_name(contrast["Name"])] = sums if contrast["Test"] == "F" else sums[0]
    dummies = node.get("DummyContrasts")
    if dummies and dummies["Test"] != "pass":
        names = dummies.get("Contrasts") or node["Model"]["X"]
        sums = {fit_name(_column(name)): _column(name) for name in names}
        contrasts |= {name: [one] if dummies["Test"] == "F" else one for name, one in sums.items()}
    if not contrasts:
        raise UserError(
            f"{where}: tests nothing; expected Contrasts or DummyContrasts with a Test of t or F."
        )
    return contrasts


def _sum(weights, names, where):
    if len(weights) != len(names):
        raise UserError(
            f"{where}: has {len(weights)} weights for {len(names)} conditions; expected one for each."
        )
    if wrong := [weight for weight in weights if not _NUMBER.fullmatch(str(weight).strip())]:
        raise UserError(
            f"{where}: found the weight {wrong[0]!r}; expected a number or a fraction such as '1/3'."
        )
    return " + ".join(f"({weight}) * {_column(name)}" for weight, name in zip(weights, names, strict=True))


def _ours(model, where):
    """Return what the file says for Permaps alone."""
    given = (model.get("Software") or {}).get("Permaps") or {}
    ours = (
        {str(key).lower(): value for key, value in given.items()} if isinstance(given, dict) else {"": given}
    )
    ours = {"variance_groups" if key == "variancegroups" else key: value for key, value in ours.items()}
    if unknown := set(ours) - set(_OURS):
        raise UserError(
            f"{where}: Software.Permaps has {', '.join(sorted(unknown)) or repr(given)}; expected blocks (with "
            "within, whole or nested, as permutation.blocks) and variance_groups."
        )
    return ours


def check_whole(path: str | Path) -> None:
    """Check a whole file by the schema's own package, bsmschema, where that is installed."""
    if not importlib.util.find_spec("bsmschema"):
        return
    from bsmschema.models import BIDSStatsModel
    from pydantic import ValidationError

    try:
        BIDSStatsModel.model_validate(_loaded(path))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{path}: {at}: {first['msg']}. Expected a BIDS Stats Model, as bsmschema says."
        ) from None
