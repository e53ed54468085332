"""The record of a run, and its words."""

import hashlib
import json

import numpy as np
import pytest
import record_provenance
import write_methods
from permaps.reporting.limitations import limitations
from permaps.reporting.methods import methods_paragraph, question
from permaps.reporting.page_tables import design
from permaps.reporting.record import with_maps
from permaps.reporting.references import ENTRIES, bibtex, cite, cited, listed
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.workflow.provenance import drawn_in, plain, software
from run_folder import fabricate

CONFIG = {
    "dataset": {"source": "simulated", "seed": 7},
    "mask": {"strategy": "background", "file": None, "min_coverage": 1.0},
    "smoothing_fwhm": 5.0,
    "model": {
        "formula": "1 + pseudo + age + sex",
        "contrasts": {"pseudo": "pseudo", "mean": "Intercept", "any": ["pseudo", "age"]},
        "voxelwise": {},
        "variance_groups": None,
    },
    "permutation": {"seed": 3, "two_sided": True, "blocks": dict.fromkeys(("within", "whole", "nested"))},
    "inference": {
        "statistics": ["voxel", "tfce", "cluster_size", "cluster_mass"],
        "connectivity": 26,
        "tfce": {"extent": 0.5, "height": 2.0},
        "cluster_p": 0.001,
        "alpha": 0.05,
        "variance_smoothing_fwhm": None,
        "small_volumes": {},
        "tail_fit": False,
        "tdp": {"shift": 0},
        "regions": {},
    },
    "joint": {},
    "atlas": {"image": None, "labels": None},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fabricate(tmp_path_factory.mktemp("run"), voxel=10.0, relabellings=39)


def record_of(run, folder, missing=()):
    record_provenance.main(
        included=run / "quality/included.tsv",
        excluded=run / "quality/excluded.tsv",
        inputs={
            "": {
                "images": run / "dataset/images.json",
                "metrics": run / "quality/metrics.tsv",
                "mask": run / "mask.nii.gz",
                "voxels": run / "quality/voxels.tsv",
            }
        },
        plan=run / "design/plan.json",
        relabellings=run / "tables/relabellings.tsv",
        nulls={c: run / f"nulls/contrast-{c}.npz" for c in CONFIG["model"]["contrasts"]},
        provenance=folder / "provenance.json",
        description=folder / "dataset_description.json",
        config=CONFIG,
        version="0.1.0",
        code="abc",
        snakemake_version="9.27.1",
        missing=missing,
    )
    return json.loads((folder / "provenance.json").read_text())


@pytest.fixture
def record(run, tmp_path):
    return record_of(run, tmp_path)


def test_a_note_on_missing_values_limits_its_contrast(run, tmp_path):
    tables = []
    for contrast, note in zip(CONFIG["model"]["contrasts"], ["who lacks values differs", ""], strict=False):
        tables.append(tmp_path / f"{contrast}.tsv")
        tables[-1].write_text(f"contrast\tp\tnote\n{contrast}\tn/a\t{note}\n")
    noted, *others = record_of(run, tmp_path, tables)["contrasts"].values()
    assert noted["warnings"] == ["who lacks values differs"] and not any(c["warnings"] for c in others)
    assert any("who lacks values differs" in line for line in limitations(record_of(run, tmp_path, tables)))


def test_record_counts_what_was_there(record, run):
    first = (run / "quality/included.tsv").read_text().splitlines()[1].split("\t")[0]
    assert record["participants"] == {
        "included": 24,
        "excluded": 2,
        "people": None,
        "reasons": {"no value for pseudo": 2},
        "stand_out": {first: "same map as another"},
    }
    note = f"1 map stands out and is analysed all the same: {first} (same map as another)."
    assert any(note in limit for limit in limitations(record))
    assert record["mask"]["n_voxels"] == np.load(run / "maps.npy").shape[1]
    assert record["mask"]["voxel_size_mm"] == [10, 10, 10]
    share = read_space(run / "mask.nii.gz").mask.mean()
    assert record["mask"]["share_of_image"] == pytest.approx(share, abs=1e-4)
    assert record["contrasts"]["any"]["n_relabellings"] == 39
    assert record["seeds"] == {"relabellings": 3, "dataset": 7}
    first = record["inputs"]["sub-01"]
    with open(first["map"], "rb") as file:
        assert first["sha256"] == {"sub-01_statmap.nii.gz": hashlib.sha256(file.read()).hexdigest()}


def test_record_counts_the_maps_of_every_input(run):
    included = run / "quality/included.tsv"
    people = read_participants(included)["participant_id"].tolist()
    fewer = run / "quality/input-houses_included.tsv"
    fewer.write_text("".join(line for i, line in enumerate(included.read_text().splitlines(True)) if i != 2))
    inputs = {"faces": {"with_maps": included}, "houses": {"with_maps": fewer}}
    assert with_maps(inputs, people) == {"with_maps": {"faces": 24, "houses": 23}}
    assert with_maps(inputs, people[:1]) == {"with_maps": {"faces": 1, "houses": 1}}
    assert with_maps({"": {"with_maps": included}}, people) == {}


def test_record_is_the_same_twice(run, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        record_of(run, tmp_path / name)
    for file in ("provenance.json", "dataset_description.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize(("n_distinct", "exact"), [(40, True), (41, False), ("1e30", False)])
def test_all_relabellings_are_exact(tmp_path, n_distinct, exact):
    np.savez(tmp_path / "null.npz", voxel=np.zeros(40))
    assert drawn_in(tmp_path / "null.npz", n_distinct) == {"n_relabellings": 39, "exact": exact}


def test_numpy_numbers_become_plain():
    made = plain({"a": np.int64(1), 2: (np.float64(0.5), [None])})
    assert json.dumps(made) == '{"a": 1, "2": [0.5, [null]]}'


def test_versions_are_those_installed():
    assert software()["numpy"] == np.__version__


def test_methods_state_what_was_done(record):
    text = methods_paragraph(record)
    for part in (
        "24 participants",
        "2 more were left out (no value for pseudo)",
        "5 mm FWHM",
        f"{record['mask']['n_voxels']:,} voxels of 10 × 10 × 10 mm",
        "1 + pseudo + age + sex",
        "39 permutations for pseudo and any and 39 sign-flips for mean (seed 3)",
        "two-sided",
        "E = 0.5 and H = 2",
        "26 neighbours",
        "uncorrected p of 0.001",
        "corrected level of 0.05",
        "by the smallest p of each relabelling over them (Westfall and Troendle, 2008)",
        "Snakemake 9.27.1",
    ):
        assert part in text, part


def test_methods_leave_out_what_was_not_done(record):
    record["config"]["inference"]["statistics"] = ["voxel"]
    record["config"]["inference"]["tdp"] = None
    record["config"]["smoothing_fwhm"] = None
    record["config"]["model"]["contrasts"] = {"pseudo": "pseudo"}
    record["contrasts"] = {"pseudo": record["contrasts"]["pseudo"]}
    text = methods_paragraph(record)
    assert "not smoothed" in text
    assert "number of contrasts" not in text
    for part in (
        "TFCE",
        "threshold-free",
        "cluster",
        "Bullmore",
        "blocks",
        "G statistic",
        "Pareto",
        "pseudo-t",
        "true effect",
        "Blanchard",
    ):
        assert part not in text, part


def test_methods_say_that_all_relabellings_were_made_within_blocks(record):
    record["contrasts"] = {
        "pseudo": record["contrasts"]["pseudo"]
        | {"n_relabellings": 719, "exact": True, "smallest_p": 2 / 720}
    }
    record["config"]["model"]["contrasts"] = {"pseudo": "pseudo"}
    record["config"]["permutation"]["blocks"] = {"within": None, "whole": "family", "nested": None}
    said = "all 720 distinct permutations with the observed labelling among them, respecting blocks by family"
    assert said in methods_paragraph(record)


def test_maps_and_people_are_counted_apart(record):
    record["participants"] |= {"included": 47, "people": 24}
    assert "statistic maps (47) of 24 participants were analysed" in methods_paragraph(record)
    assert design(record)["Participants"].startswith("47 maps of 24 (2 left out")
    record["participants"] |= {"people": None}
    assert "statistic maps of 47 participants" in methods_paragraph(record)
    assert design(record)["Participants"].startswith("47 (2 left out")


def test_spheres_and_masks_on_other_grids_are_told(record):
    volumes = {"V1": "v1.nii", "motor": {"center": [-42, -20, 56.5], "radius": 10}}
    record["config"]["inference"]["small_volumes"] = volumes
    record["mask"] |= {"resampled": ["mask.file"]}
    text = methods_paragraph(record)
    assert "within V1 and motor (a sphere of 10 mm around -42, -20, 56.5 mm)" in text
    assert "On another grid than the maps, mask.file was taken at the nearest voxel." in text


@pytest.mark.parametrize(("n_lost", "told"), [(100, False), (130, True)])
def test_a_mask_of_which_much_is_lost_is_told_among_the_limitations(record, n_lost, told):
    record["mask"]["left_out"] = {"brain mask": 1000, "under coverage": n_lost, "analysed": 1000 - n_lost}
    said = "130 of the 1,000 voxels of the brain mask (13%) are not analysed"
    assert any(said in note for note in limitations(record)) == told


def test_a_mask_that_takes_the_whole_image_is_told_in_the_methods_and_among_the_limitations(record):
    assert "of the image" not in methods_paragraph(record)
    record["mask"] |= {"share_of_image": 0.93}
    assert "background strategy, took 93 % of the image and kept" in methods_paragraph(record)
    assert any("takes 93 % of the image for brain" in note for note in limitations(record))


def test_methods_state_what_was_asked_for_besides(record):
    config = record["config"]
    config["mask"]["min_coverage"] = 0.8
    config["model"] |= {"voxelwise": {"gm": "gm", "wm": "wm"}, "variance_groups": "site"}
    config["permutation"]["blocks"] |= {"within": "family", "nested": ["a", "b"]}
    config["inference"] |= {
        "variance_smoothing_fwhm": 8.0,
        "small_volumes": {"V1": "v1.nii"},
        "tail_fit": True,
        "tdp": {"shift": 27},
        "regions": {"V1": "v1.nii"},
    }
    text = methods_paragraph(record)
    for part in (
        "with gm and wm as covariates of their own at every voxel, each voxel with the participants who have",
        "apart for the groups of site, by the G statistic",
        "a Gaussian kernel of 8 mm FWHM, which gives a pseudo-t",
        "For each cluster and each region, the number of voxels with a true effect was bounded from below",
        "with thresholds shifted by 27 (Andreella et al., 2023)",
        "with a confidence of 95 %",
        "blocks by family (relabelled within) and blocks by a and b (nested)",
        "within V1, by relabellings of its own",
        "generalised Pareto distribution was fitted to the tails of the null distributions (Winkler et al., 2016)",
    ):
        assert part in text, part
    assert {"winkler2014", "winkler2016"} <= set(cited(text))


def test_limitations_name_what_limits(record):
    notes = " ".join(limitations(record))
    assert "sign-flips assume" in notes
    assert "not over the 3 contrasts or over the statistics; the maps corr-cfwe are" in notes
    record["config"]["inference"]["alpha"] = 0.02
    assert "pseudo, mean, any: with 39 relabellings" in " ".join(limitations(record))
    record["participants"]["included"] = 12
    assert "12 participants are few" in " ".join(limitations(record))


def test_a_large_plain_run_has_no_limitations(record):
    record["config"]["inference"]["alpha"] = 0.05
    record["contrasts"] = {"pseudo": record["contrasts"]["pseudo"] | {"n_relabellings": 10000}}
    record["participants"]["stand_out"] = {}
    assert limitations(record) == []


def test_every_contrast_has_its_question(record):
    assert len(question(record)) == 3


def test_every_paper_is_cited_alike_everywhere():
    for key, (entry, fields) in ENTRIES.items():
        needed = {"journal", "volume", "pages"} if "journal" in fields else {"publisher"}
        assert {"author", "title", "year"} | needed <= set(fields), key
        assert cited(f"as shown {cite(key)}.") == [key]
        assert fields.get("doi", fields["year"]) in listed(key)
        assert entry in bibtex([key])
        assert entry.count("{") == entry.count("}")


def test_methods_file_lists_just_the_papers_it_cites(record, tmp_path):
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(record))
    write_methods.main(provenance=path, methods=tmp_path / "m.md", bibliography=tmp_path / "r.bib")
    text, bib = (tmp_path / "m.md").read_text(), (tmp_path / "r.bib").read_text()
    assert "10.1016/j.neuroimage.2008.03.061" in text
    assert bib.count("@article") == text.count("doi:")
    assert "pinel2007" not in bib
