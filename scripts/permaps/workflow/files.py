"""The files and folders that a config names, looked at before anything runs.

Snakemake finds the same problems later, and tells some of them as a traceback through itself.
"""

import os
from pathlib import Path

from permaps.workflow.config import refuse
from permaps.workflow.errors import nearest

# Of one name, in bytes, on every common file system.
LONGEST_NAME = 255


def check_files(config, given=()):
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
    problems = [problem for path in given for problem in _said_twice(path)]
    problems += _unwritable("results", config["results"])
    if config["dataset"]["source"] == "table":
        problems += _unreadable("dataset.path", config["dataset"]["path"])
    if config["mask"]["strategy"] == "file":
        problems += _unreadable("mask.file", config["mask"]["file"])
    for key, path in config["atlas"].items():
        if path is not None:
            problems += _unreadable(f"atlas.{key}", path)
    for name, path in config["inference"]["small_volumes"].items():
        problems += _unreadable(f"inference.small_volumes.{name}", path)
    if not os.path.isdir(".snakemake") and not _writable("."):
        problems.append(
            f"nothing can be written to the working directory {os.getcwd()}, where Snakemake keeps its "
            "notes; start it elsewhere, or with --directory"
        )
    if problems:
        refuse(problems)


def _said_twice(path):
    """Yield each key that a config file holds twice: YAML takes the last, and is silent about it."""
    import yaml

    try:
        waiting = [((), yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader))]
    except (OSError, ValueError, yaml.YAMLError, RecursionError):  # Snakemake has read it, in its own way
        return
    seen = set()  # an alias can make a node a part of itself
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
    try:
        os.stat(path)
    except FileNotFoundError:
        folder = os.path.abspath(os.path.dirname(path))
        yield (
            f"{key}: there is no file {path!r}{_near(folder, os.path.basename(path))} "
            f"(relative paths start from the working directory, {os.getcwd()})"
        )
        return
    except (OSError, ValueError) as error:
        yield f"{key}: {path!r} cannot be reached ({getattr(error, 'strerror', error)})"
        return
    if os.path.isdir(path):
        yield f"{key}: {path!r} is a folder; expected a file"
    elif not os.access(path, os.R_OK):
        yield f"{key}: {path!r} may not be read; ask its owner, or change its mode (chmod)"


def _near(folder, name):
    if not os.path.isdir(folder):
        return f": the folder {folder} does not exist"
    with os.scandir(folder) as entries:
        return nearest(name, [entry.name for entry in entries if entry.is_file()])


def _unwritable(key, path):
    """Yield why nothing can be written to a folder that may not exist yet."""
    path = Path(path)
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
    inner = [p for p in existing.iterdir() if p.is_dir()] if existing == path and _writable(path) else []
    closed = [p for p in [existing, *inner] if not _writable(p)]
    if closed:
        yield f"{key}: nothing can be written to '{closed[0]}'; choose another folder, or mend its mode (chmod)"


def _writable(folder):
    return os.access(folder, os.W_OK | os.X_OK)
