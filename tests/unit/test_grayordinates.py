"""Grayordinates: files, places and smoothing; enhanced by part, corrected together; a set with known results."""

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, LabelAxis, ParcelsAxis, ScalarAxis, SeriesAxis
from permaps.figures import brains, cortex
from permaps.figures.drawing import view
from permaps.maps.cifti import axis_of, brain_models, count_maps, decode_dense, read_models
from permaps.maps.images import UnusableMap
from permaps.maps.map_values import decode_maps
from permaps.maps.store import Maps
from permaps.permutation import null as null_module
from permaps.permutation.chunk import merge
from permaps.permutation.correction import fwe_p
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.observed import Observed, observe
from permaps.permutation.smallest import with_joined_parts
from permaps.reporting.clusters import clusters_of, tabulate
from permaps.spaces.files import read_map, read_space, write_map, write_space
from permaps.spaces.from_maps import make_grayordinates
from permaps.spaces.kinds import SPACE_KINDS, exponents, kind_of
from permaps.spaces.smoothing import smoother
from permaps.statistics.enhanced_maps import clusters
from permaps.workflow.errors import UserError
from real_data import DATA
from studies import STUDIES
from test_surfaces import POINTS, mesh

AFFINE = np.array([[-2.0, 0, 0, 6], [0, 2, 0, -4], [0, 0, 2, -4], [0, 0, 0, 1]])
VOXELS = np.argwhere(np.ones((3, 3, 2), bool)) + 1
MIMIC = DATA / "cifti_mimic"


def axis(voxels_first=False, cortices="LR", voxels=VOXELS):
    """Octahedra without their first vertex, and two structures of voxels, which touch."""
    names = {"L": "CIFTI_STRUCTURE_CORTEX_LEFT", "R": "CIFTI_STRUCTURE_CORTEX_RIGHT"}
    parts = [BrainModelAxis.from_surface(np.arange(1, 6), 6, name=names[side]) for side in cortices]
    half = len(voxels) // 2
    below = [
        BrainModelAxis(f"CIFTI_STRUCTURE_{name}", voxel=some, affine=AFFINE, volume_shape=(6, 6, 6))
        for name, some in (("THALAMUS_LEFT", voxels[:half]), ("PUTAMEN_LEFT", voxels[half:][::-1]))
        if len(some)
    ]
    parts = below + parts if voxels_first else parts + below
    return sum(parts[1:], parts[0])


def dscalar(path, values, columns=None, rows=None):
    values = np.atleast_2d(np.asarray(values, np.float32))
    rows = rows or ScalarAxis([f"map {i}" for i in range(len(values))])
    nib.save(Cifti2Image(values, (rows, columns or axis())), path)
    return path


def stored(folder, paths):
    """The maps as a run stores them."""
    people = pd.DataFrame(
        {"participant_id": [str(i) for i in range(len(paths))], "map": list(map(str, paths))}
    )
    with open(folder / "values.bin", "wb") as file:
        entries = decode_maps(people, [], file, decode_dense)
    return Maps(folder / "values.bin", [entry["map"] for entry in entries.values()])


def space_of(folder, columns=None, n=5):
    """The space of maps on these brain models, as a run makes it; and the maps."""
    columns = columns or axis()
    drawn = np.random.default_rng(0).normal(size=(n, len(columns)))
    paths = [dscalar(folder / f"{i}.dscalar.nii", row, columns) for i, row in enumerate(drawn)]
    mesh(folder / "L.surf.gii", POINTS - 3 * POINTS[0])
    mesh(folder / "R.surf.gii", POINTS + 3 * POINTS[0])
    maps = stored(folder, paths)
    settings = {"mesh": str(folder / "{hemi}.surf.gii"), "mask": None, "example": str(paths[0])}
    return make_grayordinates(maps, settings), maps


