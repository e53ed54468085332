"""What a run writes to the terminal: what it will do, what it found, where to look when it failed.

This module only makes text, from the config and from files in the results. It imports only the standard
library, because it is imported whenever the Snakefile is parsed.
"""

import csv
import math
import os
import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from permaps.cohort.sources import OWN, files_of, read_listing
from permaps.statistics.registry import SHORT, STATISTICS, joint_statistic, voxel_statistic
from permaps.tables.ids import PERSON, has_people
from permaps.workflow.duration import duration, each_of, estimate
from permaps.workflow.errors import UserError, listed
from permaps.workflow.names import about_analyses, each_input, model_in_words

# How permaps.workflow.jobs writes an error into a log.
ERROR = re.compile(r"^\d\d:\d\d:\d\d error: ", re.M)
SHOWN_FILES = 3
SHOWN_TESTS = 12
SHOWN_LOGS = 5
# The messages for a job without an error in its log, and for one with nothing in it: a script imports all that it
# needs before it writes there.
SILENT = (
    "A job ended without an error of its own: it was interrupted, or killed from outside, most often because memory "
    "ran out. What Snakemake reports about it is above."
)
WORDLESS = (
    "A job ended before it wrote anything into its log. It could not be started, if a ModuleNotFoundError or another "
    "traceback is above, or in the log of the cluster: a package is missing in its Python. Otherwise it was "
    "interrupted, or killed from outside, most often because memory ran out."
)

# Why a contrast cannot have more relabellings.
NO_MORE = "the design and its blocks have no more distinct ones"
# The message if no job failed.
INTERRUPTED = "It was interrupted, by Ctrl-C or from outside, before it was finished; no job failed."


