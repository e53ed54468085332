"""Masks and the matrix of maps, against nilearn's own maskers."""

from functools import partial

import collect_table
import make_brain_mask
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import read_maps
import screen_participants
import select_participants
import smooth_maps
from nilearn.maskers import NiftiMasker
from permaps.maps.images import load_volume, write_image
from permaps.quality.brain_mask import brain_mask
from permaps.spaces.data_matrix import write_covariate, write_matrix
from permaps.spaces.smoothing import check_kernel, smooth_volume
from permaps.spaces.volume import Volume
from permaps.tables.participants import read_participants
from permaps.workflow.errors import UserError
from real_data import DATA

SHAPE = (14, 15, 12)
AFFINE = np.array([[-3.0, 0, 0, 20], [0, 3.4, 0, -21], [0, 0, 4.5, -18], [0, 0, 0, 1]])


def read(paths):
    return [load_volume(path)[0] for path in paths]


def mask_of(strategy, paths, file=None):
    return brain_mask(strategy, read(paths), load_volume(paths[0])[1], file)


def ball(radius=1.0):
    grid = np.stack(np.meshgrid(*[np.linspace(-1.15, 1.15, n) for n in SHAPE], indexing="ij"))
    return (grid**2).sum(axis=0) < radius**2


BALL = Volume(ball(), AFFINE)


def images(folder, change=lambda i, x: x, n=6, background=0.0, dtype=np.float32):
    rng = np.random.default_rng(1)
    paths = []
    for i in range(n):
        data = np.where(ball(), rng.normal(2, 1, SHAPE), background).astype(dtype)
        paths.append(str(folder / f"{i}.nii"))
        write_image(paths[-1], change(i, data), AFFINE, "test")
    return paths


def edge_nan(i, x):
    x[~ball()] = np.nan
    return x


def hole(i, x):
    if i == 2:
        x[:4, 5:9] = np.nan
    return x


@pytest.mark.parametrize("strategy", ["background", "epi"])
@pytest.mark.parametrize("kind", ["zero", "nan", "constant", "none"])
def test_data_masks_are_those_of_niftimasker(tmp_path, strategy, kind):
    paths = {
        "zero": lambda: images(tmp_path),
        "nan": lambda: images(tmp_path, edge_nan),
        "constant": lambda: images(tmp_path, background=-7.3),
        "none": lambda: images(tmp_path, lambda i, x: x + np.random.default_rng(i).random(SHAPE)),
    }[kind]()
    mask = mask_of(strategy, paths)
    expected = NiftiMasker(mask_strategy=strategy).fit(paths).mask_img_
    np.testing.assert_array_equal(mask, np.asarray(expected.dataobj) != 0)


@pytest.mark.parametrize("strategy", ["background", "epi"])
@pytest.mark.parametrize("edge", [lambda i, x: x, edge_nan], ids=["zero", "nan"])
def test_one_participants_nan_do_not_change_the_mask(tmp_path, strategy, edge):
    whole = mask_of(strategy, images(tmp_path, edge))
    mask = mask_of(strategy, images(tmp_path, lambda i, x: hole(i, edge(i, x))))
    if strategy == "background":
        np.testing.assert_array_equal(mask, whole)
    else:  # the mean of the other five decides at the rim
        assert (mask != whole).mean() < 0.01


def test_the_template_is_nilearns_brain_mask_on_the_maps_grid(tmp_path):
    shape = (47, 56, 31)
    affine = np.array([[3.4, 0, 0, -79], [0, 3.4, 0, -112], [0, 0, 4.5, -56], [0, 0, 0, 1]])
    write_image(tmp_path / "a.nii", np.ones(shape, np.float32), affine, "test")
    mask = mask_of("template", [tmp_path / "a.nii"])
    volume = mask.sum() * 3.4 * 3.4 * 4.5 / 1e6
    assert 1.6 < volume < 2.0  # litres
    inverse = np.linalg.inv(affine)
    for *point, inside in [(0, -20, 10, True), (40, -20, 50, True), (0, 0, 79, False), (78, 0, 0, False)]:
        assert mask[tuple(np.rint(inverse @ [*point, 1])[:3].astype(int))] == inside


