"""How long a run will take, from its earlier jobs or from a probe of this machine.

The probe sorts numbers for a tenth of a second. Its time is compared with the time on the machine where the
embedded example was timed, job by job (`make bench` renews `reference.json`). So there is an estimate for a
first run, too.
"""

import csv
import json
import random
import re
import time
from collections.abc import Hashable
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).with_name("reference.json")
# Rules whose work grows with the maps: participants times voxels.
GROWING = {
    "simulate_cohort",
    "read_maps",
    "make_brain_mask",
    "select_participants",
    "smooth_maps",
    "smooth_covariates",
    "fit_parametric",
    "build_model",
    "compare_missing",
    "compute_null_chunk",
}
# Seconds until a job's script starts, which no benchmark includes.
OVERHEAD = 1.0
# Seconds between two messages about how long is left.
EVERY = 20.0


def estimate(
    jobs: list[tuple[str, dict]],
    benchmarks: str | Path,
    workers: int,
    n_participants: int | None = None,
    grid: int | None = None,
) -> tuple[float, str]:
    """Return how long jobs will take together, and where the estimate comes from.

    Parameters
    ----------
    jobs, benchmarks, n_participants, grid
        As for `each_of`.
    workers : int
        Jobs that run at a time.

    Returns
    -------
    seconds : float
    source : str
    """
    each, source = each_of(jobs, benchmarks, n_participants, grid)
    workers = max(1, min(workers, len(each)))
    return max(sum(each) / workers, *each, 0.0), source


def each_of(
    jobs: list[tuple[str, dict]],
    benchmarks: str | Path,
    n_participants: int | None = None,
    grid: int | None = None,
) -> tuple[list[float], str]:
    """Return how long each of some jobs will take, and where the estimate comes from.

    Parameters
    ----------
    jobs : list of (str, dict)
        Rule and wildcards.
    benchmarks : path
        Folder with RULE.tsv, or RULE/*.tsv for a rule with wildcards, of earlier runs. Several analyses have folders
        in it.
    n_participants, grid : int or None
        Participants and voxels of a map, brain or not; those of the reference where None.

    Returns
    -------
    seconds : list of float
    source : str
    """
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    each, probed = [], None
    rates = {rule: rate(measured(benchmarks, rule)) for rule in {rule for rule, _ in jobs}}
    for rule, wildcards in jobs:
        seconds = rates[rule]
        if seconds is None:
            probed = probed or probe() / reference["probe"]
            seconds = probed * reference["seconds"].get(rule, reference["usual"])
            if rule in GROWING:
                seconds *= (n_participants or reference["participants"]) / reference["participants"]
                seconds *= (grid or reference["grid"]) / reference["grid"]
        each.append(seconds * relabelled(wildcards) + OVERHEAD)
    return each, "a probe of this machine" if probed else "what they took before"


class Pace:
    """How long is left of a run, told every now and then, by how long took what is done.

    Parameters
    ----------
    expected : dict of hashable to float
        How long each job was expected to take, in seconds. What counts is how they compare.
    now : float
        In seconds, as later times.
    """

    def __init__(self, expected: dict, now: float):
        self.left, self.whole = dict(expected), sum(expected.values())
        self.start = self.last = now

    def finish(self, job: Hashable) -> None:
        """Note that a job is done."""
        self.left.pop(job, None)

    def told(self, now: float) -> str:
        """Return what to say, or an empty string where something was said lately, or nothing is left or done."""
        left = sum(self.left.values())
        if now - self.last < EVERY or not 0 < left < self.whole:
            return ""
        self.last = now
        return f"{duration((now - self.start) * left / (self.whole - left))} to go, by what has been done"


def relabelled(wildcards: dict[str, str]) -> int:
    """Return how many relabellings a job computes, or 1 for a job without relabellings."""
    return int(wildcards["stop"]) - int(wildcards["start"]) if "stop" in wildcards else 1


def measured(benchmarks: str | Path, rule: str) -> list[tuple[float, int]]:
    """Return (seconds, relabellings) of every benchmark of a rule, with 1 for a job without relabellings."""
    times = []
    try:
        paths = [*Path(benchmarks).rglob(f"{rule}.tsv"), *Path(benchmarks).rglob(f"{rule}/*.tsv")]
    except OSError:  # another run removes a folder that is being listed
        return times
    for path in paths:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                runs = [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
            seconds = sum(runs) / len(runs)
        except (OSError, KeyError, ValueError, ZeroDivisionError):
            continue
        span = re.search(r"_start-(\d+)_stop-(\d+)$", path.stem)
        times.append((seconds, int(span[2]) - int(span[1]) if span else 1))
    return times


def rate(times: list[tuple[float, int]]) -> float | None:
    """Return seconds per relabelling or per job, or None if nothing was measured."""
    # The ratio of sums, because a short chunk mostly measures the start of its job.
    return sum(s for s, _ in times) / sum(n for _, n in times) if times else None


@cache
def probe() -> float:
    """Return the seconds that a fixed piece of work takes on this machine, the best of three times, measured once."""
    draw = random.Random(0).random
    values = [draw() for _ in range(200_000)]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        sorted(values)
        times.append(time.perf_counter() - start)
    return min(times)


def duration(seconds: float) -> str:
    """Write a time only as precisely as it is known."""
    if seconds < 90:
        return f"about {max(10, 10 * round(seconds / 10))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
