"""Who stays in the analysis, and what each map looks like."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from permaps.arithmetic.linear import dot
from permaps.inputs.images import UnusableMap, affine_text, load_map, same_grid, shape_text
from permaps.inputs.participants import check_variates
from permaps.inputs.query import columns_of, select
from permaps.inputs.reasons import advice, counted, kinds_of
from permaps.inputs.tables import ID, MAP, REASON, covariate_column
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log

# With fewer there is no variance to test against.
FEWEST = 3
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
# Share of variance that one measure leaves of another: rounding alone, when they are the same.
SAME_MEASURE = 1e-9
_FLOAT32_MAX = np.finfo(np.float32).max


def screen(participants, variates, query, labels=frozenset()):
    """Say why each participant leaves before the maps are compared with a mask.

    Parameters
    ----------
    participants : pandas.DataFrame
        With participant_id, map and variates.
    variates : dict of str to str
        The columns that the model uses, each with the config key that names it.
    query : str or None
        A query that keeps participants; who has no value in one of its columns leaves.
    labels : collection of str
        Variates whose values are names, whatever they look like.

    Returns
    -------
    list of str
        The reason per participant, empty for those who stay.
    """
    check_variates(participants, variates, labels)
    kept = select(participants, query) if query else np.ones(len(participants), dtype=bool)
    asked = columns_of(query) if query else []
    missing = participants[list({*variates, *asked})].isna()
    reasons, grids = [], {}
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
            try:
                data, affine = load_map(_path(participants[MAP].iloc[row]))
                check_values(data)
                grids[row] = data.shape, affine
                reasons.append("")
            except UnusableMap as unusable:
                reasons.append(str(unusable))
    for row, reason in _off_grid(grids).items():
        reasons[row] = reason
    return reasons


def screen_covariates(participants, reasons, voxelwise):
    """Say who leaves for want of a covariate's map on the grid of the maps.

    Parameters
    ----------
    participants : pandas.DataFrame
    reasons : list of str
        From `screen`: the maps of those without one are all on one grid.
    voxelwise : sequence of str
        Names of the covariates.

    Returns
    -------
    list of str
        `reasons`, with those of the covariates.
    """
    reasons, grid = list(reasons), None
    for row, reason in enumerate(reasons):
        if reason or not voxelwise:
            continue
        if grid is None:
            data, affine = load_map(participants[MAP].iloc[row])
            grid = data.shape, affine
        for name in voxelwise:
            try:
                data, affine = load_map(_path(participants[covariate_column(name)].iloc[row]))
                _check_covariate(data, affine, grid)
                if _is_same_measure(data, load_map(participants[MAP].iloc[row])[0]):
                    raise UnusableMap("holds the values of the map itself, up to scale")
            except UnusableMap as unusable:
                reasons[row] = f"covariate {name}: {unusable}"
                break
    return reasons


def _check_covariate(data, affine, grid):
    """Raise `UnusableMap`; constant values, also 0, are fine: a participant may well have no lesion."""
    finite = np.isfinite(data)
    if not np.isnan(data[~finite]).all() or (np.abs(data[finite]) > _FLOAT32_MAX).any():
        raise UnusableMap("infinite values")
    if not finite.any():
        raise UnusableMap("empty (only NaN)")
    if not same_grid(data.shape, affine, *grid):
        raise UnusableMap(_other_grid(data.shape, affine, *grid, "the maps"))


def _is_same_measure(covariate, values):
    """Tell whether a covariate explains a map without any rest, which leaves nothing to test."""
    both = np.isfinite(covariate) & np.isfinite(values)
    x, y = (one[both].astype(np.float64) for one in (covariate, values))
    if not x.size or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    # By largest values, so that squares cannot overflow.
    x, y = (centred / np.abs(centred).max() for centred in (x - x.mean(), y - y.mean()))
    return (x @ y) ** 2 > (1 - SAME_MEASURE) * (x @ x) * (y @ y)


def _path(path):
    if pd.isna(path):
        raise UnusableMap("missing file (the table names no map)")
    return path


def check_values(data):
    """Raise `UnusableMap` for a map whose values cannot be those of a statistic."""
    # Infinity is missing at its voxel, as NaN is, and does not cost the map.
    finite = np.isfinite(data)
    if (np.abs(data[finite]) > _FLOAT32_MAX).any():
        raise UnusableMap("values too large for float32")
    values = data[finite & (data != 0)]
    if values.size == 0:
        raise UnusableMap("empty (only 0 or NaN)")
    if values.min() == values.max():
        raise UnusableMap(f"constant (only the value {values[0]:g})")


def _off_grid(grids):
    """Reasons for the maps that are not on the grid that most maps are on."""
    groups = []
    for row, grid in grids.items():
        group = next((g for g in groups if same_grid(*g[0], *grid)), None)
        if group is None:
            groups.append((grid, [row]))
        else:
            group[1].append(row)
    if len(groups) < 2:
        return {}
    # max() takes the first of equals, so the table's order decides a tie.
    (shape, affine), _ = reference = max(groups, key=lambda g: len(g[1]))
    reasons = {}
    for (other_shape, other_affine), rows in groups:
        if rows is reference[1]:
            continue
        reason = _other_grid(other_shape, other_affine, shape, affine, "most maps")
        reasons.update(dict.fromkeys(rows, reason))
    return reasons


def _other_grid(other_shape, other_affine, shape, affine, whose):
    if other_shape != shape:
        return f"shape {shape_text(other_shape)}, {whose} have {shape_text(shape)}"
    return f"affine {_oriented(other_affine)}, {whose} have {_oriented(affine)}"


def _oriented(affine):
    from nibabel.orientations import aff2axcodes

    return f"{affine_text(affine)} ({''.join(map(str, aff2axcodes(affine)))})"


def require_enough(participants, reasons):
    """Raise a `UserError` that sums up the reasons when too few participants stay."""
    staying = sum(not reason for reason in reasons)
    if staying >= FEWEST:
        return
    leaving = [row for row, reason in enumerate(reasons) if reason]
    told = ""
    if leaving:
        why = Counter(reason for reason in reasons if reason)
        name, path = (participants[column].iloc[leaving[0]] for column in (ID, MAP))
        # Of a single kind no count is told, so it is told here.
        counts = counted(why) if len(kinds_of(why)) > 1 else f"{len(leaving)} {counted(why)}"
        told = f" Leaving: {counts}. The first: {name}, {list(reasons)[leaving[0]]}, map {path}."
        told = f"{told} {advice(why)}".rstrip()
    raise UserError(f"{staying} of {len(reasons)} participants stay, at least {FEWEST} are needed.{told}")


def is_missing(values, zero_is_missing):
    """Tell which values of a map are missing: NaN, infinity, and exact zeros where those stand for it."""
    missing = ~np.isfinite(values)
    return missing | (values == 0) if zero_is_missing else missing


@dataclass
class _Kept:
    """A map's values in the brain mask, with NaN for what is missing, and a digest of the whole map."""

    values: np.ndarray
    digest: bytes


