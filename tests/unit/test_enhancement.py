"""TFCE, cluster size and cluster mass against their definitions and against other libraries."""

import by_hand
import numpy as np
import pytest
import tfce as tfce_package
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from permaps.spaces.adjacency import grid_adjacency, pair_adjacency
from permaps.statistics import enhancement
from permaps.statistics.enhanced_maps import clusters, tfce_map
from permaps.statistics.enhancement import Workspace
from scipy.ndimage import gaussian_filter

CONNECTIVITY = [6, 18, 26]
connectivities = st.sampled_from(CONNECTIVITY)
# Few values make ties and plateaus; both zeros and the smallest numbers belong to what a float can be.
heights = st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0, -2.0, 3.5, -3.5]) | st.floats(-9, 9, width=32)
thresholds = st.sampled_from([0.5, 1.0, 2.5])
exponents = st.sampled_from([0.5, 1.0, 2.0, 0.0]) | st.floats(0.1, 3)


@st.composite
def volumes(draw, n_maps=1):
    """A mask and maps on it: whole volumes and holey ones, a voxel wide and up to 4 by 4 by 4."""
    shape = draw(array_shapes(min_dims=3, max_dims=3, max_side=4))
    mask = draw(arrays(bool, shape, fill=st.nothing()) | st.builds(np.ones, st.just(shape), st.just(bool)))
    mask.ravel()[draw(st.integers(0, mask.size - 1))] = True
    one_sign = st.sampled_from([1.0, 2.0])
    kind = draw(st.sampled_from([heights, heights, one_sign, one_sign.map(lambda h: -h), st.just(0.0)]))
    shape = n_maps, int(mask.sum())
    return mask, draw(arrays(np.float32, shape, elements=kind, fill=st.nothing()))


def smooth_field(shape, seed, sigma=1.5):
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    return (3 * field / field.std()).astype(np.float32)


def filled(mask, values):
    volume = np.zeros(mask.shape, values.dtype)
    volume[mask] = values
    return volume


@settings(deadline=None, max_examples=200)
@given(
    volumes(n_maps=2), st.booleans(), connectivities, exponents, exponents, st.sampled_from([0.5, 1.0, 2.5])
)
def test_maxima_are_those_of_the_definition(maps, both_signs, connectivity, extent, height, threshold):
    mask, values = maps
    workspace = Workspace(grid_adjacency(mask, connectivity), extent)
    # The second map finds the workspace as the first one left it.
    for one in values:
        found = workspace.maxima(one, both_signs, height, threshold)
        expected = by_hand.maxima(filled(mask, one), both_signs, connectivity, extent, height, threshold)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=200)
@given(volumes(), st.booleans(), connectivities, exponents, exponents)
def test_every_voxels_tfce_is_that_of_the_definition(maps, both_signs, connectivity, extent, height):
    mask, (values,) = maps
    found = tfce_map(values, grid_adjacency(mask, connectivity), extent, height, both_signs)
    volume = filled(mask, values)
    expected = by_hand.tfce(np.maximum(volume, 0), connectivity, extent, height)
    if both_signs:
        expected -= by_hand.tfce(np.maximum(-volume, 0), connectivity, extent, height)
    np.testing.assert_allclose(found, expected[mask], rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=200)
@given(volumes(), st.booleans(), connectivities, thresholds)
def test_clusters_are_those_of_scipy(maps, both_signs, connectivity, threshold):
    mask, (values,) = maps
    label, size, mass = clusters(values, grid_adjacency(mask, connectivity), threshold, both_signs)
    volume, expected = filled(mask, values), []
    for sign in (1, -1) if both_signs else (1,):
        labels, *measures = by_hand.clusters(sign * volume, threshold, connectivity)
        for k in range(1, labels.max() + 1):
            members = tuple(np.flatnonzero(labels[mask] == k))
            expected.append((members, measures[0][k], pytest.approx(measures[1][k])))
    found = [(tuple(np.flatnonzero(label == k)), size[k], mass[k]) for k in range(1, len(size))]
    assert sorted(found) == sorted(expected, key=lambda cluster: cluster[0])
    assert size[0] == mass[0] == 0


@pytest.mark.parametrize("connectivity", CONNECTIVITY)
@pytest.mark.parametrize("exponents", [(0.5, 2.0), (1.0, 2.0), (0.7, 1.3)])
def test_tfce_is_that_of_the_tfce_package(connectivity, exponents):
    field = smooth_field((17, 15, 16), seed=1)
    mask = smooth_field(field.shape, seed=2, sigma=3) > -3
    expected = tfce_package.tfce(
        np.where(mask, field, 0), connectivity=connectivity, E=exponents[0], H=exponents[1]
    )
    adjacency = grid_adjacency(mask, connectivity)
    found = tfce_map(field[mask], adjacency, *exponents, True)
    np.testing.assert_allclose(found, expected[mask], rtol=1e-5, atol=1e-5)
    maximum = Workspace(adjacency, exponents[0]).maxima(field[mask], True, exponents[1], 2.0)[0]
    assert maximum == pytest.approx(np.abs(expected).max(), rel=1e-5)


