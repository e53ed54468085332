"""Clusters, peaks and the table made of them."""

import json

import numpy as np
import pandas as pd
import pytest
import tabulate_clusters
from permaps.reporting.clusters import clusters_of, is_peak, kept_apart, tabulate
from permaps.reporting.readings import dof_of, effect_interval, residual_dof
from permaps.spaces.files import read_map, read_space
from permaps.spaces.volume import Volume
from permaps.statistics.glm import fit_voxel_models
from permaps.statistics.voxelwise import VoxelModels
from run_folder import fabricate
from scipy import ndimage

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0]) + np.array(
    [[0, 0, 0, -30.0], [0, 0, 0, -40], [0, 0, 0, -20], [0, 0, 0, 0]]
)


@pytest.fixture(scope="module")
def smooth():
    field = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(20, 24, 18)), 1.7)
    return field / field.std()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fabricate(tmp_path_factory.mktemp("run"), voxel=8.0, relabellings=59)


def space_of(volume):
    return Volume(np.ones(volume.shape, bool), AFFINE)


def found_in(volume, connectivity=6):
    """The clusters of a volume's values that are not 0, as lists of first coordinates."""
    space = space_of(volume)
    found = clusters_of(volume.ravel() != 0, volume.ravel(), space.adjacency(connectivity))
    return [np.unravel_index(elements, volume.shape)[0].tolist() for elements in found]


def test_opposite_signs_that_touch_are_two_clusters():
    values = np.zeros((5, 5, 5))
    values[1, 2, 2], values[2, 2, 2], values[3, 2, 2] = 4, 5, -6
    assert found_in(values) == [[1, 2], [3]]


@pytest.mark.parametrize(("connectivity", "count"), [(6, 3), (18, 2), (26, 1)])
def test_connectivity_counts_faces_edges_and_corners(connectivity, count):
    values = np.zeros((4, 4, 4))
    values[0, 0, 0] = values[1, 1, 0] = values[2, 2, 1] = 1
    assert len(found_in(values, connectivity)) == count


def tabulated(significant, values, space, readings):
    return tabulate(clusters_of(significant, values, space.adjacency(6)), values, space, readings)


def test_main_peaks_and_sizes_agree_with_nilearn(smooth):
    nib = pytest.importorskip("nibabel")
    from nilearn.reporting import get_clusters_table

    threshold = 1.5
    t = smooth.ravel()
    mine = tabulated(np.abs(t) > threshold, t, space_of(smooth), {"t": t, "p_fwe": np.exp(-np.abs(t))})
    theirs = get_clusters_table(nib.Nifti1Image(smooth, AFFINE), threshold, two_sided=True)
    theirs = theirs[theirs["Cluster Size (mm3)"] != ""]
    columns = ["X", "Y", "Z", "Peak Stat", "Cluster Size (mm3)"]
    expected = np.array(sorted(theirs[columns].astype(float).to_numpy().tolist()))
    found = mine.loc[mine["peak"] == 1, ["x", "y", "z", "t", "size_mm3"]].to_numpy()
    assert len(found) > 5
    np.testing.assert_allclose(np.array(sorted(found.tolist())), expected, rtol=1e-6)


def test_clusters_come_by_corrected_p_and_then_by_height(smooth):
    t = smooth.ravel()
    p = np.where(t > 0, 0.01, 0.04)
    table = tabulated(np.abs(t) > 1.8, t, space_of(smooth), {"t": t, "p_fwe": p})
    heads = table[table["peak"] == 1]
    assert heads["p_fwe"].is_monotonic_increasing
    for _, same in heads.groupby("p_fwe"):
        assert same["t"].abs().is_monotonic_decreasing
    assert table["cluster"].is_monotonic_increasing


def test_peaks_are_local_maxima_that_keep_their_distance(smooth):
    space, height = space_of(smooth), np.where(smooth > 0.3, smooth, 0)
    candidates = np.flatnonzero(is_peak(height.ravel(), (height > 0).ravel().astype(int), space.touching))
    assert (
        candidates.tolist()
        == np.flatnonzero(
            (height > 0) & (height == ndimage.maximum_filter(height, size=3, mode="constant"))
        ).tolist()
    )
    peaks = kept_apart(candidates, height.ravel()[candidates], space.coordinates(candidates), 12.0, 50)
    assert 3 < len(peaks) <= 50
    places = space.coordinates(peaks)
    assert all(np.linalg.norm(places[i] - places[:i], axis=1).min() > 12 for i in range(1, len(peaks)))
    assert (np.diff(height.ravel()[peaks]) <= 0).all()


def test_nothing_significant_leaves_the_header():
    values = np.ones(27)
    space = Volume(np.ones((3, 3, 3), bool), AFFINE)
    table = tabulated(values > 2, values, space, {"t": values, "p_fwe": values})
    assert table.empty
    assert list(table) == ["cluster", "peak", "x", "y", "z", "t", "p_fwe", "size_mm3", "n_voxels"]


