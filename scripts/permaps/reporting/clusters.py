"""Clusters of significant voxels and their peaks, as a table."""

import numpy as np
import pandas as pd
from nibabel.affines import apply_affine
from scipy.ndimage import find_objects, generate_binary_structure, label, maximum_filter
from scipy.stats import t as student

# The order in which scipy counts how many axes a neighbour may differ in.
AXES = {6: 1, 18: 2, 26: 3}


def label_by_sign(significant, values, connectivity):
    """Yield the mask of each cluster: voxels that touch, all significant and of one sign.

    Parameters
    ----------
    significant : bool array, shape (x, y, z)
    values : array, shape (x, y, z)
        Signed statistic; neighbouring clusters of opposite sign never merge.
    connectivity : {6, 18, 26}

    Yields
    ------
    box, mask : tuple of slices and bool array
        The cluster within the smallest box around it.
    """
    structure = generate_binary_structure(3, AXES[connectivity])
    for one_sign in (values > 0, values < 0):
        labels, _ = label(significant & one_sign, structure)
        for number, box in enumerate(find_objects(labels), start=1):
            yield box, labels[box] == number


def peaks_within(height, affine, apart=8.0, most=4):
    """Return the voxels of a cluster's highest local maxima, the highest first.

    Parameters
    ----------
    height : array, shape (x, y, z)
        Positive inside the cluster, 0 outside.
    affine : array, shape (4, 4)
        Voxel to mm.
    apart : float
        Least distance between two peaks, mm.
    most : int
        At most so many peaks.

    Returns
    -------
    array of int, shape (n_peaks, 3)
    """
    candidates = np.argwhere((height > 0) & (height == maximum_filter(height, size=3, mode="constant")))
    order = np.argsort(-height[tuple(candidates.T)], kind="stable")
    kept = []
    for voxel in candidates[order]:
        mm = apply_affine(affine, voxel)
        if all(np.linalg.norm(mm - apply_affine(affine, other)) > apart for other in kept):
            kept.append(voxel)
        if len(kept) == most:
            break
    return np.array(kept)


def tabulate(significant, values, affine, readings, connectivity=6, height=None):
    """Return one row per peak of every cluster.

    Parameters
    ----------
    significant : bool array, shape (x, y, z)
    values : array, shape (x, y, z)
        Signed t, or F; its sign separates the clusters.
    affine : array, shape (4, 4)
    readings : dict of str to array, shape (x, y, z)
        What is read at each peak, by column name; `p_fwe` is among them and orders the clusters.
    connectivity : {6, 18, 26}
    height : array, shape (x, y, z), optional
        What makes a peak a peak; `values` unless given. Only its size matters.

    Returns
    -------
    pandas.DataFrame
        cluster (1 is the most significant), peak (1 is the cluster's highest), x, y, z (mm), the
        readings, size_mm3, n_voxels. Without clusters it has its columns and no rows.
    """
    columns = ["cluster", "peak", "x", "y", "z", *readings, "size_mm3", "n_voxels"]
    height = np.abs(values if height is None else height)
    volume = abs(np.linalg.det(affine[:3, :3]))
    found = []
    for box, mask in label_by_sign(significant, values, connectivity):
        corner = np.array([axis.start for axis in box])
        local = np.where(mask, height[box], 0)
        voxels = peaks_within(local, affine) + corner
        found.append((voxels, int(mask.sum())))
    found.sort(key=lambda cluster: (readings["p_fwe"][tuple(cluster[0][0])], -height[tuple(cluster[0][0])]))
    rows = []
    for number, (voxels, size) in enumerate(found, start=1):
        for rank, voxel in enumerate(voxels, start=1):
            read = [float(image[tuple(voxel)]) for image in readings.values()]
            rows.append([number, rank, *apply_affine(affine, voxel), *read, size * volume, size])
    return pd.DataFrame(rows, columns=columns)


def residual_dof(plan):
    """Return a contrast's residual degrees of freedom from its plan: the last of one or two numbers."""
    return int(np.atleast_1d(plan["dof"])[-1])


def effect_interval(effect, t, dof, confidence=0.95):
    """Return the confidence interval of an effect from its t: the standard error is effect / t.

    Parameters
    ----------
    effect, t : array
    dof : int

    Returns
    -------
    low, high : array
        nan where t is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.abs(effect / t) * student.ppf((1 + confidence) / 2, dof)
    return effect - half, effect + half
