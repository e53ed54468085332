"""Who leaves, with which reason, and what is measured of the others."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import screen_participants
import select_participants
from held import entries_of, hold, store_of
from permaps.design.variates import used_by_model
from permaps.maps.images import load_volume, write_image
from permaps.quality import screening
from permaps.spaces.data_matrix import coverage
from permaps.tables.participants import read_participants
from permaps.tables.tsv import write_frame
from permaps.workflow.errors import UserError

SHAPE = (6, 7, 8)
AFFINE = np.array([[-3.0, 0, 0, 9], [0, 3, 0, -9], [0, 0, 3, -9], [0, 0, 0, 1]])


@pytest.fixture
def cohort(tmp_path):
    """Ten participants with sound maps."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(10):
        path = tmp_path / f"maps/{i}.nii.gz"
        write_image(path, rng.normal(size=SHAPE).astype(np.float32), AFFINE, "test")
        rows.append({"participant_id": f"S{i}", "map": str(path), "pseudo": float(i), "site": "AB"[i % 2]})
    return pd.DataFrame(rows)


def screen(cohort, *arguments):
    return screening.screen(cohort, entries_of(cohort), *arguments)


def screen_covariates(cohort, *arguments):
    return screening.screen_covariates(cohort, entries_of(cohort), *arguments)


def measure(cohort, mask, zero_is_missing=True):
    maps = store_of(cohort, Path(cohort["map"][0]).parent).maps(cohort["participant_id"], "map")
    return screening.measure(cohort, maps, mask, max_missing=0.1, zero_is_missing=zero_is_missing)


def values_of(cohort, row):
    return np.asarray(nib.load(cohort["map"][row]).dataobj).copy()


def replace(cohort, row, data, affine=AFFINE):
    write_image(cohort["map"][row], data, affine, "test")


def test_sound_participants_stay(cohort):
    assert screen(cohort, {"pseudo": "model.formula"}, None) == [""] * 10


def test_missing_variates_are_named_and_only_those_the_model_uses(cohort):
    cohort.loc[1, "pseudo"] = np.nan
    cohort.loc[2, ["pseudo", "site"]] = [np.nan, None]
    assert screen(cohort, {"pseudo": "model.formula", "site": "model.formula"}, None)[:3] == [
        "", "missing variate: pseudo", "missing variate: pseudo, site",
    ]  # fmt: skip
    assert screen(cohort, {}, None) == [""] * 10


def test_the_query_excludes(cohort):
    reasons = screen(cohort, {}, "site == 'A'")
    assert reasons == ["", "query: site == 'A'"] * 5


def test_who_has_no_value_for_the_query_leaves_with_that_reason(cohort):
    cohort.loc[0, "pseudo"] = np.nan
    cohort.loc[[0, 1], "site"] = None
    reasons = screen(cohort, {}, "not (pseudo > 5) or site != 'A'")
    assert reasons[:3] == [
        "missing value for the query: pseudo, site",
        "missing value for the query: site",
        "",
    ]
    assert screen(cohort, {"site": "model.formula"}, "pseudo < 50")[:3] == [
        "missing variate: site", "missing variate: site", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda x: x * 0, "empty"),
        (lambda x: x * np.nan, "empty"),
        (lambda x: x * 0 + 2.5, "constant (only the value 2.5)"),
        (lambda x: np.where(x > 0, 1.0, np.nan), "constant"),
        (lambda x: x * np.inf, "empty"),
        (lambda x: x * 1e300, "values too large for float32"),
        (lambda x: x[:-1], "shape 5 x 7 x 8, most maps have 6 x 7 x 8"),
        (lambda x: np.stack([x, x], -1), "several volumes"),
    ],
)
def test_unusable_values_are_told(cohort, damage, reason):
    replace(cohort, 4, damage(values_of(cohort, 4).astype(np.float64)))
    reasons = screen(cohort, {}, None)
    assert reasons.pop(4).startswith(reason)
    assert reasons == [""] * 9


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda x: x * 0, ""),
        (lambda x: (x > 1) * 1.0, ""),
        (lambda x: np.where(x > 1, 1.0, np.nan), "constant (only the value 1)"),
        (lambda x: x * 0 + 2.5, "constant (only the value 2.5)"),
        (lambda x: x * np.nan, "empty"),
    ],
)
def test_maps_of_lesions_stay_where_0_is_a_value(cohort, damage, reason):
    replace(cohort, 4, damage(values_of(cohort, 4).astype(np.float64)))
    told = screen(cohort, {}, None, frozenset(), False)[4]
    assert told.startswith(reason) and bool(told) is bool(reason)


