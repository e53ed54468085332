"""Edges of a graph: the pairs of nodes of a connectome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from permaps.spaces.adjacency import Adjacency, edge_adjacency
from permaps.spaces.elements import Counted, Selection


@dataclass(frozen=True)
class Edges(Counted):
    """The edges of a mask; see `permaps.spaces.space.Space`.

    Attributes
    ----------
    mask : numpy.ndarray of bool, shape (n_pairs,)
        Of the pairs of nodes in the order of `pairs_of`, its true ones are the elements.
    names : numpy.ndarray of str, shape (n_nodes,)
        Of the nodes.
    places : numpy.ndarray, shape (n_nodes, 3)
        Where they are, in mm; NaN where that is not known.
    """

    mask: np.ndarray
    names: np.ndarray
    places: np.ndarray
    kind: ClassVar[str] = "edges"
    element: ClassVar[str] = "edge"
    elements: ClassVar[str] = "edges"
    whole: ClassVar[str] = "edges"
    place_columns: ClassVar[tuple] = ("node_1", "node_2")

    @property
    def ends(self) -> np.ndarray:
        """The nodes of the edges in the mask, shape (n_elements, 2)."""
        return pairs_of(len(self.names))[self.mask]

    def measures(self) -> dict:
        """Return its facts for the record of a run."""
        return {"n_nodes": len(self.names)}

    def adjacency(self, connectivity: int | None = None) -> Adjacency:
        """Return which edges share a node; a graph has one kind of neighbours only."""
        return edge_adjacency(self.ends, len(self.names))

    def place(self, elements: Selection) -> dict:
        """Return the names of the nodes of edges, by `place_columns`."""
        return dict(zip(self.place_columns, self.names[self.ends[elements]].T, strict=True))

    def named(self, element: int) -> str:
        """Say which nodes an edge joins."""
        return " – ".join(self.names[self.ends[element]].tolist())

    def at(self, places: Mapping[str, Sequence]) -> np.ndarray:
        """Return the edges between nodes given by `place_columns`; -1 where there is none."""
        node = {name: i for i, name in enumerate(self.names.tolist())}
        number = {tuple(pair): i for i, pair in enumerate(self.ends.tolist())}
        ends = zip(*(places[column] for column in self.place_columns), strict=True)
        return np.array([number.get((node[str(a)], node[str(b)]), -1) for a, b in ends], int)

    def coordinates(self, elements: Selection) -> np.ndarray:
        """Return the middles of edges, in mm; shape (n, 3), NaN where the places of nodes are not known."""
        return self.places[self.ends[elements]].mean(axis=1)

    def full(self, values: np.ndarray, fill: float = 0) -> np.ndarray:
        """Return values of the edges, shape (n_elements,), as a symmetric matrix, shape (n_nodes, n_nodes)."""
        values = np.asarray(values)
        matrix = np.full((len(self.names),) * 2, fill, values.dtype)
        one, other = self.ends.T
        matrix[one, other] = matrix[other, one] = values
        return matrix


def pairs_of(n_nodes: int) -> np.ndarray:
    """Return all pairs of nodes, the first one before the second, row by row; shape (n_pairs, 2)."""
    return np.column_stack(np.triu_indices(n_nodes, 1))
