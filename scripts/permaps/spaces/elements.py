"""What all spaces do with their elements, which are the true places of a mask."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np

from permaps.spaces.adjacency import Adjacency

# What chooses elements of a space: their numbers, or a mask or slice of them.
Selection = np.ndarray | Sequence[int] | slice


class Masked:
    """A space that is a dataclass with a mask, whose true places are its elements."""

    @property
    def n_elements(self) -> int:
        """Number of elements in the mask."""
        return int(self.mask.sum())

    def part(self, elements: Selection) -> Self:
        """Return the space that consists of some of its elements."""
        return replace(self, mask=part_of(self.mask, elements))


class Alike(Masked):
    """A space whose elements are all of one kind."""

    @property
    def parts(self) -> dict:
        """All of its elements as one part without a name."""
        return {"": (slice(None), self)}

    @property
    def touching(self) -> Adjacency:
        """Neighbours, where elements have one kind of them only."""
        return self.adjacency(None)


class Counted(Alike):
    """A space whose elements have no size: each counts one."""

    unit: ClassVar[str] = ""

    @property
    def sizes(self) -> np.ndarray:
        """One for each element; shape (n_elements,)."""
        return np.ones(self.n_elements)


def part_of(mask: np.ndarray, elements: Selection) -> np.ndarray:
    """Return the mask, bool of any shape, of which only some elements are left, given by their numbers."""
    part = np.zeros_like(mask)
    part.flat[np.flatnonzero(mask)[elements]] = True
    return part
