"""What all spaces do with their elements, which are the true places of a mask."""

from collections.abc import Sequence

import numpy as np

# What chooses elements of a space: their numbers, or a mask or slice of them.
Selection = np.ndarray | Sequence[int] | slice


class Alike:
    """A space whose elements are all of one kind."""

    @property
    def parts(self) -> dict:
        """All of its elements as one part without a name."""
        return {"": (slice(None), self)}


def part_of(mask: np.ndarray, elements: Selection) -> np.ndarray:
    """Return the mask, bool of any shape, of which only some elements are left, given by their numbers."""
    part = np.zeros_like(mask)
    part.flat[np.flatnonzero(mask)[elements]] = True
    return part


def nearest_of(own: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return which of some places, shape (n_elements, 3), is nearest to each of others, shape (n, 3)."""
    return np.array([np.argmin(((own - place) ** 2).sum(axis=1)) for place in np.asarray(places, float)], int)
