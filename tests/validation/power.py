"""Power on planted signals: our statistics, and nilearn's stepped TFCE on the same relabelled maps.

Both TFCEs see the same t maps of the same relabellings, and the same formula for p: what differs is the
transform alone. nilearn sums over 100 steps of each map's own maximum and does not multiply by the step, so
that every relabelled map is on another scale.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from permaps.permutation import correction
from permaps.permutation.relabelling import relabellings

from validation import studies
from validation.intervals import paired_difference, wilson

SHAPE = (10, 10, 10)
PER_GROUP = 12


@dataclass(frozen=True)
class Signal:
    """A planted group difference: its peak in standard deviations, highest in the middle, 0 from `radius` on.

    Attributes
    ----------
    name, title : str
    peak : float
    radius : float
        In voxels.
    """

    name: str
    title: str
    peak: float
    radius: float

    def effect(self):
        """Return the effect of every voxel, shape SHAPE."""
        position = np.stack(np.indices(SHAPE), axis=-1) - (np.array(SHAPE) - 1) / 2
        squared = (position**2).sum(axis=-1) / self.radius**2
        return self.peak * np.clip(1 - squared, 0, None)


SIGNALS = [
    Signal("focal", "focal and strong", 2.6, 2.0),
    Signal("middle", "in between", 1.6, 3.5),
    Signal("wide", "wide and weak", 1.2, 5.0),
]
METHODS = (*studies.STATISTICS, "stepped")


def simulate(signal, index):
    """Make one data set with a signal; returns study and maps."""
    null_study = studies.Scenario(f"power_{signal.name}", "", studies.two_sample(PER_GROUP, PER_GROUP))
    study, maps = studies.simulate(null_study, index, SHAPE)
    return study, (maps + study.design[:, 1:] * signal.effect().ravel()).astype(np.float32)


def stepped_p(study, maps, seed, n_relabellings):
    """Return the corrected p of nilearn's stepped TFCE, with our t maps of our relabellings."""
    from nilearn.mass_univariate._utils import calculate_tfce
    from scipy.ndimage import generate_binary_structure

    fitted, _ = studies.tested(study, maps, seed, 0, SHAPE, studies.SETTINGS)
    maxima = np.zeros(n_relabellings + 1)
    for j, t in enumerate(relabelled_maps(fitted, maps, seed, n_relabellings)):
        enhanced = np.abs(calculate_tfce(t.reshape(*SHAPE, 1), generate_binary_structure(3, 1)))
        maxima[j] = enhanced.max()
        if j == 0:
            observed = enhanced.ravel()
    return correction.fwe_p(observed, maxima)


def relabelled_maps(fitted, maps, seed, n_relabellings):
    """Return the t or F of the observed labelling and of so many others, shape (1 + n, n_voxels)."""
    evaluator = fitted.estimator().evaluator(maps, fitted.is_f, 1000)
    out = np.empty((n_relabellings + 1, maps.shape[1]))
    for first, values in evaluator.values(*relabellings(fitted.exchangeability, seed, 0, n_relabellings + 1)):
        width = min(values.shape[1], maps.shape[1] - first)
        out[:, first : first + width] = values[:, :width]
    return out


def detections(signal, indices, n_relabellings):
    """Per method: in which data sets any true voxel was found, and which share of them.

    Returns
    -------
    dict of (list of bool, list of float)
    """
    truth = signal.effect().ravel() > 0
    found = {method: ([], []) for method in METHODS}
    for index in indices:
        study, maps = simulate(signal, index)
        p = studies.corrected_p(study, maps, index, n_relabellings, SHAPE)
        p["stepped"] = stepped_p(study, maps, index, n_relabellings)
        for method, (anywhere, share) in found.items():
            hits = p[method][truth] <= studies.ALPHA + 1e-12
            anywhere.append(bool(hits.any()))
            share.append(float(hits.mean()))
    return found


def compare(pool, n, n_relabellings):
    """Return power of every method for every signal, with intervals, ready for the page."""
    result = {"n": n, "relabellings": n_relabellings, "per_group": PER_GROUP, "signals": {}}
    for signal in SIGNALS:
        work = partial(detections, signal, n_relabellings=n_relabellings)
        parts = list(pool.map(work, studies.stretches(n, 20)))
        found = {m: [np.concatenate([part[m][k] for part in parts]) for k in (0, 1)] for m in METHODS}
        exact, stepped = found["tfce"], found["stepped"]
        share = np.subtract(exact[1], stepped[1])
        half = 1.96 * share.std(ddof=1) / np.sqrt(n)
        result["signals"][signal.name] = {
            "any": {m: [float(x) for x in (v[0].mean(), *wilson(v[0].sum(), n))] for m, v in found.items()},
            "share": {m: float(np.mean(v[1])) for m, v in found.items()},
            "any_difference": [float(x) for x in paired_difference(exact[0], stepped[0])],
            "share_difference": [float(share.mean()), float(share.mean() - half), float(share.mean() + half)],
        }
        print(f"power, {signal.title}: {result['signals'][signal.name]['any']}", flush=True)
    return result
