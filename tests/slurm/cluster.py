"""A real Slurm on this machine for the length of a test: munge, slurmctld and two slurmd on loopback.

Everything it needs and leaves lies in one folder; no file in /etc, no system service and no database
is used. Nodes can be killed with all that runs on them, and started again.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
DEBIAN_PACKAGES = ("slurm-wlm", "munge")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

# Times are short so that a test does not wait: a dead node is noticed after `SlurmdTimeout`, and its
# jobs start again once munge's credentials have expired (`cred_expire`). `MinJobAge` keeps finished
# jobs visible to squeue, the only source of states without an accounting database. Memory is watched
# by polling, since containers seldom let anyone make control groups.
SLURM_CONF = """\
ClusterName=permaps
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
{communication}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
SlurmctldTimeout=30
SlurmdTimeout=5
MinJobAge=600
KillWait=2
ReturnToService=2
{nodes}
PartitionName=test Nodes=ALL Default=YES LLN=YES State=UP
"""


class Unavailable(Exception):
    """This machine cannot run the cluster; the message says what is missing."""


def require_slurm():
    """Find Slurm's programs, or install them on a Debian where this is root, or raise `Unavailable`."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=SEARCH_PATH)]
    if os.geteuid() != 0:
        raise Unavailable("slurmd starts jobs as root only; run this as root, in a container for instance")
    if not missing:
        return
    if not (shutil.which("apt-get") and Path("/etc/debian_version").exists()):
        raise Unavailable(f"not installed: {', '.join(missing)} (packages of Slurm and munge)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *DEBIAN_PACKAGES]):
        done = subprocess.run(["apt-get", "-qq", *command], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"apt-get {command[0]} failed: {done.stderr.strip()[-300:]}")


class Cluster:
    """Two nodes and a controller, kept in `folder`."""

    nodes = ("node1", "node2")

    def __init__(self, folder, cpus=2, memory_mb=16000):
        self.folder = Path(folder)
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.environment = {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(self.folder / "bin"), SEARCH_PATH]),
        }

    def start(self):
        """Start all daemons and return when every node takes jobs."""
        self._write_configuration()
        # The folder's owner is root, who may read everything; munged wants to hear so.
        self._daemon(
            "munged",
            "--force",
            f"--key-file={self.folder}/munge.key",
            f"--socket={self.folder}/munge.socket",
            f"--pid-file={self.folder}/munged.pid",
            f"--log-file={self.folder}/munged.log",
            f"--seed-file={self.folder}/munge.seed",
        )
        self._daemon("slurmctld", "-f", self.environment["SLURM_CONF"])
        for node in self.nodes:
            self.start_node(node)
        self.wait_for_nodes()

    def start_node(self, node):
        """Start a node's slurmd."""
        self._daemon("slurmd", "-N", node, "-f", self.environment["SLURM_CONF"])

    def wait_for_nodes(self, timeout=60):
        """Return when every node takes jobs."""
        ready = {"idle", "mixed", "allocated"}

        def all_ready():
            states = self("sinfo", "-h", "-N", "-o", "%T").split()
            return len(states) == len(self.nodes) and ready.issuperset(states)

        if not wait_until(all_ready, timeout):
            logs = "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))
            raise RuntimeError(f"nodes did not come up:\n{self('sinfo', '-N', '-l')}\n{logs}")

    def kill_node(self, node):
        """Kill a node's slurmd and all that runs there at once, as a crash would."""
        doomed = [self._process(f"slurmd-{node}"), *self._steps_of(node)]
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def stop(self):
        """End all jobs and all daemons at once: nothing here is needed again."""
        for node in self.nodes:
            for process in self._steps_of(node):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        for name in (*(f"slurmd-{node}" for node in self.nodes), "slurmctld", "munged"):
            with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
                process = self._process(name)
                process.terminate()
                if not wait_until(lambda process=process: has_ended(process), 10):
                    process.kill()

    def __call__(self, *command):
        """Run a Slurm command and return what it prints, or nothing when it fails."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60).stdout

    def jobs(self, state="RUNNING", rule=""):
        """Jobs in a state, optionally of one rule alone: id -> node."""
        # Snakemake's plugin leaves the rule in the comment.
        lines = self("squeue", "-h", "-r", "-t", state, "-o", "%i|%N|%k").splitlines()
        rows = [line.split("|") for line in lines]
        return {job: node for job, node, comment in rows if comment.startswith(f"rule_{rule}")}

    def _write_configuration(self):
        for folder in ("state", "bin", *(f"spool-{node}" for node in self.nodes)):
            (self.folder / folder).mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        controller_port, *node_ports = free_ports(1 + len(self.nodes))
        # Nobody else should reach the daemons; but they would then bind to the address of the host's
        # name, which only serves where that is a loopback address.
        loopback = host_address().startswith("127.")
        (self.folder / "slurm.conf").write_text(
            SLURM_CONF.format(
                folder=self.folder,
                controller_port=controller_port,
                communication="CommunicationParameters=NoCtldInAddrAny,NoInAddrAny" if loopback else "",
                nodes="\n".join(
                    f"NodeName={node} NodeHostname={node} NodeAddr=127.0.0.1 Port={port} "
                    f"CPUs={self.cpus} RealMemory={self.memory_mb} State=UNKNOWN"
                    for node, port in zip(self.nodes, node_ports, strict=True)
                ),
            )
        )
        # Snakemake removes SLURM_CONF from the environment before it starts a job step.
        srun = self.folder / "bin" / "srun"
        real = shutil.which("srun", path=SEARCH_PATH)
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {real} "$@"\n')
        srun.chmod(0o755)

    def _daemon(self, *command):
        # A clean environment: jobs get that of their submission, not that of this test.
        clean = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "SLURM_CONF": self.environment["SLURM_CONF"]}
        done = subprocess.run(
            command, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} did not start: {done.stdout}{done.stderr}")

    def _process(self, name):
        return psutil.Process(int((self.folder / f"{name}.pid").read_text()))

    def _steps_of(self, node):
        """Processes of a node's jobs, and the slurmstepd that watch over them."""
        found = set()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                environment = process.environ()
                if (
                    environment.get("SLURMD_NODENAME") == node
                    # The srun wrapper sets it again for all that runs in a job step; the batch step has it.
                    and environment.get("SLURM_CONF", self.environment["SLURM_CONF"])
                    == self.environment["SLURM_CONF"]
                ):
                    found.add(process)
                    found.update(p for p in process.parents() if p.name() == "slurmstepd")
        return found


def wait_until(condition, timeout, interval=0.1):
    """Return whether `condition()` came true within `timeout` seconds."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(interval)
    return False


def has_ended(process):
    """Return whether a process is gone, or waits for a parent that does not care."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def free_ports(number):
    """Ports that nobody listens on, found by asking for all of them at once."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for candidate in sockets:
            candidate.bind(("127.0.0.1", 0))
        return [candidate.getsockname()[1] for candidate in sockets]


def host_address():
    """The address behind this host's name, or nothing."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return ""
