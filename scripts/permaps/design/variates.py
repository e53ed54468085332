"""Which columns of the participants table a config uses."""

import pandas as pd

from permaps.design.formula import categories, surely_named, variables
from permaps.tables.participants import check_variates
from permaps.tables.query import select
from permaps.workflow.errors import UserError


def used_by_model(formula: str, blocks: dict, variance_groups: str | None) -> dict[str, str]:
    """Return the columns that a model uses, each with the config key that names it.

    Parameters
    ----------
    formula : str
    blocks : dict
        Name of blocks to None, a column or a list of columns.
    variance_groups : str or None
        Column that names them.
    """
    keys = dict.fromkeys(sorted(variables(formula)), "model.formula")
    for name, named in blocks.items():
        for column in [named] if isinstance(named, str) else named or []:
            keys.setdefault(column, f"permutation.blocks.{name}")
    if variance_groups:
        keys.setdefault(variance_groups, "model.variance_groups")
    return keys


def check_columns(participants: pd.DataFrame, model: dict, blocks: dict, query: str | None) -> None:
    """Refuse a config that uses columns which the table lacks, or whose values are neither numbers nor names.

    Parameters
    ----------
    participants : pandas.DataFrame
    model, blocks : dict
        The config's `model`, and `permutation.blocks`.
    query : str or None
    """
    # A typo is found before formulaic is imported, which takes as long as all else that looks for it.
    absent = surely_named(model["formula"]) - {*participants, *model["voxelwise"]}
    check_variates(participants, dict.fromkeys(sorted(absent), "model.formula"))
    if both := sorted(variables(model["formula"]) & set(model["voxelwise"])):
        name = both[0]
        # A column with the paths of the maps would be a factor with a level for each person.
        other = (
            f" If the table's column '{name}' is meant, give the covariate another name in model.voxelwise."
            if name in participants and model["voxelwise"][name] != name
            else ""
        )
        raise UserError(
            f"model.formula: found '{name}', a covariate that is a map (model.voxelwise), which the model has "
            "without being named here. Expected columns of the participants table that are no maps: leave it out. "
            f"Contrasts may name it.{other}"
        )
    used = used_by_model(model["formula"], blocks, model["variance_groups"])
    check_variates(participants, used, categories(model["formula"]))
    if query:
        select(participants, query)