def _in_brain(path, brain, zero_is_missing):
    data, _ = load_map(path)
    # NaN and -0.0 have several bit patterns for one meaning.
    canonical = np.where(np.isnan(data), np.float32(np.nan), data.astype(np.float32) + np.float32(0))
    values = data[brain].astype(np.float64)
    values[is_missing(values, zero_is_missing)] = np.nan
    return _Kept(values, hashlib.sha256(canonical.tobytes()).digest())


def measure(participants, brain, *, max_missing, zero_is_missing):
    """Measure every map inside the brain mask, and find those that miss too much of it.

    Maps are read one at a time, and twice: the group mean has to be known before anything can be
    compared with it.

    Parameters
    ----------
    participants : pandas.DataFrame
        Those who passed the screening.
    brain : numpy.ndarray of bool, shape (x, y, z)
    max_missing : float
        Largest share of brain voxels that a map may miss.
    zero_is_missing : bool

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
    for name, path in zip(participants[ID], participants[MAP], strict=True):
        kept = _in_brain(path, brain, zero_is_missing)
        present = np.isfinite(kept.values)
        missing = 1 - present.mean()
        original = first_with.setdefault(kept.digest, name)
        if original != name:
            log.warning("warning: the map of %s holds the same values as the map of %s", name, original)
        if missing > max_missing:
            reasons.append(f"misses {missing:.1%} of the brain mask, more than {max_missing:.1%}")
        else:
            reasons.append("")
            total[present] += kept.values[present]
            count += present
        rows.append(
            {ID: name, "missing": missing}
            | _summary(kept.values[present])
            | {"correlation": np.nan, "duplicate_of": None if original == name else original}
        )
    for row, path, reason in zip(rows, participants[MAP], reasons, strict=True):
        values = _in_brain(path, brain, zero_is_missing).values
        row["correlation"] = _correlation_with_rest(values, total, count, included=not reason)
    return pd.DataFrame(rows), reasons


def _summary(values):
    if values.size == 0:
        names = ["mean", "sd", "min", "max", *(f"q{int(100 * q):02d}" for q in QUANTILES)]
        return dict.fromkeys(names, np.nan)
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


def split(participants, reasons):
    """Return the participants who stay, and those who leave with their reason."""
    reasons = pd.Series(list(reasons), index=participants.index, dtype=object)
    return participants[reasons == ""], participants[reasons != ""].assign(**{REASON: reasons[reasons != ""]})
