"""The data behind each top peak, adjusted for what is not tested."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from permaps.design.tables import read_contrast, read_numbers
from permaps.figures.adjusted import adjust
from permaps.figures.charts import peak_effects
from permaps.figures.style import draw
from permaps.reporting.captions import write_caption
from permaps.reporting.clusters import is_peak, kept_apart
from permaps.spaces.files import read_map
from permaps.spaces.space import Space
from permaps.workflow.arrays import open_matrix

MOST, APART = 6, 12.0  # panels; mm between two peaks, so that two statistics do not show one place twice
MOST_BELOW = 3  # panels where nothing is significant


def plot_peaks(
    *,
    space: Space,
    matrix: str | Path,
    design: str | Path,
    weights: str | Path,
    values: str | Path,
    tables: Iterable[pd.DataFrame],
    outputs: Iterable[str | Path],
    caption: str | Path,
    contrast: str,
    title: str,
    voxel_stat: str,
    covariates: Iterable[str | Path] = (),
) -> None:
    """Draw the data at one contrast's top peaks.

    Parameters
    ----------
    space : permaps.spaces.space.Space
        What the maps are defined on.
    matrix : path
        Participants x elements (.npy).
    design, weights : path
        As `make_design` and `plan_contrast` write them.
    values : path
        Signed t, or F: its highest element is drawn when nothing is significant.
    tables : iterable of pandas.DataFrame
        The contrast's cluster tables.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast, title : str
        Its name, and what it is called in the figure.
    voxel_stat : {"t", "F"}
    covariates : list of path
        Columns of the design that are maps: .npy each.
    """
    names, _, rows = read_numbers(design)
    tested, _ = read_contrast(weights, contrast)
    statistic = read_map(space, values)
    maps, *covariate_maps = map(open_matrix, (matrix, *covariates))

    elements = top_elements(space, tables, voxel_stat)
    heading = f"{title}: data at the top peaks"
    shown = "The significant peak" if len(elements) == 1 else f"The {len(elements)} highest significant peaks"
    if not len(elements):
        elements = highest(space, np.abs(statistic))
        heading = f"{title}: nothing significant; highest peaks"
        shown = f"No peak is significant: the {len(elements)} highest"
    panels = []
    for element in elements:
        y, design_there = _at_element(element, maps, covariate_maps, rows)
        name = f"{space.named(element)}: {voxel_stat} = {statistic[element]:,.2f}"
        panels.append((name, adjust(y, design_there, names, tested)))
    draw(outputs, peak_effects, panels, heading, "map value, adjusted")
    write_caption(caption, f"{shown}, of {len(rows)} maps.")


def _at_element(column, maps, covariates, design):
    """Return the data of an element and the rows of its own design, of the participants who have all of both.

    The covariates take the places of the design's columns of NaN, in their order.
    """
    y, rows = np.asarray(maps[:, column], dtype=float), design.copy()
    for place, covariate in zip(np.flatnonzero(np.isnan(design).any(axis=0)), covariates, strict=True):
        rows[:, place] = covariate[:, column]
    present = np.isfinite(y) & np.isfinite(rows).all(axis=1)
    return y[present], rows[present]


def highest(space: Space, height: np.ndarray) -> np.ndarray:
    """Return the elements with the highest peaks of a map, shape (n_elements,), none near another; shape (n,)."""
    peaks = np.flatnonzero(is_peak(height, np.ones(len(height), int), space.touching))
    return kept_apart(peaks, height[peaks], space.coordinates(peaks), APART, MOST_BELOW)


def top_elements(space: Space, tables: Iterable[pd.DataFrame], voxel_stat: str) -> np.ndarray:
    """Return the elements with the highest main peaks of all cluster tables, none near another; shape (n,)."""
    # A table of nothing has columns of no type, which the others would take on.
    nonempty = [table for table in tables if len(table)]
    if not nonempty:
        return np.empty(0, int)
    peaks = pd.concat(nonempty)
    peaks = peaks[peaks["peak"] == 1].sort_values(voxel_stat, key=np.abs, ascending=False, kind="stable")
    # Statistics may have the same peak.
    elements = np.array(list(dict.fromkeys(map(int, space.at(peaks)))), int)
    order = np.arange(len(elements), 0, -1)
    return kept_apart(elements, order, space.coordinates(elements), APART, MOST)
