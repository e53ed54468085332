"""How many relabellings each contrast will have, and whether they suffice for the corrected level."""

import sys

from permaps.inputs.tables import write_rows
from permaps.reporting.terminal import too_few
from permaps.workflow.jobs import job, log, read_json

COLUMNS = ("contrast", "scheme", "n_distinct", "n_relabellings", "smallest_p", "alpha", "enough")


def main(*, plan, output, n_permutations, alpha, tail_fit):
    """Write a row per contrast, and warn about those whose p cannot reach alpha.

    Parameters
    ----------
    plan : path
        Scheme and distinct relabellings per contrast (JSON).
    output : path
    n_permutations : int
        Relabellings asked for, besides the observed labelling.
    alpha : float
        Corrected level.
    tail_fit : bool
    """
    rows, warned = [], {}
    for contrast, contrast_plan in read_json(plan).items():
        n_distinct = contrast_plan["n_distinct"]
        n = n_permutations if isinstance(n_distinct, str) else min(n_permutations, n_distinct - 1)
        note = too_few(n, alpha, "the design and its blocks have no more distinct ones", tail_fit)
        enough = "no" if note else "yes"
        row = [contrast, contrast_plan["scheme"], n_distinct, n, 1 / (n + 1), alpha, enough]
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        # Asking for too few is reported before anything runs.
        if note and n < n_permutations:
            warned.setdefault(note, []).append(contrast)
    write_rows(output, COLUMNS, rows)
    for note, contrasts in warned.items():
        log.warning("%s: %s", ", ".join(contrasts), note)
        print(f"\nPermaps: {', '.join(contrasts)}: {note}\n", file=sys.stderr)


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            **snakemake.params.settings,
            output=snakemake.output.table,
        )
