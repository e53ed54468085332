"""The maxima over all contrasts of each relabelling."""

import numpy as np
from permaps.workflow.jobs import job, log, written_whole


def main(*, models, nulls, null):
    """Write the null across contrasts, a scheme at a time.

    A relabelling is the same for all contrasts of one scheme, since it is a function of the design, the seed
    and its index. Contrasts of another scheme (an intercept among slopes) have maxima of their own.

    Parameters
    ----------
    models, nulls : list of path
        Of each contrast, all of one voxel statistic.
    null : path
        .npz to write: `{scheme}_{statistic}` for every statistic of the nulls.
    """
    maxima, contrasts = {}, {}
    for path, own in zip(models, nulls, strict=True):
        with np.load(path, allow_pickle=False) as model, np.load(own, allow_pickle=False) as stored:
            scheme = str(model["scheme"])
            contrasts[scheme] = contrasts.get(scheme, 0) + 1
            for name in stored.files:
                values, key = stored[name], f"{scheme}_{name}"
                maxima[key] = np.maximum(maxima.get(key, values), values)
    with written_whole(null) as temporary:
        np.savez(temporary, **maxima)
    log.info("%s", ", ".join(f"{n} contrasts by scheme {scheme}" for scheme, n in contrasts.items()))


if "snakemake" in globals():
    with job(snakemake):
        main(
            models=list(snakemake.input.models),
            nulls=list(snakemake.input.nulls),
            null=snakemake.output.null,
        )
