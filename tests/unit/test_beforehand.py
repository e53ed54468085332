"""What is found before anything runs: the first and last images, the model, masks and who has a map at all."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from fsl_files import write_vest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, ScalarAxis
from permaps.design.beforehand import check_study
from permaps.workflow.config import layered, resolve
from permaps.workflow.errors import UserError
from test_config import DEFAULTS, SCHEMA

AFFINE = np.diag([3.0, 3, 3, 1])
PLAIN = {
    "dataset": {"source": "table", "path": "t.tsv", "maps": "{participant_id}.nii.gz"},
    "smoothing_fwhm": 0,
    "model": {"formula": "1 + age", "contrasts": {"age": "age"}},
}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Eight people with a map each, a mask and an atlas."""
    monkeypatch.chdir(tmp_path)
    for i in range(8):
        image(f"s{i}.nii.gz", np.random.default_rng(i).normal(size=(5, 6, 7)))
    mask = np.zeros((5, 6, 7))
    mask[:3] = 1
    image("mask.nii.gz", mask)
    image("far.nii.gz", mask, shift=500)
    (tmp_path / "atlas.tsv").write_text("index\tname\n1\tfront\n")
    (tmp_path / "other.tsv").write_text("index\tname\n7\tback\n")
    rows = "".join(f"s{i}\t{20 + i * i}\t{'ab'[i % 2]}\t{i // 2}\n" for i in range(8))
    (tmp_path / "t.tsv").write_text("participant_id\tage\tgroup\tfamily\n" + rows)
    rows = "".join(f"s{i}\t{20 + i * i}\ts{i}.nii.gz\n" for i in range(8))
    (tmp_path / "gm.tsv").write_text("participant_id\tage\tgm\n" + rows)
    return tmp_path


def image(path, data, shift=0):
    affine = AFFINE.copy()
    affine[:3, 3] = shift
    nib.Nifti1Image(data.astype(np.float32), affine).to_filename(path)


def check(*changes, kind="volume"):
    config = PLAIN
    for change in changes:
        config = layered(config, change)
    return check_study(resolve(config, DEFAULTS, SCHEMA), kind)


def model(formula="1 + age", **contrasts):
    return {"model": {"formula": formula, "contrasts": contrasts or {"age": "age"}}}


def test_a_sound_study_says_nothing(study):
    volumes = {"a": "mask.nii.gz", "b": {"center": [3, 3, 3], "radius": 9}}
    assert (
        check(
            {
                "inference": {"small_volumes": volumes},
                "atlas": {"image": "mask.nii.gz", "labels": "atlas.tsv"},
            }
        )
        == []
    )
    assert (
        check(model("0 + group", ab="group[a] - group[b]"), {"permutation": {"blocks": {"within": "family"}}})
        == []
    )


def test_columns_that_are_no_regions_may_hold_text(study):
    rows = "".join(f"s{i}\t{20 + i * i}\t{'ab'[i % 2]}\t{i / 3}\t{i / 7}\n" for i in range(8))
    (study / "t.tsv").write_text("participant_id\tage\tgroup\tlh_a\tlh_b\n" + rows)
    assert check({"dataset": {"source": "table", "path": "t.tsv", "maps": ["lh_*"]}}, kind="parcels") == []


def test_a_model_without_columns_of_the_table(study):
    assert check(model("1", mean="Intercept")) == []


