"""Maps of regions as ranked plots: a point for each region, the largest on top.

Where it is known which vertices they consist of, the cortex is drawn above.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from permaps.figures import cortex
from permaps.figures.style import (
    BLACK,
    BLUE,
    GREY,
    RED,
    colour_bar,
    end_of_scale,
    heading,
    in_script,
    label_p,
    label_statistic,
    p_scale,
    panel_title,
    part_of_viewer,
    plt,
    statistic_scale,
)
from permaps.permutation.thresholds import significant as is_significant
from permaps.spaces.parcels import Parcels

# So many regions are named in a column of a figure, and so many where most have the same to show.
MOST, FEW = 60, 20
# Height of the cortex above the plots, and width of its colour bar with the labels, inches.
ABOVE = {"panels": 2.7, "statistic": 1.7}
BAR = 0.8


def panels(space: Parcels, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p of the regions by several statistics side by side, on one scale.

    Takes and gives what `permaps.figures.drawing.draw_panels` does.
    """
    threshold, top, extend = p_scale((values for _, values in panels), alpha, most)
    # The same regions in all panels: those that are highest in any. Most regions have a p of 1.
    highest = np.max([values for _, values in panels], axis=0)
    shown = _highest(highest, _enough(is_significant(highest, alpha)))
    above = ABOVE["panels"] if space.surface else 0
    figure, axes = _columns(len(panels), len(shown), above=above)
    for panel, (name, values) in zip(axes, panels, strict=True):
        significant = is_significant(values, alpha)
        _points(panel, space, np.minimum(values, top)[shown], significant[shown], shown, panel is axes[0])
        panel.axvline(threshold, color=GREY, linestyle="--", linewidth=0.9)
        panel.set_xlim(left=0)
        panel.set_xlabel("−log₁₀ corrected p")
        panel.set_title(panel_title(name, significant, space), fontweight="normal", fontsize=9, loc="center")
    _say_which(axes[0], space, shown, "the smallest p")
    heading(figure, title)
    if above:
        for cell, (_, values) in zip(_cells(figure, axes, above), panels, strict=True):
            significant = space.at_vertices(is_significant(values, alpha), False)
            shown = space.at_vertices(values)
            cortex.draw_significant(figure, space.surface, cell, shown, significant, threshold, top)
        label_p(_bar(figure, above, "inferno", threshold, top, extend))
    return figure


def statistic(
    space: Parcels,
    values: np.ndarray,
    significant: np.ndarray,
    label: str,
    title: str,
    symmetric: bool = True,
) -> Figure:
    """Draw the statistic of the regions, ranked by it, with what is significant in colour.

    Takes and gives what `permaps.figures.drawing.draw_statistic` does.
    """
    shown = _highest(np.abs(values), MOST)
    shown = shown[np.argsort(values[shown], kind="stable")]
    above = ABOVE["statistic"] if space.surface else 0
    figure, (panel,) = _columns(1, len(shown), 6.4, above)
    _points(panel, space, values[shown], np.asarray(significant)[shown], shown, True)
    panel.axvline(0, color=GREY, linewidth=0.9)
    panel.set_xlabel(label)
    _say_which(panel, space, shown, f"the largest |{label}|")
    heading(figure, title)
    if above:
        low, top, cmap = statistic_scale(values, symmetric)
        _, bottom, _, height = _cells(figure, [panel], above)[0]
        cell = (0.0, bottom, 1 - BAR / figure.get_figwidth(), height)
        seen = space.at_vertices(cortex.but_faint(values, significant, top))
        outlined = np.where(space.at_vertices(significant, False), space.region + 1, 0)
        cortex.draw_views(figure, space.surface, cell, seen, cmap, low, top, outlined)
        label_statistic(_bar(figure, above, cmap, low, top), label)
    return figure


