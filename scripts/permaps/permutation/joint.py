"""The model of a joint test: several tests of the same participants, made into one at every element.

To the chunks, the observed maps and the corrections it is a model like that of one contrast
(`permaps.permutation.model.Model`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from permaps.design.exchangeability import Exchangeability
from permaps.permutation.model import Model, contrast_model
from permaps.permutation.null import observed_statistic
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.statistics.combining import combine_all
from permaps.statistics.evaluator import Evaluator, side_by_side
from permaps.statistics.roots import RootsEvaluator
from permaps.statistics.sorted_p import Scale, normal_scale
from permaps.workflow.arrays import read_arrays, write_arrays

# Relabellings of which all tests are evaluated at a time.
TOGETHER = 48
# Attributes of a joint model that are stored as several arrays.
APART = ("tests", "space")


class Stack(list):
    """The maps of several tests, as one argument: the elements are the same in all of them."""

    @property
    def shape(self) -> tuple[int, int]:
        """Participants and elements."""
        return self[0].shape


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Everything that a joint test needs, except the maps.

    Attributes
    ----------
    statistic : str
        Name of the joint statistic.
    tests : tuple of Model
        The tests that are joined, restricted to the elements that all inputs have.
    inputs : numpy.ndarray of int, shape (n_tests,)
        The input of each, by its number among the matrices.
    how : int
        How they are joined, as in the compiled part of the statistic.
    rescaled : numpy.ndarray
        The table that turns the joint statistic into a normal deviate, which is enhanced.
    space : permaps.spaces.space.Space
    fingerprint : str
    """

    statistic: str
    tests: tuple
    inputs: np.ndarray
    how: int
    rescaled: np.ndarray
    space: Space
    fingerprint: str = ""
    kind: ClassVar[str]
    # Every joint statistic has one tail.
    is_f: ClassVar[bool] = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of models that are evaluated."""
        return tuple(dict.fromkeys(test.kind for test in self.tests))

    @property
    def scheme(self) -> str:
        """How all of them are relabelled."""
        return self.tests[0].scheme

    @cached_property
    def exchangeability(self) -> Exchangeability:
        """The distinct relabellings, which are those of every test."""
        incomplete = any(test.incomplete for test in self.tests)
        return replace(self.tests[0], incomplete=incomplete).exchangeability

    def threshold(self, cluster_p: float, both_signs: bool) -> float:
        """Return the normal deviate with the uncorrected p `cluster_p`."""
        from scipy.special import ndtri

        # Rounded, because the last digits of the C library's functions differ between processors.
        return float(f"{-ndtri(cluster_p):.12g}")

    def scale(self, both_signs: bool) -> Scale:
        """Return the p of the normal deviate, for bounds on true discoveries."""
        return normal_scale()

    def maps(self, matrices: Sequence[str | Path]) -> Stack:
        """Return the maps of every test.

        Parameters
        ----------
        matrices : list of path or array
            Of every input.
        """
        return Stack(test.maps(matrices[i]) for test, i in zip(self.tests, self.inputs, strict=True))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return it as arrays, for a file."""
        tests = {
            f"part{k}_{name}": values
            for k, test in enumerate(self.tests)
            for name, values in test.arrays().items()
        }
        own = {
            field.name: np.asarray(getattr(self, field.name))
            for field in fields(self)
            if field.name not in APART
        }
        named = {"kind": np.array(self.kind), "scheme": np.array(self.scheme)}
        return own | named | tests | space_arrays(self.space)

    def save(self, path: str | Path) -> None:
        """Write it to a file that `load_model` reads."""
        write_arrays(path, **self.arrays())

    @classmethod
    def of_arrays(cls, stored: dict[str, np.ndarray]) -> Self:
        """Return the model that `arrays` gave."""
        tests = []
        while own := {
            name.partition("_")[2]: values
            for name, values in stored.items()
            if name.startswith(f"part{len(tests)}_")
        }:
            tests.append(Model.of_arrays(own))
        own = {
            field.name: stored[field.name] if stored[field.name].ndim else stored[field.name].item()
            for field in fields(cls)
            if field.name not in APART
        }
        return cls(**own, tests=tuple(tests), space=take_space(dict(stored)))


