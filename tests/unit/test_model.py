"""A contrast's model: what is read from tables, which rows are alike, what a file of it holds."""

import numpy as np
import pytest
from permaps.design.partition import partition
from permaps.permutation.model import (
    exchangeability_of,
    from_setup,
    like_rows,
    read_contrast,
    read_matrix,
    scheme_of,
)
from permaps.permutation.relabelling import relabellings
from permaps.workflow.errors import UserError
from studies import GROUP, ONE, PAIR, SCORE, STUDIES


def test_matrices_are_read_as_they_were_written(tmp_path):
    numbers = np.array([[1, 0.1], [1, -1 / 3], [1, 1e-17]])
    rows = [f"sub-{i}\t{a!r}\t{b!r}" for i, (a, b) in enumerate(numbers.tolist())]
    path = tmp_path / "design.tsv"
    path.write_text("\n".join(["participant_id\tIntercept\tage", *rows]) + "\n")
    names, keys, matrix = read_matrix(path)
    assert names == ["Intercept", "age"] and keys == [["sub-0"], ["sub-1"], ["sub-2"]]
    np.testing.assert_array_equal(matrix, numbers)


def test_a_contrast_is_found_among_others(tmp_path):
    path = tmp_path / "contrasts.tsv"
    lines = ["contrast\tstatistic\trow\tA\tB", "one\tt\t1\t1\t0", "both\tF\t1\t1\t0", "both\tF\t2\t0\t1"]
    path.write_text("\n".join(lines) + "\n")
    weights, is_f = read_contrast(path, "both")
    assert is_f and weights.tolist() == [[1, 0], [0, 1]]
    weights, is_f = read_contrast(path, "one")
    assert not is_f and weights.tolist() == [[1, 0]]


def test_a_chosen_scheme_is_kept():
    part = partition(np.column_stack([ONE, SCORE]), np.array([[0.0, 1.0]]))
    assert [scheme_of(s, part) for s in ("permute", "flip", "both", "auto")] == [
        "permute",
        "flip",
        "both",
        "permute",
    ]


@pytest.mark.parametrize("unit", [1, 1e-15, 1e15])
def test_likeness_of_rows_does_not_depend_on_units(unit):
    design = np.column_stack([ONE, unit * np.tile([0.1 + 0.2, 0.3, 0.7], 4)])
    # 0.1 + 0.2 and 0.3 differ in their last bit alone.
    assert like_rows(design).tolist() == [0, 0, 1] * 4


def test_a_design_with_one_relabelling_only_is_refused():
    labels = like_rows(np.column_stack([ONE, GROUP]))
    with pytest.raises(
        UserError, match=r"no relabelling but the observed one exists .* scheme 'permute' within"
    ):
        exchangeability_of(labels, "permute", {"within": GROUP.tolist()})
    with pytest.raises(UserError, match="no relabelling but the observed one exists"):
        exchangeability_of(np.zeros(12, int), "permute", {})


@pytest.mark.parametrize("name", STUDIES)
def test_a_model_is_the_same_after_a_file(name, tmp_path):
    study = STUDIES[name]
    np.savez(tmp_path / "setup.npz", **study.setup)
    with np.load(tmp_path / "setup.npz", allow_pickle=False) as file:
        model, exchangeability = from_setup(dict(file))
    direct, same = study.model()
    for array in ("basis", "rows"):
        np.testing.assert_array_equal(getattr(model, array), getattr(direct, array))
    assert (model.n_interest, model.dof) == (direct.n_interest, direct.dof)
    assert model.dof == len(study.design) - study.design.shape[1]
    assert exchangeability.n_distinct == same.n_distinct
    for one, other in zip(relabellings(exchangeability, 1, 0, 20), relabellings(same, 1, 0, 20), strict=True):
        np.testing.assert_array_equal(one, other)


def test_relabellings_keep_to_their_blocks():
    for name, study in STUDIES.items():
        if not study.blocks:
            continue
        source, sign = relabellings(study.model()[1], 0, 0, 50)
        if "whole" not in study.blocks:
            np.testing.assert_array_equal(PAIR[source], np.tile(PAIR, (50, 1)))
        else:
            # The two of a family stay together, whoever's place they take.
            np.testing.assert_array_equal(PAIR[source[:, ::2]], PAIR[source[:, 1::2]])
        if name == "families as wholes, flipped too":
            np.testing.assert_array_equal(sign[:, ::2], sign[:, 1::2])
