"""The examples that simulate their own data, from end to end, with few people and relabellings."""

import json
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from tiny import layered

ROOT = Path(__file__).parents[2]
SMALL = {"permutation": {"n_permutations": 20, "chunk_size": 20}}


def finished_example(snakemake, folder, *names, n_permutations=20, **dataset):
    """Run an example, or several of one cohort, to the end with few people; return the results."""
    examples = [
        yaml.safe_load((ROOT / f"config/examples/{name}.yaml").read_text(encoding="utf-8")) for name in names
    ]
    config = layered(*examples, {"results": "results"}, SMALL)
    config["permutation"]["n_permutations"] = n_permutations
    config["dataset"] |= dataset
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    arguments = ("--snakefile", ROOT / "Snakefile", "--cores", "2", "--configfile", "config.yaml")
    done = snakemake(*arguments, cwd=folder, timeout=900)
    assert done.returncode == 0, done.stdout
    again = snakemake(*arguments, "--dry-run", cwd=folder)
    assert "Nothing to be done" in again.stdout
    results = folder / "results"
    for log in (results / "logs").glob("**/*simulate_cohort.log"):
        assert re.search(r" \d+ participants x \d+ \w+$", log.read_text(), re.M), log
    files = re.findall('<li><a href="([^"]+)">', (results / "report.html").read_text(encoding="utf-8"))
    assert "tables/summary.tsv" in files and len(files) == len(set(files))
    return results


def words_of_volumes(results):
    """What pages, captions and tables of a run say of voxels and their mask, but for the title of a paper."""
    pages = [results / name for name in ("methods.md", "summary.html", "report.html")]
    tables = (results / "quality").glob("*.tsv")
    found = []
    for path in (*pages, *tables, *(results / "figures/captions").glob("*.rst")):
        text = path.read_text(encoding="utf-8").replace("Global, voxel, and cluster tests", "")
        found += [
            f"{path.name}: {text[max(0, said.start() - 40) : said.end() + 20]}"
            for said in re.finditer("[Vv]oxel|brain mask", text)
        ]
    return found


@pytest.fixture(scope="module")
def surface(snakemake, tmp_path_factory):
    return finished_example(
        snakemake, tmp_path_factory.mktemp("surface"), "surface", n_subjects=14, effect_size=5
    )


@pytest.fixture(scope="module")
def two_inputs(snakemake, tmp_path_factory):
    return finished_example(
        snakemake, tmp_path_factory.mktemp("inputs"), "two-inputs", "manova", n_subjects=14
    )


@pytest.fixture(scope="module")
def connectome(snakemake, tmp_path_factory):
    return finished_example(
        snakemake, tmp_path_factory.mktemp("connectome"), "connectome", n_subjects=14, effect_size=3
    )


def test_results_of_a_surface_are_a_file_per_hemisphere(surface):
    whole = nib.load(surface / "maps/contrast-pseudo_stat-t_statmap.dscalar.nii")
    model = whole.header.get_axis(1)
    for side, (_, part, axis) in zip("LR", model.iter_structures(), strict=True):
        one = nib.load(surface / f"maps/hemi-{side}_contrast-pseudo_stat-t_statmap.func.gii").darrays[0].data
        assert one.shape == (10242,)
        np.testing.assert_array_equal(one[axis.vertex], whole.get_fdata()[0, part].astype(np.float32))


def test_tables_and_words_speak_of_vertices(surface):
    table = pd.read_csv(surface / "tables/contrast-pseudo_stat-tfce_clusters.tsv", sep="\t")
    assert {"hemisphere", "vertex", "x", "y", "z", "size_mm2", "n_vertices"} <= set(table)
    assert len(table) and set(table["hemisphere"]) <= {"L", "R"}
    assert "n_significant_vertices" in pd.read_csv(surface / "tables/summary.tsv", sep="\t")
    methods = (surface / "methods.md").read_text()
    assert "vertices of both hemispheres (fsaverage5; " in methods and "mm²" in methods
    assert not words_of_volumes(surface)


