"""A contact sheet: one slice of every participant's map as it came, beside those of the others."""

from collections.abc import Sequence
from math import ceil

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from nibabel.orientations import apply_orientation, io_orientation

from permaps.figures.style import BLACK, BLUE, ORANGE, RED, heading, plt
from permaps.quality.outliers import flags_of
from permaps.quality.screening import is_missing
from permaps.spaces.volume import Volume

# Nobody would look at more maps than this.
MOST = 96
ACROSS = 12
# The width of a slice, in inches; the room for a name, as a share of it; and the longest name in letters.
_INCHES, _NAME, _LONGEST = 0.85, 0.22, 14


def chosen(flags: dict[int, str], n: int) -> list[int]:
    """Return whose maps are shown, by their positions: those that stand out, and others at equal distances."""
    if n <= MOST:
        return list(range(n))
    others = np.setdiff1d(np.arange(n), list(flags))
    few = max(0, MOST - len(flags))
    even = others[np.linspace(0, len(others) - 1, few).astype(int)] if few else []
    return sorted({*list(flags)[:MOST], *map(int, even)})


def contact_sheet(
    maps: Sequence[np.ndarray], metrics: pd.DataFrame, shown: list[int], space: Volume, zero_is_missing: bool
) -> Figure:
    """Draw the axial slice with most of the brain mask, of each map that is shown.

    Parameters
    ----------
    maps : sequence of array, each of the shape of the mask
    metrics : pandas.DataFrame
        Of all maps, a row each.
    shown : list of int
        Which of them these are, from `chosen`.
    space : permaps.spaces.volume.Volume
        The brain mask.
    zero_is_missing : bool
        Whether an exact 0 stands for a missing value.

    Returns
    -------
    matplotlib.figure.Figure
        Values in grey; what is missing inside the mask in orange; the outline of the mask in blue.
    """
    names, flags = metrics["participant_id"].iloc[shown].tolist(), flags_of(metrics.iloc[shown])
    # Those of most maps, so that one on another scale is seen to be.
    scale = float(metrics["q01"].median()), float(metrics["q99"].median())
    brain, turn = space.mask, io_orientation(space.affine)
    inside, at = _slice(apply_orientation(brain, turn))
    rows, columns = ceil(len(names) / ACROSS), min(ACROSS, len(names))
    # All in one picture, since a hundred axes take seconds. In its pixels, with room for a name below each slice.
    height, width = inside.shape
    tall, wide = height + ceil(_NAME * width), width + ceil(0.06 * width)
    picture, outlines = np.ones((rows * tall, columns * wide, 3)), np.zeros((rows * tall, columns * wide))
    for k, values in enumerate(maps):
        top, left = (k // columns) * tall, (k % columns) * wide
        own = apply_orientation(np.asarray(values).reshape(brain.shape), turn)[:, :, at].T[::-1]
        picture[top : top + height, left : left + width] = _coloured(own, inside, scale, zero_is_missing)
        outlines[top : top + height, left : left + width] = inside
    across = _INCHES * columns
    drawn = across * picture.shape[0] / picture.shape[1]
    figure = plt.figure(figsize=(max(across, 4), drawn + 0.4))
    axes = figure.add_axes([0, 0, across / max(across, 4), drawn / (drawn + 0.4)])
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    axes.contour(outlines, levels=[0.5], colors=[BLUE], linewidths=0.6)
    axes.set_axis_off()
    for k, name in enumerate(names):
        axes.text(
            (k % columns) * wide + width / 2, (k // columns) * tall + height, _short(name),
            fontsize=6.5, color=RED if k in flags else BLACK, ha="center", va="top",
        )  # fmt: skip
    heading(figure, f"Each map, with the brain mask ({len(names)} of {len(metrics)})")
    return figure


def _slice(brain):
    """Return the slice with most of a mask as it is drawn, and its number."""
    at = int(brain.sum(axis=(0, 1)).argmax())
    return brain[:, :, at].T[::-1], at


def _coloured(values, inside, scale, zero_is_missing):
    low, high = scale
    missing = is_missing(values, zero_is_missing)
    grey = np.clip((np.where(missing, low, values) - low) / max(high - low, 1e-300), 0, 1)
    picture = np.repeat(grey[..., None], 3, axis=-1)
    picture[missing] = 1.0
    picture[missing & inside] = to_rgb(ORANGE)
    return picture


def _short(name):
    return name if len(name) <= _LONGEST else f"…{name[1 - _LONGEST :]}"
