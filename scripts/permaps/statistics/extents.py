"""How much elements add to the extent of a component, and the power E of the extent that TFCE takes."""

import numpy as np
from numba import types
from numba.extending import overload

from permaps.statistics.compiled import soon
from permaps.statistics.interfaces import Adjacency
from permaps.statistics.power import all_raised, raised, tables


def extents(adjacency: Adjacency, exponent: float) -> tuple[np.ndarray | None, np.ndarray | tuple | None]:
    """Return the size of the element at each position, and what `raised_extent` needs for the powers of their sums.

    Where every element counts one, there are no sizes, and a table has all powers.
    """
    if adjacency.sizes is None:
        return None, all_raised(np.arange(len(adjacency.position) + 1, dtype=float), *tables(exponent))
    sizes = np.zeros(adjacency.position.max() + 1)
    sizes[adjacency.position] = adjacency.sizes
    return sizes, None if exponent == 1 else tables(exponent)


def own_size(sizes: np.ndarray | None, position: int) -> float:
    """Return how much an element adds to the extent."""
    return 1 if sizes is None else sizes[position]


def size_soon(sizes: np.ndarray | None, position: int) -> None:
    """Say that the size of the element at a position will be read soon."""
    if sizes is not None:
        soon(sizes, position)


def raised_extent(size: float, size_power: np.ndarray | tuple | None) -> float:
    """Return a size to the power E."""
    if size_power is None:
        return size
    return raised(size, *size_power) if isinstance(size_power, tuple) else size_power[size]


# Each is compiled for one of these ways: a choice at every element would make the loop four times slower.
@overload(own_size)
def _own_size_by_type(sizes, position):
    if isinstance(sizes, types.NoneType):
        return lambda sizes, position: 1
    return lambda sizes, position: sizes[position]


@overload(size_soon)
def _size_soon_by_type(sizes, position):
    if isinstance(sizes, types.NoneType):
        return lambda sizes, position: None
    return lambda sizes, position: soon(sizes, position)


@overload(raised_extent)
def _raised_extent_by_type(size, size_power):
    if isinstance(size_power, types.NoneType):
        return lambda size, size_power: size
    if isinstance(size_power, types.Array):
        return lambda size, size_power: size_power[size]
    return lambda size, size_power: raised(size, *size_power)
