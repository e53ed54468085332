"""What the observed labelling gives, in the terms of the null: voxel by voxel."""

import numpy as np

from permaps.permutation.chunk import enhancement_of, read_setup
from permaps.permutation.correction import NULL_OF
from permaps.permutation.model import from_setup, load_maps
from permaps.permutation.null import observed_statistic
from permaps.statistics.enhancement import clusters, tfce_map


def observed_measure(matrix, setup, covariates, stat, settings):
    """Return the observed map of a statistic, signed where it has a sign.

    Parameters
    ----------
    matrix, setup : path
    covariates : list of path
    stat : {"t", "F", "tfce", "clustersize", "clustermass"}
    settings : dict
        What the chunks were computed with.

    Returns
    -------
    numpy.ndarray of float, shape (n_voxels,)
        A voxel has the size or mass of its cluster, 0 outside clusters.
    """
    model = read_setup(setup)
    values = observed_statistic(
        load_maps(matrix, model), *from_setup(model, covariates), is_f=bool(model["is_f"])
    )
    if NULL_OF[stat] == "voxel":
        return values
    enhancement, both_signs = enhancement_of(model, settings)
    # As the null does it: what is enhanced are heights in single precision.
    heights = values.astype(np.float32)
    if stat == "tfce":
        return tfce_map(heights, enhancement.adjacency, enhancement.extent, enhancement.height, both_signs)
    label, size, mass = clusters(heights, enhancement.adjacency, enhancement.threshold, both_signs)
    return (size if stat == "clustersize" else mass)[label].astype(float)


def reach(measure, stat, settings):
    """Return what of a measure is compared with the null: its size when both signs count.

    Parameters
    ----------
    measure : array of float, shape (n_voxels,)
        From `observed_measure`.
    stat, settings
        As for `observed_measure`.
    """
    one_tail = stat == "F" or not settings["two_sided"]
    return measure if one_tail else np.abs(measure)
