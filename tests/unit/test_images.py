"""Images as they are found on disks, and images as Permaps writes them."""

import gzip
import hashlib
import os

import nibabel as nib
import numpy as np
import pytest
from permaps.maps.images import UnusableMap, count_volumes, decode, load_volume, same_grid, write_image
from permaps.tables.reasons import advice

AFFINE = np.array([[-3.0, 0, 0, 12], [0, 3, 0, -9], [0, 0, 4, -6], [0, 0, 0, 1]])
DATA = np.random.default_rng(0).normal(size=(4, 5, 6))


def saved(path, data=DATA, affine=AFFINE, kind=nib.Nifti1Image, dtype=np.float32):
    data = np.asarray(data).astype(dtype)
    nib.save(kind(data, affine, dtype=dtype), path)
    return path


@pytest.mark.parametrize(
    ("dtype", "gives"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (">f4", np.float32),
        (np.int16, np.float64),
        (np.uint8, np.float64),
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_precision_is_that_of_the_file(tmp_path, name, dtype, gives):
    data, affine = load_volume(saved(tmp_path / name, DATA * 10 + 50, dtype=dtype))
    assert data.dtype == gives and data.dtype.isnative and data.flags.c_contiguous
    np.testing.assert_array_equal(data, (DATA * 10 + 50).astype(dtype))
    np.testing.assert_array_equal(affine, AFFINE)


@pytest.mark.parametrize("which", ["a.img", "a.hdr"])
def test_a_big_endian_analyze_pair_without_scaling_is_read(tmp_path, which):
    header = nib.Spm2AnalyzeHeader(endianness=">")
    header.set_data_dtype(np.float32)
    image = nib.Spm2AnalyzeImage(DATA[..., None].astype(">f4"), None, header)
    nib.save(image, tmp_path / "a.img")
    with open(tmp_path / "a.hdr", "r+b") as file:  # scl_slope: NaN, as SPM2 wrote it
        file.seek(112)
        file.write(np.array(np.nan, ">f4").tobytes())
    data, affine = load_volume(tmp_path / which)
    np.testing.assert_array_equal(data, DATA.astype(np.float32))
    assert np.linalg.det(affine[:3, :3]) != 0


@pytest.mark.parametrize(
    ("which", "parts"),
    [("a.nii", ["a.nii"]), ("a.nii.gz", ["a.nii.gz"]), ("a.mgz", ["a.mgz"])]
    + [(which, ["a.hdr", "a.img", "a.mat"]) for which in ("a.img", "a.hdr")],
)
def test_checksums_are_those_of_all_files_of_an_image(tmp_path, which, parts):
    kind = {".img": nib.Spm99AnalyzeImage, ".hdr": nib.Spm99AnalyzeImage, ".mgz": nib.MGHImage}
    nib.save(kind.get(which[1:], nib.Nifti1Image)(DATA.astype(np.float32), AFFINE), tmp_path / which)
    volume = decode(tmp_path / which)
    expected = {part: hashlib.sha256((tmp_path / part).read_bytes()).hexdigest() for part in parts}
    assert volume.checksums == expected and list(volume.checksums) == parts
    np.testing.assert_array_equal(volume.data, DATA.astype(np.float32))
    np.testing.assert_allclose(volume.affine, AFFINE)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.img"])
def test_values_are_those_of_the_bytes_that_the_checksum_is_of(tmp_path, name, monkeypatch):
    path = saved(tmp_path / name, kind=nib.Nifti1Pair if name == "a.img" else nib.Nifti1Image)
    # As soon as its bytes are known, the file is another.
    monkeypatch.setattr(
        hashlib, "sha256", lambda content, of=hashlib.sha256: (path.write_bytes(b""), of(content))[1]
    )
    np.testing.assert_array_equal(decode(path).data, DATA.astype(np.float32))


@pytest.mark.parametrize("shape", [(4, 5, 6, 1), (4, 5, 6, 1, 1)])
def test_one_volume_may_have_further_dimensions(tmp_path, shape):
    data, _ = load_volume(saved(tmp_path / "a.nii", DATA.reshape(shape)))
    assert data.shape == (4, 5, 6)


@pytest.mark.parametrize("further", [(), (1,)])
def test_one_of_several_volumes_may_have_further_dimensions(tmp_path, further):
    path = saved(tmp_path / "a.nii", np.stack([DATA, DATA + 1], -1).reshape(4, 5, 6, 2, *further))
    assert count_volumes(path) == 2
    np.testing.assert_array_equal(load_volume(f"{path}[1]")[0], (DATA + 1).astype(np.float32))


@pytest.mark.parametrize(
    ("shape", "says"),
    [((4, 5, 6, 1, 2), r"several values per voxel \(shape 4 x 5 x 6 x 1 x 2\)"), ((4, 5), "not a volume")],
)
def test_a_file_of_no_volumes_has_no_number_of_them(tmp_path, shape, says):
    with pytest.raises(UnusableMap, match=says):
        count_volumes(saved(tmp_path / "a.nii", np.ones(shape)))


def test_a_single_slice_is_a_volume(tmp_path):
    assert load_volume(saved(tmp_path / "a.nii", DATA[:, :, :1]))[0].shape == (4, 5, 1)


def with_bytes(path, content):
    path.write_bytes(content)
    return path


def unusable(folder):
    whole = saved(folder / "whole.nii").read_bytes()
    rgb = np.zeros((4, 5, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    flat, nan = bytearray(whole), bytearray(whole)
    flat[312:328] = bytes(16)  # srow_z
    nan[280:284] = np.array(np.nan, "<f4").tobytes()  # srow_x
    huge = bytearray(whole)
    huge[42:48] = np.array([32000, 32000, 32000], "<i2").tobytes()
    return {
        "missing file": folder / "none.nii",
        "several volumes (shape 4 x 5 x 6 x 2)": saved(folder / "b.nii", np.stack([DATA, DATA], -1)),
        "not a volume (shape 4 x 5)": saved(folder / "c.nii", DATA[:, :, 0]),
        "complex data": saved(folder / "d.nii", DATA, dtype=np.complex64),
        "colour (RGB) data": saved(folder / "e.nii", rgb, dtype=rgb.dtype),
        "affine is not invertible": with_bytes(folder / "f.nii", bytes(flat)),
        "affine is not invertible ": with_bytes(folder / "g.nii", bytes(nan)),
        "unreadable (": with_bytes(folder / "h.nii", b""),
        "unreadable ( ": with_bytes(folder / "i.nii", b"no image at all" * 100),
        "unreadable (  ": with_bytes(folder / "j.nii", whole[:400]),
        "unreadable (   ": with_bytes(folder / "k.nii.gz", gzip.compress(whole)[:300]),
        "unknown kind of file (named .txt)": with_bytes(folder / "l.txt", b"participant_id"),
        "unreadable (the header claims": with_bytes(folder / "m.nii", bytes(huge)),
        "unreadable (    ": folder,
    }


def test_what_is_no_map_says_why(tmp_path, capfd):
    for reason, path in unusable(tmp_path).items():
        with pytest.raises(UnusableMap) as caught:
            load_volume(path)
        assert str(caught.value).startswith(reason.rstrip()), path
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.img", "a.mgz"])
@pytest.mark.parametrize(
    "content", [None, b"/annex/objects/MD5E-s9--0.nii.gz\n", b"version https://git-lfs.github.com/spec/v1\n"]
)
def test_what_is_not_fetched_yet_is_told_from_what_is_damaged(tmp_path, name, content):
    if content is None:
        (tmp_path / name).symlink_to(".git/annex/objects/x")
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableMap, match=r"^not fetched \("):
        load_volume(tmp_path / name)
    assert "datalad get" in advice({"not fetched (a pointer to its content)": 3})


def test_a_loop_of_links_is_unreadable(tmp_path):
    (tmp_path / "loop.nii").symlink_to("loop.nii")
    with pytest.raises(UnusableMap, match="unreadable"):
        load_volume(tmp_path / "loop.nii")


def test_grids_are_compared_as_affines_with_a_tolerance():
    shape = (50, 60, 40)
    assert same_grid(shape, AFFINE, shape, AFFINE + 1e-5 * np.eye(4))
    assert not same_grid(shape, AFFINE, (50, 60, 41), AFFINE)
    for change in (np.diag([-1, 1, 1, 1]), np.diag([1.01, 1, 1, 1])):
        assert not same_grid(shape, AFFINE, shape, AFFINE @ change)
    shifted = AFFINE.copy()
    shifted[0, 3] += 0.5
    assert not same_grid(shape, AFFINE, shape, shifted)
    thick = AFFINE @ np.diag([1, 1, 2, 1])
    assert not same_grid((5, 5, 1), AFFINE, (5, 5, 1), thick)


def test_codes_do_not_make_another_grid(tmp_path):
    image = nib.Nifti1Image(DATA.astype(np.float32), AFFINE)
    image.set_sform(None, 0)
    image.set_qform(AFFINE, 1)
    nib.save(image, tmp_path / "q.nii")
    assert same_grid((4, 5, 6), load_volume(tmp_path / "q.nii")[1], (4, 5, 6), AFFINE)


@pytest.mark.parametrize(
    ("dtype", "stored"), [(bool, np.uint8), (np.int16, np.int16), (np.float32, np.float32)]
)
def test_images_are_written_the_same_every_time(tmp_path, dtype, stored):
    paths = [tmp_path / "new" / name for name in ("a.nii.gz", "other.nii.gz")]
    for path in paths:
        write_image(path, (DATA * 3).astype(dtype), AFFINE, "Permaps: a test")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = nib.load(paths[0])
    assert image.get_data_dtype() == stored
    assert image.header["descrip"] == b"Permaps: a test"
    assert image.header.get_intent()[0] == "none"
    np.testing.assert_array_equal(np.asarray(image.dataobj), (DATA * 3).astype(dtype))
    np.testing.assert_array_equal(image.affine, AFFINE)
    assert sorted(p.name for p in paths[0].parent.iterdir()) == ["a.nii.gz", "other.nii.gz"]


@pytest.mark.parametrize("shape", [(163842, 1, 1), (1, 43, 1), (1, 1, 7), (27307, 1, 6), (8123, 4, 1)])
@pytest.mark.parametrize("name", ["a.nii.gz", "a.mgz"])
def test_vertices_in_a_row_or_folded_into_factors_are_no_volume(tmp_path, shape, name):
    image = (nib.MGHImage if name == "a.mgz" else nib.Nifti1Image)(np.ones(shape, np.float32), AFFINE)
    if max(shape) > 32767 and name == "a.nii.gz":
        image = nib.Nifti2Image(np.ones(shape, np.float32), AFFINE)
    nib.save(image, tmp_path / name)
    with pytest.raises(UnusableMap, match=r"values of a surface \(shape .*\), not a volume"):
        load_volume(tmp_path / name)


def test_a_single_voxel_is_no_volume(tmp_path):
    nib.save(nib.Nifti1Image(np.ones((1, 1, 1), np.float32), AFFINE), tmp_path / "a.nii")
    with pytest.raises(UnusableMap, match="a single voxel, not a volume"):
        load_volume(tmp_path / "a.nii")


@pytest.mark.parametrize("shape", [(1024, 700, 1), (1, 64, 64), (200, 1, 3), (2, 2, 1)])
def test_a_study_of_one_slice_is_one_of_volumes(tmp_path, shape):
    assert load_volume(saved(tmp_path / "a.nii", np.ones(shape)))[0].shape == shape


def test_surfaces_say_what_they_are(tmp_path):
    array = nib.gifti.GiftiDataArray(np.ones(30, np.float32), intent="NIFTI_INTENT_SHAPE", datatype="float32")
    nib.save(nib.GiftiImage(darrays=[array]), tmp_path / "a.shape.gii")
    axes = nib.cifti2.ScalarAxis(["t"]), nib.cifti2.BrainModelAxis.from_surface(range(9), 12, "CortexLeft")
    nib.save(nib.Cifti2Image(np.ones((1, 9), np.float32), axes), tmp_path / "a.dscalar.nii")
    for name, kind in (("a.shape.gii", "Gifti"), ("a.dscalar.nii", "Cifti2")):
        with pytest.raises(UnusableMap, match=rf"^values of a surface \({kind}\), not a volume$"):
            load_volume(tmp_path / name)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.img", "a.hdr", "a.mat"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    if name == "a.mat":  # read beside a pair
        nib.save(nib.Spm99AnalyzeImage(DATA.astype(np.float32), AFFINE), tmp_path / "b.img")
        for extension in ("img", "hdr"):
            (tmp_path / f"b.{extension}").rename(tmp_path / f"a.{extension}")
        name = "a.img"
    with pytest.raises(UnusableMap, match=r"unreadable \(a pipe in place of a file\)"):
        load_volume(tmp_path / name)
    (tmp_path / "zero.nii").symlink_to("/dev/zero")
    with pytest.raises(UnusableMap, match=r"unreadable \(a device in place of a file\)"):
        load_volume(tmp_path / "zero.nii")
