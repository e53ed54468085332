"""The one pass over the images of a table: what each of them is, and its values."""

import hashlib
from collections.abc import Callable, Sequence
from typing import BinaryIO

import numpy as np
import pandas as pd

from permaps.maps.images import Decoded, UnusableMap, decode
from permaps.maps.store import Entry, append
from permaps.tables.text import ID, MAP

# Share of variance that one measure leaves of another: rounding alone, when they are the same.
SAME_MEASURE = 1e-9
_FLOAT32_MAX = np.finfo(np.float32).max


def decode_maps(
    participants: pd.DataFrame,
    columns: Sequence[str],
    file: BinaryIO,
    decode: Callable[[str], Decoded] = decode,
) -> dict[str, dict[str, Entry]]:
    """Decode every image of a table once, in the table's order, and write the values of the usable ones.

    This does not depend on who is analysed, so that images need not be read again when that changes.

    Parameters
    ----------
    participants : pandas.DataFrame
        With participant_id, map and `columns`.
    columns : sequence of str
        Columns with the maps of covariates. They are not read for a participant whose own map is unusable.
    file : binary file, open for writing
    decode : callable
        Reads one map, given by its path.

    Returns
    -------
    dict of str to dict of str to Entry
        By participant and column.
    """
    entries = {}
    for row in participants.to_dict("records"):
        own, data = _read(decode, row[MAP], file, _check_values)
        entries[row[ID]] = {MAP: own}
        if not own.reason:
            for column in columns:
                entries[row[ID]][column], _ = _read(decode, row[column], file, _check_covariate, data)
    return entries


def _read(decode, path, file, check, beside=None):
    """Read one image; tell what it is, and give its values."""
    try:
        if pd.isna(path):
            raise UnusableMap("missing file (the table names no map)")
        volume = decode(path)
        only = check(volume)
    except UnusableMap as unusable:
        return Entry(reason=str(unusable)), None
    entry = Entry(
        **append(file, volume.data),
        affine=[] if volume.affine is None else volume.affine.tolist(),
        parts=volume.parts,
        models=volume.models,
        only=only,
        same_as_map=beside is not None and is_same_measure(volume.data, beside),
        digest=_digest(volume.data),
        checksums=volume.checksums,
    )
    return entry, volume.data


def _digest(data):
    # NaN and -0.0 have several bit patterns for one meaning.
    canonical = np.where(np.isnan(data), np.float32(np.nan), data.astype(np.float32) + np.float32(0))
    return hashlib.sha256(canonical.tobytes()).hexdigest()


def _check_values(decoded):
    """Refuse a map whose values cannot be those of a statistic; return `Entry.only`, as 0 may be a value or not."""
    data = decoded.data
    # Infinity is missing at its voxel, as NaN is, and does not cost the map.
    finite = data[np.isfinite(data)]
    if (np.abs(finite) > _FLOAT32_MAX).any():
        raise UnusableMap("values too large for float32")
    if finite.size == 0:
        raise UnusableMap("empty (only 0 or NaN)" if decoded.outside else "empty (only NaN)")
    # A matrix of 0 and 1 tells which nodes are connected; a volume of them is a mask, or a lesion.
    values = finite[finite != 0] if decoded.outside else finite
    if values.size == 0:
        return 0.0
    if data.size == 1 or values.min() < values.max():
        return None
    if values.size == finite.size:
        raise UnusableMap(f"constant (only the value {values[0]:g})")
    return float(values[0])


def _check_covariate(decoded):
    """Refuse a covariate's map; constant values, also 0, are fine: a participant may well have no lesion."""
    data = decoded.data
    finite = np.isfinite(data)
    if not np.isnan(data[~finite]).all() or (np.abs(data[finite]) > _FLOAT32_MAX).any():
        raise UnusableMap("infinite values")
    if not finite.any():
        raise UnusableMap("empty (only NaN)")


def is_same_measure(covariate: np.ndarray, values: np.ndarray) -> bool:
    """Tell whether a covariate explains a map, an array of its shape, completely: then nothing is left to test."""
    if covariate.shape != values.shape:  # it leaves for that
        return False
    both = np.isfinite(covariate) & np.isfinite(values)
    x, y = (one[both].astype(np.float64) for one in (covariate, values))
    if not x.size or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    # By largest values, so that squares cannot overflow.
    x, y = (centred / np.abs(centred).max() for centred in (x - x.mean(), y - y.mean()))
    return bool((x @ y) ** 2 > (1 - SAME_MEASURE) * (x @ x) * (y @ y))
