"""One file with a volume per participant."""

import collect_table
import nibabel as nib
import numpy as np
import pytest
import read_maps
from permaps.cohort.sources import map_files
from permaps.maps import images
from permaps.maps.images import UnusableMap, decode, write_image
from permaps.maps.map_paths import map_paths
from permaps.maps.store import Store
from permaps.workflow.errors import UserError

N, SHAPE = 5, (6, 5, 4)
VOLUMES = np.random.default_rng(0).normal(size=(*SHAPE, N)).astype(np.float32)
AFFINE = np.diag([3.0, 3, 3, 1])


@pytest.fixture(params=["all.nii", "all.nii.gz"])
def table(tmp_path, request):
    nib.save(nib.Nifti1Image(VOLUMES, AFFINE), tmp_path / request.param)
    rows = "".join(f"s{i}\t{20 + i}\n" for i in range(N))
    (tmp_path / "participants.tsv").write_text("participant_id\tage\n" + rows)
    return tmp_path / "participants.tsv", request.param


def collected(table, maps, folder):
    collect_table.main(
        dataset={"source": "table", "path": table, "maps": maps},
        participants=folder / "out/participants.tsv",
        results=folder / "out",
        voxelwise={},
    )
    return folder / "out/participants.tsv"


def test_volumes_go_to_participants_in_the_order_of_the_table(table, tmp_path):
    participants = collected(*table, tmp_path)
    held = {"images": tmp_path / "images.json", "values": tmp_path / "values.bin"}
    read_maps.main(participants=participants, **held)
    for i, data in enumerate(Store(**held).maps([f"s{i}" for i in range(N)], "map")):
        np.testing.assert_array_equal(data, VOLUMES[..., i])
    assert map_files({"source": "table", "path": table[0]}, table[1]) == [str(tmp_path / table[1])]


def test_a_compressed_file_is_opened_once(table, tmp_path, monkeypatch):
    loaded, load = [], nib.load
    monkeypatch.setattr(images.nib, "load", lambda *a, **k: loaded.append(k) or load(*a, **k))
    for i in range(N):
        decode(f"{tmp_path / table[1]}[{i}]")
    assert sum("keep_file_open" in how for how in loaded) == 1


@pytest.mark.parametrize(
    ("keep", "says"), [(N - 1, "has 4 volumes, and .* has 5 rows"), (1, "has a single volume")]
)
def test_a_volume_too_few_is_an_error_with_both_numbers(table, tmp_path, keep, says):
    nib.save(nib.Nifti1Image(VOLUMES[..., :keep], AFFINE), tmp_path / table[1])
    with pytest.raises(UserError, match=says):
        collected(*table, tmp_path)


def test_no_image_is_an_error_that_names_the_key(table, tmp_path):
    (tmp_path / table[1]).write_text("no")
    with pytest.raises(UserError, match=r"dataset\.maps: .*unreadable"):
        collected(*table, tmp_path)


def test_a_volume_that_is_not_there_and_a_name_in_brackets(tmp_path):
    nib.save(nib.Nifti1Image(VOLUMES, AFFINE), tmp_path / "all.nii")
    with pytest.raises(UnusableMap, match=r"no volume 5 \(shape 6 x 5 x 4 x 5"):
        decode(f"{tmp_path / 'all.nii'}[5]")
    with pytest.raises(UnusableMap, match="missing file"):
        decode(f"{tmp_path / 'none.nii'}[0]")
    write_image(tmp_path / "a[1].nii", VOLUMES[..., 0], AFFINE, "test")
    np.testing.assert_array_equal(decode(tmp_path / "a[1].nii").data, VOLUMES[..., 0])


def test_a_column_comes_before_a_file_of_its_name(tmp_path):
    (tmp_path / "map").write_text("a file")
    rows = [{"participant_id": "a", "map": "a.nii"}]
    assert map_paths(["participant_id", "map"], rows, tmp_path / "t.tsv", "map") == [str(tmp_path / "a.nii")]
