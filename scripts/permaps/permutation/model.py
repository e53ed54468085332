"""A contrast's model as files hold it, put together for permutation."""

import csv
import json

import numpy as np

from permaps.design.exchangeability import Exchangeability, exchangeability_tree
from permaps.design.partition import partition
from permaps.statistics.general import VoxelModels
from permaps.statistics.mapped import let_go
from permaps.statistics.pseudo import SmoothedVariance
from permaps.statistics.statistic import Regressors, regressors
from permaps.workflow.errors import UserError

SCHEMES = {"permute": (True, False), "flip": (False, True), "both": (True, True)}


def read_matrix(path):
    """Read a table whose first columns are text and whose others are numbers.

    Returns
    -------
    names : list of str
        The numeric columns' names.
    keys : list of list of str
        The text columns of each row.
    matrix : numpy.ndarray of float, shape (n_rows, n_columns)
        NaN for n/a: a column of the design that is a map.
    """
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    text = 3 if header[0] == "contrast" else 1
    numbers = [[np.nan if value == "n/a" else float(value) for value in row[text:]] for row in rows]
    return header[text:], [row[:text] for row in rows], np.array(numbers)


def write_matrix(path, header, keys, matrix):
    """Write a table that `read_matrix` reads back to the last digit.

    Parameters
    ----------
    path : path
    header : list of str
        Of the text columns and of the numeric ones.
    keys : list of list
        The text columns of each row.
    matrix : array of float, shape (n_rows, n_columns)
        NaN is written as n/a.
    """
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        for key, values in zip(keys, matrix, strict=True):
            writer.writerow([*key, *("n/a" if np.isnan(v) else repr(float(v)) for v in values)])


def read_contrast(path, name):
    """Read one contrast's weights, float array of shape (n_rows, n_columns), and whether it is an F."""
    _, keys, weights = read_matrix(path)
    chosen = [i for i, key in enumerate(keys) if key[0] == name]
    return weights[chosen], keys[chosen[0]][1] == "F"


def scheme_of(chosen, part):
    """Return the scheme of a contrast.

    `auto` looks at the effect of interest alone: sign-flips when it is constant, as in a one-sample test,
    else permutations. Nuisance never matters (nilearn turns to flips for a constant confound, and then
    finds 8.9 % where it should find 5 % in groups of 6 and 18 with skewed noise).
    """
    if chosen != "auto":
        return chosen
    return "flip" if part.is_constant else "permute"


def partition_of(design, contrast):
    """Return the partition of a design whose columns of NaN are maps.

    Which participant has which value of a map differs from voxel to voxel: numbers without any pattern
    stand in for it, since all that is asked of them is not to be constant.
    """
    standing_in = np.random.default_rng(0).standard_normal(design.shape)
    return partition(np.where(np.isnan(design), standing_in, design), contrast)


def like_rows(design, groups=None):
    """Return numbers for the rows of a design, the same for rows that are alike.

    Parameters
    ----------
    design : numpy.ndarray, shape (n_participants, n_columns)
        With a column of NaN, a map, no two rows are alike.
    groups : sequence of int, optional
        Variance groups: rows of different groups are not alike either.
    """
    if np.isnan(design).any():
        return np.arange(len(design))
    # Relative to each column's largest value: what counts as alike must not depend on its unit.
    rows = design / np.abs(design).max(axis=0)
    if groups is not None:
        rows = np.column_stack([rows, groups])
    return np.unique(rows.round(12), axis=0, return_inverse=True)[1].ravel()


def exchangeability_of(labels, scheme, blocks):
    """Return the tree and the distinct relabellings under a scheme.

    Parameters
    ----------
    labels : array of int, shape (n_participants,)
        From `like_rows`.
    scheme : {"permute", "flip", "both"}
    blocks : dict
        `within`, `whole` and `nested` as `exchangeability_tree` takes them.

    Returns
    -------
    tree : permaps.design.exchangeability.Node
    exchangeability : permaps.design.exchangeability.Exchangeability

    Raises
    ------
    UserError
        When the observed labelling is the only one.
    """
    tree = exchangeability_tree(len(labels), **blocks)
    found = Exchangeability(tree, labels, *SCHEMES[scheme])
    if found.n_distinct == 1:
        raise UserError(
            f"permutation: no relabelling but the observed one exists for this contrast by scheme '{scheme}'"
            + (" within these blocks" if any(b is not None for b in blocks.values()) else "")
            + ". Expected participants that differ in the design and may change places: check "
            "permutation.blocks, or choose scheme 'flip' if errors are symmetric."
        )
    return tree, found


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
    tree, _ = exchangeability_of(labels, scheme, blocks)
    setup = {
        "labels": labels,
        "is_f": np.array(is_f),
        "scheme": np.array(scheme),
        "blocks": np.array(json.dumps(blocks)),
    }
    if not general:
        moved = regressors(partition(design, contrast), labels, tree, *SCHEMES[scheme])
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
    opened = [
        c if isinstance(c, np.ndarray) else np.load(c, mmap_mode="r", allow_pickle=False) for c in covariates
    ]
    columns, weights = np.where(mapped, 0.0, design), np.array(contrast, float)
    columns[:, ~mapped], weights[:, ~mapped] = _orthonormal(design[:, ~mapped], weights[:, ~mapped])
    return VoxelModels(
        columns,
        weights,
        np.zeros(len(design), int) if groups is None else np.asarray(groups, int),
        {int(c): values for c, values in zip(np.flatnonzero(mapped), opened, strict=True)},
    )


def _orthonormal(columns, weights):
    """Return an orthonormal basis of some columns, and the weights that mean the same for it."""
    unit = np.linalg.norm(columns, axis=0)
    basis, triangle = np.linalg.qr(columns / unit)
    # Rows that are alike have to stay so to the last bit, for relabellings that are the same partition to tie.
    _, first, row = np.unique(like_rows(columns), return_index=True, return_inverse=True)
    return basis[first][row.ravel()], np.linalg.solve(triangle.T, (weights / unit).T).T


def load_maps(path, setup):
    """Return the maps of a setup's voxels, float32 of shape (n_participants, n_voxels).

    All of them come as a memory map; those of a small volume are read.
    """
    maps = np.load(path, mmap_mode="r", allow_pickle=False)
    return maps[:, setup["columns"]] if "columns" in setup else maps


def from_setup(setup, covariates=()):
    """Return model and exchangeability from what `setup_arrays` made.

    Parameters
    ----------
    setup : dict of numpy.ndarray
    covariates : list of path
        The maps of the design's columns that are maps, in their order: .npy, participants x voxels.

    Returns
    -------
    model : Regressors, VoxelModels or SmoothedVariance
    exchangeability : permaps.design.exchangeability.Exchangeability
    """
    tree = exchangeability_tree(len(setup["labels"]), **json.loads(str(setup["blocks"])))
    found = Exchangeability(tree, setup["labels"], *SCHEMES[str(setup["scheme"])])
    if "rows" in setup:
        return Regressors(setup["basis"], setup["rows"], int(setup["n_interest"]), int(setup["dof"])), found
    opened = [load_maps(path, setup) for path in covariates]
    model = voxel_models(setup["design"], setup["contrast"], setup["group"], opened)
    if setup["variance_sigma"].size:
        model = SmoothedVariance(model, setup["mask"], setup["variance_sigma"])
    return model, found
