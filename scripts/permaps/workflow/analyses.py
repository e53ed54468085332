"""Several analyses in one config: what each of them is, what a crossing of keys gives, and what they share."""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from permaps.workflow.config import refuse, resolve, value_of
from permaps.workflow.errors import UserError, nearest
from permaps.workflow.names import LONGEST_NAME, about_analyses
from permaps.workflow.records import digest
from permaps.workflow.schema import keys, load

# A dot, or the slash of a crossing, would end a name where rules and folders are called by it.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Other folders in the folder for results.
TAKEN = ("shared", "analyses", "tables", "figures", "logs", "benchmarks")
# A value of a crossing that may be part of a folder's name.
SHORT = re.compile(r"[A-Za-z0-9.+-]{1,40}")

# What is made once, by the rules in the file of this name, for all analyses that agree in these keys and in those of
# the stages before.
STAGES = {
    "dataset": ("dataset", "model.voxelwise"),
    "quality": (
        *("model.formula", "model.variance_groups", "permutation.blocks", "quality", "space"),
        *("mask.strategy", "mask.file", "mask.zero_is_missing"),
    ),
    "maps": ("smoothing_fwhm", "mask.min_coverage"),
}


@dataclass(frozen=True)
class Analysis:
    """One of several analyses.

    Attributes
    ----------
    name : str
        Of its folder; in a crossing, with the crossing's name before a slash.
    given : dict
        The config that would give it alone.
    crossing : str
        The name of the crossing that it is a specification of; "" for one that stands alone.
    choices : dict of str to object
        The value of each key that is crossed, by its full name.
    root : str
        Folder for the results of all.
    title : str or None
        Of all.
    differs : dict
        What makes it differ from the rest of the config: what it changes, or its choices.
    """

    name: str
    given: dict
    crossing: str = ""
    choices: dict = field(default_factory=dict)
    root: str = "results"
    title: str | None = None
    differs: dict = field(default_factory=dict)


def has_analyses(given: dict) -> bool:
    """Return whether a user's config has several analyses. What they are is not checked."""
    return isinstance(given.get("analyses"), dict) and bool(given["analyses"])


def analyses_of(given: dict, defaults_path: str | Path, schema_path: str | Path) -> list[Analysis]:
    """Return the analyses of a config that has several.

    Parameters
    ----------
    given : dict
        The user's config, with `analyses` by name: what differs from the rest.
    defaults_path, schema_path : path
        The defaults and the JSON schema, both YAML.

    Raises
    ------
    UserError
        With all problems of names and crossings at once. The values themselves are not checked.
    """
    schema = load(schema_path)
    # Only what all analyses have in common can be checked before their changes are added.
    results = resolve({k: given[k] for k in ("results",) if k in given}, defaults_path, schema_path)[
        "results"
    ]
    rest = {key: value for key, value in given.items() if key != "analyses"}
    problems, analyses = list(_unfit(given["analyses"])), []
    for name, changes in given["analyses"].items() if not problems else ():
        alone, crossed = _parted(changes, schema)
        problems += _uncrossable(name, crossed, schema)
        if problems:
            continue
        if crossed:
            labels = _labels(crossed)
            for values in itertools.product(*(range(len(options)) for options in crossed.values())):
                chosen = {key: crossed[key][i] for key, i in zip(crossed, values, strict=True)}
                folder = "_".join(labels[key][i] for key, i in zip(crossed, values, strict=True))
                one = changed(rest, alone, schema)
                for key, value in chosen.items():
                    one = changed(one, _nested(key, value), schema)
                analyses.append(Analysis(f"{name}/{folder}", one, name, chosen))
        else:
            analyses.append(Analysis(name, changed(rest, alone, schema)))
    if problems:
        refuse(problems)
    title = given.get("title") if isinstance(given.get("title"), str) else None
    return [_placed(one, results, title, given["analyses"][one.crossing or one.name]) for one in analyses]


def _placed(one, results, title, changes):
    """Return an analysis with its folder, and a title that says which one of the study it is."""
    own = {} if "title" in changes else {"title": f"{title}: {one.name}" if title else one.name}
    return replace(
        one,
        given=one.given | own | {"results": f"{results}/{one.name}"},
        root=results,
        title=title,
        differs=one.choices or changes,
    )


def changed(config: dict, changes: dict, schema: dict) -> dict:
    """Return a config with changes: key by key within a section, whole values, mappings too, in place of others.

    Parameters
    ----------
    config, changes : dict
        As users give them.
    schema : dict
        Of the config, or of the section.
    """
    new = dict(config)
    for key, value in changes.items():
        section, old = schema.get("properties", {}).get(key, {}), config.get(key)
        # Other sources have other keys.
        moved = key == "dataset" and isinstance(value, dict) and "source" in value
        both = isinstance(value, dict) and isinstance(old, dict) and "properties" in section
        new[key] = (
            changed(old, value, section)
            if both and not (moved and value["source"] != old.get("source"))
            else value
        )
    return new


