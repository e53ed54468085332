"""Names of regions: where a place lies, and what is refused."""

import nibabel as nib
import numpy as np
import pytest
from permaps.maps.atlas import Atlas, read_names
from permaps.workflow.errors import UserError

AFFINE = np.array([[-2.0, 0, 0, 10], [0, 2, 0, -10], [0, 0, 2, 0], [0, 0, 0, 1]])  # radiological


@pytest.fixture
def image(tmp_path):
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[2, 3, 4], labels[3, 3, 4] = 5, 12
    nib.Nifti1Image(labels, AFFINE).to_filename(tmp_path / "atlas.nii.gz")
    return tmp_path / "atlas.nii.gz"


def table(folder, text):
    path = folder / "names.tsv"
    path.write_text(text)
    return path


def test_a_place_has_the_name_of_the_nearest_voxel(image, tmp_path):
    atlas = Atlas(image, table(tmp_path, "name\tindex\tcolour\nV1\t5\tred\n"))
    # Voxel 2, 3, 4 is centred on 6, -4, 8 mm; 12 has no name; outside the image there is no region.
    places = [[6, -4, 8], [6.9, -4.9, 7.1], [7.1, -4, 8], [4, -4, 8], [500, 0, 0], [-500, -10, 0]]
    assert atlas.regions(places) == ["V1", "V1", None, "label 12", None, None]
    assert atlas.regions(np.empty((0, 3))) == []


@pytest.mark.parametrize("header", ["index\tname", "Label\tRegion", "ID\tname", "value\tstructure"])
def test_columns_may_be_called_as_other_tables_call_them(tmp_path, header):
    assert read_names(table(tmp_path, f"{header}\n5\tV1\n6\tn/a\n")) == {5: "V1", 6: "label 6"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number\tname\n5\tV1\n", "no column 'index'"),
        ("index\tnames\n5\tV1\n", "no column 'name', did you mean 'names'?"),
        ("index\tname\nfive\tV1\n", "line 2 has index 'five'"),
        ("index\tname\n5.0\tV1\n", "line 2 has index '5.0'"),
        ("index\tname\n\u0665\tV1\n", "line 2 has index '\u0665'"),
        ("{" + ", ".join(f'"{i}": "region {i}"' for i in range(5000)) + "}\n", "and 4,970 more"),
        ("index\tname\n\tV1\n", "line 2 has index ''"),
        ("index\tname\n5\tV1\n5\tV2\n", "index 5 is there twice (again on line 3)"),
        ("index\tname\n6\tV1\n", "no index of {table} (6) is among the numbers of {image} (5, 12)"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(image, tmp_path, text, told):
    names = table(tmp_path, text)
    with pytest.raises(UserError) as caught:
        Atlas(image, names)
    assert told.format(table=names, image=image) in str(caught.value)
    assert "atlas.labels" in str(caught.value) and len(str(caught.value)) < 1500
    assert "xpected" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "told"),
    [(np.full((2, 2, 2), 0.25), "holds 0.25"), (np.ones((2, 2, 2, 3)), "several volumes")],
)
def test_images_that_hold_no_labels_are_refused(tmp_path, values, told):
    nib.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    with pytest.raises(UserError, match=f"atlas.image: .*{told}"):
        Atlas(tmp_path / "a.nii.gz", table(tmp_path, "index\tname\n1\tV1\n"))


def test_nothing_is_no_label(tmp_path):
    values = np.array([[[np.nan, 1.0, 0.0]] * 2])
    nib.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    atlas = Atlas(tmp_path / "a.nii.gz", table(tmp_path, "index\tname\n1\tV1\n"))
    assert atlas.regions([[0, 0, 0], [0, 0, 1]]) == [None, "V1"]
