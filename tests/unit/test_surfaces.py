"""Surfaces: their files, areas, smoothing, places, and a real set with known results."""

import json

import nibabel as nib
import numpy as np
import pytest
import tfce as tfce_package
from permaps.figures import cortex as cortex_figures
from permaps.figures.style import plt
from permaps.maps.images import UnusableMap
from permaps.maps.map_paths import hemisphere_files, side_of
from permaps.maps.surfaces import decode_surface, read_mesh, read_surface_mask
from permaps.spaces.adjacency import pair_adjacency
from permaps.spaces.files import read_map, read_space, write_hemispheres, write_map, write_space
from permaps.spaces.from_maps import make_surface
from permaps.spaces.kinds import SPACE_KINDS, for_kind, kind_of
from permaps.spaces.smoothing import smoother
from permaps.spaces.surface import Surface
from permaps.statistics.enhanced_maps import clusters, tfce_map
from permaps.statistics.enhancement import Workspace
from permaps.workflow.errors import UserError
from real_data import DATA

# An octahedron for each hemisphere, with edges of the square root of 2.
POINTS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
FACES = np.array([[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)], np.int32)


def octahedra(mask=None):
    return Surface(
        np.ones(12, bool) if mask is None else np.array(mask, bool), np.array(["L", "R"]), np.array([6, 6]),
        np.concatenate([POINTS - 3 * POINTS[0], POINTS + 3 * POINTS[0]]).astype(np.float32),
        np.concatenate([FACES, FACES + 6]), np.array(["mine"]),
    )  # fmt: skip


def fsaverage5():
    """Both hemispheres of the template, whose mesh nilearn has."""
    n = 10242
    return Surface(
        np.ones(2 * n, bool), np.array(["L", "R"]), np.array([n, n]), np.zeros((2 * n, 3)),
        np.zeros((0, 3), np.int32), np.array(["fsaverage5"]),
    )  # fmt: skip


def metric(path, values, structure=None):
    meta = nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure} if structure else {})
    arrays = [nib.gifti.GiftiDataArray(np.asarray(column, np.float32)) for column in np.atleast_2d(values)]
    nib.save(nib.gifti.GiftiImage(darrays=arrays, meta=meta), path)


def mesh(path, points=POINTS, faces=FACES, structure=None):
    meta = nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure} if structure else {})
    arrays = [
        nib.gifti.GiftiDataArray(np.asarray(points, np.float32), intent="NIFTI_INTENT_POINTSET"),
        nib.gifti.GiftiDataArray(np.asarray(faces, np.int32), intent="NIFTI_INTENT_TRIANGLE"),
    ]
    nib.save(nib.gifti.GiftiImage(darrays=arrays, meta=meta), path)


def mgh(path, values):
    nib.save(nib.MGHImage(np.asarray(values, np.float32).reshape(-1, 1, 1), np.eye(4)), path)


def morphometry(path, values):
    nib.freesurfer.write_morph_data(path, np.asarray(values, np.float32))


@pytest.mark.parametrize(
    ("pattern", "sides", "write"),
    [
        ("s_hemi-{hemi}_thickness.shape.gii", "LR", metric),
        ("{hemi}.thickness.mgh", ("lh", "rh"), mgh),
        ("{hemi}.thickness.fsaverage5.mgz", ("lh", "rh"), mgh),
        ("{hemi}.thickness", ("lh", "rh"), morphometry),
    ],
)
def test_maps_of_every_format_are_read(tmp_path, pattern, sides, write):
    for side, first in zip(sides, (0, 10), strict=True):
        write(str(tmp_path / pattern.replace("{hemi}", side)), np.arange(first, first + 6))
    found = decode_surface(tmp_path / pattern)
    assert found.parts == {"L": 6, "R": 6} and len(found.checksums) == 2
    np.testing.assert_array_equal(found.data, [*range(6), *range(10, 16)])
    right = decode_surface(tmp_path / pattern.replace("{hemi}", sides[1]))
    assert right.parts == {"R": 6}
    (tmp_path / pattern.replace("{hemi}", sides[1])).unlink()
    assert decode_surface(tmp_path / pattern).parts == {"L": 6}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: None, "missing file"),
        (lambda p: (p / "lh.x.gii").write_text("no"), "unreadable"),
        (lambda p: (p / "lh.x.gii").mkdir(), "a folder"),
        (lambda p: metric(p / "lh.x.gii", np.ones(6), "CortexRight"), "hemispheres swapped"),
        (lambda p: metric(p / "lh.x.gii", np.ones((2, 6))), "several values per vertex"),
        (lambda p: mesh(p / "lh.x.gii"), "a mesh, not values at its vertices"),
    ],
)
def test_maps_of_no_use_say_why(tmp_path, make, says):
    make(tmp_path)
    with pytest.raises(UnusableMap, match=says):
        decode_surface(tmp_path / "{hemi}.x.gii")


