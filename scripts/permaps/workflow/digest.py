"""The code that a script, or a whole run, depends on, as one digest.

Snakemake re-runs a rule when its script changes. It does not know about the modules that the script imports,
or the templates and references next to them. A rule with this digest among its params re-runs when one of
them is edited, and only then: the digest depends on the content of the modules, so touching a file changes
nothing.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1].name
# `import permaps.room.module`, or `from permaps.room import module, (more)`.
IMPORT = re.compile(
    rf"^[ \t]*(?:from|import)[ \t]+({PACKAGE}\.[\w.]+)(?:[ \t]+import[ \t]+(\([^)]*\)|[^\n]*))?", re.M
)


def modules_of(script: str | Path) -> list:
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
    modules, waiting = set(), [script]
    while waiting:
        for name in _imported(waiting.pop().read_text(encoding="utf-8")):
            path = script.parent.joinpath(*name.split(".")).with_suffix(".py")
            if path.exists() and path not in modules:
                modules.add(path)
                waiting.append(path)
    return sorted(modules)


def _beside(module):
    """Yield the files next to a module that are no code and that it names, alone or by their folder."""
    quoted = _quoted(module.read_text(encoding="utf-8"))
    for path in module.parent.iterdir():
        if path.suffix != ".py" and path.name in quoted:
            yield from _files(path)


def _files(path):
    """Yield the files in a folder, or the file itself, without Python's compiled code."""
    files = path.rglob("*") if path.is_dir() else [path]
    yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)


# Cached by text and not by path, so that an edit counts. Not by Python's parser: every job on a cluster does this,
# and the parser takes a second for what is found here in a quarter of one.
@cache
def _quoted(source):
    """Return the words in quotation marks in a source, which include the names of files."""
    return set(re.findall(r"""["']([\w.-]+)["']""", source))


@cache
def _imported(source):
    """Return the dotted names that a source imports from the package: modules, and names inside modules."""
    names = set()
    for module, inside in IMPORT.findall(source):
        names |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", inside))}
    return names


def library_digest(script: str | Path) -> str:
    """Return a short digest of the content of a script and of every library file that it uses."""
    content = hashlib.sha256()
    modules = modules_of(script)
    # Snakemake notices an edited script by itself, but the records of results (`records.py`) do not.
    for path in [
        Path(script),
        *sorted({*modules, *(file for module in modules for file in _beside(module))}),
    ]:
        content.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()[:16]


def code_digest(home: Path) -> str:
    """Return a short digest of all code that makes results: rules, scripts, library.

    Parameters
    ----------
    home : pathlib.Path
        The folder with the Snakefile.
    """
    content = hashlib.sha256()
    for path in sorted([home / "Snakefile", *home.glob("rules/*.smk"), *_files(home / "scripts")]):
        for part in (path.relative_to(home).as_posix().encode(), path.read_bytes()):
            content.update(b"%d:%b" % (len(part), part))
    return content.hexdigest()[:16]