@pytest.mark.parametrize("voxels_first", [False, True])
def test_values_come_in_one_order_and_go_back_as_they_came(tmp_path, voxels_first):
    columns = axis(voxels_first)
    values = np.arange(len(columns)) + 0.5
    found = decode_dense(dscalar(tmp_path / "a.dscalar.nii", values, columns))
    models = brain_models(columns)
    assert found.parts == {"CORTEX_LEFT": 5, "CORTEX_RIGHT": 5, "THALAMUS_LEFT": 9, "PUTAMEN_LEFT": 9}
    assert models.is_vertex.tolist() == [True] * 10 + [False] * 18
    assert models.index[:10, 0].tolist() == [*range(1, 6)] * 2
    np.testing.assert_array_equal(models.index[10:], VOXELS)  # C order, whatever the structure's
    np.testing.assert_array_equal(found.data, values[models.order])
    assert axis_of(models) == columns
    space, _ = space_of(tmp_path, columns)
    write_space(space, tmp_path / "mask.npz", "a test")
    again = read_space(tmp_path / "mask.npz")
    some = replace(again, mask=np.arange(28) % 3 > 0)
    write_map(some, tmp_path / "b.dscalar.nii", np.arange(1, some.n_elements + 1), "a test")
    image = nib.load(tmp_path / "b.dscalar.nii")
    assert image.header.get_axis(1) == columns and image.header.get_axis(0).name.tolist() == ["a test"]
    assert image.nifti_header.get_intent()[0] == "ConnDenseScalar"
    assert (image.get_fdata() == 0).sum() == 28 - some.n_elements
    np.testing.assert_array_equal(
        read_map(some, tmp_path / "b.dscalar.nii"), np.arange(1, some.n_elements + 1)
    )


def test_a_file_with_a_map_for_everyone(tmp_path):
    path = dscalar(tmp_path / "all.dscalar.nii", np.arange(56).reshape(2, 28))
    assert count_maps(path) == 2
    one, two = (decode_dense(f"{path}[{i}]") for i in range(2))
    np.testing.assert_array_equal(two.data - one.data, 28)
    assert one.models == two.models == read_models(f"{path}[1]").identity
    with pytest.raises(UnusableMap, match="no map 2"):
        decode_dense(f"{path}[2]")


PARCELS = ParcelsAxis.from_brain_models([("one", axis()[:3]), ("other", axis()[3:6])])
CEREBELLUM = BrainModelAxis.from_surface(np.arange(4), 4, name="CIFTI_STRUCTURE_CEREBELLUM_LEFT")
UNUSABLE = [
    (lambda p: None, "missing file"),
    (lambda p: p.mkdir(), "a folder"),
    (lambda p: p.write_text("no"), "unreadable"),
    (lambda p: nib.save(nib.Nifti1Image(np.zeros((3, 3, 3)), np.eye(4)), p), "no CIFTI"),
    (lambda p: dscalar(p, np.ones((2, 28))), "several maps"),
    (lambda p: dscalar(p, np.ones((2, 28)), rows=SeriesAxis(0, 1, 2)), "a time series .2 points in time"),
    (lambda p: dscalar(p, np.ones(2), PARCELS), "another kind of CIFTI .maps x parcels., not maps x grayordinates"),
    (lambda p: dscalar(p, np.ones(28), rows=LabelAxis(["a"], [{0: ("???", (0, 0, 0, 0))}])), "another kind of CIFTI"),
    (lambda p: dscalar(p, np.ones(4), CEREBELLUM), "vertices of CEREBELLUM_LEFT"),
    (lambda p: dscalar(p, np.ones(56), axis() + axis()), "there twice"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "says"), UNUSABLE, ids=[says for _, says in UNUSABLE])
