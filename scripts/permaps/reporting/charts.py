"""Charts of a run: null distributions, convergence of p, effects at peaks, design, quality."""

from collections.abc import Collection

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from permaps.permutation.correction import observed_p
from permaps.permutation.thresholds import critical_value, settling
from permaps.reporting.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    heading,
    plt,
)
from permaps.reporting.words import number, p_text
from permaps.statistics.registry import STATISTICS

LEGIBLE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
# The share of a panel below its legend.
FREE = 0.78
SHADES = (BLUE, RED, GREEN, ORANGE, "#CC79A7")


def null_histograms(
    nulls: dict[str, np.ndarray],
    alpha: float,
    title: str,
    extent: str = "voxels",
    ranked: Collection[str] = (),
) -> Figure:
    """Draw the null distribution of each maximum, with the observed and the critical value.

    Parameters
    ----------
    nulls : dict of str to array, shape (1 + N,)
        By the name of the statistic as in file names.
    alpha : float
    title : str
    extent : str
        Unit of the size of clusters.
    ranked : collection of str
        Statistics whose maxima are -log10 of the smallest p over parts of the brain.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _row(len(nulls), 3.0)
    for panel, (stat, null) in zip(axes, nulls.items(), strict=True):
        observed = float(null[0])
        value, low, high = critical_value(null, alpha)
        # As one shape: hundreds of bars take ten times as long to draw.
        panel.hist(null, bins=_bins(null), color="#AFC0CF", histtype="stepfilled")
        panel.axvline(
            observed,
            ymax=FREE,
            color=RED,
            label=f"observed {number(observed)}\n({p_text(observed_p(null, stat))})",
        )
        if np.isfinite(value):
            panel.axvspan(low, min(high, null.max()), ymax=FREE, color=BLUE, alpha=0.25, linewidth=0)
            interval = f"{number(low)} to {'∞' if np.isinf(high) else number(high)}"
            panel.axvline(
                value,
                ymax=FREE,
                color=BLUE,
                linestyle="--",
                label=f"critical {number(value)}\n(95 % CI {interval})",
            )
        else:
            panel.plot([], [], " ", label=f"no critical value: too few\nrelabellings for α = {alpha:g}")
        panel.set_title(STATISTICS[stat].title)
        unit = extent if stat == "clustersize" else STATISTICS[stat].unit
        panel.set_xlabel(
            "−log₁₀ of the smaller p of cortex and voxels"
            if stat in ranked
            else f"maximum over the brain ({unit})"
        )
        if panel.get_xlim()[1] >= 1000:
            panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.set_ylabel("relabellings")
        panel.set_ylim(top=panel.get_ylim()[1] / FREE)
        panel.legend(loc="upper center", ncols=2, handlelength=1.4, columnspacing=1.2)
    heading(figure, title)
    return figure


def _bins(null):
    """Return bins that suit most maxima: a single huge maximum must not squeeze the others into one bar."""
    values = np.unique(null)
    if np.allclose(values, values.round()) and np.ptp(values) <= 250:
        return np.arange(values.min() - 0.5, values.max() + 1)
    low, high = np.quantile(null, [0.01, 0.95])
    width = max((high - low) / 30, np.ptp(null) / 400)
    return max(1, int(np.ceil(np.ptp(null) / width))) if width > 0 else 1


def convergence(tracks: dict, alpha: float, title: str) -> Figure:
    """Draw how the corrected p of each statistic's top peaks converges with the relabellings.

    Parameters
    ----------
    tracks : dict of str to (array, shape (1 + N,), list of (str, float))
        By statistic: its null, and its top peaks as (name, final p).
    alpha : float
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _row(len(tracks), 3.2)
    for panel, (stat, (null, peaks)) in zip(axes, tracks.items(), strict=True):
        n = len(null)
        # The one nearest to the level; the bands of all would overlap.
        nearest = min(peaks, key=lambda peak: abs(np.log(peak[1] / alpha)))[0]
        # Before, every p is high because there are too few relabellings.
        start = min(1 / alpha, n / 10) if n > 20 else 1
        # As dense as one can see on a log axis.
        at = np.unique(np.geomspace(max(start, 1), n, 400).astype(int)) - 1
        for shade, (name, p) in zip(SHADES, peaks, strict=False):
            p_so_far, low, high = settling(null, p)
            if name == nearest:
                panel.fill_between(at + 1, low[at], high[at], color=shade, alpha=0.18, linewidth=0)
            panel.plot(at + 1, p_so_far[at], color=shade, zorder=3, label=f"{name}: {p_text(p)}")
        least = 0.6 / n
        # Above the bands, which do not depend on it.
        panel.fill_between(
            at + 1,
            least,
            1 / (at + 1),
            facecolor="#EBEBEB",
            edgecolor="#CCCCCC",
            linewidth=0.6,
            zorder=2,
            label="p < 1 / relabellings: out of reach",
        )
        panel.axhline(alpha, color=BLACK, linestyle="--", linewidth=1, zorder=4)
        # Next to the panel, because a long legend would cover it.
        panel.text(n, alpha, f" α = {alpha:g}", va="center", ha="left", fontsize=8)
        panel.set(xscale="log", yscale="log", xlim=(at[0] + 1, n), ylim=(least, 1.3))
        panel.set_title(STATISTICS[stat].title)
        panel.set_xlabel("relabellings, the observed one included")
        panel.set_ylabel("corrected p")
        for axis, shown in ((panel.xaxis, "{x:,.0f}"), (panel.yaxis, "{x:g}")):
            low, high = axis.get_view_interval()
            axis.set_major_locator(LogLocator(subs=(1,) if high / low > 30 else (1, 2, 5)))
            axis.set_major_formatter(StrMethodFormatter(shown))
            axis.set_minor_formatter(NullFormatter())
        free = "upper right" if all(p < 0.2 for _, p in peaks) else "lower left"
        panel.legend(loc=free, fontsize=7, frameon=True, facecolor="white", edgecolor="none")
    heading(figure, title)
    return figure