def resolved(analyses: Iterable[Analysis], settle: Callable[[dict, str, str], dict]) -> dict[str, dict]:
    """Return the config of each analysis by its name.

    Parameters
    ----------
    analyses : iterable of Analysis
    settle : callable
        Takes what a user gives, the name of the analysis and the folder for the results of all, checks it and returns
        the full config.

    Raises
    ------
    UserError
        With the problems of all, each beside the names of the analyses that have it; or if two are alike that stand
        alone, or that are of one crossing.
    """
    configs, problems, alike = {}, {}, {}
    for one in analyses:
        try:
            configs[one.name] = config = settle(one.given, one.name, one.root)
        except UserError as error:
            problems.setdefault(str(error), []).append(one.name)
        else:
            same = digest({key: value for key, value in config.items() if key not in ("results", "title")})
            # A main analysis may well be one of the specifications around it: they are of different curves.
            alike.setdefault((one.crossing, same), []).append(one.name)
    if problems:
        raise UserError("\n".join(f"{about_analyses(names)}{problem}" for problem, names in problems.items()))
    if twice := [names for names in alike.values() if len(names) > 1]:
        refuse(
            [
                f"analyses.{names[1]}: is the same as {names[0]!r} in every key; expected something that differs: "
                "leave one of them out"
                for names in twice
            ]
        )
    return configs


def places(config: dict, root: str) -> dict[str, str]:
    """Return the folder of each stage that analyses share.

    It is named by what the stage depends on, and not by who uses it: an analysis that changes or goes leaves
    the others as they are.

    Parameters
    ----------
    config : dict
        Of an analysis, as resolved.
    root : str
        Folder for the results of all.
    """
    folders, settings = {}, {}
    for stage, depends_on in STAGES.items():
        settings |= {key: value_of(config, key) for key in depends_on}
        folders[stage] = f"{root}/shared/{stage}-{digest(settings)[:8]}"
    return folders


def makers(places: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Return the stages that each analysis makes: the first that needs a folder makes what is in it.

    Parameters
    ----------
    places : dict of str to dict
        By the name of the analysis, from `places`.
    """
    taken = set()
    return {
        name: [stage for stage, folder in own.items() if folder not in taken and not taken.add(folder)]
        for name, own in places.items()
    }


def _unfit(analyses):
    """Yield what is wrong with the names of analyses, and with what is said of them as a whole."""
    seen = {}
    for name, changes in analyses.items():
        at = f"analyses.{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > 100:
            yield (
                f"analyses: the name {name!r} will not do; expected letters, digits, _ and -, with a letter or digit "
                "first and at most 100 of them: it is the name of a folder"
            )
        elif name.casefold() in TAKEN:
            yield f"{at}: found the name of a folder that all analyses have in common; expected another name"
        elif (first := seen.setdefault(name.casefold(), name)) != name:
            yield f"{at}: found a name that differs from {first!r} in case alone; expected one that differs in more"
        if not isinstance(changes, dict):
            yield (
                f"{at}: found {changes!r}, expected a section with the keys that differ from the rest of the config; "
                "{} for none"
            )
            continue
        for key, why in {
            "analyses": "an analysis has none of its own",
            "results": f"those of this analysis are in the folder {name} of the results of all",
        }.items():
            if key in changes:
                yield f"{at}.{key}: found a value, and {why}: leave it out"


def _parted(changes, schema):
    """Return what an analysis changes, and what it crosses: {full key: values}.

    No section takes a list, nor does a key that stands outside of sections, nor is there a key with a dot in it:
    none of these can be meant as a value.
    """
    crossed = {
        key: value
        for key, value in changes.items()
        if isinstance(key, str) and ("." in key or (key in schema["properties"] and isinstance(value, list)))
    }
    return {key: value for key, value in changes.items() if key not in crossed}, crossed


def _uncrossable(name, crossed, schema):
    """Yield what is wrong with the keys that an analysis crosses."""
    known = {*keys(schema), *schema["properties"]} - {"results", "title", "analyses"}
    for section, sub in schema["properties"].items():
        known |= {f"{section}.{key}" for key in sub.get("properties", {})}
    for key, values in crossed.items():
        at = f"analyses.{name}: {key}"
        if key not in known:
            yield (
                f"{at}: unknown key{nearest(key, known)}; expected the full name of a key, such as "
                "inference.connectivity"
            )
        elif not isinstance(values, list) or len(values) < 2:
            yield (
                f"{at}: found {values!r}, expected a list of two or more values: a full name with a dot is for keys "
                "that are crossed; one value goes below its section"
            )
        elif len({digest(value) for value in values}) < len(values):
            yield f"{at}: found {values!r}, expected values that all differ"


def _nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def _labels(crossed):
    """Return what the values of each key that is crossed are called in names of folders."""
    last = [key.rpartition(".")[2] for key in crossed]
    labels = {}
    for key, short in zip(crossed, last, strict=True):
        texts = [_text(value) for value in crossed[key]]
        if not all(map(SHORT.fullmatch, texts)) or len(set(map(str.casefold, texts))) < len(texts):
            texts = [str(i) for i in range(1, len(texts) + 1)]
        name = short if last.count(short) == 1 else key
        labels[key] = [f"{name}-{text}" for text in texts]
    if sum(max(map(len, names)) + 1 for names in labels.values()) > LONGEST_NAME:
        return {
            key: [f"{i}-{j}" for j in range(1, len(names) + 1)]
            for i, (key, names) in enumerate(labels.items(), 1)
        }
    return labels


def _text(value):
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value)
