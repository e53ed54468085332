"""The same bits on every processor: all that makes the null, with the instructions that others have.

Each in a process of its own, since numba, numpy, OpenBLAS and the C library choose their code when they start.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "scripts"
# Neither fused multiply-add nor AVX, as before 2013 and in a plain virtual machine.
OLD = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "OPENBLAS_CORETYPE": "Core2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
}
PROCESSORS = {
    "old": OLD,
    "without AVX-512, in one thread": {
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENBLAS_NUM_THREADS": "1",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4",
    },
    "old, without the compiler": OLD | {"NUMBA_DISABLE_JIT": "1"},
}


@pytest.fixture(scope="module")
def digests():
    """A function that returns digests of all results under some environment variables."""

    def run(**environment):
        # numpy warns of a feature that this processor lacks anyway. Kernels of all kinds share one cache.
        fixed = {"PYTHONPATH": str(SCRIPTS), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, HERE / "processor_job.py"]
        done = subprocess.run(
            command, env=os.environ | fixed | environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def here(digests):
    return digests()


@pytest.mark.parametrize("processor", PROCESSORS)
def test_null_and_maps_have_the_same_bits_on_other_processors(digests, here, processor):
    there = digests(**PROCESSORS[processor])
    assert [name for name in here if there[name] != here[name]] == []
    assert there.keys() == here.keys()