REFUSED = {
    "covariate that is a map in the formula": (
        {"model": PLAIN["model"] | {"formula": "1 + age + gm", "voxelwise": {"gm": PLAIN["dataset"]["maps"]}}},
        r"model.formula: found 'gm', a covariate that is a map \(model.voxelwise\).* leave it out",
    ),
    "covariate that is a map by the name of its column": (
        {
            "dataset": PLAIN["dataset"] | {"path": "gm.tsv"},
            "model": PLAIN["model"] | {"formula": "1 + age + gm", "voxelwise": {"gm": "gm"}},
        },
        r"model.formula: found 'gm', a covariate that is a map .* Contrasts may name it\.$",
    ),
    "covariate that is a map by the name of another column": (
        {"model": PLAIN["model"] | {"voxelwise": {"age": PLAIN["dataset"]["maps"]}}},
        r"model.formula: found 'age', a covariate that is a map .* If the table's column 'age' is meant",
    ),
    "formula typo": (model("1 + agge"), "model.formula: there is no column 'agge'.*did you mean 'age'"),
    "syntax": (model("1 + (age"), "model.formula: cannot read"),
    "contrast": (model(age="agge"), "model.contrasts.age: 'agge' is not a column of the design"),
    "dependent columns": (model("1 + age + I(2 * age)"), "depend on one another"),
    "no dof": (model("0 + participant_id", a="participant_id[s1]"), "leave no degrees of freedom"),
    "query": ({"quality": {"query": "age > 500"}}, "0 of 8 participants stay"),
    "blocks": ({"permutation": {"blocks": {"within": "site"}}}, "blocks.within: there is no column 'site'"),
    "no relabelling": ({"permutation": {"blocks": {"within": "participant_id"}}}, "no relabelling but the observed"),
    "maps elsewhere": ({"dataset": PLAIN["dataset"] | {"maps": "x/{participant_id}.nii"}}, "0 of 8 .*missing file"),
    "mask elsewhere": ({"mask": {"strategy": "file", "file": "far.nii.gz"}}, "mask.file: .* 0 lie in the images"),
    "volume": ({"inference": {"small_volumes": {"a": "far.nii.gz"}}}, "inference.small_volumes.a: .*has no voxel"),
    "region": ({"inference": {"regions": {"a": {"center": [99, 0, 0], "radius": 2}}}}, "regions.a: no voxel"),
    "atlas": ({"atlas": {"image": "mask.nii.gz", "labels": "other.tsv"}}, "atlas.labels: no index of other.tsv"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
def test_what_some_job_would_refuse_is_refused(study, change, says):
    with pytest.raises(UserError, match=f"(?s){says}"):
        check(change)


def test_a_multivariate_test_needs_more_degrees_of_freedom_than_inputs(study):
    (study / "houses").mkdir()
    for i in range(8):
        image(f"houses/s{i}.nii.gz", np.random.default_rng(8 + i).normal(size=(5, 6, 7)))
    maps = {"faces": "{participant_id}.nii.gz", "houses": "houses/{participant_id}.nii.gz"}
    config = {
        "dataset": PLAIN["dataset"] | {"maps": maps},
        "joint": {"both": {"multivariate": "wilks", "inputs": [*maps], "contrasts": ["age"]}},
    }
    assert check(config, model("1 + age")) == []
    with pytest.raises(UserError, match=r"joint\.both: 2 inputs, and 2 residual degrees of freedom"):
        check(config, model("1 + age + group + C(family)"))


def test_a_volume_outside_the_mask_of_the_user_is_refused(study):
    mask = {"mask": {"strategy": "file", "file": "mask.nii.gz"}}
    sphere = {"inference": {"small_volumes": {"a": {"center": [12, 3, 3], "radius": 2}}}}
    assert check(sphere) == []
    with pytest.raises(UserError, match="no voxel of the analysis mask"):
        check(mask, sphere)


def test_a_volume_where_the_maps_have_no_value_is_refused(study):
    """The mask is computed later, but where everyone needs a value, two maps say enough."""
    for name in ("s0", "s7"):
        data = np.random.default_rng(1).normal(size=(5, 6, 7))
        data[4] = 0
        image(f"{name}.nii.gz", data)
    sphere = {"inference": {"regions": {"a": {"center": [12, 3, 3], "radius": 2}}}}
    with pytest.raises(
        UserError, match=r"regions.a: no voxel of the analysis mask .* the nearest is at 9, 3, 3"
    ):
        check(sphere)
    # One of two may leave, and fewer than all may do; 0 may be a value.
    assert (
        check(sphere, {"mask": {"min_coverage": 0.9}})
        == check(sphere, {"mask": {"zero_is_missing": False}})
        == []
    )
    image("s7.nii.gz", np.ones((5, 6, 7)))
    assert check(sphere) == []


def test_an_image_that_lost_its_affine_is_doubted(study):
    """It lies in the images of the maps, so nothing else tells that it marks other voxels than were meant."""
    ones = np.zeros((5, 6, 7))
    ones[1:4, 1:4, 1:4] = 1
    nib.Nifti1Image(ones.astype(np.float32), np.eye(4)).to_filename("lost.nii.gz")
    flipped = AFFINE @ np.diag([-1.0, 1, 1, 1])
    flipped[0, 3] = 12
    nib.Nifti1Image(ones.astype(np.float32), flipped).to_filename("flipped.nii.gz")
    atlas = {"atlas": {"image": "lost.nii.gz", "labels": "atlas.tsv"}}
    places = {
        "small_volumes": {"a": "lost.nii.gz", "b": "flipped.nii.gz"},
        "regions": {"c": "mask.nii.gz"},
    }
    of_atlas, of_volume = check(atlas, {"inference": places})
    assert of_atlas.startswith(
        "atlas.image: lost.nii.gz has the shape of the maps (5 x 6 x 7) but another affine"
    )
    assert of_volume.startswith("inference.small_volumes.a: lost.nii.gz has")
    assert check({"mask": {"strategy": "file", "file": "flipped.nii.gz"}}) == []


def test_a_volume_outside_the_template_is_refused(study):
    template = {"mask": {"strategy": "template"}}
    inside, outside = (
        {"inference": {"small_volumes": {"a": {"center": [x, 3, 3], "radius": 1}}}} for x in (3, 150)
    )
    assert check(template, inside) == []
    for i in range(8):
        nib.Nifti1Image(np.ones((60, 3, 3), np.float32), AFFINE).to_filename(f"s{i}.nii.gz")
    assert check(template, inside) == check(outside) == []
    with pytest.raises(UserError, match=r"small_volumes.a: no voxel of the analysis mask"):
        check(template, outside)


def test_first_and_last_images_are_looked_at_and_cost_their_participants_alone(study):
    (study / "s0.nii.gz").write_bytes(b"nothing")
    image("s7.nii.gz", np.ones((5, 6, 8)))
    (unusable,) = check()
    assert unusable.startswith(f"s0 will be left out: {study}/s0.nii.gz is of no use: unreadable")
    image("s0.nii.gz", np.ones((5, 6, 7)))
    (grids,) = check()
    assert (
        f"not all are alike: {study}/s7.nii.gz of s7: shape 5 x 6 x 8, those of s0 have 5 x 6 x 7." in grids
    )
    # Which of them is the odd one is not known yet, so that a mask may fit either.
    image("s0.nii.gz", np.ones((5, 6, 7)), shift=500)
    assert len(check({"mask": {"strategy": "file", "file": "mask.nii.gz"}})) == 1
    image("s0.nii.gz", np.ones((5, 6, 7)))
    # Who is left out by a variate or for want of a map is not looked at.
    (study / "s7.nii.gz").rename(study / "s07.nii.gz")
    (lost,) = check()
    assert lost == (
        "1 participant is left out, of 8: 1 missing file. The first: s7, missing file, map "
        f"{study}/s7.nii.gz, did you mean 's07.nii.gz'?"
    )
    assert len(check({"quality": {"query": "age < 25"}})) == 0  # as it is wanted


def test_a_series_and_its_design_are_counted(study):
    image("all.nii.gz", np.random.default_rng(0).normal(size=(5, 6, 7, 7)))
    write_vest(study / "design.mat", [[1, i] for i in range(8)])
    write_vest(study / "design.con", [[0, 1]])
    fsl = {"source": "fsl", "maps": "all.nii.gz", "design": "design.mat", "contrasts": "design.con"}
    ev = model("0 + EV1 + EV2", slope="EV2")
    with pytest.raises(UserError, match=r"all.nii.gz has 7 volumes, and .*design.mat has 8 rows"):
        check({"dataset": fsl}, ev)
    write_vest(study / "design.mat", [[1, i] for i in range(7)])
    assert check({"dataset": fsl}, ev) == []
    for n in (6, 7):
        image(f"other{n}.nii.gz", np.random.default_rng(n).normal(size=(5, 6, 7, n)))
    assert check({"dataset": fsl | {"maps": {"one": "all.nii.gz", "other": "other7.nii.gz"}}}, ev) == []
    with pytest.raises(UserError, match=r"dataset.maps.other: .*other6.nii.gz has 6 volumes"):
        check({"dataset": fsl | {"maps": {"one": "all.nii.gz", "other": "other6.nii.gz"}}}, ev)


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"mesh": "fsaverage3"}, None),
        ({"mesh": None}, "found null .nothing., .*642 vertices .*; fsaverage3 has 642 vertices"),
        # It is not fetched for that.
        (
            {"mesh": "fsaverage7"},
            "fsaverage7 has 163,842 vertices, and the maps have 642 .*fsaverage3 has as many",
        ),
        ({"mesh": "lh.white"}, "lh.white is no mesh"),
        ({"mesh": "fsaverage3", "mask": "lh.mask.mgh"}, "space.mask: lh.mask.mgh has 5 vertices"),
    ],
)
def test_the_mesh_of_a_surface_is_checked(study, space, says):
    def metric(name, n):
        nib.MGHImage(np.ones((n, 1, 1), np.float32), np.eye(4)).to_filename(study / name)

    for i in range(8):
        metric(f"lh.s{i}.mgh", 642)
    metric("lh.mask.mgh", 5)
    (study / "lh.white").write_bytes(b"nothing")
    surface = {"dataset": PLAIN["dataset"] | {"maps": "{hemi}.{participant_id}.mgh"}}
    if says is None:
        assert check(surface, {"space": space}, kind="surface") == []
    else:
        with pytest.raises(UserError, match=says):
            check(surface, {"space": space}, kind="surface")


