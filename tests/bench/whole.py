"""The embedded example through Snakemake: how long it takes, job by job."""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from chunk_settings import SETTINGS
from permaps.workflow.duration import REFERENCE

from bench.clock import in_turn, seconds, spread
from bench.example import ROOT, Example, snakemake
from bench.markdown import table
from bench.reference import as_reference


def measure(_):
    """Run the example, then its permutation stage alone, in a folder of their own.

    Returns
    -------
    dict
        Seconds: `whole`, `stage` (Snakemake's start, 10,000 relabellings in chunks, and their merge), `work` (of
        the chunks' jobs together), `start` (of one job: interpreter, libraries, kernels from their cache), and
        `rules`, as `rules_of` returns them.
    """
    with tempfile.TemporaryDirectory(prefix="permaps-bench-") as folder:
        example = Example(Path(folder))
        times = {"whole": seconds(lambda: snakemake(folder))}
        write_reference(example)
        times["rules"] = rules_of(example.results / "benchmarks")
        shutil.rmtree(example.results / "nulls")
        times["stage"] = seconds(lambda: snakemake(folder, "--", "results/nulls/contrast-pseudo.npz"))
        times["work"] = rules_of(example.results / "benchmarks")["compute_null_chunk"]["seconds"]
        times["start"] = start_of_a_job(example)
    return times


def rules_of(benchmarks):
    """Return what a run's jobs took, by rule: `jobs`, `seconds` of all of them together, `mb`, the most one held."""
    found = {}
    for path in sorted(Path(benchmarks).glob("**/*.tsv")):
        rule = found.setdefault(
            path.parent.name if path.parent != Path(benchmarks) else path.stem,
            {"jobs": 0, "seconds": 0.0, "mb": 0.0},
        )
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                rule["jobs"] += 1
                rule["seconds"] += float(row["s"])
                # A job shorter than the first look at it has none.
                rule["mb"] = max(rule["mb"], _number(row["max_rss"]))
    return found


def _number(field):
    return 0.0 if field in ("-", "NA") else float(field)


def table_of_rules(rules):
    """Return the table of what the jobs of a run took, the longest first."""
    rows = [
        [
            f"`{name}`",
            f"{rule['jobs']:,}",
            f"{rule['seconds']:.1f}",
            f"{rule['mb']:,.0f}" if rule["mb"] else "",
        ]
        for name, rule in sorted(rules.items(), key=lambda item: -item[1]["seconds"])
    ]
    return table(["rule", "jobs", "seconds together", "peak memory of a job, MB"], rows)


def write_reference(example):
    """Keep what the run's jobs took, from which the time of other first runs is estimated."""
    counts = np.asarray(nib.load(example.results / "mask_coverage.nii.gz").dataobj)
    found = as_reference(example.results / "benchmarks", int(counts.max()), counts.size)
    REFERENCE.write_text(json.dumps(found, indent=1) + "\n")


def start_of_a_job(example):
    """Seconds until a chunk's job has its kernels, with a warm cache."""
    arguments = {
        "matrix": str(example.results / "maps.npy"),
        "model": str(example.model_file),
        "covariates": [],
        "output": str(example.folder / "empty.npz"),
        "start": 5,
        "stop": 5,
        "settings": SETTINGS,
        "memory_mb": 1e-6,
    }
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import compute_null_chunk as job; "
        "job.main(**json.loads(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(ROOT / "scripts"), json.dumps(arguments)]
    return spread(in_turn({"start": lambda: seconds(lambda: subprocess.run(command, check=True))})["start"])[
        0
    ]


def text(numbers):
    rows = [
        ["`snakemake --cores 2`, everything", f"{numbers['whole']:.1f}", "120"],
        ["the permutation stage: Snakemake's start, chunks, merge", f"{numbers['stage']:.1f}", "30"],
        ["the chunks' jobs together, on two cores", f"{numbers['work'] / 2:.1f}", ""],
        [
            "a chunk's start: interpreter, libraries, kernels from their cache",
            f"{numbers['start']:.2f}",
            "1.5",
        ],
    ]
    return f"""\
{table(["of the embedded example, 10,000 relabellings, two cores", "seconds, wall clock", "target"], rows)}

Rule by rule:

{table_of_rules(numbers["rules"])}"""
