"""Small studies of several inputs, and how often a joint test, a conjunction, or the smallest p over unlike tests
finds an effect where there is none."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from permaps.permutation import conjunction, correction, null
from permaps.permutation.joint import combined_model, multivariate_model
from permaps.permutation.smallest import over_all, smallest_p
from permaps.statistics.combinations import COMBINATIONS
from permaps.statistics.registry import TIE

from validation import studies

CORRELATION = 0.7
# What an active input has everywhere, in standard deviations of the noise: no test can miss it.
STRONG = 6.0


def rng_of(name, index):
    """Return the random generator of a data set of a row."""
    return np.random.default_rng([zlib.crc32(name.encode()), index])


def dependent_maps(rng, n, count, correlation=CORRELATION, noise="normal"):
    """Return smooth maps of n participants for so many inputs, any two of which are correlated at every voxel.

    Returns
    -------
    list of numpy.ndarray of float32, shape (n, n_voxels)
        The correlation is that of the normal noise from which the others are made.
    """
    shared = studies.fields(rng, n)
    own = [studies.fields(rng, n) for _ in range(count)]
    mixed = [np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * one for one in own]
    return [studies.NOISE[noise](rng, one).reshape(n, -1).astype(np.float32) for one in mixed]


def study_of(scenario, rng):
    """Return a study of a scenario, with its scheme and without maps."""
    return replace(scenario.study(rng), scheme=scenario.scheme)


def joint_model(statistic, study, inputs):
    """Return the model of a joint test of one contrast over inputs."""
    part = studies.model_of(study, inputs[0])
    parts, numbers = [part] * len(inputs), range(len(inputs))
    if statistic in COMBINATIONS:
        return combined_model(statistic, parts, numbers, part.space, two_sided=True)
    return multivariate_model(statistic, parts, numbers, part.space)


def maxima_of(fitted, maps, seed, n_relabellings):
    """Return the maximum over voxels of every relabelling, the observed one first."""
    return null.null_maxima(
        fitted.maps(maps), fitted.estimator(), fitted.exchangeability, seed, 0, n_relabellings + 1,
        is_f=fitted.is_f, both_signs=not fitted.is_f,
    )["voxel"]  # fmt: skip


def corrected_p(fitted, maps, maxima):
    """Return the corrected p of every voxel."""
    seen = null.observed_statistic(
        fitted.maps(maps), fitted.estimator(), fitted.exchangeability, is_f=fitted.is_f
    )
    return correction.fwe_p(seen if fitted.is_f else np.abs(seen), maxima, TIE)


def significant(p):
    """Tell which p are significant."""
    return p <= studies.ALPHA + 1e-12


@dataclass(frozen=True)
class Joined:
    """Joint tests of dependent inputs without an effect.

    Attributes
    ----------
    name : str
        Data sets depend on it and on their number alone.
    scenario : studies.Scenario
        Design and noise.
    count : int
        Of inputs.
    """

    name: str
    scenario: studies.Scenario
    count: int

    STATISTICS = ("fisher", "tippett", "wilks")

    def outcomes(self, indices, n_relabellings):
        """Return in how many data sets each joint test is significant."""
        found = dict.fromkeys(self.STATISTICS, 0)
        for index in indices:
            rng = rng_of(self.name, index)
            study = study_of(self.scenario, rng)
            maps = dependent_maps(rng, len(study.design), self.count, noise=self.scenario.noise)
            for statistic in found:
                maxima = maxima_of(joint_model(statistic, study, maps), maps, index, n_relabellings)
                found[statistic] += bool(significant(correction.fwe_p(maxima[0], maxima, TIE)))
        return {"found": found}


@dataclass(frozen=True)
class OneActive:
    """A conjunction of two dependent inputs, of which one has a strong effect everywhere and the other has none.

    Attributes
    ----------
    name, scenario
        As for `Joined`.
    """

    name: str
    scenario: studies.Scenario

    def outcomes(self, indices, n_relabellings):
        """Return in how many data sets the conjunction is significant, and Friston's combination, which is none."""
        found = {"conjunction": 0, "friston": 0}
        for index in indices:
            rng = rng_of(self.name, index)
            study = study_of(self.scenario, rng)
            maps = dependent_maps(rng, len(study.design), 2, noise=self.scenario.noise)
            maps[0] += np.float32(STRONG) * (study.design @ study.contrast[0]).astype(np.float32)[:, None]
            each = []
            for one in maps:
                fitted = studies.model_of(study, one)
                each.append(corrected_p(fitted, one, maxima_of(fitted, one, index, n_relabellings)))
            found["conjunction"] += bool(significant(conjunction.largest_p(each)).any())
            maxima = maxima_of(joint_model("friston", study, maps), maps, index, n_relabellings)
            found["friston"] += bool(significant(correction.fwe_p(maxima[0], maxima, TIE)))
        return {"found": found}


