"""The model of a joint test: several tests of the same participants, combined at every element.

To the chunks, the observed maps and the corrections it is a model like that of one contrast
(`permaps.permutation.model.Model`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from permaps.design.exchangeability import Exchangeability
from permaps.permutation.model import Model
from permaps.spaces.space import Space
from permaps.spaces.stored import space_arrays, take_space
from permaps.statistics.combining import combine_all
from permaps.statistics.evaluator import Evaluator
from permaps.statistics.sorted_p import Scale, normal_scale


class Stack(list):
    """The maps of several tests, as one argument: the elements are the same in all of them."""

    @property
    def shape(self) -> tuple[int, int]:
        """Participants and elements."""
        return self[0].shape


@dataclass(frozen=True)
class Joint:
    """Everything that a joint test needs, except the maps.

    Attributes
    ----------
    statistic : str
        Name of the combination.
    parts : tuple of Model
        The tests that are combined, restricted to the elements that all inputs have.
    inputs : numpy.ndarray of int, shape (n_parts,)
        The input of each, by its number among the matrices.
    how : int
        How they are combined, as in `permaps.statistics.combining`.
    tables : numpy.ndarray
        What turns their statistics into what is combined, as from `permaps.statistics.combinations.tables_of`.
    signs : numpy.ndarray of float
        1, or 1 and -1 if tests may agree in either direction.
    two_sided : bool
        Whether the p of t are those of its absolute value.
    rescaled : numpy.ndarray
        The table that turns the combination into a normal deviate, which is enhanced.
    space : permaps.spaces.space.Space
    fingerprint : str
    """

    statistic: str
    parts: tuple
    inputs: np.ndarray
    how: int
    tables: np.ndarray
    signs: np.ndarray
    two_sided: bool
    rescaled: np.ndarray
    space: Space
    fingerprint: str = ""
    kind: ClassVar[str] = "joint"
    # Every combination has one tail.
    is_f: ClassVar[bool] = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of models that are evaluated."""
        return tuple(dict.fromkeys(part.kind for part in self.parts))

    @property
    def partials(self) -> list:
        """How the p of the parts follow from their statistics; of tests that may agree in either direction, both."""
        return partials_of(self.parts, self.two_sided or len(self.signs) > 1)

    @property
    def scheme(self) -> str:
        """How all of them are relabelled."""
        return self.parts[0].scheme

    @cached_property
    def exchangeability(self) -> Exchangeability:
        """The distinct relabellings, which are those of every part."""
        incomplete = any(part.incomplete for part in self.parts)
        return replace(self.parts[0], incomplete=incomplete).exchangeability

    def threshold(self, cluster_p: float, both_signs: bool) -> float:
        """Return the normal deviate with the uncorrected p `cluster_p`."""
        from scipy.special import ndtri

        # Rounded, because the last digits of the C library's functions differ between processors.
        return float(f"{-ndtri(cluster_p):.12g}")

    def scale(self, both_signs: bool) -> Scale:
        """Return the p of the normal deviate, for bounds on true discoveries."""
        return normal_scale()

    def maps(self, matrices: Sequence[str | Path]) -> Stack:
        """Return the maps of every part.

        Parameters
        ----------
        matrices : list of path or array
            Of every input.
        """
        return Stack(part.maps(matrices[i]) for part, i in zip(self.parts, self.inputs, strict=True))

    def estimator(self, covariates: Sequence[str | Path] = ()) -> "JointEstimator":
        """Return the estimator that evaluates the model.

        Parameters
        ----------
        covariates : list of path or array
            The voxelwise covariates of the first input, then those of the next.
        """
        each = len(covariates) // (self.inputs.max() + 1)
        estimators = [
            part.estimator(covariates[each * i : each * (i + 1)])
            for part, i in zip(self.parts, self.inputs, strict=True)
        ]
        return JointEstimator(self, estimators)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return it as arrays, for a file."""
        parts = {
            f"part{k}_{name}": values
            for k, part in enumerate(self.parts)
            for name, values in part.arrays().items()
        }
        own = {
            name: np.asarray(getattr(self, name))
            for name in (
                "statistic",
                "scheme",
                "inputs",
                "how",
                "tables",
                "signs",
                "two_sided",
                "rescaled",
                "fingerprint",
            )
        }
        return own | {"kind": np.array(self.kind)} | parts | space_arrays(self.space)

    def save(self, path: str | Path) -> None:
        """Write it to a file that `load_model` reads."""
        np.savez(path, **self.arrays())

    @classmethod
    def of_arrays(cls, stored: dict[str, np.ndarray]) -> Self:
        """Return the model that `arrays` gave."""
        parts = []
        while own := {
            name.partition("_")[2]: values
            for name, values in stored.items()
            if name.startswith(f"part{len(parts)}_")
        }:
            parts.append(Model.of_arrays(own))
        return cls(
            str(stored["statistic"]),
            tuple(parts),
            stored["inputs"],
            int(stored["how"]),
            stored["tables"],
            stored["signs"],
            bool(stored["two_sided"]),
            stored["rescaled"],
            take_space(dict(stored)),
            str(stored["fingerprint"]),
        )


def partials_of(parts: Sequence[Model], two_sided: bool) -> list:
    """Return how p follow from the statistics of tests, as `permaps.statistics.combinations.Partial`."""
    from permaps.statistics.combinations import Partial

    return [Partial(part.dof, len(part.contrast), part.is_f, two_sided and not part.is_f) for part in parts]


def load_model(path: str | Path) -> Model | Joint:
    """Read a model of either kind from its file."""
    with np.load(path, allow_pickle=False) as file:
        stored = {name: file[name] for name in file.files}
    return (Joint if str(stored["kind"]) == Joint.kind else Model).of_arrays(stored)


@dataclass(frozen=True)
class JointEstimator:
    """The estimators of all parts, and how their statistics are combined."""

    model: Joint
    estimators: list

    def evaluator(self, maps: Stack, is_f: bool, memory_mb: float) -> "JointEvaluator":
        """Return what computes the combination for any relabelling."""
        return JointEvaluator(self, maps, memory_mb)


class JointEvaluator(Evaluator):
    """The combination of several tests, for any relabelling.

    Parameters
    ----------
    estimator : JointEstimator
    maps : Stack
    memory_mb : float
        Half of it for the evaluators of the parts, half for their statistics.
    """

    def __init__(self, estimator: JointEstimator, maps: Stack, memory_mb: float):
        self.model, self.n_elements = estimator.model, maps.shape[1]
        share = memory_mb / 2 / len(maps)
        self.evaluators = [
            one.evaluator(own, part.is_f, share)
            for one, own, part in zip(estimator.estimators, maps, self.model.parts, strict=True)
        ]
        room = memory_mb / 2 * 2**20 / (8 * self.n_elements * (len(maps) + 1))
        self.batch = int(np.clip(room, 1, min(evaluator.batch for evaluator in self.evaluators)))

    def values(self, source: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (0, combination of shape (n_relabellings, n_elements))."""
        model, n = self.model, self.n_elements
        statistics = np.empty((len(source), len(self.evaluators), n))
        for k, evaluator in enumerate(self.evaluators):
            for first, values in evaluator.values(source, sign):
                stretch = statistics[:, k, first : first + values.shape[1]]
                stretch[:] = values[:, : stretch.shape[1]]
        combined = np.empty((len(source), n))
        combine_all(statistics, model.tables, model.how, model.signs, combined)
        yield 0, combined


