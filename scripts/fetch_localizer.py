"""Fetch a contrast of the Brainomics Localizer and list its participants."""

from permaps.cohort.localizer import fetch
from permaps.tables.tsv import write_frame
from permaps.workflow.jobs import log, run


def main(*, participants, contrast, n_subjects, data_dir, attempts=4, wait=5.0):
    """Fetch the maps into nilearn's data folder and write the participants table.

    Parameters
    ----------
    participants : path
        Table to write.
    contrast : str
        As nilearn names it.
    n_subjects : int
        1 to 94.
    data_dir : path or None
        nilearn's data folder.
    attempts, wait
        See `permaps.cohort.localizer.fetch`.
    """
    cohort = fetch(contrast, n_subjects, data_dir, attempts=attempts, wait=wait)
    write_frame(cohort, participants)
    log.info("%d participants, contrast: %s", len(cohort), contrast)


if "snakemake" in globals():
    run(main, snakemake)
