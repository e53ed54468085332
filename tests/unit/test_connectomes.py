"""Connectomes: their files, their edges, and the network-based statistic against scipy's components."""

import itertools
import time

import bct
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, ParcelsAxis, ScalarAxis
from permaps.figures import graphs
from permaps.figures.style import plt
from permaps.maps.connectomes import decode_connectome, read_nodes, read_square, write_square
from permaps.maps.images import UnusableMap
from permaps.maps.layout import Layout
from permaps.maps.map_values import decode_maps
from permaps.spaces.edges import Edges, pairs_of
from permaps.spaces.files import read_map, read_space, write_map, write_space
from permaps.spaces.kinds import SPACE_KINDS, for_kind, kind_of
from permaps.statistics.enhanced_maps import clusters
from permaps.statistics.enhancement import Workspace
from permaps.workflow.errors import UserError
from scipy import stats
from scipy.sparse.csgraph import connected_components

NAMES = ["a", "b", "c", "d"]
IN_QUOTES = ["gyrus, left", "b; right", "c d", "e"]
QUOTED = [f'"{name}"' for name in IN_QUOTES]


def symmetric(n=4, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(n, n)).astype(np.float32)
    return np.triu(matrix, 1) + np.triu(matrix, 1).T


def text_of(matrix, names=None, rows=None, delimiter="\t", corner=""):
    lines = [[corner, *names] if rows else list(names)] if names else []
    for i, row in enumerate(matrix):
        lines.append([*([rows[i]] if rows else []), *(f"{value:.9g}" for value in row)])
    return "\n".join(delimiter.join(line) for line in lines) + "\n"


def graph(n=4, mask=None, places=None):
    mask = np.ones(n * (n - 1) // 2, bool) if mask is None else np.array(mask, bool)
    return Edges(
        mask, np.array([f"n{i}" for i in range(n)]), np.full((n, 3), np.nan) if places is None else places
    )


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("m.tsv", text_of(symmetric()), ["1", "2", "3", "4"]),
        ("m.csv", text_of(symmetric(), delimiter=","), ["1", "2", "3", "4"]),
        ("m.tsv", text_of(symmetric(), NAMES, NAMES), NAMES),
        ("m.csv", text_of(symmetric(), NAMES, NAMES, ",", "node"), NAMES),
        ("m.csv", text_of(symmetric(), NAMES, delimiter=","), NAMES),
        ("m.tsv", text_of(symmetric(), delimiter=" "), ["1", "2", "3", "4"]),
        # As pandas writes a matrix without names, with its index and without. They are no values of a further node.
        ("m.csv", text_of(symmetric(), "0123", "0123", ","), ["0", "1", "2", "3"]),
        ("m.csv", text_of(symmetric(), "1234", "1234", ",", '""'), ["1", "2", "3", "4"]),
        ("m.csv", text_of(symmetric(), "0123", delimiter=","), ["0", "1", "2", "3"]),
        ("m.csv", text_of(symmetric(), QUOTED, QUOTED, ",", '""'), IN_QUOTES),
        ("m.csv", text_of(symmetric(), QUOTED, QUOTED, ", "), IN_QUOTES),
        ("m.csv", text_of(symmetric(), QUOTED, QUOTED, ";"), IN_QUOTES),
        ("m.tsv", text_of(symmetric(), QUOTED, QUOTED, "\t"), IN_QUOTES),
        ("m.tsv", text_of(symmetric(), QUOTED, delimiter="  "), IN_QUOTES),
    ],
)
def test_matrices_of_text_are_read(tmp_path, name, content, names):
    (tmp_path / name).write_text(content)
    found = decode_connectome(tmp_path / name)
    np.testing.assert_allclose(found.data, symmetric()[np.triu_indices(4, 1)], rtol=1e-6)
    assert list(found.parts) == names and list(found.checksums) == [name]


def test_matrices_of_numpy_are_read_and_the_diagonal_does_not_count(tmp_path):
    matrix = symmetric()
    np.fill_diagonal(matrix, np.nan)
    np.save(tmp_path / "m.npy", matrix)
    found = decode_connectome(tmp_path / "m.npy")
    assert found.data.dtype == np.float32
    np.testing.assert_array_equal(found.data, matrix[np.triu_indices(4, 1)])


PARCELS = ParcelsAxis.from_brain_models(
    [
        (n, BrainModelAxis.from_surface([i], 9, name="CIFTI_STRUCTURE_CORTEX_LEFT"))
        for i, n in enumerate(NAMES)
    ]
)


