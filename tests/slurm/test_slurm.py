"""The workflow on a real Slurm gives the bits of a local run, also when things go wrong on the way.

Every fault is a real one: jobs are cancelled, a node is killed, memory is exceeded and Snakemake is
killed while permutation chunks are being computed.
"""

import pytest
from conftest import CHUNKS, NULL, PROFILES, Run, copy_without_nulls

pytestmark = pytest.mark.slurm

SLURM = ("--workflow-profile", PROFILES / "slurm")
GENERIC = ("--workflow-profile", PROFILES / "cluster-generic", "--seconds-between-status-checks", 1)
ARRAYS = ("--slurm-array-jobs", "compute_null_chunk", "--slurm-array-limit", 40, "--jobs", 100000)
# Less than an interpreter needs, but only for the first attempt.
TOO_LITTLE_MEMORY = ("--set-resources", "compute_null_chunk:mem_mb=100 if attempt == 1 else 2000")
N_CHUNKS = 4
RESTART = "Trying to restart job"


@pytest.fixture(scope="module")
def runs(cluster, local_run, tmp_path_factory):
    """Finished runs that need nobody to watch them, all at the same time to save some."""
    folder = tmp_path_factory.mktemp("together")
    whole = folder / "whole"
    whole.mkdir()
    arrays, memory = (copy_without_nulls(local_run, folder / name) for name in ("arrays", "memory"))
    with (
        Run(whole, *SLURM, cluster=cluster) as whole_run,
        Run(arrays, *SLURM, *ARRAYS, "--", NULL, cluster=cluster) as arrays_run,
        Run(memory, *SLURM, *TOO_LITTLE_MEMORY, "--", NULL, cluster=cluster) as memory_run,
    ):
        return {
            "arrays": (arrays, arrays_run.finish(timeout=600)),
            "memory": (memory, memory_run.finish(timeout=600)),
            "whole": (whole, whole_run.finish(timeout=600)),
        }


def chunks(folder):
    """The chunk files that are there, with the time of their last change."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / CHUNKS).glob("*.npz")}


def assert_same_nulls(folder, reference):
    assert (folder / NULL).read_bytes() == (reference / NULL).read_bytes()
    assert len(chunks(reference)) == N_CHUNKS
    assert chunks(folder).keys() == chunks(reference).keys()
    for name in chunks(reference):
        assert (folder / CHUNKS / name).read_bytes() == (reference / CHUNKS / name).read_bytes(), name


def test_whole_workflow_gives_the_same_nulls(runs, local_run):
    folder, run = runs["whole"]
    # The rules ask for enough memory and time at the first attempt.
    assert RESTART not in run.output
    assert_same_nulls(folder, local_run)


def test_job_arrays_on_request_give_the_same_nulls(runs, local_run):
    folder, run = runs["arrays"]
    assert "Submitted array job" in run.output
    assert run.finished("compute_null_chunk") == N_CHUNKS
    assert_same_nulls(folder, local_run)


def test_jobs_over_their_memory_get_more(runs, local_run):
    folder, run = runs["memory"]
    assert run.output.count(RESTART) == N_CHUNKS
    assert run.finished("compute_null_chunk") == N_CHUNKS
    assert_same_nulls(folder, local_run)


def test_cancelled_job_and_killed_node(cluster, local_run, without_nulls):
    with Run(without_nulls, *SLURM, "--", NULL, cluster=cluster) as run:
        run.wait_for(lambda: len(cluster.jobs(rule="compute_null_chunk")) == 2, "a chunk on either node")
        (cancelled, _), (orphaned, node) = cluster.jobs(rule="compute_null_chunk").items()
        cluster("scancel", cancelled)
        cluster.kill_node(node)
        try:
            run.wait_for(lambda: orphaned in cluster.jobs("PENDING"), "the dead node's job to be requeued")
            run.finish()
        finally:
            cluster.start_node(node)
            cluster.wait_for_nodes()
    # Slurm itself starts the dead node's job again; Snakemake sees only the other one fail.
    assert run.output.count(RESTART) == 1
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in run.output
    assert run.finished("compute_null_chunk") == N_CHUNKS
    assert_same_nulls(without_nulls, local_run)


def test_killed_snakemake_goes_on_where_it_was(cluster, local_run, without_nulls):
    with Run(without_nulls, *SLURM, "--", NULL, cluster=cluster) as run:
        run.wait_for(lambda: len(cluster.jobs(rule="compute_null_chunk")) == 2, "a chunk on either node")
        held = list(cluster.jobs("PENDING", "compute_null_chunk"))
        cluster("scontrol", "hold", *held)
        run.wait_for(lambda: run.finished("compute_null_chunk") == N_CHUNKS - len(held), "the first chunks")
        run.kill()
    before = chunks(without_nulls)
    assert 0 < len(before) < N_CHUNKS
    with Run(without_nulls, *SLURM, "--unlock") as unlock:
        unlock.finish()
    # Jobs of the killed run that come to their turn only now compute and write the same chunks.
    cluster("scontrol", "release", *held)
    with Run(without_nulls, *SLURM, "--", NULL, cluster=cluster) as run:
        run.finish()
    assert run.finished("compute_null_chunk") == len(held)
    assert before.items() <= chunks(without_nulls).items()
    assert_same_nulls(without_nulls, local_run)


def test_generic_profile_submits_through_sbatch(cluster, local_run, without_nulls):
    with Run(without_nulls, *GENERIC, "--", NULL, cluster=cluster) as run:
        run.wait_for(lambda: cluster("squeue", "-h", "-t", "RUNNING"), "a job to run")
        cluster("scancel", cluster("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()[0])
        run.finish()
    assert run.output.count(RESTART) == 1
    assert_same_nulls(without_nulls, local_run)
