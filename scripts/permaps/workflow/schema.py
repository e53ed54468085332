"""What the schema of the config says: its keys, their types, and what is told of them."""

from pathlib import Path


def keys(schema: dict) -> dict[str, dict]:
    """Return {full key: its schema} for every key that is not a section; contrasts count as one key."""
    leaves = {}
    for name, sub in schema["properties"].items():
        if name == "dataset":
            for source in sources(schema):
                leaves |= {f"dataset.{k}": v for k, v in keys_of_source(schema, source).items()}
        elif "properties" in sub:
            leaves |= {f"{name}.{key}": leaf for key, leaf in keys({**schema, **sub}).items()}
        else:
            leaves[name] = sub
    return leaves


def keys_of_source(schema: dict, source: str) -> dict[str, dict]:
    """Return {key: its schema} for a dataset of this source."""
    return {k: dereferenced(v, schema) for k, v in schema["$defs"][source]["properties"].items()}


def load(path: str | Path) -> dict:
    """Return what is in a YAML file of the workflow's own: the defaults or the schema."""
    import yaml

    # libyaml's loader is ten times faster, if PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader)


def sources(schema: dict) -> list[str]:
    """Return the names of the sources of a dataset."""
    return schema["$defs"]["source"]["enum"]


def dereferenced(sub: dict, schema: dict) -> dict:
    """Return a part of the schema, or what it refers to."""
    return schema["$defs"][sub["$ref"].rpartition("/")[2]] if "$ref" in sub else sub


def types_of(sub: dict) -> list[str]:
    """Return the types that a part of the schema allows, in JSON's words."""
    types = sub.get("type", [])
    return [types] if isinstance(types, str) else types
