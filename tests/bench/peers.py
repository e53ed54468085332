"""Time of one relabelling by other tools, on the same smoothed maps."""

import os
import shutil
import subprocess
import tempfile
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from permaps.permutation.relabelling import relabellings

from bench.clock import each, median

CORES = 2


def nilearn(example):
    """Seconds of permuted_ols by what it computes, as its users call it."""
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    masker = NiftiMasker(str(example.results / "mask.nii.gz"), standardize=None).fit()
    maps, tested = (
        masker.transform([str(path) for path in example.smoothed_images()]),
        example.tested[:, None],
    )

    def run(n, **options):
        with warnings.catch_warnings(action="ignore"):
            permuted_ols(tested, maps, n_perm=n, n_jobs=CORES, random_state=0, output_type="dict", **options)

    return {
        "tfce": each(partial(run, masker=masker, tfce=True), 4, 24),
        "clusters": each(partial(run, masker=masker, threshold=0.001), 10, 110),
        "voxel": each(run, 200, 2200),
    }


def tfce(example, connectivity):
    """Seconds of one map's transform by the exact C package on one core: no model, no relabelling."""
    import nibabel as nib
    import tfce as package

    inside = np.asarray(nib.load(example.results / "mask.nii.gz").dataobj) > 0
    volume = np.zeros(inside.shape, np.float32)
    volume[inside] = relabelled(example)
    return median(lambda: [package.tfce(volume, connectivity=connectivity) for _ in range(10)]) / 10


def relabelled(example):
    """Return the t map of a relabelling."""
    model, exchangeability = example.model()
    values = model.evaluator(example.maps, False, 1e6).values(*relabellings(exchangeability, 0, 1, 2))
    return np.concatenate([part[0].copy() for _, part in values])[: example.maps.shape[1]].astype(np.float32)


def mrclusterstats(example):
    """Seconds of MRtrix3's one-sided TFCE, six neighbours, and its version; None if absent."""
    if not shutil.which("mrclusterstats"):
        return None
    said = subprocess.run(["mrclusterstats", "-version"], capture_output=True, text=True, check=False).stdout
    with tempfile.TemporaryDirectory(dir=example.folder) as folder:
        folder = Path(folder)
        # It looks paths up from the list's folder, absolute ones too.
        names = [os.path.relpath(path, folder) for path in example.smoothed_images()]
        (folder / "maps.txt").write_text("\n".join(names) + "\n")
        np.savetxt(folder / "design.txt", np.column_stack([np.ones(len(example.tested)), example.tested]))
        (folder / "contrast.txt").write_text("0 1\n")

        def run(n):
            command = [
                "mrclusterstats",
                "maps.txt",
                "design.txt",
                "contrast.txt",
                example.results / "mask.nii.gz",
            ]
            command += ["out/", "-nshuffles", str(n), "-nthreads", str(CORES), "-quiet", "-force"]
            (folder / "out").mkdir(exist_ok=True)
            subprocess.run(command, cwd=folder, check=True, capture_output=True)

        return each(run, 20, 120), said.split()[2]
