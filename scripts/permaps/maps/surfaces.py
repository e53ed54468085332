"""Maps and meshes of cortical surfaces on disk: GIFTI, and FreeSurfer's own formats."""

import os
from functools import cached_property, lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np

from permaps.maps.images import (
    Decoded,
    UnusableMap,
    check_numbers,
    precision_of,
    quiet,
    reading,
    shape_text,
)
from permaps.maps.map_paths import hemisphere_files, item_of
from permaps.tables.reasons import UNKNOWN_KIND
from permaps.workflow.errors import UserError, one_line
from permaps.workflow.jobs import written_whole
from permaps.workflow.provenance import sha256

SIDES = {"L": "left", "R": "right"}
# As GIFTI files name them.
STRUCTURES = {"L": "CortexLeft", "R": "CortexRight"}
_LABELS = "labels of regions, not values"
# Templates of FreeSurfer that nilearn knows, by the vertices of a hemisphere.
TEMPLATES = {
    642: "fsaverage3",
    2562: "fsaverage4",
    10242: "fsaverage5",
    40962: "fsaverage6",
    163842: "fsaverage7",
}


def decode_surface(path: str | Path, labels: bool = False) -> Decoded:
    """Read the values of a map at the vertices of its hemispheres.

    Parameters
    ----------
    path : path
        GIFTI, .mgh, .mgz, or FreeSurfer's morphometry files such as lh.thickness, with one value per vertex; or
        one map of several, counted from 0 in brackets: lh.thickness.mgh[3]. With {hemi}, all hemispheres that
        exist.
    labels : bool
        Whether numbers of labels are accepted as values.

    Returns
    -------
    permaps.maps.images.Decoded
        The left hemisphere's values before the right one's.

    Raises
    ------
    UnusableMap
        When there is no such map.
    """
    path, item = item_of(os.fspath(path))
    files = hemisphere_files(path)
    if not files:
        raise UnusableMap("missing file (neither of lh and rh, nor of L and R)")
    values, parts, checksums = [], {}, {}
    for named, file in files.items():
        name = os.path.basename(file)
        of_hemisphere, inside, checksum = _values(file, item, labels)
        if inside and named and inside != named:
            raise UnusableMap(
                f"hemispheres swapped ({name} says {SIDES[inside]} inside and {SIDES[named]} in its name)"
            )
        side = named or inside
        if side is None:
            raise UnusableMap("no hemisphere (neither the name nor the file says left or right)")
        parts[side] = len(of_hemisphere)
        values.append(of_hemisphere)
        checksums[name] = checksum
    data = np.concatenate(values)
    data = np.ascontiguousarray(data, precision_of(data.dtype))
    return Decoded(data, dict(sorted(checksums.items())), parts)


def count_frames(path: str | Path) -> int:
    """Return how many maps the file of a hemisphere has.

    Raises
    ------
    UnusableMap
        When it is no file with values of a surface.
    """
    return _several(os.fspath(path), False).n


class _Frames:
    """The maps of one file, each of them read when it is asked for.

    Parameters
    ----------
    file : str
    labels : bool
        Whether numbers of labels are accepted as values.

    Attributes
    ----------
    n : int
    side : str or None
        The hemisphere that the file says it has.
    checksum : str
        SHA-256 of the file.
    """

    def __init__(self, file, labels):
        self._file, lower, self.side = file, file.lower(), None
        with reading(file):
            if lower.endswith(".gii"):
                image = nib.load(file)
                if image.get_arrays_from_intent("NIFTI_INTENT_TRIANGLE"):
                    raise UnusableMap("a mesh, not values at its vertices")
                if _holds_labels(image) and not labels:
                    raise UnusableMap(_LABELS)
                arrays = [array.data for array in image.darrays]
                self.n, self.side, self._read = len(arrays), side_inside(image), arrays.__getitem__
            elif lower.endswith((".mgh", ".mgz", ".nii", ".nii.gz")):
                # Kept open, since a compressed file would be read from its beginning for every map.
                image = nib.load(file, keep_file_open=True)
                shape = image.shape
                if len(shape) >= 3 and sorted(shape[:3])[1] > 1 and not lower.endswith((".nii", ".nii.gz")):
                    raise UnusableMap(f"a volume (shape {shape_text(shape)}), not values of a surface")
                self.n = int(np.prod(shape[3:]))
                self._read = lambda i: _frame(image.dataobj, i)
            elif lower.endswith(".annot"):
                raise UnusableMap(_LABELS)
            else:
                _check_morphometry(file)
                self.n, self._read = 1, lambda _: nib.freesurfer.read_morph_data(file)

    @cached_property  # to count the maps, as before each run, takes less than to read the file
    def checksum(self):
        with reading(self._file):
            return sha256(self._file)

    def __getitem__(self, i):
        with reading():
            values = np.asarray(self._read(i))
        if any(n != 1 for n in values.shape[1:]):
            raise UnusableMap(f"several values per vertex (shape {shape_text(values.shape)})")
        check_numbers(values.dtype)
        return values.reshape(-1)


