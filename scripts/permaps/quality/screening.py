"""Who stays in the analysis, and what each map looks like."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from permaps.arithmetic.linear import dot
from permaps.maps.map_paths import where_lost
from permaps.maps.store import Maps
from permaps.tables.participants import check_variates
from permaps.tables.query import columns_of, select
from permaps.tables.reasons import advice, by_kind, counted
from permaps.tables.text import ID, MAP, REASON, map_column
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log

# With fewer there is no variance to test against.
FEWEST = 3
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)


def screen(
    participants: pd.DataFrame,
    entries: dict[str, dict],
    variates: dict[str, str],
    query: str | None,
    labels: Collection[str] = frozenset(),
    zero_is_missing: bool = True,
) -> list[str]:
    """Say why each participant leaves before the maps are compared with a mask.

    Parameters
    ----------
    participants : pandas.DataFrame
        With participant_id, map and variates.
    entries : dict of str to dict of str to permaps.maps.store.Entry
        What their images are.
    variates : dict of str to str
        The columns that the model uses, each with the config key that names it.
    query : str or None
        A query that keeps participants; who has no value in one of its columns leaves.
    labels : collection of str
        Variates whose values are names even if they look like numbers.
    zero_is_missing : bool
        Whether 0 is no value: then a map of 0 and 1, as of a lesion, has nothing to compare.

    Returns
    -------
    list of str
        The reason per participant, empty for those who stay.
    """
    check_variates(participants, variates, labels)
    kept = select(participants, query) if query else np.ones(len(participants), dtype=bool)
    asked = columns_of(query) if query else []
    missing = participants[list({*variates, *asked})].isna()
    reasons, layouts = [], {}
    for row in range(len(participants)):
        lacking = [name for name in variates if missing[name].iloc[row]]
        if lacking:
            reasons.append(f"missing variate: {', '.join(lacking)}")
        elif unasked := [name for name in asked if missing[name].iloc[row]]:
            # Neither yes nor no: of a missing value all is false, and 'not' of that would be true.
            reasons.append(f"missing value for the query: {', '.join(unasked)}")
        elif not kept[row]:
            reasons.append(f"query: {query}")
        else:
            image = entries[participants[ID].iloc[row]][MAP]
            reasons.append(image.reason or (_without_zero(image.only) if zero_is_missing else ""))
            if not reasons[-1]:
                layouts[row] = image.layout
    for row, reason in _laid_out_otherwise(layouts).items():
        reasons[row] = reason
    return reasons


def _without_zero(only):
    """Say why a map cannot be analysed where 0 is no value; "" if it can."""
    if only is None:
        return ""
    return f"constant (only the value {only:g}, and 0 elsewhere)" if only else "empty (only 0 or NaN)"


def doubt_of_zeros(entries: dict[str, dict], names: Sequence[str]) -> str:
    """Return a warning about maps that are analysed because 0 is a value, if they may have failed.

    Parameters
    ----------
    entries : dict of str to dict of str to permaps.maps.store.Entry
        What the images are.
    names : sequence of str
        Whose maps are analysed.

    Returns
    -------
    str
        Empty if there are none, or all are of one value and 0, as lesions are.
    """
    only = {name: entries[name][MAP].only for name in names}
    one_value = [name for name in names if only[name]]
    odd = [name for name in names if only[name] == 0] + (one_value if len(one_value) < len(names) / 2 else [])
    if not odd:
        return ""
    maps = "1 map holds" if len(odd) == 1 else f"{len(odd)} maps hold"
    return (
        f"{maps} 0 alone, or 0 and one other value (the first: that of {odd[0]}), and "
        f"{'is' if len(odd) == 1 else 'are'} analysed, since mask.zero_is_missing is false. That is right of people "
        "without a lesion; leave out maps that failed by quality.query."
    )


def screen_covariates(
    participants: pd.DataFrame, entries: dict[str, dict], reasons: list[str], voxelwise: Sequence[str]
) -> list[str]:
    """Say who leaves because a covariate has no usable map of them on the grid of the maps.

    Parameters
    ----------
    participants : pandas.DataFrame
    entries : dict of str to dict of str to permaps.maps.store.Entry
        What their images are.
    reasons : list of str
        From `screen`: the maps of those without one are all on one grid.
    voxelwise : sequence of str
        Names of the covariates.

    Returns
    -------
    list of str
        `reasons`, with those of the covariates.
    """
    reasons, layout = list(reasons), None
    for row, (name, reason) in enumerate(zip(participants[ID], reasons, strict=True)):
        if reason:
            continue
        layout = layout or entries[name][MAP].layout
        for covariate in voxelwise:
            if why := _unfit(entries[name][map_column(covariate)], layout):
                reasons[row] = f"covariate {covariate}: {why}"
                break
    return reasons


def _unfit(covariate, layout):
    """Say why a covariate's map cannot be used beside maps with this layout; "" if it can."""
    if covariate.reason:
        return covariate.reason
    if not covariate.layout.same(layout):
        return covariate.layout.difference(layout, "the maps")
    return "holds the values of the map itself, up to scale" if covariate.same_as_map else ""


