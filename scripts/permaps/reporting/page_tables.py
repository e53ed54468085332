"""What the pages show of a run: its numbers as text, in tables."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from permaps.reporting import words
from permaps.reporting.words import bare_p, number
from permaps.spaces.space import Space
from permaps.spaces.volume import Volume
from permaps.statistics.registry import STATISTICS, voxel_statistic
from permaps.tables.reasons import counted
from permaps.workflow.names import model_in_words

MOST_CLUSTERS = 8
# Columns that a cluster table has on request.
FURTHER = {
    "p_any": "p over statistics",
    "p_cfwe": "p over contrasts",
    "p_ifwe": "p over inputs",
    "p_gpd": "p by the tail's fit",
}
_UNITS = {"mm3": "mm³", "mm2": "mm²"}
# Columns that say how large an effect is, and what they are called.
_SIZES = {"effect": "effect", "z_combined": "combined z", "partialr2": "partial R²"}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    columns : list of str
    rows : list of list of str
    text : frozenset of str
        The columns of words, which are set left; numbers are set right.
    more : int
        Rows that are left out.
    places : list of list
        Where each row is, if a viewer can go there: x, y, z in mm, or "L" or "R" and a vertex.
    """

    columns: list
    rows: list
    text: frozenset
    more: int = 0
    places: list = field(default_factory=list)


def design(record: dict) -> dict[str, str]:
    """Return what was analysed and how, by name.

    Parameters
    ----------
    record : dict
        The run's provenance.
    """
    config, people = record["config"], record["participants"]
    left_out = f" ({people['excluded']} left out: {counted(people['reasons'])})" if people["excluded"] else ""
    entries = {
        "Participants": f"{words.who(people)}{left_out}",
        "Model": model_in_words(config["model"]),
        "Analysed": words.analysed(record),
        "Smoothing": words.smoothing(record),
        "Corrected level": f"{config['inference']['alpha']:g}",
    }
    if "t" in map(voxel_statistic, config["model"]["contrasts"].values()):
        two_sided = config["permutation"]["two_sided"]
        entries["Tests of t"] = "two-sided" if two_sided else "one-sided, in the positive direction"
    for name, contrast in record["contrasts"].items():
        least = f"smallest p {contrast['smallest_p']:.2g}"
        exact = f" (all there are: p is exact; {least})" if contrast["exact"] else f" ({least})"
        entries[f"Relabellings, {name}"] = (
            f"{contrast['n_relabellings']:,} {words.SCHEMES[contrast['scheme']]}{exact}"
        )
    return entries


def numbers(
    frame: pd.DataFrame, space: Space | type[Space] = Volume, joined: bool = False, alone: bool = False
) -> Table:
    """Return the `Table` of a run's numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `permaps.reporting.results.as_table` gives it.
    space : permaps.spaces.space.Space, or its class
    joined : bool
        Whether several parts are enhanced each on its own, so that their maxima are compared as p.
    alone : bool
        Whether no elements are neighbours, so that there are no clusters.
    """
    by_p = set(frame.loc[frame["statistic"] == "conjunction", "contrast"])
    rows = [
        {
            "contrast": r.contrast,
            "statistic": STATISTICS[r.statistic].label if r.statistic in STATISTICS else r.statistic,
            space.elements: f"{getattr(r, f'n_significant_{space.elements}'):,}",
        }
        | ({} if alone else {"clusters": _if_known("{:,}", r.n_clusters)})
        | {
            "peak (mm)" if "x" in space.place_columns else "peak": _place(r, space),
            "t or F": _if_known("{:,.2f}", r.peak_value),
            "smallest p": bare_p(r.p_fwe),
            "observed maximum": _observed(r, joined, r.contrast in by_p),
            "critical (95 % CI)": _critical(r),
        }
        for r in frame.itertuples()
    ]
    return _table(rows, {"contrast", "statistic"})


def counts(frame: pd.DataFrame, space: Space | type[Space]) -> Table:
    """Return the `Table` of significant elements: a row for each contrast, a column for each statistic."""
    labels = {stat: _of_any_contrast(stat, space.element) for stat in frame["statistic"]}
    rows = []
    for contrast, of_contrast in frame.groupby("contrast", sort=False):
        number_of = {
            labels[r.statistic]: f"{getattr(r, f'n_significant_{space.elements}'):,}"
            for r in of_contrast.itertuples()
        }
        rows.append({"contrast": contrast} | {label: number_of.get(label, "") for label in labels.values()})
    return _table(rows, {"contrast"})


def _of_any_contrast(stat, element):
    """Name a statistic alike for t and F: contrasts of both kinds share the table."""
    if stat.endswith("Bonferroni"):
        return "Bonferroni"
    return element if stat in ("t", "F") else STATISTICS[stat].label


