"""Thousands of chunks and hundreds of contrasts are planned and merged without that taking the time."""

import time

import numpy as np
from fabricated import fabricate, merge, planning, with_contrasts
from tiny import CONFIG, layered

N_CHUNKS, SIZE = 2000, 10
N = N_CHUNKS * SIZE
N_CONTRASTS = 200


def test_thousands_of_chunks_are_planned_in_seconds(finished):
    config = layered(CONFIG, {"permutation": {"n_permutations": N, "chunk_size": SIZE}})
    began = time.perf_counter()
    plan = finished.plan("--quiet", "rules", config=config)
    # The finished study has two of them.
    assert plan.jobs["compute_null_chunk"] == N_CHUNKS - 2
    # 7 s on one free core; room for a busy machine.
    assert time.perf_counter() - began < 120


def test_hundreds_of_contrasts_are_planned_in_time_that_grows_with_their_number(finished):
    begin, _, few_jobs = planning(finished, with_contrasts(2))
    seconds, mb, jobs = planning(finished, with_contrasts(N_CONTRASTS))
    assert jobs - few_jobs > 11 * (N_CONTRASTS - 2)
    # When each contrast read the nulls of all, it was 53 times, and 810 MB.
    assert seconds < 25 * begin
    assert mb < 400


def test_thousands_of_chunks_are_merged_in_little_memory(finished, tmp_path):
    model = finished.result("design/contrast-age_model.npz")
    maxima, counts = fabricate(tmp_path / "chunks", model, N_CHUNKS, SIZE, n_voxels=210)
    took = merge(tmp_path / "chunks", model, N)
    with np.load(tmp_path / "chunks/null.npz") as null:
        assert {name: null[name].tobytes() for name in null.files} == {
            name: values.tobytes() for name, values in maxima.items()
        }
    with np.load(tmp_path / "chunks/counts.npz") as merged:
        np.testing.assert_array_equal(merged["voxel"], counts)
    assert took.seconds < 120


def test_memory_of_a_merge_does_not_grow_with_the_number_of_chunks(finished, tmp_path):
    model = finished.result("design/contrast-age_model.npz")
    peaks = []
    for n_chunks in (4, 200):
        folder = tmp_path / str(n_chunks)
        # Counts of 0.8 MB a chunk: 160 MB if all of them were held.
        fabricate(folder, model, n_chunks, 5, n_voxels=100_000)
        peaks.append(merge(folder, model, n_chunks * 5).peak_mb)
    assert peaks[1] - peaks[0] < 40
