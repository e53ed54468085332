"""The statistic of a joint test, its normal deviate, and its parametric p after Bonferroni."""

import numpy as np
from permaps.permutation.correction import minus_log10
from permaps.permutation.joint import load_model
from permaps.permutation.null import heights_of, observed_statistic
from permaps.spaces.files import write_map
from permaps.workflow.jobs import log, run


def main(*, matrix, covariates, model, title, stat, z, bonferroni):
    """Write the maps.

    Parameters
    ----------
    matrix, covariates : list of path
        Of every input.
    model : path
        From `build_joint`.
    title : str
    stat, z, bonferroni : path
        Maps to write: the statistic; the normal deviate of its parametric p, which is enhanced, where the p of a
        combination is that of independent tests; -log10 of the parametric p times the number of elements. For that, a
        combination has the smallest p of its tests times their number, which holds whatever the dependence.
    """
    model = load_model(model)
    maps = model.maps(matrix)
    values = observed_statistic(maps, model.estimator(covariates), model.exchangeability, is_f=model.is_f)
    p = model.parametric_p(maps, covariates, values) * model.space.n_elements
    write_map(model.space, stat, values, f"Permaps: {model.statistic} of {title}")
    write_map(model.space, z, heights_of(values, model.rescaled), f"Permaps: z of {title}, parametric")
    write_map(model.space, bonferroni, minus_log10(np.minimum(p, 1)), "Permaps: -log10 p, Bonferroni")
    log.info("%d %s, largest %.3f", model.space.n_elements, model.space.elements, values.max())


if "snakemake" in globals():
    run(main, snakemake)
