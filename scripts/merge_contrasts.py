"""The smallest p over all contrasts of each relabelling, or over all inputs and contrasts."""

import numpy as np
from permaps.permutation.smallest import smallest_p
from permaps.statistics.registry import TIES
from permaps.workflow.arrays import write_arrays
from permaps.workflow.jobs import log, run


def main(*, models, nulls, null):
    """Write the null across contrasts and inputs, a scheme at a time.

    A relabelling is the same for all inputs and all contrasts of one scheme, since it is a function of the
    design, the seed and its index. Contrasts of another scheme (an intercept among slopes) have a null of
    their own.

    Parameters
    ----------
    models, nulls : list of path
        Of each contrast of an input.
    null : path
        .npz to write: `{scheme}_{statistic}` for every statistic of the nulls.
    """
    maxima = {}
    for path, own in zip(models, nulls, strict=True):
        with np.load(path, allow_pickle=False) as model, np.load(own, allow_pickle=False) as stored:
            for key in TIES.keys() & set(stored.files):
                maxima.setdefault((str(model["scheme"]), key), []).append((stored[key], TIES[key]))
    write_arrays(null, **{f"{scheme}_{key}": smallest_p(each) for (scheme, key), each in maxima.items()})
    numbers = {scheme: len(each) for (scheme, _), each in maxima.items()}
    log.info("%s", ", ".join(f"{n} nulls by scheme {scheme}" for scheme, n in numbers.items()))


if "snakemake" in globals():
    run(main, snakemake)
