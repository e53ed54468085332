"""Maps of voxels in axial slices over the MNI template."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from permaps.reporting.anatomy import Upright, template, upright
from permaps.reporting.style import BLACK, RED
from permaps.spaces.volume import Volume

# Around each slice, for what is written beside it, in mm.
_ROOM = 10
# Where the grey of the template, from 0 to 1, would be black: below 0, so that colours stand out from it.
DARKEST = -0.45


class Row:
    """Axial slices beside each other in a part of a figure, with the template behind them.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : (left, bottom, width, height)
        The part.
    heights : sequence of float
        Of the slices, mm.
    mask : Upright
        Not 0 in the voxels of the maps. Slices are so wide that these and the template fit.
    """

    def __init__(self, figure: Figure, box: Sequence[float], heights: Sequence[float], mask: Upright) -> None:
        behind = template()
        ends = np.array([[behind.bounds(axis), mask.bounds(axis)] for axis in (0, 1)])
        low, high = ends[:, :, 0].min(axis=1) - _ROOM, ends[:, :, 1].max(axis=1) + _ROOM
        room = figure.get_size_inches() * box[2:]
        # Millimetres in an inch, along the side that has less room.
        scale = max((high - low) * (len(heights), 1) / room)
        apart = room[0] * scale / len(heights)
        self.low, self.high, self.heights = low, high, heights
        # How far each is moved to the right.
        self.moved = apart * (np.arange(len(heights)) + 0.5) - (low + high)[0] / 2
        # One for all slices, since axes take longer than what is drawn in them.
        self.axes = figure.add_axes(box, xlim=(0, room[0] * scale), aspect="auto")
        self.axes.set_ylim((low + high)[1] / 2 + room[1] * scale * np.array([-0.5, 0.5]))
        self.axes.axis("off")
        self.paint(behind, "gray", DARKEST, 1, shown=behind.values > 0)

    def _slices(self, volume, *more):
        """Yield how far each slice is moved, and what it shows of a volume and others on its grid."""
        for moved, height in zip(self.moved, self.heights, strict=True):
            if (shown := volume.at_height(height)) is not None:
                others = [Upright(other, volume.first, volume.step).at_height(height) for other in more]
                yield moved, shown, *others

    def paint(
        self,
        volume: Upright,
        cmap: str,
        low: float,
        top: float,
        shown: np.ndarray,
        opacity: np.ndarray | float = 1.0,
    ) -> None:
        """Draw a volume in colours.

        Parameters
        ----------
        volume : Upright
        cmap : str
        low, top : float
            Ends of the scale.
        shown : bool array, shape (x, y, z)
            The others are not drawn.
        opacity : array, shape (x, y, z)
            From 0 to 1.
        """
        (left, right), (back, front) = (volume.extent(axis) for axis in (0, 1))
        opacity = np.broadcast_to(opacity, volume.values.shape)
        for moved, values, inside, opaque in self._slices(volume, shown, opacity):
            self.axes.imshow(
                np.ma.masked_array(values, ~inside).T,
                cmap,
                vmin=low,
                vmax=top,
                alpha=opaque.T,
                extent=(left + moved, right + moved, back, front),
                origin="lower",
                interpolation="nearest",
                aspect="auto",
            )

    def outline(self, volume: Upright, colour: str, width: float) -> None:
        """Draw a line around the voxels of a volume that are not 0."""
        x, y = (
            volume.first[axis] + volume.step[axis] * np.arange(volume.values.shape[axis]) for axis in (0, 1)
        )
        for moved, inside in self._slices(volume):
            if inside.any() and not inside.all():
                self.axes.contour(
                    x + moved, y, inside.T != 0, levels=[0.5], colors=[colour], linewidths=width
                )

    def label(self, sides: bool = True) -> None:
        """Write below each slice how high it is, and above it which side is left."""
        (left, bottom), (width, height) = self.low, self.high - self.low
        style = {"fontsize": 8, "bbox": {"boxstyle": "square,pad=0", "ec": "w", "fc": "w"}}
        for moved, z in zip(self.moved + left, self.heights, strict=True):
            self.axes.text(moved, bottom, f"z={int(z)}", va="bottom", **style)
            for name, at, align in (("L", 0.1, "left"), ("R", 0.9, "right")) if sides else ():
                self.axes.text(moved + at * width, bottom + 0.95 * height, name, ha=align, va="top", **style)


def draw_slices(
    figure: Figure,
    boxes: Sequence[tuple],
    space: Volume,
    values: np.ndarray,
    significant: np.ndarray,
    cmap: str,
    low: float,
    top: float,
    cuts: int,
) -> None:
    """Draw what `permaps.reporting.brains.statistic` does into parts of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    boxes : list of (left, bottom, width, height)
        A row of slices each.
    space, values, significant
        As for `statistic`.
    cmap : str
    low, top : float
        Ends of the scale.
    cuts : int
        Number of axial slices.
    """
    size = np.abs(values)
    # Robust against the few weak voxels in a large cluster.
    full = float(np.quantile(size[significant], 0.1)) if significant.any() else float(size.max()) or 1.0
    fading = np.where(significant, 1.0, 0.75 * np.minimum(size / full, 1) ** 2)
    shown, opacity, weight = (upright(space, each) for each in (values, fading, size * (1 + significant)))
    outlined = upright(space, significant, between=False)
    mask = upright(space, np.ones(len(values)), between=False)
    rows = np.array_split(axial_cuts(weight, cuts), len(boxes))
    for number, (box, heights) in enumerate(zip(boxes, rows, strict=True)):
        if not len(heights):  # of a single slice there is one row
            break
        row = Row(figure, box, heights, mask)
        row.paint(shown, cmap, low, top, mask.values > 0, opacity.values)
        row.outline(outlined, BLACK, 0.9)
        row.label(sides=number == 0)


def draw_counts(
    figure: Figure,
    box: Sequence[float],
    space: Volume,
    counts: np.ndarray,
    inside: np.ndarray,
    participants: int,
) -> None:
    """Draw what `permaps.reporting.brains.coverage` does into a part of a figure: (left, bottom, width, height)."""
    shown = upright(space, counts, between=False)
    row = Row(figure, box, axial_cuts(upright(space, counts > 0, between=False), 7), shown)
    row.paint(shown, "viridis", 0, participants, shown.values > 0, 0.85)
    row.outline(upright(space, inside, between=False), RED, 1.2)
    row.label()


def axial_cuts(weight: Upright, count: int) -> np.ndarray:
    """Return heights (mm) of slices spread over the brain, each the one with the most weight in its share.

    Parameters
    ----------
    weight : Upright
        How interesting each voxel is; 0 outside the brain.
    count : int

    Returns
    -------
    array, shape (count,)
        Ascending; fewer if the brain has fewer slices.
    """
    strongest = weight.values.max(axis=(0, 1))
    filled = np.flatnonzero(strongest)
    start, stop = (filled[0], filled[-1] + 1) if filled.size else (0, len(strongest))
    # The outermost tenth shows little brain.
    margin = (stop - start) // 12
    inside = np.arange(start + margin, stop - margin)
    shares = [share for share in np.array_split(inside, count) if len(share)]
    chosen = np.array([share[np.argmax(strongest[share])] for share in shares], int)
    return weight.first[2] + weight.step[2] * chosen
