"""Several inputs: who is analysed, what is missing, and what must not be mixed."""

import json
import re

import collect_table
import join_inputs
import numpy as np
import pandas as pd
import pytest
import smooth_maps
from held import hold
from permaps.cohort import networks, simulation
from permaps.maps.images import write_image
from permaps.quality.screening import reason_of
from permaps.reporting.limitations import limitations
from permaps.reporting.methods import methods_paragraph, question
from permaps.reporting.page_tables import design
from permaps.reporting.references import cited
from permaps.reporting.words import analysed
from permaps.spaces.files import write_space
from permaps.spaces.kinds import SPACE_KINDS, kind_of
from permaps.spaces.volume import Volume
from permaps.tables.participants import read_participants
from permaps.workflow.errors import UserError
from permaps.workflow.names import input_names, unfit_names
from run_folder import fabricate
from test_provenance import record_of

NAMES = [f"sub-{i}" for i in range(1, 6)]
EMPTY = "empty (only 0 or NaN)"
GRIDS = {"faces": np.diag([3.0, 3, 3, 1]), "houses": np.diag([4.0, 4, 4, 1])}


def write_tables(folder, left):
    """Write the participants of two inputs, and who left which of them and why."""
    files = {"participants": {}, "excluded": {}}
    for name in GRIDS:
        table = pd.DataFrame(
            {"participant_id": NAMES, "map": [f"/{name}/{i}.nii" for i in NAMES], "age": range(20, 25)}
        )
        files["participants"][name] = folder / f"{name}.tsv"
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
        gone = table[table["participant_id"].isin(left[name])]
        files["excluded"][name] = folder / f"{name}_excluded.tsv"
        gone.assign(reason=[left[name][i] for i in gone["participant_id"]]).to_csv(
            folder / f"{name}_excluded.tsv", sep="\t", index=False
        )
    return files


@pytest.mark.parametrize(
    ("require", "staying", "reasons"),
    [
        (
            "all",
            ["sub-3", "sub-4", "sub-5"],
            ["missing variate: age", f"houses: {EMPTY}"],
        ),
        ("any", ["sub-2", "sub-3", "sub-4", "sub-5"], ["missing variate: age"]),
    ],
)
def test_who_lacks_an_input_leaves_with_the_reason_or_has_missing_values(tmp_path, require, staying, reasons):
    variate = {"sub-1": "missing variate: age"}
    files = write_tables(tmp_path, {"faces": variate, "houses": variate | {"sub-2": EMPTY}})
    join_inputs.main(
        **files, require=require, all_included=tmp_path / "in.tsv", all_excluded=tmp_path / "out.tsv"
    )
    stay, leave = (read_participants(tmp_path / name) for name in ("in.tsv", "out.tsv"))
    assert (list(stay["participant_id"]), list(leave["reason"])) == (staying, reasons)
    assert list(stay.columns) == ["participant_id", "map_faces", "map_houses", "age"]
    lacking = [i for i, path in zip(stay["participant_id"], stay["map_houses"], strict=True) if pd.isna(path)]
    assert lacking == (["sub-2"] if require == "any" else [])


def test_reasons_of_two_inputs_are_both_told_unless_they_are_one():
    assert reason_of({"a": EMPTY, "b": "missing file (x)"}, "any") == f"a: {EMPTY}; b: missing file (x)"
    assert reason_of({"a": "query: age < 3", "b": "query: age < 3"}, "all") == "query: age < 3"


def test_without_enough_people_in_all_inputs_the_run_stops(tmp_path):
    left = {"faces": dict.fromkeys(NAMES[:2], EMPTY), "houses": dict.fromkeys(NAMES[2:4], EMPTY)}
    with pytest.raises(UserError, match="1 of 5 participants stay"):
        join_inputs.main(
            **write_tables(tmp_path, left),
            require="all",
            all_included=tmp_path / "a",
            all_excluded=tmp_path / "b",
        )


@pytest.fixture
def absent(tmp_path):
    """The matrix of five people of whom the second has no map, and the map of coverage."""
    rng, cohort = np.random.default_rng(2), []
    brain = np.zeros((4, 4, 4), bool)
    brain[1:3, 1:3, 1:3] = True
    for name in NAMES:
        path = tmp_path / f"{name}.nii.gz"
        write_image(path, (rng.normal(size=brain.shape) * brain).astype(np.float32), GRIDS["faces"], "test")
        cohort.append({"participant_id": name, "map": str(path)})
    cohort = pd.DataFrame(cohort)
    held = hold(cohort, tmp_path)
    # A map that is there may still have been left out, for what it misses.
    for name, rows in (("included", cohort), ("usable", cohort.drop(index=1))):
        rows.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    write_space(Volume(brain, GRIDS["faces"]), tmp_path / "brain.nii.gz", "test")
    smooth_maps.main(
        included=tmp_path / "included.tsv", usable=tmp_path / "usable.tsv", **held, brain=tmp_path / "brain.nii.gz",
        mask=tmp_path / "mask.nii.gz", coverage=tmp_path / "coverage.nii.gz", matrix=tmp_path / "maps.npy",
        voxels=tmp_path / "voxels.tsv", smoothing_fwhm=None, min_coverage=1.0, zero_is_missing=True,
    )  # fmt: skip
    return np.load(tmp_path / "maps.npy")