def test_people_without_a_lesion_have_maps_of_their_own(cohort):
    for row in (2, 4):
        replace(cohort, row, values_of(cohort, row) * 0)
    for row in (5, 6):
        replace(cohort, row, (np.arange(np.prod(SHAPE)) < 40).reshape(SHAPE) * 1.0)
    metrics, reasons = measure(cohort, np.ones(SHAPE, bool), zero_is_missing=False)
    assert metrics["duplicate_of"].dropna().to_dict() == {6: "S5"}
    assert reasons == [""] * 10 and metrics["sd"][2] == 0


def test_maps_that_may_have_failed_are_told_where_0_is_a_value(cohort):
    names = list(cohort["participant_id"])
    assert screening.doubt_of_zeros(entries_of(cohort), names) == ""
    replace(cohort, 2, (values_of(cohort, 2) > 0) * 1.0)
    replace(cohort, 4, values_of(cohort, 4) * 0)
    said = screening.doubt_of_zeros(entries_of(cohort), names)
    assert said.startswith("2 maps hold 0 alone, or 0 and one other value (the first: that of S4)")
    for row in (0, 1, 3, 5, 6):
        replace(cohort, row, (values_of(cohort, row) > 0) * 1.0)
    # Most are lesions now, so that they are as they should be; one has none.
    assert screening.doubt_of_zeros(entries_of(cohort), names).startswith("1 map holds 0 alone")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_costs_its_voxel_and_not_its_map(cohort, value):
    data = values_of(cohort, 4)
    data[2, 3, 4] = value
    replace(cohort, 4, data)
    assert screen(cohort, {}, None) == [""] * 10
    covered = coverage([load_volume(path)[0] for path in cohort["map"]], False)
    assert covered[2, 3, 4] == 9 and (covered == 10).sum() == covered.size - 1


def test_nan_alone_is_no_reason(cohort):
    data = values_of(cohort, 0)
    data[0] = np.nan
    replace(cohort, 0, data)
    assert screen(cohort, {}, None)[0] == ""


def test_missing_and_unreadable_files_are_told(cohort, tmp_path):
    cohort.loc[0, "map"] = str(tmp_path / "none.nii")
    cohort.loc[1, "map"] = None
    (tmp_path / "text.nii").write_text("no image")
    cohort.loc[2, "map"] = str(tmp_path / "text.nii")
    reasons = screen(cohort, {}, None)
    assert reasons[0] == "missing file" and reasons[1].startswith("missing file (the table names no map")
    assert reasons[2].startswith("unreadable")


def test_the_odd_one_out_leaves_even_when_it_comes_first(cohort):
    replace(cohort, 0, values_of(cohort, 0), AFFINE @ np.diag([-1.0, 1, 1, 1]))
    shifted = AFFINE.copy()
    shifted[1, 3] += 1
    replace(cohort, 3, values_of(cohort, 3), shifted)
    replace(cohort, 5, values_of(cohort, 5), AFFINE + 1e-6)
    reasons = screen(cohort, {}, None)
    assert [i for i, r in enumerate(reasons) if r] == [0, 3]
    assert "(RAS), most maps have" in reasons[0] and "(LAS)" in reasons[0]
    assert reasons[3].startswith("affine [-3 0 0 9; 0 3 0 -8")


def test_those_who_leave_anyway_do_not_decide_the_grid(cohort):
    for row in range(6):
        replace(cohort, row, values_of(cohort, row)[:-1])
    cohort.loc[:5, "pseudo"] = np.nan
    assert [i for i, r in enumerate(screen(cohort, {"pseudo": "model.formula"}, None)) if not r] == [
        6,
        7,
        8,
        9,
    ]


def test_who_has_no_usable_map_of_a_covariate_leaves(cohort, tmp_path):
    cohort["map_gm"] = [str(tmp_path / f"gm/{i}.nii.gz") for i in range(10)]
    cohort["map_lesion"] = cohort["map_gm"]
    for i, path in enumerate(cohort["map_gm"]):
        write_image(path, np.full(SHAPE, i, np.float32), AFFINE, "test")  # constant and 0 are fine
    (tmp_path / "gm/1.nii.gz").unlink()
    (tmp_path / "gm/2.nii.gz").write_text("no image")
    cohort.loc[3, "map_gm"] = None
    write_image(
        tmp_path / "gm/4.nii.gz", np.ones(SHAPE, np.float32), AFFINE @ np.diag([-1.0, 1, 1, 1]), "test"
    )
    write_image(tmp_path / "gm/5.nii.gz", np.ones((7, 8, 3), np.float32), AFFINE, "test")
    write_image(tmp_path / "gm/6.nii.gz", np.full(SHAPE, np.nan, np.float32), AFFINE, "test")
    write_image(tmp_path / "gm/7.nii.gz", np.full(SHAPE, np.inf, np.float32), AFFINE, "test")
    cohort.loc[8, "map_lesion"] = str(tmp_path / "none.nii")
    reasons = screen_covariates(cohort, [""] * 9 + ["query: x"], ["gm", "lesion"])
    starts = [
        "", "covariate gm: missing file", "covariate gm: unreadable", "covariate gm: missing file (the table",
        "covariate gm: affine", "covariate gm: shape 7 x 8 x 3, the maps have 6 x 7 x 8", "covariate gm: empty",
        "covariate gm: infinite values", "covariate lesion: missing file", "query: x",
    ]  # fmt: skip
    assert [r.startswith(s) and bool(r) == bool(s) for r, s in zip(reasons, starts, strict=True)] == [
        True
    ] * 10


