"""The definitions, written as plainly as can be: slow, obvious, and without a line of the library."""

import numpy as np
from scipy.linalg import null_space
from scipy.ndimage import generate_binary_structure, label

RANK = {6: 1, 18: 2, 26: 3}


def clusters(volume, threshold, connectivity):
    """Label the voxels above a threshold; return labels, sizes and masses."""
    labels, n = label(volume > threshold, generate_binary_structure(3, RANK[connectivity]))
    sizes = np.bincount(labels.ravel(), minlength=n + 1)
    masses = np.bincount(labels.ravel(), weights=(volume - threshold).ravel(), minlength=n + 1)
    sizes[0] = masses[0] = 0
    return labels, sizes, masses


def tfce(volume, connectivity, extent, height):
    """Integrate extent(h)^E h^H over h: between two neighbouring heights the extent does not change."""
    volume = volume.astype(float)
    enhanced, lower = np.zeros(volume.shape), 0.0
    for upper in np.unique(volume[volume > 0]):
        labels, _ = label(volume >= upper, generate_binary_structure(3, RANK[connectivity]))
        sizes = np.bincount(labels.ravel()).astype(float)
        slab = (upper ** (height + 1) - lower ** (height + 1)) / (height + 1)
        enhanced += np.where(labels > 0, sizes[labels] ** extent, 0) * slab
        lower = upper
    return enhanced


def stepped_tfce(volume, connectivity, extent, height, step):
    """Sum over steps as Smith & Nichols 2009 do."""
    enhanced = np.zeros(volume.shape)
    for h in np.arange(1, int(volume.max() / step) + 1) * step:
        labels, _ = label(volume >= h, generate_binary_structure(3, RANK[connectivity]))
        sizes = np.bincount(labels.ravel()).astype(float)
        enhanced += np.where(labels > 0, sizes[labels] ** extent, 0) * h**height * step
    return enhanced


def maxima(volume, both_signs, connectivity, extent, height, threshold):
    """Return max TFCE, max cluster size and max cluster mass."""
    best = np.zeros(3)
    for sign in (1, -1) if both_signs else (1,):
        signed = np.maximum(sign * volume.astype(float), 0)
        _, sizes, masses = clusters(signed, threshold, connectivity)
        found = tfce(signed, connectivity, extent, height).max(), sizes.max(), masses.max()
        best = np.maximum(best, found)
    return best


def statistic(y, design, contrast):
    """Return t (one row) or F (several) of ordinary least squares, per column of y."""
    unit = np.linalg.norm(design, axis=0)
    design, contrast = design / unit, contrast / unit
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    variance = ((y - design @ beta) ** 2).sum(axis=0) / (len(design) - design.shape[1])
    value = contrast @ beta
    spread = contrast @ np.linalg.inv(design.T @ design) @ contrast.T
    if len(contrast) == 1:
        return value[0] / np.sqrt(variance * spread[0, 0])
    return (value * np.linalg.solve(spread, value)).sum(axis=0) / len(contrast) / variance


def freedman_lane(y, design, contrast, source, sign):
    """Fit the nuisance, relabel its residuals, fit the whole model to them."""
    residuals = y.astype(float)
    nuisance = design @ null_space(contrast)
    if nuisance.shape[1]:
        nuisance = nuisance / np.linalg.norm(nuisance, axis=0)
        residuals = residuals - nuisance @ np.linalg.lstsq(nuisance, residuals, rcond=None)[0]
    moved = np.empty_like(residuals)
    # Position i takes the labels of row source[i]: the same as data i going to row source[i].
    moved[source] = sign[:, None] * residuals
    return statistic(moved, design, contrast)
