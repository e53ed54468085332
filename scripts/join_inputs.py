"""Decide who is analysed where participants have maps of several kinds: the same people in every model."""

from permaps.quality.screening import joined, reason_of, require_enough, split
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, REASON
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import job, log


def main(*, participants, excluded, require, all_included, all_excluded):
    """Write who has the inputs that are asked for, and who leaves and why.

    Parameters
    ----------
    participants : dict of str to path
        The participants table of every input, by its name.
    excluded : dict of str to path
        Who left it, with the reason.
    require : {"all", "any"}
        Whether a participant needs a map of every input, or of one.
    all_included, all_excluded : path
        Tables to write, with a column of maps for each input; it is empty where a participant has none of use.
    """
    tables = {name: read_participants(path) for name, path in participants.items()}
    why = {name: read_participants(path).set_index(ID)[REASON] for name, path in excluded.items()}
    people = joined(tables, why)
    reasons = [
        reason_of({name: left.get(person, "") for name, left in why.items()}, require)
        for person in people[ID]
    ]
    for person, reason in zip(people[ID], reasons, strict=True):
        if reason:
            log.info("%s leaves: %s", person, reason)
    require_enough(next(iter(tables.values())), reasons)
    staying, leaving = split(people, reasons)
    write_frame(staying, all_included)
    write_frame(leaving, all_excluded)
    log.info("%d participants are analysed, %d left", len(staying), len(leaving))


if "snakemake" in globals():
    with job(snakemake):
        names = snakemake.params.settings["inputs"]
        main(
            participants=dict(zip(names, snakemake.input.participants, strict=True)),
            excluded=dict(zip(names, snakemake.input.excluded, strict=True)),
            require=snakemake.params.settings["require"],
            all_included=snakemake.output.included,
            all_excluded=snakemake.output.excluded,
        )
