"""Simulate a cohort of connectomes, and save the planted network."""

from pathlib import Path

import pandas as pd
from permaps.inputs import networks, simulation
from permaps.inputs.connectomes import write_square
from permaps.inputs.frames import write_frame
from permaps.inputs.tables import ID, MAP
from permaps.workflow.jobs import job, log, written_whole


def main(*, participants, maps, effect, n_subjects, seed, effect_size):
    """Simulate one matrix per participant and write the table, the matrices and the truth.

    Parameters
    ----------
    participants : path
        Table to write.
    maps : path
        Folder to write the matrices to, as sub-ID_connectome.tsv.
    effect : path
        Matrix of the planted effect to write.
    n_subjects, seed, effect_size
        As for `simulate_cohort`.
    """
    names, planted = networks.node_names(), networks.planted(effect_size)
    write_square(effect, names, planted)
    people, unread = [], simulation.without_pseudo(n_subjects)
    for index, name in enumerate(simulation.names(n_subjects)):
        path = Path(maps).absolute() / f"sub-{name}_connectome.tsv"
        write_square(path, names, networks.connectome(seed, index, planted))
        row = {ID: name, MAP: str(path)} | simulation.variates(seed, index)
        people.append(row | ({"pseudo": None} if index in unread else {}))
    with written_whole(participants) as temporary:
        write_frame(pd.DataFrame(people).astype({"pseudo": "Int64"}), temporary)
    log.info("%d participants, %d without pseudo; %d nodes", len(people), len(unread), len(names))


if "snakemake" in globals():
    with job(snakemake):
        main(
            participants=snakemake.output.participants,
            maps=snakemake.output.maps,
            effect=snakemake.output.effect,
            n_subjects=snakemake.params.settings["n_subjects"],
            seed=snakemake.params.settings["seed"],
            effect_size=snakemake.params.settings["effect_size"],
        )
