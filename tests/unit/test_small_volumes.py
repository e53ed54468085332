"""What is found in small volumes, as a table and on the summary's page."""

import json
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tabulate_small_volumes
from permaps.reporting import page_tables
from permaps.reporting.results import small_volume_row
from permaps.spaces.volume import Volume
from studies import STUDIES

AFFINE = np.diag([3.0, 3, 3, 1])
AFFINE[:3, 3] = -10, 0, 5


def test_the_place_is_that_of_the_largest_value_among_equal_p():
    logp, values = np.zeros((4, 4, 4)), np.zeros((4, 4, 4))
    inside = np.zeros((4, 4, 4), bool)
    inside[1:3] = True
    logp[1, 1, 1] = logp[2, 1, 1] = np.float32(-np.log10(0.02))
    values[1, 1, 1], values[2, 1, 1], values[1, 2, 2] = 3, -5, 50
    drawn = {"n_relabellings": 99, "exact": False}
    row = small_volume_row(logp[inside], values[inside], Volume(inside, AFFINE), 0.05, drawn)
    assert [row[axis] for axis in "xyz"] == [-4, 3, 8]
    assert (row["n_voxels"], row["n_significant_voxels"], row["peak_value"]) == (32, 2, -5)
    assert row["p_fwe"] == pytest.approx(0.02)
    assert row["p_fwe_low"] < 0.02 < row["p_fwe_high"] < 0.1


@pytest.fixture
def table(tmp_path):
    inside = np.zeros((4, 4, 4), bool)
    inside[1:3] = True
    model = STUDIES["two groups"].contrast_model(space=Volume(inside, AFFINE))
    model.save(tmp_path / "model.npz")
    np.savez(tmp_path / "nulls.npz", voxel=np.arange(20.0), tfce=np.arange(20.0))
    for name, p in (("t", 0.05), ("tfce", 0.5)):
        image = nib.Nifti1Image(np.where(inside, -np.log10(p), 0).astype(np.float32), AFFINE)
        image.to_filename(tmp_path / f"{name}.nii.gz")
    nib.Nifti1Image(np.arange(64.0).reshape(4, 4, 4), AFFINE).to_filename(tmp_path / "values.nii.gz")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"pseudo": {"n_distinct": 20}}))

    inputs = SimpleNamespace(
        models=[tmp_path / "model.npz"],
        values=[tmp_path / "values.nii.gz"],
        nulls=[tmp_path / "nulls.npz"],
        corrected=[tmp_path / "t.nii.gz", tmp_path / "tfce.nii.gz"],
    )
    analyses = [{"contrast": "pseudo", "title": "pseudo", "volume": "V1", "stats": ["t", "tfce"]}]
    tabulate_small_volumes.main(
        analyses=tabulate_small_volumes.by_analysis(analyses, inputs),
        plan=plan,
        output=tmp_path / "small_volumes.tsv",
        alpha=0.05,
    )
    return pd.read_csv(tmp_path / "small_volumes.tsv", sep="\t")


def test_table_has_a_row_for_every_volume_and_statistic(table):
    assert table[["contrast", "volume", "statistic"]].to_numpy().tolist() == [
        ["pseudo", "V1", "t"],
        ["pseudo", "V1", "tfce"],
    ]
    assert table["n_significant_voxels"].tolist() == [32, 0]
    # All 20 relabellings that there are: p is exact.
    assert (table["p_fwe_low"] == table["p_fwe"]).all()
    assert table["peak_value"].tolist() == [47, 47]


def test_page_shows_them(table):
    text = str(page_tables.small_volumes(table))
    for part in ("V1", "TFCE", "0.050", "-4, 9, 14"):
        assert part in text, part