def banner(
    config: dict,
    jobs: list[tuple[str, dict]],
    workers: int | None,
    version: str,
    n_analyses: int,
    counts: dict[str, list[str]],
    exhausted: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> str:
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
    n_analyses : int
        How many nulls the run has.
    counts : dict of str to list of str
        By what the elements of the maps are called, the tables that count those of each input.
    exhausted : mapping of str to (int, int)
        Contrasts that have no more distinct relabellings than will be used: how many, and how many of them give the
        observed statistic.
    """
    model, inference = config["model"], config["inference"]
    tests = [f"{c} ({voxel_statistic(e)})" for c, e in model["contrasts"].items()]
    statistics = ", ".join(SHORT[key] for key in inference["statistics"])
    maps, people, first_map = cohort(config["dataset"])
    lines = {
        "participants": participants(config["dataset"], maps, people),
        **{elements: _counted(elements, tables, jobs) for elements, tables in counts.items()},
        "model": f"{model_in_words(model)}; maps smoothed by {config['smoothing_fwhm'] or 0:g} mm",
        "contrasts": _few(tests),
        "joint tests": _few([f"{name} ({_joined(test)})" for name, test in config["joint"].items()]),
        "relabellings": _relabellings(config["permutation"], jobs, n_analyses),
        "smallest p": _few([_smallest(name, *of) for name, of in exhausted.items()]),
        "statistics": f"{statistics}; corrected level {inference['alpha']:g}",
        "jobs": _jobs(config["results"], jobs, workers, maps, first_map),
        "results": f"{config['results']}/",
    }
    told = {name: text for name, text in lines.items() if text}
    return "\n".join([f"Permaps {version}", "", *_pairs(told)])


def banner_of_several(
    configs: dict[str, dict],
    jobs: list[tuple[str, str, dict]],
    results: str,
    workers: int | None,
    version: str,
) -> str:
    """Return the start banner of a run with several analyses: what each of them has to do.

    Parameters
    ----------
    configs : dict of str to dict
        As resolved, by the name of the analysis.
    jobs : list of (str, str, dict)
        Analysis, "" where several share it, rule and wildcards of every job that will run.
    results : str
        Folder for the results of all.
    workers : int or None
        Jobs that run at a time; None when nothing limits them.
    version : str
    """
    rows = [["analysis", "contrasts", "relabellings", "jobs"]]
    for name, config in configs.items():
        mine = [(rule, wildcards) for analysis, rule, wildcards in jobs if analysis == name]
        to_compute = any(rule == "compute_null_chunk" for rule, _ in mine)
        wanted = f"{config['permutation']['n_permutations']:,}"
        tests = _few([*config["model"]["contrasts"], *config["joint"]])
        rows.append([name, tests, wanted if to_compute else f"{wanted}, none to compute", f"{len(mine):,}"])
    shared = sum(analysis == "" for analysis, *_ in jobs)
    rows.append(["shared by several", "", "", f"{shared:,}"])
    whole = [(rule, wildcards) for _, rule, wildcards in jobs]
    one = next(iter(configs.values()))
    maps, _, first_map = cohort(one["dataset"])
    lines = {
        "jobs": _jobs(results, whole, workers, maps, first_map),
        "results": f"{results}/, below it a folder for each analysis",
    }
    title = f"Permaps {version}: {len(configs)} analyses"
    return "\n".join([title, "", *_aligned(rows), "", *_pairs(lines)])


def _few(tests):
    return listed(tests, SHOWN_TESTS, longest=200)


def participants(dataset: dict, n: int | None, people: int | None) -> str:
    """Describe how many participants the source has, before anyone is left out."""
    count = f"{n}" if people is None else f"{n} maps of {people}"
    if dataset["source"] in OWN:
        where = f"of {next(iter(files_of(dataset).values()))}"
        return f"{count}, {where}" if n else where
    return f"{count}, " + {"simulated": "simulated", "localizer": "of the Localizer"}[dataset["source"]]


def cohort(dataset: dict) -> tuple[int | None, int | None, str | None]:
    """Return how many maps the source has, of how many people if they have several, and one of them.

    None for what is not known yet.
    """
    if dataset["source"] not in OWN:
        return dataset.get("n_subjects"), None, None
    n = people = None
    try:
        first = next(iter(each_input(dataset).values()))
        listing = read_listing(first)
        n = len(listing.rows)
        people = len({row[PERSON] for row in listing.rows}) if has_people(dataset) else None
        paths = listing.own_maps(first["maps"])
    except UserError:  # the job that reads the table reports it better
        return n, people, None
    # One is enough: looking for all of them takes a while on a network disk.
    return n, people, next((path for path in paths if path and os.path.isfile(path)), None)


def _smallest(name, n_distinct, n_alike):
    """Say the smallest p by all relabellings that a contrast has."""
    tied = f", of which {n_alike} give the observed statistic" if n_alike > 1 else ""
    return f"{name} {n_alike / n_distinct:.2g} (all {n_distinct:,} distinct relabellings{tied})"


def too_few_of(config: dict, exhausted: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return warnings that too few relabellings were asked for, or of contrasts that do not have enough of them.

    Parameters
    ----------
    config : dict
        As resolved.
    exhausted : mapping of str to (int, int)
        As `banner` takes them.
    """
    alpha, tail_fit = (config["inference"][key] for key in ("alpha", "tail_fit"))
    asked = config["permutation"]["n_permutations"]
    if note := too_few(asked, alpha, "raise permutation.n_permutations", tail_fit):
        return [note]
    by_note = {}
    for name, (n, n_alike) in exhausted.items():
        by_note.setdefault(too_few(n - 1, alpha, NO_MORE, tail_fit, n_alike), []).append(name)
    return [f"{_few(names)}: {note}" for note, names in by_note.items() if note]


def _joined(test):
    """Say how a joint test joins tests, and which."""
    of_inputs = f" of {', '.join(test['inputs'])}" if test["inputs"] else ""
    return f"{STATISTICS[joint_statistic(test)].label}: {', '.join(test['contrasts'])}{of_inputs}"


def _named(statistic):
    """Say the name of a statistic in a table of results, with what follows it."""
    name, comma, correction = statistic.partition(",")
    return (STATISTICS[name].label if name in STATISTICS else name) + comma + correction


def _counted(elements, tables, jobs):
    """Return the number of elements in the mask of each input, if it is known and will not change."""
    if any(rule == "smooth_maps" for rule, _ in jobs):
        return ""
    try:
        analysed = [
            next(int(row[f"n_{elements}"]) for row in _rows(table) if row["reason"] == "analysed")
            for table in tables
        ]
    except (OSError, KeyError, ValueError, StopIteration):
        return ""
    return " and ".join(f"{n:,}" for n in dict.fromkeys(analysed))


def _relabellings(relabelling, jobs, n_analyses):
    wanted = relabelling["n_permutations"]
    chunks = n_analyses * math.ceil(wanted / relabelling["chunk_size"])
    missing = sum(rule == "compute_null_chunk" for rule, _ in jobs)
    each = " of each contrast" if n_analyses > 1 else ""
    return f"{wanted:,}{each}, in {chunks:,} chunk{'s' * (chunks != 1)}; {missing:,} to compute"


def _jobs(results, jobs, workers, people, first_map):
    if not jobs:
        return "0"
    at_once = f", {workers} at a time" if workers else ""
    benchmarks = Path(results) / "benchmarks"
    seconds, source = estimate(jobs, benchmarks, workers or len(jobs), people, grid_of(first_map))
    return f"{len(jobs):,}{at_once}; {duration(seconds)} by {source}"


def expected(config: dict, jobs: list[tuple[str, dict]], results: str | Path) -> list[float]:
    """Return how long each job should take, in seconds; a config of several has the maps that they are judged by."""
    maps, _, first_map = cohort(config["dataset"])
    return each_of(jobs, Path(results) / "benchmarks", maps, grid_of(first_map))[0]


def grid_of(path: str | None) -> int | None:
    """Return the number of voxels of a volume by its header, inside the brain or not; None where there is none."""
    # Here, because every job parses the Snakefile and does without nibabel; a run has imported it to check the maps.
    from permaps.maps.images import UnusableMap, read_grid

    try:
        return math.prod(read_grid(path)[0]) if path else None
    except UnusableMap:
        return None


def too_few(
    n_relabellings: int,
    alpha: float,
    what: str = "permutation.n_permutations",
    tail_fit: bool = False,
    n_alike: int = 1,
) -> str:
    """Return a warning if no p can reach the level, otherwise an empty string.

    Parameters
    ----------
    n_relabellings : int
        Besides the observed labelling.
    alpha : float
    what : str
        What has to be raised.
    tail_fit : bool
        Whether smaller p come from a fit of the tails.
    n_alike : int
        Relabellings that give the observed statistic whatever the data are, the observed one included.
    """
    least = n_alike / (n_relabellings + 1)
    # As in permaps.permutation.thresholds: a p that equals alpha is significant.
    if least <= alpha * (1 + 1e-9):
        return ""
    enough = math.ceil(n_alike / alpha - 1e-9) - 1
    gives = "one gives" if n_alike == 2 else f"{n_alike - 1} give"
    tied = f", of which {gives} the observed statistic whatever the data are," if n_alike > 1 else ","
    but = " other than by the tail's fit" if tail_fit else ""
    return (
        f"With {n_relabellings:,} relabelling{'s' * (n_relabellings != 1)} besides the observed one{tied} no "
        f"corrected p can be below {least:.2g}, so nothing can be significant at {alpha:g}{but}. "
        f"It takes {enough:,} at least: {what}."
    )


def closing(results: str | Path, alpha: float, volumes: bool = False) -> str:
    """Return the closing summary.

    Parameters
    ----------
    results : path
        The results' folder, with tables/summary.tsv.
    alpha : float
    volumes : bool
        Whether there are small volumes, in tables/small_volumes.tsv.
    """
    rows = _rows(Path(results) / "tables/summary.tsv")
    rows += _of_volumes(results) if volumes else []
    # Voxels, vertices or edges.
    counted = next(name for name in rows[0] if name.startswith("n_significant_"))
    header = ["contrast", "statistic", counted.removeprefix("n_significant_"), "clusters", "smallest p"]
    cells = [
        [
            row["contrast"],
            _named(row["statistic"]),
            f"{int(row[counted]):,}",
            "" if row["n_clusters"] == "n/a" else f"{int(row['n_clusters']):,}",
            f"{float(row['p_fwe']):.2g}",
        ]
        for row in rows
    ]
    lines = _aligned([header, *cells])
    nothing = "" if any(int(row[counted]) for row in rows) else "nothing is "
    title = f"Permaps is done: {nothing}significant at a corrected level of {alpha:g}"
    return "\n".join([title, "", *lines, "", *_pairs({"report": f"{results}/report.html"})])


def _of_volumes(results):
    """Return what was found in small volumes, as rows of the summary."""
    return [
        row | {"contrast": f"{row['contrast']} in {row['volume']}", "n_clusters": "n/a"}
        for row in _rows(Path(results) / "tables/small_volumes.tsv")
    ]


def closing_of_several(results: str | Path, volumes: Sequence[str] = ()) -> str:
    """Return the closing summary of several analyses: the smallest p of each contrast by each statistic.

    Parameters
    ----------
    results : path
        The folder for the results of all, with tables/summary.tsv.
    volumes : sequence of str
        The analyses that have small volumes, each with a table of them in its folder.
    """
    tests = {}
    rows = _rows(Path(results) / "tables/summary.tsv")
    for name in volumes:
        rows += [row | {"analysis": name} for row in _of_volumes(Path(results) / name)]
    for row in rows:
        # The parametric p are in the table, and the reports.
        if row["n_relabellings"] != "n/a":
            counted = next(name for name in row if name.startswith("n_significant_") and row[name] != "n/a")
            mark = "*" if int(row[counted]) else " "
            p = f"{float(row['p_fwe']):.2g}{mark}"
            tests.setdefault((row["analysis"], row["contrast"]), {})[_named(row["statistic"])] = p
    # Joint tests have voxel statistics of their own.
    statistics = list(dict.fromkeys(name for by_statistic in tests.values() for name in by_statistic))
    header = ["analysis", "contrast", *(f"{name} " for name in statistics)]
    cells = [
        [*test, *(by_statistic.get(name, "") for name in statistics)] for test, by_statistic in tests.items()
    ]
    any_significant = any("*" in p for by_statistic in tests.values() for p in by_statistic.values())
    title = "Permaps is done: the smallest corrected p; " + (
        "* significant" if any_significant else "nothing is significant"
    )
    lines = _aligned([header, *cells])
    return "\n".join([title, "", *lines, "", *_pairs({"overview": f"{results}/summary.html"})])


def _aligned(rows):
    """Return the rows of a table as lines: two columns of words on the left, then numbers."""
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in rows
    ]


