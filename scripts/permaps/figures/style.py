"""How every figure looks: fonts, sizes, and colours that survive print and colour blindness."""

import json
import textwrap
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")  # no display on a cluster node
import matplotlib.pyplot as plt
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from permaps.reporting.words import DPI
from permaps.spaces.space import Space
from permaps.workflow.errors import one_line
from permaps.workflow.jobs import log, warn, write_text, written_whole

# Okabe and Ito's palette, named by the meaning of a colour in our figures.
BLUE, ORANGE, GREEN, RED, GREY, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8A8A", "#222222"

# No matplotlibrc, the user's or one in the working directory, changes a figure.
matplotlib.rcdefaults()
plt.rcParams.update(
    {
        "figure.dpi": DPI,
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": BLACK,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "lines.linewidth": 1.5,
        "text.parse_math": False,  # a $ in an id or a column name does not start a formula
        "svg.fonttype": "none",  # text stays text, so that a journal can use its own font
        "svg.hashsalt": "permaps",  # the same figure gives the same file
    }
)


def heading(figure: Figure, title: str) -> None:
    """Put a title over a figure, in a smaller size if it would not fit."""
    # A bold letter of 12 points is about 0.1 inch wide.
    size = min(12, 12 * (figure.get_figwidth() - 0.2) / (0.1 * len(title)))
    figure.suptitle(title, x=0.1 / figure.get_figwidth(), ha="left", fontsize=size, fontweight="bold")


def draw(paths: Iterable[str | Path], make: Callable[..., Figure], *arguments: object) -> None:
    """Draw a figure and save it; one that cannot be drawn leaves a note in its place, and the run goes on.

    Parameters
    ----------
    paths : iterable of path
        The figure, in as many formats.
    make : callable
        Draws it.
    *arguments
        What it takes.
    """
    paths = list(paths)
    try:
        save(make(*arguments), *paths)
    except Exception as error:  # no plotting library's view of odd images decides about a run
        save(_note(_not_drawn(paths[0], error)), *paths)


def write_view(path: str | Path, make: Callable[..., str], *arguments: object) -> None:
    """Write an interactive view, a page; one that cannot be made leaves a note, as by `draw`."""
    try:
        page = make(*arguments)
    except Exception as error:
        page = f"<!DOCTYPE html>\n<title>No view</title>\n<p>{escape(_not_drawn(path, error))}</p>\n"
    write_text(path, page)


def part_of_viewer(name: str) -> str:
    """Return a file of the folder `viewers`, of which interactive views consist."""
    return Path(__file__).with_name("viewers").joinpath(name).read_text(encoding="utf-8")


def in_script(data: object) -> str:
    """Return data as they are written into the script of a page: no name among them can end the script."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _not_drawn(path, error):
    plt.close("all")
    log.exception("%s could not be drawn", path)
    warn(f"{path} could not be drawn, and has a note in its place: {one_line(error)}")
    return f"This figure could not be drawn: {one_line(error)}"


def _note(text):
    figure = plt.figure(figsize=(7, 1.6))
    figure.text(0.02, 0.5, textwrap.fill(text, 90), va="center", color=BLACK)
    return figure


def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure to each path and close it. The same figure gives the same bytes."""
    if (layout := figure.get_layout_engine()) is not None:
        # One layout for all files, because repeated constrained layouts differ slightly.
        layout.execute(figure)
        # With any layout, even "none", every file would be drawn twice.
        figure.set_layout_engine(None)
    for path in paths:
        undated = {"Date": None} if str(path).endswith(".svg") else {}
        with written_whole(path) as temporary:
            figure.savefig(temporary, metadata=undated)
    plt.close(figure)


def p_scale(maps: Iterable[np.ndarray], alpha: float, most: float | None = None) -> tuple[float, float, str]:
    """Return where the scale of several maps of -log10 p begins and ends, and whether its end is open.

    Parameters
    ----------
    maps : iterable of array, shape (n_elements,)
    alpha : float
        Corrected level, where it begins.
    most : float, optional
        Its end, if values go beyond that.

    Returns
    -------
    threshold, top : float
    extend : {"max", "neither"}
        As a colour bar takes it.
    """
    threshold, largest = -np.log10(alpha), max(values.max() for values in maps)
    top = max(largest if most is None else min(most, largest), threshold * 1.2)
    return threshold, top, "max" if largest > top * (1 + 1e-6) else "neither"


def end_of_scale(values: np.ndarray) -> float:
    """Return the end of the scale of a statistic of any shape: its largest value on either side of 0."""
    return float(np.abs(values).max()) or 1.0


def statistic_scale(
    values: np.ndarray, symmetric: bool, positive: str = "inferno"
) -> tuple[float, float, str]:
    """Return where the scale of a statistic begins and ends, and its colours.

    Parameters
    ----------
    values : array, shape (n_elements,)
    symmetric : bool
        Whether the scale goes as far below 0 as above, and not from 0 on.
    positive : str
        The colours of a scale from 0 on.

    Returns
    -------
    low, top : float
    cmap : str
    """
    top = end_of_scale(values)
    return (-top, top, "RdBu_r") if symmetric else (0.0, top, positive)


def panel_title(name: str, significant: np.ndarray, space: Space | type[Space]) -> str:
    """Say what a panel shows, and how many elements are significant: a bool array of shape (n_elements,)."""
    count = int(np.count_nonzero(significant))
    return f"{name}\n{count:,} significant {space.element if count == 1 else space.elements}"


def write_above(figure: Figure, x: float, y: float, text: str) -> None:
    """Write the title of a panel that has no axes of its own, at x and y from 0 to 1."""
    figure.text(x, y, text, ha="center", va="bottom", fontsize=9, linespacing=1.5)


def colour_bar(
    figure: Figure, box: Iterable[float], cmap: str, low: float, top: float, extend: str = "neither"
) -> Colorbar:
    """Draw the colour bar of a scale.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    box : (left, bottom, width, height)
        As shares of the figure.
    cmap : str
    low, top : float
        Ends of the scale.
    extend : {"neither", "max"}
        Whether larger values have its last colour.
    """
    scale = plt.cm.ScalarMappable(plt.Normalize(low, top), cmap)
    return figure.colorbar(scale, cax=figure.add_axes(box), extend=extend)


def label_statistic(bar: Colorbar, label: str) -> None:
    """Label the colour bar of a statistic, above it, because a single rotated t is hard to read."""
    title = bar.ax.set_title(label, fontsize=9, fontweight="normal", loc="left")
    # Bars stand at the edge of figures, which would cut a long name off.
    beyond = title.get_window_extent().x1 - 0.995 * bar.ax.figure.bbox.x1
    title.set_x(-max(beyond, 0) / bar.ax.bbox.width)
    bar.outline.set_visible(False)


def label_p(bar: Colorbar) -> None:
    """Label the colour bar of a scale of -log10 p."""
    bar.set_label("$-\\log_{10}$ corrected p", parse_math=True)
    bar.outline.set_visible(False)


def label_participants(bar: Colorbar) -> None:
    """Label the colour bar of a scale of how many participants have a value."""
    bar.set_label("participants")
    bar.outline.set_visible(False)
