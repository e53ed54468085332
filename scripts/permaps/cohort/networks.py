"""The simulated cohort as connectomes: the same people, and a network of nodes whose edges go with `pseudo`."""

import numpy as np

from permaps.cohort import simulation

N_NODES = 60
# Every pair of these is an edge of the planted network.
NETWORK = range(4, 12)
EFFECT = 0.7  # in units of the noise's sd, per standard deviation of `pseudo`
# Share of the noise that edges have from their two nodes.
OF_NODES = 0.3


def node_names() -> list[str]:
    """Return names in the order of the matrix: n01, n02, ..."""
    return [f"n{i:02d}" for i in range(1, N_NODES + 1)]


def planted(effect_size: float) -> np.ndarray:
    """Return the effect of `pseudo` at every pair of nodes, shape (n_nodes, n_nodes)."""
    effect = np.zeros((N_NODES, N_NODES))
    effect[np.ix_(NETWORK, NETWORK)] = effect_size * EFFECT
    np.fill_diagonal(effect, 0)
    return effect


def connectome(seed: int, index: int, effect: np.ndarray, number: int = 0) -> np.ndarray:
    """Return a participant's matrix, float32 of shape (n_nodes, n_nodes), symmetric with 0 on the diagonal."""
    matrix = simulation.measured(seed, index, lambda row, reading: 1 + reading * effect, _noise, number)
    np.fill_diagonal(matrix, 0)
    return matrix.astype(np.float32)


def _noise(rng):
    nodes = rng.standard_normal(N_NODES)
    shared = np.sqrt(OF_NODES / 2) * (nodes[:, None] + nodes)
    white = np.triu(rng.standard_normal((N_NODES, N_NODES)), 1)
    return shared + np.sqrt(1 - OF_NODES) * (white + white.T)
