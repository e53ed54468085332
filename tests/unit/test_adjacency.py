"""Neighbours on grids and in pairs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from permaps.spaces.adjacency import along_a_curve, grid_adjacency, pair_adjacency
from permaps.statistics.enhanced_maps import tfce_map
from permaps.statistics.enhancement import Workspace

FARTHEST = {6: 1, 18: 2, 26: 3}

masks = arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=4)).filter(np.any)


def neighbours_by_hand(mask, connectivity):
    """Pairs of voxels that differ by at most one in each, and together in at most so many, coordinates."""
    voxels = np.argwhere(mask)
    apart = np.abs(voxels[:, None] - voxels)
    near = (apart.max(axis=-1) == 1) & (apart.sum(axis=-1) <= FARTHEST[connectivity])
    return {(a, b) for a, b in np.argwhere(near).tolist() if a < b}


@given(masks, st.sampled_from([6, 18, 26]))
def test_neighbours_on_a_grid_are_those_at_a_face_an_edge_or_a_corner(mask, connectivity):
    adjacency = grid_adjacency(mask, connectivity)
    pairs = [tuple(pair) for pair in adjacency.pairs.tolist()]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == neighbours_by_hand(mask, connectivity)


@given(masks, st.sampled_from([6, 18, 26]))
def test_neighbours_given_as_pairs_are_the_same(mask, connectivity):
    pairs = neighbours_by_hand(mask, connectivity)
    adjacency = pair_adjacency(np.array(sorted(pairs), int).reshape(-1, 2), mask.sum())
    assert {tuple(pair) for pair in adjacency.pairs.tolist()} == pairs


@given(masks, st.sampled_from([6, 18, 26]))
def test_no_step_leaves_the_array_or_wraps_to_its_other_side(mask, connectivity):
    adjacency = grid_adjacency(mask, connectivity)
    reached = adjacency.position[:, None] + adjacency.steps
    assert reached.min() >= 0 and reached.max() < adjacency.n_positions
    assert 0 not in adjacency.position


def test_where_elements_lie_in_memory_changes_no_bit_of_a_result():
    rng = np.random.default_rng(2)
    pairs = np.array([(a, b) for a in range(200) for b in rng.choice(200, 3, replace=False) if a < b])
    pairs, sizes = np.unique(pairs, axis=0), rng.uniform(0.5, 2, 200)
    own = pair_adjacency(pairs, 200, sizes)
    near = pair_adjacency(pairs, 200, sizes, rng.uniform(-70, 70, (200, 3)))
    assert (near.position != own.position).any() and sorted(near.position) == sorted(own.position)
    np.testing.assert_array_equal(near.pairs, own.pairs)
    for _ in range(5):
        heights = rng.standard_normal(200).astype(np.float32)
        one, other = (Workspace(adjacency, 0.5).maxima(heights, True, 2.0, 1.0) for adjacency in (own, near))
        assert one == other
        one, other = (tfce_map(heights, adjacency, 0.5, 2.0, True) for adjacency in (own, near))
        np.testing.assert_array_equal(one, other)


def test_what_follows_along_the_curve_is_near():
    places = np.stack(np.meshgrid(*[np.arange(16.0)] * 3), axis=-1).reshape(-1, 3)
    places = np.random.default_rng(0).permutation(places)
    steps = np.abs(np.diff(places[along_a_curve(places)], axis=0)).sum(axis=1)
    assert np.median(steps) == 1 and steps.mean() < 3


def test_an_element_without_neighbours_is_no_neighbour():
    assert len(pair_adjacency(np.array([[1, 2]]), 3).pairs) == 1
    assert len(pair_adjacency(np.empty((0, 2), int), 2).pairs) == 0
