"""Links to what an analysis shares with others, so that its folder has all its results."""

import os

from permaps.workflow.jobs import job


def main(*, shared, links):
    """Link files by relative paths, so that the folder for the results of all can be moved.

    Parameters
    ----------
    shared, links : list of path
        Each file, and where its link is to be.
    """
    for file, link in zip(shared, links, strict=True):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.relpath(file, os.path.dirname(link)), link)


if "snakemake" in globals():
    with job(snakemake):
        main(shared=[*snakemake.input], links=[*snakemake.output])
