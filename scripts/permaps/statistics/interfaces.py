"""What statistics ask of objects from the rooms after them, so that they need not import these."""

from typing import Protocol

import numpy as np


class Adjacency(Protocol):
    """Which elements are neighbours: `permaps.spaces.adjacency.Adjacency` says what each attribute is."""

    position: np.ndarray
    n_positions: int
    steps: np.ndarray
    sizes: np.ndarray | None
    joints: bool

    def joined(self, mark: np.ndarray) -> np.ndarray:
        """Return pairs of neighbours with the same mark."""


class Partition(Protocol):
    """A design split into interest and nuisance, as `permaps.design.partition.Partition` describes it."""

    interest: np.ndarray
    dof: int

    @property
    def basis(self) -> np.ndarray:
        """Orthonormal columns that span the nuisance."""

    @property
    def alone(self) -> np.ndarray:
        """Orthonormal columns that span the effect of interest, given the nuisance."""
