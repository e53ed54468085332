"""Collect all contrasts in one table, and their plans in one file."""

from pathlib import Path

from permaps.design.matrix import superfluous
from permaps.design.tables import read_contrast
from permaps.workflow.jobs import read_json, run, warn, write_json, write_text


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
    for name, note in superfluous(rows):
        warn(f"{name} {note}")
        # With the first alone: the limitations of a run have the notes of all contrasts.
        joined[name]["warnings"].append(note)
    write_json(plan, joined)


if "snakemake" in globals():
    run(main, snakemake)
