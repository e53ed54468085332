"""Through the real Snakemake: the null has the same bits for any chunk size, cores and interruption."""

import json

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

SHAPE, N = (9, 10, 8), 14
STATISTICS = ["voxel", "tfce", "cluster_size", "cluster_mass"]
NULL = "results/nulls/contrast-score.npz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of small maps, and a config that analyses them with a nuisance column."""
    folder = tmp_path_factory.mktemp("splits")
    rng = np.random.default_rng(0)
    rows = ["participant_id\tmap\tscore\tage"]
    for i in range(N):
        data = 100 + gaussian_filter(rng.standard_normal(SHAPE), 1).astype(np.float32)
        nib.Nifti1Image(data, np.diag([3, 3, 3, 1])).to_filename(folder / f"sub-{i:02}.nii.gz")
        rows.append(f"sub-{i:02}\tsub-{i:02}.nii.gz\t{rng.standard_normal()}\t{rng.integers(20, 60)}")
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")
    nib.Nifti1Image(np.ones(SHAPE, np.uint8), np.diag([3, 3, 3, 1])).to_filename(folder / "brain.nii.gz")
    config = {
        "dataset": {"source": "table", "path": "participants.tsv", "maps": "map"},
        "mask": {"strategy": "file", "file": "brain.nii.gz"},
        "smoothing_fwhm": 0,
        "model": {"formula": "1 + score + age", "contrasts": {"score": "score"}},
        "permutation": {"n_permutations": 60},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def null_of(snakemake, folder, chunk_size, cores, *more):
    """Run up to the merged null; return its arrays as bytes, and the chunks that there are."""
    setting = f"permutation={{n_permutations: 60, chunk_size: {chunk_size}}}"
    done = snakemake(
        "--cores", cores, "--configfile", "config.json", "--config", setting, *more, "--", NULL, cwd=folder
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with np.load(folder / NULL) as null, np.load(folder / NULL.replace("nulls", "counts")) as counts:
        assert {name: len(null[name]) for name in null.files} == dict.fromkeys((*STATISTICS, "tdp"), 61)
        bits = [{name: file[name].tobytes() for name in file.files} for file in (null, counts)]
    return bits, sorted(path.name for path in (folder / "results/nulls/contrast-score").iterdir())


def test_the_merged_null_has_the_same_bits_for_any_chunk_size_and_cores(snakemake, folder):
    whole, chunks = null_of(snakemake, folder, 60, 1)
    assert chunks == ["0-61.npz"]
    # 25 does not divide 60: the last chunk goes beyond, and is counted again in part.
    split, chunks = null_of(snakemake, folder, 25, 2)
    assert chunks == ["0-26.npz", "0-61.npz", "26-51.npz", "51-76.npz"]
    assert split == whole
    # As after an interruption: one chunk and what follows from it are missing.
    (folder / "results/nulls/contrast-score/26-51.npz").unlink()
    resumed, _ = null_of(snakemake, folder, 25, 1)
    assert resumed == whole
