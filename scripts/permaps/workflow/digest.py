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


class Sources:
    """Files of code, each read and searched once: one object for many scripts, as they are at one time."""

    def __init__(self) -> None:
        self.text = cache(lambda path: path.read_text(encoding="utf-8"))
        self.imports = cache(self._imports)
        self.beside = cache(self._beside)
        self.digest = cache(
            lambda path: hashlib.sha256(path.name.encode() + b"\0" + path.read_bytes()).digest()
        )

    def _imports(self, path, home):
        """Return the modules below a folder that a file imports."""
        # Not by Python's parser, which takes four times as long, at every start.
        names = set()
        for module, inside in IMPORT.findall(self.text(path)):
            names |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", inside))}
        paths = (home.joinpath(*name.split(".")).with_suffix(".py") for name in names)
        return [path for path in paths if path.exists()]

    def _beside(self, module):
        """Return the files next to a module that are no code and that it names, alone or by their folder."""
        quoted = set(re.findall(r"""["']([\w.-]+)["']""", self.text(module)))
        named = [path for path in module.parent.iterdir() if path.suffix != ".py" and path.name in quoted]
        return [file for path in named for file in _files(path)]


def modules_of(script: str | Path, sources: Sources | None = None) -> list:
    """Return the library files that a script imports, directly or through one another.

    Parameters
    ----------
    script : path
        A Python file; modules are looked up in the package folder beside it.
    sources : Sources, optional
        As read for other scripts.

    Returns
    -------
    list of pathlib.Path
        In sorted order, without the script itself.
    """
    script, sources = Path(script), sources or Sources()
    modules, waiting = set(), [script]
    while waiting:
        new = set(sources.imports(waiting.pop(), script.parent)) - modules
        modules |= new
        waiting += new
    return sorted(modules)


def _files(path):
    """Yield the files in a folder, or the file itself, without Python's compiled code."""
    files = path.rglob("*") if path.is_dir() else [path]
    yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)


def library_digest(script: str | Path, sources: Sources | None = None) -> str:
    """Return a short digest of the content of a script and of every library file that it uses."""
    sources, content = sources or Sources(), hashlib.sha256()
    modules = modules_of(script, sources)
    # Snakemake notices an edited script by itself, but the records of results (`records.py`) do not.
    for path in [Path(script), *sorted({*modules, *(file for m in modules for file in sources.beside(m))})]:
        content.update(sources.digest(path))
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