def _frame(values, i):
    """Return one map of an image in which FreeSurfer folds vertices into the three dimensions of a volume."""
    further = np.unravel_index(i, values.shape[3:], order="F")
    return np.asanyarray(values[(..., *further)]).reshape(-1, order="F")


# For a map and covariates of both hemispheres, whose files have a map for everyone.
_several = lru_cache(maxsize=8)(_Frames)


def _values(file, item, labels):
    """Return the values of one map, the hemisphere that its file says it has, and the file's checksum."""
    frames = _Frames(file, labels) if item is None else _several(file, labels)
    if item is None and frames.n != 1:
        raise UnusableMap(f"several values per vertex ({frames.n} maps in one file)")
    if item is not None and item >= frames.n:
        raise UnusableMap(f"no map {item} (the file has {frames.n}, from 0 on)")
    return frames[item or 0], frames.side, frames.checksum


def _check_morphometry(file):
    """Refuse what is no such file: nibabel would take the bytes of any file for values."""
    with open(file, "rb") as start:
        magic, count = start.read(3), start.read(4)
    # In the older format, the first number is that of the vertices, and values have two bytes.
    newer = magic == b"\xff\xff\xff"
    size = 15 + 4 * int.from_bytes(count) if newer else 6 + 2 * int.from_bytes(magic)
    if os.path.getsize(file) != size:
        raise UnusableMap(
            f"{UNKNOWN_KIND} (named {os.path.basename(file)}, and no morphometry of FreeSurfer inside)"
        )


def _holds_labels(image):
    """Tell whether a GIFTI file says that its numbers are labels, or has a name for each of them."""
    if image.get_arrays_from_intent("NIFTI_INTENT_LABEL"):
        return True
    # A table with a name for 0 alone comes with many a file of values.
    named = {key for key, name in image.labeltable.get_labels_as_dict().items() if key}
    numbers = [array.data for array in image.darrays if array.data.dtype.kind in "iu"]
    return bool(named and numbers) and all(set(np.unique(of)) <= {0, *named} for of in numbers)


def side_inside(image: nib.GiftiImage) -> str | None:
    """Return the hemisphere, "L" or "R", that a GIFTI file says it is of."""
    named = {
        meta.get("AnatomicalStructurePrimary") for meta in (image.meta, *(a.meta for a in image.darrays))
    }
    return next((side for side, structure in STRUCTURES.items() if structure in named), None)


def read_mesh(
    mesh: str | None, counts: dict[str, int], what: str = "the maps"
) -> tuple[np.ndarray, np.ndarray]:
    """Read the mesh of a template or of files, for maps with so many vertices.

    Parameters
    ----------
    mesh : str or None
        fsaverage3 to fsaverage7, or a path, with {hemi} for two hemispheres, of .surf.gii or FreeSurfer geometry.
    counts : dict of str to int
        Vertices of the maps by hemisphere.
    what : str
        Has these vertices, in messages.

    Returns
    -------
    places : numpy.ndarray of float32, shape (n_vertices, 3)
        mm; of the left hemisphere before the right one.
    triangles : numpy.ndarray of int32, shape (n_triangles, 3)
        Vertices are numbered through both hemispheres.

    Raises
    ------
    UserError
        When there is no such mesh, or it is not that of the maps.
    """
    check_mesh(mesh, counts, what)
    places, triangles, start = [], [], 0
    parts = _template(mesh, counts) if mesh in TEMPLATES.values() else _files(mesh, counts)
    _check_counts(mesh, {side: len(parts[side][0]) for side in counts}, counts, what)
    for side, n in counts.items():
        points, corners = parts[side]
        if damage := _damage(points, corners):
            raise UserError(
                f"space.mesh: the {SIDES[side]} hemisphere of {mesh} is damaged: {damage}. Expected a sound mesh: "
                "make it again."
            )
        places.append(points)
        triangles.append(corners + start)
        start += n
    return np.concatenate(places).astype(np.float32), np.concatenate(triangles).astype(np.int32)


def _damage(points, corners):
    """Say what is wrong with a mesh; "" for a sound one, which may have holes, pieces and idle vertices."""
    n, broken = len(points), np.flatnonzero(~np.isfinite(points).all(axis=1))
    beyond = corners[(corners < 0) | (corners >= n)]
    if not len(corners):
        return "it has no triangles"
    if beyond.size:
        return f"its triangles name the vertex {beyond[0]}, and it has {n:,}, from 0 on"
    return f"the place of its vertex {broken[0]} is no number" if broken.size else ""