@dataclass(frozen=True)
class Unlike:
    """Two tests on different scales, which are corrected together.

    Attributes
    ----------
    name : str
        As for `Joined`.
    title : str
        Their design.
    names : tuple of str
        What the tests are called.
    tests : callable
        Takes a random generator, returns a study and maps for each of them.
    """

    name: str
    title: str
    names: tuple
    tests: Callable

    def outcomes(self, indices, n_relabellings):
        """Return in how many data sets something is significant, and in how many by each test.

        Returns
        -------
        dict of dict of str to int
            By the smallest p, and by the largest of all values: `any`, and each test by its name.
        """
        found = {by: dict.fromkeys(("any", *self.names), 0) for by in ("smallest", "largest")}
        for index in indices:
            nulls = [
                maxima_of(studies.model_of(study, maps), maps, index, n_relabellings)
                for study, maps in self.tests(rng_of(self.name, index))
            ]
            least = smallest_p((maxima, TIE) for maxima in nulls)
            largest = np.max(nulls, axis=0)
            p = {
                "smallest": [over_all(correction.fwe_p(own[0], own, TIE), least) for own in nulls],
                "largest": [correction.fwe_p(own[0], largest, TIE) for own in nulls],
            }
            for by, each in p.items():
                hits = [bool(significant(own)) for own in each]
                found[by]["any"] += any(hits)
                for name, hit in zip(self.names, hits, strict=True):
                    found[by][name] += hit
        return found


@dataclass(frozen=True)
class OfFewGroups:
    """An F between the first groups of several, whose people are relabelled in more than one way.

    Attributes
    ----------
    name, title : str
        As for `Unlike`.
    sizes : tuple of int
        People in each group.
    n_tested : int
        Groups that are compared; the others are nuisance.
    noise : str
        As in `studies.NOISE`.
    """

    name: str
    title: str
    sizes: tuple
    n_tested: int
    noise: str

    # Who changes places, as the table says it. Only the first way needs residuals that are exchangeable.
    WAYS = ("everybody", "people of the tested groups", "people of the tested groups, without the others")

    def outcomes(self, indices, n_relabellings):
        """Return in how many data sets the F is significant, by who changes places."""
        found = dict.fromkeys(self.WAYS, 0)
        n, tested = sum(self.sizes), sum(self.sizes[: self.n_tested])
        for index in indices:
            ((study, maps),) = contrasts_of(
                self.sizes, [self.n_tested - 1], self.noise, rng_of(self.name, index)
            )
            within = np.where(np.arange(n) < tested, 0, np.arange(n))
            columns = slice(self.n_tested)
            alone = replace(study, design=study.design[:tested, columns], contrast=study.contrast[:, columns])
            ways = (study, maps), (replace(study, blocks={"within": within}), maps), (alone, maps[:tested])
            for way, (one, own) in zip(self.WAYS, ways, strict=True):
                maxima = maxima_of(studies.model_of(one, own), own, index, n_relabellings)
                found[way] += bool(significant(correction.fwe_p(maxima[0], maxima, TIE)))
        return {"found": found}


def contrasts_of(sizes, n_rows, noise, rng):
    """Return tests of so many differences each between groups of these sizes, on the same maps."""
    study = studies.groups(*sizes)(rng)
    maps = dependent_maps(rng, len(study.design), 1, noise=noise)[0]
    return [(replace(study, contrast=study.contrast[:n]), maps) for n in n_rows]


def with_few(n, few, rng):
    """Return t tests of two dependent inputs, of which one has all n participants and the other the first few."""
    study = studies.regression(n)(rng)
    maps = dependent_maps(rng, n, 2)
    maps[1][few:] = np.nan
    return [(study, own) for own in maps]


JOINED = [
    Joined(f"{name}_{count}_inputs", studies.SCENARIOS[name], count)
    for name, count in (
        ("balanced_normal", 2),
        ("unbalanced_exponential", 2),
        ("unbalanced_exponential", 3),
        ("f_exponential", 3),
    )
]
CONJUNCTIONS = [
    OneActive(f"conjunction_{name}", studies.SCENARIOS[name])
    for name in ("balanced_normal", "unbalanced_exponential")
]
UNLIKE = [
    Unlike(
        "t_and_f",
        "four groups of 6, normal",
        ("t", "F of 3 rows"),
        partial(contrasts_of, (6, 6, 6, 6), (1, 3), "normal"),
    ),
    Unlike(
        "small_and_large_f",
        "six groups of 4, exponential",
        ("F of 2 rows", "F of 5 rows"),
        partial(contrasts_of, (4,) * 6, (2, 5), "exponential"),
    ),
    Unlike(
        "dof",
        "regression, inputs of 24 and of 8 participants, normal",
        ("t of 22 dof", "t of 6 dof"),
        partial(with_few, 24, 8),
    ),
]
FEW_GROUPS = [
    OfFewGroups(f"few_groups_{noise}", f"F of 2 rows, six groups of 4, {noise}", (4,) * 6, 3, noise)
    for noise in ("normal", "exponential")
]
