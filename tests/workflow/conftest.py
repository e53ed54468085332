"""One finished run of the tiny study, which the tests of this folder look at or copy."""

import pytest
from tiny import write_study


@pytest.fixture(scope="session")
def finished(tmp_path_factory, snakemake):
    """The tiny study, run to the end. Not to be changed: `finished.copied(tmp_path / "study")` may be."""
    study = write_study(tmp_path_factory.mktemp("tiny"), snakemake)
    study.finish(timeout=900)
    return study
