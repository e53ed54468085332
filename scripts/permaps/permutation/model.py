"""A contrast's model: how its statistic is computed for any relabelling, as one object and one file."""

import json
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from permaps.arithmetic.linear import divided, orthonormal
from permaps.design.exchangeability import Exchangeability, exchangeability_tree
from permaps.design.partition import partition
from permaps.design.scheme import SCHEMES, exchangeability_of, like_rows
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.statistics.freedman_lane import Regressors, regressors
from permaps.statistics.memory_maps import let_go
from permaps.statistics.pseudo import SmoothedVariance
from permaps.statistics.voxelwise import VoxelModels

# One model for all voxels, fast; a model for each voxel; such a model with a variance smoothed over space.
KINDS = ("common", "voxelwise", "smoothed_variance")


@dataclass(frozen=True)
class Model:
    """What a contrast is tested with: all but the maps.

    Attributes
    ----------
    statistic : {"t", "F"}
    kind : str
        One of `KINDS`.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN are maps.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    groups : numpy.ndarray of int, shape (n_participants,)
        Variance group of each participant, from 0 on.
    scheme : {"permute", "flip", "both"}
    blocks : dict
        `within`, `whole` and `nested`, as `permaps.design.exchangeability.exchangeability_tree` takes them.
    labels : numpy.ndarray of int, shape (n_participants,)
        The same for participants whose rows of the design are alike.
    incomplete : bool
        Whether voxels lack participants: then it is not all the same which of several like rows one takes.
    regressors : permaps.statistics.freedman_lane.Regressors or None
        Of a common model: made once, so that every job has the same bits of them.
    variance_sigma : numpy.ndarray, shape (3,), or None
        Standard deviation, in voxels, of the Gaussian that smooths the residual variance.
    space : permaps.spaces.space.Space or None
        What the tested elements are; None where nothing is enhanced.
    elements : numpy.ndarray of int or None
        Columns of the matrix that are tested; None: all of them.
    fingerprint : str
        Of all this and of the maps.
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
    def dof(self) -> int:
        """Residual degrees of freedom of a voxel with all participants."""
        return self.design.shape[0] - self.design.shape[1]

    @cached_property
    def exchangeability(self) -> Exchangeability:
        """Its distinct relabellings."""
        tree = exchangeability_tree(len(self.labels), **self.blocks)
        return Exchangeability(tree, self.labels, *SCHEMES[self.scheme], mixed=self.incomplete)

    def estimator(self, covariates=()):
        """Return what evaluates the model.

        Parameters
        ----------
        covariates : list
            The maps of the design's columns that are maps, in their order: arrays of shape (n_participants,
            n_voxels), or their files.

        Returns
        -------
        permaps.statistics.evaluator.Estimator
        """
        if self.kind == "common":
            return self.regressors
        models = voxel_models(self.design, self.contrast, self.groups, [self.maps(c) for c in covariates])
        if self.kind == "voxelwise":
            return models
        return SmoothedVariance(models, self.space.mask, self.variance_sigma)

    def maps(self, matrix):
        """Return the maps of the tested elements, float32 of shape (n_participants, n_elements).

        Of a file, all of them come as a memory map; those of a part of the space are read.

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

    def save(self, path) -> None:
        """Write it to a file that `load` reads."""
        np.savez(path, **self.arrays())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] if file[name].ndim else file[name].item() for name in file.files}
        stored["blocks"] = json.loads(stored["blocks"])
        stored["space"] = take_space(stored)
        if stored["kind"] == "common":
            names = [field.name for field in fields(Regressors)]
            stored["regressors"] = Regressors(**{name: stored.pop(f"regressors_{name}") for name in names})
        return cls(**stored)

    def restricted(self, elements):
        """Return the model of some elements, given by their numbers."""
        return replace(self, space=self.space.part(elements), elements=elements)


def contrast_model(
    design, contrast, statistic, scheme, blocks, groups=None, *, kind="common", incomplete=False,
    variance_sigma=None, space=None,
):  # fmt: skip
    """Return the model of a contrast.

    Parameters
    ----------
    design, contrast, statistic, scheme, blocks, kind, incomplete, variance_sigma, space
        As in `Model`.
    groups : sequence of int, optional
        Variance groups.

    Returns
    -------
    Model

    Raises
    ------
    permaps.workflow.errors.UserError
        When no relabelling but the observed one exists.
    """
    labels = like_rows(design, groups)
    still = exchangeability_of(labels, scheme, blocks).still
    return Model(
        statistic,
        kind,
        design,
        np.asarray(contrast, float),
        np.zeros(len(design), int) if groups is None else np.asarray(groups, int),
        scheme,
        blocks,
        labels,
        incomplete,
        regressors(partition(design, contrast), labels, still) if kind == "common" else None,
        variance_sigma,
        space,
    )


def voxels_differ(maps, design, groups):
    """Tell whether voxels differ in their models: by missing values, by covariates or by variance groups.

    Parameters
    ----------
    maps : array, shape (n_participants, n_voxels)
        May be a memory map.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN are maps.
    groups : sequence of int or None
        Variance groups.
    """
    return groups is not None or bool(np.isnan(design).any()) or lack_participants(maps)


def lack_participants(maps):
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


def voxel_models(design, contrast, groups, covariates):
    """Return a design whose columns of NaN are maps.

    Its other columns are replaced by an orthonormal basis of what they span, and the contrast's weights with
    them: each voxel's normal equations square the condition of its columns, and those of a year and its
    square would pass for dependent.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    groups : sequence of int or None
        Variance groups.
    covariates : list
        The maps of those columns, in their order: arrays of shape (n_participants, n_voxels), or their files.
    """
    mapped = np.isnan(design).any(axis=0)
    columns, weights = np.where(mapped, 0.0, design), np.array(contrast, float)
    columns[:, ~mapped], weights[:, ~mapped] = _orthonormal(design[:, ~mapped], weights[:, ~mapped])
    return VoxelModels(
        columns,
        weights,
        np.zeros(len(design), int) if groups is None else np.asarray(groups, int),
        {int(c): _opened(values) for c, values in zip(np.flatnonzero(mapped), covariates, strict=True)},
    )


def _orthonormal(columns, weights):
    """Return an orthonormal basis of some columns, and the weights that mean the same for it."""
    unit = np.linalg.norm(columns, axis=0)
    basis, triangle = orthonormal(columns / unit)
    # Rows that are alike have to stay so to the last bit, for relabellings that are the same partition to tie.
    _, first, row = np.unique(like_rows(columns), return_index=True, return_inverse=True)
    return basis[first][row.ravel()], divided(weights / unit, triangle)


def _opened(maps):
    return maps if isinstance(maps, np.ndarray) else np.load(maps, mmap_mode="r", allow_pickle=False)
