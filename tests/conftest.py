"""What the tests share: a way to run the real Snakemake."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_snakemake(*arguments, cwd=ROOT, timeout=300, env=None, through=()):
    """Run the `snakemake` command on this workflow and return the completed process.

    Standard error, where Snakemake tells everything, is merged into `stdout`. The command runs in its
    own process group, which is killed as a whole when `timeout` seconds are over: a hanging run must
    not outlive its test. `through` is a command that the run goes through, as `env` or `nice` would be.
    """
    command = [
        *through,
        str(Path(sys.executable).with_name("snakemake")),
        "--snakefile",
        str(ROOT / "Snakefile"),
        *map(str, arguments),
    ]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
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
        pytest.fail(f"still running after {timeout} s: {' '.join(command)}\n{output}")
    return subprocess.CompletedProcess(command, process.returncode, stdout=output)


@pytest.fixture(scope="session")
def snakemake():
    """The function `run_snakemake`."""
    return run_snakemake
