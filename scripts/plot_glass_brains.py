"""The example's figure: -log10 p of several statistics, on glass brains or as the space has it, on one scale."""

from permaps.permutation.thresholds import significant
from permaps.reporting.captions import write_caption
from permaps.reporting.drawing import draw_panels
from permaps.reporting.style import save
from permaps.spaces.files import read_map, read_space
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job


def main(*, mask, parametric, permuted, outputs, caption, contrast, stats, alpha):
    """Draw one contrast's corrected maps side by side.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    parametric : path or None
        -log10 p by Bonferroni, drawn first; left out when None.
    permuted : list of path
        -log10 FWE p, in the order of `stats`.
    outputs : list of path
        The figure, in as many formats.
    caption : path
    contrast : str
    stats : list of str
        Names of the statistics as in file names.
    alpha : float
        Corrected level.
    """
    space = read_space(mask)
    panels = [
        (f"Permutation Test ({STATISTICS[s].title} FWE)", read_map(space, p))
        for s, p in zip(stats, permuted, strict=True)
    ]
    # Parametric p can be smaller than any p by relabelling. A scale up to them would leave the others dark.
    most = max(values.max() for _, values in panels)
    if parametric:
        panels.insert(0, ("Parametric Test (Bonferroni FWE)", read_map(space, parametric)))
    figure = draw_panels(space, panels, alpha, f"{contrast} (corrected p ≤ {alpha:g})", most)
    save(figure, *outputs)
    counts = [f"{name}: {int(significant(values, alpha).sum()):,}" for name, values in panels]
    write_caption(
        caption,
        f"{space.elements.capitalize()} with corrected p of at most {alpha:g}. " + "; ".join(counts) + ".",
    )


if "snakemake" in globals():
    with job(snakemake):
        main(
            mask=snakemake.input.mask,
            parametric=snakemake.input.get("parametric"),
            permuted=list(snakemake.input.permuted),
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stats=snakemake.params.settings["stats"],
            alpha=snakemake.params.settings["alpha"],
        )
