"""Checks that hold when the inference is right, and changes to the library that must break them."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from permaps.design import scheme
from permaps.permutation import correction, model, null
from permaps.statistics import freedman_lane

from validation.intervals import expected_range
from validation.studies import (
    ALPHA,
    NOISE,
    SCENARIOS,
    SETTINGS,
    fields,
    observed_maps,
    one_sample,
    rejections,
    tested,
    two_sample,
)

SHAPE = (8, 8, 8)
# Where clusters and TFCE add nothing to what is checked.
VOXELS = SETTINGS | {"enhance": False}
DATA_SETS = 500


def check_size(name, n_relabellings, settings=SETTINGS):
    """Family-wise error stays inside the range that 99.9 % of right tests stay inside.

    With n relabellings the true rate is the largest k / (n + 1) up to 5 %.
    """
    total = n_relabellings + 1
    low, high = expected_range(DATA_SETS, np.floor(ALPHA * total + 1e-9) / total, 0.999)
    found = rejections(SCENARIOS[name], range(DATA_SETS), n_relabellings, SHAPE, settings)
    for which, count in found.items():
        rate = count / DATA_SETS
        # Maps without a cluster tie, which can only make a test of clusters stricter.
        assert rate <= high, f"{name}, {which}: {rate:.3f} is above {high:.3f}"
        assert rate >= low or "cluster" in which, f"{name}, {which}: {rate:.3f} is below {low:.3f}"


def check_exact():
    """With all relabellings enumerated, p takes each value as often as it should, and never 0.

    Every relabelling of the data is tested as if it were the observed one: of M of them, exactly k have
    p <= k / M, wherever no two tie.
    """
    rng = np.random.default_rng(8)
    maps = fields(rng, 6, (4, 4, 4)).reshape(6, -1).astype(np.float32)
    study = two_sample(3, 3)(rng)
    for settings, ties in ((SETTINGS | {"two_sided": False}, 1), (SETTINGS, 2)):
        p = []
        for first in combinations(range(6), 3):
            order = [*first, *(set(range(6)) - set(first))]
            p.append(_p_of_the_maximum(study, maps[order], settings))
        expected = np.repeat(np.arange(ties, 21, ties) / 20, ties)
        assert np.allclose(np.sort(p), expected, rtol=0, atol=1e-12), f"{sorted(p)}"
    maps = 1 + 0.1 * rng.standard_normal((5, 64)).astype(np.float32)
    for two_sided, exact in ((False, 1 / 32), (True, 2 / 32)):
        p = _p_of_the_maximum(one_sample(5)(rng), maps, SETTINGS | {"two_sided": two_sided})
        assert abs(p - exact) < 1e-12, f"5 participants who all rise: p = {p}, not {exact}"


def _p_of_the_maximum(study, maps, settings):
    shape = (4, 4, 4)
    fitted, maxima = tested(study, maps, 0, 10_000, shape, settings)
    return correction.fwe_p(observed_maps(fitted, maps, settings)["voxel"], maxima["voxel"]).min()


def check_least_squares():
    """The null is that of Freedman-Lane as the textbook does it: residuals relabelled, all fitted again."""
    rng = np.random.default_rng(3)
    for name in ("nuisance_normal", "f_normal", "flips_normal", "within_normal"):
        study = SCENARIOS[name].study(rng)
        maps = NOISE["normal"](rng, fields(rng, len(study.design), (4, 4, 4))).reshape(len(study.design), -1)
        maps = maps.astype(np.float32)
        fitted, maxima = tested(study, maps, 5, 30, (4, 4, 4), SETTINGS)
        expected = [np.abs(v).max() for v in textbook(study, maps, fitted, 5, 30)]
        assert np.allclose(maxima["voxel"], expected, rtol=1e-6), name


def textbook(study, maps, fitted, seed, n_relabellings):
    """Yield the t or F map of each relabelling, by Freedman-Lane with a least-squares fit for each."""
    from permaps.permutation.relabelling import relabellings

    x, c = study.design, study.contrast
    y = maps.astype(float)
    _, _, right = np.linalg.svd(c)
    nuisance = x @ right[len(c) :].T
    residuals = y - nuisance @ np.linalg.lstsq(nuisance, y)[0] if nuisance.shape[1] else y
    covariance = c @ np.linalg.inv(x.T @ x) @ c.T
    for source, sign in zip(*relabellings(fitted.exchangeability, seed, 0, n_relabellings + 1), strict=True):
        # The labels of `source` go to the positions: the same as the residuals going the other way.
        moved = np.empty_like(residuals)
        moved[source] = residuals * sign[:, None]
        beta, rss = np.linalg.lstsq(x, moved)[:2]
        value, variance = c @ beta, rss / (len(x) - x.shape[1])
        if len(c) == 1:
            yield value[0] / np.sqrt(variance * covariance[0, 0])
        else:
            yield (value * np.linalg.solve(covariance, value)).sum(axis=0) / len(c) / variance


@dataclass(frozen=True)
class Mutation:
    """A change of one line of the library that makes the inference wrong.

    Attributes
    ----------
    title : str
    function : callable
        Whose source is changed.
    old, new : str
        What its source has once, and what takes its place.
    check : callable
        What has to fail.
    """

    title: str
    function: Callable
    old: str
    new: str
    check: Callable

    @property
    def caught_by(self):
        """What kind of check catches it."""
        check = getattr(self.check, "func", self.check)
        return {check_size: "error rate", check_exact: "exact count", check_least_squares: "least squares"}[
            check
        ]

    def apply(self, replace):
        """Put the changed function in place of the right one.

        Parameters
        ----------
        replace : callable
            `replace(module, name, value)`, such as `monkeypatch.setattr`.
        """
        module, source = sys.modules[self.function.__module__], inspect.getsource(self.function)
        if source.count(self.old) != 1:
            raise ValueError(f"{self.title}: {self.function.__name__} has no single {self.old!r}")
        scope = dict(vars(module))
        exec(compile(source.replace(self.old, self.new), module.__file__, "exec"), scope)
        name = self.function.__name__
        for other in list(sys.modules.values()):
            if (
                getattr(other, "__name__", "").startswith("permaps")
                and getattr(other, name, None) is self.function
            ):
                replace(other, name, scope[name])


_STRICT = ('observed - margin(observed, tie), side="left"', 'observed + margin(observed, tie), side="right"')
_UNCOUNTED = ("np.sort(maxima)", "np.sort(maxima[1:])")

MUTATIONS = [
    Mutation(
        "p counts > in place of >=", correction.fwe_p, *_STRICT, partial(check_size, "balanced_normal", 19)
    ),
    Mutation("p counts > in place of >=", correction.fwe_p, *_STRICT, check_exact),
    # With 19 of 20 relabellings 5 % is the same either way; with 20 of 21 it is not.
    Mutation(
        "p leaves the observed labelling out",
        correction.fwe_p,
        *_UNCOUNTED,
        partial(check_size, "balanced_normal", 20, VOXELS),
    ),
    Mutation("p leaves the observed labelling out", correction.fwe_p, *_UNCOUNTED, check_exact),
    Mutation(
        "signs flip in unbalanced groups with skewed noise",
        scheme.scheme_of,
        "part.is_constant",
        "True",
        partial(check_size, "few_exponential", 39, VOXELS),
    ),
    Mutation(
        "blocks are ignored",
        model.contrast_model,
        "        blocks,\n        labels,",
        "        {},\n        labels,",
        partial(check_size, "whole_normal", 19, VOXELS),
    ),
    Mutation(
        "the voxel null has one tail for a two-sided test",
        null.null_maxima,
        "evaluator.maxima(both_signs,",
        "evaluator.maxima(False,",
        partial(check_size, "balanced_normal", 19, VOXELS),
    ),
    Mutation(
        "the null of TFCE and clusters has one tail for a two-sided test",
        null._Enhanced,
        "maxima(one[inside], self.both_signs,",
        "maxima(one[inside], False,",
        partial(check_size, "balanced_normal", 19),
    ),
    Mutation(
        "nuisance stays in the effect of interest",
        freedman_lane.regressors,
        "partition.alone",
        "partition.interest / np.linalg.norm(partition.interest, axis=0)",
        partial(check_size, "nuisance_normal", 19, VOXELS),
    ),
    Mutation(
        "nuisance is not fitted again after relabelling",
        freedman_lane.regressors,
        "np.hstack([interest, _moving(basis, still)])",
        "interest",
        check_least_squares,
    ),
    Mutation(
        "degrees of freedom forget the nuisance",
        freedman_lane.regressors,
        "partition.dof",
        "partition.dof + partition.nuisance.shape[1]",
        check_least_squares,
    ),
]