def test_a_template_away_from_the_maps_is_empty_and_refused(tmp_path):
    far = AFFINE.copy()
    far[:3, 3] = 1000
    write_image(tmp_path / "a.nii", np.ones(SHAPE, np.float32), far, "test")
    with pytest.raises(UserError, match=r"no voxel.*MNI"):
        mask_of("template", [tmp_path / "a.nii"])


def test_a_mask_file_is_taken_above_zero(tmp_path):
    paths = images(tmp_path)
    write_image(tmp_path / "mask.nii.gz", (ball(0.5) * 255).astype(np.uint8), AFFINE, "test")
    np.testing.assert_array_equal(mask_of("file", paths, tmp_path / "mask.nii.gz"), ball(0.5))


FAR = np.eye(4)
FAR[:3, 3] = 1000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "missing file"),
        (lambda p: write_image(p, np.zeros(SHAPE, np.uint8), AFFINE, ""), "no voxel"),
        (lambda p: write_image(p, np.full(SHAPE, np.nan), AFFINE, ""), "no voxel"),
        (
            lambda p: write_image(p, ball(), FAR @ AFFINE, ""),
            "litres of .*, 0 lie in the images.*14 x 15 x 12",
        ),
    ],
)
def test_a_mask_file_that_does_not_fit_is_refused(tmp_path, make, words):
    paths = images(tmp_path)
    make(tmp_path / "mask.nii.gz")
    with pytest.raises(UserError, match=words):
        mask_of("file", paths, tmp_path / "mask.nii.gz")


def test_a_mask_on_another_grid_is_taken_at_the_nearest_voxel(tmp_path):
    paths = images(tmp_path)
    # Every voxel of the maps is two by two by two of the mask, which is stored from right to left.
    finer = AFFINE @ np.array(
        [[-0.5, 0, 0, SHAPE[0] - 0.75], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]]
    )
    fine = np.kron(ball(0.5), np.ones((2, 2, 2)))[::-1].astype(np.uint8)
    write_image(tmp_path / "mask.nii.gz", fine, finer, "test")
    np.testing.assert_array_equal(mask_of("file", paths, tmp_path / "mask.nii.gz"), ball(0.5))


def matrix(tmp_path, paths, mask, fwhm=5, min_coverage=1.0, zero_is_missing=True):
    result = write_matrix(
        tmp_path / "out/maps.npy", read(paths), Volume(mask, AFFINE), fwhm,
        min_coverage=min_coverage, zero_is_missing=zero_is_missing,
    )  # fmt: skip
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["maps.npy"]
    return np.load(tmp_path / "out/maps.npy"), *result


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("fwhm", [5, 8.5, None])
def test_the_matrix_is_that_of_niftimasker(tmp_path, fwhm, dtype):
    paths = images(tmp_path, lambda i, x: x * 40, dtype=np.float64)
    for path in paths:
        write_image(path, load_volume(path)[0].astype(dtype), AFFINE, "test")
    values, mask, covered, counts = matrix(tmp_path, paths, ball(), fwhm, zero_is_missing=False)
    image = nib.Nifti1Image(ball().astype(np.uint8), AFFINE)
    expected = NiftiMasker(mask_img=image, smoothing_fwhm=fwhm).fit().transform(paths)
    assert values.dtype == np.float32 and values.flags.c_contiguous
    np.testing.assert_array_equal(mask, ball())
    assert (covered[ball()] == 6).all() and counts["analysed"] == ball().sum()
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("fwhm", [0, None])
def test_no_smoothing_keeps_the_values(tmp_path, fwhm, recwarn):
    paths = images(tmp_path)
    values = matrix(tmp_path, paths, ball(), fwhm)[0]
    np.testing.assert_array_equal(values, [load_volume(p)[0][ball()] for p in paths])
    assert not recwarn.list


