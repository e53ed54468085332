"""Names of contrasts, small volumes and covariates: they become part of file names."""

import re
from collections.abc import Collection

# Of one name, in bytes, on every common file system.
LONGEST_NAME = 255
# The most that results add to the name of an analysis.
_AROUND = len("contrast-_stat-clustersize_corr-bonferroni_logp.nii.gz")
LONGEST_ANALYSIS = LONGEST_NAME - _AROUND
# Snakemake mistakes a wildcard that ends in so many repeats for an endless recursion.
_REPEATED = re.compile(r"(.+?)\1{19,}$")
# The merged null of a contrast is a file with this ending, next to the folder of the contrast's chunks.
_BESIDE = ".npz"


def unfit_names(
    contrasts: Collection[str], volumes: Collection[str], covariates: Collection[str]
) -> list[str]:
    """Return what is wrong with names that are valid text, one line each.

    Parameters
    ----------
    contrasts, volumes, covariates : iterable of str

    Returns
    -------
    list of str
        Each begins with the full key.
    """
    analyses = {f"{c}_volume-{v}": (c, v) for c in contrasts for v in volumes}
    return [
        *_repeating("model.contrasts", contrasts),
        *_repeating("inference.small_volumes", volumes),
        *_repeating("model.voxelwise", covariates),
        *_alike("model.contrasts", contrasts),
        *_alike("inference.small_volumes", volumes),
        *_alike("model.voxelwise", covariates),
        *_too_long(analyses),
        *_two_of_one_name(contrasts, analyses),
        *_file_and_folder(contrasts),
    ]


def _repeating(key, names):
    for name in names:
        if found := _REPEATED.search(name):
            yield (
                f"{key}: the name {_cut(name)} ends in {_cut(found[1])} again and again, which Snakemake takes for "
                "an endless recursion; expected a name that does not repeat a part of it 20 times"
            )


def _too_long(analyses):
    for name, (contrast, volume) in analyses.items():
        if len(name) > LONGEST_ANALYSIS:
            yield (
                f"model.contrasts: {_cut(contrast)} in the small volume {_cut(volume)} gives file names of "
                f"{len(name) + _AROUND} characters; expected at most {LONGEST_NAME}: shorten either name by "
                f"{len(name) - LONGEST_ANALYSIS}"
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
