"""Joint tests: every combination against plain numpy, and its null against one with the same relabellings."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import build_joint
import fit_joint
import numpy as np
import pytest
import yaml
from chunk_settings import SETTINGS
from permaps.permutation.chunk import compute_chunk
from permaps.permutation.correction import fwe_p
from permaps.permutation.joining import shared_space
from permaps.permutation.joint import combined_model, load_model
from permaps.permutation.observed import observe
from permaps.permutation.relabelling import relabelling
from permaps.spaces.files import read_map
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcels import Parcels
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.statistics.combinations import COMBINATIONS, Partial, log_p_of, tables_of
from permaps.statistics.combining import combine
from permaps.statistics.evaluator import side_by_side
from permaps.statistics.registry import STATISTICS
from permaps.statistics.tabulated import table_of
from permaps.workflow.errors import UserError
from scipy import stats
from studies import STUDIES, Study

CUT = 0.05
DOFS = (20, 9, 15)
COMBINED = sorted(COMBINATIONS.keys() - {"conjunction"})
SPACE = Volume(np.ones((5, 4, 3), bool), np.eye(4))


def plainly(name, p, student):
    """Combine p, shape (n_partials, n), by the formulas of Winkler et al. 2016; student: t with these p."""
    k = len(p)
    count = np.arange(1, k + 1)[:, None]
    chi2 = -2 * np.log(p).sum(0)
    return {
        "tippett": -np.log(p.min(0)),
        "fisher": chi2,
        "pearson_david": np.maximum(chi2, -2 * np.log1p(-p).sum(0)),
        "stouffer": stats.norm.isf(p).sum(0) / np.sqrt(k),
        "wilkinson": (p <= CUT).sum(0),
        "winer": sum(student) / np.sqrt(k),
        "edgington": (1 - p).sum(0),
        "mudholkar_george": np.sqrt(3 * (5 * k + 4) / (k * np.pi**2 * (5 * k + 2)))
        * np.log((1 - p) / p).sum(0),
        "friston": -np.log(p.max(0)),
        "zaykin": np.where(p <= CUT, -np.log(p), 0).sum(0),
        "taylor_tibshirani": (1 - np.sort(p, 0) * (k + 1) / count).mean(0),
    }[name]


def combined(name, values, partials, signs=(1.0,)):
    out = np.empty(values.shape[1])
    combine(values, tables_of(name, partials), COMBINATIONS[name].how, np.array(signs), out)
    return out


@pytest.mark.parametrize("name", COMBINED)
@pytest.mark.parametrize("two_sided", [False, True])
def test_combinations_are_those_of_the_paper(name, two_sided):
    rng = np.random.default_rng(3)
    partials = [
        Partial(DOFS[0], 1, False, two_sided),
        Partial(DOFS[1], 1, False, two_sided),
        Partial(DOFS[2], 2, True, False),
    ]
    values = np.stack([*(2 * rng.standard_t(dof, 3000) for dof in DOFS[:2]), 2 * rng.f(2, DOFS[2], 3000)])
    one_tail = [stats.t.sf(np.abs(v) if two_sided else v, dof) for v, dof in zip(values, DOFS, strict=False)]
    p = np.stack([*(one * (1 + two_sided) for one in one_tail[:2]), stats.f.sf(values[2], 2, DOFS[2])])
    student = [stats.t.isf(one, dof) / np.sqrt(dof / (dof - 2)) for one, dof in zip(p, DOFS, strict=True)]
    expected = plainly(name, p, student)
    # Where p is 1 but for rounding, its logarithms have no digits.
    plain = (p < 1 - 1e-4).all(0)
    np.testing.assert_allclose(combined(name, values, partials)[plain], expected[plain], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(COMBINED) - {"taylor_tibshirani", "wilkinson"}))
def test_the_p_of_independent_tests_is_uniform(name):
    rng = np.random.default_rng(4)
    partials = [Partial(dof, 1, False, False) for dof in DOFS]
    values = np.stack([rng.standard_t(dof, 40_000) for dof in DOFS])
    p = np.exp(log_p_of(name, 3, len(COMBINATIONS[name].transforms), combined(name, values, partials)))
    for level in (0.01, 0.05):
        assert (p <= level).mean() == pytest.approx(level, abs=4 * np.sqrt(level / 40_000))


def test_concordant_effects_count_in_either_direction():
    partials = [Partial(20, 1, False, False)] * 2
    values = np.array([[3.0, -3.0, 3.0], [3.0, -3.0, -3.0]])
    both = combined("fisher", values, partials, (1.0, -1.0))
    up = combined("fisher", values, partials)
    assert both[0] == both[1] == up[0] > 10 * up[1]
    assert both[2] < both[0]


def test_a_table_is_the_function_and_as_monotone():
    table, x = table_of(lambda v: -stats.t.logsf(v, 7)), np.sort(np.random.default_rng(0).standard_t(2, 5000))
    out = np.empty(len(x))
    combine(x[None], table[None, None], 0, np.ones(1), out)
    np.testing.assert_allclose(out, -stats.t.logsf(x, 7), rtol=3e-6, atol=1e-6)
    assert (np.diff(out) >= 0).all()


@pytest.mark.parametrize("is_f", [False, True])
def test_a_statistic_of_nearly_0_has_its_own_p_to_1(is_f):
    """Of 1 - p, which is as small as the statistic: the largest of a whole brain are where |t| is least."""
    partials = [Partial(20, 2, True, False) if is_f else Partial(20, 1, False, True)] * 2
    values = np.abs(np.random.default_rng(0).standard_normal((2, 400))) * 10.0 ** np.linspace(-11, 0, 400)
    rest = stats.f.cdf(values, 2, 20) if is_f else 2 * stats.t.cdf(values, 20) - 1
    p = stats.f.sf(values, 2, 20) if is_f else 2 * stats.t.sf(values, 20)
    expected = np.maximum(-2 * np.log(p).sum(axis=0), -2 * np.log(rest).sum(axis=0))
    assert expected.max() > 80
    np.testing.assert_allclose(combined("pearson_david", values, partials), expected, rtol=1e-4, atol=1e-5)


def model_of(name, study="two groups and age", **options):
    parts = [STUDIES[study].contrast_model(space=SPACE) for _ in range(2)]
    return combined_model(name, parts, [0, 1], SPACE, **{"two_sided": True} | options)


def matrices(study="two groups and age"):
    """Two inputs of the same people, which depend on one another."""
    first = STUDIES[study].maps(SPACE.n_elements, seed=1)
    return [first, (0.6 * first + STUDIES[study].maps(SPACE.n_elements, seed=2)).astype(np.float32)]


def by_numpy(y, design, weights, source, sign):
    """The t of a relabelling by Freedman and Lane, from scratch."""
    nuisance = design @ np.linalg.svd(weights)[2][1:].T
    residual = y - nuisance @ np.linalg.lstsq(nuisance, y, rcond=None)[0]
    # The design takes the rows of `source`: as permuting the residuals the other way.
    moved = design[source] * sign[:, None]
    beta, *_ = np.linalg.lstsq(moved, residual, rcond=None)
    dof = len(design) - design.shape[1]
    variance = ((residual - moved @ beta) ** 2).sum(0) / dof
    return (weights @ beta)[0] / np.sqrt(
        variance * (weights @ np.linalg.inv(moved.T @ moved) @ weights.T)[0, 0]
    )


@pytest.mark.parametrize(
    ("name", "direction"),
    [("fisher", "two-sided"), ("stouffer", "one-sided"), ("tippett", "concordant"), ("friston", "two-sided")],
)
def test_the_null_is_that_of_plain_numpy_to_the_last_count(name, direction):
    study, n, maps = STUDIES["two groups and age"], 60, [one.astype(float) for one in matrices()]
    model = model_of(name, two_sided=direction == "two-sided", concordant=direction == "concordant")
    chunk = compute_chunk(matrices(), model, 0, n, SETTINGS, 100)
    dof, joint = model.tests[0].dof, []
    for j in range(n):
        source, sign = relabelling(model.exchangeability, SETTINGS["seed"], j)
        t = np.stack([by_numpy(y, study.design, study.weights, source, sign) for y in maps])
        p = {
            "two-sided": [2 * stats.t.sf(np.abs(t), dof)],
            "one-sided": [stats.t.sf(t, dof)],
            "concordant": [stats.t.sf(t, dof), stats.t.sf(-t, dof)],
        }[direction]
        joint.append(np.max([plainly(name, one, t) for one in p], axis=0))
    observed, maxima = joint[0], np.max(joint, axis=1)
    reached = (joint >= observed - 1e-7 * np.maximum(np.abs(observed), 1)).sum(0)
    np.testing.assert_allclose(chunk["voxel"], maxima, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(chunk["voxel_exceedances"], reached)
    ours = fwe_p(observe(matrices(), model, SETTINGS).measures["voxel"], chunk["voxel"])
    np.testing.assert_array_equal(ours, fwe_p(observed, maxima, 1e-6))


@pytest.mark.parametrize("name", COMBINED)
def test_bits_do_not_depend_on_the_split(name, tmp_path):
    model_of(name).save(tmp_path / "model.npz")
    model = load_model(tmp_path / "model.npz")
    whole = compute_chunk(matrices(), model_of(name), 0, 12, SETTINGS, 100)
    first, second = (compute_chunk(matrices(), model, *ends, SETTINGS, 0.01) for ends in ((0, 5), (5, 12)))
    for key in ("voxel", "tfce", "cluster_size", "cluster_mass", "curve_p"):
        np.testing.assert_array_equal(whole[key], np.concatenate([first[key], second[key]]))
    np.testing.assert_array_equal(
        whole["voxel_exceedances"], first["voxel_exceedances"] + second["voxel_exceedances"]
    )
    observed = observe(matrices(), model, SETTINGS).measures
    for key in ("voxel", "tfce", "cluster_mass"):
        np.testing.assert_allclose(observed[key].max(), whole[key][0], rtol=1e-6)


def test_every_relabelling_as_the_observed_one_has_the_same_null():
    """Exact: the set of all relabellings, enumerated, is the same whichever of them was observed."""
    study = "one sample"
    model = model_of("fisher", study)
    n = model.exchangeability.n_distinct
    assert n == 2**12
    expected = np.sort(
        compute_chunk(matrices(study), model, 0, n, SETTINGS | {"enhance": False}, 100)["voxel"]
    )
    _, sign = relabelling(model.exchangeability, SETTINGS["seed"], 77)
    flipped = [(one * sign[:, None]).astype(np.float32) for one in matrices(study)]
    found = np.sort(compute_chunk(flipped, model, 0, n, SETTINGS | {"enhance": False}, 100)["voxel"])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_schema_registry_and_formulas_have_the_same_names():
    schema = yaml.safe_load(
        (Path(__file__).parents[2] / "config/schemas/config.schema.yaml").read_text("utf-8")
    )
    joint = schema["properties"]["joint"]["additionalProperties"]
    assert set(joint["properties"]["combine"]["enum"]) - {None} == set(COMBINATIONS)
    assert all(STATISTICS[name].one_tail and STATISTICS[name].reference for name in COMBINATIONS)


@pytest.fixture
def files(tmp_path):
    """Models and matrices of two inputs whose masks overlap, as `build_joint` reads them."""
    masks = [np.ones((5, 4, 3), bool) for _ in range(2)]
    masks[0][0], masks[1][-1] = False, False
    found = {"models": {}, "matrices": []}
    for name, mask, maps in zip(("faces", "houses"), masks, matrices(), strict=True):
        STUDIES["two groups and age"].contrast_model(space=Volume(mask, np.eye(4))).save(
            tmp_path / f"{name}.npz"
        )
        np.save(tmp_path / f"{name}.npy", maps[:, mask.ravel()])
        found["models"][name] = tmp_path / f"{name}.npz"
        found["matrices"].append(tmp_path / f"{name}.npy")
    return found


def test_a_multivariate_test_has_the_elements_where_nobody_lacks_a_value(files, tmp_path):
    holes = np.load(files["matrices"][0])
    holes[3, :5] = np.nan
    np.save(files["matrices"][0], holes)
    part = load_model(files["models"]["faces"])
    replace(part, kind="voxelwise", regressors=None, incomplete=True).save(files["models"]["faces"])
    model, plan = build(tmp_path, **files, statistic="wilks")
    lacking = np.flatnonzero(part.space.mask)[:5]
    assert (
        model.kind == "multivariate" and model.space.mask.sum() == 36 - np.isin(lacking, range(12, 48)).sum()
    )
    assert not model.space.mask.ravel()[lacking].any()
    assert all(np.isfinite(own).all() for own in model.maps(files["matrices"]))
    assert np.exp(model.log_p(plan["threshold"])) == pytest.approx(0.001)
    outputs = {name: tmp_path / f"{name}.nii.gz" for name in ("stat", "z", "bonferroni")}
    fit_joint.main(
        matrix=files["matrices"], covariates=[], model=tmp_path / "joint.npz", title="profile", **outputs
    )
    wilks, z, logp = (read_map(model.space, outputs[name]) for name in outputs)
    p = np.exp(model.log_p(wilks))
    np.testing.assert_allclose(stats.norm.sf(z), p, rtol=1e-3)
    np.testing.assert_allclose(10.0**-logp, np.minimum(p * model.space.n_elements, 1), rtol=1e-3)


def build(folder, models, matrices, **options):
    given = {
        "name": "either",
        "statistic": "fisher",
        "direction": None,
        "two_sided": True,
        "cluster_p": 0.001,
    }
    build_joint.main(
        models=models, matrices=matrices, inputs=[0, 1], output=folder / "joint.npz", mask=folder / "mask.nii.gz",
        plan=folder / "plan.json", **given | options,
    )  # fmt: skip
    return load_model(folder / "joint.npz"), json.loads((folder / "plan.json").read_text())["either"]


def test_the_elements_are_those_that_all_inputs_have(files, tmp_path):
    model, plan = build(tmp_path, **files)
    assert model.space.mask.sum() == 3 * 4 * 3 and not model.space.mask[[0, -1]].any()
    maps = model.maps(files["matrices"])
    for own, whole in zip(maps, matrices(), strict=True):
        np.testing.assert_array_equal(own, whole[:, model.space.mask.ravel()])
    assert plan["scheme"] == "permute" and plan["n_distinct"] == model.exchangeability.n_distinct
    assert stats.chi2.sf(plan["threshold"], 4) == pytest.approx(0.001)
    outputs = {name: tmp_path / f"{name}.nii.gz" for name in ("stat", "z", "bonferroni")}
    fit_joint.main(
        matrix=files["matrices"], covariates=[], model=tmp_path / "joint.npz", title="either", **outputs
    )
    combined, z, logp = (read_map(model.space, outputs[name]) for name in outputs)
    np.testing.assert_allclose(stats.norm.sf(z), stats.chi2.sf(combined, 4), rtol=1e-3)
    study = STUDIES["two groups and age"]
    still = (np.arange(12), np.ones(12))
    t = [by_numpy(own.astype(float), study.design, study.weights, *still) for own in maps]
    least = np.min([2 * stats.t.sf(np.abs(one), model.tests[0].dof) for one in t], axis=0)
    np.testing.assert_allclose(10.0**-logp, np.minimum(least * 2 * model.space.n_elements, 1), rtol=1e-3)


def octahedron(moved=0.0):
    faces = np.array([[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)], np.int32)
    places = np.concatenate([np.eye(3), -np.eye(3)])[[0, 3, 1, 4, 2, 5]].astype(np.float32) + np.float32(
        moved
    )
    return Surface(np.ones(6, bool), np.array(["L"]), np.array([6]), places, faces, np.array(["mine"]))


def grayordinates(moved=0.0, n_voxels=8):
    voxels = Volume(np.ones((2, 2, n_voxels // 4), bool), np.eye(4))
    structure = np.repeat([0, 1], [6, n_voxels])
    names = np.array(["CORTEX_LEFT", "PUTAMEN_LEFT"])
    mask = np.arange(6 + n_voxels) % 5 != 0
    return Grayordinates(mask, octahedron(moved), voxels, names, structure, np.arange(6 + n_voxels))


def regions(names):
    return Parcels(
        np.ones(len(names), bool), np.array(list(names)), np.full((len(names), 3), np.nan), np.empty((0, 2), int),
        np.empty(0, np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (octahedron(), octahedron().part(np.arange(1, 6)), None),
        (octahedron(), octahedron(1.0), "the maps of a and of b are on different grids or meshes"),
        (grayordinates(), grayordinates().part(np.arange(1, 9)), None),
        (grayordinates(), grayordinates(1.0), "on different grids or meshes"),
        (grayordinates(), grayordinates(n_voxels=12), "on different grids or meshes"),
        (regions("vwx"), regions("vwx").part([0, 2]), None),
        (regions("vwx"), regions("vwy"), "a and b are not of the same regions: .*'x' is in a alone"),
        (regions("vwx"), regions("wvx"), "found other names or another order"),
        (regions("vwx"), octahedron(), "on different grids or meshes"),
    ],
)
def test_tests_share_what_their_maps_are_defined_on(one, other, says):
    models = {"a": SimpleNamespace(space=one), "b": SimpleNamespace(space=other)}
    if says:
        with pytest.raises(UserError, match=says):
            shared_space("either", models, [True, True])
        return
    space, (mine, its) = shared_space("either", models, [True, True])
    assert len(mine) == len(its) == space.n_elements == other.n_elements


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("follows", "at every voxel, an input is constant or the sum of multiples of others"),
        ("freedom", "2 inputs, and 2 residual degrees of freedom. Expected more of these than inputs"),
        ("missing", "the tests have 0 voxels in common"),
    ],
)
def test_what_cannot_be_tested_multivariately_is_refused(files, tmp_path, damage, says):
    first = np.load(files["matrices"][0])
    if damage == "follows":
        mask = load_model(files["models"]["faces"]).space.mask
        study = STUDIES["two groups and age"]
        study.contrast_model(space=Volume(mask, np.eye(4))).save(files["models"]["houses"])
        np.save(files["matrices"][1], 3 - 2 * first)
    elif damage == "freedom":
        noise = np.random.default_rng(0).standard_normal((12, 8))
        study = Study([np.ones(12), np.arange(12.0), *noise.T], [0, 1, *[0] * 8], "permute")
        for path in files["models"].values():
            study.contrast_model(space=load_model(path).space).save(path)
    else:
        first[0] = np.nan
        np.save(files["matrices"][0], first)
        part = load_model(files["models"]["faces"])
        replace(part, incomplete=True).save(files["models"]["faces"])
    with pytest.raises(UserError, match=re.escape(says)):
        build(tmp_path, **files, statistic="wilks")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("grid", "the maps of faces and of houses are on different grids or meshes"),
        ("apart", "the tests have 0 voxels in common"),
        ("scheme", "faces is relabelled by permute, and houses by flip"),
        ("copy", "faces and houses have the same values for everyone"),
    ],
)
def test_what_cannot_be_combined_is_refused(files, tmp_path, damage, says):
    mask, affine, study = np.ones((5, 4, 3), bool), np.eye(4), "two groups and age"
    mask[-1] = False
    if damage == "grid":
        affine = np.diag([2.0, 2, 2, 1])
    elif damage == "apart":
        mask[1:] = False
    elif damage == "scheme":
        study = "one sample"
    else:
        np.save(files["matrices"][1], np.load(files["matrices"][0]))
    STUDIES[study].contrast_model(space=Volume(mask, affine)).save(files["models"]["houses"])
    with pytest.raises(UserError, match=re.escape(says)):
        build(tmp_path, **files)


@pytest.mark.parametrize("widths", [(4, 4), (3, 5), (11, 4), (1, 100)])
def test_stretches_of_unlike_width_are_taken_side_by_side(widths):
    """Models of unlike kinds yield stretches of unlike width, the last of which may go beyond the elements."""
    n = 11
    whole = np.arange(2.0 * 3 * n).reshape(2, 3, n)

    def stretches(values, width):
        padded = np.pad(values, [(0, 0), (0, width)])
        held = np.empty((3, width))
        for first in range(0, n, width):
            held[:] = padded[:, first : first + width]
            yield first, held

    evaluated = [stretches(values, width) for values, width in zip(whole, widths, strict=True)]
    together = np.full(whole.shape, np.nan)
    for first, values in side_by_side(evaluated, n):
        for k, own in enumerate(values):
            together[k, :, first : first + own.shape[1]] = own
    np.testing.assert_array_equal(together, whole)
