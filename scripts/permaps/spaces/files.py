"""Files of spaces and maps. Apart from the spaces, which permutation jobs import without nibabel."""

import numpy as np

from permaps.inputs.images import load_map, write_image
from permaps.spaces.volume import Volume


def read_space(path) -> Volume:
    """Read what maps are defined on.

    Parameters
    ----------
    path : path
        Mask: an image whose voxels above 0 are the elements, in C order.
    """
    data, affine = load_map(path)
    return Volume(data > 0, affine)


def read_map(space, path):
    """Return the values of a space's elements that `write_map` wrote, float64 of shape (n_elements,)."""
    return load_map(path)[0][space.mask].astype(float)


def write_map(space, path, values, description):
    """Write values of a space's elements as a file that others can read, float32 and 0 elsewhere.

    Parameters
    ----------
    space : permaps.spaces.volume.Volume
    path : path
    values : array of float, shape (n_elements,)
    description : str
        What the values are, at most 79 bytes.
    """
    volume = np.zeros(space.mask.shape, np.float32)
    volume[space.mask] = values
    write_image(path, volume, space.affine, description)
