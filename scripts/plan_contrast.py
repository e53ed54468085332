"""Turn one contrast into weights, and plan its relabellings."""

from permaps.design.matrix import contrast_matrix
from permaps.design.plan import plan_of
from permaps.design.tables import read_design, write_numbers
from permaps.statistics.registry import voxel_statistic
from permaps.workflow.jobs import log, read_json, run, write_json


def main(*, design, blocks, weights, plan, contrast, expressions, scheme):
    """Write a contrast's weights and its plan.

    Parameters
    ----------
    design, blocks : path
        From `make_design`.
    weights, plan : path
        Files to write: the contrast's rows; its scheme, the degrees of freedom and the number of distinct
        relabellings, by its name (JSON).
    contrast : str
    expressions : str or list of str
        One expression gives t, a list F.
    scheme : {"auto", "permute", "flip", "both"}
    """
    study = read_design(design, blocks)
    rows = contrast_matrix(expressions, contrast, study.names)
    statistic = voxel_statistic(expressions)
    contrast_plan = plan_of(study, rows, statistic, scheme)
    contrast_plan["warnings"] += read_json(blocks)["warnings"]
    keys = [[contrast, statistic, i + 1] for i in range(len(rows))]
    write_numbers(weights, ["contrast", "statistic", "row", *study.names], keys, rows)
    write_json(plan, {contrast: contrast_plan})
    log.info(
        "%s: scheme %s, %s distinct relabellings",
        contrast,
        contrast_plan["scheme"],
        contrast_plan["n_distinct"],
    )


if "snakemake" in globals():
    run(main, snakemake, contrast=snakemake.wildcards.contrast)
