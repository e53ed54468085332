"""What is tested, over the whole mask and in small volumes, follows from the config."""

import pytest
from permaps.design.group_tests import group_tests, in_small_volumes

KEYS = ["voxel", "tfce"]
JOINT = {"combine": "fisher", "multivariate": None, "inputs": ["b", "a"], "contrasts": ["age", "sex"]}


def made(maps="one.nii.gz", joint=None):
    contrasts = {"age": "age", "sex": ["f", "m"]}
    return group_tests(
        {
            "dataset": {"maps": maps},
            "model": {"contrasts": contrasts},
            "inference": {"statistics": KEYS},
            "joint": joint or {},
        }
    )


def test_of_one_input_without_a_name_a_test_is_called_as_its_contrast():
    tests = made()
    assert list(tests) == ["contrast-age", "contrast-sex"]
    test = tests["contrast-sex"]
    assert f"{test}" == test.name == test.whole == "contrast-sex"
    assert (test.contrast, test.title, test.prefix, test.prefixes) == ("sex", "sex", "", [""])
    assert (test.voxel_stat, test.stats) == ("F", ["F", "tfce"])
    assert not test.is_joint and test.volume is None


def test_each_input_has_each_contrast():
    tests = made({"a": "a.nii.gz", "b": "b.nii.gz"})
    assert list(tests) == [f"input-{i}_contrast-{c}" for i in "ab" for c in ("age", "sex")]
    test = tests["input-b_contrast-age"]
    assert (test.title, test.prefix, test.prefixes, test.stats) == (
        "b: age", "input-b_", ["input-b_"], ["t", "tfce"]
    )  # fmt: skip


def test_a_joint_test_combines_each_contrast_in_each_of_its_inputs():
    tests = made({"a": "a.nii.gz", "b": "b.nii.gz"}, {"either": JOINT})
    test = tests["joint-either"]
    assert test.is_joint and test.stats == ["fisher", "tfce"]
    assert (test.contrast, test.title, test.prefix) == ("either", "either", "joint-either_")
    assert test.prefixes == ["input-b_", "input-a_"]
    assert test.combined == {
        "input-b_contrast-age": 0, "input-b_contrast-sex": 0, "input-a_contrast-age": 1, "input-a_contrast-sex": 1
    }  # fmt: skip
    assert set(test.combined) <= set(tests)


@pytest.mark.parametrize("volumes", [[], ["ball", "box"]])
def test_all_but_joint_tests_are_made_again_in_each_small_volume(volumes):
    tests = made(joint={"either": JOINT | {"inputs": []}})
    inside = in_small_volumes(tests, volumes)
    assert list(inside) == [f"contrast-{c}_volume-{v}" for c in ("age", "sex") for v in volumes]
    for name, test in inside.items():
        whole = tests[test.whole]
        assert (str(test), test.volume in volumes) == (name, True)
        assert (test.contrast, test.title, test.stats) == (whole.contrast, whole.title, whole.stats)
