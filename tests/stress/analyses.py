"""Measure a run of many analyses: planning, the whole run, and the run after one of them has changed.

    python tests/stress/analyses.py [--cores 2] [--figures]

20 analyses of 24 maps of 31,140 voxels, with 1,000 relabellings each: 12 of them a crossing of smoothing, neighbours
and a covariate. Times are wall clock; do it on a machine that has nothing else to do.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from reading import write_maps

ROOT = Path(__file__).parents[2]
MODEL = {"formula": "1 + age", "contrasts": {"age": "age"}}
ANALYSES = {
    "plain": {},
    "one-sided": {"permutation": {"two_sided": False}},
    "strict": {"inference": {"alpha": 0.01}},
    "lenient": {"inference": {"cluster_p": 0.01}},
    "seed": {"permutation": {"seed": 1}},
    "mean": {"model": {"formula": "1", "contrasts": {"mean": "Intercept"}}},
    "young": {"quality": {"query": "age < 40"}},
    "unsmoothed": {"smoothing_fwhm": 0},
    "grid": {
        "smoothing_fwhm": [6, 8, 10],
        "inference.connectivity": [6, 26],
        "model.formula": ["1 + age", "1 + age + square"],
    },
}


def write_study(folder, figures):
    """Write 24 maps, their table and the config; return the config's path."""
    write_maps(folder, 24)
    table = folder / "participants.tsv"
    head, *lines = table.read_text().splitlines()
    squares = [f"{line}\t{(int(line.rpartition('	')[2]) - 31) ** 2}" for line in lines]
    table.write_text("\n".join([f"{head}\tsquare", *squares]) + "\n")
    config = {
        "figures": figures,
        "dataset": {"source": "table", "path": str(table), "maps": "map"},
        "smoothing_fwhm": 5,
        "model": MODEL,
        "permutation": {"n_permutations": 1000, "chunk_size": 1000},
        "analyses": ANALYSES,
    }
    return write_config(folder / "study.yaml", config)


def write_config(path, config):
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def measured(folder, config, cores, *arguments):
    """Run the command; return wall clock, CPU seconds and the number of jobs."""

    def cpu():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    wall, before = time.perf_counter(), cpu()
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", str(cores)]
    done = subprocess.run(
        [*command, *arguments, "--configfile", config],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout)
    total = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("total ")]
    return time.perf_counter() - wall, cpu() - before, int(total[0]) if total else 0


def main(cores, figures, folder):
    """Print the figures."""
    config = write_study(folder, figures)
    print("| 20 analyses of 24 maps | jobs | wall clock (s) | CPU (s) |\n| --- | --- | --- | --- |")
    for what, arguments in (("planned", ["--dry-run"]), ("run", []), ("planned again", ["--dry-run"])):
        wall, used, jobs = measured(folder, config, cores, *arguments)
        print(f"| {what} | {jobs:,} | {wall:.0f} | {used:.0f} |", flush=True)
    values = yaml.safe_load(config.read_text())
    values["analyses"]["strict"] = {"inference": {"alpha": 0.001}}
    wall, used, jobs = measured(folder, write_config(folder / "changed.yaml", values), cores)
    print(f"| run with another alpha in one of them | {jobs:,} | {wall:.0f} | {used:.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--figures", action="store_true", help="draw the maps of each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        main(given.cores, given.figures, Path(folder))
