"""Least squares with parametric inference, voxel by voxel."""

from dataclasses import replace

import numpy as np
from scipy.special import betaln, fdtrc, hyp2f1, ndtri_exp, stdtr

from permaps.arithmetic.linear import divided, orthonormal, product
from permaps.statistics.orthonormal import NOISE
from permaps.statistics.registry import PERFECT
from permaps.statistics.voxelwise import VoxelModels

# Voxels whose residuals are computed at a time, and values at most: of thousands of participants 64 MB.
VOXELS, VALUES = 8192, 2**23


def fit(
    maps: np.ndarray, design: np.ndarray, contrast: np.ndarray, is_f: bool | None = None
) -> dict[str, np.ndarray]:
    """Fit a linear model at every voxel and test a contrast.

    Parameters
    ----------
    maps : array of float, shape (n_participants, n_voxels)
        May be a memory map.
    design : numpy.ndarray, shape (n_participants, n_columns)
        Of full column rank.
    contrast : numpy.ndarray, shape (n_rows, n_columns)
    is_f : bool, optional
        F or t; by default t for one row and F for several.

    Returns
    -------
    dict of numpy.ndarray, each of shape (n_voxels,)
        `effect` (the contrast's value; for F the root mean square over
        participants of the part that it explains), `stat` (t or F),
        `p` (two-sided for t), `z` (of the same p; with the sign of t), `partialr2`.
    """
    n, n_columns = design.shape
    dof = n - n_columns
    # Scaled to unit norm, so that the inverse is precise whatever the columns' units.
    unit = np.linalg.norm(design, axis=0)
    design, contrast = design / unit, contrast / unit
    basis, triangle = orthonormal(design)
    weights = divided(contrast, triangle)
    tested, _ = orthonormal(weights.T)
    rows = len(contrast)
    is_f = rows > 1 if is_f is None else is_f
    result = {name: np.zeros(maps.shape[1]) for name in ("effect", "stat", "p", "z", "partialr2")}
    width = max(1, min(VOXELS, VALUES // n))
    for first in range(0, maps.shape[1], width):
        block = slice(first, first + width)
        y = np.asarray(maps[:, block], float)
        beta = product(basis.T, y)
        rss = ((y - product(basis, beta)) ** 2).sum(axis=0)
        value = product(weights, beta)
        explained = (product(tested.T, beta) ** 2).sum(axis=0)
        # Where nothing varies there is nothing to test, as the evaluators have it; nor is a perfect fit infinite.
        energy, rounding = explained + rss, NOISE * (y**2).sum(axis=0)
        fitted = (energy > rounding) & (((y - y.mean(axis=0)) ** 2).sum(axis=0) > rounding)
        rss = np.maximum(rss, PERFECT * energy)
        f = np.divide(explained / rows, rss / dof, out=np.zeros_like(rss), where=fitted)
        result["partialr2"][block] = np.divide(explained, energy, out=np.zeros_like(rss), where=fitted)
        if not is_f:
            t = np.sign(value[0]) * np.sqrt(f)
            result["effect"][block], result["stat"][block] = value[0], t
            result["p"][block] = 2 * stdtr(dof, -np.abs(t))
            result["z"][block] = np.sign(t) * z_of_log_p(log_p(f, 1, dof) - np.log(2))
        else:
            result["effect"][block] = np.sqrt(explained / n)
            result["stat"][block], result["p"][block] = f, fdtrc(rows, dof, f)
            result["z"][block] = np.where(fitted, z_of_log_p(log_p(f, rows, dof)), 0)
    return result


def fit_voxel_models(
    maps: np.ndarray, models: VoxelModels, is_f: bool | None = None
) -> dict[str, np.ndarray]:
    """Fit the model of each voxel and test the contrast, with the same results as `fit`.

    With variance groups, p comes from the approximate degrees of freedom of Welch (1951, Biometrika 38:330).

    Parameters
    ----------
    maps : array of float, shape (n_participants, n_voxels)
        NaN where a participant has no value.
    models : permaps.statistics.voxelwise.VoxelModels
    is_f : bool, optional
        F or t; left out, one row gives t, several F.

    Returns
    -------
    dict of numpy.ndarray, each of shape (n_voxels,)
        `effect`, `stat`, `p`, `z`, `partialr2`.
    """
    rows, n = models.n_interest, len(maps)
    is_f = rows > 1 if is_f is None else is_f
    observed = np.arange(n)[None], np.ones((1, n), np.int8)
    stat, effect, dof, partial = np.empty((4, maps.shape[1]))
    for first, out, score, _, freedom, unit in models.evaluator(maps, False, 0).stretches(*observed, 1):
        voxels = slice(first, first + out.shape[1])
        width = len(stat[voxels])
        stat[voxels], effect[voxels], dof[voxels] = (
            values[:width] for values in (out[0], score[0] * unit, freedom[0])
        )
    f = stat if rows > 1 else stat**2
    pooled = replace(models, group=np.zeros(n, int))
    for first, out, _, variance, freedom, _ in pooled.evaluator(maps, False, 0).stretches(*observed, 1):
        voxels = slice(first, first + out.shape[1])
        width = len(stat[voxels])
        explained = rows * (out[0, :width] if rows > 1 else out[0, :width] ** 2)
        partial[voxels] = explained / (explained + freedom[0, :width])
        if is_f:
            # Degrees of freedom plus columns is the number of participants at a voxel.
            n_present = freedom[0, :width] + models.design.shape[1]
            effect[voxels] = np.sqrt(explained * variance[0, :width] / n_present)
    log_of_p = log_p(f, rows, dof)
    return {
        "effect": effect,
        "stat": f if is_f else stat,
        "p": np.exp(log_of_p),
        "z": (
            np.sign(stat) * z_of_log_p(log_of_p - np.log(2))
            if not is_f
            else np.where(f > 0, z_of_log_p(log_of_p), 0)
        ),
        "partialr2": partial,
    }


def log_p(f: np.ndarray, rows: int, dof: float | np.ndarray) -> np.ndarray:
    """Return the natural log of the p of F values, even where p itself is 0 in floating point.

    Parameters
    ----------
    f : array of float
    rows : int
        Degrees of freedom of the contrast.
    dof : float or array, shape of `f`
        Residual degrees of freedom.
    """
    p = np.where(f == 0, 1.0, fdtrc(rows, dof, f))  # also of infinite degrees of freedom
    dof = np.broadcast_to(dof, p.shape)
    lost = p < 1e-290
    result = np.log(p, out=np.zeros_like(p), where=~lost)
    # p is the incomplete beta integral I_x(a, b); for small x by its hypergeometric series (DLMF 8.17.8).
    a, b, x = dof[lost] / 2, rows / 2, dof[lost] / (dof[lost] + rows * f[lost])
    result[lost] = a * np.log(x) + b * np.log1p(-x) - np.log(a) - betaln(a, b)
    result[lost] += np.log(hyp2f1(a + b, 1, a + 1, x))
    return result


def z_of_log_p(log_p: np.ndarray) -> np.ndarray:
    """Return the normal deviate whose upper tail has the given natural log of p."""
    return -ndtri_exp(log_p)
