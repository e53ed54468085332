"""Snakemake, started with an executor of Slurm that looks for its jobs every second.

The plugin waits ten seconds longer after each look at which no job has ended, which is right for jobs of minutes. All
of the toy's end within seconds, one after another.
"""

import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

EVERY = 1  # s

Executor.next_seconds_between_status_checks = property(lambda self: EVERY, lambda self, seconds: None)

if __name__ == "__main__":
    sys.exit(main())
