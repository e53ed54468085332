"""The provenance of a run: its settings, software, inputs and the size of its results."""

import hashlib
import importlib.metadata
import platform
from pathlib import Path

import numpy as np

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "nibabel",
    "nilearn",
    "scikit-learn",
    "numba",
    "formulaic",
    "matplotlib",
)


def software() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that results depend on; None if not installed.

    A package that is missing here may have been used: with conda, jobs run in several environments.
    """
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def sha256(path: str | Path) -> str:
    """Return a file's checksum without reading the whole file into memory."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drawn_in(null: str | Path, n_distinct: int | str) -> dict[str, int | bool]:
    """Return how many relabellings a null has besides the observed one, and whether p is exact by them.

    Parameters
    ----------
    null : path
        As `merge_nulls` writes it.
    n_distinct : int or str
        The observed labelling is one of them; text if the number is too large for JSON.
    """
    with np.load(null, allow_pickle=False) as maxima:
        n, sampled = len(maxima[maxima.files[0]]) - 1, "sampled" in maxima.files
    return {
        "n_relabellings": n,
        "exact": isinstance(n_distinct, int) and n + 1 >= n_distinct and not sampled,
    }


def plain(value: object) -> object:
    """Return nested dicts, lists and numbers as types that JSON and a comparison of params know."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value