@dataclass(frozen=True, kw_only=True)
class Combined(Joint):
    """A combination of the p of several tests.

    Attributes
    ----------
    tables : numpy.ndarray
        What turns their statistics into what is combined, as from `permaps.statistics.combinations.tables_of`.
    signs : numpy.ndarray of float
        1, or 1 and -1 if tests may agree in either direction.
    two_sided : bool
        Whether the p of t are those of its absolute value.
    """

    tables: np.ndarray
    signs: np.ndarray
    two_sided: bool
    kind: ClassVar[str] = "joint"

    def estimator(self, covariates: Sequence[str | Path] = ()) -> "CombinedEstimator":
        """Return the estimator that evaluates the model.

        Parameters
        ----------
        covariates : list of path or array
            The voxelwise covariates of the first input, then those of the next.
        """
        each = len(covariates) // (self.inputs.max() + 1)
        estimators = [
            test.estimator(covariates[each * i : each * (i + 1)])
            for test, i in zip(self.tests, self.inputs, strict=True)
        ]
        return CombinedEstimator(self, estimators)

    def log_p(self, combined: np.ndarray) -> np.ndarray:
        """Return the natural log of the p of the combination, if the tests are independent."""
        from permaps.statistics.combinations import log_p_of

        n_ways = len(self.tables) * len(self.signs)
        return log_p_of(self.statistic, len(self.tests), n_ways, combined)

    def parametric_p(self, maps: Stack, covariates: Sequence[str | Path], combined: np.ndarray) -> np.ndarray:
        """Return the parametric p of the combination, which holds whatever the dependence.

        It is the smallest p of the tests times their number; of a conjunction, the largest.
        """
        if self.statistic == "conjunction":
            return np.exp(self.log_p(combined))
        from permaps.statistics.combinations import smallest_log_p

        each = [
            observed_statistic(own, one, self.exchangeability, is_f=test.is_f)
            for own, one, test in zip(maps, self.estimator(covariates).estimators, self.tests, strict=True)
        ]
        partials = partials_of(self.tests, self.two_sided or len(self.signs) > 1)
        return np.exp(smallest_log_p(each, partials)) * len(each)


@dataclass(frozen=True, kw_only=True)
class Multivariate(Joint):
    """A multivariate test of several inputs, which have one design."""

    kind: ClassVar[str] = "multivariate"

    def estimator(self, covariates: Sequence[str | Path] = ()) -> "MultivariateEstimator":
        """Return the estimator that evaluates the model, which has no covariates."""
        return MultivariateEstimator(self)

    def log_p(self, values: np.ndarray) -> np.ndarray:
        """Return the natural log of the parametric p of the statistic."""
        from permaps.statistics.multivariate import log_p_of

        test = self.tests[0]
        return log_p_of(self.statistic, len(self.tests), len(test.contrast), test.dof, values)

    def parametric_p(self, maps: Stack, covariates: Sequence[str | Path], values: np.ndarray) -> np.ndarray:
        """Return the parametric p of the statistic."""
        return np.exp(self.log_p(values))


def partials_of(tests: Sequence[Model], two_sided: bool) -> list:
    """Return how p follow from the statistics of tests, as `permaps.statistics.combinations.Partial`."""
    from permaps.statistics.combinations import Partial

    return [Partial(test.dof, len(test.contrast), test.is_f, two_sided and not test.is_f) for test in tests]


def load_model(path: str | Path) -> Model | Joint:
    """Read a model of any kind from its file."""
    stored = read_arrays(path)
    kinds = {one.kind: one for one in (Combined, Multivariate)}
    return kinds.get(str(stored["kind"]), Model).of_arrays(stored)


@dataclass(frozen=True)
class CombinedEstimator:
    """The estimators of all tests, and how their statistics are combined."""

    model: Combined
    estimators: list

    def evaluator(self, maps: Stack, is_f: bool, memory_mb: float) -> "CombinedEvaluator":
        """Return what computes the combination for any relabelling."""
        return CombinedEvaluator(self, maps, memory_mb)