def small_volumes(frame: pd.DataFrame) -> Table:
    """Return the `Table` of what was found in small volumes."""
    rows = [
        {
            "contrast": r.contrast,
            "volume": r.volume,
            "statistic": STATISTICS[r.statistic].label,
            "voxels": f"{r.n_voxels:,}",
            "significant": f"{r.n_significant_voxels:,}",
            "smallest p (95 % CI)": _p_interval(r.p_fwe, r.p_fwe_low, r.p_fwe_high),
            "at (mm)": _place(r),
        }
        for r in frame.itertuples()
    ]
    return _table(rows, {"contrast", "volume", "statistic"})


def clusters(
    frame: pd.DataFrame, voxel_stat: str, space: Space | type[Space] = Volume, alone: bool = False
) -> Table:
    """Return the `Table` of the most significant clusters by one statistic.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cluster table, most significant cluster first.
    voxel_stat : str
        Its column with the value at a peak.
    space : permaps.spaces.space.Space, or its class
    alone : bool
        Whether no elements are neighbours: then a row is no cluster.

    Returns
    -------
    Table
        Without columns where nothing is significant.
    """
    main_peaks = frame[frame["peak"] == 1]
    size = next(name for name in _SIZES if name in frame)
    rows = [
        ({} if alone else {"cluster": str(r["cluster"])})
        | _where(r, space)
        | ({"region": _region(r)} if "region" in r else {})
        | {
            STATISTICS[voxel_stat].unit: f"{r[voxel_stat]:,.2f}",
            _SIZES[size]: f"{r[size]:.3g}",
            "corrected p (95 % CI)": _p_interval(r["p_fwe"], r["p_fwe_low"], r["p_fwe_high"]),
        }
        | {name: bare_p(r[column]) for column, name in FURTHER.items() if column in r}
        | {
            "uncorrected p": "" if pd.isna(r["p_unc"]) else bare_p(r["p_unc"]),
        }
        | _size(r, _units(frame))
        | ({} if alone else {space.elements: f"{r[f'n_{space.elements}']:,}"})
        | ({"active, at least": _active(r, space)} if "tdp" in r else {})
        for r in main_peaks.head(MOST_CLUSTERS).to_dict("records")
    ]
    table = _table(
        rows,
        {"region", "structure", "hemisphere", "node 1", "node 2"},
        max(0, len(main_peaks) - MOST_CLUSTERS),
    )
    if space.kind in ("volume", "surface", "grayordinates"):
        shown = main_peaks.head(MOST_CLUSTERS).to_dict("records")
        table = replace(table, places=[_seen_at(r) for r in shown])
    return table


def by_statistic(
    frames: dict[str, pd.DataFrame],
    voxel_stat: str,
    space: Space | type[Space] = Volume,
    alone: bool = False,
) -> list[tuple[str, Table, str]]:
    """Return, for each statistic, a heading, the `Table` of its clusters, and how much of the first is active.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        Cluster tables by the statistic's name in file names.
    voxel_stat, space, alone
        As for `clusters`.
    """
    what = f"Significant {space.elements}" if alone else "Clusters"
    return [
        (
            f"{what} by {STATISTICS[stat].label}",
            clusters(frame, voxel_stat, space, alone),
            "" if alone else active(frame, space),
        )
        for stat, frame in frames.items()
    ]


def regions(
    frame: pd.DataFrame, voxel_stat: str, space: Space | type[Space] = Volume, most: int | None = None
) -> Table:
    """Return the `Table` of regions: those in which something is found come first, then by their peaks.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `permaps.reporting.regions.tabulate_regions` gives it.
    voxel_stat : str
        Its column with the value at a peak.
    space : permaps.spaces.space.Space, or its class
    most : int, optional
        Rows to show.
    """
    counts = {
        name: name.removeprefix("n_significant_") for name in frame if name.startswith("n_significant_")
    }
    has_significant = frame[frame.columns.intersection([*counts, "n_active"])].gt(0).any(axis=1)
    order = np.lexsort([-frame[voxel_stat].abs(), ~has_significant])
    # A structure says its side.
    has_side = "hemisphere" in frame and "structure" not in frame
    rows = [
        {"region": r["region"]}
        | ({"hemisphere": _if_known("{}", r["hemisphere"])} if has_side else {})
        | _size(r, _units(frame))
        | {space.elements: f"{r[f'n_{space.elements}']:,}"}
        | {f"significant by {STATISTICS[stat].label}": f"{r[name]:,}" for name, stat in counts.items()}
        | ({"active, at least": _active(r, space)} if "tdp" in r else {})
        | ({"peak (mm)": _in_mm(r)} if "x" in frame else {})
        | {STATISTICS[voxel_stat].unit: f"{r[voxel_stat]:,.2f}"}
        for r in frame.iloc[order[:most]].to_dict("records")
    ]
    return _table(rows, {"region", "hemisphere"}, len(frame) - len(rows))


def rows(frame: pd.DataFrame) -> Table:
    """Return the `Table` of any data frame, its numbers short."""
    numeric = {name for name in frame if pd.api.types.is_numeric_dtype(frame[name])}
    cells = [
        [_if_known("{:.4g}" if name in numeric else "{}", value) for name, value in row.items()]
        for row in frame.to_dict("records")
    ]
    return Table(list(frame), cells, frozenset(set(frame) - numeric))