def test_smoothing_takes_missing_for_zero_and_spares_its_input():
    data = np.random.default_rng(0).normal(size=SHAPE)
    holes = data.copy()
    holes[3, 4, 5], holes[8, 8, 8] = np.nan, np.inf
    zeroed = np.where(np.isfinite(holes), holes, 0)
    np.testing.assert_array_equal(smooth_volume(holes, AFFINE, 6), smooth_volume(zeroed, AFFINE, 6))
    assert np.isnan(holes[3, 4, 5])


def bitten(i, x):
    """Three of six have a hole at the rim of the ball, with NaN, 0 or infinity in it."""
    if i < 3:
        x[6:10, 6:10, :5] = (np.nan, 0, np.inf)[i]
    return x


@pytest.mark.parametrize("background", [0.0, np.nan])
def test_smoothing_mixes_no_zeros_of_a_hole_into_its_surroundings(tmp_path, background):
    # Each with a hole has the one value of somebody without, and must not differ from them anywhere.
    paths = images(
        tmp_path,
        lambda i, x: bitten(i, np.where(ball(), 1 + i % 3, x).astype(np.float32)),
        background=background,
    )
    values, mask, *_ = matrix(tmp_path, paths, ball(), 8)
    assert mask[7, 7, 5] and not mask[7, 7, 4]
    np.testing.assert_allclose(values[:3], values[3:], rtol=1e-5)
    # The rim of the brain is as ever in those without a hole.
    np.testing.assert_array_equal(
        values[3:], [smooth_volume(one, AFFINE, 8)[mask] for one in read(paths)[3:]]
    )


def test_smoothing_by_a_hole_is_the_mean_of_what_is_there(tmp_path):
    paths = images(tmp_path, bitten)
    values, mask, *_ = matrix(tmp_path, paths, np.ones(SHAPE, bool), 8, min_coverage=0.5)
    data = read(paths)[0]
    there = np.isfinite(data) & (data != 0)
    kernel = partial(smooth_volume, affine=AFFINE, fwhm=8)
    by_hand = kernel(np.where(there, data, 0)) / kernel(there.astype(np.float32))
    row = np.full(SHAPE, np.nan, np.float32)
    row[mask] = values[0]
    np.testing.assert_array_equal(np.isnan(row[mask]), ~there[mask])
    np.testing.assert_allclose(row[there & mask], by_hand[there & mask], rtol=1e-5)


def test_a_covariate_is_smoothed_by_its_own_holes(tmp_path):
    paths = images(tmp_path, lambda i, x: np.where(bitten(i, x) == 0, np.nan, x).astype(np.float32))
    maps, mask, *_ = matrix(tmp_path, paths, ball(), 8, zero_is_missing=False)
    write_covariate(tmp_path / "c.npy", read(paths), Volume(mask, AFFINE), BALL, 8)
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), maps)


def with_holes(i, x):
    """Voxel a lacks one participant, b three, c all; d is 0 in one."""
    a, b, c, d = (7, 7, 6), (7, 7, 5), (7, 6, 6), (6, 7, 6)
    x[a] = np.nan if i == 0 else x[a]
    x[b] = np.nan if i < 3 else x[b]
    x[c] = np.nan
    x[d] = 0 if i == 4 else x[d]
    return x


def test_full_coverage_leaves_no_nan(tmp_path):
    values, mask, covered, counts = matrix(tmp_path, images(tmp_path, with_holes), ball())
    assert np.isfinite(values).all()
    assert counts == {
        "grid": ball().size, "brain mask": ball().sum(), "under coverage": 4, "not finite": 0,
        "constant": 0, "analysed": ball().sum() - 4,
    }  # fmt: skip
    assert [covered[v] for v in ((7, 7, 6), (7, 7, 5), (7, 6, 6), (6, 7, 6))] == [5, 3, 0, 5]
    assert covered.dtype == np.int16 and not covered[~ball()].any()
    assert not mask[7, 7, 6] and mask[7, 8, 6]