def _laid_out_otherwise(layouts):
    """Return reasons for the maps whose layout is not that of most maps."""
    groups = []
    for row, layout in layouts.items():
        group = next((g for g in groups if g[0].same(layout)), None)
        if group is None:
            groups.append((layout, [row]))
        else:
            group[1].append(row)
    if len(groups) < 2:
        return {}
    # max() takes the first of equals, so the table's order decides a tie.
    most, of_most = max(groups, key=lambda g: len(g[1]))
    return {
        row: layout.difference(most, "most maps")
        for layout, rows in groups
        if rows is not of_most
        for row in rows
    }


def told_of_leaving(participants: pd.DataFrame, reasons: Sequence[str], about: Callable[[str], bool]) -> str:
    """Return a warning about participants who leave for some kinds of reasons, or an empty string.

    Parameters
    ----------
    participants : pandas.DataFrame
    reasons : sequence of str
        One for each participant, empty for those who stay.
    about : callable
        Tells whether a reason is of such a kind.
    """
    rows = [row for row, reason in enumerate(reasons) if reason and about(reason)]
    if not rows:
        return ""
    are = "participant is" if len(rows) == 1 else "participants are"
    return f"{len(rows):,} {are} left out, of {len(reasons):,}: {_summed_up(participants, reasons, rows)}"


def _summed_up(participants, reasons, rows):
    """Return the reasons of some rows, counted, with that of the first."""
    why = Counter(reasons[row] for row in rows)
    # `counted` leaves out the count of a single kind.
    counts = counted(why) if len(by_kind(why)) > 1 else f"{len(rows)} {counted(why)}"
    name, path = (participants[column].iloc[rows[0]] for column in (ID, MAP))
    first = reasons[rows[0]]
    ends = where_lost(path) if first == "missing file" else "."
    return f"{counts}. The first: {name}, {first}, map {path}{ends}"


def require_enough(participants: pd.DataFrame, reasons: Sequence[str]) -> None:
    """Raise a `UserError` that sums up the reasons when too few participants stay."""
    reasons = list(reasons)
    leaving = [row for row, reason in enumerate(reasons) if reason]
    staying = len(reasons) - len(leaving)
    if staying >= FEWEST:
        return
    summary = ""
    if leaving:
        why = Counter(reasons[row] for row in leaving)
        summary = f" Leaving: {_summed_up(participants, reasons, leaving)} {advice(why)}".rstrip()
    raise UserError(f"{staying} of {len(reasons)} participants stay, at least {FEWEST} are needed.{summary}")


def is_missing(values: np.ndarray, zero_is_missing: bool) -> np.ndarray:
    """Tell which values of a map, of any shape, are missing: NaN, infinity, and 0 where it stands for that."""
    missing = ~np.isfinite(values)
    return missing | (values == 0) if zero_is_missing else missing


def _in_brain(data, brain, zero_is_missing):
    """Return a map's values in the brain mask, float64, with NaN for what is missing."""
    values = data[brain].astype(np.float64)
    values[is_missing(values, zero_is_missing)] = np.nan
    return values


