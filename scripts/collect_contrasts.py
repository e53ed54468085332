"""Collect all contrasts in one table, and their plans in one file."""

import itertools
import json
from pathlib import Path

from permaps.design.matrix import is_same_test
from permaps.design.tables import read_contrast
from permaps.workflow.jobs import job, warn, written_whole


def main(*, weights, plans, contrasts, plan):
    """Join what `plan_contrast` made of each contrast.

    Parameters
    ----------
    weights, plans : list of path
    contrasts, plan : path
        Files to write.
    """
    tables = [Path(path).read_text(encoding="utf-8").splitlines(keepends=True) for path in weights]
    with written_whole(contrasts) as path:
        path.write_text(
            "".join([tables[0][0], *(row for table in tables for row in table[1:])]), encoding="utf-8"
        )
    joined = {}
    for one in plans:
        joined |= json.loads(Path(one).read_text(encoding="utf-8"))
    rows = {name: read_contrast(path, name) for name, path in zip(joined, weights, strict=True)}
    for one, other in itertools.combinations(joined, 2):
        if is_same_test(*rows[one], *rows[other]):
            warn(f"the contrasts {one!r} and {other!r} test the same, so that one of them is superfluous.")
            for name, twin in ((one, other), (other, one)):
                joined[name]["warnings"].append(f"tests the same as {twin!r}.")
    with written_whole(plan) as path:
        path.write_text(json.dumps(joined, indent=2) + "\n", encoding="utf-8")


if "snakemake" in globals():
    with job(snakemake):
        main(
            weights=list(snakemake.input.weights),
            plans=list(snakemake.input.plans),
            contrasts=snakemake.output.contrasts,
            plan=snakemake.output.plan,
        )