def failure(
    failed: list[tuple[str, list[str]]],
    log: list[str],
    since: float = 0.0,
    analyses: Mapping[str, str] = MappingProxyType({}),
    n_analyses: int = 1,
) -> str:
    """Describe what went wrong, with the messages of the jobs that failed.

    Parameters
    ----------
    failed : list of (str, list of str)
        Rule and logs of each job that failed.
    log : list of str
        Snakemake's own log.
    since : float
        When the run started (seconds since the epoch): older logs belong to other runs.
    analyses : mapping of str to str
        Of several analyses, the name of the one that a log is of.
    n_analyses : int
        How many the run has.
    """
    by_message, names = {}, {}
    for rule, paths in failed:
        logs = [text for path in paths if (text := _written(path, since))]
        message = next(filter(None, map(_last_words, logs)), SILENT if logs else WORDLESS)
        by_message.setdefault(message, []).extend(f"{rule}: {path}" for path in paths or log)
        names.setdefault(message, []).extend(analyses[path] for path in paths if analyses.get(path))
    lines = []
    for message, logs in by_message.items():
        message = f"{about_analyses(sorted({*names[message]}))}{message}"
        more = len(logs) - SHOWN_LOGS
        lines += ["", _wrapped(message), "", *(f"  {path}" for path in logs[:SHOWN_LOGS])]
        lines += [f"  and {more} more"] * (more > 0)
    if not failed:
        lines = ["", _wrapped(INTERRUPTED), "", *(f"  {path}" for path in log)]
    return "\n".join(
        [
            "Permaps stopped.",
            *lines,
            "",
            "Correct it and run the same command: what is finished stays.",
            *["With --keep-going, the other analyses are computed meanwhile."]
            * (n_analyses > 1 and bool(failed)),
        ]
    )


