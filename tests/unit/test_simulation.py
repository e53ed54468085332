"""The simulated cohort is what it claims to be."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import simulate_cohort
from nilearn.datasets import load_mni152_brain_mask
from nilearn.image import resample_img
from permaps.cohort import simulation
from permaps.tables.participants import read_participants
from scipy.ndimage import distance_transform_edt


@pytest.fixture(scope="module")
def mask():
    return simulation.brain()


@pytest.fixture(scope="module")
def truth(mask):
    return simulation.truth(mask, 1.0)


def test_the_brain_is_like_the_localizers(mask):
    assert mask.shape == (53, 63, 46)
    assert 41_000 < mask.sum() < 43_000


def test_the_stored_brain_is_the_one_that_the_template_gives(mask):
    template = load_mni152_brain_mask(resolution=1)
    depth = distance_transform_edt(np.asarray(template.dataobj) > 0).astype(np.float32)
    resampled = resample_img(
        nib.Nifti1Image(depth, template.affine),
        target_affine=simulation.AFFINE,
        target_shape=simulation.SHAPE,
        interpolation="linear",
        force_resample=True,
        copy_header=True,
    )
    assert np.array_equal(mask, np.asarray(resampled.dataobj) > 9.5)  # mm


def test_regions_lie_in_the_brain_and_apart(mask, truth):
    labels, table, effects = truth
    sizes = np.bincount(labels.ravel(), minlength=len(table) + 1)[1:]
    # A region that overlapped another would have lost voxels to it.
    assert sizes.tolist() == [row["n_voxels"] for row in table]
    assert min(sizes) > 50
    assert not labels[~mask].any()
    for label, row in enumerate(table, 1):
        effect = effects[row["variate"]]
        voxel = np.linalg.inv(simulation.AFFINE) @ [row["x"], row["y"], row["z"], 1]
        assert labels[tuple(np.rint(voxel[:3]).astype(int))] == label
        inside = effect[labels == label]
        assert (np.sign(inside) == row["sign"]).all()
        assert inside[np.abs(inside).argmax()] == pytest.approx(row["peak_effect"], rel=0.05)
    assert not effects["pseudo"][labels == 0].any() and not effects["mean"][labels == 0].any()


def test_effect_size_scales_the_association_alone(mask, truth):
    labels, table, effects = simulation.truth(mask, 0.0)
    assert not effects["pseudo"].any()
    np.testing.assert_array_equal(effects["mean"], truth[2]["mean"])
    np.testing.assert_array_equal(labels, truth[0])
    assert [row["peak_effect"] for row in table if row["variate"] == "pseudo"] == [0] * 6


def test_five_of_94_lack_pseudo_and_lie_apart():
    missing = sorted(simulation.without_pseudo(94))
    assert len(missing) == 5 and min(np.diff(missing)) > 10
    for n in range(1, 200):
        assert len(simulation.without_pseudo(n)) == round(0.05 * n)
        assert all(0 <= i < n for i in simulation.without_pseudo(n))


def test_a_participant_depends_on_seed_and_position_alone(mask, truth):
    _, _, effects = truth
    later = simulation.statistic_map(3, 7, mask, effects)
    simulation.statistic_map(3, 0, mask, effects)
    np.testing.assert_array_equal(simulation.statistic_map(3, 7, mask, effects), later)
    assert (simulation.statistic_map(4, 7, mask, effects) != later)[mask].all()
    assert (simulation.statistic_map(3, 8, mask, effects) != later)[mask].all()
    assert not later[~mask].any() and later.dtype == np.float32


def test_variates_are_like_the_localizers():
    rows = pd.DataFrame([simulation.variates(0, i) for i in range(2000)])
    assert abs(rows.pseudo.mean() - 17.7) < 0.3 and abs(rows.pseudo.std() - 3.5) < 0.2
    assert rows.age.between(18, 50).all() and 22 < rows.age.mean() < 27
    assert set(rows.sex) == {"F", "M"} and set(rows.site) == {"SHFJ", "Neurospin"}
    assert (rows.site == "SHFJ").mean() == pytest.approx(0.6, abs=0.04)


@pytest.mark.parametrize("fwhm", [0.0, 8.0, 20.0])
def test_noise_has_unit_variance_and_its_smoothness(fwhm):
    fields = [simulation._field(np.random.default_rng(i), fwhm) for i in range(12)]
    assert np.mean([f.var() for f in fields]) == pytest.approx(1, abs=0.15 if fwhm > 10 else 0.03)
    neighbours = np.mean([np.mean(f[1:] * f[:-1]) / np.mean(f**2) for f in fields])
    sigma = fwhm / 3 / np.sqrt(8 * np.log(2))
    assert neighbours == pytest.approx(np.exp(-1 / (4 * sigma**2)) if sigma else 0, abs=0.02)


def simulated(folder, n, seed=1, effect_size=1.0):
    simulate_cohort.main(
        kind="volume",
        participants=folder / "participants.tsv",
        maps=folder / "maps",
        regions=folder / "regions.tsv",
        labels=folder / "regions.nii.gz",
        effect_pseudo=folder / "effect-pseudo.nii.gz",
        effect_mean=folder / "effect-mean.nii.gz",
        n_subjects=n,
        seed=seed,
        effect_size=effect_size,
    )
    return [folder / f"maps/sub-{name}_statmap.nii.gz" for name in simulation.names(n)]


def test_the_cohort_on_disk_is_whole_and_the_same_every_time(tmp_path, mask, truth):
    first, second = simulated(tmp_path / "a", 10), simulated(tmp_path / "b", 4)
    # The smaller cohort is the beginning of the larger one, byte for byte.
    assert [p.read_bytes() for p in first[:4]] == [p.read_bytes() for p in second]
    table = read_participants(tmp_path / "a/participants.tsv")
    assert list(table) == ["participant_id", "map", "pseudo", "age", "sex", "site"]
    assert table["map"].tolist() == [str(p) for p in first]
    assert table.pseudo.isna().sum() == 0 and len(table) == 10
    regions = pd.read_csv(tmp_path / "a/regions.tsv", sep="\t")
    assert list(regions) == ["label", "name", "variate", "sign", "peak_effect", "n_voxels", *"xyz"]
    image = nib.load(first[0])
    assert image.get_data_dtype() == np.float32
    np.testing.assert_array_equal(image.affine, simulation.AFFINE)
    np.testing.assert_array_equal(
        nib.load(tmp_path / "a/effect-pseudo.nii.gz").get_fdata(), truth[2]["pseudo"].astype(np.float32)
    )


def test_missing_pseudo_is_missing_in_the_table_and_present_in_the_map(tmp_path, mask, truth):
    simulated(tmp_path, 20, seed=2)
    table = read_participants(tmp_path / "participants.tsv")
    assert np.flatnonzero(table.pseudo.isna()).tolist() == sorted(simulation.without_pseudo(20))
    index = int(np.flatnonzero(table.pseudo.isna())[0])
    on_disk = np.asarray(nib.load(table["map"][index]).dataobj)
    np.testing.assert_array_equal(on_disk, simulation.statistic_map(2, index, mask, truth[2]))


def test_least_squares_finds_what_is_planted(mask, truth):
    _, _, effects = truth
    strong = np.abs(effects["pseudo"]) > 0.3
    n = 60
    values = np.array([simulation.statistic_map(5, i, mask, effects)[strong] for i in range(n)])
    reading = np.array([simulation.variates(5, i)["pseudo"] for i in range(n)])
    design = np.column_stack([np.ones(n), (reading - simulation.PSEUDO_MEAN) / simulation.PSEUDO_SD])
    slopes = np.linalg.lstsq(design, values, rcond=None)[0][1]
    assert np.corrcoef(slopes, effects["pseudo"][strong])[0, 1] > 0.9
    assert np.polyfit(effects["pseudo"][strong], slopes, 1)[0] == pytest.approx(1, abs=0.2)
