"""The contact sheet: which maps are on it, and that a slice shows what the map holds."""

import re

import nibabel as nib
import numpy as np
import pandas as pd
import plot_quality
import pytest
import read_maps
from matplotlib.colors import to_rgb
from permaps.figures import sheet
from permaps.figures.sheet import chosen, contact_sheet
from permaps.figures.style import ORANGE, plt
from permaps.spaces.volume import Volume
from PIL import Image


def test_of_very_many_those_who_stand_out_are_shown(monkeypatch):
    monkeypatch.setattr(sheet, "MOST", 10)
    assert chosen({}, 5) == [0, 1, 2, 3, 4]
    shown = chosen({7: "odd", 900: "odd"}, 1000)
    assert len(shown) == 10 and {7, 900, 0, 999} <= {*shown} and shown == sorted(shown)
    assert chosen(dict.fromkeys(range(20), "odd"), 30) == list(range(10))


@pytest.mark.parametrize("flipped", [False, True], ids=["left to right", "right to left"])
def test_a_slice_is_drawn_from_left_to_right_and_front_above(flipped):
    brain = np.zeros((6, 8, 4), bool)
    brain[1:-1, 1:-1, 1:3] = True
    brain[2:4, 2:4, 2] = False  # so that the slice below has most of the mask
    values = np.where(brain, 5.0, 0.0)
    values[1, 6, 1] = np.nan  # the leftmost voxel at the front
    values[4, 1, 1] = 10.0
    affine = np.eye(4)
    if flipped:
        brain, values, affine = brain[::-1], values[::-1], np.diag([-1.0, 1, 1, 1])
    metrics = pd.DataFrame({"participant_id": ["a"], "q01": 0.0, "q99": 10.0, "stands_out": None})
    figure = contact_sheet([values], metrics, [0], Volume(brain, affine), True)
    picture = figure.axes[0].images[0].get_array()
    assert np.allclose(picture[1, 1], to_rgb(ORANGE))
    assert np.allclose(picture[6, 4], 1) and np.allclose(picture[0, 0], 1)
    assert np.allclose(picture[3, 2], 0.5)
    plt.close(figure)


def test_names_of_maps_that_stand_out_are_red(tmp_path):
    rng = np.random.default_rng(0)
    brain = np.ones((4, 5, 3), bool)
    nib.save(nib.Nifti1Image(brain.astype(np.uint8), np.eye(4)), tmp_path / "brain.nii.gz")
    names = [f"sub-{i:02d}" for i in range(14)]
    paths = [str(tmp_path / f"{name}.nii.gz") for name in names]
    for path in paths:
        nib.save(nib.Nifti1Image(rng.normal(size=brain.shape).astype(np.float32), np.eye(4)), path)
    pd.DataFrame({"participant_id": names, "map": paths}).to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    read_maps.main(
        participants=tmp_path / "p.tsv", images=tmp_path / "images.json", values=tmp_path / "v.bin"
    )
    metrics = pd.DataFrame({"participant_id": names, "q01": -2.0, "q99": 2.0, "stands_out": "n/a"})
    metrics.loc[13, "stands_out"] = "mean far off"
    metrics.assign(duplicate_of="n/a").to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    plot_quality.draw_sheet(
        metrics=tmp_path / "m.tsv", images=tmp_path / "images.json", values=tmp_path / "v.bin",
        brain=tmp_path / "brain.nii.gz", outputs=[tmp_path / "a.png", tmp_path / "a.svg"],
        caption=tmp_path / "a.rst", zero_is_missing=True,
    )  # fmt: skip
    svg = (tmp_path / "a.svg").read_text()
    assert "could not be drawn" not in svg and "(14 of 14)" in svg
    red = {name for name in names if re.search(f"<text[^>]*#d55e00[^>]*>{name}<", svg)}
    assert red == {"sub-13"}
    assert min(Image.open(tmp_path / "a.png").size) > 200
    assert "14 of 14 maps." in (tmp_path / "a.rst").read_text()
