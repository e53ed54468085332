"""The matrix of participants x voxels from maps, as many participants in memory at a time as there are threads."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from permaps.quality.brain_mask import FEWEST_VOXELS, few
from permaps.quality.screening import is_missing
from permaps.spaces.smoothing import smoother
from permaps.spaces.space import Space
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import written_whole
from permaps.workflow.threads import in_threads

# A voxel whose values differ by less than this share of their size is constant: smoothing in float32
# makes such differences out of equal values, and t would be the ratio of two rounding errors.
CONSTANT_TOLERANCE = 1e-6


def coverage(
    maps: Iterable[np.ndarray], zero_is_missing: bool, covariates: Sequence[Iterable[np.ndarray]] = ()
) -> np.ndarray:
    """Count, per voxel of the grid, the participants who have a value there.

    Parameters
    ----------
    maps : iterable of numpy.ndarray, shape (x, y, z)
    zero_is_missing : bool
        For the maps; in a covariate 0 is a value.
    covariates : sequence of iterables of numpy.ndarray, shape (x, y, z)
        The maps of each covariate: a participant has a value where all have.

    Returns
    -------
    numpy.ndarray of int16, shape (x, y, z)
    """
    count = np.int16(0)
    for data, *others in zip(maps, *covariates, strict=True):
        missing = is_missing(data, zero_is_missing)
        for other in others:
            missing |= is_missing(other, False)
        count = count + ~missing
    return count.astype(np.int16)


def write_matrix(
    path: str | Path,
    maps: Sequence[np.ndarray],
    space: Space,
    smoothing_fwhm: float | None,
    *,
    min_coverage: float,
    zero_is_missing: bool,
    covariates: Sequence[Iterable[np.ndarray]] = (),
    n_absent: int = 0,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Smooth and mask all maps into one float32 matrix on disk.

    A voxel is analysed when enough participants have a value there, its values are finite and they
    vary. A participant's missing value at such a voxel is NaN in the matrix, and smoothing mixes no 0 in
    its place into the values around it. All this is so of vertices too.

    Parameters
    ----------
    path : path
        The .npy file to write: participants x voxels, voxels in C order of the mask.
    maps : sequence of numpy.ndarray, shape (x, y, z)
        All on one grid; taken as many at a time as there are threads, and twice.
    space : permaps.spaces.space.Space
        Before elements leave it for their values: its mask has the shape of the maps.
    smoothing_fwhm : float or None
        As for `permaps.spaces.smoothing.smoother`.
    min_coverage : float
        Smallest share of participants with a value.
    zero_is_missing : bool
    covariates : sequence of iterables of numpy.ndarray, shape (x, y, z)
        The maps of each covariate, which have to have a value too.
    n_absent : int
        Participants without a map, whose maps are NaN everywhere. They do not count for the coverage.
    threads : int
        As many maps are smoothed at once.

    Returns
    -------
    mask : numpy.ndarray of bool, shape (x, y, z)
    covered : numpy.ndarray of int16, shape (x, y, z)
        Participants with a value, 0 outside the brain mask.
    counts : dict
        Voxels of the grid, in the brain mask, dropped by each reason, and analysed.

    Raises
    ------
    UserError
        When fewer than two voxels are left.
    """
    brain, smoothed = space.mask, smoother(space, smoothing_fwhm)
    covered = np.where(brain, coverage(maps, zero_is_missing, covariates), np.int16(0))
    # Less a rounding error, since 0.3 * 10 is above 3.
    enough = brain & (covered >= max(min_coverage * (len(maps) - n_absent) - 1e-9, 1))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as folder:
        scratch = os.path.join(folder, "rows.float32")
        finite, varies = _write_rows(scratch, maps, enough, brain, smoothed, zero_is_missing, threads)
        keep = finite & varies
        counts = {
            "grid": brain.size,
            "brain mask": int(brain.sum()),
            "under coverage": int(brain.sum() - enough.sum()),
            "not finite": int((~finite).sum()),
            "constant": int((finite & ~varies).sum()),
            "analysed": int(keep.sum()),
        }
        _check_left(counts, space, min_coverage)
        with written_whole(path) as temporary:
            _copy_columns(scratch, temporary, len(maps), keep)
    mask = np.zeros_like(brain)
    mask[enough] = keep
    return mask, covered, counts


def _check_left(counts, space, min_coverage):
    """Raise an error if too few elements are left."""
    if counts["analysed"] < FEWEST_VOXELS:
        raise UserError(
            f"{few(counts['analysed'], space.element)} is left to analyse, at least {FEWEST_VOXELS} are needed. Of "
            f"the {space.whole} ({counts['brain mask']:,}), {counts['under coverage']:,} have values in fewer than "
            f"{min_coverage:.0%} of the maps, {counts['not finite']:,} are not finite and "
            f"{counts['constant']:,} constant. {_what_to_do(counts)}"
        )


