"""TFCE, cluster size and cluster mass on meshes and graphs, against their definitions with every pair written out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from permaps.spaces.adjacency import edge_adjacency, pair_adjacency
from permaps.statistics.enhanced_maps import clusters, tfce_map
from permaps.statistics.enhancement import Workspace
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

THRESHOLD = 1.0
heights = st.sampled_from([0.0, 1.0, 2.0, -1.0, -2.0, 3.5, -3.5]) | st.floats(-9, 9, width=32)
exponents = st.sampled_from([0.5, 1.0, 2.0])


def components(inside, pairs):
    one, other = np.array(pairs, int).reshape(-1, 2).T
    joined = inside[one] & inside[other]
    graph = coo_array((joined[joined], (one[joined], other[joined])), shape=(len(inside),) * 2)
    label = connected_components(graph, directed=False)[1]
    return [np.flatnonzero(inside & (label == k)) for k in range(label.max() + 1)]


def enhanced(values, pairs, sizes, extent, height):
    """TFCE of positive values: between two levels, the extent of a component to the E times the integral of h^H."""
    result, below = np.zeros(len(values)), 0.0
    for level in np.unique(values[values > 0]):
        for members in components(values >= level, pairs):
            part = (level ** (height + 1) - below ** (height + 1)) / (height + 1)
            result[members] += sizes[members].sum() ** extent * part
        below = level
    return result


def by_hand(values, pairs, sizes, extent, height):
    """Map of TFCE, and the largest size and mass, of both signs."""
    tfce, size, mass = np.zeros(len(values)), 0, 0
    for sign in (1, -1):
        signed = np.maximum(sign * values.astype(float), 0)
        tfce += sign * enhanced(signed, pairs, sizes, extent, height)
        for members in components(signed > THRESHOLD, pairs):
            size = max(size, sizes[members].sum())
            mass = max(mass, ((signed[members] - THRESHOLD) * sizes[members]).sum())
    return tfce, size, mass


@st.composite
def meshes(draw):
    """Vertices with areas, joined at random, and a map on them."""
    n = draw(st.integers(1, 9))
    every = list(itertools.combinations(range(n), 2))
    pairs = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    areas = np.array(draw(st.lists(st.sampled_from([0.25, 1.0, 1.7]), min_size=n, max_size=n)))
    values = np.array(draw(st.lists(heights, min_size=n, max_size=n)), np.float32)
    return pair_adjacency(np.array(sorted(pairs), int).reshape(-1, 2), n, areas), pairs, areas, values


@st.composite
def graphs(draw):
    """Edges between a few nodes, and a map on them; every pair of edges that share a node is written out."""
    n_nodes = draw(st.integers(2, 6))
    ends = np.array(list(itertools.combinations(range(n_nodes), 2)))
    ends = ends[sorted(draw(st.sets(st.integers(0, len(ends) - 1), min_size=1)))]
    values = np.array(draw(st.lists(heights, min_size=len(ends), max_size=len(ends))), np.float32)
    pairs = [(a, b) for a, b in itertools.combinations(range(len(ends)), 2) if set(ends[a]) & set(ends[b])]
    return edge_adjacency(ends, n_nodes), pairs, np.ones(len(ends)), values


@settings(deadline=None, max_examples=300)
@given(meshes() | graphs(), exponents, exponents)
def test_maxima_and_maps_are_those_of_the_definition(case, extent, height):
    adjacency, pairs, sizes, values = case
    tfce, size, mass = by_hand(values, pairs, sizes, extent, height)
    workspace = Workspace(adjacency, extent)
    for _ in range(2):  # the second time, the workspace is as the first map left it
        found = workspace.maxima(values, True, height, THRESHOLD)
        np.testing.assert_allclose(found, (np.abs(tfce).max(), size, mass), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(tfce_map(values, adjacency, extent, height, True), tfce, rtol=1e-6, atol=1e-9)
    _, sizes_found, masses_found = clusters(values, adjacency, THRESHOLD, True)
    np.testing.assert_allclose([sizes_found.max(), masses_found.max()], [size, mass], rtol=1e-6, atol=1e-9)


@settings(deadline=None, max_examples=100)
@given(meshes() | graphs())
def test_components_and_highest_neighbours_are_those_of_all_pairs(case):
    adjacency, pairs, _, values = case
    mark = np.sign(values)
    label, expected = clusters(values, adjacency, 0.0, True)[0], np.zeros(len(values), int)
    for sign in (1, -1):
        for members in components(mark == sign, pairs):
            assert len(set(label[members])) <= 1
            expected[members] = 1 + expected.max()
    assert len(set(label)) == len(set(expected))
    highest = np.abs(values).astype(float)
    for one, other in pairs:
        if mark[one] == mark[other] != 0:
            highest[one] = max(highest[one], abs(values[other]))
            highest[other] = max(highest[other], abs(values[one]))
    found = adjacency.highest_around(np.abs(values), mark)
    np.testing.assert_allclose(found[mark != 0], highest[mark != 0])


def test_no_list_of_neighbouring_edges_is_formed():
    ends = np.array(list(itertools.combinations(range(60), 2)))
    adjacency = edge_adjacency(ends, 60)
    assert adjacency.steps.size == 2 * (len(ends) + 1)
    assert len(adjacency.joined(np.ones(len(ends)))) < 2 * len(ends)
    assert adjacency.n_positions == 61


@pytest.mark.parametrize("areas", [None, np.full(400, 1.0)])
def test_areas_of_one_are_counts(areas):
    side = np.arange(400).reshape(20, 20)
    pairs = np.concatenate(
        [np.stack([side[:-1], side[1:]], -1), np.stack([side[:, :-1], side[:, 1:]], -1).swapaxes(0, 1)]
    )
    pairs = pairs.reshape(-1, 2)
    values = np.random.default_rng(0).standard_normal(400).astype(np.float32)
    counted = Workspace(pair_adjacency(pairs, 400), 0.5).maxima(values, True, 2.0, 0.5)
    found = Workspace(pair_adjacency(pairs, 400, areas), 0.5).maxima(values, True, 2.0, 0.5)
    np.testing.assert_allclose(found, counted, rtol=1e-12)
