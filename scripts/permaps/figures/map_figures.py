"""What the figures of a test's maps show, with their words: what `permaps.figures.drawing` takes."""

import numpy as np

from permaps.permutation.thresholds import cluster_threshold, significant
from permaps.spaces.space import Space
from permaps.statistics.registry import PERFECT, STATISTICS

BONFERRONI = "Parametric Test (Bonferroni FWE)"


def on_scale(values: np.ndarray, voxel_stat: str, least: float = 0) -> tuple[np.ndarray, str]:
    """Return a statistic as it is drawn, and what its captions must say of it.

    A perfect fit is that far beyond the rest that no other value would have a colour.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_elements,)
    voxel_stat : str
        By its name in file names.
    least : float
        Where the scale ends at least.
    """
    size = np.abs(values)
    # With one degree of freedom, as little as that; an F is divided by the rows that it tests, hardly more than ten.
    beyond = size >= (PERFECT**-0.5 if voxel_stat == "t" else 0.1 / PERFECT)
    end = size[~beyond].max(initial=least)
    if end == 0 or not beyond.any():
        return values, ""
    text = f" Perfect fits ({_counted(beyond)}) are beyond the scale, and have the colour of its end."
    return np.clip(values, -end, end), text


def in_panel(
    panel: str, logp: dict[str, np.ndarray], bonferroni: np.ndarray, title: str, alpha: float
) -> tuple[list[tuple[str, np.ndarray]], float, str, float | None]:
    """Return what `draw_panels` shows of the statistics of a panel.

    Parameters
    ----------
    panel : str
        As the registry names it.
    logp : dict of str to numpy.ndarray, shape (n_elements,)
        -log10 FWE p by the statistic's name in file names.
    bonferroni : numpy.ndarray, shape (n_elements,)
        -log10 of the parametric p.
    title : str
        What the test is called.
    alpha : float
        Corrected level.
    """
    shown = [
        (f"Permutation Test ({STATISTICS[s].title} FWE)", p)
        for s, p in logp.items()
        if STATISTICS[s].panel == panel
    ]
    # Parametric p can be smaller than any p by relabelling. A scale up to them would leave the others dark.
    most = max((p.max() for _, p in shown), default=None)
    if panel == "comparison":
        shown.insert(0, (BONFERRONI, bonferroni))
    return shown, alpha, f"{title} (corrected p ≤ {alpha:g})", most


def from_sides(
    logp: dict[str, np.ndarray], title: str, voxel_stat: str, alpha: float
) -> tuple[np.ndarray, str, str]:
    """Return what `draw_glass` marks and says of a voxel statistic: TFCE decides, or the first of the statistics."""
    stat = "tfce" if "tfce" in logp else next(iter(logp))
    inside, name = significant(logp[stat], alpha), STATISTICS[stat].title
    shown = f"where {name} is significant" if inside.any() else f"nothing significant by {name}; highest 1 %"
    unit = STATISTICS[voxel_stat].unit
    return inside, unit, f"{title}: {unit}, {shown}"


def in_slices(
    space: Space, stat: str, logp: np.ndarray, title: str, voxel_stat: str, alpha: float
) -> tuple[np.ndarray, str, str, bool]:
    """Return what `draw_statistic` marks and says of a voxel statistic, where a statistic is significant."""
    inside, shown = significant(logp, alpha), STATISTICS[voxel_stat]
    found = f"{_counted(inside)} significant {space.element if inside.sum() == 1 else space.elements}"
    title = f"{title}: {STATISTICS[stat].title}, {found} (corrected p ≤ {alpha:g})"
    return inside, shown.unit, title, not shown.one_tail


def how_many(space: Space, logp: dict[str, np.ndarray], bonferroni: np.ndarray, alpha: float) -> str:
    """Return the caption of all these figures: how many elements each statistic finds."""
    by_name = {BONFERRONI: bonferroni} | {STATISTICS[stat].title: p for stat, p in logp.items()}
    counts = "; ".join(f"{name}: {_counted(significant(p, alpha))}" for name, p in by_name.items())
    return f"{space.elements.capitalize()} with corrected p of at most {alpha:g}. {counts}."


def _counted(inside):
    return f"{int(inside.sum()):,}"


def in_view(
    space: Space, values: np.ndarray, plan: dict, voxel_stat: str, cluster_p: float, two_sided: bool
) -> tuple[tuple[np.ndarray, float, str, int, bool], str]:
    """Return what `view` shows of a voxel statistic, from the highest element on, and the caption of it.

    Parameters
    ----------
    space : permaps.spaces.space.Space
    values : numpy.ndarray, shape (n_elements,)
        The voxel statistic, with its sign if it has one.
    plan : dict
        That of the contrast, with its degrees of freedom, or of a joint test, with its threshold.
    voxel_stat : str
        By its name in file names.
    cluster_p : float
        Uncorrected p from which elements are shown: the one that forms clusters.
    two_sided : bool
    """
    unit, signed = STATISTICS[voxel_stat].unit, not STATISTICS[voxel_stat].one_tail
    both_signs = signed and two_sided
    if (threshold := plan.get("threshold")) is None:
        *n_interest, dof = np.atleast_1d(plan["dof"])
        threshold = cluster_threshold(cluster_p, dof, *n_interest or [1], voxel_stat == "F", both_signs)
    shown = values if both_signs or not signed else np.maximum(values, 0)
    peak = int(np.argmax(np.abs(values) if both_signs else values))
    title = f"|t| > {threshold:.2f}" if both_signs else f"{unit} > {threshold:.2f}"
    text = f"Shown from {unit} = {threshold:.2f} on (uncorrected p of {cluster_p:g})."
    if (top := np.abs(shown[peak])) <= threshold:
        threshold = 0.99 * top
        title = f"top: {unit} > {threshold:.2f}"
        text = (
            f"No {space.element} has uncorrected p < {cluster_p:g}: shown from {unit} = {threshold:.2f} on."
        )
    shown, of_perfect_fits = on_scale(shown, voxel_stat, 1.2 * threshold)
    return (shown, threshold, title, peak, signed), text + of_perfect_fits
