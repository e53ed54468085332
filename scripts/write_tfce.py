"""The TFCE of the observed map, exact, with the sign of its statistic."""

from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.workflow.jobs import job


def main(*, observed, tfce, analysis):
    """Write the TFCE map of an analysis.

    Parameters
    ----------
    observed : path
        From `observe`.
    tfce : path
        Map to write.
    analysis : str
    """
    found = Observed.load(observed)
    write_map(found.space, tfce, found.measure("tfce"), f"Permaps: TFCE of {analysis}")


if "snakemake" in globals():
    with job(snakemake):
        main(
            observed=snakemake.input.observed,
            tfce=snakemake.output.tfce,
            analysis=snakemake.wildcards.analysis,
        )
