"""A space: where its elements are, how large, and what its parts are."""

import numpy as np
import pytest
from nibabel.affines import apply_affine
from permaps.spaces.files import read_map, read_space, write_map
from permaps.spaces.volume import Volume

AFFINE = np.array([[-3.0, 0, 0, 90], [0, 2, 0.5, -126], [0, -0.5, 4, -72], [0, 0, 0, 1]])


@pytest.fixture
def space():
    return Volume(np.random.default_rng(1).random((5, 6, 7)) < 0.6, AFFINE)


def test_elements_are_found_again_by_their_places(space):
    every = np.arange(space.n_elements)
    places = space.coordinates(every)
    np.testing.assert_allclose(places, apply_affine(AFFINE, np.argwhere(space.mask)))
    beside = places + np.array([0.6, -0.4, 0.9])
    np.testing.assert_array_equal(space.at(dict(zip("xyz", beside.T, strict=True))), every)
    outside = apply_affine(AFFINE, [*np.argwhere(~space.mask), [9, 0, 0], [0, -2, 0]])
    assert (space.at(dict(zip("xyz", outside.T, strict=True))) == -1).all()


def test_sizes_are_volumes_in_mm3(space):
    assert space.sizes.shape == (space.n_elements,)
    np.testing.assert_allclose(space.sizes, abs(np.linalg.det(AFFINE)))


def test_a_part_holds_its_elements_in_their_order(space):
    chosen = np.arange(3, space.n_elements, 4)
    part = space.part(chosen)
    np.testing.assert_allclose(part.coordinates(np.arange(part.n_elements)), space.coordinates(chosen))


def test_a_map_comes_back_from_its_file(space, tmp_path):
    values = np.arange(space.n_elements) / 8
    write_map(space, tmp_path / "map.nii.gz", values, "a test")
    np.testing.assert_array_equal(read_map(space, tmp_path / "map.nii.gz"), values)
    write_map(space, tmp_path / "mask.nii.gz", np.ones(space.n_elements), "a test")
    again = read_space(tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(again.mask, space.mask)
    np.testing.assert_allclose(again.affine, AFFINE)