@pytest.mark.parametrize(
    "content", [b"no numbers at all", b"", b"\x1f\x8b\x08" + bytes(40), b"\xff\xff\xff" + bytes(3)]
)
def test_a_file_of_another_kind_is_not_read_as_morphometry(tmp_path, content):
    (tmp_path / "lh.thickness.gii.gz").write_bytes(content)
    with pytest.raises(UnusableMap, match="unknown kind of file"):
        decode_surface(tmp_path / "lh.thickness.gii.gz")


def test_the_older_morphometry_is_read(tmp_path):
    values = np.array([150, -25, 300], ">i2")
    (tmp_path / "lh.curv").write_bytes(b"\0\0\x03" + b"\0\0\x02" + values.tobytes())
    np.testing.assert_allclose(decode_surface(tmp_path / "lh.curv").data, values / 100)


COUNTS = {"L": 6, "R": 6}


@pytest.mark.parametrize(
    ("make", "name", "counts", "says"),
    [
        (lambda p: None, None, COUNTS, "found null .* expected the mesh"),
        (lambda p: None, None, {"L": 10242}, "fsaverage5 has 10,242 vertices"),
        (lambda p: None, "{hemi}.surf.gii", COUNTS, "there is no mesh of the left hemisphere"),
        (lambda p: None, "fsaverage5", COUNTS, "has 10,242 vertices, and the maps have 6"),
        (lambda p: mesh(p / "L.surf.gii"), "{hemi}.surf.gii", COUNTS, "no mesh of the right hemisphere"),
        (lambda p: mesh(p / "L.surf.gii", POINTS[:5], FACES[:2]), "{hemi}.surf.gii", {"L": 6}, "has 5 vertices"),
        (lambda p: mesh(p / "L.surf.gii", structure="CortexRight"), "{hemi}.surf.gii", {"L": 6}, "swapped"),
        (lambda p: metric(p / "L.surf.gii", np.ones(6)), "{hemi}.surf.gii", {"L": 6}, "is no mesh"),
    ],
)  # fmt: skip
def test_meshes_that_do_not_fit_are_refused(tmp_path, monkeypatch, make, name, counts, says):
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    with pytest.raises(UserError, match=says):
        read_mesh(name, counts)


@pytest.mark.parametrize(
    ("points", "faces", "says"),
    [
        (POINTS, FACES + 1, "its triangles name the vertex 6, and it has 6, from 0 on"),
        (POINTS, FACES - 1, "its triangles name the vertex -1, and it has 6, from 0 on"),
        (POINTS, FACES[:0], "it has no triangles"),
        (np.where(POINTS == 1, np.nan, POINTS), FACES, "the place of its vertex 0 is no number"),
    ],
)
def test_what_is_damaged_in_a_mesh_is_told(tmp_path, points, faces, says):
    mesh(tmp_path / "L.surf.gii", points, faces)
    with pytest.raises(UserError, match=f"is damaged: {says}"):
        read_mesh(str(tmp_path / "L.surf.gii"), {"L": 6})


def test_meshes_of_freesurfer_are_read(tmp_path):
    for side in ("lh", "rh"):
        nib.freesurfer.write_geometry(str(tmp_path / f"{side}.white"), POINTS, FACES)
    places, triangles = read_mesh(str(tmp_path / "{hemi}.white"), COUNTS)
    np.testing.assert_allclose(places, np.concatenate([POINTS, POINTS]))
    np.testing.assert_array_equal(triangles, np.concatenate([FACES, FACES + 6]))


