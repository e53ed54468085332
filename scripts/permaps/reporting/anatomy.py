"""What brains are drawn on, nilearn's MNI template and its glass brains, and maps with their axes upright.

Its package would take two seconds to import, in each job that draws. These files are all that is needed of it.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path as File

import nibabel as nib
import numpy as np
from matplotlib.path import Path
from nibabel.affines import voxel_sizes

from permaps.spaces.volume import Volume

# Finer than the maps of most studies.
_MM = 2
# Of each side: the axis through which one looks, and how its drawing is scaled and moved to the template: x and y
# times these, in mm, plus these.
_SIDES = {
    "side": (0, (0.38, 0.38), (-108, -70)),
    "back": (1, (0.39, 0.39), (-73, -73)),
    "top": (2, (0.36, 0.37), (-71, -107)),
}
SIDES = tuple(_SIDES)


@dataclass(frozen=True)
class Upright:
    """A volume whose axes run to the right, to the front and to the top.

    Attributes
    ----------
    values : numpy.ndarray, shape (x, y, z)
    first : numpy.ndarray, shape (3,)
        The centre of the first voxel, in mm.
    step : numpy.ndarray, shape (3,)
        The size of a voxel, in mm.
    """

    values: np.ndarray
    first: np.ndarray
    step: np.ndarray

    def extent(self, axis: int) -> tuple[float, float]:
        """Return where it begins and ends along an axis, in mm."""
        low = self.first[axis] - self.step[axis] / 2
        return low, low + self.step[axis] * self.values.shape[axis]

    def bounds(self, axis: int) -> tuple[float, float]:
        """Return where its values other than 0 begin and end along an axis, in mm; its own ends without any."""
        filled = np.flatnonzero((self.values != 0).any(axis=tuple({0, 1, 2} - {axis})))
        if not filled.size:
            return self.extent(axis)
        low, high = self.first[axis] + self.step[axis] * filled[[0, -1]]
        return low - self.step[axis] / 2, high + self.step[axis] / 2

    def at_height(self, height: float) -> np.ndarray | None:
        """Return the axial slice at a height in mm; None if there is none."""
        number = round((height - self.first[2]) / self.step[2])
        return self.values[:, :, number] if 0 <= number < self.values.shape[2] else None

    def seen_through(self, axis: int) -> np.ndarray:
        """Return the value that is farthest from 0 along each line of sight."""
        strongest = np.abs(self.values).argmax(axis=axis, keepdims=True)
        return np.take_along_axis(self.values, strongest, axis).squeeze(axis)


def upright(space: Volume, values: np.ndarray, between: bool = True) -> Upright:
    """Return the values of a volume's voxels as an upright volume, 0 outside the mask.

    Parameters
    ----------
    space : permaps.spaces.volume.Volume
    values : array, shape (n_elements,)
    between : bool
        Whether the grid of a volume that is oblique is interpolated; the nearest voxel otherwise.
    """
    image = nib.Nifti1Image(space.full(np.asarray(values, np.float32)), space.affine)
    image = nib.as_closest_canonical(image)
    step = voxel_sizes(image.affine)
    if not np.allclose(image.affine[:3, :3], np.diag(step), atol=1e-3):
        from nibabel.processing import resample_to_output

        image = resample_to_output(image, step, order=int(between))
    return Upright(np.asarray(image.dataobj), image.affine[:3, 3], step)


@cache
def template(millimetres: int = _MM) -> Upright:
    """Return nilearn's MNI152 template, without the skull, from 0 to 1.

    Parameters
    ----------
    millimetres : int
        The size of its voxels.
    """
    image = nib.load(of_nilearn("datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"))
    step = slice(None, None, millimetres)
    # Its values are of 8 bits, and 255 is the largest.
    values = np.asarray(image.dataobj)[step, step, step].astype(np.float32) / 255
    return Upright(values, image.affine[:3, 3], np.full(3, float(millimetres)))


@dataclass(frozen=True)
class Outline:
    """What a glass brain shows of a brain from one side: the axis through which one looks, and lines, in mm."""

    axis: int
    lines: list[Path]
    colours: list[str]
    widths: list[float]
    bounds: np.ndarray  # (left, bottom), (right, top)


@cache
def outline(side: str) -> Outline:
    """Return nilearn's drawing of a brain from one of the `SIDES`."""
    drawing = json.loads(
        of_nilearn(f"plotting/glass_brain_files/brain_schematics_{side}.json").read_text(encoding="utf-8")
    )
    axis, scale, shift = _SIDES[side]
    lines = [
        Path.make_compound_path(*[_line(item["pts"], scale, shift) for item in path["items"]])
        for path in drawing["paths"]
    ]
    left, right, bottom, top = drawing["metadata"]["bounds"]
    bounds = np.array([[left, bottom], [right, top]]) * scale + shift
    room = 0.025 * (bounds[1] - bounds[0]) + 0.1  # for the width of the lines
    return Outline(
        axis,
        lines,
        [path["edgecolor"] for path in drawing["paths"]],
        [path["linewidth"] for path in drawing["paths"]],
        bounds + np.array([-room, room]),
    )


def _line(points, scale, shift):
    """Return a straight line between two points, or a Bézier curve of four."""
    kind = {2: Path.LINETO, 4: Path.CURVE4}[len(points)]
    return Path(np.array(points) * scale + shift, [Path.MOVETO] + [kind] * (len(points) - 1))


def of_nilearn(name: str) -> File:
    """Return a file of nilearn's package, by its path in that."""
    return File(find_spec("nilearn").origin).parent / name
