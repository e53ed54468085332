"""Charts of results: null distributions, convergence of p, bounds on true discoveries, effects at peaks."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from permaps.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    heading,
    plt,
)
from permaps.permutation.correction import observed_p
from permaps.permutation.thresholds import critical_value, settling
from permaps.reporting.words import number, p_text
from permaps.statistics.registry import STATISTICS

# The share of a panel below its legend.
FREE = 0.78
SHADES = (BLUE, RED, GREEN, ORANGE, "#CC79A7")


def null_histograms(
    nulls: dict[str, np.ndarray],
    alpha: float,
    title: str,
    extent: str = "voxels",
    labels: Mapping[str, str] | None = None,
    exact: bool = False,
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
    labels : mapping of str to str, optional
        By the name of a statistic, what its axis shows, if this is not the maximum over the brain.
    exact : bool
        Whether these are all distinct relabellings.
    """
    figure, axes = _row(len(nulls), 3.0)
    for panel, (stat, null) in zip(axes, nulls.items(), strict=True):
        # As one shape: hundreds of bars take ten times as long to draw.
        panel.hist(null, bins=_bins(null), color="#AFC0CF", histtype="stepfilled")
        _mark(panel, null, stat, alpha, exact)
        panel.set_title(STATISTICS[stat].title)
        unit = extent if stat == "clustersize" else STATISTICS[stat].unit
        panel.set_xlabel((labels or {}).get(stat, f"maximum over the brain ({unit})"))
        if panel.get_xlim()[1] >= 1000:
            # The labels are wider than matplotlib expects.
            panel.locator_params(axis="x", nbins=5)
            panel.xaxis.set_major_formatter(lambda x, _: number(x))
        panel.set_ylabel("relabellings")
        panel.set_ylim(top=panel.get_ylim()[1] / FREE)
        panel.legend(loc="upper center", ncols=2, handlelength=1.4, columnspacing=1.2)
    heading(figure, title)
    return figure


def _mark(panel, null, stat, alpha, exact):
    """Mark the observed and the critical value, and how sure the critical one is."""
    observed = float(null[0])
    panel.axvline(
        observed,
        ymax=FREE,
        color=RED,
        label=f"observed {number(observed)}\n({p_text(observed_p(null, stat))})",
    )
    value, low, high = critical_value(null, alpha, exact)
    if np.isfinite(value):
        panel.axvspan(low, min(high, null.max()), ymax=FREE, color=BLUE, alpha=0.25, linewidth=0)
        interval = f"\n(95 % CI {number(low)} to {'∞' if np.isinf(high) else number(high)})"
        panel.axvline(
            value,
            ymax=FREE,
            color=BLUE,
            linestyle="--",
            label=f"critical {number(value)}{'' if exact else interval}",
        )
    else:
        panel.plot([], [], " ", label=f"no critical value: too few\nrelabellings for α = {alpha:g}")


def _bins(null):
    """Return bins that suit most maxima: a single huge maximum must not squeeze the others into one bar."""
    values = np.unique(null)
    if np.allclose(values, values.round()) and np.ptp(values) <= 250:
        return np.arange(values.min() - 0.5, values.max() + 1)
    low, high = np.quantile(null, [0.01, 0.95])
    # Narrower bars are too thin to be seen, as that of all those without a cluster.
    width = max((high - low) / 30, np.ptp(null) / 100)
    return max(1, int(np.ceil(np.ptp(null) / width))) if width > 0 else 1


def convergence(tracks: dict, alpha: float, title: str) -> Figure:
    """Draw how the corrected p of each statistic's top peaks converges with the relabellings.

    Parameters
    ----------
    tracks : dict of str to (array, shape (1 + N,), list of (str, float))
        By statistic: its null, and its top peaks as (name, final p).
    alpha : float
    title : str
    """
    figure, axes = _row(len(tracks), 3.2)
    for panel, (stat, (null, peaks)) in zip(axes, tracks.items(), strict=True):
        _tracks(panel, null, peaks, alpha)
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


