"""A contrast's model as files hold it, put together for permutation."""

import json

import numpy as np

from permaps.design.exchangeability import Exchangeability, exchangeability_tree
from permaps.design.partition import partition
from permaps.design.scheme import SCHEMES, exchangeability_of, like_rows
from permaps.statistics.general import VoxelModels
from permaps.statistics.mapped import let_go
from permaps.statistics.pseudo import SmoothedVariance
from permaps.statistics.statistic import Regressors, regressors


def setup_arrays(design, contrast, is_f, scheme, blocks, groups=None, general=False, variance_sigma=None):
    """Return all that a permutation job needs to know of the model, as arrays for one file.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        Columns of NaN are maps.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    is_f : bool
    scheme : {"permute", "flip", "both"}
    blocks : dict
    groups : sequence of int, optional
        Variance groups.
    general : bool
        Whether the general path is needed: see `is_general`; variance smoothing needs it too.
    variance_sigma : sequence of three float, optional
        Standard deviation, in voxels, of the Gaussian that smooths the residual variance.

    Returns
    -------
    dict of numpy.ndarray
    """
    labels = like_rows(design, groups)
    found = exchangeability_of(labels, scheme, blocks)
    setup = {
        "labels": labels,
        "is_f": np.array(is_f),
        "scheme": np.array(scheme),
        "blocks": np.array(json.dumps(blocks)),
    }
    if not general:
        moved = regressors(partition(design, contrast), labels, found.still)
        return setup | {name: np.asarray(value) for name, value in vars(moved).items()}
    return setup | {
        "design": design,
        "contrast": contrast,
        "group": np.zeros(len(design), int) if groups is None else np.asarray(groups, int),
        "variance_sigma": np.array([] if variance_sigma is None else variance_sigma, float),
    }


def is_general(maps, design, groups):
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
    if groups is not None or np.isnan(design).any():
        return True
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
    basis, triangle = np.linalg.qr(columns / unit)
    # Rows that are alike have to stay so to the last bit, for relabellings that are the same partition to tie.
    _, first, row = np.unique(like_rows(columns), return_index=True, return_inverse=True)
    return basis[first][row.ravel()], np.linalg.solve(triangle.T, (weights / unit).T).T


def _opened(maps):
    return maps if isinstance(maps, np.ndarray) else np.load(maps, mmap_mode="r", allow_pickle=False)


def load_maps(maps, setup):
    """Return the maps of a setup's voxels, float32 of shape (n_participants, n_voxels).

    Of a file, all of them come as a memory map; those of a small volume are read.

    Parameters
    ----------
    maps : path or array of shape (n_participants, n_voxels)
    setup : dict of numpy.ndarray
    """
    maps = _opened(maps)
    return maps[:, setup["columns"]] if "columns" in setup else maps


def from_setup(setup, covariates=()):
    """Return model and exchangeability from what `setup_arrays` made.

    Parameters
    ----------
    setup : dict of numpy.ndarray
    covariates : list
        The maps of the design's columns that are maps, in their order: arrays of shape (n_participants,
        n_voxels), or their files.

    Returns
    -------
    model : Regressors, VoxelModels or SmoothedVariance
    exchangeability : permaps.design.exchangeability.Exchangeability
    """
    tree = exchangeability_tree(len(setup["labels"]), **json.loads(str(setup["blocks"])))
    fast = "rows" in setup
    found = Exchangeability(tree, setup["labels"], *SCHEMES[str(setup["scheme"])], mixed=not fast)
    if fast:
        return Regressors(setup["basis"], setup["rows"], int(setup["n_interest"]), int(setup["dof"])), found
    opened = [load_maps(maps, setup) for maps in covariates]
    model = voxel_models(setup["design"], setup["contrast"], setup["group"], opened)
    if setup["variance_sigma"].size:
        model = SmoothedVariance(model, setup["mask"], setup["variance_sigma"])
    return model, found
