"""Joint tests beside PALM, which alone has them, under Octave.

PALM is no package: PALM_DIR names the folder with its palm.m. Where that, or Octave, is missing, the section stays
as it was measured before.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from bench.clock import each, in_turn, quotient, spread
from bench.joint import drawn, runner_of
from bench.markdown import ms, table, times

SHAPE, N = (20, 20, 10), 20
FEW, MANY, OURS = 20, 120, 2000
# The joint test, its number of inputs, and how PALM is asked for it.
TESTS = {
    "Fisher": ("fisher", 2, ["-npcmod", "-npcmethod", "Fisher", "-twotail"]),
    "Wilks": ("wilks", 3, ["-mv", "Wilks"]),
}
TARGET = 100


def measure(example):
    """Seconds of a relabelling by PALM and by ours, with voxel statistics alone; None if PALM is not there."""
    folder, octave = os.environ.get("PALM_DIR"), shutil.which("octave-cli")
    if not folder or not octave:
        return None
    found = {}
    for test, (statistic, count, options) in TESTS.items():
        inputs, design = drawn(count, N, SHAPE)
        with tempfile.TemporaryDirectory() as work, threadpool_limits(1):
            palm = palm_runner(octave, folder, Path(work), inputs, design, options)
            ours = runner_of(statistic, inputs, design)
            taken = in_turn({"palm": each(palm, FEW, MANY), "ours": each(ours, OURS, 3 * OURS)}, 3)
        found[test] = {key: spread(values) for key, values in taken.items()}
        found[test]["times"] = quotient(taken["palm"], taken["ours"])
    return found


def palm_runner(octave, folder, work, inputs, design, options):
    """Return what computes so many relabellings by PALM."""
    for k, one in enumerate(inputs):
        np.savetxt(work / f"input{k}.csv", one, delimiter=",", fmt="%.7g")
    np.savetxt(work / "design.csv", design, delimiter=",", fmt="%.10g")
    (work / "contrast.csv").write_text("0,1\n", encoding="utf-8")
    (work / "start_palm.m").write_text(f"addpath('{folder}'); palm\n", encoding="utf-8")
    named = [argument for k in range(len(inputs)) for argument in ("-i", f"input{k}.csv")]
    command = [
        octave,
        "-q",
        "start_palm.m",
        *named,
        "-d",
        "design.csv",
        "-t",
        "contrast.csv",
        "-o",
        "out",
        *options,
    ]
    # One core, as ours.
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def run(n):
        subprocess.run([*command, "-n", str(n)], cwd=work, env=alone, check=True, capture_output=True)

    return run


def text(numbers):
    rows = [
        [test, str(TESTS[test][1]), ms(one["palm"][0]), ms(one["ours"][0]), times(one["times"]), str(TARGET)]
        for test, one in numbers.items()
    ]
    return f"""\
A relabelling of {N} participants and {np.prod(SHAPE):,} voxels on one core, voxel statistics alone, in milliseconds
of processor time: PALM under Octave and ours on the same maps, in turn. What each does once drops out.

{table(["joint test", "inputs", "PALM, ms", "ours, ms", "times as fast", "at least"], rows)}"""
