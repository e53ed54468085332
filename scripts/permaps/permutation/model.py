"""The model of a contrast: how its statistic is computed for any relabelling, as one object and one file."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from permaps.arithmetic.linear import divided, orthonormal
from permaps.design.exchangeability import Exchangeability
from permaps.design.partition import partition
from permaps.design.scheme import distinct_relabellings, exchangeability_of, like_rows
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.statistics.evaluator import Estimator
from permaps.statistics.freedman_lane import Regressors, regressors
from permaps.statistics.memory_maps import let_go
from permaps.statistics.pseudo import SmoothedVariance
from permaps.statistics.sorted_p import Scale, scale_of
from permaps.statistics.voxelwise import VoxelModels
from permaps.workflow.arrays import open_matrix, read_arrays, write_arrays


@dataclass(frozen=True)
class Model:
    """Everything that a contrast is tested with, except the maps.

    Attributes
    ----------
    statistic : {"t", "F"}
    kind : {"common", "voxelwise", "smoothed_variance"}
        One model for all elements, which is fast; a model for each; the latter with a variance smoothed over space.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN stand for voxelwise covariates.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    groups : numpy.ndarray of int, shape (n_participants,)
        Variance group of each participant, starting at 0.
    scheme : {"permute", "flip", "both"}
    blocks : dict
        `within`, `whole` and `nested`, as `permaps.design.block_tree.exchangeability_tree` takes them.
    labels : numpy.ndarray of int, shape (n_participants,)
        Participants with equal rows of the design have the same label.
    incomplete : bool
        Whether participants are missing at some voxels. There it matters which of several equal rows a position
        takes.
    regressors : permaps.statistics.freedman_lane.Regressors or None
        For a common model: computed once, so that every job uses the same bits.
    variance_sigma : numpy.ndarray, shape (3,), or None
        Standard deviation, in voxels, of the Gaussian that smooths the residual variance.
    space : permaps.spaces.space.Space or None
        What the tested elements are; None if nothing is enhanced.
    elements : numpy.ndarray of int or None
        Columns of the matrix that are tested; None: all of them.
    fingerprint : str
        Digest of all this and of the maps.
    """

    statistic: str
    kind: str
    design: np.ndarray
    contrast: np.ndarray
    groups: np.ndarray
    scheme: str
    blocks: dict
    labels: np.ndarray
    incomplete: bool = False
    regressors: Regressors | None = None
    variance_sigma: np.ndarray | None = None
    space: Space | None = None
    elements: np.ndarray | None = None
    fingerprint: str = ""

    @property
    def is_f(self) -> bool:
        """Whether the statistic is an F, which has one tail."""
        return self.statistic == "F"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of models that are evaluated."""
        return (self.kind,)

    @property
    def rescaled(self) -> None:
        """The table that turns the statistic into what is enhanced: none, since that is the statistic itself."""

    def threshold(self, cluster_p: float, both_signs: bool) -> float:
        """Return the statistic with the uncorrected p `cluster_p`, or half of it per tail if both signs count."""
        # Not at the top, because most jobs with a model do without scipy, which takes 0.2 s to import.
        from permaps.permutation.thresholds import cluster_threshold

        return cluster_threshold(cluster_p, self.dof, len(self.contrast), self.is_f, both_signs)

    def scale(self, both_signs: bool) -> Scale:
        """Return the p of the statistic, for bounds on true discoveries.

        It is that of the t or F of an element with all participants, also where elements have other models: any
        decreasing function will do, as long as it is the same for all relabellings.
        """
        return scale_of(self.dof, len(self.contrast), self.is_f, both_signs)

    @property
    def dof(self) -> int:
        """Residual degrees of freedom of a voxel with all participants."""
        return self.design.shape[0] - self.design.shape[1]

    @cached_property
    def exchangeability(self) -> Exchangeability:
        """Its distinct relabellings."""
        return distinct_relabellings(self.labels, self.scheme, self.blocks, self.incomplete)

    @property
    def elements_differ(self) -> bool:
        """Whether elements need models of their own."""
        return models_differ(self.design, self.groups, self.incomplete)

    def voxel_models(self, covariates: Sequence[np.ndarray | str | Path] = ()) -> VoxelModels:
        """Return the model of each element; takes the same as `estimator`."""
        return voxel_models(
            self.design, self.contrast, self.groups, [self.maps(c) for c in covariates],
            self.exchangeability.still, self.exchangeability.together,
        )  # fmt: skip

    def estimator(self, covariates: Sequence[np.ndarray | str | Path] = ()) -> Estimator:
        """Return the estimator that evaluates the model.

        Parameters
        ----------
        covariates : list
            The voxelwise covariates, in the order of their columns: arrays of shape (n_participants,
            n_voxels), or their files.
        """
        if self.kind == "common":
            return self.regressors
        models = self.voxel_models(covariates)
        if self.kind == "voxelwise":
            return models
        return SmoothedVariance(models, self.space.mask, self.variance_sigma)

    def maps(self, matrix: np.ndarray | str | Path) -> np.ndarray:
        """Return the maps of the tested elements, float32 of shape (n_participants, n_elements).

        From a file, all elements come as a memory map. Those of a part of the space are read into memory.

        Parameters
        ----------
        matrix : path or array of shape (n_participants, n_voxels)
        """
        opened = _opened(matrix)
        return opened if self.elements is None else opened[:, self.elements]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return it as arrays, for a file."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        stored["blocks"] = json.dumps(self.blocks)
        if moved := stored.pop("regressors"):
            stored |= {f"regressors_{name}": value for name, value in vars(moved).items()}
        stored |= space_arrays(stored.pop("space"))
        return {name: np.asarray(value) for name, value in stored.items() if value is not None}

    def save(self, path: str | Path) -> None:
        """Write it to a file that `load` reads."""
        write_arrays(path, **self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        return cls.of_arrays(read_arrays(path))

    @classmethod
    def of_arrays(cls, arrays: dict[str, np.ndarray]) -> Self:
        """Return the model that `arrays` gave."""
        stored = {name: values if values.ndim else values.item() for name, values in arrays.items()}
        stored["blocks"] = json.loads(stored["blocks"])
        stored["space"] = take_space(stored)
        if stored["kind"] == "common":
            names = [field.name for field in fields(Regressors)]
            stored["regressors"] = Regressors(**{name: stored.pop(f"regressors_{name}") for name in names})
        return cls(**stored)

    def restricted(self, elements: np.ndarray) -> Self:
        """Return the model restricted to some elements, given by their numbers."""
        return replace(self, space=self.space.part(elements), elements=elements)


def contrast_model(
    design: np.ndarray,
    contrast: np.ndarray,
    statistic: str,
    scheme: str,
    blocks: dict,
    groups: Sequence[int] | None = None,
    *,
    incomplete: bool = False,
    variance_sigma: np.ndarray | None = None,
    space: Space | None = None,
    kind: str | None = None,
) -> Model:
    """Return the model of a contrast.

    Parameters
    ----------
    design, contrast, statistic, scheme, blocks, incomplete, variance_sigma, space
        As in `Model`.
    groups : sequence of int, optional
        Variance groups.
    kind : str, optional
        As in `Model`; by default the fastest that fits.

    Raises
    ------
    permaps.workflow.errors.UserError
        If the observed labelling is the only one.
    """
    labels = like_rows(design, groups)
    still = exchangeability_of(labels, scheme, blocks).still
    groups = np.zeros(len(design), int) if groups is None else np.asarray(groups, int)
    if kind is None:
        kind = "voxelwise" if models_differ(design, groups, incomplete) else "common"
        kind = kind if variance_sigma is None else "smoothed_variance"
    return Model(
        statistic,
        kind,
        design,
        np.asarray(contrast, float),
        groups,
        scheme,
        blocks,
        labels,
        incomplete,
        regressors(partition(design, contrast), labels, still) if kind == "common" else None,
        variance_sigma,
        space,
    )


def models_differ(design: np.ndarray, groups: np.ndarray, incomplete: bool) -> bool:
    """Tell whether elements need models of their own: variance groups, covariates or participants differ.

    Parameters
    ----------
    design, groups, incomplete
        As in `Model`.
    """
    return bool(groups.any() or np.isnan(design).any() or incomplete)


def lack_participants(maps: np.ndarray) -> bool:
    """Tell whether a voxel lacks the value of a participant.

    Parameters
    ----------
    maps : array, shape (n_participants, n_voxels)
        May be a memory map; NaN where a value is missing.
    """
    for row in maps:
        if np.isnan(row).any():
            return True
        let_go(maps)
    return False


def voxel_models(
    design: np.ndarray,
    contrast: np.ndarray,
    groups: Sequence[int] | np.ndarray | None,
    covariates: list,
    still: Callable[[np.ndarray], np.ndarray] | None = None,
    together: tuple = (),
) -> VoxelModels:
    """Return the models of all voxels, for a design with voxelwise covariates in its columns of NaN.

    The other columns are replaced by an orthonormal basis of their span, and the weights of the contrast
    accordingly. The normal equations of each voxel square the condition number of the columns, so a year and
    its square, for example, would appear dependent.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    groups : sequence of int or None
        Variance groups.
    covariates : list
        The maps of those columns, in order: arrays of shape (n_participants, n_voxels), or their files.
    still : callable, optional
    together : tuple of list of int
        As in `permaps.statistics.voxelwise.VoxelModels`.
    """
    is_map = np.isnan(design).any(axis=0)
    columns, weights = np.where(is_map, 0.0, design), np.array(contrast, float)
    columns[:, ~is_map], weights[:, ~is_map] = _orthonormal(design[:, ~is_map], weights[:, ~is_map])
    return VoxelModels(
        columns,
        weights,
        np.zeros(len(design), int) if groups is None else np.asarray(groups, int),
        {int(c): _opened(values) for c, values in zip(np.flatnonzero(is_map), covariates, strict=True)},
        still,
        together,
    )


def _orthonormal(columns, weights):
    """Return an orthonormal basis of some columns, and the weights that mean the same in it."""
    unit = np.linalg.norm(columns, axis=0)
    basis, triangle = orthonormal(columns / unit)
    # Equal rows must stay equal to the last bit, so that relabellings with the same partition are ties.
    _, first, row = np.unique(like_rows(columns), return_index=True, return_inverse=True)
    return basis[first][row.ravel()], divided(weights / unit, triangle)


def _opened(maps):
    return maps if isinstance(maps, np.ndarray) else open_matrix(maps)
