"""CIFTI-2 files on disk: values of grayordinates, and which vertices and voxels these are."""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, LabelAxis, ParcelsAxis, ScalarAxis, SeriesAxis
from nibabel.cifti2.parse_cifti2 import Cifti2Parser

from permaps.maps.images import Decoded, UnusableMap, check_numbers, precision_of, reading
from permaps.maps.map_paths import item_of
from permaps.workflow.jobs import written_whole
from permaps.workflow.provenance import sha256

PREFIX = "CIFTI_STRUCTURE_"
CORTICES = {"CORTEX_LEFT": "L", "CORTEX_RIGHT": "R"}
_INTENTS = {
    BrainModelAxis: "NIFTI_INTENT_CONNECTIVITY_DENSE_SCALARS",
    ParcelsAxis: "NIFTI_INTENT_CONNECTIVITY_PARCELLATED_SCALAR",
}
_HELD = {
    BrainModelAxis: "grayordinates",
    ParcelsAxis: "parcels",
    ScalarAxis: "maps",
    LabelAxis: "labels",
    SeriesAxis: "points in time",
}


@dataclass(frozen=True)
class BrainModels:
    """Which vertices and voxels grayordinates are: cortices, left before right, then voxels in C order.

    Attributes
    ----------
    structures : numpy.ndarray of str, shape (n_structures,)
        As in the files, in their order, without CIFTI_STRUCTURE_.
    structure : numpy.ndarray of int, shape (n_grayordinates,)
        The number of the structure that each belongs to.
    index : numpy.ndarray of int32, shape (n_grayordinates, 3)
        i, j, k of a voxel; a vertex has its number in place of i.
    order : numpy.ndarray of int, shape (n_grayordinates,)
        Where each is in the files.
    counts : dict of str to int
        Vertices of the meshes of the cortices, by "L" and "R".
    shape : tuple of int
        Of the grid of the voxels; () without any.
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    """

    structures: np.ndarray
    structure: np.ndarray
    index: np.ndarray
    order: np.ndarray
    counts: dict
    shape: tuple
    affine: np.ndarray

    @property
    def is_vertex(self) -> np.ndarray:
        """Which of them are vertices, shape (n_grayordinates,)."""
        return np.isin(self.structures, list(CORTICES))[self.structure]

    @property
    def identity(self) -> str:
        """A hash of what they are, the same for two files whose values can be compared one by one."""
        facts = [self.structures.tolist(), self.counts, self.shape, np.round(self.affine, 3).tolist()]
        arrays = (self.structure, self.index, self.order)
        content = b"".join(np.ascontiguousarray(array, "<i4").tobytes() for array in arrays)
        return hashlib.sha256(repr(facts).encode() + content).hexdigest()


def decode_dense(path: str | Path) -> Decoded:
    """Read one map of grayordinates.

    Parameters
    ----------
    path : path
        .dscalar.nii with one map; or one of several, counted from 0 in brackets: all.dscalar.nii[3].

    Returns
    -------
    permaps.maps.images.Decoded
        `parts` has the structures with their numbers of grayordinates, `models` the identity of `BrainModels`.

    Raises
    ------
    UnusableMap
        When there is no such map.
    """
    values, checksums, models, identity = _read(path, BrainModelAxis, _modelled)
    numbers = np.bincount(models.structure, minlength=len(models.structures)).tolist()
    parts = dict(zip(models.structures.tolist(), numbers, strict=True))
    return Decoded(np.ascontiguousarray(values[models.order]), checksums, parts, identity)


def decode_parcellated(path: str | Path) -> Decoded:
    """Read one map of parcels.

    Parameters
    ----------
    path : path
        .pscalar.nii with one map; or one of several, counted from 0 in brackets.

    Returns
    -------
    permaps.maps.images.Decoded
        `parts` has the names of the parcels, with how many grayordinates they consist of.

    Raises
    ------
    UnusableMap
        When there is no such map.
    """
    values, checksums, parts, identity = _read(path, ParcelsAxis, _parcelled)
    return Decoded(np.ascontiguousarray(values), checksums, parts, identity, outside=False)


def read_header(path: str | Path) -> np.ndarray:
    """Return the XML that says what the elements of a CIFTI file are, uint8; it may be one of several maps."""
    return np.frombuffer(_open(item_of(os.fspath(path))[0])[0].header.to_xml(), np.uint8)


