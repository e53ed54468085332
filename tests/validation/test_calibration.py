"""Error rates under the null stay where they belong, and the checks of them notice when they do not."""

import pytest

from validation import calibrate, gates


@pytest.mark.parametrize(
    "name",
    [
        "balanced_normal",
        "nuisance_normal",
        "f_exponential",
        "whole_normal",
        "within_normal",
        "flips_normal",
    ],
)
def test_family_wise_error_is_kept(name):
    gates.check_size(name, 19)


@pytest.mark.parametrize(("name", "n_relabellings"), [("balanced_normal", 20), ("few_exponential", 39)])
def test_family_wise_error_of_voxels_is_kept(name, n_relabellings):
    gates.check_size(name, n_relabellings, gates.VOXELS)


def test_p_is_exact_when_all_relabellings_are_enumerated():
    gates.check_exact()


def test_null_is_that_of_freedman_lane_by_least_squares():
    gates.check_least_squares()


@pytest.mark.parametrize("mutation", gates.MUTATIONS, ids=lambda m: f"{m.title}-{m.caught_by}")
def test_checks_catch(mutation, monkeypatch):
    mutation.apply(monkeypatch.setattr)
    with pytest.raises(AssertionError) as caught:
        mutation.check()
    # Ours, not one from inside a library.
    assert caught.traceback[-1].path.name == "gates.py"


def test_rows_that_are_measured_alone_take_the_place_of_theirs():
    def rates(n, **rows):
        return {"n": n, "relabellings": 99, "rejections": rows}

    found = calibrate.merged(
        rates(10, cut_normal=1, balanced_normal=2), rates(10, cut_normal=3, few_exponential=4)
    )
    assert found == rates(10, balanced_normal=2, few_exponential=4, cut_normal=3)
    assert list(found["rejections"]) == ["balanced_normal", "few_exponential", "cut_normal"]  # as on the page
    with pytest.raises(SystemExit, match="--data-sets 20"):
        calibrate.merged(rates(20), rates(10))
