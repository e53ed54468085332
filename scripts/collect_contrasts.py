"""Collect all contrasts in one table, and their plans in one file."""

import itertools
from pathlib import Path

from permaps.design.matrix import is_same_test
from permaps.design.tables import read_contrast
from permaps.workflow.jobs import job, read_json, warn, write_json, write_text

SAME = ("the same as", "one of them is superfluous")
OPPOSITE = (
    "the opposite of",
    "with permutation.two_sided true, each is tested on both sides, and one of them is superfluous; with false, each "
    "is a test on one side",
)


def main(*, weights, plans, contrasts, plan):
    """Join what `plan_contrast` made of each contrast.

    Parameters
    ----------
    weights, plans : list of path
    contrasts, plan : path
        Files to write.
    """
    tables = [Path(path).read_text(encoding="utf-8").splitlines(keepends=True) for path in weights]
    write_text(contrasts, "".join([tables[0][0], *(row for table in tables for row in table[1:])]))
    joined = {}
    for one in plans:
        joined |= read_json(one)
    rows = {name: read_contrast(path, name) for name, path in zip(joined, weights, strict=True)}
    for one, other in itertools.combinations(joined, 2):
        (weights_of_one, statistic), of_other = rows[one], rows[other]
        if is_same_test(weights_of_one, statistic, *of_other):
            what, so = SAME
        elif statistic == "t" and is_same_test(-weights_of_one, statistic, *of_other):
            what, so = OPPOSITE
        else:
            continue
        warn(f"{one} tests {what} {other}: {so}.")
        # With the first alone: the limitations of a run have the notes of all contrasts.
        joined[one]["warnings"].append(f"tests {what} {other}: {so}.")
    write_json(plan, joined)


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            **snakemake.output,
        )