def test_maps_of_no_use_say_why(tmp_path, make, says):
    make(tmp_path / "x.dscalar.nii")
    with pytest.raises(UnusableMap, match=says):
        decode_dense(tmp_path / "x.dscalar.nii")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (axis(cortices="L"), "CORTEX_RIGHT of no grayordinates, most maps have 5"),
        (axis(voxels=VOXELS[:16]), "THALAMUS_LEFT of 8 grayordinates, most maps have 9"),
        (axis(voxels=VOXELS + 1), "of other vertices or voxels than most maps have"),
        (axis(voxels_first=True), "or in another order"),
    ],
)
def test_other_brain_models_are_told(tmp_path, other, says):
    one, two = (brain_models(columns) for columns in (axis(), other))
    assert one.identity != two.identity
    paths = [
        dscalar(tmp_path / f"{i}.dscalar.nii", np.arange(len(columns)), columns)
        for i, columns in enumerate((axis(), other))
    ]
    most, odd = (entry.layout for entry in stored(tmp_path, paths).entries)
    assert most.same(most) and not odd.same(most)
    text = odd.difference(most, "most maps")
    assert text.startswith("other brain models (") and says in text


def test_elements_are_found_again_by_their_places(tmp_path):
    space, _ = space_of(tmp_path)
    space = space.part(np.arange(0, 28, 2))
    every = np.arange(space.n_elements)
    assert len(every) == 14
    places = space.place(every)
    np.testing.assert_array_equal(space.at(places), every)
    assert [*places["structure"][[0, 5, -1]]] == ["CORTEX_LEFT", "THALAMUS_LEFT", "PUTAMEN_LEFT"]
    assert (
        places["hemisphere"][0] == "L" and places["hemisphere"][-1] is None and np.isnan(places["vertex"][-1])
    )
    assert space.named(0).startswith("CORTEX_LEFT (")
    cortex, voxels = (part for _, part in space.parts.values())
    np.testing.assert_allclose(space.sizes, [*cortex.sizes, *([8.0] * voxels.n_elements)])
    one, other = space.adjacency(26).pairs.T
    assert ((one < cortex.n_elements) == (other < cortex.n_elements)).all()
    assert len(one) == len(cortex.adjacency().pairs) + len(voxels.adjacency(26).pairs)


def test_a_mesh_that_is_missing_or_does_not_fit_is_refused(tmp_path):
    _, maps = space_of(tmp_path)
    settings = {"mask": None, "example": str(tmp_path / "0.dscalar.nii")}
    with pytest.raises(UserError, match="the maps have 6 vertices in the left hemisphere"):
        make_grayordinates(maps, settings | {"mesh": None})
    with pytest.raises(UserError, match="has 10,242 vertices, and the maps have 6"):
        make_grayordinates(maps, settings | {"mesh": "fsaverage5"})
    dscalar(tmp_path / "0.dscalar.nii", np.ones(28), axis(voxels_first=True))
    with pytest.raises(UserError, match="run again"):
        make_grayordinates(maps, settings | {"mesh": "{hemi}.surf.gii"})


def test_nothing_is_smoothed_across_parts_or_into_the_void(tmp_path):
    space, _ = space_of(tmp_path)
    smooth = smoother(space, 4.0)
    np.testing.assert_allclose(smooth(np.full(28, 3.0)), 3.0)
    for inside, _ in space.parts.values():
        values = np.zeros(28)
        values[inside] = np.random.default_rng(1).normal(size=inside.stop - inside.start)
        smoothed = smooth(values)
        beyond = np.ones(28, bool)
        beyond[inside] = False
        assert (smoothed[beyond] == 0).all() and smoothed.std() < 0.9 * values.std()
    missing = np.where(np.arange(28) == 3, np.nan, 1.0)
    assert np.isfinite(smooth(missing)).all()
    np.testing.assert_array_equal(smoother(space, None)(missing), np.nan_to_num(missing))


SETTINGS = {
    "seed": 1, "two_sided": True, "enhance": True, "connectivity": 6, "cluster_p": 0.3,
    "tfce": {"cortex": {"extent": 1.0, "height": 2.0}, "voxels": {"extent": 0.5, "height": 2.0}},
}  # fmt: skip
STUDY = STUDIES["two groups and age"]


