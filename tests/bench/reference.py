"""The times of the example on this machine, job by job: by them a first run is told how long it will take."""

from pathlib import Path

from permaps.workflow.duration import measured, probe, rate


def as_reference(benchmarks: str | Path, n_participants: int, grid: int) -> dict:
    """Return the reference from a finished run, together with the probe's time.

    Parameters
    ----------
    benchmarks : path
        Folder of the run's benchmarks.
    n_participants, grid : int
        Of the run.
    """
    rules = {path.stem if path.is_file() else path.name for path in Path(benchmarks).iterdir()}
    seconds = {rule: round(rate(measured(benchmarks, rule)), 6) for rule in sorted(rules)}
    return {
        "probe": round(probe(), 6),
        "participants": n_participants,
        "grid": grid,
        "usual": round(sum(seconds.values()) / len(seconds), 3),
        "seconds": seconds,
    }