def check_mesh(mesh: str | None, counts: dict[str, int], what: str = "the maps") -> None:
    """Refuse no mesh, and a template that is not that of the maps, before it would be fetched.

    Parameters
    ----------
    mesh, counts, what
        As for `read_mesh`.
    """
    if mesh is None:
        known = TEMPLATES.get(max(counts.values()))
        like = f"; {known} has {max(counts.values()):,} vertices in a hemisphere" if known else ""
        raise UserError(
            f"space.mesh: found null (nothing), and {what} have {_in_words(counts)}; expected the mesh that they "
            f"are on: fsaverage3 to fsaverage7, or files of .surf.gii or FreeSurfer geometry{like}."
        )
    for vertices, template in TEMPLATES.items():
        if template == mesh:
            _check_counts(mesh, dict.fromkeys(counts, vertices), counts, what)


def _check_counts(mesh, of_mesh, counts, what):
    """Refuse a mesh with other numbers of vertices than maps have, by hemisphere."""
    for side, n in counts.items():
        if of_mesh[side] == n:
            continue
        like = f": {TEMPLATES[n]} has as many" if n in TEMPLATES else ""
        if [*of_mesh.values()] == [*counts.values()][::-1]:
            like = ": left and right are swapped, in its files or in those of the maps"
        raise UserError(
            f"space.mesh: the {SIDES[side]} hemisphere of {mesh} has {of_mesh[side]:,} vertices, and {what} have "
            f"{n:,} there; expected the mesh that they were sampled on{like}."
        )


def _in_words(counts):
    return " and ".join(f"{n:,} vertices in the {SIDES[side]} hemisphere" for side, n in counts.items())


def _template(mesh, counts):
    from nilearn.datasets import load_fsaverage

    try:
        white = load_fsaverage(mesh)["white_matter"]
    except Exception as error:
        raise UserError(
            f"space.mesh: nilearn could not fetch {mesh} ({one_line(error)}). fsaverage5 comes with nilearn; for "
            "others a network is needed once, or name your own files."
        ) from None
    return {side: (white.parts[SIDES[side]].coordinates, white.parts[SIDES[side]].faces) for side in counts}


def _files(mesh, counts):
    files = hemisphere_files(os.path.abspath(mesh))
    if None in files:  # the name of a single file may say nothing
        files = {next(iter(counts)): files[None]}
    parts = {}
    for side in counts:
        if side not in files or not os.path.isfile(files[side]):
            raise UserError(
                f"space.mesh: there is no mesh of the {SIDES[side]} hemisphere at {mesh}; expected a file for each "
                "hemisphere of the maps, with {hemi} in place of lh and rh, or L and R."
            )
        parts[side] = _geometry(files[side], side)
    return parts


def _geometry(file, side):
    with quiet():
        try:
            if file.lower().endswith(".gii"):
                image = nib.load(file)
                points, corners = image.agg_data(("pointset", "triangle"))
                inside = side_inside(image)
            else:
                (points, corners), inside = nib.freesurfer.read_geometry(file), None
            points, corners = np.asarray(points, float), np.asarray(corners, int)
            if points.ndim != 2 or points.shape[1] != 3 or corners.ndim != 2 or corners.shape[1] != 3:
                raise ValueError("it has no points and triangles")
        except Exception as error:
            raise UserError(
                f"space.mesh: {file} is no mesh ({one_line(error)}). Expected .surf.gii or FreeSurfer geometry "
                "such as lh.white."
            ) from None
    if inside and inside != side:
        raise UserError(
            f"space.mesh: hemispheres swapped: {file} says {SIDES[inside]} inside, and stands for the "
            f"{SIDES[side]} one."
        )
    return points, corners


def read_surface_mask(path: str | Path, counts: dict[str, int]) -> np.ndarray:
    """Return which vertices a mask has above 0.

    Parameters
    ----------
    path : path
        As `decode_surface` takes it.
    counts : dict of str to int
        Vertices of the maps by hemisphere.

    Returns
    -------
    numpy.ndarray of bool, shape (n_vertices,)
    """
    try:
        mask = decode_surface(os.path.abspath(path), labels=True)
    except UnusableMap as unusable:
        raise UserError(f"space.mask: {path}: {unusable}; expected values above 0 at the cortex.") from None
    if mask.parts != counts:
        raise UserError(
            f"space.mask: {path} has {_in_words(mask.parts)}, and the maps have {_in_words(counts)}; expected a mask "
            "on the mesh of the maps."
        )
    return np.nan_to_num(mask.data) > 0


def write_metric(path: str | Path, values: np.ndarray, side: str, description: str) -> None:
    """Write the values of one hemisphere as GIFTI, whole or not at all, with the same bytes every time.

    Parameters
    ----------
    path : path
    values : array, shape (n_vertices,)
    side : {"L", "R"}
    description : str
    """
    meta = nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": STRUCTURES[side], "Name": description})
    array = nib.gifti.GiftiDataArray(
        np.asarray(values, np.float32), intent="NIFTI_INTENT_NONE", datatype="NIFTI_TYPE_FLOAT32", meta=meta
    )
    with written_whole(path) as temporary:
        nib.save(nib.gifti.GiftiImage(darrays=[array], meta=meta), temporary)
