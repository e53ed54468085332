"""The example's figure: -log10 p of several statistics on glass brains, on one scale."""

import nibabel as nib
from permaps.permutation.thresholds import significant
from permaps.reporting.brains import glass_brains
from permaps.reporting.captions import write_caption
from permaps.reporting.style import save
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job


def main(*, parametric, permuted, outputs, caption, contrast, stats, alpha):
    """Draw one contrast's corrected maps side by side.

    Parameters
    ----------
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
    panels = [
        (f"Permutation Test ({STATISTICS[s].title} FWE)", nib.load(p))
        for s, p in zip(stats, permuted, strict=True)
    ]
    # Parametric p can be smaller than any p by relabelling. A scale up to them would leave the others dark.
    most = max(image.get_fdata().max() for _, image in panels)
    if parametric:
        panels.insert(0, ("Parametric Test (Bonferroni FWE)", nib.load(parametric)))
    figure = glass_brains(panels, alpha, f"{contrast} (corrected p ≤ {alpha:g})", most)
    save(figure, *outputs)
    counts = [f"{name}: {count(image, alpha):,}" for name, image in panels]
    write_caption(caption, f"Voxels with corrected p of at most {alpha:g}. " + "; ".join(counts) + ".")


def count(image, alpha):
    """Return the number of significant voxels of a -log10 p map."""
    return int(significant(image.get_fdata(), alpha).sum())


if "snakemake" in globals():
    with job(snakemake):
        main(
            parametric=snakemake.input.get("parametric"),
            permuted=list(snakemake.input.permuted),
            outputs=[snakemake.output.figure, snakemake.output.vector],
            caption=snakemake.output.caption,
            contrast=snakemake.wildcards.contrast,
            stats=snakemake.params.settings["stats"],
            alpha=snakemake.params.settings["alpha"],
        )