def active(frame: pd.DataFrame, space: Space | type[Space] = Volume) -> str:
    """Return how much of the most significant cluster is active, at least, in a sentence.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cluster table, most significant cluster first.
    space : permaps.spaces.space.Space, or its class

    Returns
    -------
    str
        Empty without a cluster, or without bounds.
    """
    if frame.empty or "tdp" not in frame:
        return ""
    first = frame.iloc[0]
    cluster, n, n_active = (int(first[name]) for name in ("cluster", f"n_{space.elements}", "n_active"))
    if not n_active:
        return f"How much of cluster {cluster} is active cannot be said."
    if n == 1:
        return f"Cluster {cluster} is a single {space.element}, and it is active."
    if n_active == n:
        return f"All {n:,} {space.elements} of cluster {cluster} are active."
    return (
        f"Cluster {cluster} is active in at least {_share(n_active, n)} of its {n:,} "
        f"{space.elements} ({n_active:,})."
    )


def _share(part, whole):
    """Write a lower bound of a share, which is not rounded up."""
    return f"{100 * part // whole} %" if 100 * part >= whole else f"{100 * part / whole:.1g} %"


def _table(rows, text, more=0):
    """Return rows, each a dict with the same keys, as a `Table`."""
    return Table(list(rows[0]) if rows else [], [list(row.values()) for row in rows], frozenset(text), more)


def _active(row, space):
    n, n_active = int(row[f"n_{space.elements}"]), int(row["n_active"])
    return f"{n_active:,} ({_share(n_active, n)})" if n_active else "0"


def _if_known(form, value):
    return "" if pd.isna(value) else form.format(value)


def _place_columns(space):
    """Return the columns that say where an element is: a structure says its hemisphere."""
    columns = space.place_columns
    return [name for name in columns if name != "hemisphere" or "structure" not in columns]


def _units(frame):
    """Return the units in which something of a table has a size, and how they are shown."""
    return {
        unit: shown for unit, shown in _UNITS.items() if frame.get(f"size_{unit}", pd.Series()).notna().any()
    }


def _size(row, units):
    """Return the cell that says how large something is: the column names its unit if all have the same."""
    if len(units) <= 1:
        return {shown: _if_known("{:,.0f}", row[f"size_{unit}"]) for unit, shown in units.items()}
    sizes = (_if_known(f"{{:,.0f}} {shown}", row[f"size_{unit}"]) for unit, shown in units.items())
    return {"size": next(filter(None, sizes), "")}


def _region(row):
    """Return a region's name, if it is no other word for the structure: a .dlabel.nii calls voxels like that."""
    return "" if row["region"] == row.get("structure") else _if_known("{}", row["region"])


def _seen_at(row):
    """Return what a viewer is told to go to: a hemisphere and a vertex of its mesh, or a place in mm."""
    if "vertex" in row and not pd.isna(row["vertex"]):
        return [row["hemisphere"], int(row["vertex"])]
    return [float(row[axis]) for axis in "xyz"]


def _in_mm(row):
    """Return the coordinates of an element in one cell."""
    return ", ".join(_whole(row[axis]) for axis in "xyz")


def _where(row, space):
    """Return the cells that say where an element is; its coordinates share one, which is narrower than three."""
    columns = _place_columns(space)
    cells = {name.replace("_", " "): _whole(row[name]) for name in columns if name not in "xyz"}
    if "x" in columns:
        cells["x, y, z (mm)"] = _in_mm(row)
    return cells


def _place(row, space=Volume):
    """Write where an element is: what is called by a name, then its coordinates."""
    place = {name: getattr(row, name) for name in _place_columns(space)}
    if pd.isna([*place.values()][-1]):
        return ""
    named = [_whole(value) for name, value in place.items() if name not in "xyz" and not pd.isna(value)]
    coordinates = ", ".join(_whole(value) for name, value in place.items() if name in "xyz")
    name = (" – " if "node_1" in place else " ").join(named)
    return f"{name} ({coordinates})" if named and coordinates else name or coordinates


def _whole(value):
    return value if isinstance(value, str) else _if_known("{:.0f}", value)


def _observed(row, joined, by_p):
    if pd.isna(row.observed_max):
        return ""
    stat = STATISTICS.get(row.statistic)
    enhanced = stat is not None and (stat.key == "tfce" or stat.of_clusters)
    as_p = " (as −log₁₀ p)" if by_p or (joined and enhanced) else ""
    return f"{number(row.observed_max)}{as_p}"


def _critical(row):
    if pd.isna(row.critical_value):
        return ""
    if np.isinf(row.critical_value):
        return "none"
    if row.critical_low == row.critical_high:  # of all distinct relabellings
        return number(row.critical_value)
    return f"{number(row.critical_value)} ({number(row.critical_low)} to {number(row.critical_high)})"


def _p_interval(p, low, high):
    """Of all distinct relabellings p is exact, and has no interval."""
    return bare_p(p) if low == high else f"{bare_p(p)} ({bare_p(low) if low else '0'} to {bare_p(high)})"
