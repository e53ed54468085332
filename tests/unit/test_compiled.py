"""Kernels are compiled once, by one process, wherever their cache can lie."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from permaps.statistics import compiled as module
from permaps.statistics.compiled import compiled, ready

LIBRARY = Path(module.__file__).parents[1]

# A library with one small kernel, and a job that makes it ready and says when it did what.
KERNEL = """
from permaps.statistics.compiled import compiled

@compiled
def doubled(x):
    return 2 * x
"""
JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from permaps.statistics.compiled import ready
from permaps.statistics.kernel import doubled

def warm_up():
    begin = time.time()
    assert doubled(21) == 42
    time.sleep(0.2)
    print(begin, time.time(), sum(doubled.stats.cache_misses.values()), doubled.stats.cache_path)

ready(warm_up, "digest")
"""


@pytest.fixture
def install(tmp_path):
    """A folder with the library, a home and a temporary folder of its own."""
    for folder in ("scripts/permaps/statistics", "home", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("__init__.py", "statistics/__init__.py", "statistics/compiled.py"):
        shutil.copy(LIBRARY / name, tmp_path / "scripts/permaps" / name)
    (tmp_path / "scripts/permaps/statistics/kernel.py").write_text(KERNEL)
    yield tmp_path
    for folder in (tmp_path / "scripts/permaps/statistics", tmp_path / "home"):
        folder.chmod(0o755)


def start(install, *prefix, **environment):
    environment = {
        "HOME": install / "home",
        "TMPDIR": install / "tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
    } | environment
    inherited = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", textwrap.dedent(JOB), install / "scripts"],
        env=inherited | {k: str(v) for k, v in environment.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(job):
    """Return when it began and ended to use kernels, how many it compiled, and where they are kept."""
    output, errors = job.communicate(timeout=60)
    assert job.returncode == 0, errors
    begin, end, compiled_here, folder = output.split()
    return float(begin), float(end), int(compiled_here), Path(folder)


def without_privilege():
    """A command's prefix that lets file permissions bind root too."""
    if os.getuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set", "-dac_override"]


def test_of_jobs_that_start_at_once_one_compiles_and_the_others_wait(install):
    cache = install / "cache"
    ran = sorted(finish(job) for job in [start(install, NUMBA_CACHE_DIR=cache) for _ in range(4)])
    assert [compiled_here for *_, compiled_here, _ in ran] == [1, 0, 0, 0]
    # From the lock on, until the first is done; the marker then lets all go on at once.
    assert all(begin >= ran[0][1] for begin, *_ in ran[1:])
    assert finish(start(install, NUMBA_CACHE_DIR=cache))[2] == 0


def test_a_kernel_is_compiled_again_when_what_it_calls_in_another_file_changes(install):
    folder = install / "scripts/permaps/statistics"
    (folder / "twice.py").write_text(KERNEL.replace("doubled", "twice"))
    caller = KERNEL.replace("2 * x", "twice(x)") + "\nfrom permaps.statistics.twice import twice\n"
    (folder / "kernel.py").write_text(caller)
    assert finish(start(install))[2] == 1
    assert finish(start(install))[2] == 0
    (folder / "twice.py").write_text(KERNEL.replace("doubled", "twice").replace("2 * x", "x + x"))
    assert finish(start(install))[2] == 1


def test_kernels_lie_beside_their_source_where_that_can_be_written(install):
    folder = finish(start(install))[3]
    assert folder == install / "scripts/permaps/statistics/__pycache__"


def test_kernels_of_an_install_that_is_read_only_lie_in_the_users_cache(install):
    (install / "scripts/permaps/statistics").chmod(0o555)
    prefix = without_privilege()
    assert install / "home" in finish(start(install, *prefix))[3].parents
    assert finish(start(install, *prefix))[2] == 0


def test_kernels_lie_in_the_temporary_folder_where_nothing_else_can_be_written(install):
    (install / "scripts/permaps/statistics").chmod(0o555)
    (install / "home").chmod(0o555)
    prefix = without_privilege()
    assert install / "tmp" in finish(start(install, *prefix))[3].parents
    assert finish(start(install, *prefix))[2] == 0


def test_a_user_without_a_home_has_no_cache_there():
    assert not module._writable(Path("~/.cache"))


def test_a_place_to_lock_that_cannot_be_had_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(module, "_SCRATCH", tmp_path / "file" / "scratch")
    called = []
    ready(lambda: called.append(1), "digest")
    assert called == [1]


def test_a_failure_to_compile_is_not_taken_for_readiness(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SCRATCH", tmp_path)

    def broken():
        raise RuntimeError("no compiler")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            ready(broken, "digest")
    assert not list(tmp_path.glob("digest*"))


def test_sums_have_the_bits_of_their_written_order():
    @compiled
    def total(x):
        s = 0.0
        for v in x:
            s += v
        return s

    x = np.random.default_rng(0).standard_normal(1001) * 10.0 ** np.arange(-5, 5).repeat(101)[:1001]
    expected = 0.0
    for v in x.tolist():
        expected += v
    assert total(x) == expected
