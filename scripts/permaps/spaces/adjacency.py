"""Which elements are neighbours: grids and general neighbour lists in one form.

The union-find has a label for every position of an array. For a voxel grid, this array is the bounding box of
the mask with a border of one voxel, so that each neighbour is a constant step away and needs no bounds check.
For a surface, it is the list of vertices, each with its own steps. For the edges of a graph, it is the list of
nodes: an edge has a step to each of its two ends, and no list of neighbouring edges is ever formed. The kernel
reads all of them in the same way.
"""

from dataclasses import dataclass

import numpy as np

# In how many coordinates neighbours may differ by one: they share a face, an edge or a corner.
COORDINATES_APART = {6: 1, 18: 2, 26: 3}
# Bits of a coordinate along a curve: a cortex then has cells of less than a millimetre.
_BITS = 10


@dataclass(frozen=True)
class Adjacency:
    """Neighbourhood of the elements (voxels, vertices, edges) of a map, and how much each counts.

    Attributes
    ----------
    position : numpy.ndarray of int32, shape (n_elements,)
        Position of each element in the label array; no element has position 0.
    n_positions : int
        Length of the label array.
    steps : numpy.ndarray of int32, shape (1, n_neighbours) or (n_positions, n_neighbours)
        Distances in the label array to the neighbours, one row for all positions or one for each.
    sizes : numpy.ndarray, shape (n_elements,), or None
        How much each element adds to the extent of a cluster; None: one.
    joints : bool
        Whether the label array holds what elements meet in, and not the elements: steps lead from an element's
        own number, its position, to those.
    """

    position: np.ndarray
    n_positions: int
    steps: np.ndarray
    sizes: np.ndarray | None = None
    joints: bool = False

    def joined(self, mark: np.ndarray) -> np.ndarray:
        """Return pairs of neighbours with the same mark, enough of them to connect what is connected.

        Parameters
        ----------
        mark : array, shape (n_elements,)
            0 belongs to nothing.

        Returns
        -------
        numpy.ndarray of int, shape (n_pairs, 2)
        """
        if self.joints:
            return self._chained(mark)
        one, other = self.pairs.T
        joined = (mark[one] != 0) & (mark[one] == mark[other])
        return np.column_stack([one[joined], other[joined]])

    def highest_around(self, height: np.ndarray, mark: np.ndarray) -> np.ndarray:
        """Return the greatest height among each element and its neighbours of the same mark.

        Parameters
        ----------
        height, mark : array, shape (n_elements,)
        """
        highest = np.array(height, float)
        if self.joints:
            ends, marks = self._ends, np.broadcast_to(np.array(mark)[:, None], self._ends.shape)
            # At one joint, elements of the same mark.
            _, group = np.unique(np.stack([ends.ravel(), marks.ravel()]), axis=1, return_inverse=True)
            group = group.reshape(ends.shape)
            top = np.full(group.max() + 1, -np.inf)
            np.maximum.at(top, group, np.broadcast_to(highest[:, None], ends.shape))
            return top[group].max(axis=1)
        one, other = self.joined(mark).T
        np.maximum.at(highest, one, height[other])
        np.maximum.at(highest, other, height[one])
        return highest

    @property
    def _ends(self):
        return self.position[:, None] + self.steps[self.position]

    def _chained(self, mark):
        """Return each element with the next one at each of its joints: no joint lists all its pairs."""
        marked = np.flatnonzero(mark)
        ends = self._ends[marked]
        joint, element = ends.T.ravel(), np.tile(marked, ends.shape[1])
        order = np.lexsort((element, mark[element], joint))
        joint, element = joint[order], element[order]
        same = (joint[1:] == joint[:-1]) & (mark[element[1:]] == mark[element[:-1]])
        return np.column_stack([element[:-1][same], element[1:][same]])

    @property
    def pairs(self) -> np.ndarray:
        """Indices of neighbouring elements, each pair once, as an array of shape (n_pairs, 2)."""
        element = np.full(self.n_positions, -1)
        element[self.position] = np.arange(len(self.position))
        rows = self.steps if len(self.steps) == 1 else self.steps[self.position]
        other = element[self.position[:, None] + rows]
        one = np.broadcast_to(np.arange(len(self.position))[:, None], other.shape)
        return np.stack([one, other], axis=-1)[other > one]


def grid_adjacency(mask: np.ndarray, connectivity: int) -> Adjacency:
    """Return the adjacency of the voxels of a mask.

    Parameters
    ----------
    mask : array of bool, shape (x, y, z)
        Elements are its true voxels in C order.
    connectivity : {6, 18, 26}
        Neighbours share a face; or also an edge; or also a corner.
    """
    voxels = np.argwhere(mask)
    shape = np.ptp(voxels, axis=0) + 3
    position = np.ravel_multi_index(tuple((voxels - voxels.min(axis=0) + 1).T), shape)
    cube = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = np.abs(cube).sum(axis=1)
    offsets = cube[(apart > 0) & (apart <= COORDINATES_APART[connectivity])]
    steps = offsets @ np.array([shape[1] * shape[2], shape[2], 1])
    return Adjacency(position.astype(np.int32), int(np.prod(shape)), steps[None].astype(np.int32))


def pair_adjacency(
    pairs: np.ndarray, n: int, sizes: np.ndarray | None = None, places: np.ndarray | None = None
) -> Adjacency:
    """Return the adjacency given by pairs of neighbours, such as the edges of a mesh.

    Parameters
    ----------
    pairs : array of int, shape (n_pairs, 2)
        Each pair once.
    n : int
        Number of elements.
    sizes : array, shape (n,), optional
        How much each element counts; one unless given.
    places : array, shape (n, 3), optional
        Where the elements are: what is near then lies near in memory as well, which is faster for large meshes.
    """
    position = np.arange(1, n + 1, dtype=np.int32)
    if places is not None and n:
        position[along_a_curve(places)] = np.arange(1, n + 1)
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    count = np.bincount(one, minlength=n)
    place = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    # A missing neighbour is position 0, where no element lies.
    target = np.zeros((n + 1, count.max(initial=0)), np.int32)
    target[position[one], place] = position[other]
    steps = target - np.arange(n + 1, dtype=np.int32)[:, None]
    return Adjacency(position, n + 1, steps, sizes)


def along_a_curve(places: np.ndarray) -> np.ndarray:
    """Return the order of places along a curve that fills space (Morton's): what follows is near, mostly.

    Parameters
    ----------
    places : array, shape (n, 3)

    Returns
    -------
    numpy.ndarray of int, shape (n,)
    """
    low = places.min(axis=0)
    # Each coordinate as a whole number of so many bits, and the bits of all three in turn.
    cells = ((places - low) * ((1 << _BITS) - 1) / max(np.ptp(places, axis=0).max(), 1e-9)).astype(np.int64)
    along = np.zeros(len(places), np.int64)
    for bit in range(_BITS):
        for axis in range(3):
            along |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return np.argsort(along, kind="stable")


def edge_adjacency(ends: np.ndarray, n_nodes: int) -> Adjacency:
    """Return the adjacency of the edges of a graph: two touch when they share a node.

    Parameters
    ----------
    ends : array of int, shape (n_edges, 2)
        The nodes of each edge, from 0.
    n_nodes : int
    """
    n = len(ends)
    steps = np.zeros((n + 1, 2), np.int32)
    steps[1:] = ends + 1 - np.arange(1, n + 1)[:, None]
    return Adjacency(np.arange(1, n + 1, dtype=np.int32), n_nodes + 1, steps, joints=True)