def test_figures_of_a_surface_are_drawn(surface):
    for name in ("comparison", "clusters", "stat-tfce_slices", "peaks", "nulls"):
        assert (surface / f"figures/contrast-pseudo_{name}.png").stat().st_size > 20_000, name
        assert (surface / f"figures/contrast-pseudo_{name}.svg").stat().st_size < 6_000_000, name
    page = (surface / "figures/contrast-pseudo_viewer.html").read_text()
    assert page.count("<iframe") == 2 and 'src="http' not in page


@pytest.fixture(scope="module")
def grayordinates(snakemake, tmp_path_factory):
    return finished_example(
        snakemake, tmp_path_factory.mktemp("cifti"), "cifti", n_permutations=60, n_subjects=14, effect_size=5
    )


def test_results_of_grayordinates_have_the_brain_models_that_came_in(grayordinates):
    came = nib.load(grayordinates / "dataset/maps/sub-S01_statmap.dscalar.nii").header.get_axis(1)
    for name in ("t_statmap", "tfce_corr-fwe_logp", "clustersize_tdp_statmap"):
        image = nib.load(grayordinates / f"maps/contrast-pseudo_stat-{name}.dscalar.nii")
        assert image.header.get_axis(1) == came and np.isfinite(image.get_fdata()).all(), name
    with np.load(grayordinates / "nulls/contrast-pseudo.npz") as null:
        parts = [np.sort(null[f"tfce_{part}"])[::-1] for part in ("cortex", "voxels")]
        ranked = [
            np.searchsorted(-part, -null[f"tfce_{name}"], "right")
            for part, name in zip(parts, ("cortex", "voxels"), strict=True)
        ]
        np.testing.assert_allclose(10.0 ** -null["tfce"], np.min(ranked, axis=0) / 61, rtol=1e-6)


def test_tables_and_words_speak_of_grayordinates(grayordinates):
    table = pd.read_csv(grayordinates / "tables/contrast-pseudo_stat-tfce_clusters.tsv", sep="\t")
    assert {"structure", "hemisphere", "vertex", "x", "size_mm2", "size_mm3", "n_grayordinates"} <= set(table)
    assert len(table) and (table["size_mm2"].isna() != table["size_mm3"].isna()).all()
    assert (table["hemisphere"].isna() == table["size_mm2"].isna()).all()
    methods, page = ((grayordinates / name).read_text() for name in ("methods.md", "summary.html"))
    assert "corrected together, by the smallest p" in methods and "on the cortex and E = 0.5" in methods
    assert "voxels of 3 × 3 × 3 mm" in methods and "grayordinates" in page
    for name in ("comparison", "clusters", "stat-tfce_slices", "peaks", "nulls"):
        assert (grayordinates / f"figures/contrast-pseudo_{name}.png").stat().st_size > 20_000, name
    viewer = (grayordinates / "figures/contrast-pseudo_viewer.html").read_text()
    assert viewer.count("<iframe") == 3 and 'src="http' not in viewer


def test_results_of_parcels_are_tables(snakemake, tmp_path):
    results = finished_example(snakemake, tmp_path, "parcels", n_subjects=20, effect_size=2)
    table = pd.read_csv(results / "maps/contrast-pseudo_stat-t_corr-fwe_logp.tsv", sep="\t")
    assert list(table) == ["index", "name", "value"] and len(table) == 68 and table["index"].iloc[-1] == 68
    found = pd.read_csv(results / "tables/contrast-pseudo_stat-t_clusters.tsv", sep="\t")
    assert "lh_parsopercularis_thickness" in set(found["region"]) and set(found["n_regions"]) == {1}
    assert not list((results / "tables").glob("*tfce*"))
    methods = (results / "methods.md").read_text()
    assert "68 regions" in methods and "of the region statistic. Results" in methods
    assert not words_of_volumes(results)
    for name in ("comparison", "stat-t_slices", "peaks"):
        assert (results / f"figures/contrast-pseudo_{name}.png").stat().st_size > 10_000, name