def relabelled(space, maps, settings=SETTINGS, stop=40):
    model = STUDY.contrast_model(space=space)
    enhancement, both_signs = enhancement_of(model, settings)
    found = null_module.null_maxima(
        maps, model.estimator(), model.exchangeability, 1, 0, stop,
        is_f=model.is_f, both_signs=both_signs, enhancement=enhancement,
    )  # fmt: skip
    return model, found


def test_each_part_has_the_maxima_that_it_has_alone(tmp_path):
    space, _ = space_of(tmp_path)
    maps = STUDY.maps(28)
    _, found = relabelled(space, maps)
    for name, (inside, part) in space.parts.items():
        own = SETTINGS | {"tfce": SETTINGS["tfce"][name]}
        _, alone = relabelled(part, np.ascontiguousarray(maps[:, inside]), own)
        scale = {"tfce": 8**0.5, "cluster_size": 8, "cluster_mass": 8} if name == "voxels" else {}
        for stat in null_module.ENHANCED:
            expected = alone[stat] * scale.get(stat, 1)
            np.testing.assert_allclose(found[f"{stat}_{name}"], expected, rtol=1e-6, err_msg=f"{stat} {name}")
        _, only = relabelled(space.part(np.arange(28)[inside]), np.ascontiguousarray(maps[:, inside]))
        np.testing.assert_allclose(only["tfce"], found[f"tfce_{name}"], rtol=1e-12)
    assert "tfce" not in found and found["voxel"].shape == (40,)


def test_parts_are_corrected_together_by_the_smallest_p(tmp_path):
    space, _ = space_of(tmp_path)
    maps = STUDY.maps(28)
    model, chunk = relabelled(space, maps)
    merged = merge([chunk], 40)
    observe(maps, model, SETTINGS).save(tmp_path / "observed.npz")
    observed = Observed.load(tmp_path / "observed.npz")
    np.savez(tmp_path / "null.npz", **{n: v for n, v in merged.items() if n != "index"})
    stats = {"t": "voxel", "tfce": "tfce", "clustersize": "cluster_size", "clustermass": "cluster_mass"}
    found = observed.corrected(tmp_path / "null.npz", stats)
    for stat, key in stats.items():
        if stat == "t":
            np.testing.assert_array_equal(found[stat], fwe_p(observed.reach(stat), merged[key]))
            continue
        # By hand: p of each value and of each relabelling's maximum in the null of its part, then the least of them.
        parts = {name: merged[f"{key}_{name}"] for name in space.parts}
        least = np.min(
            [[(null >= m - 1e-6 * max(m, 1)).sum() for m in null] for null in parts.values()], axis=0
        )
        for name, (inside, _) in space.parts.items():
            for reach, p in zip(observed.reach(stat)[inside], found[stat][inside], strict=True):
                own = (parts[name] >= reach - 1e-6 * max(reach, 1)).sum()
                assert p == pytest.approx(max((least <= max(own, 1)).mean(), 1 / 40)), (stat, name)
        assert observed.reach(stat)[:10].max() == pytest.approx(parts["cortex"][0])


def test_no_scale_of_one_part_changes_the_p_of_the_other():
    rng = np.random.default_rng(3)
    cortex, voxels = rng.exponential(size=(2, 200))
    maxima = {"tfce_cortex": cortex, "tfce_voxels": voxels, "voxel": cortex}
    usual = with_joined_parts(maxima)["tfce"]
    np.testing.assert_allclose(with_joined_parts(maxima | {"tfce_cortex": 1e5 * cortex})["tfce"], usual)
    assert with_joined_parts({"tfce": cortex, "voxel": voxels}).keys() == {"tfce", "voxel"}