@pytest.mark.parametrize("connectivity", CONNECTIVITY)
def test_sizes_and_masses_of_a_smooth_field_are_those_of_scipy(connectivity):
    field = smooth_field((24, 20, 22), seed=3)
    whole = np.ones(field.shape, bool)
    workspace = Workspace(grid_adjacency(whole, connectivity), 0.5)
    for threshold in (0.5, 1.0, 2.0, 4.0, 8.0):
        _, *positive = by_hand.clusters(field, threshold, connectivity)
        _, *negative = by_hand.clusters(-field, threshold, connectivity)
        _, size, mass = workspace.maxima(field.ravel(), True, 2.0, threshold)
        assert size == max(positive[0].max(), negative[0].max())
        assert mass == pytest.approx(max(positive[1].max(), negative[1].max()), rel=1e-6)


def test_stepped_tfce_converges_on_the_exact_one_at_first_order():
    field = np.maximum(smooth_field((14, 14, 14), seed=4), 0)
    exact = tfce_map(field.ravel(), grid_adjacency(np.ones(field.shape, bool), 6), 0.5, 2.0, False)
    steps = np.array([0.4, 0.2, 0.1, 0.05, 0.025])
    error = [np.abs(by_hand.stepped_tfce(field, 6, 0.5, 2.0, s).ravel() - exact).mean() for s in steps]
    slope = np.polyfit(np.log(1 / steps), np.log(error), 1)[0]
    assert -1.15 < slope < -0.85
    assert error[-1] < 0.02 * exact.mean()


@settings(deadline=None, max_examples=100)
@given(volumes(), connectivities)
def test_a_grid_and_the_same_neighbours_as_lists_give_equal_bits(maps, connectivity):
    mask, (values,) = maps
    grid = grid_adjacency(mask, connectivity)
    listed = pair_adjacency(grid.pairs, mask.sum())
    found = [Workspace(a, 0.5).maxima(values, True, 2.0, 1.0) for a in (grid, listed)]
    assert found[0] == found[1]
    np.testing.assert_array_equal(*[tfce_map(values, a, 0.5, 2.0, True) for a in (grid, listed)])


@st.composite
def graphs(draw):
    """Neighbour lists of up to ten elements, and a map on them."""
    n = draw(st.integers(1, 10))
    edges = draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=15))
    lists = [sorted({a + b - i for a, b in edges if i in (a, b) and a != b}) for i in range(n)]
    return lists, draw(arrays(np.float32, n, elements=heights))


