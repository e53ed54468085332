"""A contrast's group maps: what is significant, on one scale; the statistic in slices; and an interactive view."""

import numpy as np
from permaps.figures.drawing import draw_glass, draw_panels, draw_statistic, view
from permaps.figures.style import draw, write_view
from permaps.permutation.null import cluster_threshold
from permaps.permutation.thresholds import significant
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_map, read_space
from permaps.statistics.registry import STATISTICS, panels_of
from permaps.workflow.jobs import job, read_json

BONFERRONI = "Parametric Test (Bonferroni FWE)"


def main(
    *, mask, values, parametric, corrected, panels, slices, caption, contrast, voxel_stat, alpha, glass=()
):  # fmt: skip
    """Draw one contrast's maps, with what each corrected statistic finds significant.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    values, parametric : path
        t or F, and its -log10 p by Bonferroni.
    corrected : dict of str to path
        -log10 FWE p by the statistic's name in file names.
    panels : dict of str to list of path
        Figures on one scale of p, each in as many formats, by the name of the panel.
    slices : dict of str to list of path
        Figures of t or F, by the statistic whose significance they show.
    caption : path
    contrast : str
    voxel_stat : str
        The voxel statistic, by its name in file names.
    alpha : float
        Corrected level.
    glass : list of path
        Figure of what is significant from three sides, of volumes.
    """
    space = read_space(mask)
    statistic, bonferroni = read_map(space, values), read_map(space, parametric)
    logp = {stat: read_map(space, path) for stat, path in corrected.items()}
    for panel, paths in panels.items():
        draw(paths, draw_panels, space, *shown_in(panel, logp, bonferroni, contrast, alpha))
    if glass:
        draw(glass, draw_glass, space, *seen_from_sides(statistic, logp, contrast, voxel_stat, alpha))
    counts = [f"{BONFERRONI}: {significant(bonferroni, alpha).sum():,}"]
    unit, signed = STATISTICS[voxel_stat].unit, not STATISTICS[voxel_stat].one_tail
    for stat, paths in slices.items():
        inside, name = significant(logp[stat], alpha), STATISTICS[stat].title
        count = int(inside.sum())
        elements = space.element if count == 1 else space.elements
        title = f"{contrast}: {name}, {count:,} significant {elements} (corrected p ≤ {alpha:g})"
        draw(paths, draw_statistic, space, statistic, inside, unit, title, signed)
        counts.append(f"{name}: {count:,}")
    write_caption(
        caption,
        f"{space.elements.capitalize()} with corrected p of at most {alpha:g}. " + "; ".join(counts) + ".",
    )


def shown_in(panel, logp, bonferroni, contrast, alpha):
    """Return what a panel shows: maps of p with their names, the level, a title, and the end of the scale."""
    shown = [
        (f"Permutation Test ({STATISTICS[s].title} FWE)", p)
        for s, p in logp.items()
        if STATISTICS[s].panel == panel
    ]
    # Parametric p can be smaller than any p by relabelling. A scale up to them would leave the others dark.
    most = max((p.max() for _, p in shown), default=None)
    if panel == "comparison":
        shown.insert(0, (BONFERRONI, bonferroni))
    return shown, alpha, f"{contrast} (corrected p ≤ {alpha:g})", most


def seen_from_sides(statistic, logp, contrast, voxel_stat, alpha):
    """Return what is drawn from three sides: the statistic, where it is significant, its name, and a title."""
    stat = "tfce" if "tfce" in logp else next(iter(logp))
    inside, name = significant(logp[stat], alpha), STATISTICS[stat].title
    shown = f"where {name} is significant" if inside.any() else f"nothing significant by {name}; highest 1 %"
    unit = STATISTICS[voxel_stat].unit
    return statistic, inside, unit, f"{contrast}: {unit}, {shown}"


def build_viewer(*, mask, values, plan, output, caption, contrast, voxel_stat, cluster_p, two_sided):
    """Write the interactive view of one contrast, opened at its highest voxel or vertex.

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
    voxel_stat : str
        The voxel statistic, by its name in file names.
    cluster_p : float
        Uncorrected p from which elements are shown: the one that forms clusters.
    two_sided : bool
    """
    space = read_space(mask)
    statistic = read_map(space, values)
    contrast_plan = read_json(plan)[contrast]
    unit, signed = STATISTICS[voxel_stat].unit, not STATISTICS[voxel_stat].one_tail
    both_signs = signed and two_sided
    threshold = contrast_plan.get("threshold")  # of a joint test
    if threshold is None:
        *n_interest, dof = np.atleast_1d(contrast_plan["dof"])
        threshold = cluster_threshold(cluster_p, dof, *n_interest or [1], voxel_stat == "F", both_signs)
    peak = int(np.argmax(np.abs(statistic) if both_signs else statistic))
    shown = statistic if both_signs or not signed else np.maximum(statistic, 0)
    title = f"|t| > {threshold:.2f}" if both_signs else f"{unit} > {threshold:.2f}"
    text = f"Shown from {unit} = {threshold:.2f} on (uncorrected p of {cluster_p:g})."
    if (top := np.abs(shown).max()) <= threshold:
        threshold = 0.99 * top
        title = f"top: {unit} > {threshold:.2f}"
        text = (
            f"No {space.element} has uncorrected p < {cluster_p:g}: shown from {unit} = {threshold:.2f} on."
        )
    write_view(output, view, space, shown, threshold, title, peak, signed)
    write_caption(caption, text)


if "snakemake" in globals():
    with job(snakemake):
        settings, output = snakemake.params.settings, snakemake.output
        shared = {
            "mask": snakemake.input.mask,
            "values": snakemake.input.values,
            "voxel_stat": settings["voxel_stat"],
        }
        panels = zip(output.panels, output.panels_svg, strict=True)
        slices = zip(output.slices, output.slices_svg, strict=True)
        main(
            parametric=snakemake.input.parametric,
            corrected=dict(zip(settings["stats"], snakemake.input.corrected, strict=True)),
            panels=dict(zip(panels_of(settings["stats"]), panels, strict=True)),
            slices=dict(zip(settings["stats"], slices, strict=True)),
            glass=[*output.glass],
            caption=output.caption,
            contrast=settings["title"],
            alpha=settings["alpha"],
            **shared,
        )
        build_viewer(
            plan=snakemake.input.plan,
            output=output.viewer,
            caption=output.viewer_caption,
            contrast=settings["contrast"],
            cluster_p=settings["cluster_p"],
            two_sided=settings["two_sided"],
            **shared,
        )
