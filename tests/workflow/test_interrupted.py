"""Killed runs, spoilt chunks, a full disk: reported, corrected, and never a wrong result."""

import contextlib
import shutil
import subprocess

import numpy as np
import pytest
import tiny
from interruption import CONFIG, WAYS, bits, interrupt, until_file
from tiny import UP_TO_MAPS, layered

CHUNKS = "nulls/contrast-age"
CHUNK = f"{CHUNKS}/11-21.npz"
MERGED = ("--", "results/nulls/contrast-age.npz")


# Killed


@pytest.fixture(scope="module")
def undisturbed(finished, tmp_path_factory):
    """The study run up to the maps with long chunks, and its bits."""
    study = without_nulls(finished.copied(tmp_path_factory.mktemp("undisturbed") / "study"))
    study.finish(*UP_TO_MAPS, config=CONFIG)
    return study, bits(study)


def without_nulls(study):
    """Take away all that the chunks are and lead to."""
    for folder in ("nulls", "counts", "maps"):
        shutil.rmtree(study.result(folder))
    return study


@pytest.mark.parametrize(
    "way, path",
    [
        ("power cut", f"{CHUNKS}/10001-20001.npz"),
        ("SIGKILL", f"{CHUNKS}/0-10001.npz"),
        ("SIGTERM", f"{CHUNKS}/0-10001.npz"),
    ],
    ids=lambda value: value if value in WAYS else "",
)
def test_killed_run_ends_with_the_same_bits(way, path, undisturbed, tmp_path):
    finished, reference = undisturbed
    study = without_nulls(finished.copied(tmp_path / "study"))
    outcome = interrupt(study, reference, way, until_file(study.result(path)))
    assert not outcome.ended
    assert not outcome.wrong, "outputs have to appear whole"
    assert outcome.same
    # What was whole is not computed again: all but the one or two that were running.
    assert outcome.whole >= 1 and outcome.computed <= 5 - outcome.whole + 2
    # What docs/scaling.md and config/README.md say.
    assert set(outcome.typed) <= (
        {"--rerun-incomplete"} if way == "SIGTERM" else {"--unlock", "--rerun-incomplete"}
    )


# Spoilt


def truncated(study, tmp_path):
    path = study.result(CHUNK)
    path.write_bytes(path.read_bytes()[:-100])


def empty(study, tmp_path):
    # As a crash of the machine leaves it, when the name reached the disk and the content did not.
    study.result(CHUNK).write_bytes(b"")


def no_chunk(study, tmp_path):
    shutil.copyfile(study.result("maps.npy"), study.result(CHUNK))


def other_stretch(study, tmp_path):
    shutil.copyfile(study.result(f"{CHUNKS}/0-11.npz"), study.result(CHUNK))


def other_seed(study, tmp_path):
    foreign(study, tmp_path, layered(tiny.CONFIG, {"permutation": {"seed": 1}}))


def other_data(study, tmp_path):
    def change(other):
        path = other.result("maps.npy")
        maps = np.load(path)
        maps[0, 0] += 1e-3
        np.save(path, maps)
        # As if these maps had been computed.
        other.finish("--touch", "--forcerun", "smooth_maps", "--", "results/maps.npy")

    foreign(study, tmp_path, tiny.CONFIG, change)


def foreign(study, tmp_path, config, change=lambda other: None):
    """Exchange a chunk for that of another run."""
    other = study.copied(tmp_path / "other")
    other.result(CHUNK).unlink()
    change(other)
    other.finish("--", f"results/{CHUNK}", config=config)
    shutil.copyfile(other.result(CHUNK), study.result(CHUNK))


@pytest.mark.parametrize("spoil", [truncated, empty, no_chunk, other_stretch, other_seed, other_data])
def test_spoilt_chunk_is_named_and_refused_until_it_is_deleted(spoil, finished, tmp_path):
    study = finished.copied(tmp_path / "study")
    spoil(study, tmp_path)
    study.result("nulls/contrast-age.npz").unlink()
    done = study.run(*MERGED)
    assert done.returncode != 0
    assert f"results/{CHUNK}: damaged, cut off or exchanged" in done.stdout
    assert f"Delete results/{CHUNK} and run again" in done.stdout
    # No merged null at all, rather than a wrong one.
    assert not study.result("nulls/contrast-age.npz").exists()
    study.result(CHUNK).unlink()
    log = study.finish(*MERGED).stdout
    assert log.count(": Relabelling contrast-age") == 1
    assert bits(study) == bits(finished)


# Full


def test_full_disk_is_told_and_the_run_goes_on_when_there_is_room(undisturbed, tmp_path):
    finished, reference = undisturbed
    study = without_nulls(finished.copied(tmp_path / "study"))
    with small_disk(study.result("nulls"), 700) as grow:
        done = study.run(*UP_TO_MAPS, "--keep-going", config=CONFIG)
        assert done.returncode != 0
        assert "No space left on device" in done.stdout
        # The chunks that found room are whole, and of the others there is nothing.
        left = bits(study)
        assert any(path.startswith(CHUNKS) for path in left)
        assert all(content == reference[path] for path, content in left.items())
        assert not list(study.result("nulls").rglob(".partial*"))
        grow(100_000)
        study.finish(*UP_TO_MAPS, config=CONFIG)
        assert bits(study) == reference


@contextlib.contextmanager
def small_disk(folder, size_kb):
    """Mount a disk of this size and yield a function that sets another."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a full disk needs root, to mount a small one: {mounted.stderr.strip()}")

    def grow(size_kb):
        subprocess.run(["mount", "-o", f"remount,size={size_kb}k", folder], check=True)

    try:
        yield grow
    finally:
        subprocess.run(["umount", folder], check=True)
