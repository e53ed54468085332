"""The figures of a test's nulls: their distributions, how p settled, and how much is active by them, at least."""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from permaps.figures.charts import SHADES, convergence, discoveries, null_histograms
from permaps.figures.style import draw
from permaps.permutation.correction import fwe_p, observed_p
from permaps.permutation.discoveries import Bound
from permaps.permutation.smallest import parts_of
from permaps.permutation.thresholds import critical_value
from permaps.reporting.captions import write_caption
from permaps.reporting.page_tables import active
from permaps.reporting.words import number
from permaps.spaces.space import Space
from permaps.statistics.registry import STATISTICS

# As many points as one can see on a log axis.
POINTS = 400

# What axes and captions say of -log10 p that are shown in place of a statistic.
PARTS = (
    "−log₁₀ of the smaller p of cortex and voxels",
    "Where cortex and voxels have a null each, -log10 of the smaller p of each relabelling is shown",
)
CONJUNCTION = (
    "−log₁₀ of the largest p of the tests",
    "The largest p of the tests is shown as -log10 p, with the null that it has where one test has no effect",
)


def ranked_in(null: str | Path, stats: Iterable[str], voxel_stat: str) -> tuple[list[str], tuple[str, str]]:
    """Return the statistics whose null is of -log10 p, and what axes and captions say of that.

    Parameters
    ----------
    null : path
        As `merge_nulls` writes it.
    stats : iterable of str
        Of the test, by their names in file names.
    voxel_stat : str
    """
    if voxel_stat == "conjunction":
        return list(stats), CONJUNCTION
    with np.load(null, allow_pickle=False) as stored:
        return [stat for stat in stats if parts_of(stored.files, STATISTICS[stat].key)], PARTS


def plot_distributions(
    by_stat: dict[str, np.ndarray],
    outputs: list[Path],
    caption: str | Path,
    contrast: str,
    alpha: float,
    extent: str = "voxels",
    ranked: Collection[str] = (),
    words: tuple[str, str] = PARTS,
    exact: bool = False,
) -> None:
    """Draw one contrast's null distributions.

    Parameters
    ----------
    by_stat : dict of str to array, shape (1 + N,)
        Maxima by the statistic's name in file names, the observed one first.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    alpha : float
    extent : str
        Unit of the size of clusters.
    ranked : collection of str
        Statistics that are shown as -log10 p.
    words : (str, str)
        What their axes and the caption say of it.
    exact : bool
        Whether these are all distinct relabellings.
    """
    n = len(next(iter(by_stat.values()))) - 1
    title = f"{contrast}: null distribution of the maximum, {n:,} relabellings"
    axis, why = words
    draw(outputs, null_histograms, by_stat, alpha, title, extent, dict.fromkeys(ranked, axis), exact)
    sentences = []
    for stat, null in by_stat.items():
        value, low, high = critical_value(null, alpha, exact)
        interval = "" if exact else f" (95 % CI {number(low)} to {number(high)})"
        sentences.append(
            f"{STATISTICS[stat].title}: observed {number(null[0])}, critical {number(value)}{interval}"
        )
    text = f"{n:,} relabellings, corrected level {alpha:g}. " + "; ".join(sentences) + "."
    if ranked:
        text += f" {why} ({', '.join(STATISTICS[stat].label for stat in ranked)})."
    write_caption(caption, text)


def plot_convergence(
    by_stat: dict[str, np.ndarray],
    tables: dict[str, pd.DataFrame],
    outputs: list[Path],
    caption: str | Path,
    contrast: str,
    alpha: float,
    exact: bool = False,
) -> None:
    """Draw, per statistic, the running p of its most significant clusters.

    Parameters
    ----------
    by_stat : dict of str to array, shape (1 + N,)
        Maxima in the order of their relabelling index.
    tables : dict of str to pandas.DataFrame
        Cluster tables.
    outputs : list of path
    caption : path
    contrast : str
    alpha : float
    exact : bool
        Whether these are all distinct relabellings.
    """
    tracks = {s: (null, _top_peaks(null, s, tables[s])) for s, null in by_stat.items()}
    n = len(next(iter(by_stat.values()))) - 1
    draw(outputs, convergence, tracks, alpha, f"{contrast}: corrected p as {n:,} relabellings came in")
    write_caption(
        caption,
        f"{n:,} relabellings: their smallest possible p is {_least(by_stat, exact):.2g}; the level is {alpha:g}.",
    )


def _least(by_stat, exact):
    """Return the smallest p of a null. If it has all distinct relabellings, several may give the largest maximum."""
    if not exact:
        return 1 / len(next(iter(by_stat.values())))
    return min(float(fwe_p(null.max(), null, STATISTICS[stat].tie)) for stat, null in by_stat.items())


def _top_peaks(null, stat, clusters):
    """Return the clusters to show as (name, p): the top ones, one for each p.

    Without a significant cluster it is the observed maximum, the nearest to one.
    """
    clusters = clusters[clusters["peak"] == 1].drop_duplicates("p_fwe")
    if clusters.empty:
        return [("observed maximum", observed_p(null, stat))]
    followed = clusters.head(len(SHADES))
    return [(_name(c), c["p_fwe"]) for c in followed.to_dict("records")]


def _name(peak):
    if "x" in peak:
        return f"{peak['x']:.0f}, {peak['y']:.0f}, {peak['z']:.0f} mm"
    if "region" in peak:
        return peak["region"]
    return f"{peak['node_1']} – {peak['node_2']}"


def plot_discoveries(
    bound: Bound,
    space: Space,
    tables: dict[str, pd.DataFrame],
    outputs: list[Path],
    caption: str | Path,
    contrast: str,
    alpha: float,
) -> None:
    """Draw one contrast's bounds on true discoveries: of each cluster, and of the largest values.

    Parameters
    ----------
    bound : permaps.permutation.discoveries.Bound
    space : permaps.spaces.space.Space
    tables : dict of str to pandas.DataFrame
        Cluster tables by the name of the statistic.
    outputs : list of path
    caption : path
    contrast : str
    alpha : float
    """
    n = len(bound.p)
    sizes = np.unique(np.geomspace(1, n, POINTS).astype(int))
    among = bound.active_among_smallest(sizes)
    # Without neighbours, what is found is no cluster.
    if space.measures().get("n_neighbours") == 0:
        tables, clusters = {}, None
    else:
        clusters = {
            stat: table.loc[table["peak"] == 1, [f"n_{space.elements}", "tdp"]].to_numpy()
            for stat, table in tables.items()
        }
    title = (
        f"{contrast}: how much is active, at least ({100 * (1 - alpha):g} % confidence for all sets at once)"
    )
    draw(outputs, discoveries, clusters, sizes, among / sizes, title, space.elements)
    sentences = [f"Of all {n:,} {space.elements}, at least {among.max():,} are active."]
    for stat, table in tables.items():
        if sentence := active(table, space):
            sentences.append(f"By {STATISTICS[stat].label}: {sentence}")
    write_caption(caption, " ".join(sentences))
