"""A mask that can hardly be that of a whole brain is told."""

import numpy as np
import pytest
from permaps.quality.plausible import doubt_of_labels, doubts_of_mask


@pytest.mark.parametrize(
    ("n_voxels", "share", "says"),
    [
        (81_592, 0.93, "takes 93 % of the image for brain (81,592 voxels, 2.2 litres)"),
        (150_000, 0.5, "a mask of 4 litres, and a whole brain has 0.8 to 2.2"),
        (10_000, None, "a mask of 0.27 litres"),
        (50_000, 0.4, ""),
        (50_000, None, ""),
    ],
)
def test_masks_that_are_no_brains(n_voxels, share, says):
    told = list(doubts_of_mask("background", n_voxels, [3, 3, 3], share))
    assert len(told) == bool(says) and all(says in text for text in told)
    (of_template,) = doubts_of_mask("template", 81_592, [3, 3, 3], 0.93)
    assert "a brain in MNI space" in of_template and "strategy: template, or" not in of_template
    # What the user gives may be a part of the brain.
    assert not list(doubts_of_mask("file", n_voxels, [3, 3, 3], share))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.repeat([0, 3, 7], 20), True),
        (np.repeat([0, 3, np.nan], 20), False),  # two numbers, as of a mask
        (np.repeat([-1, 3, 7], 20), False),
        (np.repeat([0, 3, 7.5], 20), False),
        (np.arange(60), False),  # as many numbers as vertices are values
    ],
)
def test_whole_numbers_that_may_be_labels_are_told(values, told):
    text = doubt_of_labels(np.asarray(values, np.float32), "vertices")
    assert bool(text) == told and (not told or "3 different ones: labels of regions?" in text)