def test_the_odd_one_is_not_taken_for_all_maps_of_a_surface(study):
    for i, n in enumerate([10, *[642] * 7]):
        nib.MGHImage(np.ones((n, 1, 1), np.float32), np.eye(4)).to_filename(study / f"lh.s{i}.mgh")
    surface = {"dataset": PLAIN["dataset"] | {"maps": "{hemi}.{participant_id}.mgh"}}
    (unlike,) = check(surface, {"space": {"mesh": "fsaverage3"}}, kind="surface")
    assert "another mesh (642 vertices of the left hemisphere, those of s0 have 10 vertices" in unlike


def test_the_mesh_of_grayordinates_is_checked(study):
    for i in range(8):
        axis = BrainModelAxis.from_surface(np.arange(600), 642, name="CIFTI_STRUCTURE_CORTEX_LEFT")
        map_of = Cifti2Image(np.ones((1, 600), np.float32), (ScalarAxis(["a map"]), axis))
        nib.save(map_of, study / f"s{i}.dscalar.nii")
    dense = {"dataset": PLAIN["dataset"] | {"maps": "{participant_id}.dscalar.nii"}}
    assert check(dense, {"space": {"mesh": "fsaverage3"}}, kind="grayordinates") == []
    with pytest.raises(UserError, match=r"found null .nothing., and the maps have 642 vertices"):
        check(dense, kind="grayordinates")
    with pytest.raises(UserError, match=r"lh\.white is no mesh|there is no mesh"):
        check(dense, {"space": {"mesh": "lh.white"}}, kind="grayordinates")


