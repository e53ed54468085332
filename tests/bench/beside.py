"""Other tools and ours, in turn, on the same smoothed maps: one relabelling, one core each."""

import os
import shutil
import subprocess
import tempfile
import warnings
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from permaps.statistics.enhancement import Workspace
from threadpoolctl import threadpool_limits
from validation.peers import install_mrtrix

from bench.clock import cpu, each, in_turn, quotient, spread
from bench.markdown import ms, table, times

TARGETS = {
    "nilearn permuted_ols, TFCE": 250,
    "tfce package, 6 neighbours": 5,
    "tfce package, 26 neighbours": 5,
    "tfce package, 6 neighbours, our transform alone too": 5,
    "tfce package, 26 neighbours, our transform alone too": 5,
    "mrclusterstats, TFCE": 60,
}
BATCH = 64


def measure(example):
    """Seconds of a relabelling by each tool, of ours beside it, and the quotient."""
    enhanced = each(example.runner(example.enhancement()), BATCH, 5 * BATCH)
    rows = {}

    def compare(tool, what, theirs, ours):
        with threadpool_limits(1):
            found = in_turn({"theirs": theirs, "ours": ours})
        rows[f"{tool}, {what}"] = {
            **{name: spread(values) for name, values in found.items()},
            "times": quotient(found["theirs"], found["ours"]),
        }

    permuted_ols = nilearn(example)
    compare("nilearn permuted_ols", "TFCE", permuted_ols["tfce"], enhanced)
    compare("nilearn permuted_ols", "cluster size and mass", permuted_ols["clusters"], enhanced)
    if find_spec("tfce"):
        for k in (6, 26):
            name = f"{k} neighbours"
            whole = each(example.runner(example.enhancement(k)), BATCH, 5 * BATCH)
            compare("tfce package", name, tfce(example, k), whole)
            compare(
                "tfce package",
                f"{name}, our transform alone too",
                tfce(example, k),
                transform(example.enhancement(k), example.heights(1)[0]),
            )
    if install_mrtrix():
        compare("mrclusterstats", "TFCE", mrclusterstats(example), enhanced)
    n, n_voxels = example.maps.shape
    return {"data": f"{n} participants, {n_voxels:,} voxels", "rows": rows}


def nilearn(example):
    """What measures a relabelling of permuted_ols, by what it computes, as its users call it."""
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    masker = NiftiMasker(str(example.results / "mask.nii.gz"), standardize=None).fit()
    maps, tested = masker.transform([str(path) for path in example.images]), example.tested[:, None]

    def run(n, **options):
        with warnings.catch_warnings(action="ignore"):
            permuted_ols(tested, maps, n_perm=n, n_jobs=1, random_state=0, output_type="dict", **options)

    return {
        "tfce": each(partial(run, masker=masker, tfce=True), 2, 12),
        "clusters": each(partial(run, masker=masker, threshold=0.001), 5, 55),
        "voxel": each(run, 50, 450),
    }


def tfce(example, connectivity):
    """What measures one map's transform by the exact C package: no model, no relabelling."""
    import nibabel as nib
    import tfce as package

    inside = np.asarray(nib.load(example.results / "mask.nii.gz").dataobj) > 0
    volume = np.zeros(inside.shape, np.float32)
    volume[inside] = example.heights(1)[0]
    return lambda: cpu(lambda: [package.tfce(volume, connectivity=connectivity) for _ in range(20)]) / 20


def transform(enhance, heights, repeats=BATCH):
    """What measures our transform of one map into three maxima."""
    workspace = Workspace(enhance.adjacency, enhance.extent)

    def run():
        for _ in range(repeats):
            workspace.maxima(heights, True, enhance.height, enhance.threshold)

    return lambda: cpu(run) / repeats


def mrclusterstats(example):
    """What measures MRtrix3's one-sided TFCE, six neighbours, on one thread."""
    folder = Path(tempfile.mkdtemp(dir=example.folder))
    # It looks paths up from the list's folder, absolute ones too.
    names = [os.path.relpath(path, folder) for path in example.images]
    (folder / "maps.txt").write_text("\n".join(names) + "\n")
    np.savetxt(folder / "design.txt", np.column_stack([np.ones(len(example.tested)), example.tested]))
    (folder / "contrast.txt").write_text("0 1\n")

    def run(n):
        command = [shutil.which("mrclusterstats"), "maps.txt", "design.txt", "contrast.txt"]
        command += [example.results / "mask.nii.gz", "out/", "-nshuffles", str(n), "-nthreads", "1"]
        (folder / "out").mkdir(exist_ok=True)
        subprocess.run([*command, "-quiet", "-force"], cwd=folder, check=True, capture_output=True)

    return each(run, 10, 60)


def text(numbers):
    rows = [
        [name, ms(row["theirs"][0]), ms(row["ours"][0]), times(row["times"]), str(TARGETS.get(name, ""))]
        for name, row in numbers["rows"].items()
    ]
    return f"""\
One relabelling of the embedded example ({numbers["data"]}), in milliseconds of processor time: the same
smoothed maps, one core each, measured in turn. Medians, and for the quotients the lowest and highest of the
repeats. What a tool does once, such as reading the maps, is left out. One relabelling of ours gives voxel t,
TFCE, cluster size and mass at once, two-sided, with the same neighbours.

{table(["tool, what", "theirs, ms", "ours, ms", "times as fast", "target"], rows)}

The `tfce` package is timed for the transform of one map alone. Ours is timed with drawing, product and all four
maxima, and in a row of its own for the transform into three maxima. mrclusterstats is one-sided and has
nothing but TFCE there."""
