"""Parcels: columns of a table, as FreeSurfer writes it, and parcellated CIFTI; their neighbours and their figures."""

import json

import nibabel as nib
import numpy as np
import pytest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, ParcelsAxis, ScalarAxis
from permaps.cohort.participants_table import collect
from permaps.cohort.sources import read_listing
from permaps.cohort.thickness import columns, planted, thickness
from permaps.figures import ranked
from permaps.figures.style import plt
from permaps.maps.cifti import decode_parcellated
from permaps.maps.decoders import decoder
from permaps.maps.images import UnusableMap
from permaps.maps.parcels import decode_parcels, read_neighbours, without_measure
from permaps.reporting.clusters import clusters_of, tabulate
from permaps.spaces.files import read_map, read_space, write_map, write_space
from permaps.spaces.from_maps import make_parcels
from permaps.spaces.kinds import SPACE_KINDS, for_kind, kind_of
from permaps.spaces.parcels import Parcels
from permaps.tables.value_columns import chosen_columns, rows_of_values
from permaps.workflow.errors import UserError
from permaps.workflow.names import each_input
from real_data import DATA

MIMIC = DATA / "cifti_mimic"
# As aparcstats2table writes it.
APARC = "lh.aparc.thickness\tlh_cuneus_thickness\tlh_insula_thickness\tlh_MeanThickness_thickness\teTIV\n"


