"""A contrast in several analyses, as a specification curve: figure, table, and how often it is significant."""

import json

import numpy as np
import pandas as pd
from permaps.inputs.tsv import read_frame, write_frame
from permaps.permutation.correction import read_maxima
from permaps.permutation.specifications import common_place, together
from permaps.permutation.thresholds import significant
from permaps.reporting.specifications import curve, how_often, said
from permaps.reporting.style import draw
from permaps.spaces.files import read_map, read_space
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log, read_json

# The maps of effects, by what tests have them.
EFFECTS = {"t": "effect", "F": "partial R²"}


def main(*, specifications, contrast, voxel_stat, table, counts, figures, title):
    """Compare specifications.

    Parameters
    ----------
    specifications : dict of str to dict
        By the name of the analysis: `choices` (value of each key that is crossed), `stats`, and the files `numbers`
        (its summary table), `provenance`, `mask`, `values` (t or F), `effect` and `nulls`.
    contrast, voxel_stat : str
    table, counts : path
        A row per specification and statistic; and a row per statistic.
    figures : list of path
    title : str
        Of the figure.
    """
    spaces = [read_space(one["mask"]) for one in specifications.values()]
    values = [
        read_map(space, one["values"]) for space, one in zip(spaces, specifications.values(), strict=True)
    ]
    effects = [
        read_map(space, one["effect"]) for space, one in zip(spaces, specifications.values(), strict=True)
    ]
    records = [read_json(one["provenance"]) for one in specifications.values()]
    alike = len({type(space) for space in spaces}) == 1
    places = common_place(spaces, values) if alike else None
    log.info("%d specifications, %s", len(spaces), "at one place" if places else "each at its own peak")
    elements = places or [int(np.argmax(np.abs(v))) for v in values]
    rows = []
    for (name, one), space, v, effect, element in zip(
        specifications.items(), spaces, values, effects, elements, strict=True
    ):
        numbers = read_frame(one["numbers"])
        numbers = numbers[(numbers["contrast"] == contrast) & numbers["n_relabellings"].notna()]
        chosen = {"analysis": name} | {key: said(value) for key, value in one["choices"].items()}
        rows += [chosen | of for of in found_in(numbers, space, voxel_stat, v, effect, element)]
    found = pd.DataFrame(rows)
    first = next(iter(specifications.values()))
    stats = [
        stat for stat in first["stats"] if all(stat in each["stats"] for each in specifications.values())
    ]
    alone = {}
    if same_relabellings(records, contrast):
        alpha = records[0]["config"]["inference"]["alpha"]
        for stat in stats:
            maxima = [read_maxima(one["nulls"], [stat])[stat] for one in specifications.values()]
            alone[stat] = together(maxima, alpha, STATISTICS[stat].tie)
    write_frame(found, table, "%.6g")
    write_frame(how_often(found, alone), counts, "%.6g")
    place = f"at {spaces[0].named(elements[0])}" if places else "at its own peak"
    choices = {
        name: {key: said(value) for key, value in one["choices"].items()} or {"": name}
        for name, one in specifications.items()
    }
    counted = spaces[0].elements if alike else "elements"
    effect = f"{EFFECTS.get(voxel_stat, 'z')}\n{place}"
    draw(figures, curve, found, choices, records[0]["config"]["inference"]["alpha"], title, effect, counted)


def found_in(numbers, space, voxel_stat, values, effect, element):
    """Yield what one specification finds, by statistic: at an element, at its peak, and how much is significant.

    Parameters
    ----------
    numbers : pandas.DataFrame
        Of the contrast: a row per statistic.
    space : permaps.spaces.space.Space
    voxel_stat : str
    values, effect : numpy.ndarray, shape (n_elements,)
    element : int
    """
    peak = int(np.argmax(np.abs(values)))
    for _, row in numbers.iterrows():
        yield (
            {"statistic": row["statistic"], "effect": effect[element], voxel_stat: values[element]}
            | {key: column[0] for key, column in space.place([element]).items()}
            | {f"peak_{voxel_stat}": values[peak], "peak_effect": effect[peak], "p_fwe": row["p_fwe"]}
            | {
                "extent": int(row[f"n_significant_{space.elements}"]),
                "significant": bool(significant(-np.log10(row["p_fwe"]), row["alpha"])),
            }
        )


def same_relabellings(records, contrast):
    """Tell whether relabelling j is the same in all analyses: same people, blocks, scheme, seed and level."""
    plans = [record["contrasts"].get(contrast) for record in records]
    if None in plans:  # a joint test, or one of several inputs
        return False
    what = [
        (
            *record["inputs"],
            json.dumps(record["config"]["permutation"] | {"chunk_size": 0}, sort_keys=True),
            record["config"]["inference"]["alpha"],
            plan["scheme"],
            plan["n_relabellings"],
            # Enumerated, they are numbered by what is distinct in this design.
            (record["config"]["model"]["formula"], contrast) if plan["exact"] else (),
        )
        for record, plan in zip(records, plans, strict=True)
    ]
    return len(set(what)) == 1


if "snakemake" in globals():
    with job(snakemake):
        settings, given = snakemake.params.settings, snakemake.input
        keys = ("numbers", "provenance", "mask", "values", "effect", "nulls")
        files = zip(*(given[key] for key in keys), strict=True)
        main(
            specifications={
                member["name"]: member | dict(zip(keys, its, strict=True))
                for member, its in zip(settings["members"], files, strict=True)
            },
            contrast=settings["contrast"],
            voxel_stat=settings["voxel_stat"],
            title=settings["title"],
            table=snakemake.output.table,
            counts=snakemake.output.counts,
            figures=[*snakemake.output.figures],
        )
