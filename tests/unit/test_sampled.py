"""Where values are missing, all distinct relabellings are a sample if people are alike in the design."""

from types import SimpleNamespace

import merge_nulls
import numpy as np
import pytest
from chunk_settings import SETTINGS
from permaps.design.block_tree import exchangeability_tree
from permaps.design.exchangeability import Exchangeability
from permaps.permutation.chunk import compute_chunk
from permaps.permutation.conjunction import conjoin
from permaps.permutation.model import contrast_model
from permaps.permutation.observed import observe
from permaps.reporting.limitations import _contrast_limits
from permaps.spaces.parcels import Parcels
from permaps.workflow.provenance import drawn_in

N_REGIONS = 6
SPACE = Parcels(
    np.ones(N_REGIONS, bool),
    np.arange(N_REGIONS).astype(str),
    np.full((N_REGIONS, 3), np.nan),
    np.empty((0, 2), int),
    np.empty(0, np.uint8),
)
GROUPS, AGES = [0.0, 0, 0, 1, 1, 1, 1], [1.0, 2, 3, 5, 8]


@pytest.mark.parametrize(
    ("blocks", "labels", "sampled"),
    [
        ({}, [0, 0, 1, 1], True),
        ({}, [0, 1, 2, 3], False),
        ({"within": [0, 0, 1, 1]}, [0, 1, 0, 1], False),
        ({"within": [0, 0, 0, 1, 1]}, [0, 1, 0, 0, 1], True),
        ({"whole": [0, 0, 1, 1, 2, 2]}, [0, 1, 2, 3, 0, 1], True),
        ({"whole": [0, 0, 1, 1, 2, 2]}, [0, 0, 1, 1, 2, 2], False),
    ],
)
def test_relabellings_are_a_sample_where_what_is_alike_changes_places(blocks, labels, sampled):
    def found(permute, flip, mixed):
        tree = exchangeability_tree(len(labels), **blocks)
        return Exchangeability(tree, labels, permute, flip, mixed).sampled

    assert found(True, False, True) == found(True, True, True) == sampled
    assert not found(False, True, True) and not found(True, False, False)


def merged(folder, x, seed, missing=True):
    """Merge the null of all distinct relabellings of a regression, and return the model, the maps and the paths."""
    rng = np.random.default_rng(1)
    maps = rng.standard_normal((len(x), N_REGIONS)).astype(np.float32)
    if missing:
        maps[rng.integers(len(x), size=4), np.arange(4)] = np.nan
    design = np.column_stack([np.ones(len(x)), x])
    model = contrast_model(
        design, np.array([[0.0, 1.0]]), "t", "permute", {}, incomplete=missing, space=SPACE
    )
    n = model.exchangeability.n_distinct
    settings = SETTINGS | {"enhance": False, "seed": seed}
    files = SimpleNamespace(
        matrix=folder / "maps.npy", model=folder / "model.npz", null=folder / f"null-{seed}.npz",
        counts=folder / f"counts-{seed}.npz", chunk=folder / f"0-{n}.npz",
    )  # fmt: skip
    np.save(files.matrix, maps)
    model.save(files.model)
    np.savez(files.chunk, **compute_chunk(maps, model, 0, n, settings, 100))
    merge_nulls.main(
        matrix=files.matrix, model=files.model, covariates=[], chunks=[files.chunk], null=files.null,
        exceedances=files.counts, n_permutations=10_000, statistics=["voxel"], shift=None, settings=settings,
    )  # fmt: skip
    return model, maps, files


@pytest.mark.parametrize(
    ("x", "missing", "exact"), [(GROUPS, True, False), (GROUPS, False, True), (AGES, True, True)]
)
def test_p_is_exact_where_the_seed_makes_no_difference(tmp_path, x, missing, exact):
    nulls = []
    for seed in (0, 1):
        model, _, files = merged(tmp_path, x, seed, missing)
        nulls.append(np.sort(np.load(files.null)["voxel"]))
        assert drawn_in(files.null, model.exchangeability.n_distinct)["exact"] == exact
    assert np.allclose(*nulls, rtol=1e-12) == exact


def test_a_conjunction_is_no_more_exact_than_its_tests(tmp_path):
    nulls, observed, counts = [], [], []
    for missing in (True, False):
        folder = tmp_path / str(missing)
        folder.mkdir()
        model, maps, files = merged(folder, GROUPS, 0, missing)
        observed.append(observe(maps, model, SETTINGS | {"enhance": False}))
        nulls.append(files.null)
        counts.append(files.counts)
    elements = [np.arange(N_REGIONS)] * 2
    _, one, _ = conjoin(observed, nulls, counts, elements, SPACE, concordant=False, shift=None)
    _, other, _ = conjoin(
        observed[1:], nulls[1:], counts[1:], elements[1:], SPACE, concordant=False, shift=None
    )
    assert "sampled" in one and "sampled" not in other


def test_limitations_do_not_ask_for_relabellings_that_do_not_exist():
    contrast = {"n_relabellings": 34, "smallest_p": 1 / 35, "exact": False, "scheme": "permute"}
    (of_all,) = _contrast_limits(contrast | {"n_distinct": 35}, 0.05, False)
    (of_some,) = _contrast_limits(contrast | {"n_distinct": "1e30"}, 0.05, False)
    assert "all distinct ones" in of_all and "more would" not in of_all
    assert "more would settle" in of_some