def test_effect_interval_is_that_of_least_squares():
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    x = sm.add_constant(rng.normal(size=30))
    fit = sm.OLS(x @ [1, 0.5] + rng.normal(size=30), x).fit()
    low, high = effect_interval(fit.params[1], fit.tvalues[1], fit.df_resid)
    np.testing.assert_allclose([low, high], fit.conf_int()[1], rtol=1e-10)


def test_effect_intervals_are_those_of_who_is_there():
    """Some are missing at some voxels, and the map of z has 32 bits; also where there is next to no effect."""
    from scipy.stats import t as student

    rng = np.random.default_rng(1)
    maps = rng.normal(size=(24, 300)).astype(np.float32) + np.linspace(0, 3, 300, dtype=np.float32)
    maps[rng.random(maps.shape) < 0.2] = np.nan
    maps[:, :50] = np.nan_to_num(maps[:, :50])
    fitted = fit_voxel_models(maps, VoxelModels(np.ones((24, 1)), np.ones((1, 1)), np.zeros(24, int)))
    t, z = (fitted[name].astype(np.float32).astype(float) for name in ("stat", "z"))
    low, high = effect_interval(fitted["effect"], t, dof_of(t, z, 23))
    n = np.isfinite(maps).sum(axis=0)
    half = student.ppf(0.975, n - 1) * np.nanstd(maps, axis=0, ddof=1) / np.sqrt(n)
    np.testing.assert_allclose((high - low) / 2, half, rtol=1e-4)
    assert (dof_of(t, z, 23)[:50] == 23).all()


def test_effect_intervals_of_unequal_variances_are_welchs():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], [6, 14])
    maps = (rng.normal(size=(20, 40)) * np.where(group, 1, 4)[:, None] + 3 * group[:, None]).astype(
        np.float32
    )
    fitted = fit_voxel_models(maps, VoxelModels(np.eye(2)[group], np.array([[-1.0, 1.0]]), group))
    t, z = (fitted[name].astype(np.float32).astype(float) for name in ("stat", "z"))
    low, high = effect_interval(fitted["effect"], t, dof_of(t, z, 18))
    interval = ttest_ind(maps[group == 1], maps[group == 0], equal_var=False).confidence_interval()
    np.testing.assert_allclose([low, high], interval, rtol=1e-3, atol=1e-3)


def test_residual_dof_is_the_last_of_one_or_two():
    assert residual_dof({"dof": 20}) == 20
    assert residual_dof({"dof": [2, 19]}) == 19


def run_rule(run, contrast, stat, voxel_stat, output, stats=None, uncorrected=True, alpha=0.05, **more):
    stats = stats or [voxel_stat, "tfce", "clustersize", "clustermass"]
    stem = f"{run}/maps/contrast-{contrast}_stat-"
    given = {
        "mask": run / "mask.nii.gz",
        "values": f"{stem}{voxel_stat}_statmap.nii.gz",
        "enhanced": f"{stem}tfce_statmap.nii.gz",
        "magnitude": f"{stem}{'effect' if voxel_stat == 't' else 'partialr2'}_statmap.nii.gz",
        "plan": run / "design/plan.json",
        "z": f"{stem}z_statmap.nii.gz" if voxel_stat == "t" else None,
        "uncorrected": f"{stem}{voxel_stat}_corr-unc_logp.nii.gz" if uncorrected else None,
        "corrected": {s: f"{stem}{s}_corr-fwe_logp.nii.gz" for s in stats},
        "null": run / f"nulls/contrast-{contrast}.npz",
        "tables": {stat: output},
        "contrast": contrast,
        "voxel_stat": voxel_stat,
        "alpha": alpha,
        "connectivity": 6,
        "further": {},
        "observed": run / f"observed/contrast-{contrast}.npz",
        "shift": 0,
        "shares": {stat: output.with_suffix(".nii.gz")},
    }
    tabulate_clusters.main(**given | more)
    return pd.read_csv(output, sep="\t")


def test_rule_reads_every_corrected_p_at_the_peak(run, tmp_path):
    import nibabel as nib

    table = run_rule(run, "pseudo", "tfce", "t", tmp_path / "t.tsv")
    assert len(table)
    assert (table["p_fwe"] <= 0.05 + 1e-9).all()
    assert {"p_fwe_t", "p_fwe_clustersize", "p_fwe_clustermass", "p_unc", "effect_low"} <= set(table)
    image = nib.load(run / "maps/contrast-pseudo_stat-t_corr-fwe_logp.nii.gz")
    voxel = np.round(np.linalg.inv(image.affine) @ [*table.loc[0, ["x", "y", "z"]], 1]).astype(int)[:3]
    assert table.loc[0, "p_fwe_t"] == pytest.approx(10 ** -image.get_fdata()[tuple(voxel)], rel=1e-5)
    assert ((table["effect_low"] < table["effect"]) & (table["effect"] < table["effect_high"])).all()


