"""The model where other files than the config give it.

Imported whenever the Snakefile is parsed.
"""

import os

from permaps.inputs.fsl import blocks_of, model_of


def with_model(given: dict) -> dict:
    """Return what the user gave, with the model that the files of their dataset give where they leave it out.

    Parameters
    ----------
    given : dict
        The user's config, not checked yet. What is not as it should be is left to the check.

    Raises
    ------
    UserError
        If a file is not what it should be.
    """
    dataset = given.get("dataset")
    if not isinstance(dataset, dict) or dataset.get("source") != "fsl":
        return given
    design, contrasts, ftests, blocks = (
        _file(dataset.get(k)) for k in ("design", "contrasts", "ftests", "blocks")
    )
    if design and contrasts and "model" not in given:
        given = given | {"model": model_of(design, contrasts, ftests)}
    permutation = given.get("permutation", {})
    if blocks and isinstance(permutation, dict) and "blocks" not in permutation:
        given = given | {"permutation": permutation | {"blocks": blocks_of(blocks)}}
    return given


def _file(path):
    """Return the path of a file that there is; None for all else, which the check of the config names."""
    path = os.path.expanduser(path) if isinstance(path, str) else ""
    return path if os.path.isfile(path) else None
