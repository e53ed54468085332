"""Whether a brain mask can be one, and how much of it is left."""

from collections.abc import Iterator, Sequence

import numpy as np

# Litres of a whole brain in MNI space, with room for what smoothing adds and susceptibility takes.
LEAST, MOST = 0.8, 2.2
# No brain fills a larger share of the image.
FULL = 0.9
# Two different values are a mask, and maps of masks make sense.
FEWEST_LABELS = 3
# Losing a larger share of the mask than this is worth a warning.
LOST = 0.1


def doubts_of_mask(
    strategy: str, n_voxels: int, sides: Sequence[float], share: float | None = None
) -> Iterator[str]:
    """Yield the reasons why a computed mask is hardly that of a whole brain.

    Parameters
    ----------
    strategy : str
        As in the config. A mask from the user's file is not doubted.
    n_voxels : int
    sides : sequence of float
        Of a voxel, in mm.
    share : float, optional
        Share of the image that the mask takes.
    """
    if strategy == "file":
        return
    advice = (
        "Look at figures/coverage.png, or at mask.nii.gz in a viewer; mask.strategy: template, or your own mask in "
        "mask.file, may be better."
    )
    expected = "it needs a background of one value around the brain"
    if strategy == "template":
        expected = "it is that of a brain in MNI space, around which these images end"
        advice = "Compare the maps with mask.nii.gz in a viewer; your own mask in mask.file may be better."
    litres = n_voxels * np.prod(sides) / 1e6
    if share is not None and share > FULL:
        yield (
            f"mask.strategy: {strategy} takes {100 * share:.0f} % of the image for brain ({n_voxels:,} voxels, "
            f"{litres:.1f} litres): {expected}. {advice}"
        )
    elif not LEAST <= litres <= MOST:
        yield (
            f"mask.strategy: {strategy} gives a mask of {litres:.2g} litres, and a whole brain has {LEAST:g} to "
            f"{MOST:g}. {advice}"
        )


def doubt_of_labels(values: np.ndarray, elements: str) -> str:
    """Return a warning if the values of a map may be the numbers of regions, or an empty string.

    Counts are whole numbers too, and a mask has two of them. So nobody is left out for it.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_elements,)
    elements : str
        What they are called.
    """
    values = values[np.isfinite(values)]
    if (values < 0).any() or (values != np.rint(values)).any():
        return ""
    n_different = len(np.unique(values))
    if not FEWEST_LABELS <= n_different <= len(values) / 10:
        return ""
    return (
        f"its values are whole numbers alone, {n_different} different ones: labels of regions? A map has a measure "
        f"at each of the {elements}, and atlas.image names regions. If these are counts, all is well."
    )


def doubt_of_coverage(n_lost: int, n_whole: int, elements: str, whole: str) -> str:
    """Return a warning if many elements are left out for lack of values, or an empty string.

    Parameters
    ----------
    n_lost, n_whole : int
        Elements with a value in too few participants, and all before.
    elements, whole : str
        What they are called, and what they are together.
    """
    if n_lost <= LOST * n_whole:
        return ""
    return (
        f"{n_lost:,} of the {n_whole:,} {elements} of the {whole} ({n_lost / n_whole:.0%}) are not analysed, since "
        "too few participants have a value there. figures/coverage.png or the map mask_coverage shows where, and "
        "quality/metrics.tsv who lacks most; mask.min_coverage: 0.9 keeps those that one in ten may lack."
    )
