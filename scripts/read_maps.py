"""Decode every image that the participants table names: the one time that they are read."""

from functools import partial

from permaps.design.variates import check_columns
from permaps.maps.decoders import decoder
from permaps.maps.map_values import decode_maps
from permaps.maps.store import write_index
from permaps.tables.participants import read_participants
from permaps.tables.text import map_column
from permaps.workflow.jobs import job, log, written_whole


def main(
    *, participants, images, values, voxelwise=(), kind="volume", columns=None, measure=True, check=None
):  # fmt: skip
    """Write what every image is, and the values of those that can be analysed.

    Parameters
    ----------
    participants : path
        Table with participant_id and map.
    images, values : path
        Files to write, which `permaps.maps.store.Store` reads.
    voxelwise : sequence of str
        Covariates that are maps, each in a column of its own.
    kind : str
        Name of the kind of space that the maps are defined on.
    columns : list of str or None
        Patterns of the columns that are parcels, where these are in a table.
    measure : bool
        Whether the names of parcels have the last word of these columns.
    check : callable, optional
        Called with the participants before the maps are read.
    """
    cohort = read_participants(participants)
    if check:
        check(cohort)
    covariates = [map_column(name) for name in voxelwise]
    with written_whole(values) as temporary, open(temporary, "wb") as file:
        entries = decode_maps(cohort, covariates, file, decoder(kind, columns, measure))
        log.info("%d participants, %.1f MB of values", len(entries), file.tell() / 1e6)
    write_index(images, entries)


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.output,
            **snakemake.params.settings,
            participants=snakemake.input.participants,
            check=partial(
                # Checked here, since reading may take long; not among the params, since what is read is the same.
                check_columns,
                model=snakemake.config["model"],
                blocks=snakemake.config["permutation"]["blocks"],
                query=snakemake.config["quality"]["query"],
            ),
        )
