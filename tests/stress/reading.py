"""Measure the way from the images to the matrix: CPU time and peak memory of each rule.

    python tests/stress/reading.py [--participants 94 1000] [--scripts FOLDER]

`--scripts` takes those of another version, to compare with: each script gets the arguments that it knows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

SCRIPTS = Path(__file__).parents[2] / "scripts"
SHAPE = (45, 54, 45)
AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])
RULES = ("read_maps", "screen_participants", "make_brain_mask", "select_participants", "smooth_maps")
JOB = """
import importlib, inspect, json, resource, sys
scripts, rule, arguments = sys.argv[1:]
sys.path.insert(0, scripts)
main = importlib.import_module(rule).main
main(**{name: value for name, value in json.loads(arguments).items() if name in inspect.signature(main).parameters})
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024)
"""


def write_maps(folder, n_participants):
    """Write noise in a ball with 0 around it, for every participant, and their table."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1.2, 1.2, n) for n in SHAPE], indexing="ij"))
    inside = (grid**2).sum(axis=0) < 1
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(inside.sum() + n_participants, np.float32)
    lines = ["participant_id\tmap\tage"]
    for i in range(n_participants):
        data = np.zeros(SHAPE, np.float32)
        data[inside] = noise[i : i + inside.sum()] * np.float32(1 + i % 5)
        path = folder / f"sub-{i + 1}.nii.gz"
        nib.save(nib.Nifti1Image(data, AFFINE), path)
        lines.append(f"sub-{i + 1}\t{path}\t{20 + i % 50}")
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n")


def measured(scripts, rule, arguments):
    """Run a rule's script as a process of its own; return its CPU time in s and its peak memory in MB."""
    command = [sys.executable, "-c", JOB, scripts, rule, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{rule} failed:\n{done.stderr}")
    return tuple(map(float, done.stdout.split()))


def main(scripts, n_participants, folder):
    """Print the figures."""
    write_maps(folder, n_participants)
    tables = ("participants", "screened", "included", "excluded", "metrics", "voxels")
    arguments = {name: f"{folder}/{name}.tsv" for name in tables}
    arguments |= {name: f"{folder}/{name}.nii.gz" for name in ("brain", "mask", "coverage")}
    arguments |= {"images": f"{folder}/images.json", "values": f"{folder}/values.bin"}
    arguments |= {"matrix": f"{folder}/maps.npy", "strategy": "background", "file": None, "query": None}
    arguments |= {"variates": {"age": "model.formula"}, "max_missing": 0.1, "zero_is_missing": True}
    arguments |= {"fwhm": 5.0, "min_coverage": 1.0}
    print(
        f"\n| {n_participants:,} participants, {' x '.join(map(str, SHAPE))} | CPU (s) | peak memory (MB) |"
    )
    print("| --- | --- | --- |")
    found = {
        rule: measured(scripts, rule, arguments) for rule in RULES if (Path(scripts) / f"{rule}.py").exists()
    }
    found["together"] = sum(cpu for cpu, _ in found.values()), max(mb for _, mb in found.values())
    for rule, (cpu, mb) in found.items():
        print(f"| {rule} | {cpu:.1f} | {mb:.0f} |", flush=True)
    if (store := folder / "values.bin").exists():
        images = sum(path.stat().st_size for path in folder.glob("sub-*.nii.gz"))
        print(f"\nstore {store.stat().st_size / 1e6:.0f} MB, images {images / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participants", type=int, nargs="+", default=[94, 1000])
    parser.add_argument("--scripts", default=str(SCRIPTS))
    given = parser.parse_args()
    for n in given.participants:
        with tempfile.TemporaryDirectory(prefix="permaps-reading-") as folder:
            main(given.scripts, n, Path(folder))
