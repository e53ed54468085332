"""The embedded example through Snakemake: how long it takes, and the data that all tools are given."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from chunk_settings import SETTINGS
from permaps.permutation.chunk import enhancement_of
from permaps.permutation.model import Model
from permaps.workflow.duration import REFERENCE, as_reference

from bench.clock import median, seconds

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Example:
    """The default cohort, smoothed and masked, and its model."""

    folder: Path

    @property
    def results(self):
        return self.folder / "results"

    @property
    def model_file(self):
        return self.results / "design/contrast-pseudo_model.npz"

    @property
    def maps(self):
        return np.load(self.results / "maps.npy", mmap_mode="r")

    @property
    def tested(self):
        """The tested variate."""
        rows = [line.split("\t") for line in (self.results / "design/design.tsv").read_text().splitlines()]
        return np.array([row[rows[0].index("pseudo")] for row in rows[1:]], float)

    def enhancement(self, connectivity=6):
        return enhancement_of(Model.load(self.model_file), SETTINGS | {"connectivity": connectivity})[0]

    def model(self):
        model = Model.load(self.model_file)
        return model.estimator(), model.exchangeability

    def smoothed_images(self):
        """Write the maps as they are analysed, as NIfTI, for tools that read files; return their paths."""
        mask = nib.load(self.results / "mask.nii.gz")
        inside = np.asarray(mask.dataobj) > 0
        folder = self.folder / "smoothed"
        folder.mkdir(exist_ok=True)
        paths = []
        for i, values in enumerate(self.maps):
            volume = np.zeros(mask.shape, np.float32)
            volume[inside] = values
            paths.append(folder / f"map-{i:03}.nii")
            nib.Nifti1Image(volume, mask.affine).to_filename(paths[-1])
        return paths


def snakemake(folder, *arguments):
    """Run Snakemake on this workflow, two cores."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--cores",
        2,
        "--quiet",
        "all",
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(a) for a in (*command, *arguments)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")


def run(folder):
    """Run the example, then its permutation stage alone.

    Returns
    -------
    example : Example
    times : dict
        Seconds: `whole`, `stage` (Snakemake's start, 10,000 relabellings in chunks, and their merge), `work` (of
        the chunks' jobs together) and `start` (of one job: interpreter, libraries, kernels from their cache).
    """
    example = Example(Path(folder))
    times = {"whole": seconds(lambda: snakemake(folder))}
    write_reference(example)
    shutil.rmtree(example.results / "nulls")
    times["stage"] = seconds(lambda: snakemake(folder, "--", "results/nulls/contrast-pseudo.npz"))
    jobs = sorted((example.results / "benchmarks/compute_null_chunk").glob("*.tsv"))
    times["work"] = sum(float(path.read_text().splitlines()[1].split("\t")[0]) for path in jobs)
    times["start"] = start_of_a_job(example)
    return example, times


def write_reference(example):
    """Keep what the run's jobs took, from which the time of other first runs is estimated."""
    counts = np.asarray(nib.load(example.results / "mask_coverage.nii.gz").dataobj)
    found = as_reference(example.results / "benchmarks", int(counts.max()), counts.size)
    REFERENCE.write_text(json.dumps(found, indent=1) + "\n")


def start_of_a_job(example):
    """Seconds until a chunk's job has its kernels, with a warm cache."""
    stop = json.dumps({"matrix": str(example.results / "maps.npy"), "model": str(example.model_file)})
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import compute_null_chunk as job; "
        "job.main(**json.loads(sys.argv[2]), covariates=[], output=sys.argv[3], start=5, stop=5, "
        "settings=json.loads(sys.argv[4]), memory_mb=1e-6)"
    )
    command = [
        sys.executable,
        "-c",
        code,
        ROOT / "scripts",
        stop,
        example.folder / "empty.npz",
        json.dumps(SETTINGS),
    ]
    return median(lambda: subprocess.run([str(c) for c in command], check=True), 5)
