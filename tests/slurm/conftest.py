"""A Slurm for the whole session, a finished local run to compare with, and folders to run in."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from cluster import Cluster, Unavailable, require_slurm, wait_until

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "config" / "profiles"
IMPATIENT = Path(__file__).with_name("impatient.py")
TOY = ROOT / "tests" / "config" / "toy.yaml"
NULL = "results/nulls/contrast-pseudo.npz"
CHUNKS = "results/nulls/contrast-pseudo"


@pytest.fixture(scope="session")
def cluster():
    """A running cluster of two nodes with one core each, so that chunks have to queue."""
    try:
        require_slurm()
    except Unavailable as reason:
        pytest.skip(f"no Slurm here: {reason}")
    # Sockets have short paths, and munged refuses folders that others may write to.
    folder = Path(tempfile.mkdtemp(prefix="permaps-slurm-", dir="/tmp"))
    folder.chmod(0o755)
    slurm = Cluster(folder, cpus=1)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Run:
    """A `snakemake` command on the toy that goes on in the background; a context that kills it at its end."""

    def __init__(self, folder, *arguments, cluster=None):
        environment = {**os.environ, **(cluster.environment if cluster else {})}
        # Job scripts name no interpreter: they find the one of this environment.
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        self.log = folder / f"snakemake-{len(list(folder.glob('snakemake-*.log')))}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, IMPATIENT, "--snakefile", ROOT / "Snakefile", "--configfile", TOY]
                + [str(argument) for argument in arguments],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def output(self):
        """All that the command has said so far."""
        return self.log.read_text()

    def kill(self):
        """End it and its children with SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def finish(self, timeout=180):
        """Wait for its good end."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"still running after {timeout} s:\n{self.output}")
        assert status == 0, self.output
        return self

    def finished(self, rule):
        """Number of the rule's jobs that Snakemake has seen end well."""
        return len(re.findall(rf"^Finished jobid: \d+ \(Rule: {rule}\)", self.output, flags=re.MULTILINE))

    def wait_for(self, condition, what, timeout=90):
        """Return when `condition()` is true, which has to come before the run's end."""
        if not wait_until(lambda: condition() or self.process.poll() is not None, timeout) or not condition():
            self.kill()
            pytest.fail(f"waited in vain for {what}:\n{self.output}")


@pytest.fixture(scope="session")
def local_run(tmp_path_factory):
    """The folder of a toy whose null was computed on this machine without Slurm."""
    folder = tmp_path_factory.mktemp("local")
    with Run(folder, "--cores", 2, "--", NULL) as run:
        run.finish()
    return folder


def copy_without_nulls(local_run, folder):
    """Copy the local run without the permutation chunks and what is merged from them."""
    shutil.copytree(local_run, folder)
    shutil.rmtree(folder / "results" / "nulls")
    return folder


@pytest.fixture
def without_nulls(local_run, tmp_path):
    """A folder in which only the permutation chunks and what is merged from them is missing."""
    return copy_without_nulls(local_run, tmp_path / "run")
