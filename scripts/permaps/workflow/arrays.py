"""Arrays in files: without pickles, which could run code, and written whole or not at all."""

from pathlib import Path

import numpy as np

from permaps.workflow.jobs import written_whole


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Return all arrays of an .npz file, by name."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def write_arrays(path: str | Path, **arrays: np.ndarray) -> None:
    """Write arrays to an .npz file."""
    with written_whole(path) as temporary:
        np.savez(temporary, **arrays)


def open_matrix(path: str | Path) -> np.ndarray:
    """Return the matrix of an .npy file as a memory map."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
