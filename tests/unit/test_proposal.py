"""What is proposed for the folders that people have, and that it would run."""

import itertools

import nibabel as nib
import numpy as np
import pytest
import yaml
from fsl_files import write_vest
from permaps.design.proposal import checked, main, propose
from permaps.workflow.errors import UserError

AFFINE = np.diag([3.0, 3, 3, 1])
RNG = np.random.default_rng(0)


def image(path, *more):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(RNG.normal(size=(4, 5, 6, *more)).astype(np.float32), AFFINE).to_filename(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study"


def fsl(folder):
    image(folder / "all_copes.nii.gz", 6)
    image(folder / "mask.nii.gz")
    write_vest(folder / "design.mat", [[1, i] for i in range(6)])
    write_vest(folder / "design.con", [[0, 1]], ContrastName1="slope")


def spm(folder):
    for i in range(6):
        for name in ("con_0001.nii", "con_0002.nii", "ResMS.nii", "mask.nii"):
            image(folder / f"first/s{i + 1}/{name}")
    rows = "".join(f"s{i + 1};{20 + i * i},5;{'ab'[i % 2]}\n" for i in range(6))
    (folder / "people.csv").write_text("code;reading time;group\n" + rows)


def bids(folder):
    for i in range(1, 7):
        for session, contrast in itertools.product(("pre", "post"), ("fear", "joy")):
            stem = f"sub-{i:02d}/ses-{session}/sub-{i:02d}_ses-{session}_task-x_contrast-{contrast}_stat-"
            for stat in ("effect", "variance"):
                image(folder / f"derivatives/glm/{stem}{stat}_statmap.nii.gz")
    rows = "".join(f"sub-{i:02d}\t{20 + i}\n" for i in range(1, 7))
    (folder / "participants.tsv").write_text("participant_id\tage\n" + rows)


def freesurfer(folder):
    """One hemisphere has as many vertices as fsaverage3."""
    for i, hemi, fwhm in itertools.product(range(6), ("lh", "rh"), (0, 10)):
        path = folder / f"s{i}/surf/{hemi}.thickness.fwhm{fwhm}.template.mgh"
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.MGHImage(RNG.normal(size=(642, 1, 1)).astype(np.float32), np.eye(4)).to_filename(path)
    (folder / "people.tsv").write_text(
        "participant_id\tage\n" + "".join(f"s{i}\t{20 + i}\n" for i in range(6))
    )


def column(folder):
    for i in range(6):
        image(folder / f"anything-{i}.nii")
    rows = "".join(f"{i + 1}\tanything-{i}.nii\n" for i in range(6))
    (folder / "table.tsv").write_text("participant_id\tfile\n" + rows)


# How to make it, what its config has to have, and what is not known.
FOLDERS = {
    "fsl": (
        fsl,
        {"dataset.source": "fsl", "dataset.design": "study/design.mat", "mask.strategy": "file"},
        [],
    ),
    "spm": (
        spm,
        {
            "dataset.id": "code",
            "dataset.maps": "first/{code}/con_0001.nii",
            "smoothing_fwhm": 0,
            "model.formula": "0 + group + center(`reading time`)",
            "model.contrasts": {"difference": "group[b] - group[a]"},
        },
        [],
    ),
    "bids": (
        bids,
        {
            "dataset.sessions": ["post", "pre"],
            "dataset.maps": "derivatives/glm/{participant_id}/ses-{session}/{participant_id}_ses-{session}_task-x"
            "_contrast-fear_stat-effect_statmap.nii.gz",
            "model.contrasts": {"post-minus-pre": "-session[T.pre]"},
            "permutation.blocks.within": "person",
        },
        ["whether the maps are smoothed"],
    ),
    "freesurfer": (
        freesurfer,
        {
            "dataset.maps": "{participant_id}/surf/{hemi}.thickness.fwhm10.template.mgh",
            "space.mesh": "fsaverage3",
            "smoothing_fwhm": 0,
            "model.formula": "1 + center(age)",
        },
        [],
    ),
    "column": (
        column,
        {"dataset.maps": "file", "model.formula": "1", "model.contrasts": {"mean": "Intercept"}},
        ["whether the maps are smoothed"],
    ),
}


@pytest.mark.parametrize(("make", "keys", "missed"), FOLDERS.values(), ids=FOLDERS)
def test_what_is_proposed_says_what_was_found_and_would_run(folder, make, keys, missed, capsys):
    make(folder)
    main("study", "new.yaml")
    text = (folder.parent / "new.yaml").read_text()
    config = yaml.safe_load(text)
    for key, value in keys.items():
        found = config
        for part in key.split("."):
            found = found[part]
        assert found == value, key
    said = capsys.readouterr().out
    assert "Found:\n  - " in said and all(f"  - {what}" in said for what in missed) and text in said
    if missed:
        assert "Before it can run: " in said and "smoothing_fwhm: is missing" in said
        text = text.replace("# smoothing_fwhm: 5", "smoothing_fwhm: 5")
        assert yaml.safe_load(text)["smoothing_fwhm"] == 5
    assert checked(text) == "Nothing is wrong with it."
    with pytest.raises(SystemExit, match=r"new.yaml is there already"):
        main("study", "new.yaml")


def test_maps_of_several_contrasts_are_proposed_as_analyses(folder):
    bids(folder)
    (folder / "models").mkdir()
    (folder / "models/model-x_smdl.json").write_text("{}")
    proposal = propose("study")
    assert "such maps of 2 contrasts: fear, joy" in proposal.found
    assert "a BIDS Stats Model: study/models/model-x_smdl.json" in proposal.found
    assert not any("variance" in line for line in proposal.lines)
    begins = next(i for i, line in enumerate(proposal.lines) if line.startswith("# analyses"))
    analyses = yaml.safe_load("\n".join(line.removeprefix("# ") for line in proposal.lines[begins:][:3]))[
        "analyses"
    ]
    chosen = yaml.safe_load("\n".join(proposal.lines))["dataset"]["maps"]
    assert analyses == {"fear": {}, "joy": {"dataset": {"maps": chosen.replace("fear", "joy")}}}


def test_a_table_alone_is_enough(folder):
    spm(folder)
    assert propose("study/people.csv").lines[1:] == propose("study").lines[1:]


def test_what_is_not_found_is_said(folder):
    with pytest.raises(UserError, match="FROM: there is no study"):
        propose("study")
    image(folder / "a.nii")
    with pytest.raises(
        UserError, match=r"no table of participants in study .*1 images below it, such as study/a"
    ):
        propose("study")
    (folder / "t.tsv").write_text("name\tage\nx\t1\ny\t2\n")
    with pytest.raises(UserError, match="no column says who is who"):
        propose("study")
    (folder / "t.tsv").write_text("participant_id\tage\nx\t1\ny\t2\n")
    assert any(
        "no name of an image below study has the values of" in text for text in propose("study").missed
    )
