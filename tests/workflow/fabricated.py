"""Thousands of chunks that nobody computed, and hundreds of contrasts that nobody will: what they take."""

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from chunk_settings import SETTINGS
from permaps.permutation.chunk import chunk_fingerprint
from permaps.permutation.model import Model
from permaps.permutation.null import ENHANCED
from tiny import CONFIG, layered

ROOT = Path(__file__).parents[2]
SCRIPT = """
import resource
import sys
from pathlib import Path
from merge_nulls import main
folder, model, n, settings = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), eval(sys.argv[4])
main(
    matrix=None, model=model, covariates=[], chunks=list(folder.glob("*-*.npz")), null=folder / "null.npz",
    exceedances=folder / "counts.npz", n_permutations=n, settings=settings,
    statistics=["voxel", "tfce", "cluster_size", "cluster_mass"], shift=0,
)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass
class Merge:
    """What a merge took, as a job of its own."""

    seconds: float
    peak_mb: float


def fabricate(folder, model, n_chunks, size, n_voxels):
    """Write chunks that belong to a model; return their maxima and counts, as they have to be merged."""
    folder.mkdir(parents=True)
    fingerprint = np.array(chunk_fingerprint(Model.load(model), SETTINGS))
    rng = np.random.default_rng(0)
    maxima = {name: rng.random(n_chunks * size + 1) for name in ("voxel", *ENHANCED, "tdp")}
    counts = rng.integers(0, size, n_voxels)
    bounds = [0, *range(size + 1, n_chunks * size + 2, size)]
    for start, stop in pairwise(bounds):
        parts = {name: values[start:stop] for name, values in maxima.items()}
        # A dozen vertices each, of which the last has the least slope.
        curves = np.ones((stop - start, 12))
        curves[:, -1] = parts.pop("tdp")
        np.savez(
            folder / f"{start}-{stop}.npz",
            index=np.arange(start, stop),
            voxel_exceedances=counts + start,
            fingerprint=fingerprint,
            curve_length=np.full(stop - start, 12),
            curve_rank=np.tile([*range(1, 12), n_voxels], stop - start),
            curve_p=curves.ravel(),
            **parts,
        )
    # As the merge computes the slope of the last vertex, which rounds.
    maxima["tdp"] = n_voxels * maxima["tdp"] / n_voxels
    return maxima, counts * n_chunks + sum(bounds[:-1])


def merge(folder, model, n):
    """Merge the chunks of a folder in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-c", SCRIPT, str(folder), str(model), str(n), repr(SETTINGS)]
    done = subprocess.run(
        command, cwd=ROOT / "scripts", capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return Merge(time.perf_counter() - began, int(done.stdout) / 1024)


# A command that another goes through: it says last what that and its children took.
MEASURED = (
    sys.executable,
    "-c",
    """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
took = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"took {took.ru_utime + took.ru_stime:.2f} s {took.ru_maxrss // 1024} MB", flush=True)
sys.exit(code)
""",
)


def with_contrasts(n):
    """Return the tiny study's config with so many contrasts."""
    return layered(CONFIG, {"model": {"contrasts": {f"age{k}": f"{k} * age" for k in range(1, n + 1)}}})


def planning(study, config):
    """Return the seconds of CPU and the MB that it takes to plan a study, and its number of jobs."""
    said = study.finish("--dry-run", "--quiet", "rules", config=config, through=MEASURED, timeout=900).stdout
    seconds, mb = map(float, re.search(r"^took (\S+) s (\S+) MB$", said, re.M).groups())
    return seconds, mb, int(re.search(r"^total +(\d+)$", said, re.M)[1])