def coverage(space: Parcels, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value in each region, those with the fewest on top.

    Takes and gives what `permaps.figures.drawing.draw_coverage` does.
    """
    counts = np.asarray(counts)
    shown = _highest(-counts.astype(float), _enough(counts < participants))
    figure, (panel,) = _columns(1, len(shown), 6.4)
    _points(panel, space, counts[shown], np.asarray(inside)[shown], shown, True)
    _say_which(panel, space, shown, "the fewest participants")
    panel.set_xlim(0, 1.04 * participants)
    panel.set_xlabel("participants")
    heading(figure, f"Participants with a value; in colour what is analysed ({int(inside.sum()):,} regions)")
    return figure


def viewer(
    space: Parcels, values: np.ndarray, threshold: float, title: str, peak: int, symmetric: bool = True
) -> str:
    """Make a page with all regions, to be sorted by name or statistic and searched; below views of the cortex.

    Takes and gives what `permaps.figures.drawing.view` does.
    """
    rows = [
        [name, round(float(value), 3), bool(abs(value) >= threshold)]
        for name, value in zip(space.names[space.mask].tolist(), values, strict=True)
    ]
    data = {"rows": rows, "title": f"In bold: {title}", "first": f"{space.named(peak)}: {values[peak]:.3f}"}
    page = part_of_viewer("regions.html").replace("DATA", in_script(data))
    if not space.surface:
        return page
    own = space.surface.sides(space.region == np.flatnonzero(space.mask)[peak])
    first = str([*own, *space.surface.hemispheres][0])
    shown = space.at_vertices(np.asarray(values, float), 0)
    top = end_of_scale(values)
    pages = cortex.pages_of(space.surface, shown, threshold, title, first, symmetric, top)
    return cortex.framed([*pages, ("all regions", page)])


def _highest(height, number):
    """Return so many regions, the highest last; of equal ones, the first in the files are taken."""
    return np.argsort(-height, kind="stable")[:number][::-1]


def _enough(of_note):
    """Return how many regions are drawn for all of note to be among them, and others beside these."""
    return int(np.clip(of_note.sum() + FEW // 2, FEW, MOST))


def _say_which(panel, space, shown, what):
    if len(shown) < space.n_elements:
        panel.set_ylabel(f"the {len(shown)} of {space.n_elements:,} regions with {what}")


def _columns(count, n_regions, width=3.4, above=0.0):
    """Return a figure with columns that have a line for each region, below so many inches for the cortex."""
    figure, axes = plt.subplots(
        1, count, figsize=(width * count + 1.2, 0.17 * n_regions + 1.4 + above),
        layout="constrained", sharey=True, squeeze=False,
    )  # fmt: skip
    if above:
        right = 1 - BAR / figure.get_figwidth() if count > 1 else 1
        figure.get_layout_engine().set(rect=(0, 0, right, 1 - above / figure.get_figheight()))
    return figure, list(axes.flat)


def _cells(figure, axes, above):
    """Return where the cortex is drawn above each panel."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    title = 0.3 / figure.get_figheight()
    height = above / figure.get_figheight() - title / 2
    boxes = [panel.get_position() for panel in axes]
    return [(box.x0, 1 - title - height, box.width, height) for box in boxes]


def _bar(figure, above, cmap, low, top, extend="neither"):
    """Draw the colour bar of the cortex, right of it."""
    width, height = figure.get_size_inches()
    box = [1 - 0.9 * BAR / width, 1 - (0.2 + 0.75 * above) / height, 0.13 / width, 0.5 * above / height]
    return colour_bar(figure, box, cmap, low, top, extend)


def _points(panel: Axes, space, values, significant, regions, named):
    """Draw a point and a line from 0 for each region, in colour where something is found."""
    height = np.arange(len(regions))
    colours = np.where(significant, np.where(values < 0, BLUE, RED), GREY)
    panel.hlines(height, 0, values, colors=colours, linewidth=1.2)
    panel.scatter(values, height, c=colours, s=16, zorder=3)
    panel.set_ylim(-0.7, len(regions) - 0.3)
    if named:
        names = space.names[space.mask][regions]
        panel.set_yticks(height, names, fontsize=7, color=BLACK)
    panel.tick_params(axis="y", length=0)
