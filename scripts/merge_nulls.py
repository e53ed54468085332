"""Merge the chunks of a contrast's null, after checking each of them."""

import re
from pathlib import Path

from permaps.permutation.chunk import chunk_fingerprint, count_exceedances, merge, read_chunk
from permaps.permutation.joint import load_model
from permaps.permutation.smallest import parts_of
from permaps.workflow.arrays import write_arrays
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log, run


def main(
    *, matrix, model, covariates, chunks, null, exceedances, n_permutations, statistics, shift, settings
):
    """Write the null of each maximum statistic, and how often each voxel's statistic was reached.

    Parameters
    ----------
    matrix, model, covariates
        As for `compute_null_chunk`.
    chunks : list of path
        Named {start}-{stop}.npz.
    null : path
        .npz to write: an array of length 1 + N for each of `statistics`, the observed labelling first; those of
        parts that are enhanced each on its own; `tdp`, the pivotal statistic of bounds on true discoveries; and
        `sampled` where even all distinct relabellings are but a sample.
    exceedances : path
        .npz to write: `n_relabellings`, the observed one included, and per statistic and voxel how many of
        them reach it.
    n_permutations : int
        Relabellings wanted besides the observed one; N is the smaller of this and what exists.
    statistics : list of str
    shift : int or None
        Of those bounds; None for none.
    settings : dict
        What the chunks were computed with.
    """
    model = load_model(model)
    expected = chunk_fingerprint(model, settings)
    n_distinct = model.exchangeability.n_distinct
    n_total = min(n_permutations + 1, n_distinct)
    stretches = sorted((tuple(map(int, re.findall(r"\d+", Path(path).stem))), path) for path in chunks)

    def read():
        # Read again for each use, because the counts of all chunks may not fit into memory.
        for (start, stop), path in stretches:
            # In an exact test, chunks beyond the last distinct relabelling are empty.
            yield read_chunk(path, min(start, n_distinct), min(stop, n_distinct), expected)

    joined = merge(read(), n_total, shift)
    if len(joined["voxel"]) != n_total:
        raise UserError(
            f"{Path(null).with_suffix('')}: the chunks hold {len(joined['voxel'])} of {n_total} relabellings. "
            "Delete that folder and run again."
        )
    kept = [name for key in statistics for name in (key, *parts_of(joined, key).values())]
    kept += [] if shift is None else ["tdp"]
    told = {"sampled": True} if model.exchangeability.sampled else {}
    write_arrays(null, **{name: joined[name] for name in kept}, **told)
    counts = count_exceedances(matrix, model, read(), n_total, settings, covariates)
    write_arrays(exceedances, n_relabellings=n_total, **counts)
    log.info("%d relabellings besides the observed one, from %d chunks", n_total - 1, len(chunks))


if "snakemake" in globals():
    run(main, snakemake)
