"""What the fuzzing, and thinking like it, has found: each was a traceback, a hang or a huge allocation once."""

import csv
import gzip
import resource
import time

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from damage import an_image
from permaps.cohort.sources import map_files
from permaps.design.matrix import design_matrix
from permaps.maps.images import UnusableMap, load_volume
from permaps.tables.query import select
from permaps.tables.text import read_rows
from permaps.workflow.config import resolve
from permaps.workflow.errors import UserError
from permaps.workflow.files import check_files
from test_fuzz import DEFAULTS, SCHEMA, table


@pytest.fixture(autouse=True)
def within_reason():
    """Every refusal is quick, and takes little memory."""
    begin, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - begin < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # kB


@pytest.mark.parametrize(
    "formula",
    [
        "(]",  # formulaic: AttributeError
        "(age + group) ** 100",  # 2^100 terms
        "age ** 1000000",  # a million steps for one term
        " * ".join(["age", "group"] * 20),
        "poly(age, 1000000000)",
        "poly(age, 10 ** 9)",
        "bs(age, df=100000000)",
        "I('a' * 10000000000)",
        "I(group * 10000000000)",
        "I([1] * 1000000000)",
        "I('%999999999d' % 1)",
        "I(9 ** 9 ** 9)",
        "{''}",  # a column of text: numpy's ValueError
        "1 + {'a'}",
        "(" * 3000 + "age",
        "1 + " * 5000,
    ],
    ids=lambda formula: formula[:24],
)
def test_a_formula_beyond_reason_is_refused(formula):
    with pytest.raises(UserError, match=r"model\.formula") as caught:
        design_matrix(table(), formula)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "query",
    [
        "'%999999999d' % 1 == group",  # a gigabyte of text
        "group in ['a'] * 1000000000",
        "group == 'a' * 10000000000",
        "group * 10000000000 == 'a'",
        "(" * 3000 + "age",
        "-" * 100000 + "age > 1",
    ],
    ids=lambda query: query[:24],
)
def test_a_query_beyond_reason_is_refused(query):
    with pytest.raises(UserError, match=r"quality\.query"):
        select(table(), query)


def test_a_query_with_an_odd_number_warns_nobody(recwarn):
    with pytest.raises(UserError):
        select(table(), "age > 1and")
    assert not recwarn.list


@pytest.mark.parametrize("side", [640, 1200, 32000])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_claims_more_than_the_file_holds_takes_no_memory(tmp_path, side, zipped):
    content = bytearray(an_image())
    content[42:48] = np.array([side] * 3, "<i2").tobytes()
    file = tmp_path / ("map.nii.gz" if zipped else "map.nii")
    file.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(UnusableMap, match="the header claims"):
        load_volume(file)


def test_what_a_gz_file_can_hold_is_not_refused(tmp_path):
    zeros = np.zeros((60, 60, 60), np.float32)  # as small as gzip gets it
    nib.save(nib.Nifti1Image(zeros, np.eye(4)), tmp_path / "map.nii.gz")
    assert load_volume(tmp_path / "map.nii.gz")[0].shape == zeros.shape


def test_an_affine_beyond_all_numbers_is_refused_without_a_warning(tmp_path, recwarn):
    affine = np.diag([1e150, 1e150, 1e150, 1])
    nib.save(nib.Nifti2Image(np.ones((2, 2, 2), np.float32), affine), tmp_path / "map.nii")
    with pytest.raises(UnusableMap, match="affine"):
        load_volume(tmp_path / "map.nii")
    assert not recwarn.list


@pytest.mark.parametrize("text", ["a" * 200_000, "participant_id\n" + "a" * 200_000])
def test_a_field_beyond_the_limit_of_csv_is_refused(tmp_path, text):
    assert len(text) > csv.field_size_limit()
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(UserError):
        read_rows(tmp_path / "t.tsv")
    assert map_files({"source": "table", "path": tmp_path / "t.tsv"}, "map") == []


def test_a_zero_byte_in_a_path_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = {"source": "table", "path": "a\0b.tsv", "maps": "map"}
    with pytest.raises(UserError, match=r"dataset\.path"):
        check_files(resolve({"dataset": dataset}, DEFAULTS, SCHEMA))
    assert map_files(dataset, "map") == []


def test_one_map_with_a_hole_at_the_border_keeps_the_mask():
    from permaps.quality.brain_mask import brain_mask

    inside = np.zeros((8, 8, 8), bool)
    inside[1:-1, 1:-1, 1:-1] = True
    maps = []
    for i in range(5):
        data = np.where(inside, np.random.default_rng(i).normal(size=inside.shape), 0).astype(np.float32)
        data[1:3] = np.nan if i == 0 else data[1:3]
        maps.append(data)
    np.testing.assert_array_equal(brain_mask("background", maps, np.eye(4)), inside)


def test_text_may_be_compared():
    kept = select(
        pd.DataFrame({"participant_id": ["1", "2"], "site": ["A", "B"]}), "site == 'A' | site == 'C'"
    )
    assert kept.tolist() == [True, False]


def test_a_config_that_holds_itself_does_not_hang(tmp_path):
    (tmp_path / "c.yaml").write_text("mask: &mask\n  file: a\n  file: b\n  again: *mask\n")
    with pytest.raises(UserError, match=r"mask\.file: is in .* twice \(lines 2 and 3\)"):
        check_files(resolve({"results": str(tmp_path)}, DEFAULTS, SCHEMA), [tmp_path / "c.yaml"])
