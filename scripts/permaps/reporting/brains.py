"""Maps drawn on brains: glass brains, and slices over the MNI template."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from permaps.permutation.thresholds import significant as is_significant
from permaps.reporting.anatomy import SIDES, outline, upright
from permaps.reporting.slice_viewer import slice_viewer
from permaps.reporting.slices import draw_counts, draw_slices
from permaps.reporting.style import (
    colour_bar,
    end_of_scale,
    heading,
    label_p,
    label_participants,
    label_statistic,
    p_scale,
    panel_title,
    plt,
    statistic_scale,
    write_above,
)
from permaps.spaces.volume import Volume

# Around the outline of the glass brain from above, in mm.
GLASS = ((-76, 76), (-113, 80))
# Axial slices of a figure, in two rows.
CUTS = 12


def panels(space: Volume, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p maps side by side on glass brains from above, on one scale.

    Takes and gives what `permaps.reporting.drawing.draw_panels` does.
    """
    threshold, top, extend = p_scale((values for _, values in panels), alpha, most)
    width = 3.1 * len(panels) + 0.5
    figure = plt.figure(figsize=(width, 4.6))
    heading(figure, title)
    # A separate column for the colour bar, which belongs to all panels.
    grid = GridSpec(
        1,
        len(panels) + 1,
        width_ratios=[1] * len(panels) + [0.045],
        left=0.01,
        right=1 - 0.62 / width,
        top=0.82,
        bottom=0.03,
        wspace=0.03,
    )
    for column, (name, values) in enumerate(panels):
        axes = figure.add_subplot(grid[column])
        draw_glass_brain(axes, space, values, threshold, top)
        place = axes.get_position(original=True)
        significant = is_significant(values, alpha)
        write_above(figure, place.x0 + place.width / 2, 0.845, panel_title(name, significant, space))
    # Half as high as the brains, and centred.
    x0, y0, w, h = figure.add_subplot(grid[-1]).get_position().bounds
    figure.axes[-1].remove()
    box = [x0, y0 + 0.2 * h, w, 0.6 * h]
    label_p(colour_bar(figure, box, "inferno", threshold, top, extend))
    return figure


def glass(space: Volume, values: np.ndarray, significant: np.ndarray, label: str, title: str) -> Figure:
    """Draw the statistic where it is significant on glass brains from three sides, its sign in the colour.

    Where nothing is significant, the largest hundredth of the values is drawn. Parameters are those of
    `permaps.reporting.drawing.draw_statistic`.
    """
    size = np.abs(values)
    drawn = significant
    if size.any() and not significant.any():
        drawn = size >= np.quantile(size[size > 0], 0.99, method="lower")
    low, top, cmap = statistic_scale(values, symmetric=bool((values < 0).any()))
    figure = plt.figure(figsize=(11, 3.2))
    heading(figure, title)
    volume = upright(space, np.where(drawn, values, 0))
    limits = {side: _limits(side, volume) for side in SIDES}
    widths = {side: right - left for side, ((left, right), _) in limits.items()}
    left, room = 0.0, 0.9
    for side, width in widths.items():
        across = room * width / sum(widths.values())
        axes = figure.add_axes((left, 0.0, across, 0.9))
        _draw_side(axes, side, volume, 0, cmap, low, top, limits[side])
        left += across
    bar = colour_bar(figure, [0.937, 0.2, 0.012, 0.5], cmap, low, top)
    label_statistic(bar, label)
    return figure


def _limits(side, volume):
    """Return the ends of what is drawn from a side, across and upwards: the outline of the brain, and the volume."""
    of = outline(side)
    ends = np.array([volume.bounds(axis) for axis in range(3) if axis != of.axis])
    return np.column_stack([np.minimum(of.bounds[0], ends[:, 0]), np.maximum(of.bounds[1], ends[:, 1])])


def draw_glass_brain(axes: Axes, space: Volume, values: np.ndarray, threshold: float, top: float) -> None:
    """Draw a -log10 p map on a glass brain from above, into axes."""
    _draw_side(axes, "top", upright(space, values), threshold - 1e-6, "inferno", threshold, top, GLASS)


def _draw_side(axes, side, volume, threshold, cmap, low, top, limits):
    """Draw what of a volume is beyond a threshold, on either side of 0, on a glass brain."""
    of = outline(side)
    shown = volume.seen_through(of.axis)
    across, upwards = (axis for axis in range(3) if axis != of.axis)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.axis("off")
    axes.imshow(
        np.ma.masked_array(shown, np.abs(shown) <= threshold).T,
        cmap,
        vmin=low,
        vmax=top,
        extent=(*volume.extent(across), *volume.extent(upwards)),
        origin="lower",
        interpolation="nearest",
    )
    axes.add_collection(
        PathCollection(of.lines, edgecolors=of.colours, linewidths=of.widths, facecolors="none", alpha=0.7),
        autolim=False,
    )
    if side != "side":
        for name, at, align in (("L", 0.1, "left"), ("R", 0.9, "right")):
            axes.text(at, 0.95, name, fontsize=12, ha=align, va="top", transform=axes.transAxes)


def statistic(
    space: Volume, values: np.ndarray, significant: np.ndarray, label: str, title: str, symmetric: bool = True
) -> Figure:
    """Draw a statistic in slices over the MNI template, dual-coded by its significance.

    The colour shows the statistic. Significant voxels are opaque and outlined. The others fade with the
    square of their distance to the threshold. A map that is cut at its threshold would hide how close the
    others are (Allen et al. 2012; Taylor et al. 2023).

    Takes and gives what `permaps.reporting.drawing.draw_statistic` does.
    """
    low, top, cmap = statistic_scale(values, symmetric)
    figure = plt.figure(figsize=(11, 4.4))
    heading(figure, title)
    boxes = [(0.0, 0.45 - 0.45 * row, 0.915, 0.44) for row in range(2)]
    draw_slices(figure, boxes, space, values, significant, cmap, low, top, CUTS)
    bar = colour_bar(figure, [0.937, 0.2, 0.012, 0.5], cmap, low, top)
    label_statistic(bar, label)
    return figure


def coverage(space: Volume, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each voxel, with the mask's outline.

    Takes and gives what `permaps.reporting.drawing.draw_coverage` does.
    """
    figure = plt.figure(figsize=(11, 2.5))
    draw_counts(figure, (0.0, 0.0, 0.915, 0.9), space, counts, inside, participants)
    heading(figure, f"Participants with a value; analysis mask outlined ({int(inside.sum()):,} voxels)")
    label_participants(colour_bar(figure, [0.937, 0.15, 0.012, 0.6], "viridis", 0, participants))
    return figure


def viewer(
    space: Volume,
    values: np.ndarray,
    threshold: float,
    title: str,
    peak: int,
    symmetric: bool = True,
    top: float | None = None,
) -> str:
    """Make an interactive view of a statistic over the MNI template.

    Takes and gives what `permaps.reporting.drawing.view` does; `top`, the end of the scale, is the largest value by
    default.
    """
    top = end_of_scale(values) if top is None else top
    low = -top if symmetric else 0.0
    return slice_viewer(
        space,
        values,
        threshold,
        title,
        space.coordinates([peak])[0],
        "RdBu_r" if symmetric else "inferno",
        low,
        top,
    )
