"""What the values of a map are laid out on, and how two maps differ in it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from permaps.maps.images import Decoded, affine_text, same_grid, shape_text
from permaps.maps.surfaces import SIDES


@dataclass(frozen=True)
class Layout:
    """A grid of voxels, the vertices of hemispheres, grayordinates, or the pairs of nodes of a graph.

    Attributes
    ----------
    shape : tuple of int
        Of the array of values.
    affine : numpy.ndarray, shape (4, 4)
        Voxel to mm; empty where there is no grid.
    parts : dict of str to int
        By hemisphere ("L", "R"), the number of vertices; by structure, that of grayordinates; or the nodes, each
        counting one, in their order. Empty for a grid.
    models : str
        Of grayordinates, a digest of which vertices and voxels they are.
    """

    shape: tuple
    affine: np.ndarray
    parts: dict
    models: str = ""

    @classmethod
    def of(cls, image: Decoded) -> Self:
        """Return what the values of a decoded map are laid out on."""
        affine = np.array([]) if image.affine is None else image.affine
        return cls(image.data.shape, affine, image.parts, image.models)

    def same(self, other: Self) -> bool:
        """Tell whether values on both can be compared one by one."""
        if self.parts or other.parts:
            return (self.models, *self.parts.items()) == (other.models, *other.parts.items())
        return same_grid(self.shape, self.affine, other.shape, other.affine)

    def difference(self, other: Self, whose: str) -> str:
        """Say what this one is, and what another is that is not the same.

        Parameters
        ----------
        other : Layout
        whose : str
            Who has the other one: "most maps".
        """
        if _on_surfaces(self) and _on_surfaces(other):
            if self.parts.keys() != other.parts.keys():
                return f"other hemispheres ({_sides(self)}, {whose} have {_sides(other)})"
            return f"another mesh ({_parts(self)}, {whose} have {_parts(other)})"
        if self.models and other.models:
            return f"other brain models ({_unlike(self.parts, other.parts, whose)})"
        if set(self.parts) == set(other.parts) and self.shape == other.shape and self.parts != {}:
            moved = next(((a, b) for a, b in zip(self.parts, other.parts, strict=True) if a != b), None)
            if moved:
                return f"nodes in another order ({moved[0]!r} where {whose} have {moved[1]!r})"
        if self.parts or other.parts:
            return f"{_parts(self)}, {whose} have {_parts(other)}"
        if self.shape != other.shape:
            return f"shape {shape_text(self.shape)}, {whose} have {shape_text(other.shape)}"
        return f"affine {_oriented(self.affine)}, {whose} have {_oriented(other.affine)}"


def _unlike(parts, others, whose):
    """Say the first structure in which two sets of grayordinates differ."""
    for name in parts | others:
        if parts.get(name) != others.get(name):
            one, other = (f"{n:,}" if n else "" for n in (parts.get(name), others.get(name)))
            return f"{name} of {one or 'no'} grayordinates, {whose} have {other or 'none'}"
    return (
        f"as many in each structure, but of other vertices or voxels than {whose} have, on another grid, or in "
        "another order"
    )


def _parts(layout):
    if not layout.parts:
        return f"a volume of {shape_text(layout.shape)} voxels"
    if not _on_surfaces(layout):
        names = list(layout.parts)
        return f"nodes {', '.join(names[:3])}, ..., {names[-1]} ({len(names)})"
    return " and ".join(f"{n:,} vertices of the {SIDES[side]} hemisphere" for side, n in layout.parts.items())


def _on_surfaces(layout):
    return bool(layout.parts) and set(layout.parts) <= set(SIDES)


def _sides(layout):
    return " and ".join(SIDES[side] for side in layout.parts)


def _oriented(affine):
    from nibabel.orientations import aff2axcodes

    return f"{affine_text(affine)} ({''.join(map(str, aff2axcodes(affine)))})"
