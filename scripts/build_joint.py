"""Put the models of several tests together into that of a joint test."""

from permaps.permutation.joining import joined
from permaps.permutation.joint import load_model
from permaps.spaces.files import write_space
from permaps.statistics.deviates import reached_at
from permaps.workflow.jobs import job, log, write_json
from permaps.workflow.provenance import plain


def main(*, models, matrices, inputs, name, statistic, direction, two_sided, cluster_p, output, mask, plan):
    """Write the model of a joint test, the space of its elements and its plan.

    Parameters
    ----------
    models : dict of str to path
        Of the tests that are combined, by what they are called.
    matrices : list of path
        The maps of every input.
    inputs : list of int
        The input of each test, by its number among the matrices.
    name : str
        Of the joint test.
    statistic : str
        Name of the combination or of the multivariate test.
    direction : {"one-sided", "two-sided", "concordant"} or None
        Of a combination; None: as `two_sided` says.
    two_sided : bool
    cluster_p : float
        Uncorrected p that forms clusters.
    output, mask, plan : path
        To write: the model; what its elements are; its scheme and number of distinct relabellings (JSON).
    """
    tests = {title: load_model(path) for title, path in models.items()}
    model = joined(name, tests, matrices, inputs, statistic, direction=direction, two_sided=two_sided)
    write_space(model.space, mask, f"Permaps: elements of {name}")
    model.save(output)
    joint_plan = {
        "scheme": model.scheme,
        "n_distinct": model.exchangeability.n_distinct,
        "threshold": reached_at(model.log_p, cluster_p),
        "n_participants": len(model.tests[0].design),
        "warnings": [],
    }
    write_json(plan, plain({name: joint_plan}))
    log.info("%s: %d tests, %d %s", name, len(tests), model.space.n_elements, model.space.elements)


if "snakemake" in globals():
    with job(snakemake):
        settings = snakemake.params.settings
        main(
            models=dict(zip(settings["titles"], snakemake.input.models, strict=True)),
            matrices=list(snakemake.input.matrices),
            **{name: value for name, value in settings.items() if name != "titles"},
            output=snakemake.output.model,
            mask=snakemake.output.mask,
            plan=snakemake.output.plan,
        )