def test_the_grid_of_the_covariates_is_that_of_the_maps_that_stay(cohort, tmp_path):
    replace(cohort, 0, values_of(cohort, 0)[:-1])
    cohort["map_gm"] = [str(tmp_path / f"gm/{i}.nii.gz") for i in range(10)]
    for path in cohort["map_gm"]:
        write_image(path, np.ones(SHAPE, np.float32), AFFINE, "test")
    reasons = screen(cohort, {}, None)
    assert [bool(r) for r in screen_covariates(cohort, reasons, ["gm"])] == [True] + [False] * 9
    cohort.loc[1, "map_gm"] = cohort["map"][0]
    assert screen_covariates(cohort, reasons, ["gm"])[1].startswith("covariate gm: shape 5 x 7 x 8")


def run_screening(cohort, tmp_path, formula="1", voxelwise=()):
    """Run the script on a cohort and its images."""
    write_frame(cohort, tmp_path / "p.tsv")
    screen_participants.main(
        participants=tmp_path / "p.tsv",
        images=hold(cohort, tmp_path)["images"],
        screened=tmp_path / "screened.tsv",
        formula=formula,
        block_columns={},
        variance_groups=None,
        query=None,
        voxelwise=voxelwise,
    )


@pytest.mark.parametrize(
    ("covariate", "refused"),
    [
        (lambda x: x, True),
        (lambda x: (7 - 1e3 * x).astype(np.float32), True),
        (lambda x: np.where(x > 2, np.nan, x), True),
        (lambda x: x + 0.01 * np.random.default_rng(0).normal(size=x.shape).astype(np.float32), False),
        (lambda x: x * 0, False),
    ],
)
def test_a_covariate_that_is_the_map_itself_is_refused(cohort, tmp_path, covariate, refused):
    cohort["map_gm"] = str(tmp_path / "gm.nii.gz")
    write_image(tmp_path / "gm.nii.gz", covariate(values_of(cohort, 4)), AFFINE, "test")
    told = "covariate gm: holds the values of the map itself, up to scale"
    assert screen_covariates(cohort, [""] * 10, ["gm"])[4] == (told if refused else "")
    cohort["map_gm"] = cohort["map"]
    with pytest.raises(
        UserError, match=r"0 of 10 participants.*10 covariate gm: holds.*A covariate is another"
    ):
        run_screening(cohort, tmp_path, voxelwise=["gm"])


def test_maps_of_surfaces_are_refused_with_what_to_do(cohort, tmp_path):
    for row in range(10):
        replace(cohort, row, np.arange(300, dtype=np.float32).reshape(300, 1, 1))
    with pytest.raises(
        UserError, match=r"10 values of a surface.*shape 300 x 1 x 1.*vertices that are no neighbours"
    ):
        run_screening(cohort, tmp_path)


def test_too_few_is_an_error_that_sums_up(cohort, tmp_path):
    cohort.loc[:7, "pseudo"] = np.nan
    with pytest.raises(UserError, match=r"2 of 10 participants stay.*8 missing variate: pseudo.*S0"):
        run_screening(cohort, tmp_path, "1 + pseudo")
    assert not (tmp_path / "screened.tsv").exists()


def test_model_variates_are_those_of_formula_and_blocks():
    variates = used_by_model
    assert variates("1 + pseudo * site", {"within": None, "whole": "family"}, None) == {
        "pseudo": "model.formula",
        "site": "model.formula",
        "family": "permutation.blocks.whole",
    }
    assert variates("1", {"within": None, "whole": None, "nested": ["a", "b"]}, "site") == {
        "a": "permutation.blocks.nested",
        "b": "permutation.blocks.nested",
        "site": "model.variance_groups",
    }


def brain():
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1:5, 1:6, 1:7] = True
    return mask


