"""FWE-corrected p of a statistic, for one contrast or across several."""

from permaps.permutation.correction import fwe_p, minus_log10, read_maxima
from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, null, logp, stat, across):
    """Write -log10 corrected p as a map; each voxel of a cluster has the cluster's p, others have p = 1.

    Parameters
    ----------
    observed : path
        From `observe`.
    null : path
        Of this contrast, or of all from `merge_contrasts`.
    logp : path
        Map to write.
    stat : str
        A key of `permaps.statistics.registry.STATISTICS`.
    across : bool
        Whether the null is that of all contrasts.
    """
    found = Observed.load(observed)
    maxima = read_maxima(null, [stat], found.scheme if across else None)[stat]
    p = fwe_p(found.reach(stat), maxima, STATISTICS[stat].tie)
    write_map(found.space, logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE")
    log.info("%s: smallest corrected p %.4g", stat, p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            observed=snakemake.input.observed,
            null=snakemake.input.null,
            logp=snakemake.output.logp,
            stat=snakemake.wildcards.stat,
            across=snakemake.params.settings["across"],
        )