def test_partial_coverage_marks_the_missing_as_nan(tmp_path):
    paths = images(tmp_path, with_holes)
    values, mask, _, counts = matrix(tmp_path, paths, ball(), min_coverage=0.5)
    assert counts["under coverage"] == 1 and counts["analysed"] == ball().sum() - 1
    missing = np.isnan(values)
    column = {v: np.ravel_multi_index(v, SHAPE) for v in ((7, 7, 6), (7, 7, 5), (6, 7, 6))}
    position = {v: np.flatnonzero(np.flatnonzero(mask) == c)[0] for v, c in column.items()}
    assert missing[:, position[7, 7, 6]].tolist() == [True] + [False] * 5
    assert missing[:, position[7, 7, 5]].tolist() == [True] * 3 + [False] * 3
    assert missing[:, position[6, 7, 6]].tolist() == [False] * 4 + [True, False]
    assert missing.sum() == 5
    assert matrix(tmp_path, paths, ball(), min_coverage=0.5, zero_is_missing=False)[3]["under coverage"] == 1


@pytest.mark.parametrize("fwhm", [5, None])
def test_a_covariate_is_smoothed_and_masked_as_the_maps_are(tmp_path, fwhm):
    paths = images(tmp_path)
    maps = matrix(tmp_path, paths, ball(), fwhm, zero_is_missing=False)[0]
    assert write_covariate(tmp_path / "c.npy", read(paths), BALL, BALL, fwhm) == 0
    covariate = np.load(tmp_path / "c.npy")
    assert covariate.dtype == np.float32 and covariate.flags.c_contiguous
    np.testing.assert_array_equal(covariate, maps)


def test_in_a_covariate_0_is_a_value_and_nan_is_missing(tmp_path):
    a, b, c = (7, 7, 6), (7, 7, 5), (6, 7, 6)

    def grey_matter(i, x):
        x[a], x[b], x[c] = 0, np.nan if i == 2 else i, 5
        return x

    maps = read(images(tmp_path, grey_matter))
    n_constant = write_covariate(tmp_path / "c.npy", maps, BALL, BALL, None)
    covariate = np.load(tmp_path / "c.npy")
    at = [np.flatnonzero(np.flatnonzero(ball()) == np.ravel_multi_index(v, SHAPE))[0] for v in (a, b, c)]
    assert n_constant == 2 and np.isnan(covariate).sum() == 1
    np.testing.assert_array_equal(covariate[:, at].T, [[0] * 6, [0, 1, np.nan, 3, 4, 5], [5] * 6])


def test_who_lacks_a_covariate_at_a_voxel_has_no_value_there(tmp_path):
    a, b = (7, 7, 6), (7, 7, 5)

    def grey_matter(i, x):
        x[a], x[b] = np.nan if i < 3 else 1, 0
        return x

    (tmp_path / "gm").mkdir()
    maps, covariate = images(tmp_path, with_holes), images(tmp_path / "gm", grey_matter)
    _, covered, counts = write_matrix(
        tmp_path / "m.npy", read(maps), BALL, None, min_coverage=0.5, zero_is_missing=True,
        covariates=[read(covariate)],
    )  # fmt: skip
    assert covered[a] == 3 and covered[b] == 3 and covered[6, 7, 6] == 5
    assert counts["under coverage"] == 1  # a voxel that no map has


def test_the_share_of_coverage_is_not_lost_to_rounding(tmp_path):
    paths = images(tmp_path, lambda i, x: edge_nan(i, x) if i > 2 else x * np.nan, n=10)
    # 0.7 * 10 is 7.000000000000001 or 6.999999999999999, depending on who multiplies.
    assert matrix(tmp_path, paths, ball(), min_coverage=0.7)[3]["under coverage"] == 0


def test_constant_voxels_leave_even_with_rounding_noise(tmp_path):
    def constant(i, x):
        x[3:11, 3:11, 3:9] = 1234.567
        x[7, 7, 6] *= 1 + 1e-7 * i
        return x

    for fwhm in (None, 4):
        values, mask, _, counts = matrix(tmp_path, images(tmp_path, constant), ball(), fwhm)
        assert counts["constant"] > 0 and counts["analysed"] == mask.sum() == values.shape[1]
        assert not mask[7, 7, 6]
        assert (np.ptp(values, axis=0) > 1e-6 * np.abs(values).max(axis=0)).all()


