"""What each statistic finds in the small volumes."""

import pandas as pd
from permaps.permutation.model import Model
from permaps.reporting.results import small_volume_row
from permaps.spaces.files import read_map
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log, read_json
from permaps.workflow.provenance import drawn_in


def main(*, analyses, plan, output, alpha):
    """Write one row per contrast, small volume and statistic.

    Parameters
    ----------
    analyses : list of dict
        `contrast`, `volume`; paths `model` (whose space is the volume), `values` (t or F over the whole
        brain), `nulls`; and `corrected`, -log10 FWE p in the volume by the name of the statistic.
    plan : path
        Distinct relabellings per contrast (JSON).
    output : path
    alpha : float
        Corrected level.
    """
    plans = read_json(plan)
    rows = []
    for analysis in analyses:
        space = Model.load(analysis["model"]).space
        drawn = drawn_in(analysis["nulls"], plans[analysis["contrast"]]["n_distinct"])
        values = read_map(space, analysis["values"])
        for stat, path in analysis["corrected"].items():
            place = {"contrast": analysis["title"], "volume": analysis["volume"], "statistic": stat}
            rows.append(place | small_volume_row(read_map(space, path), values, space, alpha, drawn))
    log.info("%d rows", len(rows))
    write_frame(pd.DataFrame(rows), output, "%.6g")


def by_analysis(analyses, inputs):
    """Assign the files in the rule's flat lists to the analyses.

    Parameters
    ----------
    analyses : list of dict
        `contrast`, `volume`, `stats`; in the order of the lists.
    inputs : Snakemake's input
    """
    corrected = iter(inputs.corrected)
    return [
        analysis
        | {"model": model, "values": values, "nulls": nulls}
        | {"corrected": {stat: next(corrected) for stat in analysis["stats"]}}
        for analysis, model, values, nulls in zip(
            analyses, inputs.models, inputs.values, inputs.nulls, strict=True
        )
    ]


if "snakemake" in globals():
    with job(snakemake):
        main(
            analyses=by_analysis(snakemake.params.settings["analyses"], snakemake.input),
            plan=snakemake.input.plan,
            output=snakemake.output.table,
            alpha=snakemake.params.settings["alpha"],
        )
