"""Regions on the cortex: whose vertices they are, by labels or by the CIFTI itself, and how they are drawn there."""

import numpy as np
import pytest
from nibabel.cifti2 import Cifti2Image, ParcelsAxis, ScalarAxis
from permaps.figures import drawing
from permaps.figures.style import plt
from permaps.maps.cifti import read_header
from permaps.spaces.files import read_space, write_space
from permaps.spaces.parcellation import is_parcellation, labels_of, on_cortex
from permaps.spaces.parcels import Parcels
from permaps.workflow.errors import UserError
from test_labels import annot, cifti, gifti
from test_surfaces import mesh

NO_HEADER = np.empty(0, np.uint8)
NAMES = ["lh_insula_thickness", "rh_cuneus_thickness", "lh_cuneus_thickness", "eTIV"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for side in "LR":
        mesh(tmp_path / f"{side}.surf.gii")
    return tmp_path


def located(folder, names=NAMES, labels="{hemi}.a.annot"):
    surface, region = on_cortex(names, labels, "{hemi}.surf.gii", NO_HEADER)
    nowhere = np.full((len(names), 3), np.nan)
    return Parcels(
        np.ones(len(names), bool), np.array(names), nowhere, np.empty((0, 2), int), NO_HEADER, surface, region
    )


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("lh_bankssts_thickness", ("L", "bankssts")),  # aparcstats2table
        ("rh_bankssts", ("R", "bankssts")),
        ("ctx-rh-bankssts", ("R", "bankssts")),
        ("L_bankssts_thickavg", ("L", "bankssts")),  # ENIGMA
        ("bankssts_right", ("R", "bankssts")),
        ("lh_G&S_frontomargin_area", ("L", "G_and_S_frontomargin")),
        ("lh_L_V1_ROI_thickness", ("L", "L_V1_ROI")),
        ("L_V1_ROI", ("L", "L_V1_ROI")),
        ("7Networks_RH_Vis_1", ("R", "7Networks_RH_Vis_1")),
        ("rh_7Networks_RH_Vis_1_volume", ("R", "7Networks_RH_Vis_1")),
        ("bankssts", None),  # of which hemisphere?
        ("rh_L_V1_ROI_thickness", None),
        ("lh_MeanThickness_thickness", None),
        ("Left-Putamen", None),
        ("lh_", None),
        ("", None),
    ],
)
def test_names_of_tables_mean_labels(name, means):
    known = {
        "L": ["bankssts", "G_and_S_frontomargin", "L_V1_ROI"],
        "R": ["bankssts", "7Networks_RH_Vis_1"],
    }
    assert labels_of([name], known).get(name) == means


@pytest.mark.parametrize("make", [annot, gifti, cifti])
def test_labels_say_which_vertices_a_region_has(folder, capsys, make):
    file = make(folder)[0].name
    labels = file.replace("lh.", "{hemi}.").replace("L.", "{hemi}.")
    assert is_parcellation(labels) and not is_parcellation("nodes.tsv") and not is_parcellation(None)
    space = located(folder, labels=labels)
    assert space.surface.sides().tolist() == ["L"] * 4 + ["R"] * 2
    assert space.region.tolist() == [2, 2, 0, 0, 1, 1]
    assert "no label of" in (said := capsys.readouterr().err) and "1 of 4 regions (eTIV)" in said


def test_values_are_shown_at_the_vertices_of_their_region(folder):
    annot(folder)
    space = located(folder).part([0, 1, 3])
    write_space(space, folder / "mask.npz", "a test")
    again = read_space(folder / "mask.npz")
    np.testing.assert_array_equal(again.at_vertices([1.0, 2, 3]), [np.nan, np.nan, 1, 1, 2, 2])
    np.testing.assert_array_equal(again.at_vertices([1.0, 2, 3], 0), [0, 0, 1, 1, 2, 2])


def test_parcellated_cifti_says_it_itself(folder):
    left, right = "CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT"
    columns = ParcelsAxis(
        ["a", "below", "b"],
        [np.empty((0, 3), int), np.array([[0, 0, 0]]), np.empty((0, 3), int)],
        [{left: np.array([1, 2])}, {}, {left: np.array([5]), right: np.array([0])}],
        affine=np.eye(4),
        volume_shape=(2, 2, 2),
        nvertices={left: 6, right: 6},
    )
    Cifti2Image(np.ones((1, 3), np.float32), (ScalarAxis(["a"]), columns)).to_filename("x.pscalar.nii")
    header = read_header(folder / "x.pscalar.nii")
    surface, region = on_cortex(["a", "below", "b"], None, "{hemi}.surf.gii", header)
    assert np.flatnonzero(surface.mask).tolist() == [1, 2, 5, 6] and region.tolist() == [0, 0, 2, 2]
    assert on_cortex(["a", "below", "b"], None, None, header) == (None, None)
    annot(folder)
    with pytest.raises(UserError, match=r"say themselves which vertices their regions have"):
        on_cortex(["a", "below", "b"], "{hemi}.a.annot", "{hemi}.surf.gii", header)


@pytest.mark.parametrize(
    ("names", "labels", "mesh_name", "says"),
    [
        (["V1"], "{hemi}.a.annot", "{hemi}.surf.gii", r"none of the regions .V1. is among the labels of .*cuneus"),
        (["lh_insula_area", "lh_insula_volume"], "{hemi}.a.annot", "{hemi}.surf.gii", "both the region insula"),
        (["lh_insula"], "{hemi}.a.annot", None, "space.mesh: found null .* the regions have 6 vertices"),
        (["lh_insula"], "{hemi}.a.annot", "fsaverage5", "has 10,242 vertices, and the regions have 6 there"),
        (["lh_insula"], None, "fsaverage5", "nothing says which of its vertices each region has"),
        (["lh_insula"], "nodes.tsv", "fsaverage5", "nothing says which of its vertices each region has"),
        (["lh_insula"], "lh.x.annot", "fsaverage5", "space.labels: .*lh.x.annot: no names of regions"),
    ],
)  # fmt: skip
def test_what_puts_no_region_on_the_cortex_is_refused(folder, names, labels, mesh_name, says):
    annot(folder)
    (folder / "lh.x.annot").write_text("no")
    with pytest.raises(UserError, match=says):
        on_cortex(names, labels, mesh_name, NO_HEADER)


def test_the_cortex_is_drawn_above_the_ranked_regions(folder):
    annot(folder)
    space = located(folder)
    values = np.array([3.0, -2.0, 1.0, 0.5])
    for figure, plots in (
        (drawing.draw_statistic(space, values, values > 2, "t", "a title"), 1),
        (drawing.draw_panels(space, [("one", values), ("other", values)], 0.05, "a title"), 2),
    ):
        cortex = [axes for axes in figure.axes if axes.images]
        others = [axes for axes in figure.axes if not axes.images]
        assert len(cortex) == plots and len(others) == plots + 1  # the colour bar
        named = [text.get_text() for text in figure.texts]
        for view in ("left, lateral", "left, medial", "right, lateral", "right, medial"):
            assert named.count(view) == plots
        ranked = [axes.get_position() for axes in others[:plots]]
        assert min(axes.get_position().y0 for axes in cortex) > max(box.y1 for box in ranked)
        plt.close(figure)
    page = drawing.view(space, values, 1.0, "t", 1)
    assert page.count("<iframe") == 3 and page.index("right hemisphere") < page.index("left hemisphere")
    assert "eTIV" in page and 'src="http' not in page
