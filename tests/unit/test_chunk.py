"""Chunks of the null as files: whole, of this run, and the same null however they are cut."""

import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from permaps.permutation.chunk import (
    VERTICES,
    chunk_fingerprint,
    compute_chunk,
    count_exceedances,
    merge,
    read_chunk,
    warm_up,
)
from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.model import Model
from permaps.permutation.null import ENHANCED
from permaps.permutation.observed import observe
from permaps.spaces.volume import Volume
from permaps.statistics import enhancement, evaluator, freedman_lane, sorted_p
from permaps.workflow.errors import UserError
from studies import STUDIES

MASK = np.ones((6, 5, 4), bool)
MASK[2:4, 1, 1:3] = False
SETTINGS = {
    "seed": 3,
    "two_sided": True,
    "enhance": True,
    "connectivity": 18,
    "tfce": {"extent": 0.5, "height": 2.0},
    "cluster_p": 0.1,
    "tdp": True,
}
PARTS = {"enhance": ENHANCED, "tdp": ("curve_length", *VERTICES)}


class Run:
    """The files of a contrast, and chunks of its null."""

    def __init__(self, folder, name):
        study = STUDIES[name]
        self.folder, self.matrix, self.model = folder, folder / "maps.npy", folder / "model.npz"
        np.save(self.matrix, study.maps(MASK.sum()))
        model = study.contrast_model(space=Volume(MASK, np.eye(4)))
        stored = model.arrays()
        origin = fingerprint(np.load(self.matrix), *(stored[k] for k in sorted(stored)))
        replace(model, fingerprint=origin).save(self.model)

    def chunk(self, start, stop, settings=SETTINGS, memory_mb=500):
        path = self.folder / f"{start}-{stop}.npz"
        np.savez(path, **compute_chunk(self.matrix, Model.load(self.model), start, stop, settings, memory_mb))
        return path

    @property
    def expected(self):
        return chunk_fingerprint(Model.load(self.model), SETTINGS)

    def read(self, start, stop, n_distinct=10**9):
        path = self.chunk(start, stop)
        return read_chunk(path, min(start, n_distinct), min(stop, n_distinct), self.expected)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path, "two groups and age")


@pytest.mark.parametrize("name", ["two groups", "two groups and age", "three groups", "one sample"])
def test_the_merged_null_has_the_same_bits_for_any_chunks(name, tmp_path):
    run, n_total = Run(tmp_path, name), 101
    nulls, counts = [], []
    for bounds in (
        [0, 101],
        [0, 51, 101],
        [0, 11, 21, 130],
        [0, 1, 2, 99, 101],
        [0, 64, 65, 66, 200],
        [0, 34, 67, 100, 133],
    ):
        chunks = [run.read(*stretch) for stretch in pairwise(bounds)]
        nulls.append({key: maxima.tobytes() for key, maxima in merge(chunks, n_total, 3).items()})
        model = Model.load(run.model)
        counts.append(count_exceedances(run.matrix, model, chunks, n_total, SETTINGS)["voxel"].tolist())
    assert set(nulls[0]) == {"voxel", *ENHANCED, "tdp"}
    assert all(one == nulls[0] for one in nulls) and all(count == counts[0] for count in counts)
    assert min(counts[0]) >= 1 and max(counts[0]) <= n_total


def test_an_exact_test_ends_with_its_last_relabelling(tmp_path):
    run, n = Run(tmp_path, "two groups"), 924
    assert len(run.read(901, 1001, n)["voxel"]) == 23
    assert len(run.read(1001, 1101, n)["voxel"]) == 0
    chunks = [run.read(0, 901, n), run.read(901, 1001, n), run.read(1001, 1101, n)]
    assert len(merge(chunks, n)["voxel"]) == n
    # One that ends too early otherwise would shift what comes after it.
    with pytest.raises(UserError, match="holds other relabellings than 0 to 901"):
        read_chunk(run.chunk(0, 800), 0, 901, run.expected)


def test_statistics_that_nobody_wants_are_not_computed(run):
    complete, model = run.read(0, 20), Model.load(run.model)
    for left_out in ({"enhance": False}, {"tdp": False}, {"enhance": False, "tdp": False}):
        chunk = compute_chunk(run.matrix, model, 0, 20, SETTINGS | left_out, 500)
        chunk.pop("fingerprint")
        unwanted = {name for key in left_out for name in PARTS[key]}
        assert chunk.keys() == (complete.keys() | {"index"}) - unwanted
        for name in complete.keys() & chunk.keys():
            np.testing.assert_array_equal(chunk[name], complete[name])
    assert "p" not in observe(run.matrix, model, SETTINGS | {"tdp": False}).measures


