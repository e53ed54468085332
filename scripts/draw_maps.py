"""A test's group maps: what is significant, on one scale; the statistic in slices; and an interactive view."""

from permaps.figures.drawing import draw_glass, draw_panels, draw_statistic, view
from permaps.figures.map_figures import from_sides, how_many, in_panel, in_slices, in_view, on_scale
from permaps.figures.style import draw, write_view
from permaps.reporting.captions import write_caption
from permaps.spaces.files import read_map, read_space
from permaps.statistics.registry import panels_of
from permaps.workflow.jobs import job, read_json


def main(
    *, mask, values, parametric, corrected, panels, slices, caption, title, voxel_stat, alpha, glass=()
):  # fmt: skip
    """Draw a test's maps, with what each corrected statistic finds significant.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    values, parametric : path
        Signed t, F, or how a joint test combines; and its parametric -log10 p by Bonferroni.
    corrected : dict of str to path
        -log10 FWE p by the statistic's name in file names.
    panels : dict of str to list of path
        Figures on one scale of p, each in as many formats, by the name of the panel.
    slices : dict of str to list of path
        Figures of `values`, by the statistic whose significance they show.
    caption : path
    title : str
        What the test is called.
    voxel_stat : str
        The voxel statistic, by its name in file names.
    alpha : float
        Corrected level.
    glass : list of path
        Figure of what is significant from three sides, of volumes.
    """
    space = read_space(mask)
    statistic, of_perfect_fits = on_scale(read_map(space, values), voxel_stat)
    bonferroni = read_map(space, parametric)
    logp = {stat: read_map(space, path) for stat, path in corrected.items()}
    for panel, paths in panels.items():
        draw(paths, draw_panels, space, *in_panel(panel, logp, bonferroni, title, alpha))
    if glass:
        draw(glass, draw_glass, space, statistic, *from_sides(logp, title, voxel_stat, alpha))
    for stat, paths in slices.items():
        marked = in_slices(space, stat, logp[stat], title, voxel_stat, alpha)
        draw(paths, draw_statistic, space, statistic, *marked)
    write_caption(caption, how_many(space, logp, bonferroni, alpha) + of_perfect_fits)


def build_viewer(*, mask, values, plan, output, caption, contrast, voxel_stat, cluster_p, two_sided):
    """Write the interactive view of a test, opened at its highest element.

    Parameters
    ----------
    mask, values, voxel_stat
        As for `main`.
    plan : path
        Degrees of freedom per contrast, or the threshold of a joint test (JSON).
    output, caption : path
    contrast : str
        By its name in the plan.
    cluster_p : float
        Uncorrected p from which elements are shown: the one that forms clusters.
    two_sided : bool
    """
    space = read_space(mask)
    contrast_plan = read_json(plan)[contrast]
    shown, text = in_view(space, read_map(space, values), contrast_plan, voxel_stat, cluster_p, two_sided)
    write_view(output, view, space, *shown)
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
            title=settings["title"],
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
