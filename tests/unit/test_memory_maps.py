"""What is read through a memory map does not stay in memory."""

import re
from pathlib import Path

import numpy as np
import pytest
from permaps.permutation.null import null_maxima
from permaps.statistics.memory_maps import let_go
from studies import STUDIES


def resident_mb():
    """Resident pages of mapped files."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc that tells what is resident")
    return int(re.search(r"RssFile:\s+(\d+)", status.read_text()).group(1)) / 1024


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "maps.npy", STUDIES["a regressor"].maps(2**20))
    return np.load(tmp_path / "maps.npy", mmap_mode="r")  # 48 MB


def test_pages_that_were_read_are_given_back(mapped):
    before, total = resident_mb(), mapped.sum()
    assert resident_mb() > before + 40
    let_go(mapped)
    assert resident_mb() < before + 5
    assert mapped.sum() == total


def test_an_array_in_memory_is_left_alone():
    array = np.arange(5)
    let_go(array)
    let_go(array[1:])
    assert array.tolist() == [0, 1, 2, 3, 4]


def test_a_chunk_that_makes_its_tiles_anew_keeps_little_of_the_file(mapped):
    seen = []

    def run(maps):
        null_maxima(
            maps, *STUDIES["a regressor"].model(), 0, 0, 3, is_f=False, both_signs=True, memory_mb=8,
            progress=lambda done: seen.append(resident_mb()),
        )  # fmt: skip

    run(np.array(mapped[:, :5000]))  # libraries are mapped files too
    before = resident_mb()
    run(mapped)
    assert max(seen) < before + 10
