"""Maps of the edges of a graph: as a matrix, and between the nodes where these have places."""

import warnings

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from nilearn import plotting

from permaps.figures.style import (
    BLACK,
    GREY,
    heading,
    in_script,
    label_p,
    label_participants,
    label_statistic,
    p_scale,
    panel_title,
    part_of_viewer,
    plt,
    statistic_scale,
)
from permaps.permutation.thresholds import significant as is_significant
from permaps.spaces.edges import Edges

# More names than this would overlap.
MOST_NAMES = 45
# Longer ones would leave too little room for the matrix.
LONGEST_NAME = 28
# Opacity of what is not significant.
PALE = 0.5


def panels(space: Edges, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p of several statistics as matrices side by side, on one scale.

    Takes and gives what `permaps.figures.drawing.draw_panels` does.
    """
    threshold, top, extend = p_scale((values for _, values in panels), alpha, most)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.4 * len(panels) + 0.9, 4.2), layout="constrained", squeeze=False
    )
    for panel, (name, values) in zip(axes.flat, panels, strict=True):
        marked = is_significant(values, alpha)
        shown = space.full(np.where(marked, values, np.nan), np.nan)
        image = _matrix(panel, space, shown, "inferno_r", threshold, top)
        panel.set_title(panel_title(name, marked, space), fontweight="normal", fontsize=9, loc="center")
    label_p(figure.colorbar(image, ax=axes, shrink=0.6, extend=extend))
    heading(figure, title)
    return figure


def statistic(
    space: Edges, values: np.ndarray, significant: np.ndarray, label: str, title: str, symmetric: bool = True
) -> Figure:
    """Draw a statistic as a matrix with what is significant outlined, and the significant edges on a brain.

    Takes and gives what `permaps.figures.drawing.draw_statistic` does.
    """
    low, top, cmap = statistic_scale(values, symmetric, "inferno_r")
    placed = bool(np.isfinite(space.places).all())
    figure, axes = plt.subplots(
        1, 1 + placed, figsize=(11.5, 5.0) if placed else (6.0, 5.0), layout="constrained", squeeze=False
    )
    panel, marked = axes[0, 0], space.full(np.asarray(significant, float)) > 0
    image = _matrix(panel, space, space.full(values, np.nan), cmap, low, top, np.where(marked, 1, PALE))
    panel.add_collection(LineCollection(_border(marked), colors=BLACK, linewidths=0.9))
    label_statistic(figure.colorbar(image, ax=panel, shrink=0.6), label)
    heading(figure, title)
    if placed:
        # nilearn draws into the axes as they lie now.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        shown = space.full(np.where(significant, values, 0.0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plotting.plot_connectome(
                shown, space.places, node_size=12, node_color=GREY, edge_cmap=cmap, edge_vmin=low, edge_vmax=top,
                display_mode="xz", axes=axes[0, 1], figure=figure, colorbar=False,
            )  # fmt: skip
    return figure


def coverage(space: Edges, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each edge.

    Takes and gives what `permaps.figures.drawing.draw_coverage` does.
    """
    figure, panel = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
    image = _matrix(
        panel, space, space.full(np.where(inside, counts, np.nan), np.nan), "viridis", 0, participants
    )
    label_participants(figure.colorbar(image, ax=panel, shrink=0.6))
    heading(figure, f"Participants with a value ({int(inside.sum()):,} edges)")
    return figure


def viewer(
    space: Edges, values: np.ndarray, threshold: float, title: str, peak: int, symmetric: bool = True
) -> str:
    """Make a page with the matrix of a statistic that says nodes and value under the pointer.

    Takes and gives what `permaps.figures.drawing.view` does.
    """
    low, top, cmap = statistic_scale(values, symmetric, "inferno_r")
    matrix = space.full(np.asarray(values, float), np.nan)
    shown = np.where(np.abs(matrix) >= threshold, matrix, np.nan)
    colours = plt.get_cmap(cmap)((np.nan_to_num(shown) - low) / (top - low), bytes=True)[..., :3]
    colours[np.isnan(shown)] = 240
    data = {
        "names": space.names.tolist(),
        "values": [[None if np.isnan(v) else round(float(v), 3) for v in row] for row in matrix],
        "colours": colours.reshape(-1).tolist(),
        "first": f"{space.named(peak)}: {values[peak]:.3f}",
        "title": f"{title}, on a scale from {low:.2f} (blue) to {top:.2f} (red)"
        if symmetric
        else f"{title}, on a scale from 0 (light) to {top:.2f} (dark)",
    }
    return part_of_viewer("matrix.html").replace("DATA", in_script(data))


def _border(marked):
    """Return the lines around what is marked in a matrix, as pairs of ends."""
    edge = np.pad(marked, 1)
    lines = []
    for inside, turned in ((edge, 1), (edge.T, -1)):
        across, along = np.nonzero(inside[1:] != inside[:-1])
        ends = np.stack([[along - 1.5, across - 0.5], [along - 0.5, across - 0.5]])
        lines.append(ends.transpose(2, 0, 1)[..., ::turned])
    return np.concatenate(lines)


def _shortened(name):
    """Return a name without its middle if it is long: atlases differ in how their names begin, or end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def _matrix(panel, space, values, cmap, low, top, alpha=None):
    image = panel.imshow(values, cmap=cmap, vmin=low, vmax=top, interpolation="nearest", alpha=alpha)
    n = len(space.names)
    shown = np.arange(n) if n <= MOST_NAMES else np.arange(0, n, int(np.ceil(n / MOST_NAMES)))
    size = float(np.clip(180 / len(shown), 4, 8))
    names = [_shortened(str(name)) for name in space.names[shown]]
    panel.set_xticks(shown, names, rotation=90, fontsize=size)
    panel.set_yticks(shown, names, fontsize=size)
    panel.spines[:].set_visible(True)
    return image
