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
        part = np.zeros_like(self.mask)
        part.flat[np.flatnonzero(self.mask)[elements]] = True
        return replace(self, mask=part)

    def full(self, values: np.ndarray, fill: float = 0) -> np.ndarray:
        """Return values of the elements, shape (n_elements,), in the shape of the mask."""
        values = np.asarray(values)
        whole = np.full(self.mask.shape, fill, values.dtype)
        whole[self.mask] = values
        return whole

    def where(self, element: int) -> dict:
        """Return where one element is, by `place_columns`."""
        return {column: values[0] for column, values in self.place([element]).items()}


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