def axis_in(header: np.ndarray) -> ParcelsAxis:
    """Return the parcels of what `read_header` gives."""
    parser = Cifti2Parser()
    parser.parse(string=header.tobytes())
    return parser.header.get_axis(1)


def read_models(path: str | Path) -> BrainModels:
    """Return which vertices and voxels the grayordinates of a file are; it may be one of several maps."""
    image, _ = _open(item_of(os.fspath(path))[0])
    return brain_models(image.header.get_axis(1))


def count_maps(path: str | Path) -> int:
    """Return how many maps a CIFTI file has.

    Raises
    ------
    UnusableMap
        When it is no CIFTI file, or one without maps.
    """
    image = _open(path)[0]
    if isinstance(image.header.get_axis(0), (BrainModelAxis, ParcelsAxis)):
        raise UnusableMap(f"another kind of CIFTI ({_held(image)}), not one of maps")
    return image.shape[0]


def read_parcel_matrix(path: str | Path) -> tuple[list[str], np.ndarray, dict[str, str]]:
    """Read what joins parcels with one another.

    Parameters
    ----------
    path : path
        .pconn.nii

    Returns
    -------
    names : list of str
        Of the parcels.
    matrix : numpy.ndarray, shape (n_parcels, n_parcels)
    checksums : dict of str to str
        See `permaps.maps.images.Decoded`.

    Raises
    ------
    UnusableMap
        When there is no such matrix.
    """
    image, checksums = _open(os.fspath(path))
    rows, columns = image.header.get_axis(0), image.header.get_axis(1)
    if not isinstance(rows, ParcelsAxis) or not isinstance(columns, ParcelsAxis):
        raise UnusableMap(f"another kind of CIFTI ({_held(image)}), not parcels x parcels")
    names = columns.name.tolist()
    if rows.name.tolist() != names:
        raise UnusableMap("rows and columns have other names, or another order")
    with reading():
        return names, np.asanyarray(image.dataobj), checksums


def _modelled(axis):
    models = brain_models(axis)
    return models, models.identity


def _parcelled(axis):
    parts = {
        str(name): len(voxels) + sum(map(len, vertices.values()))
        for name, voxels, vertices in zip(axis.name, axis.voxels, axis.vertices, strict=True)
    }
    if len(parts) < len(axis):
        raise UnusableMap("two parcels of one name")
    content = hashlib.sha256()
    for voxels, vertices in zip(axis.voxels, axis.vertices, strict=True):
        for array in (voxels, *(vertices[name] for name in sorted(vertices))):
            content.update(np.ascontiguousarray(array, "<i4").tobytes())
    return parts, content.hexdigest()


def _read(path, axis, understood):
    """Return the values of one map, the checksum of its file, and what its elements are."""
    path, item = item_of(os.fspath(path))
    # The header of a file with a map for everyone is read once.
    image, checksums, *elements = (_series if item is not None else _parsed)(path, axis, understood)
    n = image.shape[0]
    if item is None and n != 1:
        raise UnusableMap(f"several maps ({n} in one file)")
    if item is not None and item >= n:
        raise UnusableMap(f"no map {item} (the file has {n}, from 0 on)")
    with reading():
        # Reading all of a damaged file gives a better message.
        values = np.asanyarray(image.dataobj if item is None else image.dataobj[item]).reshape(-1)
    check_numbers(values.dtype)
    return values.astype(precision_of(values.dtype)), checksums, *elements


def _parsed(path, expected, understood):
    image, checksums = _open(path)
    rows, columns = image.header.get_axis(0), image.header.get_axis(1)
    if isinstance(rows, SeriesAxis):
        raise UnusableMap(f"a time series ({len(rows)} points in time), not a map")
    if not isinstance(rows, ScalarAxis) or not isinstance(columns, expected):
        raise UnusableMap(f"another kind of CIFTI ({_held(image)}), not maps x {_HELD[expected]}")
    if image.shape != (len(rows), len(columns)):
        raise UnusableMap("unreadable (the header and the values differ in number)")
    return image, checksums, *understood(columns)


# For the maps and their covariates, which are read in turn.
_series = lru_cache(maxsize=8)(_parsed)


