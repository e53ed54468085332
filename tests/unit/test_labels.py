"""Names of regions on surfaces and of grayordinates: the files that hold them, and the tables that they are in."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tabulate_regions as script
from nibabel.cifti2 import Cifti2Image, LabelAxis
from permaps.maps.atlas import Atlas
from permaps.maps.labels import read_labels
from permaps.reporting.regions import regions_of, tabulate_regions
from permaps.spaces.atlas_regions import region_names
from permaps.spaces.files import write_map, write_space
from permaps.workflow.conflicts import _half_an_atlas
from permaps.workflow.errors import UserError
from permaps.workflow.files import _inputs
from test_grayordinates import axis, space_of
from test_surfaces import octahedra

NAMES = ["Unknown", "cuneus", "insula"]
NUMBERS = np.array([0, 1, 1, 2, 2, 0])
EXPECTED = [None, "cuneus", "cuneus", "insula", "insula", None]


def annot(folder):
    colours = np.array([[i, i, i, 0, i + i * 256 + i * 65536] for i in range(1, 4)])
    for side in ("lh", "rh"):
        nib.freesurfer.write_annot(folder / f"{side}.a.annot", NUMBERS, colours, NAMES, fill_ctab=False)
    return [folder / "lh.a.annot", folder / "rh.a.annot"]


def gifti(folder):
    for side, structure in (("L", "CortexLeft"), ("R", "CortexRight")):
        table = nib.gifti.GiftiLabelTable()
        for key, name in enumerate(NAMES):
            table.labels.append(nib.gifti.GiftiLabel(key, 1, 1, 1, 1))
            table.labels[-1].label = name
        array = nib.gifti.GiftiDataArray(NUMBERS.astype(np.int32), intent="NIFTI_INTENT_LABEL")
        image = nib.GiftiImage(
            darrays=[array], labeltable=table, meta=nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure})
        )  # fmt: skip
        nib.save(image, folder / f"{side}.a.label.gii")
    return [folder / "L.a.label.gii", folder / "R.a.label.gii"]


def cifti(folder):
    columns = axis()
    numbers = np.concatenate([NUMBERS[1:], NUMBERS[1:], np.repeat([1, 2], 9)])
    labels = LabelAxis(["a"], [{i: (name, (0, 0, 0, 1)) for i, name in enumerate(["???", *NAMES[1:]])}])
    nib.save(Cifti2Image(numbers[None].astype(np.float32), (labels, columns)), folder / "a.dlabel.nii")
    return [folder / "a.dlabel.nii"]


def test_hemispheres_that_are_swapped_are_told(tmp_path):
    left, right = gifti(tmp_path)
    right.rename(left)
    with pytest.raises(UserError, match="hemispheres swapped: right inside, and left in its name"):
        read_labels([left])


@pytest.mark.parametrize("make", [annot, gifti, cifti])
def test_every_kind_of_file_names_the_vertices(tmp_path, make):
    found = read_labels(make(tmp_path))
    for side in "LR":
        assert found[side].tolist() == EXPECTED
    space = octahedra(mask=[0, 1, 1, 1, 1, 1] * 2)
    assert region_names(space, [str(file) for file in make(tmp_path)], None) == EXPECTED[1:] * 2


def test_voxels_have_names_by_their_places(tmp_path):
    space, _ = space_of(tmp_path)
    (path,) = cifti(tmp_path)
    names = region_names(space.part(np.arange(1, 28)), str(path), None)
    assert (
        names[:9] == [*EXPECTED[2:], *EXPECTED[1:]]
        and names[9:].count("cuneus") == names[9:].count("insula") == 9
    )
    of_cortex = region_names(space, [str(file) for file in annot(tmp_path)], None)
    assert of_cortex[10:] == [None] * 18 and of_cortex[:5] == EXPECTED[1:]


def test_the_regions_of_a_surface_are_tabulated(tmp_path):
    space = octahedra()
    values = np.arange(12.0)
    write_space(space, tmp_path / "mask.npz", "a test")
    for name in ("t", "p"):
        write_map(space, tmp_path / f"{name}.dscalar.nii", values, "a test")
    script.main(
        mask=tmp_path / "mask.npz", values=tmp_path / "t.dscalar.nii", corrected={"t": tmp_path / "p.dscalar.nii"},
        regions={}, atlas=[str(f) for f in annot(tmp_path)], table=tmp_path / "regions.tsv",
        voxel_stat="t", alpha=0.05, null=None,
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "regions.tsv", sep="\t")
    assert table["region"].tolist() == ["cuneus", "insula"] and table["n_vertices"].tolist() == [4, 4]
    assert table["hemisphere"].tolist() == ["R", "R"] and table["vertex"].tolist() == [2, 4]
    names = region_names(space, [str(f) for f in annot(tmp_path)], None)
    again = tabulate_regions([("atlas", *r) for r in regions_of(names).items()], values, "t", {}, space)
    np.testing.assert_allclose(table["size_mm2"], again["size_mm2"], rtol=1e-5)


def test_atlases_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lh.b.annot").write_text("no")
    with pytest.raises(UserError, match=r"lh.b.annot: no names of regions .*Expected .annot or .label.gii"):
        read_labels([tmp_path / "lh.b.annot"])
    with pytest.raises(UserError, match="its left hemisphere has 6 vertices, and the maps have 5 there"):
        space = octahedra()
        files = [str(file) for file in annot(tmp_path)]
        region_names(
            type(space)(space.mask, space.hemispheres, np.array([5, 7]), *list(vars(space).values())[3:]),
            files,
            None,
        )
    with pytest.raises(UserError, match=r"atlas.labels: found null"):
        Atlas("lh.b.annot", None)
    assert list(_half_an_atlas({"image": "{hemi}.a.annot", "labels": None})) == []
    assert list(_half_an_atlas({"image": "a.nii", "labels": None}))
    config = {"dataset": {}, "model": {"bids": None}, "mask": {"strategy": "background"}}
    config |= {"space": {}, "atlas": {"image": "{hemi}.a.annot", "labels": None}}
    config |= {"inference": {"small_volumes": {}, "regions": {}}}
    assert ("atlas.image", "lh.a.annot") in list(_inputs(config))
