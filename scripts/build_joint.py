"""Put the models of several tests together into that of a joint test."""

from dataclasses import replace

import numpy as np
from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.joint import combined_model, load_model, multivariate_model
from permaps.spaces.files import write_space
from permaps.spaces.stored import space_arrays
from permaps.statistics.deviates import reached_at
from permaps.statistics.multivariate import MULTIVARIATE
from permaps.statistics.roots import independent
from permaps.workflow.arrays import open_matrix
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import job, log, write_json
from permaps.workflow.provenance import plain


def main(*, models, matrices, inputs, name, statistic, direction, two_sided, cluster_p, output, mask, plan):
    """Write the model of a joint test, the space of its elements and its plan.

    Parameters
    ----------
    models : dict of str to path
        Of the tests that are combined, by what they are called.
    matrices : list of path
        The maps of every input.
    inputs : list of int
        The input of each test, by its number among the matrices.
    name : str
        Of the joint test.
    statistic : str
        Name of the combination or of the multivariate test.
    direction : {"one-sided", "two-sided", "concordant"} or None
        Of a combination; None: as `two_sided` says.
    two_sided : bool
    cluster_p : float
        Uncorrected p that forms clusters.
    output, mask, plan : path
        To write: the model; what its elements are; its scheme and number of distinct relabellings (JSON).
    """
    tests = {title: load_model(path) for title, path in models.items()}
    check_schemes(name, tests)
    check_copies(name, tests, matrices, inputs)
    multivariate = statistic in MULTIVARIATE
    if multivariate:
        check_freedom(name, tests)
    usable = complete(tests, matrices, inputs) if multivariate else [True] * len(tests)
    space, elements = shared_space(name, tests, usable)
    joined = [test.restricted(own) for test, own in zip(tests.values(), elements, strict=True)], inputs, space
    if multivariate:
        model = multivariate_model(statistic, *joined)
        check_independence(name, model, matrices)
    else:
        model = combined_model(
            statistic,
            *joined,
            two_sided=two_sided if direction is None else direction == "two-sided",
            concordant=direction == "concordant",
        )
    stored = model.arrays()
    model = replace(model, fingerprint=fingerprint(*(stored[key] for key in sorted(stored))))
    write_space(space, mask, f"Permaps: elements of {name}")
    model.save(output)
    first = next(iter(tests.values()))
    joint_plan = {
        "scheme": model.scheme,
        "n_distinct": model.exchangeability.n_distinct,
        "threshold": reached_at(model.log_p, cluster_p),
        "n_participants": len(first.design),
        "warnings": [],
    }
    write_json(plan, plain({name: joint_plan}))
    log.info("%s: %d tests, %d %s", name, len(tests), space.n_elements, space.elements)


def check_schemes(name, tests):
    """Raise a `UserError` unless all tests are relabelled alike."""
    schemes = {title: test.scheme for title, test in tests.items()}
    (first, scheme), *others = schemes.items()
    for title, other in others:
        if other != scheme:
            raise UserError(
                f"joint.{name}: {first} is relabelled by {scheme}, and {title} by {other}. Expected tests that are "
                "relabelled alike: set permutation.scheme, or test them apart."
            )


def check_copies(name, tests, matrices, inputs):
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


def check_freedom(name, tests):
    """Raise a `UserError` unless the residuals have more degrees of freedom than there are inputs."""
    dof = next(iter(tests.values())).dof
    if dof <= len(tests):
        raise UserError(
            f"joint.{name}: {len(tests)} inputs, and {dof} residual degrees of freedom. Expected more of these than "
            "inputs: leave inputs or columns of the model out, or combine the inputs (combine: fisher)."
        )


def check_independence(name, model, matrices):
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


def complete(tests, matrices, inputs):
    """Return, for each test, at which of its elements everybody has a value."""
    return [
        np.isfinite(test.maps(matrices[i])).all(axis=0)
        if test.incomplete
        else np.ones(test.space.n_elements, bool)
        for test, i in zip(tests.values(), inputs, strict=True)
    ]


def shared_space(name, tests, usable):
    """Return the space of the elements that all tests can use, and their numbers among those of each test."""
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


def alike(one, other):
    """Tell whether two spaces are the same, whatever their masks have left of them."""
    mine, its = (space_arrays(space) for space in (one, other))
    return mine.keys() == its.keys() and all(
        np.shape(mine[key]) == np.shape(its[key]) if key == "space_mask" else same(mine[key], its[key])
        for key in mine
    )


def apart(one, first, other, title):
    """Say how two spaces differ, and what to do."""
    if hasattr(one, "names") and hasattr(other, "names"):
        own, its = (space.names.tolist() for space in (one, other))
        alone = [f"{name!r} is in {title} alone" for name in its if name not in own]
        alone = [f"{name!r} is in {first} alone" for name in own if name not in its] + alone
        what = f"found other names or another order ({alone[0] if alone else 'the names are the same'})"
        return (
            f"{first} and {title} are not of the same {one.elements}: {what}. Expected the same names in the same "
            "order in both: narrow or correct dataset.maps."
        )
    return (
        f"the maps of {first} and of {title} are on different grids or meshes. Expected inputs that share one: "
        "resample them first, for example with nilearn.image.resample_to_img."
    )


def same(one, other):
    """Tell whether two arrays of a space are the same, affines up to rounding."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    return np.allclose(one, other, equal_nan=True) if one.dtype.kind == "f" else np.array_equal(one, other)


if "snakemake" in globals():
    with job(snakemake):
        settings = snakemake.params.settings
        main(
            models=dict(zip(settings["titles"], snakemake.input.models, strict=True)),
            matrices=list(snakemake.input.matrices),
            **{name: value for name, value in settings.items() if name != "titles"},
            output=snakemake.output.model,
            mask=snakemake.output.mask,
            plan=snakemake.output.plan,
        )
