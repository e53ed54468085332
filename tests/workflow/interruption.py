"""Runs that are killed, and what it takes to bring them to their end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from tiny import CONFIG, UP_TO_MAPS, contents, layered

# Chunks long enough for being killed in.
CONFIG = layered(CONFIG, {"permutation": {"n_permutations": 50_000, "chunk_size": 10_000}})
WAYS = {
    "SIGTERM": "Snakemake alone, as a scheduler or `kill` does",
    "SIGKILL": "Snakemake alone, its jobs go on",
    "power cut": "SIGKILL for Snakemake and all its jobs at once",
}


@dataclass
class Outcome:
    """What a killed run left, and what it took to end it.

    Attributes
    ----------
    ended : bool
        It had come to its end before the signal.
    whole, computed : int
        Chunks that it left, and chunks that ran after it.
    wrong : list of str
        Files under their final names with other bits than those of an undisturbed run.
    typed : list of str
        What the command needed besides being given again.
    same : bool
        In the end the bits are those of an undisturbed run.
    """

    ended: bool
    whole: int
    computed: int
    wrong: list
    typed: list
    same: bool


def bits(study):
    """Everything that is computed under its final name, without logs and times."""
    patterns = [f"{folder}/**/*" for folder in ("dataset", "quality", "design", "nulls", "counts", "maps")]
    found = contents(study.work / "results", "*.npy", "*.nii.gz", *patterns)
    return {path: content for path, content in found.items() if "/.partial-" not in path}


def start(study):
    """Start a run in a group of processes of its own."""
    file = study.write_config(CONFIG)
    command = [sys.executable, "-m", "snakemake", "--snakefile", study.workflow / "Snakefile"]
    return subprocess.Popen(
        [*command, "--cores", "2", "--configfile", file, *UP_TO_MAPS],
        cwd=study.work,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def interrupt(study, reference, way, when):
    """Kill a run, look at what it left, and start it again until it ends.

    Parameters
    ----------
    study : tiny.Study
        Without results.
    reference : dict
        `bits` of an undisturbed run.
    way : str
        One of WAYS.
    when : callable
        Returns as soon as the signal is to be sent; gets the running process.

    Returns
    -------
    Outcome
    """
    process = start(study)
    when(process)
    ended = process.poll() is not None
    if way == "power cut":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal(getattr(signal, way))
    # With SIGTERM it waits for its jobs.
    process.wait(timeout=300)
    left = bits(study)
    wrong = [path for path, content in left.items() if content != reference.get(path)]
    whole = sum(path.startswith("nulls/contrast-age/") for path in left)
    typed, log = start_again(study)
    settle(process.pid)
    computed = len(set(re.findall(r"^Job \d+: Relabelling .*$", log, re.M)))
    return Outcome(ended, whole, computed, wrong, typed, bits(study) == reference)


def start_again(study):
    """Give the command again, with what it asks for, until it ends; return that, and what it said."""
    typed, flags, log = [], [], ""
    for _ in range(4):
        done = study.run(*UP_TO_MAPS, *flags, config=CONFIG, timeout=600)
        log += done.stdout
        if done.returncode == 0:
            return typed, log
        if "IncompleteFilesException" in done.stdout:
            flags = ["--rerun-incomplete"]
            typed += flags
        elif "LockException" in done.stdout:
            study.finish("--unlock", config=CONFIG)
            typed.append("--unlock")
    raise AssertionError(f"it does not end:\n{log}")


def settle(group, patience=60):
    """Wait until no process of a killed run is left."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)


def until_file(path, patience=300):
    """Return a `when` that waits for a file."""

    def when(process):
        end = time.monotonic() + patience
        while process.poll() is None and not path.exists():
            assert time.monotonic() < end, f"no {path}"
            time.sleep(0.02)

    return when
