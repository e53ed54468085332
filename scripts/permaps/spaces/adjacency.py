"""Which elements are neighbours: grids and general neighbour lists in one form.

The union-find has a label for every position of an array. For a voxel grid, this array is the bounding box of
the mask with a border of one voxel, so that each neighbour is a constant step away and needs no bounds check.
For a surface, it is the list of vertices, each with its own steps. The kernel reads both in the same way.
"""

from dataclasses import dataclass

import numpy as np

# In how many coordinates neighbours may differ by one: they share a face, an edge or a corner.
COORDINATES_APART = {6: 1, 18: 2, 26: 3}


@dataclass(frozen=True)
class Adjacency:
    """Neighbourhood of the elements (voxels or vertices) of a map.

    Attributes
    ----------
    position : numpy.ndarray of int32, shape (n_elements,)
        Position of each element in the label array; no element has position 0.
    n_positions : int
        Length of the label array.
    steps : numpy.ndarray of int32, shape (1, n_neighbours) or (n_positions, n_neighbours)
        Distances in the label array to the neighbours, one row for all positions or one for each.
    """

    position: np.ndarray
    n_positions: int
    steps: np.ndarray

    @property
    def pairs(self):
        """Indices of neighbouring elements, each pair once, as an array of shape (n_pairs, 2)."""
        element = np.full(self.n_positions, -1)
        element[self.position] = np.arange(len(self.position))
        rows = self.steps if len(self.steps) == 1 else self.steps[self.position]
        other = element[self.position[:, None] + rows]
        one = np.broadcast_to(np.arange(len(self.position))[:, None], other.shape)
        return np.stack([one, other], axis=-1)[other > one]


def grid_adjacency(mask, connectivity):
    """Return the adjacency of the voxels of a mask.

    Parameters
    ----------
    mask : array of bool, shape (x, y, z)
        Elements are its true voxels in C order.
    connectivity : {6, 18, 26}
        Neighbours share a face; or also an edge; or also a corner.

    Returns
    -------
    Adjacency
    """
    voxels = np.argwhere(mask)
    shape = np.ptp(voxels, axis=0) + 3
    position = np.ravel_multi_index(tuple((voxels - voxels.min(axis=0) + 1).T), shape)
    cube = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = np.abs(cube).sum(axis=1)
    offsets = cube[(apart > 0) & (apart <= COORDINATES_APART[connectivity])]
    steps = offsets @ np.array([shape[1] * shape[2], shape[2], 1])
    return Adjacency(position.astype(np.int32), int(np.prod(shape)), steps[None].astype(np.int32))


def list_adjacency(neighbours):
    """Return the adjacency given by neighbour lists, for surfaces and other irregular maps.

    Parameters
    ----------
    neighbours : sequence of sequences of int
        For each element the indices of its neighbours; a relation that holds in both directions.

    Returns
    -------
    Adjacency

    Raises
    ------
    ValueError
        When one element names another as its neighbour but not the other way round.
    """
    pairs = {(a, int(b)) for a, row in enumerate(neighbours) for b in row}
    one_way = next((p for p in sorted(pairs) if p[::-1] not in pairs), None)
    if one_way:
        raise ValueError(
            f"element {one_way[0]} names {one_way[1]} as its neighbour, but not the other way round"
        )
    n = len(neighbours)
    width = max((len(row) for row in neighbours), default=0)
    # A missing neighbour is position 0, where no element lies.
    target = np.zeros((n + 1, width), np.int32)
    for a, row in enumerate(neighbours):
        target[a + 1, : len(row)] = np.asarray(row, np.int32) + 1
    steps = target - np.arange(n + 1, dtype=np.int32)[:, None]
    return Adjacency(np.arange(1, n + 1, dtype=np.int32), n + 1, steps)