def test_metrics_are_those_of_the_values_in_the_brain(cohort):
    data = values_of(cohort, 2)
    data[2, 2, 2:4] = np.nan
    data[3, 3, 3] = 0
    replace(cohort, 2, data)
    metrics, reasons = measure(cohort, brain())
    assert reasons == [""] * 10
    row, inside = metrics.iloc[2], data[brain()]
    present = inside[np.isfinite(inside) & (inside != 0)].astype(float)
    assert row.missing == pytest.approx(3 / 120)
    for name, value in {
        "mean": present.mean(), "sd": present.std(ddof=1), "min": present.min(), "max": present.max(),
        "q01": np.quantile(present, 0.01), "q50": np.median(present), "q99": np.quantile(present, 0.99),
    }.items():  # fmt: skip
        assert row[name] == pytest.approx(value)
    with_zeros, _ = measure(cohort, brain(), zero_is_missing=False)
    assert with_zeros.missing[2] == pytest.approx(2 / 120)


def test_the_correlation_is_with_the_mean_of_the_others(cohort):
    metrics, _ = measure(cohort, brain())
    maps = np.array([values_of(cohort, i)[brain()] for i in range(10)], dtype=float)
    others = np.delete(maps, 3, axis=0).mean(axis=0)
    assert metrics.correlation[3] == pytest.approx(np.corrcoef(maps[3], others)[0, 1])


def test_the_same_map_under_two_names_is_flagged_and_kept(cohort):
    data = values_of(cohort, 1)
    data[0, 0, 0] = np.nan
    replace(cohort, 1, data)
    replace(cohort, 7, data.astype(np.float64))
    metrics, reasons = measure(cohort, brain())
    assert metrics.duplicate_of.dropna().to_dict() == {7: "S1"}
    assert reasons == [""] * 10


@pytest.fixture
def selected(cohort, tmp_path):
    """Outputs of select_participants after S3 lost the lower half of its brain and S9 a variate."""
    data = values_of(cohort, 3)
    data[:, :, :4] = 0
    replace(cohort, 3, data)
    cohort.loc[9, "pseudo"] = np.nan
    run_screening(cohort, tmp_path, "1 + pseudo")
    paths = {n: tmp_path / f"{n}.tsv" for n in ("screened", "included", "excluded", "metrics")}
    write_image(tmp_path / "brain.nii.gz", brain(), AFFINE, "test")
    return paths | hold(cohort, tmp_path) | {"brain": tmp_path / "brain.nii.gz"}


def test_everyone_is_either_included_or_excluded_with_a_reason(selected, cohort):
    select_participants.main(**selected, max_missing=0.1, zero_is_missing=True)
    included, excluded = (read_participants(selected[n]) for n in ("included", "excluded"))
    assert list(included) == list(cohort) and list(excluded) == [*cohort, "reason"]
    assert excluded.participant_id.tolist() == ["S3", "S9"]
    assert excluded.reason.tolist() == [
        "misses 50.0% of the brain mask, more than 10.0%", "missing variate: pseudo",
    ]  # fmt: skip
    assert included.participant_id.tolist() == [f"S{i}" for i in (0, 1, 2, 4, 5, 6, 7, 8)]
    # A map that misses much is measured; one that was never compared is not.
    assert read_participants(selected["metrics"]).participant_id.tolist() == [f"S{i}" for i in range(9)]


@pytest.mark.parametrize(("factor", "said"), [(1e6, "0,000 times"), (1e-6, "0,000 of")])
def test_a_map_on_another_scale_is_told_in_the_table_and_on_the_terminal(
    cohort, selected, capsys, factor, said
):
    replace(cohort, 6, values_of(cohort, 6) * np.float32(factor))
    hold(cohort, selected["images"].parent)
    select_participants.main(**selected, max_missing=0.1, zero_is_missing=True)
    metrics = read_participants(selected["metrics"]).set_index("participant_id")
    assert said in metrics.stands_out["S6"] and metrics.stands_out.drop("S6").isna().all()
    told = capsys.readouterr().err
    assert "\nPermaps warns: 1 map stands out and is analysed all the same: S6 (values about " in told
    assert "\nPermaps warns: 1 participant is left out, of 10: 1 misses more than 10.0% of the" in told
    assert said in told and "those of the others" in told


def test_zeros_count_as_values_when_told_so(selected):
    select_participants.main(**selected, max_missing=0.1, zero_is_missing=False)
    assert read_participants(selected["excluded"]).participant_id.tolist() == ["S9"]


def test_nobody_left_is_an_error_and_writes_nothing(selected):
    with pytest.raises(UserError, match=r"0 of 10 participants stay"):
        select_participants.main(**selected, max_missing=-1.0, zero_is_missing=True)
    assert not any(selected[n].exists() for n in ("included", "excluded", "metrics"))