@pytest.mark.parametrize(("contrast", "voxel_stat"), [("pseudo", "t"), ("any", "F")])
def test_rule_bounds_what_is_active_in_each_cluster(run, tmp_path, contrast, voxel_stat):
    for stat in (voxel_stat, "tfce"):
        table = run_rule(run, contrast, stat, voxel_stat, tmp_path / "t.tsv")
        n_active = table["n_active"]
        assert (n_active.between(0, table["n_voxels"])).all() and n_active.max() > 0
        np.testing.assert_allclose(table["tdp"], n_active / table["n_voxels"], rtol=1e-5)
        # A single voxel is a discovery of Bonferroni's, or none.
        assert n_active[table["n_voxels"] == 1].isin([0, 1]).all()
        space = read_space(run / "mask.nii.gz")
        shares = read_map(space, tmp_path / "t.nii.gz")
        at_peaks = shares[space.at(table)]
        np.testing.assert_allclose(at_peaks, table["tdp"], rtol=1e-5)
        clusters = table[table["peak"] == 1]
        assert (shares > 0).sum() == clusters.loc[clusters["n_active"] > 0, "n_voxels"].sum()
    without = run_rule(run, contrast, stat, voxel_stat, tmp_path / "t.tsv", observed=None, shift=None)
    pd.testing.assert_frame_equal(without, table.drop(columns=["n_active", "tdp"]))


def test_rule_says_how_sure_a_corrected_p_is(run, tmp_path):
    from statsmodels.stats.proportion import proportion_confint

    table = run_rule(run, "pseudo", "tfce", "t", tmp_path / "t.tsv")
    others = np.rint(table["p_fwe"] * 60) - 1
    low, high = proportion_confint(others, 59, method="wilson")
    np.testing.assert_allclose(table["p_fwe_low"], low, atol=1e-6)
    np.testing.assert_allclose(table["p_fwe_high"], high, atol=1e-6)
    plan = json.loads((run / "design/plan.json").read_text())
    plan["pseudo"]["n_distinct"] = 60
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    exact = run_rule(run, "pseudo", "tfce", "t", tmp_path / "t.tsv", plan=tmp_path / "plan.json")
    assert (exact["p_fwe_low"] == exact["p_fwe"]).all()
    assert (exact["p_fwe_high"] == exact["p_fwe"]).all()


def test_rule_reads_further_corrections(run, tmp_path):
    other = run / "maps/contrast-pseudo_stat-t_corr-fwe_logp.nii.gz"
    table = run_rule(run, "pseudo", "tfce", "t", tmp_path / "t.tsv", further={"cfwe": {"tfce": other}})
    assert (table["p_cfwe"] == table["p_fwe_t"]).all()
    assert "p_gpd" not in table


def test_rule_names_regions_from_an_atlas_on_another_grid(run, tmp_path):
    import nibabel as nib

    # Left and right at 2 mm, the upper half without a label.
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -90, -126, -72
    labels = np.zeros((91, 109, 91), np.int16)
    labels[:45], labels[46:] = 7, 9
    labels[:, :, 60:] = 0
    nib.Nifti1Image(labels, affine).to_filename(tmp_path / "atlas.nii.gz")
    (tmp_path / "names.csv").write_text("index,name\n7,left\n9,right\n")
    atlas = {"atlas": tmp_path / "atlas.nii.gz", "labels": tmp_path / "names.csv"}
    table = run_rule(run, "pseudo", "tfce", "t", tmp_path / "t.tsv", **atlas)
    assert list(table)[4:7] == ["z", "region", "t"]
    expected = np.where(table["z"] >= 47, "none", np.where(table["x"] < 0, "left", "right"))
    assert table["region"].fillna("none").tolist() == expected.tolist()
    assert {"left", "right"} <= set(table["region"])


def test_rule_counts_every_significant_voxel_once(run, tmp_path):
    import nibabel as nib

    table = run_rule(run, "pseudo", "clustersize", "t", tmp_path / "t.tsv")
    logp = nib.load(run / "maps/contrast-pseudo_stat-clustersize_corr-fwe_logp.nii.gz").get_fdata()
    assert table[table["peak"] == 1]["n_voxels"].sum() == (logp >= -np.log10(0.05)).sum() > 0


def test_rule_adapts_to_f_and_to_fewer_statistics(run, tmp_path):
    table = run_rule(run, "any", "tfce", "F", tmp_path / "t.tsv", stats=["tfce"], uncorrected=False)
    assert {"F", "partialr2"} <= set(table)
    assert not any(c.startswith("effect") for c in table)
    assert [c for c in table if c.startswith("p_fwe")] == ["p_fwe", "p_fwe_low", "p_fwe_high"]
    assert table["p_unc"].isna().all()


def test_rule_writes_the_header_of_an_empty_table(run, tmp_path):
    table = run_rule(run, "pseudo", "t", "t", tmp_path / "t.tsv", alpha=0.001)
    assert table.empty
    assert list(table)[:6] == ["cluster", "peak", "x", "y", "z", "t"]