def _written(path, since):
    """Return what a job has written into its log since a time."""
    try:
        if Path(path).stat().st_mtime < since:
            return ""
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _last_words(text):
    """Return the error at the end of a log, or an empty string if there is none."""
    *_, error = ERROR.split(text)  # the last one: only a traceback follows it
    return error.partition("\nTraceback ")[0].strip() if ERROR.search(text) else ""


def _wrapped(text):
    """Indent a message, and break it only between words, because people copy paths from it."""
    width = min(shutil.get_terminal_size().columns, 110)
    wrapper = textwrap.TextWrapper(
        width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapper.fill(line) for line in text.splitlines())


def few_files(paths: Sequence[str]) -> list[str]:
    """Shorten a list of files, so that the names of all maps do not hide the error."""
    more = len(paths) - SHOWN_FILES
    return list(paths) if more <= 1 else [*paths[:SHOWN_FILES], f"and {more:,} more"]


def few_reasons(text: str) -> str:
    """Return Snakemake's reason for a job, with only a few of the files."""
    parts = (part.partition(": ") for part in text.split("; "))
    return "; ".join(what + colon + ", ".join(few_files(files.split(", "))) for what, colon, files in parts)


def _pairs(lines):
    width = max(map(len, lines))
    return [f"  {name.ljust(width)}  {text}" for name, text in lines.items()]


def _rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
