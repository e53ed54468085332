"""The conjunction of several tests, from their observed maps and nulls."""

from permaps.permutation.conjunction import conjoin
from permaps.permutation.joint import load_model
from permaps.permutation.observed import Observed
from permaps.workflow.arrays import write_arrays
from permaps.workflow.jobs import log, run


def main(*, model, partials, nulls, counts, shift, observed, null, exceedances):
    """Write what other tests have from their relabellings.

    Parameters
    ----------
    model : path
        From `build_joint`.
    partials, nulls, counts : list of path
        Observed maps, nulls and counts of every test.
    shift : int or None
        Of bounds on true discoveries; None for none.
    observed, null, exceedances : path
        To write.
    """
    model = load_model(model)
    observed_maps, maxima, reached = conjoin(
        [Observed.load(path) for path in partials],
        nulls,
        counts,
        [test.elements for test in model.tests],
        model.space,
        concordant=len(model.signs) > 1,
        shift=shift,
    )
    observed_maps.save(observed)
    for output, arrays in ((null, maxima), (exceedances, reached)):
        write_arrays(output, **arrays)
    log.info("%d tests, %d %s", len(partials), model.space.n_elements, model.space.elements)


if "snakemake" in globals():
    run(main, snakemake)