def aparc(folder, *rows):
    path = folder / "lh.tsv"
    path.write_text(APARC + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def parcels(names="abcde", mask=None, pairs=(), header=()):
    return Parcels(
        np.ones(len(names), bool) if mask is None else np.array(mask, bool),
        np.array(list(names)),
        np.full((len(names), 3), np.nan),
        np.array(pairs, int).reshape(-1, 2),
        np.array(header, np.uint8),
    )


def test_the_table_of_freesurfer_is_read_as_it_is(tmp_path):
    path = aparc(tmp_path, ["s2", 2.5, 2.75, 2.6, 1.5e6], ["s1", "NA", 3.0, 2.7, 1.6e6])
    assert rows_of_values(path, ["s1", "s2", "s3"]) == [f"{path}[{i}]" for i in (1, 0, 2)]
    found = decode_parcels(f"{path}[0]", ["*_cuneus_*", "*_insula_*"])
    assert list(found.parts) == ["lh_cuneus_thickness", "lh_insula_thickness"]
    assert found.data.tolist() == [2.5, 2.75] and found.affine is None
    assert np.isnan(decode_parcels(f"{path}[1]", ["lh_cuneus_thickness"]).data).tolist() == [True]
    # What the wildcards fit is taken, a mean as well.
    assert list(decode_parcels(f"{path}[0]", ["*_thickness"]).parts)[-1] == "lh_MeanThickness_thickness"
    with pytest.raises(UnusableMap, match="missing row"):
        decode_parcels(f"{path}[2]", ["*"])
    with pytest.raises(UnusableMap, match="no row of a table"):
        decode_parcels(path, ["*"])


def test_text_among_values_and_ids_twice_are_told(tmp_path):
    path = aparc(tmp_path, ["s1", "thin", 3.0, 2.7, 1.6e6], ["s1", 1, 3.0, 2.7, 1.6e6])
    with pytest.raises(UnusableMap, match=r"text among values .'thin' in column 'lh_cuneus_thickness'"):
        decode_parcels(f"{path}[0]", ["*"])
    with pytest.raises(UserError, match=r"'s1' is there twice .again on line 3"):
        rows_of_values(path, ["s1"])


def test_parcels_are_told_apart_by_their_names(tmp_path):
    cortex = BrainModelAxis.from_surface(np.arange(4), 6, name="CIFTI_STRUCTURE_CORTEX_LEFT")
    for names, says in ((("V1", "V2"), None), (("V1", "V1"), "two parcels of one name")):
        columns = ParcelsAxis.from_brain_models([(names[0], cortex[:2]), (names[1], cortex[2:])])
        path = tmp_path / "x.pscalar.nii"
        nib.save(Cifti2Image(np.float32([[0, 3]]), (ScalarAxis(["a map"]), columns)), path)
        if says:
            with pytest.raises(UnusableMap, match=says):
                decode_parcellated(path)
        else:
            # 0 is the value of a region, and not what lies outside.
            found = decode_parcellated(path)
            assert found.parts == {"V1": 2, "V2": 2} and not found.outside


def test_one_cifti_file_may_have_the_parcels_of_everyone(tmp_path):
    cortex = BrainModelAxis.from_surface(np.arange(4), 6, name="CIFTI_STRUCTURE_CORTEX_LEFT")
    columns = ParcelsAxis.from_brain_models([("V1", cortex[:2]), ("V2", cortex[2:])])
    path = tmp_path / "all.pscalar.nii"
    nib.save(Cifti2Image(np.float32([[0, 3], [5, 7]]), (ScalarAxis(["a", "b"]), columns)), path)
    (tmp_path / "participants.tsv").write_text("participant_id\ns1\ns2\n")
    dataset = {"source": "table", "path": str(tmp_path / "participants.tsv"), "maps": path.name}
    _, rows = collect(dataset | {"id": "participant_id"}, {}, tmp_path / "results")
    assert [decode_parcels(row["map"]).data.tolist() for row in rows] == [[0, 3], [5, 7]]
    (tmp_path / "participants.tsv").write_text("participant_id\ns1\ns2\ns3\n")
    with pytest.raises(UserError, match=r"all.pscalar.nii has 2 maps, and .* has 3 rows"):
        collect(dataset | {"id": "participant_id"}, {}, tmp_path / "results")


def test_patterns_take_columns_in_their_order():
    names = ["lh_b_area", "lh_a_area", "rh_a_area"]
    assert chosen_columns(names, ["*_a_*", "lh_*"], "x.tsv") == names
    assert chosen_columns(names, ["lh_?_area"], "x.tsv") == names[:2]
    with pytest.raises(UserError, match=r"no column of x.tsv fits 'lh_c_area', did you mean 'lh_._area'"):
        chosen_columns(names, ["lh_c_area"], "x.tsv")


def test_values_are_looked_up_by_id_or_are_in_the_table_itself(tmp_path):
    values = aparc(tmp_path, ["s2", 2.5, 2.75, 2.6, 1.5e6], ["s1", 2.4, 3.0, 2.7, 1.6e6])
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tage\tleft\ns1\t20\t1.5\ns2\t30\t2.5\n")
    dataset = {"source": "table", "path": str(table), "maps": ["lh_*"], "id": "participant_id"}
    assert read_listing(dataset | {"values": str(values)}).own_maps(["*"]) == [f"{values}[1]", f"{values}[0]"]
    own = read_listing(dataset | {"values": None}).own_maps(["left"])
    assert [decode_parcels(path, ["left"]).data.tolist() for path in own] == [[1.5], [2.5]]
    assert kind_of(dataset).name == "parcels" and kind_of(dataset).ending == ".tsv"
    in_cifti = kind_of(dataset | {"maps": "{participant_id}.pscalar.nii"})
    assert in_cifti.name == "parcels" and in_cifti.ending == ".pscalar.nii"


def test_several_inputs_have_columns_and_a_table_each(tmp_path):
    measures = {"thickness": 2.5, "area": 900}
    for name, value in measures.items():
        rows = [f"lh.aparc.{name}\tlh_insula_{name}\trh_cuneus_{name}\n", f"s1\t{value}\t1\n"]
        (tmp_path / f"{name}.tsv").write_text("".join(rows))
    (tmp_path / "participants.tsv").write_text("participant_id\tage\ns1\t20\n")
    dataset = {"source": "table", "path": str(tmp_path / "participants.tsv"), "id": "participant_id"}
    dataset["maps"] = {name: [f"*_{name}"] for name in measures}
    dataset["values"] = {name: str(tmp_path / f"{name}.tsv") for name in measures}
    assert kind_of(dataset).name == "parcels"
    for name, one in each_input(dataset).items():
        (path,) = read_listing(one).own_maps(one["maps"])
        found = decoder("parcels", one["maps"], measure=False)(path)
        assert list(found.parts) == ["lh_insula", "rh_cuneus"] and found.data[0] == measures[name]
        assert f"lh_insula_{name}" in decoder("parcels", one["maps"])(path).parts


@pytest.mark.parametrize(
    ("columns", "regions"),
    [
        (["lh_a_area", "rh_b_area"], ["lh_a", "rh_b"]),
        (["lh_a_area", "rh_b_volume"], ["lh_a_area", "rh_b_volume"]),
        (["Left-Putamen", "Right-Putamen"], ["Left-Putamen", "Right-Putamen"]),
        (["_area", "b_area"], ["_area", "b_area"]),
        (["lh_a_area"], ["lh_a"]),
    ],
)
def test_a_measure_is_the_last_word_of_all_columns(columns, regions):
    assert without_measure(columns) == regions


def test_maps_come_back_and_say_what_is_not_analysed(tmp_path):
    space = parcels(mask=[1, 1, 0, 1, 1])
    write_map(space, tmp_path / "map.tsv", [0.1, -2.5, 3, 1e-7], "a test")
    lines = (tmp_path / "map.tsv").read_text().splitlines()
    assert lines[0] == "index\tname\tvalue" and lines[3] == "3\tc\tn/a" and lines[2] == "2\tb\t-2.5"
    np.testing.assert_array_equal(
        read_map(space, tmp_path / "map.tsv"), np.float32([0.1, -2.5, 3, 1e-7]).astype(float)
    )
    write_space(space, tmp_path / "mask.npz", "a test")
    again = read_space(tmp_path / "mask.npz")
    assert again.names.tolist() == list("abcde") and again.n_elements == 4
    assert again.at({"region": ["d", "c"]}).tolist() == [2, -1] and again.named(2) == "d"


def test_without_neighbours_each_region_is_alone():
    values, p = np.array([5.0, 4, -3, 2, 1]), np.array([0.01, 0.01, 0.02, 0.02, 0.5])
    for pairs, expected in (((), [1, 1, 1, 1]), (((0, 1), (1, 2), (3, 4)), [2, 1, 1])):
        space = parcels(pairs=pairs)
        found = clusters_of(p < 0.05, values, space.adjacency())
        table = tabulate(found, values, space, {"p_fwe": p})
        assert table[table["peak"] == 1]["n_regions"].tolist() == expected
        assert table["region"].iloc[0] == "a" and "size_mm3" not in table
    part = parcels(mask=[1, 1, 0, 1, 1], pairs=((0, 1), (1, 2), (3, 4)))
    assert part.adjacency().pairs.tolist() == [[0, 1], [2, 3]]


def test_neighbours_are_pairs_of_names(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("one\tother\nb\ta\na\tb\nc\tc\nb\tc\n")
    assert read_neighbours(path, list("abc")).tolist() == [[0, 1], [1, 2]]
    assert read_neighbours(None, list("abc")).shape == (0, 2)
    path.write_text("one\tother\na\td\n")
    with pytest.raises(UserError, match="line 2 has 'd', which is no region of the maps"):
        read_neighbours(path, list("abc"))
    path.write_text("one\tother\tweight\na\tb\t1\n")
    with pytest.raises(UserError, match="has 3 columns; expected two"):
        read_neighbours(path, list("abc"))


def settings(**space):
    return {
        "smoothing_fwhm": 5.0,
        "mask": {"zero_is_missing": True, "strategy": "background"},
        "space": {"mesh": None, "mask": None, "labels": None, "adjacency": None} | space,
        "atlas": {"image": None, "labels": None},
        "inference": {
            "variance_smoothing_fwhm": None, "small_volumes": {}, "regions": {},
            "statistics": ["voxel", "tfce", "cluster_size"],
        },
    }  # fmt: skip


def test_clusters_need_neighbours():
    found = for_kind(settings(), {}, SPACE_KINDS["parcels"])
    assert found["inference"]["statistics"] == ["voxel"] and found["smoothing_fwhm"] is None
    kept = for_kind(settings(adjacency="pairs.tsv"), {}, SPACE_KINDS["parcels"])
    assert kept["inference"]["statistics"] == ["voxel", "tfce", "cluster_size"]
    given = {"inference": {"statistics": ["voxel", "tfce", "cluster_size"]}}
    with pytest.raises(
        UserError, match=r"found tfce, cluster_size, and which regions are neighbours is not known"
    ):
        for_kind(settings(), given, SPACE_KINDS["parcels"])
    with pytest.raises(UserError, match=r"space.adjacency: found 'pairs.tsv'"):
        for_kind(settings(adjacency="pairs.tsv"), {"space": {"adjacency": "pairs.tsv"}}, SPACE_KINDS["edges"])


def test_regions_are_ranked_and_their_page_loads_nothing():
    space = parcels([f"region {i}" for i in range(70)])
    values = np.linspace(-3, 4, 70)
    figure = ranked.statistic(space, values, values > 3, "t", "a title")
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == ranked.MOST and names[-1] == "region 69" and names[0] == "region 0"
    plt.close(figure)
    panels = ranked.panels(space, [("one", np.abs(values)), ("other", values * 0)], 0.05, "a title", 3.0)
    count = int((np.abs(values) >= -np.log10(0.05)).sum())
    assert f"{count} significant regions" in panels.axes[0].get_title()
    assert panels.axes[0].get_xlim()[1] <= 3.3
    assert len(panels.axes[0].get_yticks()) == count + ranked.FEW // 2 < ranked.MOST
    assert panels.axes[0].get_ylabel() == f"the {count + 10} of 70 regions with the smallest p"
    plt.close(panels)
    counts = np.where(np.arange(70) == 40, 7, 10)
    covered = ranked.coverage(space, counts, counts == 10, 10).axes[0]
    shown = [label.get_text() for label in covered.get_yticklabels()]
    assert shown[-1] == "region 40" and len(shown) == ranked.FEW
    plt.close(covered.figure)
    page = ranked.viewer(parcels(["<a>", "b"]), np.array([1.0, 2.0]), 1.5, "t", 1)
    assert "<a>" not in page and "src=" not in page and "b: 2.000" in page


def test_the_simulated_table_has_what_is_planted():
    effect = planted(1.0)
    maps = np.array([thickness(0, i, effect) for i in range(300)])
    assert len(columns()) == 68 == len(effect) and abs(maps.mean() - 2.5) < 0.02
    np.testing.assert_array_equal(maps[7], thickness(0, 7, effect))
    quiet = np.array([thickness(0, i, 0 * effect) for i in range(300)])
    moved = (maps - quiet).std(axis=0)
    assert (moved[effect != 0] > 0.04).all() and (moved[effect == 0] == 0).all()


@pytest.mark.skipif(not MIMIC.exists(), reason="needs cifti_mimic in $PERMAPS_DATA or ../shared/data")
def test_a_parcellated_set_has_its_known_t_and_goes_back(tmp_path):
    known = json.loads((MIMIC / "reference.json").read_text())["parcels"]
    rows = [line.split("\t") for line in (MIMIC / "participants.tsv").read_text().splitlines()[1:]]
    paths = [MIMIC / f"{row[0]}_atlas-mimic43_stat-effect.pscalar.nii" for row in rows]
    maps = [decode_parcellated(path) for path in paths]
    assert list(maps[0].parts) == list(known) and len({one.models for one in maps}) == 1
    y = np.array([one.data for one in maps], float)
    x = np.array([[row[1] == "patient", 1, float(row[2]), row[3] == "M"] for row in rows], float)
    beta, rest, *_ = np.linalg.lstsq(x, y)
    t = beta[0] / np.sqrt(rest / 20 * np.linalg.inv(x.T @ x)[0, 0])
    np.testing.assert_allclose(t, list(known.values()), atol=1e-4)

    class Stored(list):
        class layout:
            parts, models, shape = maps[0].parts, maps[0].models, (43,)

    space = make_parcels(
        Stored(y), {"labels": None, "mesh": None, "adjacency": None, "example": str(paths[0])}
    )
    write_map(space, tmp_path / "t.pscalar.nii", t, "t")
    came, back = (nib.load(path).header.get_axis(1) for path in (paths[0], tmp_path / "t.pscalar.nii"))
    assert (
        came == back
        and nib.load(tmp_path / "t.pscalar.nii").nifti_header.get_intent()[0] == "ConnParcelScalr"
    )
    np.testing.assert_allclose(read_map(space, tmp_path / "t.pscalar.nii"), t, rtol=1e-6)
