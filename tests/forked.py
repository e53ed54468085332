"""Snakemake, imported once and forked for each run: most runs of a test are shorter than the import.

Run as a program, it serves one client over the socket whose number is its argument. `Snakemake` is that client.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("snakemake"))
MOST = 1 << 20


class Snakemake:
    """The command, started as often as one likes from one process that has it imported."""

    def __init__(self):
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )

    def run(self, arguments, cwd, timeout):
        """Return the exit code and the output of a run, or None as code if it took too long and was killed."""
        said, output = os.pipe()
        ended, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"arguments": arguments, "cwd": str(cwd), "environment": dict(os.environ)}
        socket.send_fds(self._socket, [json.dumps(request).encode()], [output, status.fileno()])
        os.close(output)
        status.close()
        group = int(ended.recv(MOST))
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


def serve(requests):
    """Fork a run for each request, until the client is gone."""
    import formulaic  # noqa: F401  what a run imports later
    import jsonschema  # noqa: F401
    import nbformat  # noqa: F401
    import nibabel  # noqa: F401
    import requests as _requests  # noqa: F401
    import snakemake.cli
    import snakemake.report
    import yte  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, MOST, 2)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            watch(json.loads(message), *descriptors, snakemake.cli.main)
        for descriptor in descriptors:
            os.close(descriptor)


def watch(request, output, status, main):
    """Fork the run itself; tell its process group, and at its end its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    group = os.fork()
    if group == 0:
        os.close(status)
        become(request, output, main)
    os.close(output)
    with socket.socket(fileno=status) as client:
        client.send(str(group).encode())
        _, code = os.waitpid(group, 0)
        client.send(str(os.waitstatus_to_exitcode(code)).encode())
    os._exit(0)


def become(request, output, main):
    """Be what the command would be, with both its outputs in one pipe."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [COMMAND, *request["arguments"]]
    # To the end of the interpreter, where Snakemake's last words are said.
    sys.exit(main())


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