def test_an_f_has_one_tail_whatever_is_set(tmp_path):
    model = Model.load(Run(tmp_path, "three groups").model)
    enhanced, both_signs = enhancement_of(model, SETTINGS)
    assert not both_signs
    one_sided, _ = enhancement_of(model, SETTINGS | {"two_sided": False})
    assert enhanced.threshold == one_sided.threshold


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"two_sided": False},
        {"connectivity": 6},
        {"tfce": {"extent": 1.0, "height": 2.0}},
        {"cluster_p": 0.2},
        {"tdp": False},
    ],
    ids=str,
)
def test_a_chunk_of_other_settings_is_refused(run, change):
    path = run.chunk(0, 5, SETTINGS | change)
    with pytest.raises(UserError, match="computed from other data, another design, seed or other settings"):
        read_chunk(path, 0, 5, run.expected)


def test_settings_of_clusters_do_not_count_when_there_are_none(run):
    model, voxel_only = Model.load(run.model), SETTINGS | {"enhance": False}
    assert chunk_fingerprint(model, voxel_only) == chunk_fingerprint(model, voxel_only | {"cluster_p": 0.5})
    assert chunk_fingerprint(model, voxel_only) != chunk_fingerprint(model, SETTINGS)


def test_a_chunk_of_other_data_is_refused(run, tmp_path_factory):
    other = Run(tmp_path_factory.mktemp("other"), "a regressor")
    with pytest.raises(UserError, match="computed from other data"):
        read_chunk(other.chunk(0, 5), 0, 5, run.expected)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "not a whole chunk of a null"),
        (lambda path: path.write_bytes(b""), "not a whole chunk of a null"),
        (lambda path: np.savez(path, voxel=np.ones(5)), "not a whole chunk of a null"),
        (lambda path: path.unlink(), "not a whole chunk of a null"),
        (lambda path: edit(path, voxel=np.ones(4)), "its arrays differ in length"),
        (lambda path: edit(path, curve_p=np.ones(4)), "its arrays differ in length"),
        (lambda path: edit(path, curve_length=np.ones(4, int)), "its arrays differ in length"),
        (lambda path: edit(path, index=np.arange(5, 10)), "holds other relabellings than 0 to 5"),
        (
            lambda path: edit(path, index=np.arange(6), voxel=np.ones(6)),
            "holds other relabellings than 0 to 5",
        ),
    ],
)
def test_a_spoilt_chunk_is_named_and_says_what_to_do(run, spoil, message):
    path = run.chunk(0, 5)
    spoil(path)
    with pytest.raises(UserError) as refused:
        read_chunk(path, 0, 5, run.expected)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ") and f"Delete {path} and run again" in str(refused.value)


def edit(path, **arrays):
    with np.load(path) as file:
        content = dict(file)
    np.savez(path, **(content | arrays))


def test_a_chunk_under_another_name_is_refused(run):
    path = shutil.copy(run.chunk(0, 5), run.folder / "5-10.npz")
    with pytest.raises(UserError, match="holds other relabellings than 5 to 10"):
        read_chunk(path, 5, 10, run.expected)


def test_fingerprints_tell_values_shapes_and_types_apart():
    arrays = [
        np.arange(6),
        np.arange(6.0),
        np.arange(6).reshape(2, 3),
        np.arange(1, 7),
        np.arange(6, dtype=np.int32),
    ]
    assert (
        len({fingerprint(a) for a in arrays} | {fingerprint(), fingerprint([0]), fingerprint({"a": 0})}) == 8
    )
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_the_fingerprint_of_a_file_read_in_place_is_that_of_its_array(tmp_path):
    large = np.random.default_rng(0).standard_normal((30, 200_000)).astype(np.float32)
    np.save(tmp_path / "large.npy", large)
    assert fingerprint(np.load(tmp_path / "large.npy", mmap_mode="r")) == fingerprint(large)
    assert fingerprint(np.asfortranarray(large)) == fingerprint(large)


def test_after_warming_up_a_chunk_compiles_nothing(run):
    kernels = [evaluator.collect, freedman_lane._standardise, freedman_lane.statistics, freedman_lane.scan]
    kernels += [enhancement._maxima, sorted_p._find_cells, sorted_p._count, sorted_p._hull]
    warm_up("common")
    before = [list(kernel.signatures) for kernel in kernels]
    assert all(before)
    alone = SETTINGS | {"enhance": False, "tdp": False}
    for settings in (SETTINGS, SETTINGS | {"two_sided": False}, SETTINGS | {"enhance": False}, alone):
        for memory_mb in (500, 1e-6):
            compute_chunk(run.matrix, Model.load(run.model), 0, 3, settings, memory_mb)
    assert [kernel.signatures for kernel in kernels] == before
