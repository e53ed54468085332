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
from permaps.workflow.jobs import job, log, warn


def main(
    *, participants, images, screened, variates, query, labels=(), voxelwise=(), zero_is_missing=True
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
    variates : dict of str to str
        Columns that the model uses, each with the config key that names it; who lacks one leaves.
    query : str or None
        Query that keeps participants.
    labels : collection of str
        Columns whose values are names, whatever they look like.
    voxelwise : sequence of str
        Covariates that are maps; who has no usable one leaves.
    zero_is_missing : bool
        Whether 0 in a map stands for a missing value.
    """
    cohort, entries = read_participants(participants), read_index(images)
    reasons = screen(cohort, entries, variates, query, labels, zero_is_missing)
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
    with job(snakemake):
        main(
            **snakemake.input,
            **snakemake.output,
            variates=used_by_model(
                snakemake.params.settings["formula"],
                snakemake.params.settings["blocks"],
                snakemake.params.settings["variance_groups"],
            ),
            query=snakemake.params.settings["query"],
            labels=categories(snakemake.params.settings["formula"]),
            voxelwise=snakemake.params.settings["voxelwise"],
            zero_is_missing=snakemake.params.settings["zero_is_missing"],
        )
