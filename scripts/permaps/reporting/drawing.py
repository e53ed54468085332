"""Every space draws itself: the figures of maps, by the kind of space that they are defined on.

Whatever the space, maps come as the values of its elements.
"""

from functools import singledispatch

import nibabel as nib
import numpy as np
from matplotlib.figure import Figure

from permaps.reporting import brains, cortex, graphs, grayordinates, ranked
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume


@singledispatch
def draw_panels(space: Space, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw what is significant by several statistics side by side, on one scale of -log10 p.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    panels : list of (str, array of shape (n_elements,))
        Title of the statistic and its -log10 p.
    alpha : float
        Corrected level.
    title : str
    most : float, optional
        End of the scale; larger values have its last colour.
    """
    raise NotImplementedError(space)


@singledispatch
def draw_statistic(
    space: Space, values: np.ndarray, significant: np.ndarray, label: str, title: str, symmetric: bool = True
) -> Figure:
    """Draw a statistic, and mark where it is significant.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    values : array, shape (n_elements,)
    significant : bool array, shape (n_elements,)
    label, title : str
        Of the scale and the figure.
    symmetric : bool
        A scale around 0 for a signed statistic; from 0 up otherwise.
    """
    raise NotImplementedError(space)


def draw_glass(space: Volume, values: np.ndarray, significant: np.ndarray, label: str, title: str) -> Figure:
    """Draw the significant part of a volume's statistic from three sides; parameters as of `draw_statistic`."""
    whole = space.full(np.asarray(values, float))
    return brains.signed_glass(whole, space.full(significant), space.affine, label, title)


@singledispatch
def draw_coverage(space: Space, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each element.

    Parameters
    ----------
    space : permaps.spaces.space.Space
        Before elements left it for their values.
    counts : array, shape (n_elements,)
    inside : bool array, shape (n_elements,)
        Whether each is analysed.
    participants : int
    """
    raise NotImplementedError(space)


@singledispatch
def view(
    space: Space, values: np.ndarray, threshold: float, title: str, peak: int, symmetric: bool = True
) -> str:
    """Make an interactive view of a statistic.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    values : array, shape (n_elements,)
    threshold : float
        What is below it is not shown.
    title : str
    peak : int
        Element at which the view opens.
    symmetric : bool

    Returns
    -------
    str
        A complete HTML page that loads nothing.
    """
    raise NotImplementedError(space)


@draw_panels.register
def _(space: Volume, panels, alpha, title, most=None):
    images = [
        (name, nib.Nifti1Image(space.full(np.asarray(values, np.float32)), space.affine))
        for name, values in panels
    ]
    return brains.glass_brains(images, alpha, title, most)


@draw_statistic.register
def _(space: Volume, values, significant, label, title, symmetric=True):
    whole = space.full(np.asarray(values, float))
    return brains.slices(whole, space.full(significant), space.affine, label, title, symmetric=symmetric)


@draw_coverage.register
def _(space: Volume, counts, inside, participants):
    return brains.coverage(space.full(counts), space.full(inside), space.affine, participants)


@view.register
def _(space: Volume, values, threshold, title, peak, symmetric=True):
    place = space.coordinates([peak])[0]
    return brains.viewer(space.full(values), threshold, space.affine, title, place, symmetric)


draw_panels.register(Surface, cortex.panels)
draw_statistic.register(Surface, cortex.statistic)
draw_coverage.register(Surface, cortex.coverage)
view.register(Surface, cortex.viewer)

draw_panels.register(Edges, graphs.panels)
draw_statistic.register(Edges, graphs.statistic)
draw_coverage.register(Edges, graphs.coverage)
view.register(Edges, graphs.viewer)

draw_panels.register(Grayordinates, grayordinates.panels)
draw_statistic.register(Grayordinates, grayordinates.statistic)
draw_coverage.register(Grayordinates, grayordinates.coverage)
view.register(Grayordinates, grayordinates.viewer)

draw_panels.register(Parcels, ranked.panels)
draw_statistic.register(Parcels, ranked.statistic)
draw_coverage.register(Parcels, ranked.coverage)
view.register(Parcels, ranked.viewer)
