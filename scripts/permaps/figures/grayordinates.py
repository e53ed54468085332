"""Maps of grayordinates: the cortices as surfaces, and below them the voxels as brains, on one scale."""

import numpy as np
from matplotlib.figure import Figure

from permaps.figures import brains, cortex
from permaps.figures.style import (
    BLACK,
    RED,
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
from permaps.permutation.thresholds import significant as is_significant
from permaps.spaces.grayordinates import Grayordinates

# Height of a row of slices, in inches, and how many are in it.
ROW, CUTS = 2.2, 7


def panels(space: Grayordinates, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p maps side by side, on one scale.

    Takes and gives what `permaps.figures.drawing.draw_panels` does.
    """
    threshold, top, extend = p_scale((values for _, values in panels), alpha, most)
    parts = space.parts
    heights = {"cortex": 3.2, "voxels": 3.9}
    below = sum(heights[name] for name in parts)
    width, height = 3.1 * len(panels) + 0.7, below + 0.95
    figure = plt.figure(figsize=(width, height))
    heading(figure, title)
    right = 1 - 0.75 / width
    for k, (name, values) in enumerate(panels):
        left, across, bottom = right * k / len(panels), right / len(panels), below / height
        significant = is_significant(values, alpha)
        write_above(figure, left + across / 2, bottom + 0.01, panel_title(name, significant, space))
        for part, (inside, own) in parts.items():
            bottom -= heights[part] / height
            box = [left, bottom, across, heights[part] / height]
            if part == "cortex":
                cortex.draw_significant(figure, own, box, values[inside], significant[inside], threshold, top)
            else:
                brains.draw_glass_brain(figure.add_axes(box), own, values[inside], threshold, top)
    box = [right + 0.1 / width, 0.3, 0.13 / width, 0.35]
    label_p(colour_bar(figure, box, "inferno", threshold, top, extend))
    return figure


def statistic(
    space: Grayordinates,
    values: np.ndarray,
    significant: np.ndarray,
    label: str,
    title: str,
    symmetric: bool = True,
) -> Figure:
    """Draw a statistic and outline what is significant.

    Takes and gives what `permaps.figures.drawing.draw_statistic` does.
    """
    low, top, cmap = statistic_scale(values, symmetric)
    figure, boxes, bar = _rows(space, title)
    for name, (inside, part) in space.parts.items():
        own, outlined = values[inside], np.asarray(significant)[inside]
        if name == "cortex":
            shown = cortex.but_faint(own, outlined, top)
            cortex.draw_views(figure, part, boxes[name], shown, cmap, low, top, outlined, BLACK)
        else:
            brains.draw_slices(figure, [boxes[name]], part, own, outlined, cmap, low, top, CUTS)
    label_statistic(colour_bar(figure, bar, cmap, low, top), label)
    return figure


def coverage(space: Grayordinates, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each grayordinate, with the outline of the analysis mask.

    Takes and gives what `permaps.figures.drawing.draw_coverage` does.
    """
    title = f"Participants with a value; analysis mask outlined ({int(inside.sum()):,} grayordinates)"
    figure, boxes, bar = _rows(space, title)
    for name, (elements, part) in space.parts.items():
        own, analysed = counts[elements], np.asarray(inside)[elements]
        if name == "cortex":
            shown = np.where(own > 0, own, np.nan)
            cortex.draw_views(figure, part, boxes[name], shown, "viridis", 0, participants, analysed, RED)
        else:
            brains.draw_counts(figure, boxes[name], part, own, analysed, participants)
    label_participants(colour_bar(figure, bar, "viridis", 0, participants))
    return figure


def viewer(
    space: Grayordinates, values: np.ndarray, threshold: float, title: str, peak: int, symmetric: bool = True
) -> str:
    """Make interactive views of a statistic below each other, first the part with a grayordinate.

    Takes and gives what `permaps.figures.drawing.view` does.
    """
    pages, top = [], end_of_scale(values)
    for name, (inside, part) in space.parts.items():
        own, holds = values[inside], inside.start <= peak < inside.stop
        place = peak - inside.start if holds else int(np.argmax(np.abs(own)))
        if name == "cortex":
            side = str(part.sides([place])[0])
            pages_of_part = cortex.pages_of(part, own, threshold, title, side, symmetric, top)
        else:
            page = brains.viewer(part, own, threshold, f"{title}, voxels", place, symmetric, top)
            pages_of_part = [("voxels", page)]
        pages = pages_of_part + pages if holds else pages + pages_of_part
    return cortex.framed(pages)


def _rows(space, title):
    """Return a figure, the box of each part, one below the other, and that of the colour bar."""
    heights = dict.fromkeys(space.parts, ROW)
    width, height = 11.0, sum(heights.values()) + 0.35
    figure = plt.figure(figsize=(width, height))
    heading(figure, title)
    boxes, bottom = {}, 1 - 0.35 / height
    for name, tall in heights.items():
        bottom -= tall / height
        boxes[name] = (0.0, bottom, 0.915, tall / height)
    return figure, boxes, [0.937, 0.25, 0.012, 0.45]