def test_matrices_of_cifti_have_their_parcels_for_nodes(tmp_path):
    nib.save(Cifti2Image(symmetric(), (PARCELS, PARCELS)), tmp_path / "m.pconn.nii")
    found = decode_connectome(tmp_path / "m.pconn.nii")
    np.testing.assert_array_equal(found.data, symmetric()[np.triu_indices(4, 1)])
    assert list(found.parts) == NAMES and not found.outside and list(found.checksums) == ["m.pconn.nii"]
    assert kind_of({"source": "table", "maps": "{participant_id}.pconn.nii"}) is SPACE_KINDS["edges"]
    for rows, says in (
        (ScalarAxis(["a"] * 4), r"another kind of CIFTI \(maps x parcels\), not parcels x parcels"),
        (PARCELS[::-1], "other names, or another order"),
    ):
        nib.save(Cifti2Image(symmetric(), (rows, PARCELS)), tmp_path / "m.pconn.nii")
        with pytest.raises(UnusableMap, match=says):
            decode_connectome(tmp_path / "m.pconn.nii")


def asymmetric():
    matrix = symmetric()
    matrix[2, 0] += 1
    return matrix


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "missing file"),
        ("", "empty"),
        ("a\tb\nc", "unreadable"),
        (text_of(symmetric()[:3]), r"not a square matrix \(shape 3 x 4\)"),
        (text_of(symmetric(2)), r"fewer than 3 nodes \(shape 2 x 2\)"),
        (text_of(asymmetric()), "not symmetric .* row 1, column 3"),
        (text_of(symmetric(), NAMES, NAMES[::-1]), "other names, or another order"),
        (text_of(symmetric(), ["a", "a", "b", "c"], ["a", "a", "b", "c"]), "two nodes of one name"),
        (text_of(symmetric(), delimiter=";").replace(".", ","), r"decimal commas \(the first is -?\d,\d+\)"),
        (text_of(symmetric()).replace("0.", "zero"), "unreadable|not a square"),
    ],
)
def test_matrices_of_no_use_say_why(tmp_path, content, says):
    if content is not None:
        (tmp_path / "m.tsv").write_text(content)
    with pytest.raises(UnusableMap, match=says):
        decode_connectome(tmp_path / "m.tsv")


@pytest.mark.parametrize("written", ["%.5g", "%.6f", "%.10g"])
def test_two_halves_may_differ_by_how_numbers_are_written(tmp_path, written):
    rng = np.random.default_rng(0)
    matrix = symmetric(40) + rng.normal(0, 1e-7, (40, 40))
    np.savetxt(tmp_path / "m.csv", matrix, fmt=written, delimiter=",")
    found = decode_connectome(tmp_path / "m.csv").data
    np.testing.assert_allclose(found, symmetric(40)[np.triu_indices(40, 1)], rtol=1e-4, atol=1e-6)


def test_a_single_streamline_in_one_half_alone_is_told(tmp_path):
    matrix = np.triu(np.random.default_rng(0).integers(1, 5000, (40, 40)), 1)
    matrix += matrix.T
    matrix[2, 3], matrix[3, 2] = 7, 8
    np.savetxt(tmp_path / "m.csv", matrix, delimiter=",", fmt="%d")
    with pytest.raises(UnusableMap, match=r"not symmetric .* row 3, column 4"):
        decode_connectome(tmp_path / "m.csv")


def test_a_matrix_of_0_and_1_tells_who_is_connected_and_one_of_1_alone_nothing(tmp_path):
    table = pd.DataFrame(
        {"participant_id": ["binary", "same"], "map": [tmp_path / "b.csv", tmp_path / "s.csv"]}
    )
    binary = np.triu(np.arange(16).reshape(4, 4) % 2, 1)
    np.savetxt(tmp_path / "b.csv", binary + binary.T, delimiter=",")
    np.savetxt(tmp_path / "s.csv", 1 - np.eye(4), delimiter=",")
    with (tmp_path / "store").open("wb") as store:
        found = decode_maps(table, [], store, decode_connectome)
    assert found["binary"]["map"].reason == "" and "constant" in found["same"]["map"].reason


