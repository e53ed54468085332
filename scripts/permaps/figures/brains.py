"""Maps drawn on brains: glass brains, and slices over the MNI template."""

import warnings
from collections.abc import Sequence
from functools import cache

import nibabel as nib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from nilearn import plotting
from nilearn.datasets import load_mni152_template
from scipy.ndimage import find_objects

from permaps.figures.style import (
    BLACK,
    RED,
    colour_bar,
    heading,
    label_p,
    label_participants,
    label_statistic,
    p_scale,
    panel_title,
    part_of_viewer,
    plt,
    statistic_scale,
    write_above,
)
from permaps.permutation.thresholds import significant as is_significant
from permaps.spaces.volume import Volume

# Around the outline of the glass brain from above, in mm.
GLASS = ((-76, 76), (-113, 80))
# Of slices, at least: left, right, back and front of the template, with room for what is written beside it.
FIELD = (-84, 84, -120, 88)
# Axial slices of a figure, in two rows.
CUTS = 12
# nilearn's warning for a map without a significant voxel, which is a result and not an error.
warnings.filterwarnings("ignore", "empty mask")


def panels(space: Volume, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p maps side by side on glass brains from above, on one scale.

    Takes and gives what `permaps.figures.drawing.draw_panels` does.
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

    Where nothing is significant, the largest hundredth of the values is drawn.

    Parameters
    ----------
    space, values, significant, label, title
        As for `permaps.figures.drawing.draw_statistic`.
    """
    size = np.abs(values)
    drawn = significant
    if size.any() and not significant.any():
        drawn = size >= np.quantile(size[size > 0], 0.99, method="lower")
    top = float(size.max())
    signed = bool((values < 0).any())
    cmap = "RdBu_r" if signed else "inferno"
    figure = plt.figure(figsize=(11, 3.2))
    heading(figure, title)
    plotting.plot_glass_brain(
        _image(space, np.where(drawn, values, 0)),
        display_mode="ortho",
        axes=(0.0, 0.0, 0.9, 0.9),
        figure=figure,
        colorbar=False,
        cmap=cmap,
        vmin=-top if signed else 0,
        vmax=top,
        symmetric_cbar=signed,
        plot_abs=False,
        threshold="auto" if top == 0 else 1e-6,
    )
    bar = colour_bar(figure, [0.937, 0.2, 0.012, 0.5], cmap, -top if signed else 0, top)
    label_statistic(bar, label)
    return figure


def draw_glass_brain(axes: Axes, space: Volume, values: np.ndarray, threshold: float, top: float) -> None:
    """Draw a -log10 p map on a glass brain from above, into axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    space : permaps.spaces.volume.Volume
    values : array, shape (n_elements,)
    threshold, top : float
        Ends of the scale; what is below the first is not shown.
    """
    display = plotting.plot_glass_brain(
        _image(space, values),
        display_mode="z",
        axes=axes,
        colorbar=False,
        cmap="inferno",
        threshold=threshold - 1e-6,
        vmin=threshold,
        vmax=top,
        plot_abs=False,
        symmetric_cbar=False,
    )
    # Without a significant voxel, nilearn leaves more room.
    glass = display.axes["z"].ax
    glass.set_xlim(*GLASS[0])
    glass.set_ylim(*GLASS[1])


def statistic(
    space: Volume, values: np.ndarray, significant: np.ndarray, label: str, title: str, symmetric: bool = True
) -> Figure:
    """Draw a statistic in slices over the MNI template, dual-coded by its significance.

    The colour shows the statistic. Significant voxels are opaque and outlined. The others fade with the
    square of their distance to the threshold. A map that is cut at its threshold would hide how close the
    others are (Allen et al. 2012; Taylor et al. 2023).

    Takes and gives what `permaps.figures.drawing.draw_statistic` does.
    """
    low, top, cmap = statistic_scale(values, symmetric)
    figure = plt.figure(figsize=(11, 4.4))
    heading(figure, title)
    boxes = [(0.0, 0.45 - 0.45 * row, 0.915, 0.44) for row in range(2)]
    draw_slices(figure, boxes, space, values, significant, cmap, low, top, CUTS)
    bar = colour_bar(figure, [0.937, 0.2, 0.012, 0.5], cmap, low, top)
    label_statistic(bar, label)
    return figure


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
    """Draw what `statistic` does into parts of a figure.

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
    fading = space.full(np.where(significant, 1.0, 0.75 * np.minimum(size / full, 1) ** 2))
    image, outline = _image(space, values), _image(space, significant)
    opacity = nib.Nifti1Image(fading.astype(np.float32), space.affine)
    if not np.ptp(fading):  # a mask that fills the grid and is all significant: nilearn needs a range
        opacity = float(fading.flat[0])
    rows = np.array_split(axial_cuts(space.full(size * (1 + significant)), space.affine, cuts), len(boxes))
    for row, (box, heights) in enumerate(zip(boxes, rows, strict=True)):
        if not len(heights):  # of a single slice there is one row
            break
        display = _axial_slices(
            figure, box, image, heights, cmap=cmap, vmin=low, vmax=top, threshold=None,
            transparency=opacity, transparency_range=[0, 1],
        )  # fmt: skip
        if significant.any():
            display.add_contours(outline, levels=[0.5], colors=[BLACK], linewidths=0.9)
        display.annotate(left_right=row == 0, size=8)


@cache
def _template(millimetres):
    """Return nilearn's MNI template at a resolution, without what is outside the brain.

    nilearn's own default is made again at nearly every step of a plot. On a grid that is a part of that at 1 mm,
    its interpolation gives the same values.
    """
    each = slice(None, None, millimetres)
    image = load_mni152_template().slicer[each, each, each]
    return nib.Nifti1Image(np.ma.masked_equal(image.dataobj, 0), image.affine)


def axial_cuts(weight: np.ndarray, affine: np.ndarray, count: int) -> np.ndarray:
    """Return heights (mm) of slices spread over the brain, each the one with the most weight in its share.

    Parameters
    ----------
    weight : array, shape (x, y, z)
        How interesting each voxel is; 0 outside the brain.
    affine : array, shape (4, 4)
    count : int

    Returns
    -------
    array, shape (count,)
        Ascending; fewer if the brain has fewer slices.
    """
    (box,) = find_objects((weight != 0).astype(int)) or [(slice(0, n) for n in weight.shape)]
    *_, span = box
    step, origin = affine[2, 2], affine[2, 3]
    # The outermost tenth shows little brain.
    margin = (span.stop - span.start) // 12
    inside = np.arange(span.start + margin, span.stop - margin)
    strongest = weight.max(axis=(0, 1))
    shares = [share for share in np.array_split(inside, count) if len(share)]
    chosen = [share[np.argmax(strongest[share])] for share in shares]
    return np.sort(origin + step * np.array(chosen))


def coverage(space: Volume, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each voxel, with the mask's outline.

    Takes and gives what `permaps.figures.drawing.draw_coverage` does.
    """
    figure = plt.figure(figsize=(11, 2.5))
    draw_counts(figure, (0.0, 0.0, 0.915, 0.9), space, counts, inside, participants)
    heading(figure, f"Participants with a value; analysis mask outlined ({int(inside.sum()):,} voxels)")
    label_participants(colour_bar(figure, [0.937, 0.15, 0.012, 0.6], "viridis", 0, participants))
    return figure


def draw_counts(
    figure: Figure,
    box: Sequence[float],
    space: Volume,
    counts: np.ndarray,
    inside: np.ndarray,
    participants: int,
) -> None:
    """Draw what `coverage` does into a part of a figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : (left, bottom, width, height)
    space, counts, inside, participants
        As for `permaps.figures.drawing.draw_coverage`.
    """
    heights = axial_cuts(space.full((counts > 0).astype(float)), space.affine, 7)
    display = _axial_slices(
        figure, box, _image(space, counts), heights, cmap="viridis", vmin=0, vmax=participants,
        threshold=0.5, transparency=0.85,
    )  # fmt: skip
    display.add_contours(_image(space, inside), levels=[0.5], colors=[RED], linewidths=1.2)
    display.annotate(size=8)


def _axial_slices(figure, box, image, heights, **shown):
    """Draw slices at some heights into a part of a figure, over the template and with room for all of it."""
    display = plotting.plot_stat_map(
        image, bg_img=_template(2), display_mode="z", cut_coords=[float(z) for z in heights], axes=box,
        figure=figure, colorbar=False, black_bg=False, draw_cross=False, annotate=False, **shown,
    )  # fmt: skip
    for cut in display.axes.values():
        cut.add_object_bounds(FIELD)
    return display


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

    Takes and gives what `permaps.figures.drawing.view` does; `top`, the end of the scale, is the largest value by
    default.
    """
    page = plotting.view_img(
        _image(space, values),
        bg_img=_template(3),  # 2 mm would triple the page
        cut_coords=[float(c) for c in space.coordinates([peak])[0]],
        threshold=threshold,
        title=title,
        cmap="RdBu_r" if symmetric else "inferno",
        symmetric_cmap=symmetric,
        vmin=None if symmetric else 0,
        vmax=top,
        black_bg=False,
        width_view=900,
    ).get_standalone()
    # So that the report can move it. The viewer counts its slices from 1, and the template has no rotation.
    moved = page.replace("var brain =", "window.brain =")
    return moved.replace("</body>", f"<script>\n{part_of_viewer('moves.js')}</script></body>")


def _image(space, values):
    """Return the values of a volume's voxels as an image, float32."""
    return nib.Nifti1Image(space.full(np.asarray(values, np.float32)), space.affine)
