"""A test's figures besides its maps: its nulls, how p settled, how much is active, and the data at its peaks."""

from permaps.figures.null_figures import plot_convergence, plot_discoveries, plot_distributions, ranked_in
from permaps.figures.peak_figures import plot_peaks
from permaps.permutation.correction import read_maxima
from permaps.permutation.discoveries import Bound
from permaps.spaces.files import read_space
from permaps.tables.tsv import read_frame
from permaps.workflow.jobs import job, read_json
from permaps.workflow.provenance import drawn_in


def main(
    *, mask, null, plan, tables, figures, captions, contrast, title, voxel_stat, alpha, extent, shift, observed,
    **behind_peaks,
):  # fmt: skip
    """Draw the figures that the test has.

    Parameters
    ----------
    mask : path
        What its maps are defined on.
    null : path
        From `merge_nulls`.
    plan : path
        Distinct relabellings per contrast (JSON).
    tables : dict of str to path
        Cluster tables by the statistic's name in file names.
    figures : dict of str to list of path
        Each in as many formats, by name: `nulls`, `convergence`, `discoveries` with `observed`, `peaks`.
    captions : dict of str to path
        By the same names.
    contrast, title : str
        Its name in the plan, and what it is called.
    voxel_stat : str
        The voxel statistic, by its name in file names.
    alpha : float
        Corrected level.
    extent : str
        Unit of the size of clusters.
    shift : int or None
        Of bounds on true discoveries.
    observed : path or None
        Observed maps, for those bounds.
    **behind_peaks
        The files that `permaps.figures.peak_figures.plot_peaks` takes, where there are data at the peaks.
    """
    nulls, space = read_maxima(null, tables), read_space(mask)
    clusters = {stat: read_frame(path) for stat, path in tables.items()}
    exact = drawn_in(null, read_json(plan)[contrast]["n_distinct"])["exact"]
    ranked, words = ranked_in(null, tables, voxel_stat)
    plot_distributions(nulls, figures["nulls"], captions["nulls"], title, alpha, extent, ranked, words, exact)
    plot_convergence(nulls, clusters, figures["convergence"], captions["convergence"], title, alpha, exact)
    if observed:
        bound = Bound.read(null, observed, shift, alpha)
        outputs = figures["discoveries"], captions["discoveries"]
        plot_discoveries(bound, space, clusters, *outputs, title, alpha)
    if behind_peaks:
        plot_peaks(
            space=space, tables=clusters.values(), outputs=figures["peaks"], caption=captions["peaks"],
            contrast=contrast, title=title, voxel_stat=voxel_stat, **behind_peaks,
        )  # fmt: skip


if "snakemake" in globals():
    with job(snakemake):
        settings = dict(snakemake.params.settings)
        given, output = dict(snakemake.input.items()), dict(snakemake.output.items())
        names = [name for name in output if f"{name}_caption" in output]
        main(
            **given | {"tables": dict(zip(settings.pop("stats"), given["tables"], strict=True))},
            figures={name: output[name] for name in names},
            captions={name: output[f"{name}_caption"] for name in names},
            **settings,
        )
