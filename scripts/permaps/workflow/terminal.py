"""What a run says on the terminal: what it will do, what came out, where to look when it failed.

Text alone is made here, from the config and from files that lie in the results; the standard library
suffices, since this is read whenever the Snakefile is.
"""

import csv
import math
import re
from pathlib import Path

from permaps.inputs.tables import read_rows
from permaps.workflow.errors import UserError

SHOWN = {"voxel": "voxel", "tfce": "TFCE", "cluster_size": "cluster size", "cluster_mass": "cluster mass"}
# Seconds until a job's script begins, which no benchmark counts.
OVERHEAD = 1.0


def plan(config, jobs, workers, version):
    """Return the start banner.

    Parameters
    ----------
    config : dict
        As resolved.
    jobs : list of (str, dict)
        Rule and wildcards of every job that will run.
    workers : int or None
        Jobs that run at a time; None when nothing limits them.
    version : str

    Returns
    -------
    str
    """
    model, inference = config["model"], config["inference"]
    tests = [f"{c} ({'F' if isinstance(e, list) else 't'})" for c, e in model["contrasts"].items()]
    statistics = ", ".join(SHOWN[s] for s in inference["statistics"])
    lines = {
        "participants": participants(config["dataset"]),
        "voxels": _voxels(config["results"], jobs),
        "model": f"{model['formula']}; maps smoothed by {config['smoothing_fwhm'] or 0:g} mm",
        "contrasts": ", ".join(tests),
        "relabellings": _relabellings(config, jobs),
        "statistics": f"{statistics}; corrected level {inference['alpha']:g}",
        "jobs": _jobs(config["results"], jobs, workers),
        "results": f"{config['results']}/",
    }
    return _block(f"Permaps {version}", {name: text for name, text in lines.items() if text})


def participants(dataset):
    """Say how many participants the source has, before anyone is left out."""
    if dataset["source"] == "table":
        try:
            return f"{len(read_rows(dataset['path'])[1])}, of {dataset['path']}"
        except UserError:  # the job that reads it can tell it better
            return f"of {dataset['path']}"
    return (
        f"{dataset['n_subjects']}, "
        + {"simulated": "simulated", "localizer": "of the Localizer"}[dataset["source"]]
    )


def _voxels(results, jobs):
    """Say how many voxels the mask has, where that is known and stays."""
    try:
        counts = {row["reason"]: int(row["n_voxels"]) for row in _rows(Path(results) / "quality/voxels.tsv")}
        analysed = counts["analysed"]
    except (OSError, KeyError, ValueError):
        return ""
    return "" if any(rule == "smooth_maps" for rule, _ in jobs) else f"{analysed:,}"


def _relabellings(config, jobs):
    wanted = config["permutation"]["n_permutations"]
    analyses = len(config["model"]["contrasts"]) * (1 + len(config["inference"]["small_volumes"]))
    chunks = analyses * math.ceil(wanted / config["permutation"]["chunk_size"])
    missing = sum(rule == "compute_null_chunk" for rule, _ in jobs)
    each = " of each contrast" if analyses > 1 else ""
    return f"{wanted:,}{each}, in {chunks:,} chunk{'s' * (chunks != 1)}; {missing:,} to compute"


def _jobs(results, jobs, workers):
    at_once = f", {workers} at a time" if workers else ""
    seconds = estimate(jobs, Path(results) / "benchmarks", workers or len(jobs))
    known = f"; {duration(seconds)} by what they took before" if seconds is not None else ""
    return f"{len(jobs):,}{at_once}{known}"


def estimate(jobs, benchmarks, workers):
    """Return how long jobs will take, by the benchmarks of earlier runs.

    Parameters
    ----------
    jobs : list of (str, dict)
        Rule and wildcards.
    benchmarks : path
        Folder with RULE.tsv, or RULE/*.tsv for a rule with wildcards.
    workers : int
        Jobs that run at a time.

    Returns
    -------
    float or None
        Seconds; None where nothing is known, of chunks above all.
    """
    times = {rule: measured(benchmarks, rule) for rule in {rule for rule, _ in jobs}}
    if not any(times.values()) or times.get("compute_null_chunk") == []:
        return None
    usual = _mean([seconds for known in times.values() for seconds, _ in known])
    each = []
    for rule, wildcards in jobs:
        known = times[rule]
        if rule == "compute_null_chunk":
            size = int(wildcards["stop"]) - int(wildcards["start"])
            # Sums: a short chunk is mostly the start of its job.
            each.append(size * sum(s for s, _ in known) / sum(n for _, n in known))
        else:
            each.append(_mean([s for s, _ in known]) if known else usual)
    workers = max(1, min(workers, len(each)))
    return max(sum(each) / workers + OVERHEAD * len(each) / workers, *each, 0.0)


