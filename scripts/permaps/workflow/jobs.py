"""The frame around every script: its log, its errors, its inputs and outputs."""

import contextlib
import errno
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from permaps.workflow.errors import UserError
from permaps.workflow.records import Records, as_recorded, looked_at, made

log = logging.getLogger("permaps")
# What a check before the run logs is for the log of the job that finds it again.
log.addHandler(logging.NullHandler())

# Not the fault of the code: no space, no permission.
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def job(snakemake: object) -> Iterator[None]:
    """Run a script's work: check its inputs, record its outputs, and report its errors once.

    A `UserError` ends the job with its message and no traceback, on the terminal and in the log; any
    other exception leaves its traceback in the log and names that file on the terminal.

    Parameters
    ----------
    snakemake : object
        What Snakemake passes to a script: `log`, `input`, `output` and `params`.

    Yields
    ------
    callable
        As from `recorded`.
    """
    log_path = snakemake.log[0]
    try:
        handler = logging.FileHandler(log_path, mode="w", encoding="utf-8")
    except OSError as error:
        sys.exit(f"\nPermaps: the log {log_path} cannot be written ({error.strerror}).\n")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    start = time.perf_counter()
    # What a script has imported is no garbage: nilearn searches for some at each image, 0.05 s each time.
    gc.freeze()
    try:
        with recorded(snakemake) as unchanged:
            yield unchanged
        log.info("done in %.1f s", time.perf_counter() - start)
    except UserError as error:
        log.error("error: %s", error)
        sys.exit(f"\nPermaps: {error}\n(log: {log_path})\n")
    except KeyboardInterrupt:  # every job of a run gets it, and their tracebacks would say nothing
        log.error("error: interrupted")
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        log.exception("error: %s", _unexpected(error))
        sys.exit(f"\nPermaps: {_unexpected(error)}\n(traceback in {log_path})\n")
    finally:
        log.removeHandler(handler)
        handler.close()
        # As it ends, Python would search all that was imported for garbage, which takes a tenth of a short job.
        gc.freeze()


def run(main: Callable[..., None], snakemake: object, **more: object) -> None:
    """Run the `main` of a script as a job, with all that its rule names: inputs, outputs and settings.

    Parameters
    ----------
    main : callable
        Takes these by the names that the rule has for them.
    snakemake : object
        What Snakemake passes to a script.
    **more : object
        What `main` takes besides, such as a wildcard.
    """
    with job(snakemake):
        main(**snakemake.input, **snakemake.output, **snakemake.params.get("settings", {}), **more)


@contextlib.contextmanager
def recorded(job: object) -> Iterator[None]:
    """Check what a job reads, and record what the block makes.

    Parameters
    ----------
    job : object
        As for `job`; Snakemake's own job objects work too.

    Yields
    ------
    callable
        Tells whether all that the job would make is there already, made with these settings from these results.
        Snakemake deletes results before a job, unless they are marked with `update`.

    Raises
    ------
    UserError
        When an input differs from what was written.
    """
    records = Records.beside(job.log[0])
    inputs, sources = records.inspect(job.input)
    # Before they are read, so that a change during the job is noticed later.
    sources = looked_at(sources, records.seen(job.output[0]))
    yield lambda: as_recorded(records, job, inputs, sources)
    for name, record in made(records, job, inputs, sources).items():
        write_text(records.path(name), json.dumps(record))


def _unexpected(error):
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
        file = error.filename or "a file"
        return f"{file} cannot be written or read ({error.strerror}): make room or change the mode, and run again."
    return f"unexpected {type(error).__name__}: {error}"


def warn(text: str) -> None:
    """Write a warning to the log and to the terminal: the run goes on, but its results may be bad."""
    log.warning("warning: %s", text)
    print(f"\nPermaps warns: {text}\n", file=sys.stderr)


def read_json(path: str | Path) -> object:
    """Return what another job has written as JSON."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(path: str | Path, value: object, indent: int | None = 2) -> None:
    """Write plain values as JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`, and rename it to `path` only if the block succeeds.

    So a job that is killed, or an orphan that ends after its retry, never leaves half a file behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # With the same suffix, because nibabel, numpy and matplotlib choose the format by it.
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".nii.gz") else path.suffix
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