def _held(image):
    """Say what the rows and the columns of a file are."""
    axes = image.header.get_axis(0), image.header.get_axis(1)
    return " x ".join(_HELD.get(type(axis), type(axis).__name__) for axis in axes)


def _open(path):
    with reading(path):
        image, checksum = nib.load(path), sha256(path)
        if isinstance(image, Cifti2Image) and image.ndim == 2:
            image.header.get_axis(0), image.header.get_axis(1)
    if not isinstance(image, Cifti2Image) or image.ndim != 2:
        raise UnusableMap(f"no CIFTI ({type(image).__name__}), whatever its name says")
    _check_length(image, path)
    return image, {os.path.basename(path): checksum}


def _check_length(image, path):
    """Refuse a file that ends before its values do, whichever of them are asked for."""
    values = image.dataobj
    n_bytes = values.offset + int(np.prod([int(n) for n in values.shape])) * values.dtype.itemsize
    if os.path.getsize(path) < n_bytes:
        raise UnusableMap(
            f"cut off (by its header it has {n_bytes:,} bytes, and it ends after {os.path.getsize(path):,})"
        )


def brain_models(axis: BrainModelAxis) -> BrainModels:
    """Return what the grayordinates of an axis are.

    Raises
    ------
    UnusableMap
        Of vertices of other surfaces than cortices, or of a grayordinate that is there twice.
    """
    names = [str(name).removeprefix(PREFIX) for name, _, _ in axis.iter_structures()]
    structures = list(dict.fromkeys(names))
    number = {PREFIX + name: i for i, name in enumerate(structures)}
    structure = np.array([number[str(name)] for name in axis.name])
    vertices = {str(name).removeprefix(PREFIX): int(n) for name, n in axis.nvertices.items()}
    if other := sorted(vertices.keys() - CORTICES.keys()):
        raise UnusableMap(f"vertices of {other[0]} (of surfaces, only those of the cortices are analysed)")
    on_surface = np.asarray(axis.surface_mask)
    index = np.where(
        on_surface[:, None], np.array([1, 0, 0]) * np.maximum(axis.vertex, 0)[:, None], axis.voxel
    )
    rank = np.array([list(CORTICES).index(name) if name in CORTICES else 2 for name in structures])[structure]
    order = np.lexsort((*index.T[::-1], np.where(on_surface, rank, 2)))
    sorted_index = np.column_stack([rank, index])[order]
    if (sorted_index[1:] == sorted_index[:-1]).all(axis=1).any():
        raise UnusableMap("a vertex or voxel that is there twice")
    gridded = axis.volume_shape is not None
    return BrainModels(
        np.array(structures),
        structure[order],
        index[order].astype(np.int32),
        order,
        {side: vertices[name] for name, side in CORTICES.items() if name in vertices},
        tuple(map(int, axis.volume_shape)) if gridded else (),
        np.asarray(axis.affine, float) if gridded else np.eye(4),
    )


def axis_of(models: BrainModels) -> BrainModelAxis:
    """Return the axis that `brain_models` was given."""
    place = np.empty_like(models.order)
    place[models.order] = np.arange(len(place))
    on_surface, index = models.is_vertex[place], models.index[place]
    gridded = len(models.shape) > 0
    return BrainModelAxis(
        name=(PREFIX + models.structures.astype(object))[models.structure[place]].astype("U100"),
        voxel=np.where(on_surface[:, None], -1, index),
        vertex=np.where(on_surface, index[:, 0], -1),
        affine=models.affine if gridded else None,
        volume_shape=models.shape if gridded else None,
        nvertices={PREFIX + name: models.counts[s] for name, s in CORTICES.items() if s in models.counts},
    )


def write_scalars(
    path: str | Path, values: np.ndarray, axis: BrainModelAxis | ParcelsAxis, description: str
) -> None:
    """Write one map as CIFTI-2, whole or not at all, with the same bytes every time.

    Parameters
    ----------
    path : path
    values : array, shape (n,)
    axis : BrainModelAxis or ParcelsAxis
        Of length n.
    description : str
    """
    image = Cifti2Image(np.asarray(values, np.float32)[None], (ScalarAxis([description]), axis))
    image.nifti_header.set_intent(_INTENTS[type(axis)])
    with written_whole(path) as temporary:
        nib.save(image, temporary)
