"""The model where other files than the config give it, and what it must say of people with several maps.

Imported whenever the Snakefile is parsed.
"""

import os

from permaps.cohort.fsl import blocks_of, model_of
from permaps.design.bids_model import read_model
from permaps.tables.ids import PERSON, has_people, id_columns
from permaps.workflow.config import refuse
from permaps.workflow.errors import UserError


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
    given = _with_bids(given)
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


def _with_bids(given):
    """Give the model of a BIDS Stats Models file where the config names one; what the config says besides counts."""
    model, permutation = given.get("model"), given.get("permutation", {})
    named = model.get("bids") if isinstance(model, dict) else None
    if not isinstance(named, str):
        return given
    if (path := _file(named)) is None:
        # Refused here, since the check would miss the formula instead.
        raise UserError(
            f"model.bids: there is no file {named!r} (relative paths start from the working directory, {os.getcwd()})"
        )
    in_file = read_model(path)
    blocks = in_file.pop("blocks", None)
    given = given | {"model": in_file | model}
    if blocks is not None and isinstance(permutation, dict) and "blocks" not in permutation:
        given = given | {"permutation": permutation | {"blocks": blocks}}
    return given


def _file(path):
    """Return the path of a file that there is; None for all else, which the check of the config names."""
    path = os.path.expanduser(path) if isinstance(path, str) else ""
    return path if os.path.isfile(path) else None


def check_blocks(config: dict) -> None:
    """Refuse a config in which maps of one person would be relabelled as if they were those of several.

    Parameters
    ----------
    config : dict
        As resolved.
    """
    dataset, blocks = config["dataset"], config["permutation"]["blocks"]
    if has_people(dataset) and not any(blocks.values()):
        key = "sessions" if dataset["sessions"] else "id"
        refuse(
            [
                f"permutation.blocks: found none, and dataset.{key} ({', '.join(id_columns(dataset))}) gives several "
                f"maps of a person, which are not independent; expected blocks: `within: {PERSON}` to compare the "
                f"maps of each person, with {PERSON} in the formula as in '0 + {PERSON} + session'; or "
                f"`whole: {PERSON}` for what differs between people, such as groups"
            ]
        )
