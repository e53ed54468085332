"""Relabelling j as a pure function of (seed, j).

This module does not know how many relabellings there will be, or how they are split into jobs. So the null is
the same for any split, and a finished run can be extended. If the distinct relabellings can be numbered, a
keyed one-to-one map assigns one of them to index j. None occurs twice and, if there is room for all, each
occurs once and p is exact. If there are too many to number, each is drawn on its own by a counter-based
generator (Salmon et al. 2011, SC'11).
"""

import hashlib
from functools import lru_cache

import numpy as np

from permaps.design.exchangeability import Exchangeability

# Up to this number, distinct relabellings are numbered. Beyond, two equal draws are practically impossible.
NUMBERED = 2**62
_TURNS = 8


def relabelling(exchangeability: Exchangeability, seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return relabelling `index`; index 0 is the observed labelling.

    Parameters
    ----------
    exchangeability : Exchangeability
    seed : int
        From 0 to 2^63 - 1.
    index : int
        From 0 to `n_distinct - 1`.

    Returns
    -------
    source : numpy.ndarray of int, shape (n,)
        The row whose label each position takes.
    sign : numpy.ndarray of int8, shape (n,)
        1, or -1 where the sign flips.
    """
    if index == 0:
        return exchangeability.unrank(0)
    if exchangeability.n_distinct > NUMBERED:
        return exchangeability.draw(_words(seed, index))
    source, sign = exchangeability.unrank(1 + shuffled(index - 1, exchangeability.n_distinct - 1, seed))
    return exchangeability.mix(source, _words(seed, index)) if exchangeability.mixed else source, sign


def _words(seed, index):
    """Return what gives random words of a relabelling."""
    return np.random.Philox(key=np.array([seed, 0], np.uint64), counter=[0, 0, 0, index]).random_raw


def shuffled(index: int, size: int, seed: int) -> int:
    """Return the image of `index` under a pseudo-random permutation of range(size) chosen by `seed`.

    A Feistel network on the smallest even number of bits that holds `size`, walked until it lands inside
    (Black & Rogaway 2002, CT-RSA): a one-to-one map without a table.

    Parameters
    ----------
    index : int
        From 0 to size - 1, like the result.
    size : int
    seed : int
        From 0 to 2^63 - 1.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = index >> half, index & mask
        for begun in _turns(seed):
            block = begun.copy()
            block.update(right.to_bytes(8, "little"))
            left, right = right, left ^ int.from_bytes(block.digest(), "little") & mask
        index = left << half | right
        if index < size:
            return index


@lru_cache(maxsize=1)
def _turns(seed):
    """Return the hash of each turn of the network, begun with the seed and the turn."""
    key = seed.to_bytes(8, "little")
    return [hashlib.blake2b(turn.to_bytes(1, "little"), digest_size=8, key=key) for turn in range(_TURNS)]


def relabellings(
    exchangeability: Exchangeability, seed: int, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return relabellings start to stop - 1 as arrays.

    Parameters
    ----------
    exchangeability : permaps.design.exchangeability.Exchangeability
    seed, start, stop : int

    Returns
    -------
    source : numpy.ndarray of int, shape (stop - start, n)
    sign : numpy.ndarray of int8, shape (stop - start, n)
    """
    drawn = [relabelling(exchangeability, seed, j) for j in range(start, stop)]
    n = exchangeability.n
    return (
        np.array([source for source, _ in drawn], np.int64).reshape(-1, n),
        np.array([sign for _, sign in drawn], np.int8).reshape(-1, n),
    )