@dataclass(frozen=True)
class MultivariateEstimator:
    """What a multivariate test is evaluated with."""

    model: Multivariate

    def evaluator(self, maps: Stack, is_f: bool, memory_mb: float) -> RootsEvaluator:
        """Return what computes the statistic for any relabelling."""
        return RootsEvaluator(self.model.tests[0].regressors, maps, self.model.how, memory_mb)


class CombinedEvaluator(Evaluator):
    """The combination of several tests, for any relabelling.

    Parameters
    ----------
    estimator : CombinedEstimator
    maps : Stack
    memory_mb : float
        A share of it for the evaluator of each test, and one for what is combined.
    """

    def __init__(self, estimator: CombinedEstimator, maps: Stack, memory_mb: float):
        self.model, self.n_elements = estimator.model, maps.shape[1]
        share = memory_mb / (len(maps) + 1)
        self.evaluators = [
            one.evaluator(own, test.is_f, share)
            for one, own, test in zip(estimator.estimators, maps, self.model.tests, strict=True)
        ]
        self.batch = min(evaluator.batch for evaluator in self.evaluators)
        # Maps that are held need no large batches, and the statistics of small ones stay in the cache together.
        if all(own.size * 8 <= share * 2**20 for own in maps):
            self.batch = min(self.batch, TOGETHER)

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first element, combination of shape (n_relabellings, n)), as `Evaluator` has it."""
        model = self.model
        each = [evaluator.values(source, sign) for evaluator in self.evaluators]
        combined = np.empty((len(source), 0))
        for first, statistics in side_by_side(each, self.n_elements):
            if statistics[0].shape != combined.shape:
                combined = np.empty(statistics[0].shape)
                held = np.empty((len(statistics), *combined.shape))
            np.stack(statistics, out=held)
            combine_all(held, model.tables, model.how, model.signs, combined)
            yield first, combined


def combined_model(
    statistic: str,
    tests: Sequence[Model],
    inputs: Sequence[int],
    space: Space,
    *,
    two_sided: bool,
    concordant: bool = False,
) -> Combined:
    """Return the model of a combination.

    Parameters
    ----------
    statistic : str
        Name of the combination.
    tests : sequence of Model
        The partial tests, all relabelled alike and restricted to the same elements.
    inputs : sequence of int
        The input of each.
    space : permaps.spaces.space.Space
        What these elements are.
    two_sided : bool
        Whether the p of t are those of its absolute value.
    concordant : bool
        Whether effects count that have the same sign in all of them, whichever it is.
    """
    from permaps.statistics.combinations import COMBINATIONS, tables_of

    return _rescaled(
        Combined(
            statistic=statistic,
            tests=tuple(
                replace(test, space=test.space if test.kind == "smoothed_variance" else None)
                for test in tests
            ),
            inputs=np.asarray(inputs),
            how=COMBINATIONS[statistic].how,
            tables=tables_of(statistic, partials_of(tests, two_sided and not concordant)),
            signs=np.array([1.0, -1.0] if concordant else [1.0]),
            two_sided=two_sided and not concordant,
            rescaled=np.empty(0),
            space=space,
        )
    )


def multivariate_model(
    statistic: str, tests: Sequence[Model], inputs: Sequence[int], space: Space
) -> Multivariate:
    """Return the model of a multivariate test.

    Parameters
    ----------
    statistic : str
        Name of the multivariate test.
    tests : sequence of Model
        The tests of every input, of one contrast of one design, restricted to the same elements, where nobody is
        missing.
    inputs : sequence of int
        The input of each.
    space : permaps.spaces.space.Space
        What these elements are.
    """
    from permaps.statistics.multivariate import MULTIVARIATE

    whole = [
        replace(
            contrast_model(test.design, test.contrast, test.statistic, test.scheme, test.blocks),
            elements=test.elements,
            fingerprint=test.fingerprint,  # of the maps too
        )
        for test in tests
    ]
    return _rescaled(
        Multivariate(
            statistic=statistic,
            tests=tuple(whole),
            inputs=np.asarray(inputs),
            how=MULTIVARIATE[statistic].how,
            rescaled=np.empty(0),
            space=space,
        )
    )


def _rescaled(model):
    """Return a joint model with the table that its p gives."""
    from permaps.statistics.deviates import deviates_of

    return replace(model, rescaled=deviates_of(model.log_p))
