"""What is found in each region."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tabulate_regions
from permaps.permutation.discoveries import Bound
from permaps.permutation.thresholds import significant
from permaps.spaces.files import read_map, read_space
from permaps.spaces.masks import elements_inside, on_other_grids
from permaps.workflow.errors import UserError
from run_folder import fabricate


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = fabricate(tmp_path_factory.mktemp("run"), voxel=10.0, relabellings=39)
    mask = nib.load(run / "mask.nii.gz")
    numbers = np.zeros(mask.shape, np.int16)
    numbers[: mask.shape[0] // 2] = 1
    numbers[mask.shape[0] // 2 :, : mask.shape[1] // 2] = 2
    nib.Nifti1Image(numbers, mask.affine).to_filename(run / "atlas.nii.gz")
    far = mask.affine.copy()
    far[:3, 3] += 1000
    nib.Nifti1Image(np.full_like(numbers, 7), far).to_filename(run / "far.nii.gz")
    (run / "atlas.tsv").write_text("index\tname\n1\tleft\n2\tright, back\n7\tnowhere\n")
    for name, voxels in (("roi", np.s_[3:8]), ("outside", np.s_[:1])):
        roi = np.zeros(mask.shape, np.uint8)
        roi[voxels] = 1
        nib.Nifti1Image(roi, mask.affine).to_filename(run / f"{name}.nii.gz")
    return run


def rows(run, output, contrast="pseudo", voxel_stat="t", **changed):
    stem = f"{run}/maps/contrast-{contrast}_stat-"
    given = {
        "mask": run / "mask.nii.gz",
        "values": f"{stem}{voxel_stat}_statmap.nii.gz",
        "corrected": {s: f"{stem}{s}_corr-fwe_logp.nii.gz" for s in (voxel_stat, "tfce")},
        "regions": {"my region": run / "roi.nii.gz"},
        "atlas": run / "atlas.nii.gz",
        "labels": run / "atlas.tsv",
        "table": output,
        "voxel_stat": voxel_stat,
        "alpha": 0.05,
        "null": run / f"nulls/contrast-{contrast}.npz",
        "observed": run / f"observed/contrast-{contrast}.npz",
        "shift": 0,
    }
    tabulate_regions.main(**given | changed)
    return pd.read_csv(output, sep="\t")


@pytest.mark.parametrize(("contrast", "voxel_stat"), [("pseudo", "t"), ("any", "F")])
def test_every_region_has_its_size_findings_peak_and_bound(run, tmp_path, contrast, voxel_stat):
    table = rows(run, tmp_path / "t.tsv", contrast, voxel_stat)
    assert table["region"].tolist() == ["my region", "left", "right, back"]
    assert table["source"].tolist() == ["mask", "atlas", "atlas"]
    space = read_space(run / "mask.nii.gz")
    stem = f"{run}/maps/contrast-{contrast}_stat-"
    values = read_map(space, f"{stem}{voxel_stat}_statmap.nii.gz")
    found = significant(read_map(space, f"{stem}tfce_corr-fwe_logp.nii.gz"), 0.05)
    bound = Bound.read(
        run / f"nulls/contrast-{contrast}.npz", run / f"observed/contrast-{contrast}.npz", 0, 0.05
    )
    places = {"my region": read_map(space, run / "roi.nii.gz") == 1}
    places |= {
        name: read_map(space, run / "atlas.nii.gz") == number
        for number, name in ((1, "left"), (2, "right, back"))
    }
    for row in table.to_dict("records"):
        inside = np.flatnonzero(places[row["region"]])
        assert row["n_voxels"] == len(inside) and row["size_mm3"] == 1000 * len(inside)
        assert row["n_significant_tfce"] == found[inside].sum()
        assert abs(row[voxel_stat]) == pytest.approx(np.abs(values[inside]).max(), rel=1e-5)
        peak = space.at({axis: [row[axis]] for axis in "xyz"})[0]
        assert peak in inside and values[peak] == pytest.approx(row[voxel_stat], rel=1e-5)
        assert row["n_active"] == bound.active(inside)
        assert row["tdp"] == pytest.approx(row["n_active"] / len(inside), rel=1e-5)
    assert (table["n_active"].max() > 0) == (contrast == "pseudo")


def test_masks_and_atlas_alone_and_without_bounds(run, tmp_path):
    both = rows(run, tmp_path / "t.tsv")
    masks = rows(run, tmp_path / "t.tsv", atlas=None)
    atlas = rows(run, tmp_path / "t.tsv", regions={})
    pd.testing.assert_frame_equal(pd.concat([masks, atlas], ignore_index=True), both)
    without = rows(run, tmp_path / "t.tsv", observed=None, shift=None)
    pd.testing.assert_frame_equal(without, both.drop(columns=["n_active", "tdp"]))


def test_a_sphere_has_the_voxels_whose_centres_lie_in_it(run):
    space = read_space(run / "mask.nii.gz")
    places = space.coordinates(np.arange(space.n_elements))
    center = places[len(places) // 2] + [2, -1, 0]
    found = elements_inside(space, {"center": center.tolist(), "radius": 21}, "key")
    inside = [i for i, place in enumerate(places) if np.linalg.norm(place - center) <= 21]
    assert 1 < len(inside) < len(places) and found.tolist() == inside
    nearest = ", ".join(f"{c:.0f}" for c in places[np.argmin(((places - 900) ** 2).sum(axis=1))])
    with pytest.raises(
        UserError, match=rf"key: no voxel .* 5 mm of 900, 900, 900; the nearest is at {nearest}, \d+ mm"
    ):
        elements_inside(space, {"center": [900, 900, 900], "radius": 5}, "key")


def test_a_mask_on_a_finer_grid_has_the_same_voxels(run, tmp_path):
    space = read_space(run / "mask.nii.gz")
    roi = read_map(space, run / "roi.nii.gz") == 1
    image = nib.load(run / "roi.nii.gz")
    finer = image.affine @ np.array(
        [[0.5, 0, 0, -0.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]]
    )
    data = np.kron(np.asarray(image.dataobj), np.ones((2, 2, 2), np.uint8))
    nib.Nifti1Image(data, finer).to_filename(tmp_path / "fine.nii.gz")
    assert elements_inside(space, tmp_path / "fine.nii.gz", "key").tolist() == np.flatnonzero(roi).tolist()
    files = {"same": run / "roi.nii.gz", "finer": tmp_path / "fine.nii.gz"}
    assert on_other_grids(space, files) == ["finer"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"regions": {"a": "outside.nii.gz"}},
            "inference.regions.a: .*has no voxel inside the analysis mask",
        ),
        ({"regions": {"a": "far.nii.gz"}}, "inference.regions.a: .*has no voxel inside the analysis mask"),
        ({"regions": {"a": "none.nii.gz"}}, "inference.regions.a: .*Expected a mask image"),
        ({"regions": {}, "atlas": "far.nii.gz"}, "no voxel of the analysis mask lies in a region"),
    ],
)
def test_a_region_without_voxels_is_refused(run, tmp_path, changed, message):
    changed = dict(changed, regions={name: run / file for name, file in changed["regions"].items()})
    if "atlas" in changed:
        changed["atlas"] = run / changed["atlas"]
    with pytest.raises(UserError, match=message):
        rows(run, tmp_path / "t.tsv", **changed)
