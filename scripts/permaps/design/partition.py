"""The partition of a design by a contrast.

It splits a design into the effect of interest and the nuisance. t and F for any contrast, also over several
columns, then equal those of least squares on the whole design (Ridgway; Winkler et al. 2014, NeuroImage
92:381-397, appendix A). This is not so if one tests Xc and drops the columns that it uses (nilearn: 1.33 for
a slope difference that is 1.13).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from permaps.arithmetic.linear import complement, divided, orthonormal, product


@dataclass(frozen=True)
class Partition:
    """A design split by a contrast.

    Attributes
    ----------
    interest : numpy.ndarray, shape (n_participants, n_rows)
        Regressors whose coefficients are the values of the contrast.
    nuisance : numpy.ndarray, shape (n_participants, n_columns - n_rows)
        The rest of the design's space; may have no columns.
    dof : int
        Residual degrees of freedom.
    """

    interest: np.ndarray
    nuisance: np.ndarray
    dof: int

    @property
    def basis(self) -> np.ndarray:
        """Orthonormal columns that span the nuisance, shape of `nuisance`."""
        return _span(self.nuisance)

    @property
    def alone(self) -> np.ndarray:
        """Orthonormal columns that span the effect of interest, given the nuisance; shape of `interest`."""
        basis = self.basis
        return _span(self.interest - product(basis, product(basis.T, self.interest)))

    @property
    def is_constant(self) -> bool:
        """Whether the effect of interest is the same for everyone, as in a one-sample test.

        Either as it is written (Ridgway's partition) or without the nuisance (Beckmann's). For example, the
        mean of two equal groups is half of either group's column, or an intercept plus half of their
        difference.
        """
        return bool(
            _is_level(self.interest, 1e-9) or (self.interest.shape[1] == 1 and _is_level(self.alone, 1e-7))
        )

    def share(self, space: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return how much of the effect of interest, without the nuisance, lies in a space, from 0 to 1.

        Parameters
        ----------
        space : callable
            Gives the products of columns with an orthonormal basis of the space, shape (n_basis, n_columns).

        Returns
        -------
        float
            For several regressors, that of the direction with the largest part in it.
        """
        return float(np.linalg.norm(space(self.alone), 2) ** 2)


def _is_level(columns, tolerance):
    return (np.ptp(columns, axis=0) <= tolerance * np.abs(columns).max(axis=0)).all()


def _span(columns):
    """Return orthonormal columns with the same span, float array of the same shape."""
    return orthonormal(columns / np.linalg.norm(columns, axis=0))[0]


def partition(design: np.ndarray, contrast: np.ndarray) -> Partition:
    """Split a design by a contrast into interest and nuisance.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        Of full column rank.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
        Of full row rank.
    """
    n, p = design.shape
    # C' = QR, so C^+ = Q R'^-1.
    rows, triangle = orthonormal(contrast.T)
    inverse = product(rows, divided(np.eye(len(contrast)), triangle).T)
    # In units of the columns' norms, so that a column with small numbers is not lost next to one with large
    # numbers.
    unit = np.linalg.norm(design, axis=0)
    # The null space of the contrast has the span of M - M C^+ C (Ridgway), without its rank deficiency.
    null_space = complement(orthonormal((contrast / unit).T)[0])
    return Partition(product(design, inverse), product(design / unit, null_space), n - p)


def partition_of(design: np.ndarray, contrast: np.ndarray) -> Partition:
    """Return the partition of a design with voxelwise covariates in its columns of NaN.

    The values of a covariate differ between voxels. Random numbers take their place here, because they only
    need not be constant.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        With NaN in the columns of voxelwise covariates.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    """
    standing_in = np.random.default_rng(0).standard_normal(design.shape)
    return partition(np.where(np.isnan(design), standing_in, design), contrast)
