"""The tools of the lock agree with us; what needs more is compared by `make agree`."""

import shutil

import pytest
from validation import page, peers


@pytest.fixture(scope="module")
def data():
    return peers.Data()


def agree(rows):
    apart = [row for row in rows if not row.good]
    assert rows
    assert not apart, apart


def test_statsmodels(data):
    agree(peers.against_statsmodels(data))


def test_tfce(data):
    agree(peers.against_tfce(data))


def test_nilearn(data):
    agree(peers.against_nilearn(data, 199, (0.1, 0.05, 0.02)))


def test_ari(data):
    agree(peers.against_ari(data))


def test_sanssouci(data):
    pytest.importorskip("sanssouci")
    agree(peers.against_sanssouci(data, 49))


@pytest.mark.skipif(not shutil.which("mrclusterstats"), reason="mrclusterstats is not installed")
def test_mrclusterstats(data, tmp_path):
    agree(peers.against_mrclusterstats(data, tmp_path, 30, (0.1, 0.05, 0.02)))


def test_page_is_generated_from_the_numbers_kept():
    assert (page.DOCS / "validation.md").read_text(encoding="utf-8") == page.text()
