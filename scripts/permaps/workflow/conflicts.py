"""Settings that are valid alone, but not together."""

import math

from permaps.workflow.errors import nearest
from permaps.workflow.names import each_input, input_names, unfit_names
from permaps.workflow.paths import LABELLED
from permaps.workflow.violations import shown

# Snakemake plans 20,000 chunks in 48 s, and takes more than proportionally longer beyond.
MAX_CHUNKS = 50_000


def conflicts(config: dict) -> list[str]:
    """Return problems that no schema can express: values that are valid alone but not together."""
    return [
        *_covariates_without_a_table(config),
        *_too_many_chunks(config["permutation"]),
        *_half_an_atlas(config["atlas"]),
        *unfit_names(
            config["model"]["contrasts"],
            config["inference"]["small_volumes"],
            config["model"]["voxelwise"],
            input_names(config["dataset"]),
            config["joint"],
        ),
        *_contrasts_given_twice(config["model"]["contrasts"]),
        *_variances_apart_and_smoothed(config),
        *_unfit_joint_tests(config),
        *_unfit_tables_of_values(config["dataset"]),
    ]


def _unfit_tables_of_values(dataset):
    """Yield what is wrong with the tables of several inputs that are columns."""
    values, names = dataset.get("values"), input_names(dataset)
    for name in values if isinstance(values, dict) else ():
        if name not in names:
            yield (
                f"dataset.values.{name}: found no such name in dataset.maps{nearest(name, names)}; expected names of "
                f"inputs: {', '.join(names) or 'there are none, so name one table alone'}"
            )
    seen = {}
    for name, one in each_input(dataset).items():
        if isinstance(one.get("maps"), list):
            first = seen.setdefault((*one["maps"], one.get("values")), name)
            if first != name:
                yield (
                    f"dataset.maps.{name}: found the columns that {first} has already; expected values of its own "
                    "for each input: other columns, or a table for each in dataset.values"
                )


def _unfit_joint_tests(config):
    """Yield what is wrong with joint tests whose values are valid alone."""
    inputs, contrasts = input_names(config["dataset"]), config["model"]["contrasts"]
    for name, test in config["joint"].items():
        at = f"joint.{name}"
        for key, known, where in (
            ("inputs", inputs, "dataset.maps"),
            ("contrasts", contrasts, "model.contrasts"),
        ):
            for unknown in (one for one in test[key] if one not in known):
                yield (
                    f"{at}.{key}: found {unknown!r}, which is no name in {where}{nearest(unknown, known)}; expected "
                    f"names among {', '.join(known) or 'those that it gives (it has none)'}"
                )
        if inputs and not test["inputs"]:
            yield f"{at}.inputs: is missing; expected names of inputs, one or several: {', '.join(inputs)}"
        how = [key for key in ("combine", "multivariate") if test[key]]
        if len(how) != 1:
            yield f"{at}: found {' and '.join(how) or 'no way to join tests'}; expected combine or multivariate"
        if test["multivariate"]:
            yield from _unfit_multivariate(config, at, test)
        elif max(len(test["inputs"]), 1) * len(test["contrasts"]) < 2:
            yield f"{at}: found a single test; expected several inputs or several contrasts, to be combined"
        if name in contrasts:
            yield f"{at}: found the name of a contrast; expected another, since tables list both by name"
        f_tests = [one for one in test["contrasts"] if isinstance(contrasts.get(one), list)]
        if test["direction"] == "concordant" and f_tests:
            yield (
                f"{at}.direction: found concordant with {f_tests[0]}, which is an F test and has no sign; expected "
                "contrasts of one expression each, or another direction"
            )
        if test["combine"] == "conjunction" and test["direction"]:
            yield from _unfit_direction(config["permutation"]["two_sided"], at, test["direction"])
        if config["quality"]["require"] == "any" and len(test["inputs"]) > 1:
            yield (
                f"quality.require: found any beside {at}; expected all, since joint tests need every input of "
                "everyone"
            )


def _unfit_direction(two_sided, at, direction):
    """Yield what is wrong with the direction of a conjunction, which has the p that its tests have."""
    sides = "two-sided" if two_sided else "one-sided"
    if direction != sides and not (direction == "concordant" and two_sided):
        yield (
            f"{at}.direction: found {direction} beside permutation.two_sided {str(two_sided).lower()}; expected "
            f"{sides}{' or concordant' * two_sided}, since a conjunction has the p of its tests"
        )


def _unfit_multivariate(config, at, test):
    if len(test["inputs"]) < 2:
        yield f"{at}.inputs: found {shown(test['inputs'])}; expected two inputs or more for a multivariate test"
    if len(test["contrasts"]) != 1:
        yield (
            f"{at}.contrasts: found {len(test['contrasts'])}; expected one contrast for a multivariate test, which "
            "may have several expressions"
        )
    if test["direction"]:
        yield f"{at}.direction: found {test['direction']}; expected none, since a multivariate test has no sign"
    for key, value, why in (
        ("model.voxelwise", config["model"]["voxelwise"], "inputs with one design"),
        ("model.variance_groups", config["model"]["variance_groups"], "one variance for everyone"),
        (
            "inference.variance_smoothing_fwhm",
            config["inference"]["variance_smoothing_fwhm"],
            "variances of single voxels",
        ),
    ):
        if value:
            yield f"{key}: found {shown(value)} beside {at}; multivariate tests expect {why}"


def _variances_apart_and_smoothed(config):
    # The pseudo-t has one variance for everyone, so the groups would silently be ignored.
    groups, fwhm = config["model"]["variance_groups"], config["inference"]["variance_smoothing_fwhm"]
    if groups is not None and fwhm:
        yield (
            f"inference.variance_smoothing_fwhm: found {fwhm:g} beside model.variance_groups {groups!r}; expected "
            "one of the two, since the variance that is smoothed is one for all participants"
        )


def _contrasts_given_twice(contrasts):
    seen = {}
    for name, expression in contrasts.items():
        rows = expression if isinstance(expression, list) else [expression]
        first = seen.setdefault((isinstance(expression, list), *("".join(row.split()) for row in rows)), name)
        if first != name:
            yield (
                f"model.contrasts.{name}: found {shown(expression)}, which {first!r} tests already; expected each "
                "contrast once"
            )


def _half_an_atlas(atlas):
    image, labels = atlas["image"], atlas["labels"]
    if image is None and labels is not None:
        yield "atlas.image: found null (nothing) beside atlas.labels, expected the label image"
    elif labels is None and image is not None and not image.endswith(LABELLED):
        yield (
            "atlas.labels: found null (nothing) beside atlas.image, expected the table that names its numbers, or an "
            "image of labels that holds the names: .annot, .label.gii or .dlabel.nii"
        )


def _covariates_without_a_table(config):
    source = config["dataset"]["source"]
    for name, where in config["model"]["voxelwise"].items():
        if source in ("simulated", "localizer"):
            yield (
                f"model.voxelwise.{name}: found {shown(where)} with dataset.source '{source}'; expected "
                "dataset.source 'table', since the maps of a covariate are looked up in a participants table"
            )


def _too_many_chunks(relabelling):
    n, size = relabelling["n_permutations"], relabelling["chunk_size"]
    if (n_chunks := math.ceil(n / size)) > MAX_CHUNKS:
        yield (
            f"permutation.chunk_size: found {size}, which makes {n_chunks} jobs of {n} relabellings; expected at "
            f"least {math.ceil(n / MAX_CHUNKS)}, for {MAX_CHUNKS} jobs"
        )