def test_images_of_another_analysis_are_not_read_again(study):
    seen, config = {}, resolve(PLAIN, DEFAULTS, SCHEMA)
    check_study(config, "volume", seen)
    assert [Path(path).name for path in seen] == ["s0.nii.gz", "s7.nii.gz"]
    for path in seen:
        Path(path).write_bytes(b"nothing")
    assert check_study(config, "volume", seen) == []


def test_tables_of_regions_and_nodes_name_those_of_the_maps(study):
    rows = "".join(f"s{i}\t{20 + i * i}\t{i / 3}\t{i / 7}\n" for i in range(8))
    (study / "t.tsv").write_text("participant_id\tage\tlh_a\tlh_b\n" + rows)
    (study / "pairs.tsv").write_text("one\tother\nlh_a\tlh_c\n")
    (study / "nodes.tsv").write_text("name\n1\n2\n")
    regions = {"dataset": {"source": "table", "path": "t.tsv", "maps": ["lh_*"]}}
    with pytest.raises(UserError, match=r"space.adjacency: pairs.tsv: line 2 has 'lh_c'"):
        check(regions, {"space": {"adjacency": "pairs.tsv"}}, kind="parcels")
    for i in range(8):
        np.savetxt(f"s{i}.csv", np.ones((3, 3)), delimiter=",")
    nodes = {"dataset": PLAIN["dataset"] | {"maps": "{participant_id}.csv"}}
    with pytest.raises(UserError, match=r"space.labels: nodes.tsv .*3"):
        check(nodes, {"space": {"labels": "nodes.tsv"}}, kind="edges")
    (study / "nodes.tsv").write_text("name\n1\n2\n3\n")
    assert check(nodes, {"space": {"labels": "nodes.tsv"}}, kind="edges") == []