class Maps(list):
    class layout:
        parts, shape = COUNTS, (12,)


def test_what_is_0_or_missing_in_everyone_and_what_no_triangle_has_leave(tmp_path, caplog):
    for side in "LR":
        mesh(tmp_path / f"{side}.surf.gii", faces=FACES if side == "L" else FACES[(FACES != 5).all(axis=1)])
    maps = Maps([np.r_[0, np.nan, np.ones(10)], np.r_[np.nan, 0, np.zeros(10)]])
    settings = {"mesh": str(tmp_path / "{hemi}.surf.gii"), "mask": None}
    assert np.flatnonzero(~make_surface(maps, settings).mask).tolist() == [0, 1, 11]
    for side, values in (("L", [1, 1, 1, 0, 0, 0]), ("R", [0, 2, 0, 0, 0, 0])):
        metric(tmp_path / f"{side}.mask.gii", values)
    space = make_surface(maps, settings | {"mask": str(tmp_path / "{hemi}.mask.gii")})
    assert np.flatnonzero(space.mask).tolist() == [0, 1, 2, 7]
    with pytest.raises(UserError, match=r"space.mask: .* 6 vertices .* 7 vertices"):
        read_surface_mask(tmp_path / "L.mask.gii", {"L": 7})


def strip(n, gaps=()):
    """A hemisphere of triangles in a row, with a border all around; in gaps there is none."""
    triangles = [[i, i + 1, i + 2] for i in range(n - 2) if i not in gaps]
    points = np.column_stack([np.arange(n), np.arange(n) % 2, np.zeros(n)]).astype(np.float32)
    return Surface(
        np.ones(n, bool), np.array(["L"]), np.array([n]), points, np.array(triangles, np.int32), np.array(["mine"])
    )  # fmt: skip


def test_nothing_goes_from_one_piece_of_a_mesh_to_the_other():
    pieces = strip(10, gaps=(3, 4))
    label, size, _ = clusters(np.full(10, 2, np.float32), pieces.adjacency(), 1.0, False)
    assert label.tolist() == [1] * 5 + [2] * 5
    np.testing.assert_allclose(size[1:], [3, 3])
    smooth = smoother(pieces, 3.0)
    np.testing.assert_allclose(smooth(np.ones(10)), 1)
    spread = smooth(np.where(np.arange(10) == 2, 1.0, 0.0))
    assert (spread[:5] > 0).all() and (spread[5:] == 0).all()


def test_flat_triangles_join_no_vertex_to_itself_and_give_no_area(tmp_path, caplog):
    flat = np.array([[9, 9, 9], [8, 8, 0]], np.int32)
    surface = strip(9)
    places = np.vstack([surface.places, surface.places[:1]])
    whole = Surface(
        np.ones(10, bool), surface.hemispheres, np.array([10]), places, np.vstack([surface.triangles, flat]),
        surface.mesh,
    )  # fmt: skip
    assert (np.diff(whole.mesh_edges) > 0).all() and [0, 8] in whole.mesh_edges.tolist()
    mesh(tmp_path / "L.surf.gii", whole.places, whole.triangles)

    class Row(list):
        class layout:
            parts, shape = {"L": 10}, (10,)

    settings = {"mesh": str(tmp_path / "{hemi}.surf.gii"), "mask": None}
    assert make_surface(Row([np.ones(10)]), settings).mask.tolist() == [True] * 9 + [False]
    assert "1 of 10 vertices have no area" in caplog.text


def test_areas_are_a_third_of_the_triangles():
    np.testing.assert_allclose(octahedra().areas, 4 * np.sqrt(3) / 2 / 3)
    assert len(octahedra().mesh_edges) == 24
    assert octahedra([1] * 6 + [0] * 6).sizes.sum() == pytest.approx(8 * np.sqrt(3) / 2)


