"""Any number of people goes through the whole workflow, by every scheme and kind of blocks."""

import json
from dataclasses import dataclass, field

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml

SHAPE = (5, 6, 4)
N_PERMUTATIONS = 19
SLOPE, MEAN, ANY = "age", "Intercept", ["age", "sex[T.m]"]


@dataclass
class Many:
    """A study of so many people; `schemes` are what its contrasts must come to."""

    n: int
    contrasts: dict
    schemes: list
    permutation: dict = field(default_factory=dict)
    figures: bool = False  # of the most people, where it is hardest


STUDIES = {
    # 171! is beyond the largest float, 170! is not.
    "171, free": Many(171, {"slope": SLOPE, "mean": MEAN, "any": ANY}, ["permute", "flip", "permute"]),
    "400, within": Many(400, {"slope": SLOPE}, ["both"], {"scheme": "both", "blocks": {"within": "family"}}),
    "1100, whole": Many(1100, {"slope": SLOPE}, ["permute"], {"blocks": {"whole": "family"}}),
    "5000, nested": Many(
        5000, {"any": ANY}, ["permute"], {"blocks": {"nested": ["all", "family"]}}, figures=True
    ),
}


def write_people(folder, n):
    """Write n maps of 120 voxels, their mask and their table; people come in families of two."""
    rng = np.random.default_rng(n)
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    age, sex = rng.integers(20, 80, n) + rng.random(n).round(3), rng.integers(0, 2, n)
    lines = ["participant_id\tage\tsex\tfamily\tall"]
    for i in range(n):
        values = rng.normal(1, 1, SHAPE) + age[i] / 50
        nib.Nifti1Image(values.astype(np.float32), affine).to_filename(folder / f"{i + 1}.nii")
        lines.append(f"{i + 1}\t{age[i]:.3f}\t{'fm'[sex[i]]}\t{1 + i // 2}\t1")
    nib.Nifti1Image(np.ones(SHAPE, np.uint8), affine).to_filename(folder / "brain.nii")
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("name", STUDIES)
def test_any_number_of_people_goes_through(name, snakemake, tmp_path):
    many = STUDIES[name]
    (tmp_path / "data").mkdir()
    write_people(tmp_path / "data", many.n)
    config = {
        "dataset": {"source": "table", "path": "data/participants.tsv", "maps": "{participant_id}.nii"},
        "mask": {"strategy": "file", "file": "data/brain.nii"},
        "smoothing_fwhm": 0,
        "model": {"formula": "1 + age + sex", "contrasts": many.contrasts},
        "permutation": {"n_permutations": N_PERMUTATIONS, **many.permutation},
        "inference": {"statistics": ["voxel"]},
        "figures": many.figures,
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = snakemake("--cores", 2, "--configfile", "config.yaml", cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stdout
    # What is said must not grow with the number of people.
    assert len(done.stdout) < 100_000, done.stdout[:5000]
    results = tmp_path / "results"
    assert len(pd.read_csv(results / "quality/included.tsv", sep="\t")) == many.n
    plans = json.loads((results / "provenance.json").read_text())["contrasts"]
    assert [(plans[c]["scheme"], plans[c]["exact"]) for c in many.contrasts] == [
        (s, False) for s in many.schemes
    ]
    table = pd.read_csv(results / "tables/relabellings.tsv", sep="\t", dtype=str)
    assert set(table["n_relabellings"]) == {str(N_PERMUTATIONS)}
    assert set(table["smallest_p"]) == {"0.05"}
