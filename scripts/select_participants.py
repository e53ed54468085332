"""Compare every map with the brain mask, and decide who is analysed."""

import pandas as pd
from permaps.maps.store import Store
from permaps.quality.outliers import flag, sentence
from permaps.quality.screening import measure, require_enough, split, told_of_leaving
from permaps.spaces.files import read_space
from permaps.tables.participants import read_participants
from permaps.tables.reasons import KNOWN_BEFORE, WANTED
from permaps.tables.text import ID, MAP, REASON
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import log, run, warn


def main(
    *, screened, images, values, brain, included, excluded, metrics, max_missing, zero_is_missing
):  # fmt: skip
    """Write who is included, who is left out and why, and the metrics of every usable map; warn of outliers.

    Parameters
    ----------
    screened : path
        Participants table with `reason`, empty for those who stay.
    images, values : path
        What their images are, and the values of these.
    brain : path
        Brain mask.
    included, excluded, metrics : path
        Tables to write; `excluded` has the reasons.
    max_missing : float
        Largest share of the brain mask that a map may miss.
    zero_is_missing : bool
        Whether an exact 0 stands for a missing value.
    """
    cohort = read_participants(screened)
    reasons = cohort[REASON].fillna("")
    cohort = cohort.drop(columns=REASON)
    usable = reasons == ""
    space = read_space(brain)
    maps = Store(images, values).maps(cohort[ID][usable], MAP)
    measures, missing = measure(
        cohort[usable],
        maps,
        space.mask,
        max_missing=max_missing,
        zero_is_missing=zero_is_missing,
        whole=space.whole,
    )
    reasons[usable] = missing
    for name, reason in zip(cohort[ID][usable], missing, strict=True):
        if reason:
            log.info("%s leaves: %s", name, reason)
    require_enough(cohort, reasons)
    staying, leaving = split(cohort, reasons)
    # The rest was told before anything ran, or is as quality.query has it.
    if lost := told_of_leaving(
        cohort, list(reasons), lambda reason: not reason.startswith((*KNOWN_BEFORE, *WANTED))
    ):
        warn(lost)
    measures["stands_out"] = pd.Series(flag(measures), index=measures.index, dtype=object)
    write_frame(staying, included)
    write_frame(leaving, excluded)
    write_frame(measures, metrics)
    outliers = measures[measures[ID].isin(staying[ID])].set_index(ID)["stands_out"].dropna()
    if note := sentence(outliers.to_dict()):
        warn(note)
    log.info("%d participants are analysed, %d left", len(staying), len(leaving))


if "snakemake" in globals():
    run(main, snakemake)