def test_hemispheres_are_enhanced_each_on_its_own():
    values = np.ones(12, np.float32) * 2
    label, size, mass = clusters(values, octahedra().adjacency(), 1.0, True)
    assert label.tolist() == [1] * 6 + [2] * 6
    area = 8 * np.sqrt(3) / 2
    np.testing.assert_allclose(size[1:], area)
    np.testing.assert_allclose(mass[1:], area)
    np.testing.assert_allclose(tfce_map(values, octahedra().adjacency(), 1.0, 2.0, True), area * 8 / 3)


def test_maps_masks_and_hemispheres_are_written_and_read(tmp_path):
    space = octahedra([0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1])
    write_space(space, tmp_path / "mask.npz", "test")
    again = read_space(tmp_path / "mask.npz")
    values = np.arange(1.0, 10)
    for path in (tmp_path / "a.dscalar.nii", tmp_path / "b.dscalar.nii"):
        write_map(again, path, values, "a test")
    np.testing.assert_array_equal(read_map(again, path), values)
    assert path.read_bytes() == (tmp_path / "a.dscalar.nii").read_bytes()
    model = nib.load(path).header.get_axis(1)
    assert [name for name, *_ in model.iter_structures()] == [
        "CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT",
    ]  # fmt: skip
    write_hemispheres(again, {side: tmp_path / f"{side}.func.gii" for side in "LR"}, values, "a test")
    right = nib.load(tmp_path / "R.func.gii")
    assert right.meta["AnatomicalStructurePrimary"] == "CortexRight"
    np.testing.assert_array_equal(right.darrays[0].data, [5, 6, 0, 7, 8, 9])
    assert decode_surface(tmp_path / "{hemi}.func.gii").parts == COUNTS


def test_places_lead_back_to_elements():
    space = octahedra([0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1])
    every = np.arange(space.n_elements)
    where = space.place(every)
    assert list(where) == ["hemisphere", "vertex", "x", "y", "z"]
    assert where["hemisphere"].tolist() == ["L"] * 4 + ["R"] * 5
    assert where["vertex"].tolist() == [1, 2, 3, 4, 0, 1, 3, 4, 5]
    np.testing.assert_array_equal(space.at(where), every)
    assert space.at({"hemisphere": ["L"], "vertex": [0]}).tolist() == [-1]
    np.testing.assert_array_equal(space.part(every[2:5]).place([0, 2])["vertex"], [3, 0])


@pytest.fixture(scope="module")
def cortex():
    counts = {"L": 10242, "R": 10242}
    return Surface.on_mesh(np.ones(20484, bool), "fsaverage5", counts, *read_mesh("fsaverage5", counts))


def measured_fwhm(space, smooth, draws=120):
    """FWHM of smoothed white noise: from the correlation of vertices that an edge joins (Hagler et al. 2006)."""
    rng, edges = np.random.default_rng(1), space.mesh_edges
    squared = ((space.places[edges[:, 0]] - space.places[edges[:, 1]]) ** 2).sum(axis=1).mean()
    both = own = 0
    for _ in range(draws):
        noise = smooth(rng.standard_normal(len(space.mask)))
        both, own = both + noise[edges[:, 0]] * noise[edges[:, 1]], own + noise**2
    r = both / np.sqrt(own[edges[:, 0]] * own[edges[:, 1]])
    # Twice the variance of the kernel, because both ends were smoothed with it.
    return float(np.sqrt(squared / np.mean(-4 * np.log(r)) * 8 * np.log(2)))


@pytest.mark.parametrize("fwhm", [8, 10, 15])
def test_white_noise_has_the_smoothness_that_was_asked_for(cortex, fwhm):
    assert measured_fwhm(cortex, smoother(cortex, fwhm)) == pytest.approx(fwhm, rel=0.08)


def test_smoothing_keeps_constants_and_stays_in_the_mask(cortex):
    inside = cortex.places[:, 2] > 0
    space = Surface(
        inside, *(getattr(cortex, n) for n in ("hemispheres", "counts", "places", "triangles", "mesh"))
    )
    smooth = smoother(space, 10)
    np.testing.assert_allclose(smooth(np.ones(20484))[inside], 1)
    np.testing.assert_allclose(smooth(np.where(inside, 0.0, 9.0))[inside], 0)
    assert smooth(np.full(20484, np.nan, np.float32)).tolist() == [0] * 20484
    with pytest.raises(UserError, match="wider than a brain"):
        smoother(space, 500)


