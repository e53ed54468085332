"""What the settings of a run say of a contrast: how its maps are enhanced, and what p its statistic has."""

from dataclasses import replace

from permaps.permutation.model import Model
from permaps.permutation.null import ByPart, Enhancement
from permaps.statistics.sorted_p import Scale


def enhancement_of(model: Model, settings: dict) -> tuple[Enhancement | ByPart | None, bool]:
    """Return how maps of a contrast are enhanced (None if they are not), and whether both signs count.

    Parameters
    ----------
    model : permaps.permutation.model.Model
    settings : dict
        As for `permaps.permutation.chunk.chunk_fingerprint`.

    Returns
    -------
    enhancement : permaps.permutation.null.Enhancement, or ByPart for several parts, or None
    both_signs : bool
        An F has one tail, whatever `two_sided` says.
    """
    both_signs = _both_signs(model, settings)
    if not settings["enhance"]:
        return None, both_signs
    threshold = model.threshold(settings["cluster_p"], both_signs)
    parts = {}
    for name, (inside, part) in model.space.parts.items():
        adjacency = part.adjacency(settings["connectivity"])
        if name:  # beside others, what a part adds to the extent is its size, not its number
            adjacency = replace(adjacency, sizes=part.sizes)
        exponents = settings["tfce"].get(name, settings["tfce"])
        enhancement = Enhancement(
            adjacency, **exponents, threshold=threshold, uncorrected=settings.get("uncorrected_tfce", False)
        )
        parts[name] = inside, enhancement
    return (enhancement if len(parts) == 1 else ByPart(parts)), both_signs


def _both_signs(model, settings):
    """Tell whether values count by their absolute value."""
    return settings["two_sided"] and not model.is_f


def p_scale(model: Model, settings: dict) -> Scale | None:
    """Return the p of a contrast's statistic for bounds on true discoveries, or None where there are none.

    Parameters
    ----------
    model : permaps.permutation.model.Model
    settings : dict
        As for `permaps.permutation.chunk.chunk_fingerprint`.
    """
    if not settings.get("tdp"):
        return None
    return model.scale(_both_signs(model, settings))
