"""Time, told the same way for everything that is compared.

What is compared is measured in turn, again and again, so that whatever else the machine does falls on all of it
alike. It is processor time, which leaves out most of that.
"""

import os
import platform
import resource
import statistics
import time
from importlib import metadata
from pathlib import Path

REPEATS = 5


def seconds(work):
    """Return how long a call takes, wall clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def cpu(work):
    """Return the processor time of a call, with that of the processes that it starts and waits for."""
    begin = _used()
    work()
    return _used() - begin


def _used():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def each(run, few, many):
    """Return what measures one relabelling: the difference between many and few, by their number.

    What a tool does once, such as reading and fitting, is the same in both and drops out.

    Parameters
    ----------
    run : callable
        Called with the number of relabellings.
    """
    return lambda: (cpu(lambda: run(many)) - cpu(lambda: run(few))) / (many - few)


def in_turn(measures, repeats=None):
    """Measure several things alternately.

    Parameters
    ----------
    measures : dict of str to callable
        Each returns seconds. The first time does not count, because it compiles and allocates.
    repeats : int, optional
        `REPEATS` if left out.

    Returns
    -------
    dict of str to list of float
    """
    rounds = [
        {name: measure() for name, measure in measures.items()} for _ in range(1 + (repeats or REPEATS))
    ]
    return {name: [one[name] for one in rounds[1:]] for name in measures}


def spread(values):
    """Return the median, the lowest and the highest of some values."""
    return [statistics.median(values), min(values), max(values)]


def quotient(values, base):
    """Return the spread of the quotients of two things that were measured in turn."""
    return spread([a / b for a, b in zip(values, base, strict=True)])


def machine():
    """Return what this ran on, and with what, as a line of text."""
    cpu_names = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    ]
    memory = [int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    packages = ("numpy", "numba", "nilearn", "scikit-learn", "snakemake")
    return "; ".join(
        [
            f"{cpu_names[0] if cpu_names else platform.processor()}, {os.cpu_count()} cores"
            + (f", {memory[0]:.0f} GiB" if memory else ""),
            f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
            ", ".join(f"{name} {metadata.version(name)}" for name in packages),
        ]
    )


def _lines(path):
    path = Path(path)
    return path.read_text().splitlines() if path.exists() else []