def test_values_too_large_to_smooth_leave(tmp_path):
    def large(i, x):
        x = x.astype(np.float64)
        x[7, 7, 6] = 1e39 if i == 1 else x[7, 7, 6]
        return x

    counts = matrix(tmp_path, images(tmp_path, large), ball(), None)[3]
    assert counts["not finite"] == 1


def test_no_voxel_left_is_refused_and_nothing_is_written(tmp_path):
    paths = images(tmp_path, lambda i, x: x * 0 + 5)
    with pytest.raises(UserError, match=r"no voxel is left.*constant"):
        matrix(tmp_path, paths, ball())
    assert not list((tmp_path / "out").iterdir())


def test_one_voxel_is_no_map_and_two_are(tmp_path):
    one = np.zeros(SHAPE, dtype=bool)
    one[7, 7, 6] = True
    with pytest.raises(UserError, match="a single voxel is left"):
        matrix(tmp_path, images(tmp_path), one)
    one[7, 7, 5] = True
    assert matrix(tmp_path, images(tmp_path), one)[0].shape == (6, 2)


def pipeline(folder, table, maps, formula, strategy, **settings):
    """Run the scripts from a table to the matrix, as the rules do."""
    tables = ("participants.tsv", "screened.tsv", "included.tsv", "excluded.tsv", "metrics.tsv", "voxels.tsv")
    f = {n: folder / n for n in (*tables, "brain.nii.gz", "mask.nii.gz", "coverage.nii.gz", "maps.npy")}
    collect_table.main(
        dataset={"source": "table", "path": table, "maps": maps},
        participants=f["participants.tsv"],
        results=folder / "results",
        voxelwise={},
    )
    screened = f["screened.tsv"]
    held = {"images": folder / "images.json", "values": folder / "values.bin"}
    read_maps.main(participants=f["participants.tsv"], **held)
    screen_participants.main(
        participants=f["participants.tsv"], images=held["images"], screened=screened, formula=formula,
        block_columns={}, variance_groups=None, query=None,
    )  # fmt: skip
    make_brain_mask.main(screened=screened, **held, brain=f["brain.nii.gz"], strategy=strategy, file=None)
    select_participants.main(
        screened=screened, **held, brain=f["brain.nii.gz"], included=f["included.tsv"], excluded=f["excluded.tsv"],
        metrics=f["metrics.tsv"], max_missing=settings.pop("max_missing"), zero_is_missing=True,
    )  # fmt: skip
    smooth_maps.main(
        included=f["included.tsv"], usable=f["included.tsv"], **held, brain=f["brain.nii.gz"], mask=f["mask.nii.gz"],
        coverage=f["coverage.nii.gz"], matrix=f["maps.npy"], voxels=f["voxels.tsv"], smoothing_fwhm=5,
        zero_is_missing=True, **settings,
    )  # fmt: skip
    return f


def test_from_a_bids_table_to_the_matrix(tmp_path):
    paths = images(tmp_path)
    lines = ["participant_id\tage"]
    for i, path in enumerate(paths):
        new = tmp_path / f"bids/der/sub-0{i}/sub-0{i}_statmap.nii.gz"
        write_image(new, load_volume(path)[0], AFFINE, "test")
        lines.append(f"sub-0{i}\t{'n/a' if i == 4 else 20 + i}")
    table = tmp_path / "bids/participants.tsv"
    table.write_text("\n".join(lines) + "\n")
    f = pipeline(
        tmp_path / "out", table, "der/{participant_id}/{participant_id}_statmap.nii.gz", "1 + age",
        "background", max_missing=0.1, min_coverage=1.0,
    )  # fmt: skip
    assert read_participants(f["included.tsv"]).age.tolist() == [20, 21, 22, 23, 25]
    kept = [p for i, p in enumerate(paths) if i != 4]
    expected = NiftiMasker(smoothing_fwhm=5).fit_transform(kept)
    np.testing.assert_allclose(np.load(f["maps.npy"]), expected, rtol=1e-5, atol=1e-5)
    mask = nib.load(f["mask.nii.gz"])
    assert mask.get_data_dtype() == np.uint8 and nib.load(f["coverage.nii.gz"]).get_data_dtype() == np.int16
    voxels = pd.read_csv(f["voxels.tsv"], sep="\t").set_index("reason")
    assert voxels.n_voxels["analysed"] == np.asarray(mask.dataobj).sum() == expected.shape[1]


