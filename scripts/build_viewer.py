"""An interactive view of a contrast's t or F map in the space that it is defined on."""

import json
from pathlib import Path

import numpy as np
from permaps.reporting.captions import write_caption
from permaps.reporting.clusters import residual_dof
from permaps.reporting.drawing import view
from permaps.spaces.files import read_map, read_space
from permaps.workflow.jobs import job, written_whole
from scipy.stats import f, t


def main(*, mask, values, plan, output, caption, contrast, voxel_stat, cluster_p, two_sided):
    """Write the view of one contrast, opened at its highest voxel or vertex.

    Parameters
    ----------
    mask : path
        What the map is defined on.
    values : path
        Signed t, or F.
    plan : path
        Degrees of freedom per contrast (JSON).
    output, caption : path
    contrast : str
    voxel_stat : {"t", "F"}
    cluster_p : float
        Uncorrected p from which elements are shown: the one that forms clusters.
    two_sided : bool
    """
    space = read_space(mask)
    statistic = read_map(space, values)
    planned = json.loads(Path(plan).read_text(encoding="utf-8"))[contrast]
    dof = residual_dof(planned)
    if voxel_stat == "t":
        threshold = t.isf(cluster_p / 2 if two_sided else cluster_p, dof)
        ranked = np.abs(statistic) if two_sided else statistic
    else:
        threshold, ranked = f.isf(cluster_p, *planned["dof"]), statistic
    peak = int(np.argmax(ranked))
    shown = statistic if two_sided or voxel_stat == "F" else np.maximum(statistic, 0)
    title = f"|t| > {threshold:.2f}" if voxel_stat == "t" and two_sided else f"{voxel_stat} > {threshold:.2f}"
    said = f"Shown from {voxel_stat} = {threshold:.2f} on (uncorrected p of {cluster_p:g})."
    if (top := np.abs(shown).max()) <= threshold:
        threshold = 0.99 * top
        title = f"top: {voxel_stat} > {threshold:.2f}"
        said = f"No {space.element} has uncorrected p < {cluster_p:g}: shown from {voxel_stat} = {threshold:.2f} on."
    page = view(space, shown, threshold, title, peak, symmetric=voxel_stat == "t")
    with written_whole(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    write_caption(caption, said)


if "snakemake" in globals():
    with job(snakemake):
        main(
            mask=snakemake.input.mask,
            values=snakemake.input.values,
            plan=snakemake.input.plan,
            output=snakemake.output.page,
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            voxel_stat=snakemake.params.settings["voxel_stat"],
            cluster_p=snakemake.params.settings["cluster_p"],
            two_sided=snakemake.params.settings["two_sided"],
        )