def measured(benchmarks, rule):
    """Return the (seconds, relabellings) of every benchmark of a rule; 1 where it relabels nothing."""
    found = []
    for path in [Path(benchmarks) / f"{rule}.tsv", *(Path(benchmarks) / rule).glob("*.tsv")]:
        try:
            seconds = _mean([float(row["s"]) for row in _rows(path)])
        except (OSError, KeyError, ValueError, ZeroDivisionError):
            continue
        span = re.search(r"_(\d+)-(\d+)$", path.stem)
        found.append((seconds, int(span[2]) - int(span[1]) if span else 1))
    return found


def _mean(values):
    return sum(values) / len(values)


def duration(seconds):
    """Say a time as roughly as it is known."""
    if seconds < 90:
        return f"about {max(10, 10 * round(seconds / 10))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def too_few(n_relabellings, alpha, what="permutation.n_permutations", tail_fit=False):
    """Say that no p can reach the level, or nothing where one can.

    Parameters
    ----------
    n_relabellings : int
        Besides the observed labelling.
    alpha : float
    what : str
        What would have to be raised.
    tail_fit : bool
        Whether smaller p come from a fit of the tails.
    """
    least = 1 / (n_relabellings + 1)
    # As in permaps.thresholds: a p that equals alpha is significant.
    if least <= alpha * (1 + 1e-9):
        return ""
    enough = math.ceil(1 / alpha - 1e-9) - 1
    but = " other than by the tail's fit" if tail_fit else ""
    return (
        f"With {n_relabellings:,} relabelling{'s' * (n_relabellings != 1)} besides the observed one, no corrected p "
        f"can be below {least:.2g}, so nothing can be significant at {alpha:g}{but}. "
        f"It takes {enough:,} at least: {what}."
    )


def closing(results, alpha, report):
    """Return the closing summary.

    Parameters
    ----------
    results : path
        The results' folder, with tables/summary.tsv.
    alpha : float
    report : str
        Where the report is, or how to make it.

    Returns
    -------
    str
    """
    header = ["contrast", "statistic", "voxels", "clusters", "smallest p"]
    rows = [
        [
            row["contrast"],
            row["statistic"],
            f"{int(row['n_significant_voxels']):,}",
            "" if row["n_clusters"] == "n/a" else f"{int(row['n_clusters']):,}",
            f"{float(row['p_fwe']):.2g}",
        ]
        for row in _rows(Path(results) / "tables/summary.tsv")
    ]
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    lines = [
        "  "
        + "  ".join(
            c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in [header, *rows]
    ]
    title = f"Permaps is done: significant at a corrected level of {alpha:g}"
    places = {"summary": f"{results}/summary.html", "report": report}
    return "\n".join([title, "", *lines, "", *_pairs(places)])


def report_of(arguments):
    """Return where the command line has the report made after the run, or an empty string."""
    if "--report-after-run" not in arguments:
        return ""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = argument.partition("=")
        if name == "--report":
            value = value or following
            return value if value and not value.startswith("-") else "report.html"
    return ""


def failure(failed, log):
    """Say where to look.

    Parameters
    ----------
    failed : list of (str, list of str)
        Rule and logs of each job that failed.
    log : list of str
        Snakemake's own log.
    """
    logs = [f"  {rule}: {path}" for rule, paths in failed for path in paths] or [f"  {path}" for path in log]
    more = "Mended, run the same command again: what is finished stays."
    return "\n".join(["Permaps stopped. What went wrong is in", "", *logs, "", more])


def _block(title, lines):
    return "\n".join([title, "", *_pairs(lines)])


def _pairs(lines):
    width = max(map(len, lines))
    return [f"  {name.ljust(width)}  {text}" for name, text in lines.items()]


def _rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
