"""A contrast in several analyses, as a specification curve: figure, table, and how often it is significant."""

import numpy as np
from permaps.figures.specification_curve import curve
from permaps.figures.style import draw
from permaps.permutation.correction import read_maxima
from permaps.permutation.specifications import by_chance, common_place, same_relabellings
from permaps.reporting.specifications import how_often, said, tabulated
from permaps.spaces.files import read_map, read_space
from permaps.tables.tsv import read_frame, write_frame
from permaps.workflow.jobs import job, log, read_json

# The maps of effects, by what tests have them.
EFFECTS = {"t": "effect", "F": "partial R²"}


def main(*, specifications, contrast, relabelled, voxel_stat, table, counts, figures, title):
    """Compare specifications.

    Parameters
    ----------
    specifications : dict of str to dict
        By the name of the analysis: `choices` (value of each key that is crossed), `stats`, and the files `numbers`
        (its summary table), `provenance`, `mask`, `values` (t or F), `effect` and `nulls`.
    contrast, voxel_stat : str
    relabelled : list of str
        The contrasts of the model that are relabelled for it.
    table, counts : path
        A row per specification and statistic; and a row per statistic.
    figures : list of path
    title : str
        Of the figure.
    """
    members = [*specifications.values()]
    spaces = [read_space(one["mask"]) for one in members]
    values, effects = (
        [read_map(space, one[key]) for space, one in zip(spaces, members, strict=True)]
        for key in ("values", "effect")
    )
    records = [read_json(one["provenance"]) for one in members]
    alpha = records[0]["config"]["inference"]["alpha"]
    places = common_place(spaces, values)
    log.info("%d specifications, %s", len(spaces), "at one place" if places else "each at its own peak")
    elements = places or [int(np.argmax(np.abs(v))) for v in values]
    chosen = {
        name: {key: said(value) for key, value in one["choices"].items()}
        for name, one in specifications.items()
    }
    numbers = [read_frame(one["numbers"]) for one in members]
    maps = [*zip(spaces, values, effects, elements, strict=True)]
    compared = tabulated(chosen, numbers, contrast, voxel_stat, maps)
    write_frame(compared, table, "%.6g")
    maxima = [read_maxima(one["nulls"], one["stats"]) for one in members]
    alone = by_chance(maxima, alpha) if same_relabellings(records, relabelled) else {}
    write_frame(how_often(compared, alone), counts, "%.6g")
    place = f"at {spaces[0].named(elements[0])}" if places else "at its own peak"
    choices = {name: of or {"": name} for name, of in chosen.items()}
    counted = spaces[0].elements if len({space.kind for space in spaces}) == 1 else "elements"
    draw(figures, curve, compared, choices, alpha, title, f"{EFFECTS.get(voxel_stat, 'z')}\n{place}", counted)


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
            relabelled=settings["relabelled"],
            voxel_stat=settings["voxel_stat"],
            title=settings["title"],
            table=snakemake.output.table,
            counts=snakemake.output.counts,
            figures=[*snakemake.output.figures],
        )
