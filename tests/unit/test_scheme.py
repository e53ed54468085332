"""The scheme of a contrast, which rows are alike, and designs that nothing can be exchanged in."""

import numpy as np
import pytest
from permaps.design.partition import partition
from permaps.design.scheme import exchangeability_of, like_rows, scheme_of
from permaps.workflow.errors import UserError
from studies import GROUP, ONE, SCORE


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
