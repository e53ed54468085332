"""Find who cannot be analysed: a variate is missing, the query is false, or an image is unusable."""

from permaps.design.formula import categories
from permaps.design.variates import used_by_model
from permaps.maps.store import read_index
from permaps.quality.screening import doubt_of_zeros, require_enough, screen, screen_covariates
from permaps.tables.participants import read_participants
from permaps.tables.query import columns_of
from permaps.tables.stand_ins import doubts
from permaps.tables.text import ID, REASON
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import log, run, warn


def main(
    *, participants, images, screened, formula, block_columns, variance_groups, query, voxelwise=(),
    zero_is_missing=True
):  # fmt: skip
    """Screen the participants and write their table with a column `reason`, empty for those who stay.

    Parameters
    ----------
    participants : path
        Table with participant_id, map and variates.
    images : path
        What their images are.
    screened : path
        Table to write.
    formula, block_columns, variance_groups
        As for `make_design`; who lacks a value in a column that they name leaves.
    query : str or None
        Query that keeps participants.
    voxelwise : sequence of str
        Covariates that are maps; who has no usable one leaves.
    zero_is_missing : bool
        Whether 0 in a map stands for a missing value.
    """
    cohort, entries = read_participants(participants), read_index(images)
    variates = used_by_model(formula, block_columns, variance_groups)
    reasons = screen(cohort, entries, variates, query, categories(formula), zero_is_missing)
    reasons = screen_covariates(cohort, entries, reasons, voxelwise)
    for name, reason in zip(cohort[ID], reasons, strict=True):
        if reason:
            log.info("%s leaves: %s", name, reason)
    require_enough(cohort, reasons)
    staying = cohort[[not reason for reason in reasons]]
    for text in doubts(staying, set(columns_of(query) if query else []) - set(variates)):
        warn(text)
    if not zero_is_missing and (text := doubt_of_zeros(entries, list(staying[ID]))):
        warn(text)
    write_frame(cohort.assign(**{REASON: reasons}), screened)
    log.info("%d of %d participants stay", reasons.count(""), len(reasons))


if "snakemake" in globals():
    run(main, snakemake)