def test_who_lacks_an_input_is_missing_at_all_its_voxels(absent):
    assert absent.shape == (5, 8)
    assert np.isnan(absent[1]).all() and np.isfinite(np.delete(absent, 1, axis=0)).all()


def test_inputs_are_defined_on_one_kind_of_space():
    dataset = {"source": "table", "path": "t.tsv", "id": "participant_id", "sessions": None, "entities": None}
    volumes = {"faces": "{participant_id}.nii.gz", "houses": "b_{participant_id}.img"}
    assert kind_of(dataset | {"maps": volumes}) is SPACE_KINDS["volume"]
    with pytest.raises(
        UserError, match=r"dataset\.maps\.fa: found values of edges, and faces has values of voxels"
    ):
        kind_of(dataset | {"maps": volumes | {"fa": "{participant_id}.csv"}})


def test_two_inputs_are_two_files(tmp_path):
    table = tmp_path / "participants.tsv"
    rows = ["participant_id\tfaces\thouses", "1\ta.nii\tb.nii", "2\tc.nii\tc.nii"]
    table.write_text("\n".join(rows) + "\n")
    given = {"results": tmp_path / "r", "voxelwise": {}, "participants": tmp_path / "p.tsv"}
    dataset = {"source": "table", "path": table, "id": "participant_id", "sessions": None, "entities": None}
    collect_table.main(**given, dataset=dataset | {"maps": "faces"}, name="faces", earlier={})
    with pytest.raises(UserError) as refused:
        collect_table.main(
            **given, dataset=dataset | {"maps": "houses"}, name="houses", earlier={"faces": "faces"}
        )
    for part in ("dataset.maps.houses", "c.nii of 2 (line 3", "the map of the input faces too"):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (
            {"inputs": ["faces", "Faces"]},
            "dataset.maps.Faces: found a name that differs from 'faces' in case alone",
        ),
        ({"inputs": ["gm"], "covariates": ["gm"]}, "model.voxelwise.gm: found the name of an input"),
        ({"inputs": ["a" * 100]}, "of the input"),
        (
            {"joint": ["either", "Either"]},
            "joint.Either: found a name that differs from 'either' in case alone",
        ),
        (
            {"joint": ["no" * 20]},
            "joint: the name 'nononononononononononononononononononono' ends in 'no' again",
        ),
    ],
)
def test_names_that_will_not_do(names, says):
    problems = unfit_names(["age", "b" * 100], [], **{"covariates": [], "inputs": [], "joint": []} | names)
    assert any(says in problem for problem in problems), problems


def test_names_are_those_of_the_mapping_or_of_the_simulation():
    assert input_names({"maps": "map"}) == []
    assert input_names({"maps": {"faces": "a", "houses": "b"}}) == ["faces", "houses"]
    assert input_names({"source": "simulated", "inputs": ["faces"]}) == ["faces"]


def test_simulated_inputs_have_the_same_effects_and_correlated_noise():
    planted = networks.planted(0)
    upper = np.triu_indices(networks.N_NODES, 1)
    first, second, third = (
        np.array([networks.connectome(1, index, planted, number)[upper] for index in range(40)])
        for number in (0, 1, 2)
    )
    for one, other, expected in ((first, second, 0.6), (first, third, 0.6), (second, third, 0.36)):
        found = np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(one, other, strict=True)])
        assert found == pytest.approx(expected, abs=0.05)
    assert simulation.SHARED == 0.6


def test_words_and_record_name_the_inputs(tmp_path):
    run = fabricate(tmp_path, voxel=10.0, relabellings=39)
    record = json.loads(json.dumps(record_of(run, run)))
    mask = record.pop("mask")
    record["masks"] = {"faces": mask, "houses": mask | {"n_voxels": 7}}
    record["config"]["dataset"] |= {"inputs": ["faces", "houses"]}
    assert analysed(record).startswith(
        f"faces, {mask['n_voxels']:,} voxels of"
    ) and "; houses, 7" in analysed(record)
    record["config"]["joint"]["either"] = {
        "multivariate": None,
        "combine": "fisher", "inputs": ["faces", "houses"], "contrasts": ["any"], "direction": None,
    }  # fmt: skip
    text = methods_paragraph(record)
    assert "either, the combination of Fisher (Fisher, 1932) of any of faces and houses (two-sided)" in text
    assert (
        "Winkler et al., 2016b" in text
        and "winkler2016npc" in cited(text)
        and "winkler2016" not in cited(text)
    )
    assert "either: where do faces, houses and any together speak against no effect?" in question(record)
    assert "maps of 2 kinds (faces and houses) of 24 participants" in text
    assert "over the contrasts and inputs of one relabelling scheme, by the smallest p" in text
    assert any("the maps corr-ifwe are" in note for note in limitations(record))
    assert any(note.startswith("houses: mask.strategy") for note in limitations(record))
    assert "at most" not in text and design(record)["Participants"].startswith("24")
    record["participants"]["with_maps"] = {"faces": 24, "houses": 20}
    text = methods_paragraph(record)
    assert "24 participants were analysed" in text and "; 20 of them had a map of houses." in text
    assert (
        re.search(r"; at most [\d, ]+ degrees of freedom\)", text)
        and "with the participants who have a value there" in text
    )
    assert "; houses: 20" in design(record)["Participants"]
