"""What every rule has, so that no rule has to repeat it."""

from pathlib import Path

from permaps.inputs.tables import partners
from permaps.workflow.digest import library_digest
from permaps.workflow.records import Records, dates_of, digest


def complete(rule, home, results, resources):
    """Give a rule its log, benchmark, environment and resources, and the parameters that make it run again.

    Parameters
    ----------
    rule : snakemake.rules.Rule
        With a script.
    home : pathlib.Path
        The folder with the Snakefile.
    results : str
        Folder for logs and benchmarks.
    resources : dict
        Used for a rule that names no others.
    """
    rule.log_modifier = rule.benchmark_modifier = rule.output_modifier
    rule.set_log(f"{results}/logs/{_stem(rule)}.log")
    rule.benchmark = f"{results}/benchmarks/{_stem(rule)}.tsv"
    rule.conda_env = rule.conda_env or str(home / "envs/imaging.yaml")
    # Snakemake notices neither an edited module that a script imports, nor a changed file with an older date.
    rule.set_params(
        library=library_digest(home / "scripts" / Path(str(rule.script)).name),
        sources=lambda wildcards, input, output: state_of(input, output[0], Records(results)),
    )
    missing = {name: value for name, value in resources.items() if name not in rule.resources}
    rule.resources.update(type(rule.resources).from_mapping(missing))


def _stem(rule):
    """Name the log and benchmark of a job by its rule and wildcards: `fit_tail/analysis-age_stat-t`."""
    wildcards = "_".join(f"{name}-{{{name}}}" for name in sorted(rule.wildcard_names))
    return f"{rule.name}/{wildcards}" if wildcards else rule.name


def state_of(files, first, records):
    """Return a token of the user's files that a job reads. It changes when one of the files changes.

    Parameters
    ----------
    files : iterable of path
        What the job reads; results of other jobs do not count.
    first : path
        The job's first result. Its record says what the files were.
    records : permaps.workflow.records.Records

    Returns
    -------
    str
    """
    outside = [part for file in files if records.name(file) is None for part in partners(file)]
    return digest(dates_of(outside, records.seen(first))) if outside else ""
