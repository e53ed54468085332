"""The pseudo-t: smoothed variance, against a literal implementation."""

import by_hand
import nibabel as nib
import numpy as np
import pytest
from build_model import sigma
from nilearn.image import smooth_img
from permaps.permutation.model import contrast_model
from permaps.permutation.null import null_maxima
from permaps.permutation.relabelling import relabellings
from permaps.spaces.volume import Volume
from permaps.statistics.pseudo import SmoothedVariance
from permaps.statistics.voxelwise import VoxelModels
from studies import STUDIES

SHAPE = (6, 7, 5)
AFFINE = np.diag([-3.0, 2.0, 4.0, 1.0])
MASK = np.random.default_rng(0).random(SHAPE) < 0.7
N_VOXELS = int(MASK.sum())
NAMES = ("one sample", "one sample with a covariate", "two groups and age", "pairs", "slopes that differ")


def model_of(study, fwhm, groups=None):
    model = study.contrast_model(
        groups, kind="smoothed_variance", variance_sigma=sigma(AFFINE, fwhm), space=Volume(MASK, AFFINE)
    )
    return model.estimator(), model.exchangeability


def values(model, maps, source, sign):
    ((first, found),) = model.evaluator(maps, False, 50).values(source, sign)
    assert first == 0
    return found


def smoothed(values, fwhm):
    """Weigh every voxel of the mask by a Gaussian of its distance in mm, as far as 4 standard deviations go."""
    width = fwhm / np.sqrt(8 * np.log(2))
    at = np.argwhere(MASK)
    apart = np.abs(at[:, None] - at[None])
    voxel = np.abs(np.diag(AFFINE)[:3])
    weight = np.exp(-0.5 * ((apart * voxel / width) ** 2).sum(axis=2))
    weight[(apart > np.floor(4 * width / voxel + 0.5)).any(axis=2)] = 0
    return weight @ values / weight.sum(axis=1)


def pseudo_t(y, design, contrast, source, sign, fwhm):
    """Least squares of the relabelled residuals, with the residual variance smoothed."""
    residuals = y.astype(float)
    nuisance = design @ by_hand.null_space(contrast)
    if nuisance.shape[1]:
        residuals = residuals - nuisance @ np.linalg.lstsq(nuisance, residuals, rcond=None)[0]
    moved = np.empty_like(residuals)
    moved[source] = sign[:, None] * residuals
    beta = np.linalg.lstsq(design, moved, rcond=None)[0]
    variance = ((moved - design @ beta) ** 2).sum(axis=0) / (len(y) - design.shape[1])
    spread = (contrast @ np.linalg.inv(design.T @ design) @ contrast.T).item()
    return (contrast @ beta)[0] / np.sqrt(smoothed(variance, fwhm) * spread)


@pytest.mark.parametrize("fwhm", [4, 8])
@pytest.mark.parametrize("name", NAMES)
def test_observed_and_relabelled_pseudo_t_are_the_literal_ones(name, fwhm):
    study = STUDIES[name]
    maps = study.maps(N_VOXELS)
    model, exchangeability = model_of(study, fwhm)
    source, sign = relabellings(exchangeability, 0, 0, 8)
    found = values(model, maps, source, sign)
    for j in range(8):
        expected = pseudo_t(maps, study.design, study.weights, source[j], sign[j], fwhm)
        np.testing.assert_allclose(found[j], expected, rtol=1e-6, atol=1e-8)


