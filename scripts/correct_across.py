"""FWE-corrected p of every statistic of a contrast, across all contrasts."""

from permaps.permutation.correction import fwe_p, minus_log10, read_maxima
from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, null, logp):
    """Write -log10 corrected p as maps.

    Parameters
    ----------
    observed : path
        From `observe`.
    null : path
        From `merge_contrasts`.
    logp : dict of str to path
        Maps to write, by the statistic's name in file names.
    """
    maps = Observed.load(observed)
    for stat, maxima in read_maxima(null, logp, maps.scheme).items():
        p = fwe_p(maps.reach(stat), maxima, STATISTICS[stat].tie)
        write_map(maps.space, logp[stat], minus_log10(p), f"Permaps: -log10 p, {stat}, FWE across contrasts")
        log.info("%s: smallest corrected p %.4g", stat, p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            observed=snakemake.input.observed,
            null=snakemake.input.null,
            logp=dict(zip(snakemake.params.settings["stats"], snakemake.output.logp, strict=True)),
        )