def test_results_of_connectomes_are_matrices_with_names(connectome):
    matrix = pd.read_csv(connectome / "maps/contrast-pseudo_stat-t_statmap.tsv", sep="\t", index_col=0)
    assert matrix.shape == (60, 60) and list(matrix) == list(matrix.index)
    np.testing.assert_array_equal(matrix, matrix.T)
    table = pd.read_csv(connectome / "tables/contrast-pseudo_stat-clustersize_clusters.tsv", sep="\t")
    planted = {f"n{i + 1:02d}" for i in range(4, 12)}
    assert {"node_1", "node_2", "n_edges"} <= set(table) and "x" not in table
    assert table["n_edges"].iloc[0] > 5 and {table["node_1"].iloc[0], table["node_2"].iloc[0]} <= planted
    assert "edges between 60 nodes" in (connectome / "methods.md").read_text()
    assert not words_of_volumes(connectome)
    for name in ("comparison", "stat-tfce_slices", "peaks", "convergence"):
        assert (connectome / f"figures/contrast-pseudo_{name}.png").stat().st_size > 10_000, name


def test_a_joint_test_has_what_a_contrast_has(two_inputs):
    with np.load(two_inputs / "observed/joint-either.npz") as joint:
        combined = joint["voxel"]
    dof = json.loads((two_inputs / "design/contrast-pseudo_plan.json").read_text())["pseudo"]["dof"]
    p = []
    for name in ("faces", "houses"):
        with np.load(two_inputs / f"observed/input-{name}_contrast-pseudo.npz") as own:
            p.append(2 * stats.t.sf(np.abs(own["voxel"]), dof))
    np.testing.assert_allclose(combined, -2 * np.log(p).sum(axis=0), rtol=1e-4, atol=1e-4)
    with np.load(two_inputs / "nulls/joint-either.npz") as null:
        assert {"voxel", "tfce", "cluster_size", "cluster_mass", "tdp"} <= set(null.files)
        assert null["voxel"][0] == combined.max() and len(null["voxel"]) == 21
    for path in ("maps/joint-either_stat-{s}_corr-fwe_logp.tsv", "tables/joint-either_stat-{s}_clusters.tsv"):
        for stat in ("fisher", "tfce", "clustersize", "clustermass"):
            assert (two_inputs / path.format(s=stat)).exists()
    summary = pd.read_csv(two_inputs / "tables/summary.tsv", sep="\t")
    single = {f"{name}: {c}" for name in ("faces", "houses") for c in ("pseudo", "traits")}
    assert set(summary["contrast"]) == single | {"either", "both", "profile"}
    methods = (two_inputs / "methods.md").read_text()
    assert "the combination of Fisher (Fisher, 1932) of pseudo of faces and houses" in methods
    assert "Fisher, Ronald A. (1932). Statistical Methods for Research Workers. Oliver" in methods


def test_a_conjunction_has_the_largest_p_of_its_tests(two_inputs):
    for kind, ours, theirs in (
        ("fwe", "conjunction", "t"),
        ("unc", "conjunction", "t"),
        ("fwe", "tfce", "tfce"),
    ):
        logp = [
            pd.read_csv(two_inputs / f"maps/{name}_corr-{kind}_logp.tsv", sep="\t", index_col=0).to_numpy()
            for name in (
                f"joint-both_stat-{ours}",
                f"input-faces_contrast-pseudo_stat-{theirs}",
                f"input-houses_contrast-pseudo_stat-{theirs}",
            )
        ]
        np.testing.assert_allclose(logp[0], np.minimum(*logp[1:]), atol=1e-6)
    for name in ("comparison", "clusters", "stat-conjunction_slices", "nulls", "discoveries"):
        assert (two_inputs / f"figures/joint-both_{name}.png").stat().st_size > 10_000, name
    methods = (two_inputs / "methods.md").read_text()
    assert "both, the conjunction (Nichols et al., 2005) of pseudo of faces and houses" in methods


