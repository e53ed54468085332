"""The files and folders that a config names, checked before anything runs.

Snakemake finds the same problems later, and shows some of them as a traceback of its own code.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from permaps.workflow.config import refuse
from permaps.workflow.errors import UserError, nearest
from permaps.workflow.names import LONGEST_NAME
from permaps.workflow.paths import is_writable, lies_below, no_file, not_fetched

# The longest path on Linux, in bytes; and how much of it results need below their folder.
LONGEST_PATH, BELOW_RESULTS = 4095, 2 * LONGEST_NAME
HOME = Path(__file__).parents[3]
# The keys of a dataset that are files.
OF_SOURCES = ("path", "values", "design", "contrasts", "ftests", "blocks")
# A mesh that comes with nilearn, and no file.
TEMPLATE = re.compile("fsaverage[3-7]")
# Parts of the folder of the workflow.
PARTS_OF_WORKFLOW = ("rules", "scripts", "config", "envs", ".git", ".venv")


def check_place(folder: str | Path, what: str) -> None:
    """Refuse a folder whose name Snakemake would read as wildcards, or as several lines.

    Parameters
    ----------
    folder : path
    what : str
        What the folder is, for the message.
    """
    folder = os.path.abspath(folder)
    if set(folder) & set("{}\n\r"):
        raise UserError(
            f"{what} is {folder!r}. Snakemake reads the braces in it as wildcards, and a line end as the end of the "
            "name: expected a path without them. Rename or move the folder."
        )


def check_files(config: dict, given: Sequence[str | Path] = ()) -> None:
    """Refuse a config whose input files cannot be read, or whose results cannot be written.

    Parameters
    ----------
    config : dict
        As `permaps.workflow.config.resolve` gives it.
    given : sequence of path
        The config files of the user.

    Raises
    ------
    UserError
        With all problems at once, each with its full key.
    """
    results = config["results"]
    problems = [problem for path in given for problem in _said_twice(path)]
    problems += _misplaced(results) or _unwritable("results", results)
    for key, path in _inputs(config):
        problems += [*_unreadable(key, path)] or _among_results(key, path, results)
    if (folder := config["dataset"].get("data_dir")) is not None:
        problems += _among_results("dataset.data_dir", folder, results)
        if os.path.lexists(folder) and not os.path.isdir(folder):
            problems.append(f"dataset.data_dir: {folder!r} is no folder; expected nilearn's data folder")
    if not os.path.isdir(".snakemake") and not is_writable("."):
        problems.append(
            f"nothing can be written to the working directory {os.getcwd()}, where Snakemake keeps its "
            "notes; start it elsewhere, or with --directory"
        )
    if problems:
        refuse(problems)


def _inputs(config):
    """Yield (key, path) of every file that the config names."""
    for key in OF_SOURCES:
        given = config["dataset"].get(key)
        if isinstance(given, dict):
            yield from ((f"dataset.{key}.{name}", path) for name, path in given.items())
        elif given is not None:
            yield f"dataset.{key}", given
    if config["model"]["bids"] is not None:
        yield "model.bids", config["model"]["bids"]
    if config["mask"]["strategy"] == "file":
        yield "mask.file", config["mask"]["file"]
    for section in ("space", "atlas"):
        for key, path in config[section].items():
            if path is not None and not TEMPLATE.fullmatch(path):
                hemispheres = (path.replace("{hemi}", name) for name in ("lh", "rh", "L", "R"))
                yield f"{section}.{key}", next(filter(os.path.exists, hemispheres), path)
    for key in ("small_volumes", "regions"):
        for name, where in config["inference"][key].items():
            if isinstance(where, str):  # and not a sphere
                yield f"inference.{key}.{name}", where


def _said_twice(path):
    """Yield each key that a config file has twice. YAML silently takes the last one."""
    import yaml

    if instead := no_file(path):
        yield f"the config {str(path)!r} is {instead}, which jobs cannot read again; expected a file: save it as one"
        return
    try:
        waiting = [((), yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader))]
    except (OSError, ValueError, yaml.YAMLError, RecursionError):  # Snakemake has read it, in its own way
        return
    seen = set()  # with an alias, a node can contain itself
    while waiting:
        at, node = waiting.pop()
        if not isinstance(node, yaml.MappingNode) or node in seen:
            continue
        seen.add(node)
        lines = {}
        for key, value in node.value:
            name = ".".join([*at, str(key.value)])
            line = key.start_mark.line + 1
            if name in lines:
                yield f"{name}: is in {path} twice (lines {lines[name]} and {line}); keep one"
            lines[name] = line
            waiting.append(((*at, str(key.value)), value))


def _unreadable(key, path):
    """Yield why a file cannot be read."""
    if instead := not_fetched(path):
        yield (
            f"{key}: {path!r} is {instead}; datalad get, git annex get or git lfs pull fetches a file that is not on "
            "this machine yet"
        )
        return
    try:
        os.stat(path)
    except FileNotFoundError:
        folder = os.path.abspath(os.path.dirname(path))
        like = "; FreeSurfer's fsaverage is called fsaverage7" if path == "fsaverage" else ""
        yield (
            f"{key}: there is no file {path!r}{like or _near(folder, os.path.basename(path))} "
            f"(relative paths start from the working directory, {os.getcwd()})"
        )
        return
    except (OSError, ValueError) as error:
        yield f"{key}: {path!r} cannot be reached ({getattr(error, 'strerror', error)})"
        return
    if instead := no_file(path):
        yield f"{key}: {path!r} is {instead}; expected a file"
    elif not os.access(path, os.R_OK):
        yield f"{key}: {path!r} may not be read; ask its owner, or change its mode (chmod)"


def _near(folder, name):
    if not os.path.isdir(folder):
        return f": the folder {folder} does not exist"
    with os.scandir(folder) as entries:
        return nearest(name, [entry.name for entry in entries if entry.is_file()])


def _among_results(key, path, results):
    """Return a problem if an input is among the results, which are deleted and made again."""
    if not lies_below(path, results):
        return []
    return [
        f"{key}: {path!r} lies among this run's own results, '{results}', which are deleted and made again; "
        "expected a place outside: copy it there, or choose another folder for results"
    ]


def _misplaced(results):
    """Return a problem if the folder for results has other files in it."""
    taken = {".": "holds the working directory", HOME: "holds the workflow itself"}
    around = [why for folder, why in taken.items() if lies_below(folder, results)]
    parts = [part for part in PARTS_OF_WORKFLOW if lies_below(results, HOME / part)]
    around += [f"belongs to the workflow, as a part of '{part}'" for part in parts]
    if ".snakemake" in Path(os.path.realpath(results)).parts:
        around.append("belongs to Snakemake, which keeps its notes there")
    if not around:
        return []
    return [f"results: {results!r} {around[0]}; expected a folder of their own, such as 'results'"]


def _unwritable(key, path):
    """Yield why nothing can be written to a folder that may not exist yet."""
    path = Path(path)
    if len(os.fsencode(path.absolute())) > LONGEST_PATH - BELOW_RESULTS:
        yield f"{key}: the path {str(path)[:60]!r}... is too long for files below it; choose a shorter one"
        return
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        yield f"{key}: a name in {str(path)[:60]!r}... has more than {LONGEST_NAME} bytes; choose a shorter one"
        return
    existing = next((p for p in [path, *path.parents] if os.path.lexists(p)), Path("."))
    if not existing.is_dir():
        yield (
            f"{key}: '{existing}' is no folder (a file, or a link that leads nowhere); "
            "remove it, or choose another folder"
        )
        return
    inner = [p for p in existing.iterdir() if p.is_dir()] if existing == path and is_writable(path) else []
    closed = [p for p in [existing, *inner] if not is_writable(p)]
    if closed:
        yield f"{key}: nothing can be written to '{closed[0]}'; choose another folder, or change its mode (chmod)"
