"""Snakemake and the libraries, imported once and forked for each run and job: most are shorter than the imports.

Run as a program, it serves one client over the socket whose number is its argument. `Snakemake` is that client.
A run has a process of its own that forks its jobs, instead of a shell that starts another Python. What is ours is
never imported before the fork, since a run may be of a copy of the workflow.

What this cannot show: a script that forgets to import a part of a library that is here already, what depends on the
order of hashes, which all forks of a server share, and what happens while Python takes itself apart at its end.
`tests/slurm` and runs `through` a command start every process as a user's run does.
"""

import atexit
import gc
import importlib
import json
import os
import re
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("snakemake"))
MOST = 1 << 20
# What runs and jobs import, none of it ours.
IMPORTED = [
    "snakemake.cli",
    "snakemake.script",
    "snakemake.report.html_reporter",
    "jinja2",
    "platformdirs",
    "smart_open",
    "formulaic",
    "jsonschema",
    "nbformat",
    "requests",
    "yte",
    "pandas",
    "numba",
    "nibabel",
    "scipy.ndimage",
    "scipy.special",
    "scipy.stats",
    "matplotlib.pyplot",
    "nilearn.image",
    "nilearn.plotting",
]
# As Snakemake sets it for a job of one thread. Read when numpy is imported.
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Our modules are compiled once and not by each process, also where Python is told to keep no compiled code.
KEPT = {"PYTHONDONTWRITEBYTECODE": ""}


class Server:
    """Where a client asks for a process, and is told its number and its exit code."""

    def __init__(self, requests):
        self._socket = requests

    def start(self, request, output):
        """Return the number of the new process, and the socket that its exit code will come from."""
        ended, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with status:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [output, status.fileno()])
        return int(ended.recv(MOST)), ended


class Snakemake:
    """The command, started as often as one likes from one process that has it imported."""

    def __init__(self):
        client, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **THREADS, **KEPT},
            )
        self._server = Server(client)

    def run(self, arguments, cwd, timeout, environment):
        """Return the exit code and the output of a run, or None as code if it took too long and was killed."""
        said, output = os.pipe()
        request = {"arguments": arguments, "cwd": str(cwd), "environment": environment}
        group, ended = self._server.start(request, output)
        os.close(output)
        reader = subprocess.Popen(["cat"], stdin=said, stdout=subprocess.PIPE, text=True)
        os.close(said)
        late = False
        try:
            text, _ = reader.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            os.killpg(group, signal.SIGKILL)
            text, _ = reader.communicate()
        with ended:
            code = int(ended.recv(MOST))
        return None if late else code, text


class Job:
    """What `subprocess.Popen` is for a job's shell, without a shell and without a new Python."""

    def __init__(self, server, script, environment):
        request = {"script": script, "cwd": os.getcwd(), "environment": environment}
        self.pid, self._ended = server.start(request, 1)

    def wait(self):
        with self._ended:
            return int(self._ended.recv(MOST))

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self):
        os.kill(self.pid, signal.SIGTERM)


def serve(requests, become):
    """Fork a process for each request, until the client is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, MOST, 2)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            watch(json.loads(message), *descriptors, become)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(request, output, status, become):
    """Fork the process itself; tell its number, and at its end its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if process == 0:
        os.close(status)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # which an import may have asked for
        become(request)
    os.close(output)
    with socket.socket(fileno=status) as client:
        client.send(str(process).encode())
        _, code = os.waitpid(process, 0)
        client.send(str(os.waitstatus_to_exitcode(code)).encode())
    os._exit(0)


def become_run(request):
    """Be what the command would be, in a process group of its own, with both its outputs in one pipe."""
    os.setsid()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Before this process has threads, and in its group: they end together.
    jobs = os.fork()
    if jobs == 0:
        ours.close()
        serve(theirs, become_job)
        os._exit(0)
    theirs.close()

    def end():
        ours.close()
        os.waitpid(jobs, 0)

    atexit.register(end)
    fork_jobs(Server(ours))
    sys.argv = [COMMAND, *request["arguments"]]
    try:
        sys.modules["snakemake.cli"].main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise  # words, which Python says
        leave(ended.code)


def fork_jobs(server):
    """Let Snakemake's shell start scripts from this server. What is around it, as benchmarks, stays Snakemake's."""
    shell = sys.modules["snakemake.shell"]
    script = re.compile(rf"set -euo pipefail; +{re.escape(sys.executable)} (?P<script>.+)")

    def start(command, **options):
        found = script.fullmatch(command)
        if not found:
            return subprocess.Popen(command, **options)
        return Job(server, *shlex.split(found["script"]), options["env"])

    shell.sp = types.SimpleNamespace(**vars(subprocess) | {"Popen": start})


def become_job(request):
    """Be what Python would be that was started with this script."""
    path = request["script"]
    sys.argv = [path]
    if not os.environ.get("PYTHONSAFEPATH"):
        sys.path.insert(0, str(Path(path).parent))
    runpy.run_path(path, run_name="__main__")
    leave(0)


def leave(code):
    """End as Python does, but without taking apart all that is imported, which takes 0.2 s of each process."""
    threading._shutdown()
    atexit._run_exitfuncs()  # a run's last words, among others
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(descriptor):
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["snakemake.cli"].get_argument_parser()  # looks for plugins, once for all
    gc.freeze()
    serve(socket.socket(fileno=descriptor), become_run)


if __name__ == "__main__":
    main(int(sys.argv[1]))