def test_the_variance_is_smoothed_as_nilearn_smooths():
    study = STUDIES["one sample"]
    maps = study.maps(N_VOXELS)
    variance = np.zeros(SHAPE)
    variance[MASK] = maps.astype(float).var(axis=0, ddof=1)
    # With room around, since nilearn reflects what lies at the edge of the image.
    whole, share = (
        np.asarray(smooth_img(nib.Nifti1Image(np.pad(image, 9), AFFINE), 6).dataobj)[np.pad(MASK, 9)]
        for image in (variance, MASK.astype(float))
    )
    expected = maps.mean(axis=0, dtype=float) / np.sqrt(whole / share / 12)
    model, _ = model_of(study, 6)
    found = values(model, maps, np.arange(12)[None], np.ones((1, 12), np.int8))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_smoothing_it_is_t_and_with_much_of_it_the_effect():
    study = STUDIES["two groups and age"]
    maps = study.maps(N_VOXELS)
    identity = np.arange(12)[None], np.ones((1, 12), np.int8)
    t = by_hand.statistic(maps.astype(float), study.design, study.weights)
    np.testing.assert_allclose(values(model_of(study, 0.1)[0], maps, *identity)[0], t, rtol=1e-6)
    beta = np.linalg.lstsq(study.design, maps.astype(float), rcond=None)[0]
    ratio = values(model_of(study, 1e4)[0], maps, *identity)[0] / beta[1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_equal_variances_stay_what_they_are_at_the_edge_of_the_mask():
    study = STUDIES["two groups"]
    maps = np.tile(study.maps(1), N_VOXELS)
    found = values(model_of(study, 10)[0], maps, np.arange(12)[None], np.ones((1, 12), np.int8))[0]
    np.testing.assert_allclose(
        found, by_hand.statistic(maps.astype(float), study.design, study.weights), rtol=1e-6
    )


def test_voxels_without_a_variance_do_not_lower_their_neighbours():
    study = STUDIES["two groups"]
    maps = np.tile(study.maps(1), N_VOXELS)
    maps[:6, ::3] = np.nan  # one of the groups is gone
    found = values(model_of(study, 6)[0], maps, np.arange(12)[None], np.ones((1, 12), np.int8))[0]
    t = by_hand.statistic(maps[:, 1:2].astype(float), study.design, study.weights)[0]
    np.testing.assert_array_equal(found[::3], 0)
    np.testing.assert_allclose(np.delete(found, np.s_[::3]), t, rtol=1e-6)


def test_the_null_of_a_few_people_holds_every_flip_once():
    study = STUDIES["one sample"]
    maps = study.maps(N_VOXELS)[:5]
    inner = VoxelModels(np.ones((5, 1)), np.ones((1, 1)), np.zeros(5, int))
    model = SmoothedVariance(inner, MASK, sigma(AFFINE, 6))
    flips = contrast_model(np.ones((5, 1)), np.ones((1, 1)), "t", "flip", {}).exchangeability
    null = null_maxima(maps, model, flips, 0, 0, 32, is_f=False, both_signs=True)["voxel"]
    expected = []
    for bits in range(32):
        sign = np.array([-1 if bits >> i & 1 else 1 for i in range(5)])
        found = pseudo_t(maps, np.ones((5, 1)), np.ones((1, 1)), np.arange(5), sign, 6)
        expected.append(np.abs(found).max())
    np.testing.assert_allclose(np.sort(null), np.sort(expected), rtol=1e-6)


def test_batches_of_any_size_give_the_same_bits():
    study = STUDIES["two groups and age"]
    maps = study.maps(N_VOXELS)
    model, exchangeability = model_of(study, 6)
    source, sign = relabellings(exchangeability, 0, 0, 9)
    whole = values(model, maps, source, sign)
    for first, last in [(0, 1), (3, 9)]:
        np.testing.assert_array_equal(
            values(model, maps, source[first:last], sign[first:last]), whole[first:last]
        )
    assert model.evaluator(maps, False, 0).batch == 1


def test_the_width_is_in_mm_along_every_axis():
    np.testing.assert_allclose(sigma(AFFINE, 12), 12 / 2.3548200450309493 / np.array([3, 2, 4]))
    turned = np.array([[0, 2.0, 0, 5], [-3, 0, 0, 7], [0, 0, 4, 1], [0, 0, 0, 1]])
    np.testing.assert_allclose(sigma(turned, 12), sigma(AFFINE, 12))
