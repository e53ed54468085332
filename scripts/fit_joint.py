"""The combined statistic of a joint test, its normal deviate, and Bonferroni over all its tests."""

import numpy as np
from permaps.permutation.correction import minus_log10
from permaps.permutation.joint import load_model
from permaps.permutation.null import heights_of, observed_statistic
from permaps.spaces.files import write_map
from permaps.statistics.combinations import smallest_log_p
from permaps.workflow.jobs import job, log


def main(*, matrices, covariates, model, title, stat, z, bonferroni):
    """Write the maps.

    Parameters
    ----------
    matrices, covariates : list of path
        Of every input.
    model : path
        From `build_joint`.
    title : str
    stat, z, bonferroni : path
        Maps to write: the combination; the normal deviate of the p that it has if the tests are independent, which
        is enhanced; -log10 of the smallest parametric p of the tests, times their number and that of elements, which
        holds whatever the dependence.
    """
    model = load_model(model)
    estimator, maps = model.estimator(covariates), model.maps(matrices)
    combined = observed_statistic(maps, estimator, model.exchangeability, is_f=model.is_f)
    each = [
        observed_statistic(own, one, model.exchangeability, is_f=part.is_f)
        for own, one, part in zip(maps, estimator.estimators, model.parts, strict=True)
    ]
    p = np.exp(smallest_log_p(each, model.partials)) * len(each) * model.space.n_elements
    write_map(model.space, stat, combined, f"Permaps: {model.statistic} of {title}")
    write_map(model.space, z, heights_of(combined, model.rescaled), f"Permaps: z of {title}, if independent")
    write_map(model.space, bonferroni, minus_log10(np.minimum(p, 1)), "Permaps: -log10 p, tests, Bonferroni")
    log.info("%d %s, largest %.3f", model.space.n_elements, model.space.elements, combined.max())


if "snakemake" in globals():
    with job(snakemake):
        main(
            matrices=list(snakemake.input.matrix),
            covariates=list(snakemake.input.covariates),
            model=snakemake.input.model,
            title=snakemake.params.settings["title"],
            stat=snakemake.output.stat,
            z=snakemake.output.z,
            bonferroni=snakemake.output.bonferroni,
        )
