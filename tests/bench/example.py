"""The embedded example, smoothed and masked, and its model: the data that all tools are given."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nibabel as nib
import numpy as np
from chunk_settings import SETTINGS
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.model import Model
from permaps.permutation.null import null_maxima
from permaps.permutation.relabelling import relabellings

ROOT = Path(__file__).parents[2]
# Made once and kept, so that a section can be measured alone. Snakemake makes it again when the code changed.
FOLDER = ROOT / "build/bench"
NEEDED = ("mask.nii.gz", "maps.npy", "design/design.tsv", "design/contrast-pseudo_model.npz")


@dataclass(frozen=True)
class Example:
    """The default cohort and its model, in a folder where Snakemake makes what is missing."""

    folder: Path = FOLDER

    @cached_property
    def results(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        snakemake(self.folder, "--", *(f"results/{name}" for name in NEEDED))
        return self.folder / "results"

    @property
    def model_file(self):
        return self.results / "design/contrast-pseudo_model.npz"

    @cached_property
    def maps(self):
        return np.load(self.results / "maps.npy")

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

    def runner(self, enhancement=None, scale=None):
        """Return what computes so many relabellings of the example."""
        model = self.model()

        def run(n):
            null_maxima(
                self.maps,
                *model,
                0,
                1,
                1 + n,
                is_f=False,
                both_signs=True,
                enhancement=enhancement,
                scale=scale,
            )

        return run

    def heights(self, n):
        """Return the t maps of so many relabellings, float32."""
        estimator, exchangeability = self.model()
        found = np.empty((n, self.maps.shape[1]), np.float32)
        values = estimator.evaluator(self.maps, False, 1e6).values(
            *relabellings(exchangeability, 0, 1, 1 + n)
        )
        for first, part in values:
            stretch = found[:, first : first + part.shape[1]]
            stretch[:] = part[:, : stretch.shape[1]]
        return found

    @cached_property
    def images(self):
        """The maps as they are analysed, as NIfTI files, for tools that read these."""
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


def snakemake(folder, *arguments, root=ROOT, cores=2):
    """Run Snakemake on the workflow of a checkout of this project."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", root / "Snakefile", "--cores", cores]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(a) for a in (*command, "--quiet", "all", *arguments)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
