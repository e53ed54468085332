"""Connected components of marked elements."""

import numpy as np

from permaps.statistics.interfaces import Adjacency


def components(mark: np.ndarray, adjacency: Adjacency) -> np.ndarray:
    """Return the component of each element.

    Parameters
    ----------
    mark : array, shape (n_elements,)
        Neighbours of one mark belong together; 0 belongs to nothing.
    adjacency : permaps.spaces.adjacency.Adjacency

    Returns
    -------
    numpy.ndarray of int, shape (n_elements,)
        From 1 on, in the order of their first elements; 0 where the mark is 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(mark)
    pairs = adjacency.joined(mark)
    graph = coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    label = np.zeros(n, int)
    label[mark != 0] = np.unique(component[mark != 0], return_inverse=True)[1] + 1
    return label