@pytest.mark.parametrize(
    ("maps", "kind"),
    [
        ("sub-{participant_id}.nii.gz", "volume"),
        ("fs/{participant_id}/surf/{hemi}.thickness", "surface"),
        ("{participant_id}_hemi-L_thickness.shape.gii", "surface"),
        ("fs/{participant_id}/surf/lh.thickness.fsaverage5.mgh", "surface"),
        ("{participant_id}/mri/T1.mgz", "volume"),
        ("{participant_id}_hemi-L.nii.gz", "volume"),
    ],
)
def test_the_kind_of_space_follows_from_the_names(maps, kind):
    assert kind_of({"source": "table", "path": "none.tsv", "maps": maps}).name == kind


def test_hemispheres_are_told_from_names():
    named = ["lh.thickness", "s_hemi-R_x.gii", "100307.L.thickness.32k_fs_LR.shape.gii", "map.gii"]
    assert [side_of(name) for name in named] == ["L", "R", "L", None]
    assert hemisphere_files("nowhere/{hemi}.x") == {}


def test_what_makes_no_sense_on_a_surface_is_refused_with_the_reason():
    config = {
        "inference": {"variance_smoothing_fwhm": 8.0, "small_volumes": {}, "regions": {}},
        "space": {"labels": None},
        "mask": {"strategy": "background"},
    }
    config |= {"atlas": {"image": None, "labels": None}}
    assert for_kind(config, {}, SPACE_KINDS["surface"]) == config
    own = {"dataset": {"source": "table"}}
    with pytest.raises(UserError, match=r"smoothing_fwhm: is missing; expected the FWHM"):
        for_kind(config, own, SPACE_KINDS["surface"])
    assert for_kind(config, own | {"smoothing_fwhm": None}, SPACE_KINDS["surface"]) == config
    with pytest.raises(UserError, match=r"variance_smoothing_fwhm: found 8.0.*values of vertices"):
        for_kind(config, {"inference": {"variance_smoothing_fwhm": 8.0}}, SPACE_KINDS["surface"])


@pytest.mark.skipif(
    not (DATA / "thalamus").exists(), reason="needs thalamus in $PERMAPS_DATA or ../shared/data"
)
def test_a_real_set_has_its_known_t_tfce_and_clusters():
    folder = DATA / "thalamus"
    known = json.loads((folder / "reference.json").read_text())["thickness"]["observed"]
    rows = [line.split("\t") for line in (folder / "participants.tsv").read_text().splitlines()[1:]]
    maps = [decode_surface(folder / f"thickness/{row[0]}_hemi-{{hemi}}_thickness.shape.gii") for row in rows]
    counts = maps[0].parts
    mesh = read_mesh(str(folder / "tpl-fsaverage_hemi-{hemi}_thalamus.surf.gii"), counts)
    space = Surface.on_mesh(np.ones(sum(counts.values()), bool), "thalamus", counts, *mesh)
    y, x = np.array([one.data for one in maps], float), np.array([row[1] == "cud" for row in rows])
    a, b = y[x], y[~x]
    pooled = (((a - a.mean(0)) ** 2).sum(0) + ((b - b.mean(0)) ** 2).sum(0)) / (len(y) - 2)
    t = (a.mean(0) - b.mean(0)) / np.sqrt(pooled * (1 / len(a) + 1 / len(b)))
    assert t.max() == pytest.approx(known["group"]["max"], abs=1e-4)
    adjacency, heights = space.adjacency(), t.astype(np.float32)
    for sign, name in ((1, "positive"), (-1, "negative")):
        enhanced = tfce_map(sign * heights, adjacency, 1.0, 2.0, False)
        expected, place = known["tfce_exact"][f"{name}_E1.0_H2_mm2"]
        assert enhanced.max() == pytest.approx(expected, rel=1e-4)
        where = space.place([int(np.argmax(enhanced))])
        assert (where["hemisphere"][0], where["vertex"][0]) == (place["hemi"], place["vertex"])
        _, size, _ = clusters(sign * heights, adjacency, 1.65624995, False)
        largest = sorted(size[1:], reverse=True)[:4]
        mm2 = sorted((c["mm2"] for c in known["group"][name]), reverse=True)[:4]
        np.testing.assert_allclose(largest, mm2, rtol=1e-4)
        best, *_ = Workspace(adjacency, 0.5).maxima(sign * heights, False, 2.0, 1.65624995)
        assert best == pytest.approx(known["tfce_exact"][f"{name}_E0.5_H2_mm2"][0], rel=1e-4)


