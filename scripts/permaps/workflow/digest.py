"""What code a script, or a whole run, depends on, as one number.

Snakemake re-runs a rule when its script changes, but knows nothing of the modules the script imports.
A rule that has this digest among its params re-runs when one of them is edited, and only then: it is
made from the modules' content, so a mere touch changes nothing.
"""

import ast
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1].name


def modules_of(script):
    """Return the library files that a script imports, directly or through one another.

    Parameters
    ----------
    script : path
        A Python file; modules are looked up in the package folder beside it.

    Returns
    -------
    list of pathlib.Path
        In sorted order, without the script itself.
    """
    script = Path(script)
    found, waiting = set(), [script]
    while waiting:
        for name in _imported(waiting.pop()):
            path = script.parent.joinpath(*name.split(".")).with_suffix(".py")
            if path.exists() and path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def _imported(path):
    """Dotted names in the package that the file at `path` imports, modules and what lies in them alike."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith(f"{PACKAGE}."))


def library_digest(script):
    """Return a short digest of the content of a script and of every library module that it uses."""
    content = hashlib.sha256()
    # Snakemake sees an edited script by itself, the records of results (`records.py`) do not.
    for path in [Path(script), *modules_of(script)]:
        content.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()[:16]


def code_digest(home):
    """Return a short digest of all that makes results: rules, scripts, library.

    Parameters
    ----------
    home : pathlib.Path
        The folder with the Snakefile.
    """
    content = hashlib.sha256()
    for path in sorted([home / "Snakefile", *home.glob("rules/*.smk"), *home.glob("scripts/**/*.py")]):
        for part in (path.relative_to(home).as_posix().encode(), path.read_bytes()):
            content.update(b"%d:%b" % (len(part), part))
    return content.hexdigest()[:16]
