"""Compute the maximum statistics of one chunk of relabellings."""

import os
import time

from permaps.permutation.chunk import compute_chunk, warm_up
from permaps.permutation.joint import load_model
from permaps.statistics.compiled import ready
from permaps.workflow.arrays import write_arrays
from permaps.workflow.jobs import job, log

# Memory for the interpreter and its libraries, and on a cluster for the two Snakemake processes around it.
OVERHEAD_MB = 500


def main(*, matrix, model, covariates, output, start, stop, settings, memory_mb):
    """Write one chunk of the null.

    Parameters
    ----------
    matrix : path, or list of path
        participants x voxels, .npy; of a joint test, those of every input.
    model : path
        From `build_model` or `build_joint`.
    covariates : list of path
        Columns of the design that are maps: .npy each.
    output : path
        .npz to write.
    start, stop : int
        Relabellings start..stop; fewer, or none, when so many distinct ones do not exist.
    settings : dict
        `seed`, `two_sided`, `enhance`, `connectivity`, `tfce`, `cluster_p`.
    memory_mb : float
        What the data may take in memory.
    """
    begin = time.perf_counter()

    def progress(done):
        log.info("%d of %d relabellings, %.1f s", done, stop - start, time.perf_counter() - begin)

    model = load_model(model)
    for kind in model.kinds:
        ready(lambda kind=kind: warm_up(kind), kind)
    log.info("kernels ready after %.1f s", time.perf_counter() - begin)
    chunk = compute_chunk(matrix, model, start, stop, settings, memory_mb, progress, covariates)
    write_arrays(output, **chunk)


if "snakemake" in globals():
    with job(snakemake) as unchanged:
        if unchanged():  # as after an input more: the plan could not know who would stay
            os.utime(snakemake.output.chunk)
            log.info("kept: it was computed from the same model and maps")
        else:
            main(
                **snakemake.input,
                output=snakemake.output.chunk,
                start=int(snakemake.wildcards.start),
                stop=int(snakemake.wildcards.stop),
                settings=snakemake.params.settings,
                memory_mb=max(snakemake.resources.mem_mb - OVERHEAD_MB, 50),
            )