def test_tfce_by_count_is_that_of_the_tfce_package(cortex):
    noise = np.random.default_rng(0).standard_normal(20484).astype(np.float32)
    heights = smoother(cortex, 8)(noise)
    heights = (3 * heights / heights.std()).astype(np.float32)
    counted = pair_adjacency(cortex.mesh_edges, 20484)
    # It numbers vertices from 1 on.
    theirs = tfce_package.tfce(
        heights.astype(float),
        adjacency=tfce_package.adjacency_from_faces(cortex.triangles + 1, 20484),
        E=1.0,
        H=2.0,
    )
    np.testing.assert_allclose(
        tfce_map(heights, counted, 1.0, 2.0, True), theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max()
    )


def test_of_a_closed_surface_what_faces_away_is_not_drawn():
    outwards = np.where(
        (np.cross(*np.diff(POINTS[FACES], axis=1).swapaxes(0, 1)) * POINTS[FACES[:, 0]]).sum(1) > 0, 1, -1
    )
    closed = np.where(outwards[:, None] > 0, FACES, FACES[:, ::-1])
    for triangles in (closed, closed[:, ::-1]):
        right, left = (cortex_figures._in_sight(POINTS, triangles, towards) for towards in (1, -1))
        assert len(right) == len(left) == 4
        assert (right == 0).any(axis=1).all() and (left == 1).any(axis=1).all()
    # What is open, or not the same way round everywhere, may be seen from inside.
    for triangles in (closed[1:], FACES, np.concatenate([closed, closed])):
        assert cortex_figures._in_sight(POINTS, triangles, 1) is triangles


def test_a_view_looks_the_same_without_what_faces_away(monkeypatch):
    def image():
        figure = cortex_figures.statistic(template, values, significant, "t", "title")
        figure.canvas.draw()
        shown = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
        plt.close(figure)
        return shown

    template = fsaverage5()
    values = np.random.default_rng(0).normal(size=template.n_elements).cumsum() / 100
    significant = values > np.quantile(values, 0.9)
    less = image()
    assert (less != 255).any()
    monkeypatch.setattr(cortex_figures, "_in_sight", lambda points, triangles, towards: triangles)
    apart = np.abs(less - image()).max(axis=-1)
    # The borders of triangles are mixed with what lies behind them.
    assert (apart > 8).mean() < 1e-3


@pytest.mark.parametrize("significant", [[0], [0, 1], [0, 2, 7], range(6), []], ids=str)
def test_vertices_alone_and_whole_hemispheres_are_drawn(significant):
    t = np.linspace(-3, 3, 12)
    plt.close(cortex_figures.statistic(octahedra(), t, np.isin(np.arange(12), significant), "t", "title"))


@pytest.mark.parametrize("make", [octahedra, fsaverage5])
def test_a_vertex_alone_is_seen(make):
    space = make()

    def image(shown):
        figure, cells, _ = cortex_figures._grid(space, 1, "title", 0.9)
        values = np.where(np.arange(space.n_elements) == shown, 5.0, np.nan)
        cortex_figures.draw_views(figure, space, cells[0], values, "hot", 0, 6)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
        plt.close(figure)
        return pixels

    assert np.abs(image(2) - image(-1)).max() > 50


def test_a_viewer_looks_at_a_mesh_of_any_size_and_place():
    for points in (POINTS * 3 + 140, POINTS * 80):
        shown = cortex_figures._like_a_hemisphere(points)
        assert np.allclose(shown.max(axis=0), 90) and np.allclose(shown.min(axis=0), -90)
