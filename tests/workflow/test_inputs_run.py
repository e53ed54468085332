"""Several inputs through the whole: names, the numbers of a single input, and one input more."""

import os

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tiny import CONFIG, UP_TO_MAPS, Study, contents, copy_workflow, layered, write_data

FACES = {"faces": "sub-{participant_id}.nii.gz"}
BOTH = FACES | {"houses": "houses-{participant_id}.nii.gz"}


def with_maps(maps, **more):
    return layered(CONFIG, {"dataset": CONFIG["dataset"] | {"maps": maps}}, more)


@pytest.fixture(scope="module")
def one(tmp_path_factory, snakemake):
    """A study with the maps of a second input, run with the first one alone; the last person lacks the second."""
    folder = tmp_path_factory.mktemp("inputs")
    study = Study(folder / "study", folder / "data", snakemake)
    copy_workflow(study.workflow)
    study.work.mkdir()
    write_data(study.data)
    rng = np.random.default_rng(8)
    brain = nib.load(study.data / "brain.nii.gz")
    for i in range(7):
        values = rng.normal(size=brain.shape) * np.asarray(brain.dataobj)
        nib.Nifti1Image(values.astype(np.float32), brain.affine).to_filename(
            study.data / f"houses-{i + 1}.nii.gz"
        )
    study.finish(*UP_TO_MAPS, config=with_maps(FACES), timeout=900)
    return study


def numbers(study):
    """The bits of the matrix and the null, and the values of the maps: what describes these says the input."""
    results = study.work / "results"
    maps = {f"maps/{path.name}": nib.load(path).get_fdata().tobytes() for path in results.glob("maps/*")}
    return contents(results, "*.npy", "nulls/**/*.npz") | maps


def test_a_name_changes_names_alone(one, finished):
    plain = numbers(finished)
    named = {path.replace("input-faces_", ""): content for path, content in numbers(one).items()}
    shared = named.keys() & plain.keys()
    assert len(shared) > 10 and {path: named[path] for path in shared} == {
        path: plain[path] for path in shared
    }


def chunks(study, name):
    return {
        path.name: path.read_bytes()
        for path in study.result(f"nulls/input-{name}_contrast-age").glob("*.npz")
    }


def kept(study, name):
    """How many chunks of an input were left as they were by the last run."""
    logs = study.result("logs/compute_null_chunk").glob(f"input-{name}_contrast-age_*.log")
    return sum("kept: " in path.read_text() for path in logs)


def test_one_input_more_relabels_that_input_alone(one, tmp_path):
    study = one.copied(tmp_path / "study")
    before = chunks(study, "faces")
    study.finish(*UP_TO_MAPS, config=with_maps(BOTH, quality={"require": "any"}), timeout=900)
    assert chunks(study, "faces") == before and kept(study, "faces") == len(before) == 2
    assert chunks(study, "houses").keys() == before.keys() and kept(study, "houses") == 0
    matrix = np.load(study.result("input-houses_maps.npy"))
    assert np.isnan(matrix[7]).all() and np.isfinite(matrix[:7]).all()
    # Whoever lacks one input leaves all of them, unless any will do: then the first has other people.
    study.finish(*UP_TO_MAPS, "correct_across", config=with_maps(BOTH), timeout=900)
    assert "houses: missing file" in study.result("quality/excluded.tsv").read_text()
    assert len(np.load(study.result("input-faces_maps.npy"))) == 7
    assert kept(study, "faces") == kept(study, "houses") == 0
    for name in BOTH:
        own, all_inputs = (
            nib.load(
                study.result(f"maps/input-{name}_contrast-age_stat-t_corr-{kind}_logp.nii.gz")
            ).get_fdata()
            for kind in ("fwe", "ifwe")
        )
        # At least the p of the input alone, and at most that times two.
        assert (all_inputs <= own + 1e-6).all() and (all_inputs >= own - np.log10(2) - 1e-6).all()
        assert (all_inputs < own).any()


def test_files_of_an_input_that_were_only_touched_run_nothing(one):
    """As without names of inputs: what their files were is in the records of each input."""
    for name in ("participants.tsv", "sub-2.nii.gz", "brain.nii.gz"):
        file = one.data / name
        before = file.stat()
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 10**12))
    assert one.plan(*UP_TO_MAPS, config=with_maps(FACES)).rules == set()


def test_columns_of_two_tables_are_tested_together(one, tmp_path):
    """Thickness and area of the same regions, each with a table of its own, whose rows are in another order."""
    study = one.copied(tmp_path / "study")
    rng = np.random.default_rng(3)
    for measure in ("thickness", "area"):
        names = [f"{side}_{region}_{measure}" for side in ("lh", "rh") for region in ("insula", "cuneus")]
        rows = [[str(i + 1), *(f"{v:.4f}" for v in rng.normal(i * 0.3, 1, len(names)))] for i in range(8)]
        lines = ["\t".join(row) for row in [[f"lh.aparc.{measure}", *names], *rng.permutation(rows)]]
        (tmp_path / f"{measure}.tsv").write_text("\n".join(lines) + "\n")
    dataset = {
        "source": "table",
        "path": "DATA/participants.tsv",
        "maps": {measure: [f"*_{measure}"] for measure in ("thickness", "area")},
        "values": {measure: str(tmp_path / f"{measure}.tsv") for measure in ("thickness", "area")},
    }
    config = {"dataset": dataset, "results": "regions", "figures": False}
    config |= {key: CONFIG[key] for key in ("model", "permutation")}
    config["joint"] = {"either": {"combine": "fisher", "inputs": list(dataset["maps"]), "contrasts": ["age"]}}
    study.finish(config=config, timeout=900)
    folder = study.work / "regions"
    table = pd.read_csv(folder / "maps/joint-either_stat-fisher_statmap.tsv", sep="\t")
    assert table["name"].tolist() == ["lh_insula", "lh_cuneus", "rh_insula", "rh_cuneus"]
    dof = 8 - 2
    own = [
        pd.read_csv(folder / f"maps/input-{m}_contrast-age_stat-t_statmap.tsv", sep="\t")["value"]
        for m in dataset["maps"]
    ]
    p = [2 * stats.t.sf(np.abs(t), dof) for t in own]
    np.testing.assert_allclose(table["value"], -2 * np.log(p).sum(axis=0), rtol=1e-5)
    assert "area, 4 regions; thickness, 4 regions" in (folder / "methods.md").read_text()
