"""How kernels are compiled: to the same bits on every processor, and once per machine, by the first job.

Numba stores compiled code next to the source, or in the user's cache if that folder is read-only. If neither
can be written, a temporary folder is used. The cache is safe when several processes compile the same
function, but each of them takes the time. `ready` lets one process compile and the others wait.
"""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path


def scratch() -> Path:
    """Return a temporary folder that belongs to this user only.

    Numba's cache is pickled, so a cache in somebody else's folder could run their code.
    """
    folder = Path(tempfile.gettempdir()) / f"permaps-{os.getuid()}"
    with contextlib.suppress(OSError):  # no place for temporary files: `ready` does without
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if (
            status.st_uid != os.getuid()
            or stat.S_IMODE(status.st_mode) & 0o022
            or not stat.S_ISDIR(status.st_mode)
        ):
            return Path(tempfile.mkdtemp(prefix="permaps-"))
    return folder


_SCRATCH = scratch()


def _writable(folder):
    absolute = folder.is_absolute()
    while not folder.exists():
        folder = folder.parent
    return absolute and os.access(folder, os.W_OK)


# For a user without a home, the cache would be in a folder called "~".
_PLACES = Path(__file__).parent / "__pycache__", Path(os.path.expanduser("~/.cache"))
if "NUMBA_CACHE_DIR" not in os.environ and not any(_writable(folder) for folder in _PLACES):
    os.environ["NUMBA_CACHE_DIR"] = str(_SCRATCH / "numba")

import numba  # noqa: E402  after the cache folder is chosen
from llvmlite import ir  # noqa: E402
from numba import float64, none, uint64  # noqa: E402
from numba.extending import intrinsic  # noqa: E402


def _sources():
    """Return a digest of all files with kernels: this folder, and those of arithmetic."""
    content = hashlib.sha256()
    for room in ("arithmetic", "statistics"):
        for path in sorted((Path(__file__).parents[1] / room).glob("*.py")):
            content.update(path.read_bytes())
    return content.hexdigest()


_SOURCES = _sources()


def compiled(function: Callable, **options: str) -> Callable:
    """Compile a kernel, and keep it until any file with kernels changes.

    No sums are reordered or fused, so that they have the bits of the order in which they are written.
    """
    kernel = numba.njit(cache=True, **options)(function)
    if not numba.config.DISABLE_JIT:
        # Numba looks at the file of the kernel alone. It would keep old code of what the kernel calls elsewhere.
        kernel._cache._cache_file._source_stamp = _SOURCES
    return kernel


# The same, but x / 0 is infinite and no error: without a branch for it, loops that divide become vectors.
dividing = partial(compiled, error_model="numpy")


def _by_fractions(a, b, c):
    """Return a * b + c, rounded once, for code that numba does not compile."""
    return float(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


@intrinsic
def _by_processor(typing_context, a, b, c):
    def generate(context, builder, signature, values):
        return builder.fma(*values)

    return float64(float64, float64, float64), generate


# a * b + c, rounded once: an instruction of processors since about 2013. By default the compiler fuses if it
# has that instruction, and rounds twice if not. With this call, it uses a slow function instead, with the
# same bits.
fma = _by_fractions if numba.config.DISABLE_JIT else _by_processor


@intrinsic
def _by_hint(typing_context, array, index):
    def generate(context, builder, signature, values):
        held = context.make_array(signature.args[0])(context, builder, values[0])
        place = builder.bitcast(builder.gep(held.data, [values[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        # To be read, again and again, as data.
        builder.call(hint, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return none(array, uint64), generate


# A hint that an element of an array will be read soon: the processor may bring it near, or not. Nothing else.
soon = (lambda array, index: None) if numba.config.DISABLE_JIT else _by_hint


def ready(warm_up: Callable[[], None], which: str) -> None:
    """Run `warm_up`, which calls every kernel once; one process at a time until one has finished.

    Parameters
    ----------
    warm_up : callable
    which : str
        Which kernels these are.
    """
    from llvmlite import binding

    done = _SCRATCH / f"{_SOURCES[:16]}-{which}-{numba.__version__}-{binding.get_host_cpu_name()}"
    if done.exists():
        return warm_up()
    with _alone():
        warm_up()
        with contextlib.suppress(OSError):
            done.touch()


@contextlib.contextmanager
def _alone():
    """Hold a lock for which other processes of this user on this machine wait, if locks are available."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            _SCRATCH.mkdir(mode=0o700, exist_ok=True)
            fcntl.flock(held.enter_context(open(_SCRATCH / "lock", "w")), fcntl.LOCK_EX)
        yield
