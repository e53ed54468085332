"""Whole runs beside version 0.1 of this project, in turn, so that the ratios hold on any machine.

Seconds of one machine say little on another: that on which version 0.1 was first timed took 42 s for the default run.
What was asked for since then is therefore a share of what version 0.1 takes, here and now.
"""

import contextlib
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import yaml

from bench.clock import quotient, seconds
from bench.example import ROOT, snakemake
from bench.markdown import table, times

# The last commit of version 0.1.
VERSION = "58ceddc"
# What its default run took where targets were set, and these, all in seconds.
THEN, TARGETS = 42.0, {"default": 25.0, "small": 20.0}
ROUNDS = 3


def measure(_):
    """Run both versions in turn.

    Returns
    -------
    dict of dict of list of float
        By what is run, and by version (`then` and `now`): seconds, wall clock. None without the project's history.
    """
    with tempfile.TemporaryDirectory(prefix="permaps-bench-") as folder, _checkout(Path(folder)) as then:
        if then is None:
            return None
        runs = {"default": (2, ()), "small": (1, ("--configfile", write_study(Path(folder))))}
        versions = {"then": then, "now": ROOT}
        for root in versions.values():
            # Compiles the kernels.
            _run(Path(folder) / "run", root, *runs["small"])
        found = {name: {version: [] for version in versions} for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                for version, root in versions.items():
                    found[name][version].append(_run(Path(folder) / "run", root, *run))
    return found


def _run(folder, root, cores, arguments):
    folder.mkdir()
    took = seconds(lambda: snakemake(folder, *arguments, root=root, cores=cores))
    shutil.rmtree(folder)
    return took


@contextlib.contextmanager
def _checkout(folder):
    """Yield the files of version 0.1, or None without the project's history."""
    tree = folder / "then"
    git = ["git", "-C", str(ROOT), "worktree"]
    made = subprocess.run([*git, "add", "--detach", str(tree), VERSION], capture_output=True, check=False)
    try:
        yield None if made.returncode else tree
    finally:
        if not made.returncode:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def write_study(folder):
    """Write 20 maps of some 3,200 voxels, their table and a mask; return the path of the config."""
    rng = np.random.default_rng(0)
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    affine[:3, 3] = -72, -108, -64
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in (19, 23, 18)), indexing="ij")
    mask = x**2 + y**2 + z**2 < 0.94
    nib.save(nib.Nifti1Image(mask.astype(np.uint8), affine), folder / "mask.nii.gz")
    (folder / "maps").mkdir()
    rows = ["participant_id\tgroup\tage"]
    for k in range(20):
        values = rng.standard_normal(mask.shape).astype(np.float32)
        nib.save(nib.Nifti1Image(values, affine), folder / f"maps/s{k:02}.nii.gz")
        rows.append(f"s{k:02}\t{'ab'[k % 2]}\t{rng.integers(20, 60)}")
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")
    config = {
        "dataset": {
            "source": "table",
            "path": str(folder / "participants.tsv"),
            "maps": "maps/{participant_id}.nii.gz",
        },
        "mask": {"strategy": "file", "file": str(folder / "mask.nii.gz")},
        "smoothing_fwhm": 0,
        "model": {"formula": "1 + group + age", "contrasts": {"b": "group[T.b]"}},
        "permutation": {"n_permutations": 1000},
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def text(numbers):
    named = {
        "default": "the default run, two cores",
        "small": "20 maps of some 3,000 voxels, 1,000 relabellings, one core",
    }
    clock = numbers["default"]["then"]
    rows = [
        [
            named[name],
            f"{statistics.median(took['then']):.1f}",
            f"{statistics.median(took['now']):.1f}",
            times(quotient(took["now"], took["then"])),
            times(quotient(took["now"], clock)),
            f"{TARGETS[name] / THEN:.2f}",
        ]
        for name, took in numbers.items()
    ]
    head = ["what", "0.1, s", "now, s", "share of 0.1", "share of 0.1's default run", "target of that"]
    return f"""\
Version 0.1 (commit {VERSION}) and now, in turn, {ROUNDS} times, wall clock; for the shares the lowest and highest of
the repeats. The targets were set where the default run of version 0.1 took {THEN:.0f} s:
{TARGETS["default"]:.0f} s for the default run, and {TARGETS["small"]:.0f} s for the small one. Both versions draw
their figures; now there are more.

{table(head, rows)}"""
