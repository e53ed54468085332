"""What every rule has and none has to say."""

from pathlib import Path

from permaps.inputs.tables import partners
from permaps.workflow.digest import library_digest
from permaps.workflow.records import Records, dates_of, digest


def complete(rule, home, results, resources):
    """Give a rule its log, its benchmark, its environment, and what its results depend on beside its settings.

    Parameters
    ----------
    rule : snakemake.rules.Rule
        With a script.
    home : pathlib.Path
        The folder with the Snakefile.
    results : str
        Folder for logs and benchmarks.
    resources : dict
        Those that a rule has unless it names others.
    """
    rule.log_modifier = rule.benchmark_modifier = rule.output_modifier
    rule.set_log(f"{results}/logs/{_stem(rule)}.log")
    rule.benchmark = f"{results}/benchmarks/{_stem(rule)}.tsv"
    rule.conda_env = rule.conda_env or str(home / "envs/imaging.yaml")
    # Snakemake knows of neither: modules that a script imports, and files that changed without a newer date.
    rule.set_params(
        library=library_digest(home / "scripts" / Path(str(rule.script)).name),
        sources=lambda wildcards, input, output: state_of(input, output[0], Records(results)),
    )
    missing = {name: value for name, value in resources.items() if name not in rule.resources}
    rule.resources.update(type(rule.resources).from_mapping(missing))


def _stem(rule):
    """Name the files about a job by its rule and its wildcards: `fit_tail/analysis-age_stat-t`."""
    wildcards = "_".join(f"{name}-{{{name}}}" for name in sorted(rule.wildcard_names))
    return f"{rule.name}/{wildcards}" if wildcards else rule.name


def state_of(files, first, records):
    """Return a token of the files from outside that a job reads: another one when one of them changes.

    Parameters
    ----------
    files : iterable of path
        What the job reads; results of other jobs do not count.
    first : path
        The job's first result, whose record knows what the files were.
    records : permaps.workflow.records.Records

    Returns
    -------
    str
    """
    outside = [part for file in files if records.name(file) is None for part in partners(file)]
    return digest(dates_of(outside, records.seen(first))) if outside else ""