def discoveries(
    clusters: dict[str, np.ndarray],
    sizes: np.ndarray,
    shares: np.ndarray,
    title: str,
    elements: str = "voxels",
) -> Figure:
    """Draw the bounds on true discoveries: of each cluster, and of the elements with the largest statistic.

    Parameters
    ----------
    clusters : dict of str to array, shape (n_clusters, 2)
        By statistic: the number of elements of each cluster, and the share that is active, at least.
    sizes : array of int, shape (n,)
        Numbers of elements with the largest statistic.
    shares : array, shape (n,)
        What share of them is active, at least.
    title : str
    elements : str
        What the elements are called.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (each, largest) = _row(2, 3.2)
    for shade, marker, (stat, bounds) in zip(SHADES, "osD^v", clusters.items(), strict=False):
        if len(bounds):
            label = f"{STATISTICS[stat].label} ({len(bounds)})"
            each.plot(
                *(bounds * [1, 100]).T,
                marker,
                color=shade,
                markersize=5,
                alpha=0.75,
                clip_on=False,
                label=label,
            )
    each.set_title("Each cluster")
    each.set_xlabel(f"{elements} in the cluster")
    if each.get_legend_handles_labels()[0]:
        each.legend(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        each.text(0.5, 0.5, "no cluster", transform=each.transAxes, ha="center", color=GREY)
    largest.plot(sizes, 100 * shares, color=BLUE)
    largest.fill_between(sizes, 100 * shares, color=BLUE, alpha=0.15, linewidth=0)
    largest.set_title("In the order of the statistic")
    largest.set_xlabel(f"{elements} with the largest statistic")
    for panel in (each, largest):
        panel.set(xscale="log", xlim=(0.9, 1.1 * sizes[-1]), ylim=(0, 103))
        panel.set_ylabel("active, at least (%)")
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
    heading(figure, title)
    return figure


def peak_effects(peaks: list, title: str, ylabel: str) -> Figure:
    """Draw the data behind each peak: a slope with its band, or groups side by side.

    Parameters
    ----------
    peaks : list of (str, permaps.reporting.adjusted.Adjusted)
        Name of the peak and its data.
    title, ylabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _row(len(peaks), 3.0, most=3)
    rng = np.random.default_rng(0)
    for panel, (name, data) in zip(axes, peaks, strict=True):
        if data.kind == "groups":
            jitter = rng.uniform(-0.15, 0.15, len(data.x))
            panel.plot(data.x + jitter, data.y, "o", color=GREY, alpha=0.6, markersize=3.5, markeredgewidth=0)
            panel.errorbar(
                data.grid + 0.28,
                data.mean,
                yerr=[data.mean - data.low, data.high - data.mean],
                fmt="o",
                color=BLUE,
                capsize=3,
                markersize=5,
            )
            panel.axhline(0, color=BLACK, linewidth=0.7, linestyle=":")
            panel.set_xticks(data.grid + 0.14, data.labels)
            panel.set_xlim(-0.6, len(data.grid) - 0.2)
        else:
            panel.plot(data.grid, data.mean, color=BLUE)
            if data.kind == "slope":
                panel.fill_between(data.grid, data.low, data.high, color=BLUE, alpha=0.2, linewidth=0)
            panel.plot(data.x, data.y, "o", color=GREY, alpha=0.75, markersize=3.5, markeredgewidth=0)
            panel.set_xlabel(data.labels[0])
        panel.set_title(name, fontsize=9)
        panel.set_ylabel(ylabel)
    heading(figure, title)
    return figure


