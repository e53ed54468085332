"""FWE-corrected p of every statistic of a test, across all contrasts, or across all inputs too."""

import numpy as np
from permaps.permutation.correction import minus_log10
from permaps.permutation.observed import Observed
from permaps.permutation.smallest import over_all
from permaps.spaces.files import write_map
from permaps.statistics.registry import STATISTICS
from permaps.workflow.jobs import job, log


def main(*, observed, null, across, logp, what):
    """Write -log10 corrected p as maps.

    Parameters
    ----------
    observed : path
        From `observe`.
    null : path
        The maxima of every relabelling of this test.
    across : path
        From `merge_contrasts`.
    logp : dict of str to path
        Maps to write, by the statistic's name in file names.
    what : str
        What is corrected across, in words.
    """
    observed = Observed.load(observed)
    with np.load(across, allow_pickle=False) as smallest:
        for stat, own in observed.corrected(null, logp).items():
            p = over_all(own, smallest[f"{observed.scheme}_{STATISTICS[stat].key}"])
            write_map(
                observed.space, logp[stat], minus_log10(p), f"Permaps: -log10 p, {stat}, FWE across {what}"
            )
            log.info("%s: smallest corrected p %.4g", stat, p.min())


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            what=snakemake.params.settings["across"],
            logp=dict(zip(snakemake.params.settings["stats"], snakemake.output.logp, strict=True)),
        )
