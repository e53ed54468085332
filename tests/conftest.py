"""What the tests share: a way to run the real Snakemake."""

import functools
import gc
import os
import signal
import subprocess
from pathlib import Path

import pytest
from forked import COMMAND, Snakemake

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def little_to_search():
    """Spare what is there already from searches for garbage: nilearn asks for one at every image."""
    gc.collect()
    gc.freeze()


def run_snakemake(*arguments, cwd=ROOT, timeout=300, env=None, through=()):
    """Run the `snakemake` command on this workflow and return the completed process.

    Standard error, where Snakemake tells everything, is merged into `stdout`. The command runs in its
    own process group, which is killed as a whole when `timeout` seconds are over: a hanging run must
    not outlive its test. `env` is added to the environment of the tests. `through` is a command that the
    run goes through, as `env` or `nice` would be: only then is it started as a user would start it, and its
    jobs as Snakemake starts them. Without it, both are forked from a process that has the libraries imported
    already.
    """
    arguments = ["--snakefile", str(ROOT / "Snakefile"), *map(str, arguments)]
    command = [*through, COMMAND, *arguments]
    environment = {**os.environ, **(env or {})}
    if through:
        code, output = _start(command, cwd, timeout, environment)
    else:
        code, output = _imported().run(arguments, cwd, timeout, environment)
    if code is None:
        pytest.fail(f"still running after {timeout} s: {' '.join(command)}\n{output}")
    return subprocess.CompletedProcess(command, code, stdout=output)


@functools.cache
def _imported():
    return Snakemake()


def _start(command, cwd, timeout, environment):
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, output
    return process.returncode, output


@pytest.fixture(scope="session")
def snakemake():
    """The function `run_snakemake`."""
    return run_snakemake
