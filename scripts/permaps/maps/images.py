"""Brain images on disk: read what may be damaged, write what others can read."""

import contextlib
import gzip
import hashlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import imageglobals
from nibabel.affines import apply_affine
from nibabel.filebasedimages import ImageFileError

from permaps.maps.map_paths import item_of, partners
from permaps.tables.reasons import UNKNOWN_KIND
from permaps.workflow.errors import one_line
from permaps.workflow.jobs import written_whole
from permaps.workflow.paths import no_file, not_fetched
from permaps.workflow.provenance import sha256

# Two grids are one when no corner is further apart than this share of the smallest voxel side: the
# quaternions of a qform alone can move a corner by some hundredths of a millimetre.
GRID_TOLERANCE = 0.05
# A header that claims more is damaged, and no memory is allocated for it: 640 voxels along each side.
_MAX_VOXELS = 2**28
# A byte of a .gz file becomes at most so many.
_MAX_INFLATION = 1032
# A volume of one slice is not so much longer than wide. The vertices of a surface are: one after another, or folded
# into factors as FreeSurfer does where a header cannot hold their number, 163842 into 27307 x 1 x 6.
_LONGEST_SIDE = 100
_OF_A_SURFACE = "values of a surface"
# How nibabel would open a file by its name; those of other formats it opens itself.
_OPENED = dict.fromkeys((".nii", ".img", ".hdr", ".mat"), io.BytesIO) | {
    ".gz": lambda content: gzip.GzipFile(fileobj=io.BytesIO(content))
}

# Endings of files with images.
_ENDINGS = (".nii", ".gz", ".img", ".hdr", ".gii", ".mgh", ".mgz")


class UnusableMap(Exception):
    """Why a participant's map cannot be analysed, in a few words."""


@dataclass(frozen=True)
class Decoded:
    """One map, and what its files hold.

    Attributes
    ----------
    data : numpy.ndarray, shape (x, y, z) or (n_vertices,)
        float32 if the file holds float32, otherwise float64; native byte order, C order.
    checksums : dict of str to str
        The SHA-256 of each file that the map consists of, by the file's name.
    parts, models
        As of `permaps.maps.layout.Layout`.
    affine : numpy.ndarray, shape (4, 4), or None
        Voxel to mm, of a volume.
    outside : bool
        Whether 0 may stand for what lies outside the brain. Of edges and regions it is a value.
    """

    data: np.ndarray
    checksums: dict[str, str]
    parts: dict[str, int] = field(default_factory=dict)
    models: str = ""
    affine: np.ndarray | None = None
    outside: bool = True


@contextlib.contextmanager
def reading(*files: str) -> Iterator[None]:
    """Raise `UnusableMap` for whatever goes wrong in a block that reads files, given in case they are none."""
    if files and not os.path.lexists(files[0]):
        raise UnusableMap("missing file")
    for file in files:
        if instead := no_file(file):
            raise UnusableMap(f"unreadable ({instead} in place of a file)")
        if instead := not_fetched(file):
            raise UnusableMap(f"not fetched ({instead})")
    with quiet():
        try:
            yield
        except UnusableMap:
            raise
        except Exception as error:  # a damaged file can raise nearly anything
            raise UnusableMap(f"unreadable ({one_line(error)})") from None


