"""Measure thousands of chunk jobs, and hundreds of contrasts: planning, overhead of a job, and the merge.

    python tests/stress/large.py [--jobs 2000] [--run 2000] [--voxels 42000]

Times are wall clock; do it on a machine that has nothing else to do. docs/scaling.md quotes the figures.
"""

import argparse
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "workflow"), str(TESTS.parent / "scripts")]

from conftest import run_snakemake  # noqa: E402  after the path is set
from fabricated import fabricate, merge, planning, with_contrasts  # noqa: E402
from tiny import CONFIG, layered, write_study  # noqa: E402

SIZE = 10


def config_of(n_chunks):
    """The tiny study's config with so many chunks."""
    return layered(CONFIG, {"permutation": {"n_permutations": n_chunks * SIZE, "chunk_size": SIZE}})


def measured(function, *arguments, **options):
    """Return wall clock and CPU seconds of a call whose work is done by child processes."""

    def cpu():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    wall, before = time.perf_counter(), cpu()
    function(*arguments, **options)
    return time.perf_counter() - wall, cpu() - before


def main(jobs, run, voxels, cores, folder):
    """Print the figures."""
    # As users start it, and not forked.
    study = write_study(folder, partial(run_snakemake, through=("env",)))
    target = ("--", "results/nulls/contrast-age.npz")
    study.finish("--until", "build_model", config=config_of(1), timeout=1800)
    print("| chunk jobs | planned in (s) | CPU (s) |\n| --- | --- | --- |")
    for n in sorted({1, jobs // 4, jobs, jobs * 5}):
        wall, cpu = measured(study.plan, "--quiet", "rules", *target, config=config_of(n), timeout=1800)
        print(f"| {n:,} | {wall:.1f} | {cpu:.1f} |", flush=True)
    print("\n| contrasts | jobs | planned in (s of CPU) | peak memory (MB) |\n| --- | --- | --- | --- |")
    for n in (2, 50, 100, 200):
        seconds, mb, n_jobs = planning(study, with_contrasts(n))
        print(f"| {n} | {n_jobs:,} | {seconds:.1f} | {mb:.0f} |", flush=True)
    if run:
        wall, cpu = measured(study.finish, *target, config=config_of(run), cores=cores, timeout=8 * 3600)
        print(
            f"\n{run:,} chunk jobs of {SIZE} relabellings on {cores} cores: {wall:.0f} s, {cpu:.0f} s of CPU; "
            f"a job {wall * cores / run:.2f} s of a core, {cpu / run:.2f} s of CPU",
            flush=True,
        )
    setup = study.result("design/contrast-age_model.npz")
    print("\n| merge of | seconds | peak memory (MB) |\n| --- | --- | --- |")
    for n_chunks in (10, jobs):
        chunks = folder / f"chunks-{n_chunks}"
        fabricate(chunks, setup, n_chunks, SIZE, voxels)
        took = merge(chunks, setup, n_chunks * SIZE)
        print(
            f"| {n_chunks:,} chunks, {voxels:,} voxels | {took.seconds:.1f} | {took.peak_mb:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2000, help="to plan and to merge")
    parser.add_argument("--run", type=int, default=2000, help="to run for real; 0: none")
    parser.add_argument("--voxels", type=int, default=42_000)
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="permaps-large-") as folder:
        main(arguments.jobs, arguments.run, arguments.voxels, arguments.cores, Path(folder))
