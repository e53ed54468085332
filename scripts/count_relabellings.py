"""How many relabellings each contrast will have, and whether they suffice for the corrected level."""

import sys

from permaps.design.alike import drawn_of
from permaps.design.tables import read_contrast, read_design
from permaps.reporting.terminal import NO_MORE, too_few
from permaps.tables.text import write_rows
from permaps.workflow.jobs import log, read_json, run

COLUMNS = ("contrast", "scheme", "n_distinct", "n_relabellings", "smallest_p", "alpha", "enough")


def main(*, plan, design, blocks, contrasts, table, n_permutations, alpha, two_sided, tail_fit):
    """Write a row per contrast, and warn about those whose p cannot reach alpha.

    Parameters
    ----------
    plan : path
        Scheme and distinct relabellings per contrast (JSON).
    design, blocks, contrasts : path
        From `make_design` and `collect_contrasts`.
    table : path
    n_permutations : int
        Relabellings asked for, besides the observed labelling.
    alpha : float
        Corrected level.
    two_sided : bool
        Whether t is tested on both sides.
    tail_fit : bool
    """
    rows, warned, study = [], {}, read_design(design, blocks)
    for contrast, contrast_plan in read_json(plan).items():
        weights, _ = read_contrast(contrasts, contrast)
        n, alike = drawn_of(contrast_plan, study, weights, n_permutations, two_sided)
        note = too_few(n, alpha, NO_MORE, tail_fit, alike)
        enough = "no" if note else "yes"
        distinct = contrast_plan["scheme"], contrast_plan["n_distinct"]
        row = contrast, *distinct, n, alike / (n + 1), alpha, enough
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        # Asking for too few is reported before anything runs.
        if note and n < n_permutations:
            warned.setdefault(note, []).append(contrast)
    write_rows(table, COLUMNS, rows)
    for note, contrasts in warned.items():
        log.warning("%s: %s", ", ".join(contrasts), note)
        print(f"\nPermaps: {', '.join(contrasts)}: {note}\n", file=sys.stderr)


if "snakemake" in globals():
    run(main, snakemake)