def test_tables_have_an_area_or_a_volume(tmp_path):
    space, _ = space_of(tmp_path)
    values = np.zeros(28)
    values[[0, 2, 12, 13]] = 5, 4, 3, -3
    p = np.where(values != 0, 0.01, 1.0)
    found = clusters_of(p < 0.05, values, space.adjacency(6))
    table = tabulate(found, values, space, {"p_fwe": p})
    first = table.iloc[0]
    assert first["structure"] == "CORTEX_LEFT" and first["n_grayordinates"] == 2 and first["vertex"] == 1
    np.testing.assert_allclose(first["size_mm2"], space.sizes[[0, 2]].sum())
    assert np.isnan(first["size_mm3"]) and table["size_mm3"].dropna().round(6).tolist() == [8.0, 8.0]
    assert table.loc[table["size_mm3"].notna(), "size_mm2"].isna().all()


def test_all_parts_of_a_viewer_have_one_scale(tmp_path, monkeypatch):
    space, _ = space_of(tmp_path)
    values, ends = np.linspace(-2, 5, 28), []
    for module, name in ((cortex, "view_surf"), (brains, "view_img")):
        draw = getattr(module.plotting, name)
        monkeypatch.setattr(
            module.plotting, name, lambda *a, draw=draw, **k: ends.append(k["vmax"]) or draw(*a, **k)
        )
    page = view(space, values, 0.5, "t > 0.5", 27)
    assert ends == [5.0] * 3 and page.index('title="voxels"') < page.index('title="left hemisphere"')


def test_the_kind_of_space_follows_from_the_names():
    maps = {"source": "table", "path": "none.tsv", "maps": "{participant_id}.dscalar.nii"}
    kind = kind_of(maps)
    assert kind is SPACE_KINDS["grayordinates"] is kind_of(maps | {"maps": "{participant_id}.dtseries.nii"})
    inference = {"tfce": {"extent": 0.5}, "tfce_surface": {"extent": 1.0}}
    assert exponents(kind, inference) == {"cortex": {"extent": 1.0}, "voxels": {"extent": 0.5}}
    assert exponents(SPACE_KINDS["surface"], inference) == {"extent": 1.0}


@pytest.mark.skipif(not MIMIC.exists(), reason="needs cifti_mimic in $PERMAPS_DATA or ../shared/data")
def test_a_whole_set_has_its_known_t_and_clusters(tmp_path):
    known = json.loads((MIMIC / "reference.json").read_text())
    rows = [line.split("\t") for line in (MIMIC / "participants.tsv").read_text().splitlines()[1:]]
    paths = [MIMIC / f"{row[0]}_space-mimic_den-2k_stat-effect.dscalar.nii" for row in rows]
    maps = stored(tmp_path, paths)
    pattern = str(MIMIC / "tpl-mimic_hemi-{hemi}_den-2k_midthickness.surf.gii")
    space = make_grayordinates(maps, {"mesh": pattern, "example": str(paths[0])})
    assert (~space.mask).sum() == known["without variance"] and len(space.mask) == known["grayordinates"]
    group = [row[1] == "patient" for row in rows]
    design = np.column_stack(
        [group, np.ones(len(rows)), [float(row[2]) for row in rows], [row[3] == "M" for row in rows]]
    ).astype(float)
    beta, rest, *_ = np.linalg.lstsq(design, np.array(list(maps), float)[:, space.mask])
    t = beta[0] / np.sqrt(rest / 20 * np.linalg.inv(design.T @ design)[0, 0])
    for mark, sign in (("t+", 1), ("t-", -1)):
        assert (sign * t).max() == pytest.approx(known[mark]["t"], abs=1e-4)
        place = space.place([int(np.argmax(sign * t))])
        assert (place["structure"][0], place["vertex"][0]) == (known[mark]["structure"], known[mark]["index"])
        label, size, _ = clusters(sign * t, space.adjacency(6), 3.5518, False)
        found = sorted((np.bincount(label)[k], round(size[k], 1)) for k in range(1, len(size)))
        expected = sorted((c["grayordinates"], round(c["size"], 1)) for c in known[mark]["clusters"])
        np.testing.assert_allclose(found, expected, atol=0.11)
