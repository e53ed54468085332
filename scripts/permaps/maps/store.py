"""Decoded maps in one file: each image is read once, and all that follows takes its values from here.

A map costs its values and a bit per voxel: voxels that hold its background, 0 or NaN, are left out.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from permaps.maps.layout import Layout
from permaps.workflow.jobs import read_json, write_json


@dataclass(frozen=True)
class Entry:
    """What is known of one image.

    Attributes
    ----------
    reason : str
        Why it cannot be analysed; the rest is only there where this is empty.
    shape, affine, parts, models
        As of `permaps.maps.layout.Layout`; the first two are lists.
    dtype : str
        Of its values: float32 or float64.
    background : str
        What the voxels hold that are left out: "0" or "nan".
    start : int
        Where the map begins in the file, in bytes.
    only : float or None
        Where 0 may stand for what lies outside the brain: the one value besides it, 0 if there is none; None if there
        are several.
    same_as_map : bool
        Of a covariate: whether it holds the values of the participant's map, up to scale.
    digest : str
        Of the values as float32, so that equal maps have equal digests however they are stored.
    checksums : dict of str to str
        The SHA-256 of the image's files, by name.
    """

    reason: str = ""
    shape: list = field(default_factory=list)
    affine: list = field(default_factory=list)
    parts: dict = field(default_factory=dict)
    models: str = ""
    dtype: str = ""
    background: str = ""
    start: int = 0
    only: float | None = None
    same_as_map: bool = False
    digest: str = ""
    checksums: dict = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """What its values are laid out on."""
        return Layout(tuple(self.shape), np.array(self.affine), self.parts, self.models)


def append(file: BinaryIO, data: np.ndarray) -> dict:
    """Write a map at the end of a file.

    Parameters
    ----------
    file : binary file, open for writing
    data : numpy.ndarray of float32 or float64, in the shape of a map

    Returns
    -------
    dict
        The part of its `Entry` that tells how to read it.
    """
    start, flat = file.tell(), data.ravel()
    background = "nan" if 2 * np.isnan(flat).sum() > flat.size else "0"
    # By their bits: -0.0 is not 0, and a NaN may carry something.
    bits = flat.view(f"u{flat.itemsize}")
    held = bits != np.array(float(background), flat.dtype).view(bits.dtype)
    file.write(np.packbits(held).tobytes())
    file.write(flat[held].tobytes())
    return {"shape": list(data.shape), "dtype": data.dtype.name, "background": background, "start": start}


class Maps(Sequence):
    """Maps of one kind, decoded when they are asked for: one is in memory at a time.

    Parameters
    ----------
    path : path
        File that `append` wrote.
    entries : list of Entry or None
        None for a participant without a map, who has NaN everywhere.
    """

    def __init__(self, path: str | Path, entries: list[Entry]):
        self.path, self.entries = path, entries

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, i: int) -> np.ndarray:
        entry = self.entries[i]
        if entry is None:
            return np.full(self.layout.shape, np.nan, np.float32)
        size = int(np.prod(entry.shape))
        with open(self.path, "rb") as file:
            file.seek(entry.start)
            held = np.unpackbits(np.fromfile(file, np.uint8, -(-size // 8)), count=size).astype(bool)
            flat = np.full(size, float(entry.background), entry.dtype)
            flat[held] = np.fromfile(file, entry.dtype, int(held.sum()))
        return flat.reshape(entry.shape)

    @property
    def layout(self) -> Layout:
        """What the values are laid out on: the same for all maps."""
        return next(entry.layout for entry in self.entries if entry)


class Store:
    """The images of a participants table, as `read_maps` left them.

    Parameters
    ----------
    images, values : path
        What the images are (JSON), and the file with the values of the usable ones.
    """

    def __init__(self, images: str | Path, values: str | Path):
        self.entries, self.values = read_index(images), values

    def maps(self, participants: Iterable[str], column: str, absent: Collection[str] = frozenset()) -> Maps:
        """Return the usable maps that a column names.

        Parameters
        ----------
        participants : iterable of str
            Their ids, in the order that is wanted.
        column : str
        absent : collection of str
            Those of them without a usable map.
        """
        columns = [None if name in absent else self.entries[name][column] for name in participants]
        return Maps(self.values, columns)


def read_index(path: str | Path) -> dict[str, dict[str, Entry]]:
    """Return the entries of all images, as {participant: {column: Entry}}."""
    return {
        name: {column: Entry(**known) for column, known in of.items()} for name, of in read_json(path).items()
    }


def write_index(path: str | Path, entries: dict[str, dict[str, Entry]]) -> None:
    """Write the entries of all images."""
    stored = {name: {column: asdict(entry) for column, entry in of.items()} for name, of in entries.items()}
    write_json(path, stored, indent=None)
