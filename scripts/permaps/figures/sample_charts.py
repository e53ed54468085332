"""Charts of the sample: its design and contrasts, and the quality of its maps."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from permaps.figures.style import BLACK, BLUE, GREY, RED, heading, plt
from permaps.quality.outliers import flags_of
from permaps.reporting.words import column

if TYPE_CHECKING:
    import pandas as pd

# Letters of a column's name that leave room for the design.
_LONGEST = 30
LEGIBLE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}


def design_matrix(design: np.ndarray, names: list[str], contrasts: list, title: str) -> Figure:
    """Draw the design as fitted, the contrasts below it, and the correlations between the columns.

    Parameters
    ----------
    design : array, shape (n, p)
        With NaN in the columns of covariates that are maps.
    names : list of str, length p
    contrasts : list of (str, array, shape (q, p))
    title : str
    """
    rows = [
        (f"{name} {i + 1}" if len(w) > 1 else name, row) for name, w in contrasts for i, row in enumerate(w)
    ]
    names = [column(name) for name in names]
    names = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]
    varying = np.flatnonzero(np.ptp(design, axis=0) > 0)
    left, right = max(4.0, 0.62 * len(names) + 1.8), max(3.6, 0.55 * len(varying) + 1.8)
    beside = len(varying) > 1
    figure = plt.figure(
        figsize=(left + right * beside, max(5.0, right if beside else 0) + 0.26 * len(rows)),
        layout="constrained",
    )
    parts = figure.subfigures(1, 1 + beside, squeeze=False, width_ratios=[left, right][: 1 + beside])[0]
    matrix, below = parts[0].subplots(2, 1, height_ratios=[3.4, 0.24 * len(rows) + 0.1])
    _columns(parts[0], matrix, design)
    _contrasts(below, rows, names)
    _boxed(matrix, below)
    if beside:
        _correlations(parts[1].subplots(), design[:, varying], [names[i] for i in varying])
    heading(figure, title)
    return figure


def _columns(part, panel, design):
    """Draw the columns of a design, each on its own scale, or a covariate in milliseconds would hide one in years."""
    least, spread = design.min(axis=0), np.ptp(design, axis=0)
    scaled = np.where(spread == 0, 0.5, (design - least) / np.where(spread > 0, spread, 1))
    shown = panel.imshow(
        scaled,
        aspect="auto",
        cmap="cividis",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(-0.5, design.shape[1] - 0.5, len(design), 0),
    )
    for i in np.flatnonzero(np.isnan(spread)):
        panel.text(i, len(design) / 2, "a map", ha="center", va="center", rotation="vertical", color=BLACK)
    panel.set_title("Design", pad=4)
    panel.set_ylabel("participants")
    panel.yaxis.set_major_locator(plt.MaxNLocator(integer=True))
    panel.set_xticks([])
    bar = part.colorbar(shown, ax=panel, shrink=0.6, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["least", "largest"])


def _contrasts(panel, rows, names):
    weights = np.array([row for _, row in rows])
    top = np.abs(weights).max()
    panel.imshow(weights, aspect="auto", cmap="PuOr_r", vmin=-top, vmax=top)
    for at in np.argwhere(weights != 0):
        _write_into(panel, at, f"{weights[*at]:g}", abs(weights[*at]) > 0.6 * top)
    panel.set_yticks(range(len(rows)), [name for name, _ in rows])
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_title("Contrasts", pad=4)


def _write_into(panel, at, text, strong):
    """Write into the cell of a matrix, in white where its colour is strong."""
    row, column = at
    panel.text(column, row, text, ha="center", va="center", fontsize=8, color="w" if strong else BLACK)


def _correlations(panel, columns, names):
    r = np.corrcoef(columns.T)
    panel.imshow(r, cmap="PuOr_r", vmin=-1, vmax=1)
    for i, j in np.ndindex(r.shape):
        _write_into(panel, (i, j), f"{r[i, j]:.2f}", abs(r[i, j]) > 0.6)
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_title("Correlation of columns", pad=4)
    _boxed(panel)


def quality(metrics: "pd.DataFrame", elements: str) -> Figure:
    """Draw each participant's values, correlation with the others and missing share.

    Parameters
    ----------
    metrics : pandas.DataFrame
        A row per map, as `permaps.quality.screening.measure` gives it, and `stands_out`.
    elements : str
        What a map consists of.
    """
    n, flags, participants = len(metrics), flags_of(metrics), metrics["participant_id"].tolist()
    bands = metrics[["q01", "q25", "q50", "q75", "q99"]].to_numpy()
    correlation, missing = metrics["correlation"].to_numpy(), metrics["missing"].to_numpy()
    colours = np.array([BLUE] * n, dtype=object)
    colours[list(flags)] = RED
    width = float(np.clip(2.5 + 0.09 * n, 7, 14))
    figure, (values, likeness, lacking) = plt.subplots(
        3, 1, sharex=True, figsize=(width, 6.2), layout="constrained", height_ratios=[1.4, 1, 0.6]
    )
    _values(values, bands, colours, elements)
    _likeness(likeness, correlation, colours)
    _missing(lacking, missing, colours, elements)
    # The names and reasons of hundreds would overlap: red marks them, and the caption names them.
    named = flags if len(flags) <= 30 else {}
    for i, reason in named.items():
        likeness.annotate(
            reason,
            (i, correlation[i]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=7,
            color=RED,
            bbox=LEGIBLE,
        )
    lacking.set_xlim(-1, n)
    shown = np.arange(n) if n <= 40 else np.array(sorted({*range(0, n, int(np.ceil(n / 30))), *named}))
    lacking.set_xticks(shown, [participants[i] for i in shown], rotation=90, fontsize=7)
    for label, i in zip(lacking.get_xticklabels(), shown, strict=True):
        label.set_color(RED if i in flags else BLACK)
    heading(figure, f"Quality of {n} maps: {len(flags)} stand{'s' * (len(flags) == 1)} out")
    return figure


def who_stands_out(metrics: "pd.DataFrame", excluded: "pd.DataFrame") -> str:
    """Return the caption of the quality of maps: who stands out, and who left with which reason."""
    people, flags = metrics["participant_id"], flags_of(metrics)
    named = "; ".join(f"{people[i]}: {reason}" for i, reason in flags.items())
    left = "; ".join(f"{p}: {r}" for p, r in zip(excluded["participant_id"], excluded["reason"], strict=True))
    return (
        f"{len(metrics)} maps were measured. Stands out: {named or 'nobody'}. "
        f"Left out of the analysis: {left or 'nobody'}."
    )


def _values(panel, bands, colours, elements):
    at = np.arange(len(bands))
    panel.vlines(at, bands[:, 0], bands[:, 4], color=colours, linewidth=0.8)
    panel.vlines(at, bands[:, 1], bands[:, 3], color=colours, linewidth=3.2)
    panel.plot(at, bands[:, 2], "o", color="white", markersize=2.2)
    panel.axhline(0, color=BLACK, linewidth=0.7, linestyle=":")
    panel.set_title(f"Values of the {elements} (median, quartiles, 1 to 99 %)")
    panel.set_ylabel("map value")


def _likeness(panel, correlation, colours):
    at = np.arange(len(correlation))
    panel.vlines(at, 0, correlation, color=colours, linewidth=0.8)
    panel.scatter(at, correlation, c=colours, s=14)
    panel.axhline(0, color=BLACK, linewidth=0.7)
    panel.set_title("Spatial correlation with the mean of the others")
    panel.set_ylabel("r")


def _missing(panel, missing, colours, elements):
    panel.bar(np.arange(len(missing)), 100 * missing, color=colours, width=0.7)
    panel.set_title(f"Missing {elements}")
    panel.set_ylabel(f"% of {elements}")
    if not np.any(missing):
        panel.text(0.5, 0.5, "none", transform=panel.transAxes, ha="center", va="center", color=GREY)
        panel.set_yticks([0])
    panel.set_ylim(0, max(1.0, 110 * float(np.max(missing, initial=0))))


def _boxed(*panels):
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(True)
