"""Several tests made into the model of a joint test, once it is clear that they can be."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from permaps.design.plan import check_freedom
from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.joint import Joint, combined_model, multivariate_model
from permaps.permutation.model import Model
from permaps.spaces.alike import alike, apart
from permaps.spaces.space import Space
from permaps.statistics.multivariate import MULTIVARIATE
from permaps.statistics.roots import independent
from permaps.workflow.arrays import open_matrix
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log


def joined(
    name: str,
    tests: dict[str, Model],
    matrices: Sequence[str | Path],
    inputs: Sequence[int],
    statistic: str,
    *,
    direction: str | None,
    two_sided: bool,
) -> Joint:
    """Return the model of a joint test.

    Parameters
    ----------
    name : str
        Of the joint test.
    tests : dict of str to Model
        What is combined, by what it is called.
    matrices : sequence of path
        The maps of every input.
    inputs : sequence of int
        The input of each test, by its number among the matrices.
    statistic : str
        Name of the combination or of the multivariate test.
    direction : {"one-sided", "two-sided", "concordant"} or None
        Of a combination; None: as `two_sided` says.
    two_sided : bool

    Raises
    ------
    UserError
        If they cannot be joined: other relabellings, elements, or values that follow from each other.
    """
    _check_schemes(name, tests)
    _check_copies(name, tests, matrices, inputs)
    multivariate = statistic in MULTIVARIATE
    if multivariate:
        check_freedom(name, len(tests), next(iter(tests.values())).dof)
    usable = _complete(tests, matrices, inputs) if multivariate else [True] * len(tests)
    space, elements = shared_space(name, tests, usable)
    members = [test.restricted(own) for test, own in zip(tests.values(), elements, strict=True)]
    if multivariate:
        model = multivariate_model(statistic, members, inputs, space)
        _check_independence(name, model, matrices)
    else:
        model = combined_model(
            statistic,
            members,
            inputs,
            space,
            two_sided=two_sided if direction is None else direction == "two-sided",
            concordant=direction == "concordant",
        )
    stored = model.arrays()
    return replace(model, fingerprint=fingerprint(*(stored[key] for key in sorted(stored))))


def _check_schemes(name, tests):
    """Raise a `UserError` unless all tests are relabelled alike."""
    schemes = {title: test.scheme for title, test in tests.items()}
    (first, scheme), *others = schemes.items()
    for title, other in others:
        if other != scheme:
            raise UserError(
                f"joint.{name}: {first} is relabelled by {scheme}, and {title} by {other}. Expected tests that are "
                "relabelled alike: set permutation.scheme, or test them apart."
            )


def _check_copies(name, tests, matrices, inputs):
    """Raise a `UserError` where two inputs have the same values: a combination would count them twice."""
    titles = list(tests)
    opened = [open_matrix(path) for path in matrices]
    for i in range(len(opened)):
        for j in range(i):
            same = opened[i].shape == opened[j].shape and np.array_equal(opened[i], opened[j], equal_nan=True)
            if same:
                one, other = (titles[inputs.index(k)] for k in (j, i))
                raise UserError(
                    f"joint.{name}: {one} and {other} have the same values for everyone. Expected inputs that "
                    "differ: correct dataset.maps, or leave one out of the joint test."
                )


def _check_independence(name, model, matrices):
    """Raise a `UserError` where an input follows from others at every element."""
    maps = model.maps(matrices)
    able = independent(maps, model.tests[0].regressors.basis)
    if not able.any():
        raise UserError(
            f"joint.{name}: at every {model.space.element}, an input is constant or the sum of multiples of others. "
            "Expected inputs of which each says something of its own: leave one out."
        )
    if lost := int((~able).sum()):
        log.warning("%d %s say nothing: an input follows from others there", lost, model.space.elements)


def _complete(tests, matrices, inputs):
    """Return, for each test, at which of its elements everybody has a value."""
    return [
        np.isfinite(test.maps(matrices[i])).all(axis=0)
        if test.incomplete
        else np.ones(test.space.n_elements, bool)
        for test, i in zip(tests.values(), inputs, strict=True)
    ]


def shared_space(
    name: str, tests: dict[str, Model], usable: Sequence[np.ndarray]
) -> tuple[Space, list[np.ndarray]]:
    """Return the space of the elements that all tests can use, and their numbers among those of each test.

    Parameters
    ----------
    name : str
        Of the joint test.
    tests : dict of str to Model
    usable : sequence of numpy.ndarray of bool, shape (n_elements,)
        Which of its elements each test can use.

    Raises
    ------
    UserError
        If they are not defined on the same, or have fewer than two elements in common.
    """
    (first, test), *others = tests.items()
    whole = test.space.mask.copy()
    for title, other in others:
        if not alike(test.space, other.space):
            raise UserError(f"joint.{name}: {apart(test.space, first, other.space, title)}")
        whole &= other.space.mask
    for one, able in zip(tests.values(), usable, strict=True):
        whole[one.space.mask] &= able
    if whole.sum() < 2:
        raise UserError(
            f"joint.{name}: the tests have {int(whole.sum())} {test.space.elements} in common, at least 2 are "
            "needed. Look at the masks of the inputs; a multivariate test needs the values of everyone too."
        )
    elements = [np.flatnonzero(whole[one.space.mask]) for one in tests.values()]
    return replace(test.space, mask=whole), elements