def test_neighbours_of_the_regions_of_several_inputs_are_named_without_the_measure(study):
    rows = "".join(f"s{i}\t{20 + i * i}\t{i / 3}\t{i / 7}\t{i / 5}\t{i / 9}\n" for i in range(8))
    (study / "t.tsv").write_text("participant_id\tage\ta_area\tb_area\ta_volume\tb_volume\n" + rows)
    (study / "pairs.tsv").write_text("one\tother\na\tb\n")
    both = {measure: [f"*_{measure}"] for measure in ("area", "volume")}
    neighbours = {"space": {"adjacency": "pairs.tsv"}}
    inputs = {"dataset": {"source": "table", "path": "t.tsv", "maps": both}}
    assert check(inputs, neighbours, kind="parcels") == []
    alone = {"dataset": {"source": "table", "path": "t.tsv", "maps": both["area"]}}
    with pytest.raises(UserError, match="The regions are: a_area, b_area"):
        check(alone, neighbours, kind="parcels")


def test_people_whose_ids_are_numbers_have_a_column_each(study):
    for i in range(8):
        for name in ("a", "b"):
            image(
                f"{i + 1}_{name}.nii.gz", np.random.default_rng(i).normal(size=(5, 6, 7)) + (name == "b") * i
            )
    (study / "t.tsv").write_text("participant_id\n" + "".join(f"{i + 1}\n" for i in range(8)))
    maps = {"maps": "{participant_id}_{session}.nii.gz", "sessions": ["a", "b"]}
    sessions = {"dataset": PLAIN["dataset"] | maps, "permutation": {"blocks": {"within": "person"}}}
    assert check(sessions, model("0 + person + session", change="session[T.b]")) == []
    with pytest.raises(UserError, match=r"The columns are person\[1\], person\[2\]"):
        check(sessions, model("0 + person + session", none="person"))


def test_a_single_region_is_refused(study):
    rows = "".join(f"s{i}\t{20 + i * i}\t{i / 3}\t{i / 7}\n" for i in range(8))
    (study / "t.tsv").write_text("participant_id\tage\tlh_a\tlh_b\n" + rows)
    one = {"dataset": {"source": "table", "path": "t.tsv", "maps": ["lh_a"]}}
    with pytest.raises(
        UserError, match=r"dataset.maps: found a single region in each map, at least 2 are needed"
    ):
        check(one, kind="parcels")


def test_the_atlas_of_a_cortex_is_checked(study):
    for i in range(8):
        nib.MGHImage(np.ones((642, 1, 1), np.float32), np.eye(4)).to_filename(study / f"lh.s{i}.mgh")
    nib.freesurfer.write_annot(
        study / "lh.a.annot", np.ones(5, int), np.eye(2, 5, dtype=int), ["none", "front"]
    )
    surface = {
        "dataset": PLAIN["dataset"] | {"maps": "{hemi}.{participant_id}.mgh"},
        "space": {"mesh": "fsaverage3"},
    }
    assert check(surface, kind="surface") == []
    for i in range(8):
        nib.MGHImage(np.arange(642.0).reshape(-1, 1, 1).astype(np.int32) % 9, np.eye(4)).to_filename(
            study / f"lh.s{i}.mgh"
        )
    (told,) = check(surface, kind="surface")
    assert "lh.s0.mgh: its values are whole numbers alone, 9 different ones" in told.replace("{hemi}", "lh")
    with pytest.raises(
        UserError, match=r"atlas.image: its left hemisphere has 5 vertices, and the maps have 642"
    ):
        check(surface, {"atlas": {"image": "{hemi}.a.annot"}}, kind="surface")
