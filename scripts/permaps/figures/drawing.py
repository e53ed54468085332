"""Every space draws itself: the figures of maps, by the kind of space that they are defined on.

Whatever the space, maps come as the values of its elements.
"""

from functools import singledispatch

import numpy as np
from matplotlib.figure import Figure

from permaps.figures import brains, cortex, graphs, grayordinates, ranked
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


# Only for volumes.
draw_glass = brains.glass

for _space, _module in (
    (Volume, brains),
    (Surface, cortex),
    (Grayordinates, grayordinates),
    (Parcels, ranked),
    (Edges, graphs),
):
    draw_panels.register(_space, _module.panels)
    draw_statistic.register(_space, _module.statistic)
    draw_coverage.register(_space, _module.coverage)
    view.register(_space, _module.viewer)