def load_volume(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the data, shape (x, y, z), and the affine, shape (4, 4), of one volume; see `decode`."""
    volume = decode(path)
    return volume.data, volume.affine


def check_numbers(dtype: np.dtype) -> None:
    """Refuse data that are no real numbers."""
    if dtype.kind not in "biuf":
        raise UnusableMap("colour (RGB) data" if dtype.names else f"data of type {dtype}")


def precision_of(dtype: np.dtype) -> type[np.floating]:
    """Return float32 for values that have no more, otherwise float64."""
    return np.float32 if dtype.kind == "f" and dtype.itemsize <= 4 else np.float64


def decode(path: str | Path) -> Decoded:
    """Read one volume, the bytes of its files once.

    Parameters
    ----------
    path : path
        NIfTI (.nii, .nii.gz) or an Analyze pair (either file), 3D, or 4D with one volume; or one volume of a 4D
        file, counted from 0 in brackets: all.nii.gz[3]. A single slice is a volume, a single row of voxels is
        not.

    Raises
    ------
    UnusableMap
        When there is no such volume.
    """
    path, item = item_of(os.fspath(path))
    image = _open(path)
    shape = _volume_shape(image.shape if item is None else _shape_of_one(image.shape, item))
    dtype = image.get_data_dtype()
    if dtype.kind == "c":
        raise UnusableMap("complex data")
    check_numbers(dtype)
    _check_size(image, dtype.itemsize * np.prod([float(n) for n in image.shape]))
    affine = np.asarray(image.affine, dtype=float)
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or not _is_invertible(affine):
        raise UnusableMap("affine is not invertible")
    with reading():
        if item is None:
            image, checksums = _in_memory(image, path)
            data = np.asanyarray(image.dataobj)
        else:
            image, checksums = _series(path)
            data = np.asanyarray(image.dataobj[:, :, :, item])
        data = np.ascontiguousarray(data.reshape(shape), dtype=precision_of(data.dtype))
    return Decoded(data, checksums, affine=affine)


def count_volumes(path: str | Path) -> int:
    """Return how many volumes a file has, by its header.

    Raises
    ------
    UnusableMap
        When it is no image, or none of volumes.
    """
    image = _open(path)
    shape = image.shape
    if len(shape) < 3:
        raise UnusableMap(f"not a volume (shape {shape_text(shape)})")
    if any(n != 1 for n in shape[4:]):
        raise UnusableMap(
            f"several values per voxel (shape {shape_text(shape)}), not a volume after the other"
        )
    _check_size(image, image.get_data_dtype().itemsize * np.prod([float(n) for n in shape]))
    return shape[3] if len(shape) > 3 else 1


def read_grid(path: str | Path) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the shape and the affine of an image's voxels, by its header; see `count_volumes`."""
    image = _open(path)
    return image.shape[:3], np.asarray(image.affine, float)


def _shape_of_one(shape, item):
    if len(shape) < 4 or any(n != 1 for n in shape[4:]) or item >= shape[3]:
        raise UnusableMap(f"no volume {item} (shape {shape_text(shape)}, volumes from 0 on)")
    return shape[:3]


# For the maps and their covariates, which are read in turn.
@lru_cache(maxsize=8)
def _series(path):
    """Return an image whose volumes are read one after the other, and the checksum of its file."""
    # Kept open, since a compressed file would be read from its beginning for every volume.
    return nib.load(path, keep_file_open=True), {os.path.basename(path): sha256(path)}


def _in_memory(image, path):
    """Return the same image on the bytes of its files, whose header is sound, and their checksums by name."""
    checksums = {}
    for part in filter(os.path.isfile, partners(os.fspath(path))):
        content = Path(part).read_bytes()
        checksums[os.path.basename(part)] = hashlib.sha256(content).hexdigest()
        opened = _OPENED.get(os.path.splitext(part)[1].lower())
        for holder in image.file_map.values():
            if opened and holder.filename == part:
                holder.fileobj = opened(content)
    return type(image).from_file_map(image.file_map), dict(sorted(checksums.items()))


def _open(path):
    with reading(path, *partners(os.fspath(path))):
        try:
            image = nib.load(path)
        except ImageFileError:
            ending = os.path.splitext(path)[1].lower()
            if ending in _ENDINGS:
                raise
            raise UnusableMap(f"{UNKNOWN_KIND} (named {ending or 'without an ending'})") from None
    if isinstance(image, (nib.GiftiImage, nib.Cifti2Image)):
        raise UnusableMap(f"{_OF_A_SURFACE} ({type(image).__name__.removesuffix('Image')}), not a volume")
    return image


def _volume_shape(shape):
    """Return the three spatial dimensions, when all further ones are singletons and they are those of a volume."""
    if len(shape) < 3:
        raise UnusableMap(f"not a volume (shape {shape_text(shape)})")
    if any(n != 1 for n in shape[3:]):
        raise UnusableMap(f"several volumes (shape {shape_text(shape)})")
    if not 0 < np.prod([float(n) for n in shape]) < _MAX_VOXELS:
        raise UnusableMap(f"unreadable (the header claims {shape_text(shape)} voxels)")
    if max(shape[:3]) == 1:
        raise UnusableMap("a single voxel, not a volume")
    *_, wide, long = sorted(shape[:3])
    if wide == 1 or long > _LONGEST_SIDE * wide:
        raise UnusableMap(f"{_OF_A_SURFACE} (shape {shape_text(shape)}), not a volume")
    return shape[:3]


def _is_invertible(affine):
    with np.errstate(all="ignore"):
        determinant = np.linalg.det(affine[:3, :3])
    return bool(np.isfinite(determinant) and abs(determinant) >= 1e-12)


def _check_size(image, n_bytes):
    """Refuse a header that claims more than its file can hold, before memory is allocated."""
    name = os.fspath(image.file_map["image"].filename)
    most = {".nii": 1, ".img": 1, ".gz": _MAX_INFLATION}.get(os.path.splitext(name)[1].lower(), np.inf)
    if os.path.isfile(name) and most * os.path.getsize(name) < n_bytes:
        raise UnusableMap(
            f"unreadable (the header claims {shape_text(image.shape)} voxels, the file holds fewer)"
        )


class quiet(warnings.catch_warnings):
    """Keep nibabel's remarks on odd headers off the terminal; what matters is checked here."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
        self._level = imageglobals.logger.level
        imageglobals.logger.setLevel(100)

    def __exit__(self, *exception: object) -> None:
        imageglobals.logger.setLevel(self._level)
        super().__exit__(*exception)


def same_grid(
    shape: tuple[int, ...], affine: np.ndarray, other_shape: tuple[int, ...], other_affine: np.ndarray
) -> bool:
    """Tell whether two grids are the same, comparing affines by where they put the corners.

    Affines, not qform or sform codes: codes differ among equal images, and a flipped image
    (LAS among RAS) has equal codes.

    Parameters
    ----------
    shape, other_shape : tuple of int
    affine, other_affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    """
    if tuple(shape) != tuple(other_shape):
        return False
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1)
    # A grid of one voxel along an axis says nothing about that axis' step.
    corners = np.hstack([corners, np.eye(3)])
    apart = np.abs((affine - other_affine) @ np.vstack([corners, np.ones(corners.shape[1])])).max()
    return bool(apart <= GRID_TOLERANCE * np.sqrt((affine[:3, :3] ** 2).sum(axis=0)).min())


def lost_its_place(
    shape: tuple[int, ...], affine: np.ndarray, other_shape: tuple[int, ...], other_affine: np.ndarray
) -> bool:
    """Tell whether two grids have one shape and cover different places, as after an affine was lost.

    A grid that is flipped (LAS among RAS) covers the same places.

    Parameters
    ----------
    shape, other_shape, affine, other_affine
        As of `same_grid`.
    """
    if tuple(shape) != tuple(other_shape):
        return False
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1).T
    box, other = (
        np.sort(apply_affine(its_affine, ends), axis=0)[[0, -1]] for its_affine in (affine, other_affine)
    )
    return bool(np.abs(box - other).max() > np.sqrt((affine[:3, :3] ** 2).sum(axis=0)).max())


def values_at(data: np.ndarray, affine: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the value of an image at places: that of the nearest voxel, or 0 outside.

    Parameters
    ----------
    data : numpy.ndarray, shape (x, y, z)
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    places : array, shape (n, 3)
        In mm.
    """
    voxels = np.rint(apply_affine(np.linalg.inv(affine), np.reshape(places, (-1, 3)))).astype(int)
    inside = ((voxels >= 0) & (voxels < data.shape)).all(axis=1)
    values = np.zeros(len(voxels), data.dtype)
    values[inside] = data[tuple(voxels[inside].T)]
    return values


def shape_text(shape: tuple[int, ...]) -> str:
    """Say a shape, such as 53 x 63 x 46."""
    return " x ".join(map(str, shape))


def affine_text(affine: np.ndarray) -> str:
    """Say the three rows of an affine, shape (4, 4), that matter, in brackets."""
    # Adding 0 turns -0 into 0.
    rows = "; ".join(" ".join(f"{v:g}" for v in row) for row in np.round(affine[:3], 4) + 0.0)
    return f"[{rows}]"


def write_image(path: str | Path, data: np.ndarray, affine: np.ndarray, description: str) -> None:
    """Write a NIfTI file, whole or not at all, with the same bytes every time.

    Parameters
    ----------
    path : path
    data : numpy.ndarray, shape (x, y, z)
        bool is stored as uint8, other types as they are.
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm.
    description : str
        What the values are, at most 79 bytes; goes to the header's descrip.
    """
    data = data.astype(np.uint8) if data.dtype == bool else data
    image = nib.Nifti1Image(data, affine, dtype=data.dtype)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = description.encode("ascii", "replace")[:79]
    with written_whole(path) as temporary:
        nib.save(image, temporary)
