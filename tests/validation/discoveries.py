"""How often bounds on true discoveries fail where a signal is planted, and how tight they are beside ARI's.

A bound fails when it exceeds the truth for any set at all. That is so exactly when it is above 0 for the set of
all elements without an effect: whatever makes a bound too large lies in there.
"""

from pathlib import Path

import numpy as np
from permaps.permutation.discoveries import Bound, calibrated
from permaps.permutation.from_settings import p_scale
from permaps.permutation.null import null_maxima
from permaps.permutation.observed import Observed, observe
from permaps.permutation.thresholds import significant
from permaps.reporting.clusters import clusters_of
from permaps.spaces.files import read_map
from permaps.statistics import registry
from permaps.statistics.sorted_p import least_slope
from scipy.stats import norm

from validation import studies

# Of the scenarios without an effect: their designs and noises.
SCENARIOS = (
    "balanced_normal",
    "balanced_exponential",
    "balanced_heavy",
    "f_normal",
    "missing_exponential",
    "flips_normal",
)
SHIFTS = (0, 27)
# Radius of the planted ball, in voxels, and what the effect adds to the maps, in standard deviations of the noise.
RADIUS, AMOUNT = 3, 1.6
SETTINGS = studies.SETTINGS | {"seed": 0, "enhance": False, "tdp": True}


def ball(shape=studies.SHAPE):
    """Return which voxels have an effect, shape (n_voxels,)."""
    away = np.stack(np.indices(shape), axis=-1) - (np.array(shape) - 1) / 2
    return ((away**2).sum(axis=-1) < RADIUS**2).ravel()


def planted(scenario, index):
    """Make a study of a scenario with an effect of what is tested, in the ball."""
    study, maps = studies.simulate(scenario, index)
    tested = study.design @ study.contrast[0]
    maps[:, ball()] += AMOUNT * np.float32(tested / np.ptp([*tested, 0.0]))[:, None]
    return study, maps


def analysed(study, maps, seed, n_relabellings):
    """Return the observed p, and the pivotal statistic of the relabellings by shift."""
    fitted = studies.model_of(study, maps)
    chunk = null_maxima(
        maps,
        fitted.estimator(study.covariates),
        fitted.exchangeability,
        seed,
        0,
        min(n_relabellings + 1, fitted.exchangeability.n_distinct),
        is_f=fitted.is_f,
        both_signs=not fitted.is_f,
        scale=p_scale(fitted, SETTINGS),
    )
    curves = [chunk[f"curve_{name}"] for name in ("rank", "p", "length")]
    pivotal = {shift: least_slope(*curves, shift) for shift in SHIFTS}
    return observe(maps, fitted, SETTINGS, study.covariates).measures["p"], pivotal


def ari(p, inside, alpha=studies.ALPHA):
    """Return how many elements of a set are active, at least, by nilearn's All-Resolutions Inference."""
    from nilearn.glm import thresholding

    z = norm.isf(p)
    value = thresholding._compute_hommel_value(z, alpha)
    return round(len(inside) * thresholding._true_positive_fraction(z[inside], value, alpha))


def beside_ari(results, contrast="pseudo", alpha=studies.ALPHA):
    """Compare the bounds of a finished run's clusters with ARI's.

    Returns
    -------
    dict
        `n_relabellings`, `n_elements`, `levels` by shift, and `clusters`, by statistic and the largest first: name of
        the statistic, size, bound by shift, ARI's bound.
    """
    results = Path(results)
    curves = [dict(np.load(path)) for path in sorted(results.glob(f"nulls/contrast-{contrast}/*-*.npz"))]
    seen = Observed.load(results / f"observed/contrast-{contrast}.npz")
    bounds = {}
    for shift in SHIFTS:
        parts = [least_slope(c["curve_rank"], c["curve_p"], c["curve_length"], shift) for c in curves]
        bounds[shift] = Bound(calibrated(np.concatenate(parts), alpha), shift, seen.measures["p"])
    clusters = []
    for stat in registry.statistics_of("t", studies.STATISTICS):
        logp = read_map(seen.space, results / f"maps/contrast-{contrast}_stat-{stat}_corr-fwe_logp.nii.gz")
        found = clusters_of(significant(logp, alpha), seen.measure("t"), seen.space.adjacency(6))
        for elements in sorted(found, key=len, reverse=True):
            told = [bounds[shift].active(elements) for shift in SHIFTS]
            clusters.append([stat, len(elements), *told, ari(seen.measures["p"], elements, alpha)])
    levels = {str(shift): bound.level for shift, bound in bounds.items()}
    n = sum(len(c["curve_length"]) for c in curves) - 1
    return {
        "n_relabellings": n,
        "n_elements": len(seen.measures["p"]),
        "levels": levels,
        "clusters": clusters,
    }


def outcomes(scenario, indices, n_relabellings):
    """Analyse some data sets of a scenario.

    Returns
    -------
    dict
        `failed`: by shift, in how many data sets the bound of any set exceeds the truth. `found`: by shift and
        for `ari`, how many voxels of the ball are active at least, summed over data sets.
    """
    inside, outside = np.flatnonzero(ball()), np.flatnonzero(~ball())
    failed, found = dict.fromkeys(SHIFTS, 0), dict.fromkeys([*SHIFTS, "ari"], 0)
    for index in indices:
        p, pivotal = analysed(*planted(scenario, index), index, n_relabellings)
        for shift in SHIFTS:
            bound = Bound(calibrated(pivotal[shift], studies.ALPHA), shift, p)
            failed[shift] += int(bound.active(outside) > 0)
            found[shift] += int(bound.active(inside))
        found["ari"] += ari(p, inside)
    return {"failed": failed, "found": found}