def _tracks(panel, null, peaks, alpha):
    """Draw how the p of peaks converge by a null, what is out of reach, and the level."""
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
        at + 1, least, 1 / (at + 1), facecolor="#EBEBEB", edgecolor="#CCCCCC", linewidth=0.6, zorder=2,
        label="p < 1 / relabellings: out of reach",
    )  # fmt: skip
    panel.axhline(alpha, color=BLACK, linestyle="--", linewidth=1, zorder=4)
    # Next to the panel, because a long legend would cover it.
    panel.text(n, alpha, f" α = {alpha:g}", va="center", ha="left", fontsize=8)
    panel.set(xscale="log", yscale="log", xlim=(at[0] + 1, n), ylim=(least, 1.3))


def discoveries(
    clusters: dict[str, np.ndarray] | None,
    sizes: np.ndarray,
    shares: np.ndarray,
    title: str,
    elements: str = "voxels",
) -> Figure:
    """Draw the bounds on true discoveries: of each cluster, and of the elements with the largest statistic.

    Parameters
    ----------
    clusters : dict of str to array, shape (n_clusters, 2), or None
        By statistic: the number of elements of each cluster, and the share that is active, at least. None where no
        elements are neighbours.
    sizes : array of int, shape (n,)
        Numbers of elements with the largest statistic.
    shares : array, shape (n,)
        What share of them is active, at least.
    title : str
    elements : str
        What the elements are called.
    """
    figure, panels = _row(1 if clusters is None else 2, 3.2)
    if clusters is not None:
        _bounds_of_clusters(panels[0], clusters, elements)
    largest = panels[-1]
    largest.plot(sizes, 100 * shares, color=BLUE)
    largest.fill_between(sizes, 100 * shares, color=BLUE, alpha=0.15, linewidth=0)
    largest.set_title("In the order of the statistic")
    largest.set_xlabel(f"{elements} with the largest statistic")
    for panel in panels:
        panel.set(xscale="log", xlim=(0.9, 1.1 * sizes[-1]), ylim=(0, 103))
        panel.set_ylabel("active, at least (%)")
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
    heading(figure, title)
    return figure


def _bounds_of_clusters(panel, clusters, elements):
    for shade, marker, (stat, bounds) in zip(SHADES, "osD^v", clusters.items(), strict=False):
        if len(bounds):
            label = f"{STATISTICS[stat].label} ({len(bounds)})"
            panel.plot(
                *(bounds * [1, 100]).T,
                marker,
                color=shade,
                markersize=5,
                alpha=0.75,
                clip_on=False,
                label=label,
            )
    panel.set_title("Each cluster")
    panel.set_xlabel(f"{elements} in the cluster")
    if panel.get_legend_handles_labels()[0]:
        panel.legend(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        panel.text(0.5, 0.5, "no cluster", transform=panel.transAxes, ha="center", color=GREY)


# Letters that fit side by side below a panel.
_WIDEST_LABELS = 42


def peak_effects(peaks: list, title: str, ylabel: str) -> Figure:
    """Draw the data behind each peak: a slope with its band, or groups side by side.

    Parameters
    ----------
    peaks : list of (str, permaps.figures.adjusted.Adjusted)
        Name of the peak and its data.
    title, ylabel : str
    """
    figure, axes = _row(len(peaks), 3.0, most=3)
    rng = np.random.default_rng(0)
    for panel, (name, data) in zip(axes, peaks, strict=True):
        if data.display == "groups":
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
            if sum(map(len, data.labels)) > _WIDEST_LABELS:
                panel.tick_params(axis="x", labelrotation=25)
            panel.set_xlim(-0.6, len(data.grid) - 0.2)
        else:
            panel.plot(data.grid, data.mean, color=BLUE)
            if data.display == "slope":
                panel.fill_between(data.grid, data.low, data.high, color=BLUE, alpha=0.2, linewidth=0)
            panel.plot(data.x, data.y, "o", color=GREY, alpha=0.75, markersize=3.5, markeredgewidth=0)
            panel.set_xlabel(data.labels[0])
        panel.set_title(name, fontsize=9)
        panel.set_ylabel(ylabel)
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
