"""One voxel's data, adjusted for everything that the contrast does not test."""

import re
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from permaps.reporting.words import column

# A design with at most so many different rows in the tested columns gives groups, unless it is one column in which
# nobody is like anybody else.
MOST_GROUPS = 6


@dataclass
class Adjusted:
    """Data at one voxel, ready to be plotted against what is tested.

    Attributes
    ----------
    display : {"groups", "slope", "fit"}
        Groups side by side, a slope on one regressor, or data against the fitted effect of several
        regressors.
    x : array, shape (n,)
        Regressor, or index of the group.
    y : array, shape (n,)
        Data without the nuisance part.
    grid, mean, low, high : array
        Fitted line (or group means) with a pointwise 95 % band.
    labels : list of str
        Names of the groups; otherwise the name of the x axis.
    """

    display: str
    x: np.ndarray
    y: np.ndarray
    grid: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    labels: list


def adjust(y: np.ndarray, design: np.ndarray, names: list[str], weights: np.ndarray) -> Adjusted:
    """Return one voxel's data, adjusted for the columns of the design that a contrast does not test.

    The rest of the model is held at its mean over participants, so data and band are in the units of the map,
    and the slope in the plot is the least-squares estimate. In a one-sample test, the data are plotted around
    the tested effect itself.

    Parameters
    ----------
    y : array, shape (n,)
    design : array, shape (n, p)
    names : list of str, length p
    weights : array, shape (q, p)
        Rows of the contrast.
    """
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ y
    residuals = y - design @ beta
    dof = len(y) - np.linalg.matrix_rank(design)
    covariance = inverse * (residuals @ residuals) / dof
    tested = np.any(weights != 0, axis=0)

    patterns, group = np.unique(design[:, tested], axis=0, return_inverse=True)
    group = group.ravel()
    one_sample = len(patterns) == 1
    others = np.where(tested, 0.0, 0.0 if one_sample else design.mean(axis=0))

    def band(rows):
        mean = rows @ beta
        half = stdtrit(dof, 0.975) * np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))
        return mean, mean - half, mean + half

    def rows_at(values):
        rows = np.tile(others, (len(values), 1))
        rows[:, tested] = values
        return rows

    part = rows_at(design[:, tested]) @ beta + residuals
    if len(patterns) <= MOST_GROUPS and (len(patterns) < len(y) or tested.sum() > 1):
        labels = [_group_name(p, np.asarray(names)[tested]) for p in patterns]
        return Adjusted("groups", group, part, np.arange(len(patterns)), *band(rows_at(patterns)), labels)
    if tested.sum() == 1:
        x = design[:, tested].ravel()
        grid = np.linspace(x.min(), x.max(), 50)
        return Adjusted("slope", x, part, grid, *band(rows_at(grid[:, None])), [np.asarray(names)[tested][0]])
    # With several columns, the band extends over more than one axis: only the fitted values are a line.
    fitted = rows_at(design[:, tested]) @ beta
    ends = np.array([fitted.min(), fitted.max()])
    return Adjusted("fit", fitted, part, ends, ends, ends, ends, ["fitted effect"])


def _group_name(pattern, names):
    """Name a group by the design columns that are 1, or by all values if there are others than 0 and 1."""
    if set(np.unique(pattern)) <= {0.0, 1.0}:
        present = [_level(name) for name, value in zip(names, pattern, strict=True) if value]
        if len(names) == 1 and not present:
            return _level(names[0], "not ")
        return " & ".join(present) or "reference"
    return ", ".join(f"{name} = {value:g}" for name, value in zip(names, pattern, strict=True))


def _level(name, denied=""):
    """Name the level that a column of a factor stands for: 'group: patient' for group[T.patient]."""
    name = column(name)
    factor = re.fullmatch(r"([^\[\]]+)\[(?:T\.)?([^\[\]]+)\]", name)
    return f"{factor[1]}: {denied}{factor[2]}" if factor else f"{denied}{name}"