@settings(deadline=None, max_examples=200)
@given(graphs())
def test_any_graph_will_do(graph):
    lists, values = graph
    expected = np.zeros(3)
    for sign in (1, -1):
        signed, enhanced, lower = np.maximum(sign * values.astype(float), 0), 0.0, 0.0
        for upper in np.unique(signed[signed > 0]):
            extent = np.array([len(component(lists, signed >= upper, i)) for i in range(len(lists))])
            enhanced = enhanced + extent**0.5 * (upper**3 - lower**3) / 3
            lower = upper
        above = [component(lists, signed > 1, i) for i in range(len(lists))]
        measures = [[len(one), sum(signed[list(one)] - 1)] for one in above]
        expected = np.maximum(expected, [np.max(enhanced), *np.max(measures, axis=0)])
    pairs = np.array([(a, b) for a, row in enumerate(lists) for b in row if a < b], int).reshape(-1, 2)
    found = Workspace(pair_adjacency(pairs, len(lists)), 0.5).maxima(values, True, 2.0, 1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def component(lists, inside, element):
    """Elements inside that can be reached from one of them over others."""
    reached, waiting = set(), [element]
    while waiting:
        if inside[i := waiting.pop()] and i not in reached:
            reached.add(i)
            waiting += lists[i]
    return reached


@pytest.mark.parametrize(
    "heights",
    {
        "of a map": lambda rng, n: rng.standard_normal(n),
        "with ties": lambda rng, n: rng.integers(-3, 4, n),
        "of one place": lambda rng, n: np.full(n, 2.0),
        "nearly the same": lambda rng, n: 1 + rng.integers(0, 200, n) * 2.0**-23,
        "with a giant": lambda rng, n: np.append(rng.standard_normal(n - 1) * 1e-6, 1e30),
        "without an end": lambda rng, n: np.append(rng.standard_normal(n - 2), [np.inf, -np.inf]),
    }.items(),
    ids=lambda case: case[0],
)
def test_heights_are_sorted_whatever_they_are(heights):
    name, draw = heights
    values = draw(np.random.default_rng(0), 3000).astype(np.float32)
    workspace = Workspace(grid_adjacency(np.ones((10, 15, 20), bool), 6), 0.5)
    position = workspace.adjacency.position
    n_positive = enhancement._sort_descending(
        values.view(np.uint32), position, workspace.keys, workspace.histograms
    )
    # Equal ones, with the order of elements.
    order = np.lexsort([-np.abs(values), np.signbit(values)])
    assert n_positive == np.count_nonzero(~np.signbit(values))
    assert ((workspace.keys[0] & np.uint64(0xFFFFFFFF)) == position[order]).all()
    # The one case that takes more moves than are made.
    assert enhancement._inserted(workspace.keys[0])
    if name == "nearly the same":
        shuffled = workspace.keys[0][::-1].copy()
        assert not enhancement._inserted(shuffled)


@pytest.mark.parametrize("room", [0, 1])
def test_there_are_labels_for_any_number_of_local_maxima(room):
    # No two voxels of a colour of a chess board touch. Sixteen bits are labels for 65,535 of them.
    n = 65_535 + 1 - room
    board = np.indices((60, 60, 60)).sum(axis=0) % 2 == 0
    mask = board & (np.cumsum(board).reshape(board.shape) <= n)
    heights = np.linspace(1, 2, n, dtype=np.float32)
    workspace = Workspace(grid_adjacency(mask, 6), 0.5)
    for _ in range(2):
        assert workspace.maxima(heights, True, 2.0, 1.5) == pytest.approx((8 / 3, 1, 0.5))
        assert workspace.label.dtype == (np.uint16 if room else np.uint32)


def test_neighbouring_clusters_of_opposite_sign_never_merge():
    # PALM takes |z| before clustering.
    values = np.array([3, 3, -3, -3, -3], np.float32)
    adjacency = grid_adjacency(np.ones((5, 1, 1), bool), 6)
    tfce, size, mass = Workspace(adjacency, 0.5).maxima(values, True, 2.0, 1.0)
    assert (size, mass) == (3, 6)
    assert tfce == pytest.approx(3**0.5 * 9)
    label, sizes, _ = clusters(values, adjacency, 1.0, True)
    assert label[0] == label[1] != label[2] == label[4] and sizes[1:].tolist() == [2, 3]
    np.testing.assert_allclose(
        tfce_map(values, adjacency, 0.5, 2.0, True)[[0, 4]], [2**0.5 * 9, -(3**0.5) * 9]
    )


def test_the_outer_shell_of_the_volume_counts():
    # FSL's loop over voxels leaves it out.
    values = np.full(27, 2, np.float32)
    adjacency = grid_adjacency(np.ones((3, 3, 3), bool), 6)
    assert Workspace(adjacency, 0.5).maxima(values, True, 2.0, 1.0)[1] == 27


def test_tfce_of_one_blob_does_not_depend_on_the_rest_of_the_map():
    # nilearn's and FSL's steps are a hundredth of each map's own maximum.
    values = np.array([2, 1, 0, 0, 9], np.float32)
    adjacency = grid_adjacency(np.ones((5, 1, 1), bool), 6)
    alone = np.where(np.arange(5) < 2, values, 0)
    np.testing.assert_array_equal(
        tfce_map(values, adjacency, 0.5, 2.0, True)[:2], tfce_map(alone, adjacency, 0.5, 2.0, True)[:2]
    )


def test_twice_the_heights_are_two_to_the_power_of_h_plus_1_times_the_tfce():
    field = smooth_field((8, 8, 8), seed=5).ravel()
    adjacency = grid_adjacency(np.ones((8, 8, 8), bool), 6)
    one, two = (tfce_map(scale * field, adjacency, 0.5, 2.0, True) for scale in (1, 2))
    np.testing.assert_allclose(two, 8 * one, rtol=1e-12)


def test_a_cluster_lies_strictly_above_the_threshold():
    adjacency = grid_adjacency(np.ones((3, 1, 1), bool), 6)
    values = np.array([2.5, 2.5, np.nextafter(np.float32(2.5), np.float32(3))], np.float32)
    assert Workspace(adjacency, 0.5).maxima(values, True, 2.0, 2.5)[1] == 1
    assert clusters(values, adjacency, 2.5, True)[0].tolist() == [0, 0, 1]


@pytest.mark.parametrize("connectivity", CONNECTIVITY)
def test_the_map_and_the_maximum_agree_on_a_brain_sized_field(connectivity):
    field = smooth_field((40, 40, 40), seed=6)
    mask = smooth_field(field.shape, seed=7, sigma=4) > -2
    adjacency = grid_adjacency(mask, connectivity)
    tfce, size, mass = Workspace(adjacency, 0.5).maxima(field[mask], True, 2.0, 3.0)
    assert tfce == pytest.approx(np.abs(tfce_map(field[mask], adjacency, 0.5, 2.0, True)).max(), rel=1e-12)
    _, sizes, masses = clusters(field[mask], adjacency, 3.0, True)
    assert (size, mass) == (sizes.max(), pytest.approx(masses.max(), rel=1e-12))
