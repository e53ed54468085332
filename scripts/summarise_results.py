"""The run on one page: question, design, main numbers and figures, methods, limitations."""

from permaps.permutation.correction import read_maxima
from permaps.reporting.pages import landing_page, summary_page
from permaps.reporting.results import as_table, bonferroni_row, permutation_row
from permaps.spaces.files import read_map, read_space
from permaps.tables.tsv import read_frame, write_frame
from permaps.workflow.jobs import job, log, read_json, write_text


def main(*, provenance, contrasts, table, page, landing, small_volumes=None):
    """Write the summary as a table, as a page, and as the text that opens the report.

    Parameters
    ----------
    provenance : path
        The run's provenance (JSON).
    contrasts : dict of str to dict
        Per test its `contrast`, `voxel_stat` ("t" or "F"), and files: `mask` (what its maps are defined on),
        `values`, `bonferroni`, `nulls`, `figures` (list), and `corrected` and `clusters` by the name of the
        statistic as in file names.
    table, page, landing : path
    small_volumes : path, optional
        What was found in small volumes.
    """
    record = read_json(provenance)
    alpha = record["config"]["inference"]["alpha"]
    rows, contrasts_shown = [], {}
    for name, files in contrasts.items():
        space = read_space(files["mask"])
        voxel_stat = files["voxel_stat"]
        values, logp = (read_map(space, files[name]) for name in ("values", "bonferroni"))
        rows.append(bonferroni_row(name, voxel_stat, values, logp, space, alpha))
        maxima = read_maxima(files["nulls"], files["clusters"])
        exact = record["contrasts"][files["contrast"]]["exact"]
        clusters = {stat: read_frame(path) for stat, path in files["clusters"].items()}
        for stat, listed in clusters.items():
            logp = read_map(space, files["corrected"][stat])
            rows.append(
                permutation_row(name, stat, voxel_stat, listed, logp, maxima[stat], alpha, space, exact)
            )
        contrasts_shown[name] = {"voxel_stat": voxel_stat, "figures": files["figures"], "clusters": clusters}
    numbers = as_table(rows, space)
    in_volumes = read_frame(small_volumes) if small_volumes else None
    log.info("%d rows", len(numbers))
    write_frame(numbers, table, "%.6g")
    write_text(page, summary_page(record, numbers, contrasts_shown, in_volumes))
    write_text(landing, landing_page(record, numbers, contrasts_shown))


def by_contrast(contrasts, inputs):
    """Assign the files in the rule's flat lists to the contrasts.

    Parameters
    ----------
    contrasts : list of dict
        `name`, `contrast`, `voxel_stat`, `stats`, `panels`; in the order of the lists.
    inputs : Snakemake's input
    """
    corrected, clusters, figures = (
        iter(files) for files in (inputs.corrected, inputs.clusters, inputs.figures)
    )
    return {
        c["name"]: {
            "contrast": c["contrast"],
            "voxel_stat": c["voxel_stat"],
            **{"mask": mask, "values": values, "bonferroni": bonferroni, "nulls": nulls},
            "corrected": {stat: next(corrected) for stat in c["stats"]},
            "clusters": {stat: next(clusters) for stat in c["stats"]},
            "figures": [next(figures) for _ in c["panels"]],
        }
        for c, mask, values, bonferroni, nulls in zip(
            contrasts, inputs.masks, inputs.values, inputs.parametric, inputs.nulls, strict=True
        )
    }


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.output,
            provenance=snakemake.input.provenance,
            contrasts=by_contrast(snakemake.params.settings["contrasts"], snakemake.input),
            small_volumes=next(iter(snakemake.input.small_volumes), None),
        )
