"""Clusters of the voxels that one statistic finds significant, with peaks and corrected p."""

import json
from pathlib import Path

import numpy as np
from permaps.inputs.atlas import Atlas
from permaps.inputs.frames import write_frame
from permaps.permutation.thresholds import p_interval, significant
from permaps.reporting.clusters import effect_interval, residual_dof, tabulate
from permaps.spaces.files import read_map, read_space
from permaps.workflow.jobs import job, log, written_whole
from permaps.workflow.provenance import relabellings


def main(
    *,
    mask,
    values,
    enhanced,
    magnitude,
    plan,
    uncorrected,
    corrected,
    further,
    nulls,
    atlas,
    output,
    contrast,
    stat,
    stats,
    voxel_stat,
    alpha,
    connectivity,
):
    """Write one contrast's clusters by one statistic; without any, only the header.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    values : path
        Signed t, or F.
    enhanced : path or None
        Map whose maxima are the peaks; `values` when None.
    magnitude : path
        Effect of a t contrast, partial R2 of an F contrast.
    plan : path
        Degrees of freedom and distinct relabellings per contrast (JSON).
    uncorrected : path or None
        -log10 uncorrected p; None when it was not asked for.
    corrected : list of path
        -log10 FWE p, in the order of `stats`.
    further : dict of str to path
        -log10 p of this statistic by other corrections: "cfwe", "gpd".
    nulls : path
        Merged maxima (.npz), whose number tells how sure a p is.
    atlas : (path, path) or None
        Label image, and table with its names.
    output : path
    contrast, stat : str
    stats : list of str
        Names of the statistics as in file names.
    voxel_stat : {"t", "F"}
    alpha : float
        Corrected level.
    connectivity : {6, 18, 26}
    """
    space = read_space(mask)
    statistic = read_map(space, values)
    planned = json.loads(Path(plan).read_text(encoding="utf-8"))[contrast]
    with np.load(nulls, allow_pickle=False) as stored:
        drawn = relabellings(stored, planned["n_distinct"])
    logp = {s: read_map(space, path) for s, path in zip(stats, corrected, strict=True)}
    sizes = sizes_of(voxel_stat, read_map(space, magnitude), statistic, residual_dof(planned))
    p = {"p_fwe": 10.0 ** -logp[stat]}
    p["p_fwe_low"], p["p_fwe_high"] = p_interval(p["p_fwe"], **drawn)
    p |= {f"p_fwe_{other}": 10.0**-values for other, values in logp.items() if other != stat}
    p |= {f"p_{kind}": 10.0 ** -read_map(space, path) for kind, path in further.items()}
    p["p_unc"] = 10.0 ** -read_map(space, uncorrected) if uncorrected else np.full_like(statistic, np.nan)
    table = tabulate(
        significant(logp[stat], alpha),
        statistic,
        space,
        {voxel_stat: statistic} | sizes | p,
        connectivity,
        height=read_map(space, enhanced) if enhanced else None,
    )
    if atlas:
        table.insert(table.columns.get_loc("z") + 1, "region", Atlas(*atlas).regions(table[["x", "y", "z"]]))
    log.info("%d clusters", table["cluster"].nunique())
    with written_whole(output) as temporary:
        write_frame(table, temporary, "%.6g")


def sizes_of(voxel_stat, magnitude, statistic, dof):
    """Return effect sizes by column: an effect with its interval for t, partial R2 for F.

    Parameters
    ----------
    voxel_stat : {"t", "F"}
    magnitude, statistic : numpy.ndarray, shape (n_elements,)
        Effect and t, or partial R2 and F.
    dof : int
        Residual degrees of freedom.

    Returns
    -------
    dict of numpy.ndarray, shape (n_elements,)
    """
    if voxel_stat == "F":
        return {"partialr2": magnitude}
    low, high = effect_interval(magnitude, statistic, dof)
    return {"effect": magnitude, "effect_low": low, "effect_high": high}


if "snakemake" in globals():
    with job(snakemake):
        main(
            mask=snakemake.input.mask,
            values=snakemake.input.values,
            enhanced=snakemake.input.get("enhanced"),
            magnitude=snakemake.input.magnitude,
            plan=snakemake.input.plan,
            uncorrected=snakemake.input.get("uncorrected"),
            corrected=list(snakemake.input.corrected),
            further=dict(zip(snakemake.params.settings["further"], snakemake.input.further, strict=True)),
            nulls=snakemake.input.nulls,
            atlas=(snakemake.input.atlas, snakemake.input.labels) if snakemake.input.atlas else None,
            output=snakemake.output.table,
            contrast=snakemake.wildcards.contrast,
            stat=snakemake.wildcards.stat,
            stats=snakemake.params.settings["stats"],
            voxel_stat=snakemake.params.settings["voxel_stat"],
            alpha=snakemake.params.settings["alpha"],
            connectivity=snakemake.params.settings["connectivity"],
        )
