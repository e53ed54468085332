"""The TFCE of the observed map, exact, with the sign of its statistic."""

from permaps.inputs.images import on_grid
from permaps.permutation.chunk import read_setup
from permaps.permutation.observed import observed_measure
from permaps.workflow.jobs import job


def main(*, matrix, setup, covariates, mask, tfce, analysis, settings):
    """Write the TFCE map of an analysis.

    Parameters
    ----------
    matrix, setup, mask : path
    covariates : list of path
    tfce : path
        Image to write.
    analysis : str
    settings : dict
        What the chunks were computed with.
    """
    enhanced = observed_measure(matrix, setup, covariates, "tfce", settings)
    on_grid(mask, read_setup(setup)["mask"])(tfce, enhanced, f"Permaps: TFCE of {analysis}")


if "snakemake" in globals():
    with job(snakemake):
        main(
            matrix=snakemake.input.matrix,
            setup=snakemake.input.setup,
            covariates=list(snakemake.input.covariates),
            mask=snakemake.input.mask,
            tfce=snakemake.output.tfce,
            analysis=snakemake.wildcards.analysis,
            settings=snakemake.params.settings,
        )
