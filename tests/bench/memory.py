"""The largest resident memory of a chunk's job on data far larger than it may hold."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from chunk_settings import SETTINGS
from permaps.permutation.model import contrast_model
from permaps.spaces.volume import Volume

from bench.example import ROOT
from bench.markdown import table

SHAPE = (62, 61, 61)
N_PARTICIPANTS = 2000
N_RELABELLINGS = 64
BUDGET_MB = 500
LIMIT_MB = 1500


def measure(_):
    """Peak memory and seconds of a chunk's job, with few nuisance columns and with more."""
    with tempfile.TemporaryDirectory(prefix="permaps-bench-") as folder:
        size = write_maps(Path(folder) / "maps.npy")
        peaks = {str(n): peak(folder, n) for n in (0, 5)}
    return {"gb": size / 1e9, "peaks": peaks}


def write_maps(path):
    """Write 2,000 participants x 230,702 voxels of noise, a block of participants at a time."""
    n_voxels = int(np.prod(SHAPE))
    maps = np.lib.format.open_memmap(path, "w+", np.float32, (N_PARTICIPANTS, n_voxels))
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(n_voxels + 7919 * 8, np.float32)
    for i in range(N_PARTICIPANTS):
        start = 7919 * (i % 8)
        maps[i] = noise[start : start + n_voxels] * np.float32(1 + i % 5) + np.float32(rng.standard_normal())
    maps.flush()
    del maps
    return path.stat().st_size


def peak(folder, n_nuisance):
    """Run a chunk as a process of its own; return its peak resident memory and how long it took."""
    folder = Path(folder)
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(N_PARTICIPANTS), rng.standard_normal((N_PARTICIPANTS, 1 + n_nuisance))])
    space = Volume(np.ones(SHAPE, bool), np.eye(4))
    contrast_model(design, np.eye(2 + n_nuisance)[1:2], "t", "permute", {}, space=space).save(
        folder / "model.npz"
    )
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import compute_null_chunk as job; "
        "job.main(**json.loads(sys.argv[2])); print(open('/proc/self/status').read())"
    )
    arguments = {
        "matrix": str(folder / "maps.npy"),
        "model": str(folder / "model.npz"),
        "covariates": [],
        "output": str(folder / "chunk.npz"),
        "start": 0,
        "stop": N_RELABELLINGS,
        "settings": SETTINGS,
        "memory_mb": BUDGET_MB,
    }
    begin = time.perf_counter()
    command = [sys.executable, "-c", code, str(ROOT / "scripts"), json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("the chunk's job failed")
    # Not what wait4 tells, which begins with the memory of the process that started this one.
    resident = next(line for line in done.stdout.splitlines() if line.startswith("VmHWM"))
    return {"mb": int(resident.split()[1]) / 1024, "seconds": time.perf_counter() - begin}


def text(numbers):
    rows = [
        [n, f"{found['mb']:,.0f}", f"{LIMIT_MB:,}", f"{found['seconds']:.0f}"]
        for n, found in numbers["peaks"].items()
    ]
    header = ["nuisance columns besides the intercept", "peak resident memory, MB", "at most", "seconds"]
    return f"""\
A chunk's job of {N_RELABELLINGS} relabellings on {N_PARTICIPANTS:,} participants x {int(np.prod(SHAPE)):,}
voxels, {numbers["gb"]:.2f} GB, with a budget of {BUDGET_MB} MB for what it holds of them.

{table(header, rows)}"""
