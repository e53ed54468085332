"""FWE-corrected p of a statistic, for one contrast or across several."""

import numpy as np
from permaps.permutation.correction import fwe_p, minus_log10, read_maxima
from permaps.permutation.model import Model
from permaps.permutation.observed import Observed
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, models, nulls, logp, stat):
    """Write -log10 corrected p as a map; each voxel of a cluster has the cluster's p, others have p = 1.

    Across contrasts, what a value is compared with is the maximum over all of them of each relabelling.
    That is the same relabelling for all contrasts of one scheme, since it is a function of the design, the
    seed and its index; a contrast of another scheme (an intercept among slopes) is left out.

    Parameters
    ----------
    observed : path
        From `observe`.
    models, nulls : list of path
        Of each contrast, this one's first; of one contrast alone, no models are needed.
    logp : path
        Map to write.
    stat : str
        A key of `permaps.statistics.registry.STATISTICS`.
    """
    found = Observed.load(observed)
    chosen = nulls
    if len(nulls) > 1:
        own, *others = (Model.load(path) for path in models)
        chosen = [nulls[0]] + [
            null for null, other in zip(nulls[1:], others, strict=True) if other.is_synchronised_with(own)
        ]
    maxima = np.max([read_maxima(path, [stat])[stat] for path in chosen], axis=0)
    p = fwe_p(found.reach(stat), maxima, STATISTICS[stat].tie)
    write_map(found.space, logp, minus_log10(p), f"Permaps: -log10 p, {stat}, FWE")
    log.info("%d of %d contrasts", len(chosen), len(nulls))
    log.info("%s: smallest corrected p %.4g", stat, p.min())


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            observed=snakemake.input.observed,
            models=list(snakemake.input.models),
            nulls=list(snakemake.input.nulls),
            logp=snakemake.output.logp,
            stat=snakemake.wildcards.stat,
        )
