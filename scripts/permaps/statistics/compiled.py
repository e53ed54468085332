"""How kernels are compiled: to the same bits on every processor, and once per machine by the first job to start.

Numba keeps what it compiles beside the source, or in the user's cache where that folder is read-only; where
neither can be written, a temporary folder serves. Its cache is safe when several processes compile the same
function, but all of them then take the time: `ready` lets one do it and the others wait.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from fractions import Fraction
from pathlib import Path


def scratch():
    """Return a folder among the temporary files that is this user's alone.

    Numba's cache is pickled: read from a folder that somebody else has made, it would run what they wrote.
    """
    folder = Path(tempfile.gettempdir()) / f"permaps-{os.getuid()}"
    with contextlib.suppress(OSError):  # no place for temporary files: `ready` does without
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if (
            found.st_uid != os.getuid()
            or stat.S_IMODE(found.st_mode) & 0o022
            or not stat.S_ISDIR(found.st_mode)
        ):
            return Path(tempfile.mkdtemp(prefix="permaps-"))
    return folder


_SCRATCH = scratch()


def _writable(folder):
    absolute = folder.is_absolute()
    while not folder.exists():
        folder = folder.parent
    return absolute and os.access(folder, os.W_OK)


# A user without a home has a cache at a relative "~", which is no place to write to.
_PLACES = Path(__file__).parent / "__pycache__", Path(os.path.expanduser("~/.cache"))
if "NUMBA_CACHE_DIR" not in os.environ and not any(_writable(folder) for folder in _PLACES):
    os.environ["NUMBA_CACHE_DIR"] = str(_SCRATCH / "numba")

import numba  # noqa: E402  after the cache folder is chosen
from numba import float64  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

# Nothing may be reordered or fused, so that sums have the bits of their written order.
compiled = numba.njit(cache=True)


def _by_fractions(a, b, c):
    """Round a * b + c once, where numba does not compile."""
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@intrinsic
def _by_processor(typing_context, a, b, c):
    def generate(context, builder, signature, values):
        return builder.fma(*values)

    return float64(float64, float64, float64), generate


# a * b + c, rounded once: an instruction of processors since about 2013. Left to choose, the compiler fuses where it
# has that instruction and rounds twice where not; told, it calls a slow function there, to the same bits.
fma = _by_fractions if numba.config.DISABLE_JIT else _by_processor


def ready(warm_up, digest):
    """Run `warm_up`, which calls every kernel once; alone, unless this machine has done so before.

    Parameters
    ----------
    warm_up : callable
    digest : str
        Of the kernels' sources.
    """
    from llvmlite import binding

    done = _SCRATCH / f"{digest}-{numba.__version__}-{binding.get_host_cpu_name()}"
    if done.exists():
        return warm_up()
    with _alone():
        warm_up()
        with contextlib.suppress(OSError):
            done.touch()


@contextlib.contextmanager
def _alone():
    """Hold a lock that other processes of this user on this machine wait for, where one can be had."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            _SCRATCH.mkdir(mode=0o700, exist_ok=True)
            fcntl.flock(held.enter_context(open(_SCRATCH / "lock", "w")), fcntl.LOCK_EX)
        yield
