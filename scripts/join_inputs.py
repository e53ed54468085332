"""Decide who is analysed where participants have maps of several kinds: the same people in every model."""

import pandas as pd
from permaps.quality.screening import require_enough, split
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, MAP, REASON, map_column
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


def joined(tables, why):
    """Return one table of participants, with the map of each input in a column of its own."""
    first = next(iter(tables.values()))
    maps = {
        map_column(name): table[MAP].mask(table[ID].isin(why[name].index)) for name, table in tables.items()
    }
    rest = first.drop(columns=[ID, MAP])
    return pd.concat([first[[ID]], pd.DataFrame(maps), rest], axis=1)


def reason_of(reasons: dict[str, str], require: str) -> str:
    """Return why a participant leaves all inputs; "" for those who stay.

    Parameters
    ----------
    reasons : dict of str to str
        Why the participant left each input, by its name; "" for those who stay there.
    require : {"all", "any"}
    """
    lacking = {name: reason for name, reason in reasons.items() if reason}
    if not lacking or (require == "any" and len(lacking) < len(reasons)):
        return ""
    if len(lacking) == len(reasons) and len(set(lacking.values())) == 1:  # of the participant, not of a map
        return next(iter(lacking.values()))
    return "; ".join(f"{name}: {reason}" for name, reason in lacking.items())


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
