"""Names of inputs, contrasts, small volumes and covariates: they become part of file names."""

import re
from collections.abc import Collection

# The longest name of a file on every common file system, in bytes.
LONGEST_NAME = 255
# The most that results add to the name of an analysis.
_AROUND = len("contrast-_stat-clustersize_corr-bonferroni_logp.nii.gz")
LONGEST_ANALYSIS = LONGEST_NAME - _AROUND
# Snakemake mistakes a wildcard that ends in so many repeats for an endless recursion.
_REPEATED = re.compile(r"(.+?)\1{19,}$")
# The merged null of a contrast is a file with this ending, next to the folder of the contrast's chunks.
_BESIDE = ".npz"


def input_names(dataset: dict) -> list[str]:
    """Return the names of the kinds of maps that each participant has; none if there is one kind without a name.

    Parameters
    ----------
    dataset : dict
        The config's. `maps` is text, or by name where there are several kinds.
    """
    maps = dataset.get("maps")
    return list(maps) if isinstance(maps, dict) else dataset.get("inputs", [])


def each_input(dataset: dict) -> dict[str, dict]:
    """Return what the dataset would be with each kind of maps alone, by name; "" where there is one without.

    Parameters
    ----------
    dataset : dict
        The config's.
    """
    if not isinstance(dataset.get("maps"), dict):
        return {"": dataset}
    values = dataset.get("values")
    return {
        name: {**dataset, "maps": maps, "values": values.get(name) if isinstance(values, dict) else values}
        for name, maps in dataset["maps"].items()
    }


def about_analyses(names: list[str]) -> str:
    """Return the beginning of a message about analyses; "" about none, or one without a name."""
    if names in ([], [""]):
        return ""
    few = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"{'analysis' if len(names) == 1 else 'analyses'} {few}: "


def unfit_names(
    contrasts: Collection[str],
    volumes: Collection[str],
    covariates: Collection[str],
    inputs: Collection[str],
    joint: Collection[str],
) -> list[str]:
    """Return what is wrong with names that are valid text, one line each.

    Returns
    -------
    list of str
        Each begins with the full key.
    """
    prefix = max((f"input-{name}_" for name in inputs), key=len, default="")
    analyses = {f"{c}_volume-{v}": (c, v) for c in contrasts for v in volumes}
    names_by_key = {
        "model.contrasts": contrasts,
        "inference.small_volumes": volumes,
        "model.voxelwise": covariates,
        "dataset.maps": inputs,
        "joint": joint,
    }
    return [
        *(problem for key, names in names_by_key.items() for problem in _repeating(key, names)),
        *(problem for key, names in names_by_key.items() for problem in _alike(key, names)),
        *_columns_of_both(inputs, covariates),
        *_too_long(prefix, contrasts, analyses),
        *_two_of_one_name(contrasts, analyses),
        *_file_and_folder(contrasts),
    ]


def _repeating(key, names):
    for name in names:
        if match := _REPEATED.search(name):
            yield (
                f"{key}: the name {_cut(name)} ends in {_cut(match[1])} again and again, which Snakemake takes for "
                "an endless recursion; expected a name that does not repeat a part of it 20 times"
            )


def _columns_of_both(inputs, covariates):
    for name in set(inputs) & set(covariates):
        yield (
            f"model.voxelwise.{name}: found the name of an input; expected another, since each has a column of paths "
            "in the participants table"
        )


def _too_long(prefix, contrasts, analyses):
    for contrast in contrasts if prefix else ():
        if (over := len(prefix) + len(contrast) - LONGEST_ANALYSIS) > 0:
            yield _names_too_long(f"{_cut(contrast)} of the input {_cut(prefix[6:-1])}", over)
    for name, (contrast, volume) in analyses.items():
        if (over := len(prefix) + len(name) - LONGEST_ANALYSIS) > 0:
            yield _names_too_long(f"{_cut(contrast)} in the small volume {_cut(volume)}", over)


def _names_too_long(what, over):
    return (
        f"model.contrasts: {what} gives file names of {LONGEST_NAME + over} characters; expected at most "
        f"{LONGEST_NAME}: shorten either name by {over}"
    )


def _alike(key, names):
    """Return which names differ only in case: on macOS and Windows, they are the same file."""
    seen = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            yield (
                f"{key}.{name}: found a name that differs from {first!r} in case alone, so that files on macOS "
                "and Windows would be the same; expected names that differ in more"
            )


def _two_of_one_name(contrasts, analyses):
    taken = {contrast.casefold(): contrast for contrast in contrasts}
    for name, (contrast, volume) in analyses.items():
        if name.casefold() in taken:
            yield (
                f"model.contrasts.{taken[name.casefold()]}: found the name that files of {contrast} in the small "
                f"volume {volume} "
                "have; expected another name, of the contrast or of the volume"
            )


def _file_and_folder(contrasts):
    for name in contrasts:
        if name + _BESIDE in contrasts:
            yield (
                f"model.contrasts.{name}{_BESIDE}: found the name that a file of {name} has; expected one "
                f"that does not end in {_BESIDE}"
            )


def _cut(name):
    return repr(name) if len(name) <= 40 else f"{name[:37]!r}..."


def model_in_words(model: dict) -> str:
    """Return the formula of the config's `model`, and the covariates that are maps, which it does not name."""
    maps = ", ".join(model.get("voxelwise") or {})
    return f"{model['formula']}; maps as covariates: {maps}" if maps else model["formula"]