def measure(
    participants: pd.DataFrame,
    maps: Maps,
    brain: np.ndarray,
    *,
    max_missing: float,
    zero_is_missing: bool,
    whole: str = "brain mask",
) -> tuple[pd.DataFrame, list[str]]:
    """Measure every map inside the brain mask, and find those that miss too much of it.

    Maps are taken one at a time, and twice: the group mean has to be known before anything can be
    compared with it.

    Parameters
    ----------
    participants : pandas.DataFrame
        Those who passed the screening.
    maps : permaps.maps.store.Maps
        Theirs.
    brain : numpy.ndarray of bool, shape (x, y, z)
    max_missing : float
        Largest share of brain voxels that a map may miss.
    zero_is_missing : bool
    whole : str
        What all of `brain` is called, in the reasons.

    Returns
    -------
    metrics : pandas.DataFrame
        Per participant: missing share, mean, sd, min, max, quantiles of the values present,
        correlation with the mean map of the other included participants, and whose map it duplicates.
    reasons : list of str
        Empty for those who stay.
    """
    total, count = np.zeros(brain.sum()), np.zeros(brain.sum(), dtype=np.int64)
    rows, reasons, first_with = [], [], {}
    for name, entry, data in zip(participants[ID], maps.entries, maps, strict=True):
        values = _in_brain(data, brain, zero_is_missing)
        present = np.isfinite(values)
        missing = 1 - present.mean()
        # People without a lesion are alike, and nobody's map was taken for another's.
        original = first_with.setdefault(entry.digest, name) if entry.only != 0 else name
        if original != name:
            log.warning("warning: the map of %s holds the same values as the map of %s", name, original)
        if missing > max_missing:
            reasons.append(f"misses {missing:.1%} of the {whole}, more than {max_missing:.1%}")
        else:
            reasons.append("")
            total[present] += values[present]
            count += present
        rows.append(
            {ID: name, "missing": missing}
            | _summary(values[present])
            | {"correlation": np.nan, "duplicate_of": None if original == name else original}
        )
    for row, data, reason in zip(rows, maps, reasons, strict=True):
        values = _in_brain(data, brain, zero_is_missing)
        row["correlation"] = _correlation_with_rest(values, total, count, included=not reason)
    return pd.DataFrame(rows), reasons


def _summary(values):
    values = values if values.size else np.array([np.nan])
    quantiles = np.quantile(values, QUANTILES)
    return {
        "mean": values.mean(),
        "sd": values.std(ddof=1) if values.size > 1 else np.nan,
        "min": values.min(),
        "max": values.max(),
    } | {f"q{int(100 * q):02d}": v for q, v in zip(QUANTILES, quantiles, strict=True)}


def _correlation_with_rest(values, total, count, *, included):
    """Correlate a map with the mean of the others: with its own share, a small group flatters it."""
    present = np.isfinite(values)
    others = count - present if included else count
    both = present & (others > 0)
    if both.sum() < 2:
        return np.nan
    mean = (total[both] - (values[both] if included else 0)) / others[both]
    mine, mean = values[both] - values[both].mean(), mean - mean.mean()
    scale = np.sqrt(dot(mine, mine) * dot(mean, mean))
    return float(dot(mine, mean) / scale) if scale > 0 else np.nan


def split(participants: pd.DataFrame, reasons: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the participants who stay, and those who leave with their reason."""
    reasons = pd.Series(list(reasons), index=participants.index, dtype=object)
    return participants[reasons == ""], participants[reasons != ""].assign(**{REASON: reasons[reasons != ""]})


def joined(tables: dict[str, pd.DataFrame], why: dict[str, pd.Series]) -> pd.DataFrame:
    """Return one table of participants, with the map of each input in a column of its own.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        The participants of every input, by its name; all have the same.
    why : dict of str to pandas.Series
        Who left it, with the reason: their maps are missing.
    """
    first = next(iter(tables.values()))
    maps = {
        map_column(name): table[MAP].mask(table[ID].isin(why[name].index)) for name, table in tables.items()
    }
    rest = first.drop(columns=[ID, MAP])
    return pd.concat([first[[ID]], pd.DataFrame(maps), rest], axis=1)


def reason_of(reasons: dict[str, str], require: str) -> str:
    """Return why a participant leaves all inputs; "" for those who stay.

    Parameters
    ----------
    reasons : dict of str to str
        Why the participant left each input, by its name; "" for those who stay there.
    require : {"all", "any"}
    """
    lacking = {name: reason for name, reason in reasons.items() if reason}
    if not lacking or (require == "any" and len(lacking) < len(reasons)):
        return ""
    if len(lacking) == len(reasons) and len(set(lacking.values())) == 1:  # of the participant, not of a map
        return next(iter(lacking.values()))
    return "; ".join(f"{name}: {reason}" for name, reason in lacking.items())
