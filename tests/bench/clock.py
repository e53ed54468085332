"""Time, told the same way for everything that is compared."""

import os
import platform
import statistics
import time
from importlib import metadata
from pathlib import Path

REPEATS = 3


def seconds(work):
    """Return how long a call takes, wall clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def median(work, repeats=REPEATS):
    """Return the median duration of a call; what it allocates or compiles only once does not count."""
    work()
    return statistics.median(seconds(work) for _ in range(repeats))


def each(run, few, many, repeats=REPEATS):
    """Return the duration of one relabelling: the median difference between many and few, by their number.

    What a tool does once, such as reading and fitting, is the same in both and drops out.

    Parameters
    ----------
    run : callable
        Called with the number of relabellings.
    """
    run(few)
    return statistics.median(
        (seconds(lambda: run(many)) - seconds(lambda: run(few))) / (many - few) for _ in range(repeats)
    )


def machine():
    """Return what this ran on, and with what, as lines of text."""
    cpu = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    ]
    memory = [int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    packages = ("numpy", "numba", "nilearn", "scikit-learn", "snakemake", "tfce")
    return [
        f"{cpu[0] if cpu else platform.processor()}, {os.cpu_count()} cores"
        + (f", {memory[0]:.0f} GiB" if memory else ""),
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        ", ".join(f"{name} {metadata.version(name)}" for name in packages),
    ]


def _lines(path):
    path = Path(path)
    return path.read_text().splitlines() if path.exists() else []