def test_other_nodes_and_another_order_are_told():
    one, moved, fewer = (
        Layout((n * (n - 1) // 2,), np.array([]), dict.fromkeys(names, 1))
        for n, names in ((4, NAMES), (4, ["a", "c", "b", "d"]), (3, NAMES[:3]))
    )
    assert one.same(one) and not one.same(moved) and not one.same(fewer)
    assert moved.difference(one, "most maps") == "nodes in another order ('c' where most maps have 'b')"
    assert "(3), most maps have nodes a, b, c, ..., d (4)" in fewer.difference(one, "most maps")


def test_places_of_nodes_come_from_a_table(tmp_path):
    (tmp_path / "nodes.tsv").write_text("name\tx\ty\tz\nb\t4\t5\t6\na\t1\t2\t3\n")
    assert read_nodes(tmp_path / "nodes.tsv", ["a", "b"]).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert np.isnan(read_nodes(None, ["a"])).all()
    for rows, says in (
        ("name\tx\ty\tz\nb\t4\t5\t6\n", "has no name 'a', which the maps have"),
        ("label\na\n", "has no column 'name'"),
        ("name\na\nb\na\n", "line 4 has the name 'a' again"),
        ("name\tx\ty\tz\na\t1\t2\tleft\nb\t4\t5\t6\n", "line 2 has 'left' in column 'z'"),
    ):
        (tmp_path / "nodes.tsv").write_text(rows)
        with pytest.raises(UserError, match=says):
            read_nodes(tmp_path / "nodes.tsv", ["a", "b"])
    (tmp_path / "nodes.tsv").write_text("name\tx\ty\tz\na\t1\t2\tn/a\n")
    assert np.isnan(read_nodes(tmp_path / "nodes.tsv", ["a"])).tolist() == [[False, False, True]]


def test_maps_are_written_as_matrices_and_read(tmp_path):
    space = graph(mask=[1, 0, 1, 1, 1, 0])
    write_space(space, tmp_path / "mask.npz", "test")
    again, values = read_space(tmp_path / "mask.npz"), np.array([1.5, -2, 3, 4])
    write_map(again, tmp_path / "a.tsv", values, "test")
    matrix = read_square(tmp_path / "a.tsv")
    assert matrix.tolist() == [[0, 1.5, 0, -2], [1.5, 0, 3, 4], [0, 3, 0, 0], [-2, 4, 0, 0]]
    np.testing.assert_array_equal(read_map(again, tmp_path / "a.tsv"), values)
    decoded = decode_connectome(tmp_path / "a.tsv")
    assert list(decoded.parts) == ["n0", "n1", "n2", "n3"]
    write_square(tmp_path / "b.tsv", ["=a", "b"], np.eye(2))
    assert (tmp_path / "b.tsv").read_text().splitlines()[1] == " =a\t1\t0"


def test_places_lead_back_to_edges():
    space = graph(mask=[1, 0, 1, 1, 1, 0])
    where = space.place([0, 2, 3])
    assert where["node_1"].tolist() == ["n0", "n1", "n1"] and where["node_2"].tolist() == ["n1", "n2", "n3"]
    assert space.at(where).tolist() == [0, 2, 3]
    assert space.named(1) == "n0 – n3"
    assert space.part([1, 3]).place([0, 1])["node_2"].tolist() == ["n3", "n3"]


def test_clusters_are_those_of_the_network_based_statistic():
    """The components of the suprathreshold edges, as scipy finds them among the nodes, by their number of edges."""
    n, rng = 30, np.random.default_rng(4)
    space, values = graph(n), np.random.default_rng(4).normal(size=n * (n - 1) // 2).astype(np.float32)
    values = rng.permutation(values)
    for threshold in (1.5, 2.0, 2.5):
        above = pairs_of(n)[values > threshold]
        adjacent = np.zeros((n, n))
        adjacent[tuple(above.T)] = 1
        part = connected_components(adjacent, directed=False)[1]
        sizes = np.bincount(part[above[:, 0]])
        _, size, _ = clusters(values, space.adjacency(), threshold, False)
        assert sorted(size[1:]) == sorted(sizes[sizes > 0])
        _, largest, _ = Workspace(space.adjacency(), 0.5).maxima(values, False, 2.0, threshold)
        assert largest == sizes.max()


@pytest.mark.parametrize("threshold", [1.0, 1.7])
def test_components_and_their_null_are_those_of_bctpy(threshold, capsys):
    """The same two groups, and the same relabellings: it permutes the people by a generator that we ask as well."""
    n, half, n_relabellings = 9, 8, 20
    rng = np.random.default_rng(3)
    maps = rng.normal(size=(2 * half, n * (n - 1) // 2))
    maps[half:, [0, 1, 8, 9]] += 2.0
    matrices = np.zeros((n, n, 2 * half))
    one, other = pairs_of(n).T
    matrices[one, other] = matrices[other, one] = maps.T
    _, labelled, theirs = bct.nbs_bct(
        matrices[..., :half], matrices[..., half:], thresh=threshold, k=n_relabellings, tail="left", seed=7
    )
    assert "permutation" in capsys.readouterr().out

    def t_of(order):
        # "left": the second group is the larger one.
        return stats.ttest_ind(maps[order[half:]], maps[order[:half]]).statistic.astype(np.float32)

    adjacency = graph(n).adjacency()
    _, size, _ = clusters(t_of(np.arange(2 * half)), adjacency, threshold, False)
    assert sorted(size[1:]) == sorted(np.bincount(labelled[one, other].astype(int))[1:])
    draws = np.random.RandomState(7)
    workspace = Workspace(adjacency, 0.5)
    ours = [
        workspace.maxima(t_of(draws.permutation(2 * half)), False, 2.0, threshold)[1]
        for _ in range(n_relabellings)
    ]
    assert ours == theirs.astype(int).ravel().tolist() and max(ours) > 1


def test_four_hundred_nodes_take_milliseconds():
    space = graph(400)
    values = np.random.default_rng(0).normal(size=79_800).astype(np.float32)
    workspace = Workspace(space.adjacency(), 0.5)
    workspace.maxima(values, True, 2.0, 3.0)
    start = time.process_time()
    for _ in range(5):
        workspace.maxima(values, True, 2.0, 3.0)
    # 10,000 relabellings in a minute on two cores are 12 ms for each, of which the statistic takes a part.
    assert (time.process_time() - start) / 5 < 0.05


@pytest.mark.parametrize("ending", ["tsv", "csv", "npy"])
def test_the_kind_of_space_follows_from_the_names(ending):
    assert (
        kind_of({"source": "table", "path": "none", "maps": f"{{participant_id}}.{ending}"}).name == "edges"
    )


def test_defaults_of_volumes_give_way_and_wishes_are_refused():
    config = {"smoothing_fwhm": 5.0, "mask": {"zero_is_missing": True, "strategy": "background"}}
    config |= {"space": {"mesh": None, "mask": None}, "atlas": {"image": None, "labels": None}}
    config["inference"] = {"variance_smoothing_fwhm": None, "small_volumes": {}, "regions": {}}
    found = for_kind(config, {}, SPACE_KINDS["edges"])
    assert found["smoothing_fwhm"] is None and found["mask"]["zero_is_missing"] is False
    kept = for_kind(config, {"mask": {"zero_is_missing": True}}, SPACE_KINDS["edges"])
    assert kept["mask"]["zero_is_missing"] is True
    with pytest.raises(UserError, match=r"smoothing_fwhm: found 8.0.*nothing lies between two edges"):
        for_kind(config | {"smoothing_fwhm": 8.0}, {"smoothing_fwhm": 8.0}, SPACE_KINDS["edges"])


@pytest.mark.parametrize("placed", [True, False])
def test_matrices_are_drawn_with_a_brain_where_nodes_have_places(placed):
    places = np.random.default_rng(0).uniform(-50, 50, (8, 3)) if placed else None
    space = graph(8, places=places)
    values = np.linspace(-3, 4, 28)
    figure = graphs.statistic(space, values, values > 3, "t", "a title")
    assert len(figure.axes) > 3 if placed else len(figure.axes) == 2
    (outline,) = figure.axes[0].collections
    # The last edges: of three cells in a corner on either side of the diagonal, none has a line to the next.
    marked = space.full(np.where(values > 3, 1.0, 0.0)) > 0
    around = sum(int((np.diff(np.pad(marked, 1), axis=axis) != 0).sum()) for axis in (0, 1))
    assert marked.sum() == 2 * (values > 3).sum() and len(outline.get_segments()) == around < 4 * marked.sum()
    for (x0, y0), (x1, y1) in outline.get_segments():
        assert sorted((abs(x1 - x0), abs(y1 - y0))) == [0, 1]
    plt.close(figure)
    page = graphs.viewer(space, values, 1.0, "t", 27)
    assert "n6 – n7: 4.000" in page and "src=" not in page


def test_every_pair_of_nodes_is_an_edge_once():
    assert pairs_of(5).tolist() == [list(pair) for pair in itertools.combinations(range(5), 2)]


def test_long_names_of_nodes_leave_room_for_the_matrix():
    names = np.array(["7Networks_LH_SalVentAttn_FrOperIns_1", "7Networks_RH_SalVentAttn_FrOperIns_2", "c"])
    space = Edges(np.ones(3, bool), names, np.full((3, 3), np.nan))
    figure = graphs.coverage(space, np.full(3, 8), np.ones(3, bool), 8)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown == ["7Networks_LH_…tn_FrOperIns_1", "7Networks_RH_…tn_FrOperIns_2", "c"]
    plt.close(figure)
