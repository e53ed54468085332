"""The Localizer, from a copy of nilearn's cache on disk and without a network."""

import json
import shutil
from pathlib import Path

import fetch_localizer
import nibabel as nib
import nilearn.datasets
import numpy as np
import pandas as pd
import pytest
from held import entries_of
from permaps.cohort.localizer import check_request, expected_files, fetch, join
from permaps.quality.screening import screen
from permaps.tables.participants import read_participants
from permaps.workflow.errors import UserError

CONTRAST = "left button press (auditory cue)"
TABLES = Path(nilearn.datasets.__file__).parent / "tests/data"
# Who lacks `pseudo` in the behavioural table (EXAMPLE: 94 become 89).
LEAVING = ["S15", "S38", "S62", "S81", "S87"]


@pytest.fixture
def offline(monkeypatch):
    """Every connection is refused at once, whether there is a network or not."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cache(tmp_path, offline):
    """nilearn's data folder as it is after a download, with small maps."""
    folder = tmp_path / "nilearn_data"
    index = {"/localizer/participants.tsv": "/1", "/localizer/phenotype/behavioural.tsv": "/2"}
    for i in range(1, 95):
        name = f"sub-S{i:02d}_task-localizer_acq-LeftAuditoryClick_cmaps.nii.gz"
        index[f"/localizer/derivatives/spm_1st_level/sub-S{i:02d}/{name}"] = f"/map{i}"
    for file in expected_files(CONTRAST, 94):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "download":
            path.write_text(json.dumps(index))
        elif path.suffix == ".tsv":
            shutil.copy(TABLES / f"localizer_{path.name}", path)
        else:
            values = np.random.default_rng(int(path.parent.name[1:])).normal(size=(3, 3, 3))
            nib.save(nib.Nifti1Image(values.astype(np.float32), np.diag([3.0, 3, 3, 1])), path)
    return folder


def test_94_become_89(cache, tmp_path):
    out = tmp_path / "participants.tsv"
    fetch_localizer.main(participants=out, contrast=CONTRAST, n_subjects=94, data_dir=cache)
    table = read_participants(out)
    assert table.participant_id.tolist() == [f"S{i:02d}" for i in range(1, 95)]
    assert all(Path(m).parent.name == i for i, m in zip(table.participant_id, table["map"], strict=True))
    reasons = screen(table, entries_of(table), {"pseudo": "model.formula"}, None)
    assert [i for i, r in zip(table.participant_id, reasons, strict=True) if r] == LEAVING
    assert set(reasons) == {"", "missing variate: pseudo"}


def test_fewer_participants_and_the_original_contrast_name(cache):
    table = fetch("left auditory click", 3, cache)
    assert table.participant_id.tolist() == ["S01", "S02", "S03"]
    assert table.pseudo.tolist() == [15.0, 16.0, 14.0]
    assert {"age", "sex", "site"} <= set(table)


def test_a_map_missing_from_the_dataset_does_not_shift_the_others(cache):
    index_file = cache / "brainomics_localizer/download"
    index = json.loads(index_file.read_text())
    index_file.write_text(json.dumps({k: v for k, v in index.items() if "sub-S02_task" not in k}))
    table = fetch(CONTRAST, 4, cache).set_index("participant_id")
    assert pd.isna(table["map"]["S02"])
    assert all(Path(table["map"][i]).parent.name == i for i in ("S01", "S03", "S04"))


def test_maps_and_variates_join_by_participant_in_any_order():
    table = pd.DataFrame({"participant_id": ["S03", "S01", "S02"], "pseudo": [3, 1, 2]})
    joined = join([f"/d/S{i:02d}/cmaps_X.nii.gz" for i in (1, 2, 4, 3)], table)
    assert joined["map"].tolist() == [f"/d/S{i:02d}/cmaps_X.nii.gz" for i in (3, 1, 2)]
    assert joined.pseudo.tolist() == [3, 1, 2]
    assert list(joined) == ["participant_id", "map", "pseudo"]


def test_a_nearly_right_contrast_is_refused_with_the_right_one():
    with pytest.raises(UserError, match=r"did you mean 'left button press \(auditory cue\)'"):
        check_request("left button pres (auditory cue)", 94)


@pytest.mark.parametrize("n", [0, -1, 95, 2.5, True])
def test_numbers_of_participants_out_of_range_are_refused(n):
    with pytest.raises(UserError, match="1 to 94"):
        check_request(CONTRAST, n)


def test_offline_and_uncached_says_what_is_missing_and_where_it_goes(tmp_path, offline):
    with pytest.raises(UserError) as caught:
        fetch(CONTRAST, 94, tmp_path / "empty", attempts=2, wait=0)
    message = str(caught.value)
    assert "could not be fetched" in message and "97 of 97 files" in message
    assert str(tmp_path / "empty") in message
    for file in [*expected_files(CONTRAST, 94)[:4], "S94/cmaps_LeftAuditoryClick.nii.gz"]:
        assert file in message


def test_one_missing_file_is_named(cache):
    lost = cache / "brainomics_localizer/brainomics_data/S05/cmaps_LeftAuditoryClick.nii.gz"
    lost.unlink()
    with pytest.raises(UserError, match=r"1 of 97 files .*S05/cmaps_LeftAuditoryClick"):
        fetch(CONTRAST, 94, cache, attempts=1)
    assert len(fetch(CONTRAST, 4, cache, attempts=1)) == 4


def test_a_damaged_index_is_told_and_not_a_traceback(cache):
    (cache / "brainomics_localizer/download").write_text("<html>busy</html>")
    with pytest.raises(UserError, match="cannot be read"):
        fetch(CONTRAST, 4, cache, attempts=1)


def test_a_passing_failure_is_tried_again_with_longer_waits(cache, monkeypatch):
    real, waits, failures = nilearn.datasets.fetch_localizer_contrasts, [], iter([OSError, OSError])

    def flaky(*args, **kwargs):
        for failure in failures:
            raise failure("busy")
        return real(*args, **kwargs)

    monkeypatch.setattr(nilearn.datasets, "fetch_localizer_contrasts", flaky)
    monkeypatch.setattr("permaps.cohort.localizer.time.sleep", waits.append)
    assert len(fetch(CONTRAST, 2, cache, wait=5)) == 2
    assert waits == [5, 10]
