"""All contrasts in one table, and all their plans in one file."""

import json
from pathlib import Path

from permaps.workflow.jobs import job, written_whole


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