def joint_model(
    statistic: str,
    parts: Sequence[Model],
    inputs: Sequence[int],
    space: Space,
    *,
    two_sided: bool,
    concordant: bool = False,
) -> Joint:
    """Return the model of a joint test.

    Parameters
    ----------
    statistic : str
        Name of the combination.
    parts : sequence of Model
        The partial tests, all relabelled alike and restricted to the same elements.
    inputs : sequence of int
        The input of each.
    space : permaps.spaces.space.Space
        What these elements are.
    two_sided : bool
        Whether the p of t are those of its absolute value.
    concordant : bool
        Whether effects count that have the same sign in all of them, whichever it is.

    Returns
    -------
    Joint
    """
    from permaps.statistics.combinations import COMBINATIONS, heights_of, tables_of

    partials = partials_of(parts, two_sided and not concordant)
    tables = tables_of(statistic, partials)
    signs = np.array([1.0, -1.0] if concordant else [1.0])
    return Joint(
        statistic,
        tuple(
            replace(part, space=part.space if part.kind == "smoothed_variance" else None) for part in parts
        ),
        np.asarray(inputs),
        COMBINATIONS[statistic].how,
        tables,
        signs,
        two_sided and not concordant,
        heights_of(statistic, len(partials), len(tables) * len(signs)),
        space,
    )
