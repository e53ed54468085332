"""Images are read once; their values come back to the last bit and cost no more than they must."""

import errno

import numpy as np
import pandas as pd
import pytest
import read_maps
from held import entries_of, store_of
from permaps.maps import map_values
from permaps.maps.images import write_image
from permaps.maps.store import Entry, Maps, append
from permaps.tables.tsv import write_frame

SHAPE = (6, 7, 8)
AFFINE = np.diag([-3.0, 3, 3, 1])
# A NaN may carry something.
ODD_NAN = np.array([0x7FC01234], np.uint32).view(np.float32)[0]


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def with_background(value):
    data = np.full(SHAPE, value, np.float32)
    data[2:4, 2:4, 2:4] = noise()[2:4, 2:4, 2:4]
    return data


def with_odd_values():
    data = with_background(0)
    data[2, 2, 2:8] = -0.0, np.inf, -np.inf, ODD_NAN, 1e-45, np.nan
    return data


@pytest.mark.parametrize(
    "make",
    [
        noise,
        with_odd_values,
        lambda: with_background(0),
        lambda: with_background(np.nan),
        lambda: with_background(-7.25),
        lambda: with_background(-0.0),
        lambda: noise().astype(np.float64) + 1e-12,
        lambda: with_background(np.nan).astype(np.float64),
        lambda: noise()[:, :, :1],
    ],
)  # fmt: skip
def test_values_come_back_to_the_last_bit(tmp_path, make):
    before, data = noise(1), make()
    with open(tmp_path / "values.bin", "wb") as file:
        entries = [Entry(**append(file, values)) for values in (before, data, before)]
    maps = Maps(tmp_path / "values.bin", entries)
    assert len(maps) == 3 and maps[1].dtype == data.dtype and maps[1].shape == data.shape
    for found, expected in zip(maps, (before, data, before), strict=True):
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("background", [0, np.nan])
def test_background_costs_a_bit_per_voxel(tmp_path, background):
    with open(tmp_path / "values.bin", "wb") as file:
        append(file, with_background(background))
        assert file.tell() == np.prod(SHAPE) / 8 + 4 * 2**3


@pytest.fixture
def cohort(tmp_path):
    """Three participants with a map and a covariate's map; the first one's own map is no image."""
    rows = []
    for i in range(3):
        row = {"participant_id": f"S{i}", "map": str(tmp_path / f"{i}.nii.gz")}
        row["map_gm"] = str(tmp_path / f"gm-{i}.nii")
        write_image(row["map"], noise(i), AFFINE, "test")
        write_image(row["map_gm"], noise(10 + i), AFFINE, "test")
        rows.append(row)
    (tmp_path / "0.nii.gz").write_text("no image")
    return pd.DataFrame(rows)


def test_every_image_is_decoded_once_and_in_order(cohort):
    read, decode = [], map_values.decode

    def counted(path):
        read.append(path)
        return decode(path)

    entries = entries_of(cohort, counted)
    # Of who has no map of use, no covariate is asked for.
    assert read == [cohort["map"][0], *cohort.loc[1:, ["map", "map_gm"]].to_numpy().ravel()]
    assert entries["S0"]["map"].reason.startswith("unreadable") and list(entries["S0"]) == ["map"]


def test_maps_are_given_in_the_order_that_is_asked_for(cohort, tmp_path):
    store = store_of(cohort, tmp_path)
    for column, first in (("map", 0), ("map_gm", 10)):
        maps = store.maps(["S2", "S1"], column)
        np.testing.assert_array_equal(list(maps), [noise(first + 2), noise(first + 1)])
        np.testing.assert_array_equal(maps.layout.affine, AFFINE)


def test_a_read_that_ends_early_leaves_nothing(cohort, tmp_path, monkeypatch):
    def full(*data):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(map_values, "is_same_measure", full)
    write_frame(cohort, tmp_path / "read.tsv")
    out = tmp_path / "out"
    with pytest.raises(OSError, match="no room"):
        read_maps.main(
            participants=tmp_path / "read.tsv",
            images=out / "images.json",
            values=out / "values.bin",
            voxelwise=["gm"],
        )
    assert not list(out.iterdir())
