"""A small run gives the numbers it always gave: a change of the statistics is never silent.

Integers are kept as hashes, other numbers to a relative 1e-6. When a change is meant, `make golden` renews
the files in tests/unit/golden/, and their difference belongs into the same commit.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from permaps.design import scheme as schemes
from permaps.design.partition import partition
from permaps.permutation import correction, model, null
from permaps.permutation.from_settings import enhancement_of
from permaps.permutation.relabelling import relabellings
from permaps.permutation.smallest import with_joined_parts
from permaps.spaces import adjacency
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.statistics import enhanced_maps, glm
from permaps.statistics.registry import ENHANCED_TIE

GOLDEN = Path(__file__).parent / "golden"
SHAPE = (9, 10, 8)
N = 16
RELABELLINGS = 60
RELATIVE = 1e-6

_i = np.arange(N)
_group = (_i >= 5).astype(float)
_age = (_i * 7) % 11 / 3.0
_ones = np.ones(N)
_pairs = (_i // 2).tolist()
SETTINGS = {
    "seed": 3,
    "two_sided": True,
    "enhance": True,
    "connectivity": 6,
    "tfce": {"extent": 0.5, "height": 2.0},
    "cluster_p": 0.01,
    "uncorrected_tfce": True,
}
ON_MESH = {"extent": 1.0, "height": 2.0}
CASES = {
    "groups with nuisance": ([_ones, _age, _group], [[0, 0, 1]], "permute", {}, {}),
    "regression, one-sided, 26 neighbours": (
        [_ones, _age],
        [[0, 1]],
        "permute",
        {},
        {"two_sided": False, "connectivity": 26},
    ),
    "one-sample flips, 18 neighbours": ([_ones], [[1]], "flip", {}, {"connectivity": 18}),
    "F, other exponents": (
        [_ones, _age, _group],
        [[0, 1, 0], [0, 0, 1]],
        "permute",
        {},
        {"tfce": {"extent": 1.0, "height": 1.5}},
    ),
    "permuted and flipped": ([_ones, _group], [[0, 1]], "both", {}, {}),
    "within blocks": ([_ones, _age], [[0, 1]], "permute", {"within": _pairs}, {}),
    "whole blocks, enumerated": ([_ones, (_i >= 10) * 1.0], [[0, 1]], "permute", {"whole": _pairs}, {}),
    "surface": ([_ones, _age], [[0, 1]], "permute", {}, {"space": "surface", "tfce": ON_MESH}),
    "grayordinates": (
        [_ones, _age, _group],
        [[0, 0, 1]],
        "permute",
        {},
        {"space": "grayordinates", "tfce": {"cortex": ON_MESH, "voxels": SETTINGS["tfce"]}},
    ),
    "parcels": ([_ones, _age], [[0, 1]], "permute", {}, {"space": "parcels"}),
    "connectome": ([_ones, _group], [[0, 1]], "permute", {}, {"space": "edges"}),
    "missing values": ([_ones, _age, _group], [[0, 0, 1]], "permute", {}, {"missing": True}),
    "variance groups": ([_ones, _group], [[0, 1]], "flip", {}, {"groups": True}),
}


def surface(rows, columns):
    """A grid of triangles with uneven edges, from whole numbers."""
    at = np.arange(rows * columns).reshape(rows, columns)
    one, right, below, across = at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]
    triangles = np.stack([one, right, below, right, across, below], axis=-1).reshape(-1, 3).astype(np.int32)
    i, j = np.divmod(np.arange(at.size), columns)
    places = np.column_stack([3 * i + i * j % 2, 3 * j + i % 3, (i * i + j) % 5]).astype(np.float32)
    return Surface(
        np.ones(at.size, bool), np.array(["L"]), np.array([at.size]), places, triangles, np.array(["grid"])
    )


def space_of(kind):
    """Something with as many elements as the maps have voxels."""
    n = int(np.prod(SHAPE))
    if kind == "surface":
        return surface(24, 30)
    if kind == "grayordinates":
        cortex, voxels = surface(20, 24), Volume(np.ones((6, 8, 5), bool), np.diag([2.0, 2.0, 2.0, 1.0]))
        names, structure = np.array(["CORTEX_LEFT", "THALAMUS_LEFT"]), np.repeat([0, 1], [480, 240])
        return Grayordinates(np.ones(n, bool), cortex, voxels, names, structure, np.arange(n))
    if kind == "parcels":
        pairs = np.column_stack([np.arange(n - 1), np.arange(1, n)])
        names = np.arange(n).astype(str)
        return Parcels(np.ones(n, bool), names, np.full((n, 3), np.nan), pairs, np.empty(0, np.uint8))
    if kind == "edges":
        return Edges(np.arange(39 * 38 // 2) < n, np.arange(39).astype(str), np.full((39, 3), np.nan))
    return Volume(np.ones(SHAPE, bool), np.eye(4))


def maps():
    """Smooth maps with effects, from integers alone: no library's generator or filter can change them."""
    words = np.random.Philox(key=5).random_raw(N * np.prod(SHAPE)).reshape(N, *SHAPE)
    values = (words >> np.uint64(44)).astype(np.int64) - 2**19
    for axis in (1, 2, 3):
        values = values + np.roll(values, 1, axis) + np.roll(values, -1, axis)
    values = values.reshape(N, -1)
    values[:, :60] += 3_000_000
    values[:, 400:460] += (4_000_000 * _group).astype(np.int64)[:, None]
    values[:, 600:640] -= (2_000_000 * _age).astype(np.int64)[:, None]
    # Exact in single precision.
    return (values // 64).astype(np.float32) / np.float32(2**15)


def digest(values):
    values = np.ascontiguousarray(values, "<i8")
    return f"{values.shape} " + hashlib.sha256(values.tobytes()).hexdigest()[:16]


def numbers(columns, contrast, scheme, blocks, changed):
    """Run an analysis in small and return what it found: hashes of integers, and floats."""
    settings = SETTINGS | {k: v for k, v in changed.items() if k in SETTINGS}
    y, x, c = maps(), np.column_stack(columns), np.array(contrast, float)
    groups = _group.astype(int) if changed.get("groups") else None
    if changed.get("missing"):
        y[3, 100:300] = y[11, 250:420] = np.nan
    is_f = len(c) > 1
    tested = model.contrast_model(
        x, c, "F" if is_f else "t", scheme, blocks, groups,
        incomplete=model.lack_participants(y),
        space=space_of(changed.get("space")),
    )  # fmt: skip
    moved, exchangeability = tested.estimator(), tested.exchangeability
    enhanced, both = enhancement_of(tested, settings)
    stop = min(RELABELLINGS + 1, exchangeability.n_distinct)
    source, sign = relabellings(exchangeability, settings["seed"], 0, stop)
    found = null.null_maxima(
        y, moved, exchangeability, settings["seed"], 0, stop, is_f=is_f, both_signs=both, enhancement=enhanced
    )
    if isinstance(enhanced, null.ByPart):
        maxima = {name: values for name, values in found.items() if len(values) == stop and name != "index"}
        joined = {f"null of {name}": values for name, values in with_joined_parts(maxima).items()}
        return rounded(joined | {"signs": digest(sign), "exceedances": digest(found["voxel_exceedances"])})
    observed = null.observed_statistic(y, moved, exchangeability, is_f=is_f)
    heights = observed.astype(np.float32)
    tfce = enhanced_maps.tfce_map(heights, enhanced.adjacency, enhanced.extent, enhanced.height, both)
    label, size, mass = enhanced_maps.clusters(heights, enhanced.adjacency, enhanced.threshold, both)
    reached = np.abs(observed) if both else observed
    p = {
        "voxel": correction.fwe_p(reached, found["voxel"]),
        "tfce": correction.fwe_p(np.abs(tfce), found["tfce"], ENHANCED_TIE),
        "cluster_size": correction.fwe_p(size[label].astype(float), found["cluster_size"], ENHANCED_TIE),
        "cluster_mass": correction.fwe_p(mass[label], found["cluster_mass"], ENHANCED_TIE),
    }
    every = slice(None, None, 37)
    result = {
        "distinct relabellings": str(exchangeability.n_distinct),
        "relabellings": digest(source),
        "signs": digest(sign),
        "exceedances": digest(found["voxel_exceedances"]),
        "clusters": digest(label),
        "cluster sizes": measured(size, size),
        "null of cluster size": measured(found["cluster_size"], size),
        **{f"FWE p of {name}, counts": digest(np.rint(values * stop)) for name, values in p.items()},
        "cluster threshold": [enhanced.threshold],
        "statistic": observed[every],
        "TFCE": tfce[every],
        "cluster mass": mass,
        "null of voxel": found["voxel"],
        "null of TFCE": found["tfce"],
        "null of cluster mass": found["cluster_mass"],
        "FDR p": correction.fdr_p(found["voxel_exceedances"] / stop)[every],
    }
    if enhanced.uncorrected:
        result["exceedances of TFCE"] = digest(found["tfce_exceedances"])
    if tested.kind == "common":
        fitted = glm.fit(y, x, c)
        result |= {f"parametric {name}": values[every] for name, values in fitted.items()}
        result["scheme by itself"] = schemes.scheme_of("auto", partition(x, c))
    return rounded(result)


def measured(values, sizes):
    """Sizes as a hash where they are numbers of elements, or as they are."""
    return digest(values.astype(int)) if sizes.dtype.kind == "i" else values


def rounded(result):
    return {k: [float(f"{x:.10g}") for x in v] if not isinstance(v, str) else v for k, v in result.items()}


def file_of(name):
    return GOLDEN / ("".join(c if c.isalnum() else "-" for c in name).replace("--", "-") + ".json")


def differences(found, golden):
    """Names of the quantities that changed, with how much."""
    changed = [f"{name}: only on one side" for name in found.keys() ^ golden.keys()]
    for name in found.keys() & golden.keys():
        new, old = found[name], golden[name]
        if isinstance(old, str) or len(new) != len(old):
            if new != old:
                changed.append(f"{name}: {old} became {new}")
        elif not np.allclose(new, old, rtol=RELATIVE, atol=RELATIVE * np.abs(old).max(initial=0)):
            far = np.abs(np.subtract(new, old)).max() / np.abs(old).max()
            changed.append(f"{name}: relative difference {far:.2g}")
    return sorted(changed)


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_what_they_were(name):
    found = numbers(*CASES[name])
    path = file_of(name)
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=0).replace(",\n", ", ").replace(', "', ',\n"') + "\n")
    changed = differences(found, json.loads(path.read_text()))
    assert not changed, "\n".join([*changed, "If it is meant: make golden, and commit the files."])


@pytest.mark.parametrize(
    ("module", "name", "replacement", "notices"),
    [
        (null, "margin", lambda observed, tie=0: -1e-3 * np.abs(observed), "exceedances"),
        (schemes, "scheme_of", lambda chosen, part: "flip", "scheme by itself"),
        (adjacency, "COORDINATES_APART", {6: 2, 18: 2, 26: 3}, "TFCE"),
    ],
)
def test_a_change_of_the_statistics_is_noticed(monkeypatch, module, name, replacement, notices):
    monkeypatch.setattr(module, name, replacement)
    case = "groups with nuisance"
    changed = differences(numbers(*CASES[case]), json.loads(file_of(case).read_text()))
    assert any(line.startswith(f"{notices}:") for line in changed), changed