def design_matrix(design: np.ndarray, names: list[str], contrasts: list, title: str) -> Figure:
    """Draw the design as fitted, the contrasts below it, and the correlations between the columns.

    Parameters
    ----------
    design : array, shape (n, p)
    names : list of str, length p
    contrasts : list of (str, array, shape (q, p))
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = [
        (f"{name} {i + 1}" if len(w) > 1 else name, row) for name, w in contrasts for i, row in enumerate(w)
    ]
    varying = np.flatnonzero(np.ptp(design, axis=0) > 0)
    left, right = max(4.0, 0.62 * len(names) + 1.8), max(3.6, 0.55 * len(varying) + 1.8)
    beside = len(varying) > 1
    figure = plt.figure(
        figsize=(left + right * beside, max(5.0, right if beside else 0) + 0.26 * len(rows)),
        layout="constrained",
    )
    parts = figure.subfigures(1, 1 + beside, squeeze=False, width_ratios=[left, right][: 1 + beside])[0]
    matrix, below = parts[0].subplots(2, 1, height_ratios=[3.4, 0.24 * len(rows) + 0.1])
    # Each column on its own scale, or a covariate in milliseconds would hide one in years.
    least, spread = design.min(axis=0), np.ptp(design, axis=0)
    scaled = np.where(spread > 0, (design - least) / np.where(spread > 0, spread, 1), 0.5)
    shown = matrix.imshow(
        scaled,
        aspect="auto",
        cmap="cividis",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(-0.5, len(names) - 0.5, len(design), 0),
    )
    matrix.set_title("Design", pad=4)
    matrix.set_ylabel("participants")
    matrix.yaxis.set_major_locator(plt.MaxNLocator(integer=True))
    matrix.set_xticks([])
    bar = parts[0].colorbar(shown, ax=matrix, shrink=0.6, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["least", "largest"])
    weights = np.array([row for _, row in rows])
    top = np.abs(weights).max()
    below.imshow(weights, aspect="auto", cmap="PuOr_r", vmin=-top, vmax=top)
    for i, j in np.argwhere(weights != 0):
        strong = abs(weights[i, j]) > 0.6 * top
        below.text(
            j, i, f"{weights[i, j]:g}", ha="center", va="center", fontsize=8, color="w" if strong else BLACK
        )
    below.set_yticks(range(len(rows)), [name for name, _ in rows])
    below.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    below.set_title("Contrasts", pad=4)
    _boxed(matrix, below)
    if beside:
        _correlations(parts[1].subplots(), design[:, varying], [names[i] for i in varying])
    heading(figure, title)
    return figure


def _correlations(panel, columns, names):
    r = np.corrcoef(columns.T)
    panel.imshow(r, cmap="PuOr_r", vmin=-1, vmax=1)
    for i, j in np.ndindex(r.shape):
        panel.text(
            j,
            i,
            f"{r[i, j]:.2f}",
            ha="center",
            va="center",
            fontsize=8,
            color="w" if abs(r[i, j]) > 0.6 else BLACK,
        )
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_title("Correlation of columns", pad=4)
    _boxed(panel)


def quality(
    participants: list[str],
    bands: np.ndarray,
    correlation: np.ndarray,
    missing: np.ndarray,
    flags: dict[int, str],
    title: str,
    elements: str = "voxels",
) -> Figure:
    """Draw each participant's values, correlation with the others and missing share.

    Parameters
    ----------
    participants : list of str, length n
    bands : array, shape (n, 5)
        Quantiles of a map's values: 1, 25, 50, 75, 99 %.
    correlation, missing : array, shape (n,)
        With the group mean; share of mask voxels.
    flags : dict of int to str
        What stands out, by the participant's position.
    title : str
    elements : str
        What a map consists of.

    Returns
    -------
    matplotlib.figure.Figure
    """
    n = len(participants)
    at = np.arange(n)
    colours = np.array([BLUE] * n, dtype=object)
    colours[list(flags)] = RED
    width = float(np.clip(2.5 + 0.09 * n, 7, 14))
    figure, axes = plt.subplots(
        3, 1, sharex=True, figsize=(width, 6.2), layout="constrained", height_ratios=[1.4, 1, 0.6]
    )
    axes[0].vlines(at, bands[:, 0], bands[:, 4], color=colours, linewidth=0.8)
    axes[0].vlines(at, bands[:, 1], bands[:, 3], color=colours, linewidth=3.2)
    axes[0].plot(at, bands[:, 2], "o", color="white", markersize=2.2)
    axes[0].axhline(0, color=BLACK, linewidth=0.7, linestyle=":")
    axes[0].set_title("Values in the mask (median, quartiles, 1 to 99 %)")
    axes[0].set_ylabel("map value")
    axes[1].vlines(at, 0, correlation, color=colours, linewidth=0.8)
    axes[1].scatter(at, correlation, c=colours, s=14)
    axes[1].axhline(0, color=BLACK, linewidth=0.7)
    axes[1].set_title("Spatial correlation with the mean of the others")
    axes[1].set_ylabel("r")
    axes[2].bar(at, 100 * missing, color=colours, width=0.7)
    axes[2].set_title(f"Missing {elements}")
    axes[2].set_ylabel(f"% of {elements}")
    if not np.any(missing):
        axes[2].text(0.5, 0.5, "none", transform=axes[2].transAxes, ha="center", va="center", color=GREY)
        axes[2].set_yticks([0])
    axes[2].set_ylim(0, max(1.0, 110 * float(np.max(missing, initial=0))))
    axes[2].set_xlim(-1, n)
    # The names and reasons of hundreds would overlap: red marks them, and the caption names them.
    named = flags if len(flags) <= 30 else {}
    shown = at if n <= 40 else np.array(sorted({*range(0, n, int(np.ceil(n / 30))), *named}))
    axes[2].set_xticks(shown, [participants[i] for i in shown], rotation=90, fontsize=7)
    for label, i in zip(axes[2].get_xticklabels(), shown, strict=True):
        label.set_color(RED if i in flags else BLACK)
    for i, reason in named.items():
        axes[1].annotate(
            reason,
            (i, correlation[i]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=7,
            color=RED,
            bbox=LEGIBLE,
        )
    heading(figure, title)
    return figure


def _row(count, height, most=4):
    """Return panels in rows of at most `most`, four as two by two. Extra panels are removed."""
    across = 2 if count == 4 else min(count, most)
    down = -(-count // across)
    figure, axes = plt.subplots(
        down, across, figsize=(3.9 * across + 0.3, height * down + 0.5), layout="constrained", squeeze=False
    )
    for panel in axes.flat[count:]:
        panel.remove()
    return figure, axes.flat[:count]


def _boxed(*panels):
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(True)
