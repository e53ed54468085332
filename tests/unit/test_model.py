"""A contrast's model: what a file of it holds, and that its relabellings keep to their blocks."""

import numpy as np
import pytest
from permaps.permutation.model import Model
from permaps.permutation.relabelling import relabellings
from studies import PAIR, STUDIES


@pytest.mark.parametrize("name", STUDIES)
def test_a_model_is_the_same_after_a_file(name, tmp_path):
    study = STUDIES[name]
    study.contrast_model().save(tmp_path / "model.npz")
    stored = Model.load(tmp_path / "model.npz")
    model, exchangeability = stored.estimator(), stored.exchangeability
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
