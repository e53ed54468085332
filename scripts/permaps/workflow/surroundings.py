"""What a run finds where it is started, and its jobs do not take over.

    python -m permaps.workflow.surroundings

says which folder serves as cache, for the Makefile: Snakemake needs one before it reads the workflow.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from permaps.workflow.paths import is_writable


def shield(environment: MutableMapping[str, str]) -> None:
    """Keep from a run what is around it: warnings as errors, files called like modules, a home without room.

    Parameters
    ----------
    environment : mutable mapping of str to str
        What jobs are started with, changed in place.
    """
    # Else a warning of a library would end a job, which no user can fix.
    environment.pop("PYTHONWARNINGS", None)
    if sys.warnoptions:
        warnings.simplefilter("default")
    # Else jobs on other machines, started from the working directory, take a json.py there for Python's.
    environment["PYTHONSAFEPATH"] = "1"
    environment["XDG_CACHE_HOME"] = str(cache_folder(environment))
    if not _writable(_folder(environment, "XDG_CONFIG_HOME", "~/.config")):
        environment.setdefault("MPLCONFIGDIR", os.path.join(environment["XDG_CACHE_HOME"], "matplotlib"))


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for caches, or one of the run's own where that one cannot be written.

    Returns
    -------
    pathlib.Path
        Absolute.
    """
    folder = _folder(environment, "XDG_CACHE_HOME", "~/.cache")
    return folder if _writable(folder) else Path(".snakemake/cache").absolute()


def _folder(environment, name, usual):
    return Path(environment.get(name) or os.path.expanduser(usual))


def _writable(folder):
    """Tell whether files can be written to a folder, which is made; without a home it is a relative "~"."""
    if not folder.is_absolute():
        return False
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return is_writable(folder)


if __name__ == "__main__":
    print(cache_folder(os.environ))
