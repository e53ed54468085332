"""Measure this library beside others; write docs/benchmarks.md and its figures.

make bench
"""

import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from validation.peers import install_mrtrix

from bench import memory, ours, page, peers, workflow
from bench.clock import machine

NOTES = [
    "The `tfce` package is timed for the transform of one map alone; ours with drawing, product and all four maxima,",
    "or, in a row of its own, for the transform into three maxima.",
    "mrclusterstats is one-sided and has nothing but TFCE there.",
]


def main(folder):
    """Run everything in a folder that may be thrown away."""
    begin = time.perf_counter()

    def told(what):
        print(f"{time.perf_counter() - begin:5.0f} s  {what}", file=sys.stderr)

    told("the workflow, then its permutation stage alone")
    example, times = workflow.run(folder)
    n, n_voxels = example.maps.shape
    numbers = {"machine": machine(), "data": f"{n} participants, {n_voxels:,} voxels", "workflow": times}

    told("ours on one and two processes")
    maps, model = np.array(example.maps), example.model()
    own = {
        (cores, k): ours.on_processes(cores, maps, model, example.enhancement(k))
        for cores, k in ((1, 6), (2, 6), (1, 26))
    }
    voxel = ours.on_processes(2, maps, model, None, many=8192)
    numbers["processes"] = {"1": own[1, 6], "2": own[2, 6]}
    numbers["parts"] = {str(k): ours.parts(example, k) for k in (6, 18, 26)}

    rows = []

    def row(tool, what, cores, theirs, mine):
        rows.append({"tool": tool, "what": what, "cores": cores, "theirs": theirs, "ours": mine})

    told("nilearn")
    found = peers.nilearn(example)
    row("nilearn permuted_ols", "TFCE", 2, found["tfce"], own[2, 6])
    row("nilearn permuted_ols", "cluster size and mass", 2, found["clusters"], own[2, 6])
    row("nilearn permuted_ols", "voxel", 2, found["voxel"], voxel)
    told("tfce")
    for k in (6, 26):
        theirs = peers.tfce(example, k) if find_spec("tfce") else None
        alone = numbers["parts"][str(k)]["sort"] + numbers["parts"][str(k)]["union-find"]
        row("tfce package", f"{k} neighbours", 1, theirs, own[1, k])
        row("tfce package", f"{k} neighbours, our transform alone too", 1, theirs, alone)
    told("mrclusterstats")
    theirs, version = peers.mrclusterstats(example) if install_mrtrix() else (None, "")
    row(f"mrclusterstats {version}".strip(), "TFCE", 2, theirs, own[2, 6])
    numbers |= {"peers": rows, "notes": NOTES}

    told("voxelwise models")
    numbers["general"] = {"machine": numbers["machine"][0], "kinds": ours.general(example)}

    told("bounds on true discoveries")
    numbers["bounds"] = {
        "curve": ours.bounds(example),
        "relabelling": {
            "all four statistics": own[1, 6],
            "voxel alone": ours.on_processes(1, maps, model, None),
        },
    }

    told("growth")
    numbers["growth"] = ours.growth()

    told("memory")
    size = memory.write_maps(Path(folder) / "maps.npy")
    peaks = {}
    for n_nuisance in (0, 5):
        mb, seconds = memory.peak(folder, n_nuisance)
        peaks[f"{n_nuisance or 'no'} nuisance columns besides the intercept"] = {"mb": mb, "seconds": seconds}
    numbers["memory"] = {
        "data": f"{memory.N_PARTICIPANTS:,} participants x {int(np.prod(memory.SHAPE)):,} voxels",
        "gb": size / 1e9,
        "relabellings": memory.N_RELABELLINGS,
        "budget": memory.BUDGET_MB,
        "peaks": peaks,
    }
    page.write(numbers)
    told(f"wrote {page.DOCS / 'benchmarks.md'}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="permaps-bench-") as folder:
        main(folder)
