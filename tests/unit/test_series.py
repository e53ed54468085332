"""One file with a map per participant."""

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
from permaps.maps.surfaces import decode_surface
from permaps.spaces.kinds import hemispheres_of, kind_of
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


def collected(table, maps, folder, **voxelwise):
    collect_table.main(
        dataset={"source": "table", "path": table, "maps": maps},
        participants=folder / "out/participants.tsv",
        results=folder / "out",
        voxelwise=voxelwise,
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


def test_a_file_is_opened_once_beside_that_of_a_covariate(table, tmp_path, monkeypatch):
    opened, load = [], nib.load
    monkeypatch.setattr(images.nib, "load", lambda *a, **k: opened.append(k) or load(*a, **k))
    nib.save(nib.Nifti1Image(VOLUMES, AFFINE), tmp_path / "of_a_covariate.nii.gz")
    for i in range(N):
        decode(f"{tmp_path / table[1]}[{i}]")
        decode(f"{tmp_path / 'of_a_covariate.nii.gz'}[{i}]")
    assert sum("keep_file_open" in how for how in opened) == 2


def test_a_covariate_with_a_volume_too_many_is_an_error_with_its_key(table, tmp_path):
    nib.save(nib.Nifti1Image(VOLUMES[..., [0, *range(N)]], AFFINE), tmp_path / "age.nii")
    with pytest.raises(UserError, match=r"model\.voxelwise\.age: .*age.nii has 6 volumes, and .* has 5 rows"):
        collected(*table, tmp_path, age="age.nii")


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


def frames(path, values):
    """A file of one hemisphere, with a map for everyone: values are vertices x people."""
    values = np.asarray(values, np.float32)
    if path.name.endswith(".gii"):
        arrays = [nib.gifti.GiftiDataArray(column) for column in values.T]
        nib.save(nib.gifti.GiftiImage(darrays=arrays), path)
    elif path.name.endswith(".nii.gz"):  # vertices are folded, as FreeSurfer does where there are many
        nib.save(nib.Nifti1Image(values.reshape(3, 1, 4, -1, order="F"), np.eye(4)), path)
    else:
        nib.save(nib.MGHImage(values[:, None, None], np.eye(4)), path)


AT_VERTICES = np.random.default_rng(1).normal(size=(2, 12, N)).astype(np.float32)
OF_EVERYONE = [
    ("{hemi}.thickness.mgh", ("lh", "rh")),
    ("{hemi}.thickness.mgz", ("lh", "rh")),
    ("{hemi}.thickness.nii.gz", ("lh", "rh")),
    ("all_hemi-{hemi}_thickness.func.gii", "LR"),
    ("lh.thickness.mgh", ("",)),
]


@pytest.mark.parametrize(("maps", "sides"), OF_EVERYONE)
def test_maps_of_a_surface_go_to_participants_in_the_order_of_the_table(table, tmp_path, maps, sides):
    for side, values in zip(sides, AT_VERTICES, strict=False):
        frames(tmp_path / maps.replace("{hemi}", side), values)
    dataset = {"source": "table", "path": str(table[0]), "maps": maps}
    assert kind_of(dataset).name == "surface" and hemispheres_of(dataset) == ["L", "R"][: len(sides)]
    assert map_files(dataset) == [str(tmp_path / maps.replace("{hemi}", side)) for side in sides]
    held = {"images": tmp_path / "images.json", "values": tmp_path / "values.bin"}
    read_maps.main(participants=collected(table[0], maps, tmp_path), **held, kind="surface")
    for i, data in enumerate(Store(**held).maps([f"s{i}" for i in range(N)], "map")):
        np.testing.assert_array_equal(data, AT_VERTICES[: len(sides), :, i].ravel())


@pytest.mark.parametrize(("maps", "sides"), OF_EVERYONE)
def test_a_map_of_a_surface_too_few_is_an_error_with_both_numbers(table, tmp_path, maps, sides):
    for side, n in zip(sides, (N - len(sides) % 2, N - 1), strict=False):
        frames(tmp_path / maps.replace("{hemi}", side), AT_VERTICES[0, :, :n])
    last = tmp_path / maps.replace("{hemi}", sides[-1])
    with pytest.raises(UserError, match=f"{last} has 4 maps, and .* has 5 rows"):
        collected(table[0], maps, tmp_path)


def test_files_of_hemispheres_that_are_not_there_are_missed(table, tmp_path):
    with pytest.raises(UserError, match=r"there is no file .*thickness\.mgh, nor a column of that name"):
        collected(table[0], "{hemi}.thickness.mgh", tmp_path)


def test_a_file_of_several_maps_is_no_map(tmp_path):
    frames(tmp_path / "lh.all.mgh", AT_VERTICES[0])
    with pytest.raises(UnusableMap, match=r"several values per vertex \(5 maps in one file\)"):
        decode_surface(tmp_path / "lh.all.mgh")
    with pytest.raises(UnusableMap, match=r"no map 5 \(the file has 5, from 0 on\)"):
        decode_surface(f"{tmp_path / 'lh.all.mgh'}[5]")