def _what_to_do(counts):
    """Return what to do about the reason by which most are lost."""
    advice = {
        "under coverage": "Lower mask.min_coverage, take another mask, or set mask.zero_is_missing to false if 0 is "
        "a value.",
        "not finite": "Expected values that can be smoothed: are they too large for float32?",
        "constant": "Expected values that differ between participants: does dataset.maps lead to the maps that are "
        "meant?",
    }
    return advice[max(advice, key=counts.get)]


def _write_rows(scratch, maps, enough, brain, smoothed, zero_is_missing, threads):
    """Write the smoothed rows one by one; tell which columns are finite, and which vary."""
    spread = _Spread(int(enough.sum()))
    finite = np.ones(int(enough.sum()), dtype=bool)
    with open(scratch, "wb") as file:
        for row, missing in in_threads(
            lambda i: _smoothed_row(maps[i], enough, brain, smoothed, zero_is_missing),
            range(len(maps)),
            threads,
        ):
            finite &= np.isfinite(row)
            row[missing] = np.nan
            spread.add(row)
            file.write(row.tobytes())
    return finite, spread.varies


def _smoothed_row(data, inside, brain, smoothed, zero_is_missing):
    """Return a map's smoothed values in a mask, float32, and where they were missing before."""
    missing = is_missing(data, zero_is_missing)
    with np.errstate(over="ignore"):
        row = smoothed(data)[inside]
        if (missing & brain).any():
            row = row * _for_lack(missing, brain, smoothed, data.dtype)[inside]
        return row.astype(np.float32), missing[inside]


def _for_lack(missing, brain, smoothed, dtype):
    """Return what a smoothed map is multiplied by, since missing values of the brain went in as 0.

    Otherwise, values next to a hole would be too small in those who have the hole: where one group has more of
    them, the groups would differ at its rim. A value is worth the weight of all that should be there over the
    weight of what is. The edge of the brain is the same for everyone, and stays as it is.
    """
    there = ~missing
    whole, part = smoothed((there | brain).astype(dtype)), smoothed(there.astype(dtype))
    return np.divide(whole, part, out=np.ones_like(part), where=there)


class _Spread:
    """Smallest and largest value of each column, over rows that come one by one."""

    def __init__(self, n_columns):
        self.low = np.full(n_columns, np.inf, dtype=np.float32)
        self.high = np.full(n_columns, -np.inf, dtype=np.float32)

    def add(self, row):
        # fmin and fmax pass over NaN.
        np.fmin(self.low, row, out=self.low)
        np.fmax(self.high, row, out=self.high)

    @property
    def varies(self):
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.abs(self.low), np.abs(self.high))
            return (self.high - self.low) > CONSTANT_TOLERANCE * size


def write_covariate(
    path: str | Path,
    maps: Sequence[np.ndarray],
    space: Space,
    whole: Space,
    smoothing_fwhm: float | None,
) -> int:
    """Smooth and mask a covariate's maps into one float32 matrix on disk, as the maps themselves are.

    An exact 0 is a value, as that of a voxel without grey matter; what is not finite is missing, and NaN in
    the matrix.

    Parameters
    ----------
    path : path
        The .npy file to write: participants x voxels, voxels in C order of the mask.
    maps : sequence of numpy.ndarray, shape (x, y, z)
        The covariate's, all on the mask's grid.
    space : permaps.spaces.space.Space
        The analysed elements.
    whole, smoothing_fwhm
        As `space` and the FWHM for `write_matrix`.

    Returns
    -------
    n_constant : int
        Voxels at which the covariate is the same for everyone.
    """
    spread, smoothed = _Spread(space.n_elements), smoother(whole, smoothing_fwhm)
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        _write_header(file, len(maps), space.n_elements)
        for data in maps:
            row, missing = _smoothed_row(data, space.mask, whole.mask, smoothed, zero_is_missing=False)
            row[missing | ~np.isfinite(row)] = np.nan
            spread.add(row)
            file.write(row.astype("<f4").tobytes())
    return int((~spread.varies).sum())


def _write_header(file, n_rows, n_columns):
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_rows, int(n_columns))}
    np.lib.format.write_array_header_1_0(file, header)


def _copy_columns(scratch, path, n_rows, keep):
    """Copy the kept columns into an .npy file, a row at a time."""
    with open(scratch, "rb") as source, open(path, "wb") as target:
        _write_header(target, n_rows, keep.sum())
        for _ in range(n_rows):
            row = np.fromfile(source, dtype=np.float32, count=keep.size)
            target.write(row[keep].astype("<f4").tobytes())