def test_much_of_a_mask_that_is_lost_is_pointed_out(tmp_path, caplog):
    """One map ends early, and a voxel that one person lacks is not analysed."""
    held_back = np.ones(SHAPE)
    held_back[:, :, : SHAPE[2] // 2] = 0
    paths = images(tmp_path, lambda i, x: x * held_back if i == 2 else x)
    table = tmp_path / "t.csv"
    table.write_text("participant_id,map\n" + "".join(f"{i},{path}\n" for i, path in enumerate(paths)))
    f = pipeline(tmp_path / "out", table, "map", "1", "background", max_missing=1.0, min_coverage=1.0)
    counts = pd.read_csv(f["voxels.tsv"], sep="\t").set_index("reason")["n_voxels"]
    lost, whole = counts["under coverage"], counts["brain mask"]
    assert lost > whole / 10
    assert (
        f"{lost:,} of the {whole:,} voxels of the brain mask ({lost / whole:.0%}) are not analysed"
        in caplog.text
    )


def test_a_mask_of_the_whole_image_is_pointed_out(tmp_path, caplog):
    paths = images(tmp_path, lambda i, x: x + np.float32(1) + np.random.default_rng(i).random(SHAPE))
    table = tmp_path / "t.csv"
    table.write_text("participant_id,file\n" + "".join(f"{i},{p}\n" for i, p in enumerate(paths)))
    f = pipeline(tmp_path / "out", table, "file", "1", "background", max_missing=0.1, min_coverage=1.0)
    assert "takes 100 % of the image for brain" in caplog.text
    assert "whole image" in f["voxels.tsv"].read_text()


@pytest.mark.skipif(
    not (DATA / "wager2008").is_dir(), reason="needs wager2008 in $PERMAPS_DATA or ../shared/data"
)
def test_thirty_real_analyze_maps_with_nan(tmp_path):
    f = pipeline(
        tmp_path, DATA / "wager2008/participants.tsv", "map", "1 + reappraisal_success", "template",
        max_missing=0.1, min_coverage=1.0,
    )  # fmt: skip
    included = read_participants(f["included.tsv"])
    assert len(included) == 30 and len(read_participants(f["excluded.tsv"])) == 0
    values = np.load(f["maps.npy"])
    paths = list(included["map"])
    # In these maps the NaN lie above the head, from where smoothing must not carry them into the brain.
    assert sum(np.isnan(load_volume(path)[0]).any() for path in paths) == 29
    masker = NiftiMasker(mask_img=f["mask.nii.gz"], smoothing_fwhm=5).fit()
    expected = masker.transform(paths)
    assert values.shape == expected.shape and 30_000 < values.shape[1] < 40_000
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)
    assert read_participants(f["metrics.tsv"]).duplicate_of.isna().all()


@pytest.mark.parametrize("axis", [0, 2])
def test_a_gaussian_wider_than_any_image_is_refused(axis):
    # In metres, say, along one axis or all.
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[axis, axis] = 1e-9
    with pytest.raises(
        UserError, match=r"smoothing_fwhm: found 5 mm, which are 5,000,000,000 voxels of 1e-09 mm"
    ):
        smooth_volume(np.ones((4, 4, 4), np.float32), affine, 5.0)
    with pytest.raises(UserError, match=r"inference\.variance_smoothing_fwhm: found 8 mm"):
        check_kernel("inference.variance_smoothing_fwhm", 8.0, affine)
    assert smooth_volume(np.ones((4, 4, 4), np.float32), np.eye(4), 5.0).shape == (4, 4, 4)
