"""What every rule has, so that no rule has to repeat it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from permaps.workflow.digest import Sources, library_digest

if TYPE_CHECKING:
    from snakemake.rules import Rule


# For a rule that names no others.
_RESOURCES = {
    "mem_mb": lambda wildcards, attempt: attempt * 1500,
    "runtime": lambda wildcards, attempt: attempt * 120,
}


def complete(
    rule: "Rule",
    home: Path,
    results: str,
    sources: Sources,
    analysis: str = "",
    of: str = "",
) -> None:
    """Give a rule its log, benchmark, environment and resources, and the parameters that make it run again.

    Parameters
    ----------
    rule : snakemake.rules.Rule
        With a script.
    home : pathlib.Path
        The folder with the Snakefile.
    results : str
        Folder for logs and benchmarks.
    sources : Sources
        The same for all rules.
    analysis : str
        The name of the analysis, where there are several.
    of : str
        The folder that this rule's results have in common, below that for the results of all.
    """
    if analysis:
        rule.message = f"{of}: {rule.message}"
    rule.log_modifier = rule.benchmark_modifier = rule.output_modifier
    below = f"{of}/{stem(rule, analysis)}" if of else stem(rule)
    rule.set_log(f"{results}/logs/{below}.log")
    rule.benchmark = f"{results}/benchmarks/{below}.tsv"
    rule.conda_env = str(home / "envs" / environment(rule.snakefile))
    # Snakemake does not know the modules that a script imports: an edit of one has to run the rule again.
    rule.set_params(library=library_digest(home / "scripts" / Path(str(rule.script)).name, sources))
    missing = {name: value for name, value in _RESOURCES.items() if name not in rule.resources}
    rule.resources.update(type(rule.resources).from_mapping(missing))


def environment(rules: str) -> str:
    """Name the environment for the rules of a file: the jobs that relabel are thousands, and need little."""
    return "kernel.yaml" if Path(rules).name == "permutation.smk" else "imaging.yaml"


# Wildcards whose values say what they are.
_SPEAKING = {"test": "{test}", "analysis": "{analysis}", "of": "input-{of}"}


def called(analysis: str) -> str:
    """Return what the names of an analysis' rules begin with."""
    return f"{analysis.replace('/', '.')}_"


def rule_in(name: str, analyses: Iterable[str]) -> str:
    """Return what a rule of one of several analyses is called in an analysis that is alone."""
    begins = [called(analysis) for analysis in analyses if name.startswith(called(analysis))]
    return name.removeprefix(max(begins, key=len, default=""))


def stem(rule: "Rule", analysis: str = "") -> str:
    """Name the log and benchmark of a job by its rule and wildcards: `fit_tail/contrast-age_stat-t`."""
    rulename = rule.name.partition(called(analysis))[2] if analysis else rule.name
    names = sorted(rule.wildcard_names, key=lambda name: (name not in _SPEAKING, name))
    wildcards = "_".join(_SPEAKING.get(name, f"{name}-{{{name}}}") for name in names)
    return f"{rulename}/{wildcards}" if wildcards else rulename
