"""Maps among BIDS derivatives, found by their entities."""

import re

import pytest
from permaps.cohort.bids import entities_of
from permaps.cohort.sources import map_files, read_listing
from permaps.workflow.errors import UserError

# As nilearn's save_glm_to_bids and FitLins name them, with what lies beside.
FILES = [
    f"{folder}sub-{sub}_{ses}task-faces_{more}contrast-{contrast}_stat-{stat}_statmap.nii.gz"
    for sub in ("01", "02")
    for folder, ses, more in (
        ("", "", ""), (f"sub-{sub}/ses-a/", "ses-a_", "space-MNI_"), (f"sub-{sub}/ses-b/", "ses-b_", "space-MNI_")
    )
    for contrast in ("fear", "joy")
    for stat in ("effect", "variance")
]  # fmt: skip
FILES += ["sub-01_task-faces_contrast-fear_stat-effect_statmap.json", "dataset_description.json", "README"]
FILES += ["hemi/sub-01_hemi-L_desc-s8_thickness.shape.gii", "hemi/sub-01_hemi-R_desc-s8_thickness.shape.gii"]


@pytest.fixture
def paths(tmp_path):
    """A function that gives the maps by entities, relative to the derivatives."""
    for name in FILES:
        (tmp_path / "derivatives" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "derivatives" / name).touch()
    (tmp_path / "t.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-03\n")

    def found(entities, **keys):
        dataset = {
            "source": "table",
            "path": str(tmp_path / "t.tsv"),
            "maps": "derivatives",
            "id": "participant_id",
        }
        dataset |= {"entities": entities, **keys}
        maps = read_listing(dataset).own_maps(dataset["maps"])
        assert {file for path in maps if path and "{" not in path for file in [path]} <= {*map_files(dataset)}
        return [path and path.removeprefix(f"{tmp_path}/derivatives/") for path in maps]

    return found


def test_a_name_is_taken_apart():
    assert entities_of("sub-01_task-faces_stat-effect_statmap.nii.gz") == {
        "sub": "01", "task": "faces", "stat": "effect", "suffix": "statmap", "extension": ".nii.gz",
    }  # fmt: skip


FEAR = {"task": "faces", "contrast": "fear", "stat": "effect"}


def test_sessions_choose_among_the_files_of_a_person(paths):
    name = "sub-01/ses-b/sub-01_ses-b_task-faces_space-MNI_contrast-fear_stat-effect_statmap.nii.gz"
    found = paths(FEAR, sessions=["a", "b"])
    assert found[1] == name and found[4:] == [None, None]
    # A person without a map has none; the long names of entities will do.
    assert paths(FEAR | {"session": "b"}) == [name, name.replace("sub-01", "sub-02"), None]


def test_the_files_of_both_hemispheres_are_one_map(paths):
    assert paths({"desc": "s8"})[0] == "hemi/sub-01_hemi-{hemi}_desc-s8_thickness.shape.gii"


@pytest.mark.parametrize(
    ("entities", "keys", "says"),
    [
        (
            {"contrast": "faer"},
            {},
            "dataset.entities.contrast: no image below .* has contrast-faer, did you mean 'fear'",
        ),
        ({"run": 1}, {}, "no image below .* has run-1 or any other run. The entities are: contrast, desc"),
        (
            FEAR,
            {},
            "3 files fit sub-01.*They differ in ses: a, b, none; .*space: MNI, none: say .* or list dataset.sess",
        ),
        (FEAR, {"maps": "derivative"}, "dataset.maps: .*derivative is no folder; with dataset.entities"),
    ],
)
def test_what_fits_no_file_or_several(paths, entities, keys, says):
    with pytest.raises(UserError) as caught:
        paths(entities, **keys)
    assert re.search(says, str(caught.value))