def test_a_multivariate_test_has_what_a_contrast_has(two_inputs):
    maps = [np.load(two_inputs / f"input-{name}_maps.npy").astype(float) for name in ("faces", "houses")]
    design = pd.read_csv(two_inputs / "design/design.tsv", sep="\t").select_dtypes("number").to_numpy()
    with np.load(two_inputs / "observed/joint-profile.npz") as joint:
        lambdas = np.exp(-joint["voxel"])
    y = np.stack(maps, axis=-1).transpose(1, 0, 2)
    (whole, reduced), flat = (design, np.ones((len(design), 1))), []
    for columns in (whole, reduced):
        left = y - columns @ np.linalg.pinv(columns) @ y
        flat.append(np.linalg.det(left.transpose(0, 2, 1) @ left))
    np.testing.assert_allclose(lambdas, flat[0] / flat[1], rtol=1e-5)
    with np.load(two_inputs / "nulls/joint-profile.npz") as null:
        assert {"voxel", "tfce", "cluster_size", "cluster_mass", "tdp"} <= set(null.files)
        assert len(null["voxel"]) == 21
    for path in (
        "maps/joint-profile_stat-{s}_corr-fwe_logp.tsv",
        "figures/joint-profile_stat-{s}_slices.png",
    ):
        for stat in ("wilks", "tfce", "clustersize", "clustermass"):
            assert (two_inputs / path.format(s=stat)).exists()
    assert (
        "Wilks' lambda (Wilks, 1932) of traits of faces and houses" in (two_inputs / "methods.md").read_text()
    )


def study_of_odd_sizes(folder, n=12):
    """Write maps of six vertices, two regions and three nodes, which all go with the score."""
    rng = np.random.default_rng(0)
    score = rng.normal(size=n)
    (folder / "maps").mkdir()
    corners = 20 * np.float32([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    triangles = np.int32([[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)])
    arrays = [
        nib.gifti.GiftiDataArray(corners, intent="NIFTI_INTENT_POINTSET"),
        nib.gifti.GiftiDataArray(triangles, intent="NIFTI_INTENT_TRIANGLE"),
    ]
    nib.save(nib.gifti.GiftiImage(darrays=arrays), folder / "rh.surf.gii")
    ids = [f"s{i:02d}" for i in range(n)]
    regions = pd.DataFrame(rng.normal(size=(n, 2)) + score[:, None], ids, ["r0", "r1"])
    regions.to_csv(folder / "regions.tsv", sep="\t", index_label="id")
    pd.DataFrame({"participant_id": ids, "score": score}).to_csv(
        folder / "participants.tsv", sep="\t", index=False
    )
    for name, value in zip(ids, score, strict=True):
        half = np.triu(rng.normal(size=(3, 3)) + value, 1)
        np.savetxt(folder / f"maps/{name}.csv", half + half.T, delimiter=",")
        vertices = nib.gifti.GiftiDataArray((rng.normal(size=6) + value).astype(np.float32))
        nib.save(nib.gifti.GiftiImage(darrays=[vertices]), folder / f"maps/rh.{name}.func.gii")


def test_one_hemisphere_and_odd_numbers_of_elements_go_to_the_end(snakemake, tmp_path):
    study_of_odd_sizes(tmp_path)
    config = {
        "dataset": {
            "source": "table",
            "path": "participants.tsv",
            "maps": "maps/rh.{participant_id}.func.gii",
        },
        "model": {"formula": "1 + score", "contrasts": {"score": "score"}},
        "analyses": {
            "right": {"space": {"mesh": "rh.surf.gii"}, "smoothing_fwhm": 0},
            "two": {"dataset": {"maps": ["r0", "r1"], "values": "regions.tsv"}},
            "nodes": {"dataset": {"maps": "maps/{participant_id}.csv"}},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config | SMALL))
    arguments = ("--snakefile", ROOT / "Snakefile", "--cores", "2", "--configfile", "config.yaml")
    wanted = [f"results/{name}/summary.html" for name in config["analyses"]]
    done = snakemake(*arguments, "--", *wanted, cwd=tmp_path, timeout=900)
    assert done.returncode == 0 and "could not be drawn" not in done.stdout, done.stdout
    for name, n in {"right": 6, "two": 2, "nodes": 3}.items():
        mask = np.load(tmp_path / f"results/{name}/observed/contrast-score.npz")
        assert mask["voxel"].shape == (n,) and np.isfinite(mask["voxel"]).all(), name
