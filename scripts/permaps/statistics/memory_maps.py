"""Memory maps that do not stay in memory."""

import mmap

import numpy as np


def let_go(array: np.ndarray) -> None:
    """Give back the pages that reading a memory map has made resident; of another array, nothing.

    Mapped pages can be taken back by the kernel at any time, but they count as the process's memory until
    then, and what watches over a job may count them too.
    """
    if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        array.base.madvise(mmap.MADV_DONTNEED)


def columns(array: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Return columns first..stop of a matrix; of a memory map by reading them, so that nothing else comes in.

    A page fault may bring in two megabytes where four kilobytes are touched: a column of a large map, one
    place in every row, can so make the whole file resident at once.

    Parameters
    ----------
    array : array, shape (n, width)
    first, stop : int
        What lies beyond the last column is left out.

    Returns
    -------
    array, shape (n, min(stop, width) - first)

    Raises
    ------
    OSError
        When the file ends before the matrix does.
    """
    if not (isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.flags.c_contiguous):
        return array[:, first:stop]
    n, width = array.shape
    part = np.empty((n, min(stop, width) - first), array.dtype)
    with open(array.filename, "rb", buffering=0) as file:
        for i, row in enumerate(part):
            file.seek(array.offset + (i * width + first) * array.itemsize)
            if file.readinto(row) < row.nbytes:
                raise OSError(f"{array.filename}: cut off while it was read")
    return part
