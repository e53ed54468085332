"""Measure family-wise error under the null, and power against a stepped TFCE; write docs/validation.md.

make calibrate
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from validation import page, power, studies
from validation.studies import stretches

# With the observed labelling 100 and 40, so that 5 % of them are a whole number.
RELABELLINGS, RELABELLINGS_POWER = 99, 39


def count(name, indices):
    """Count rejections in some data sets of a scenario, given by name so that a process can be told."""
    return studies.rejections(studies.SCENARIOS[name], indices, RELABELLINGS)


def error_rates(pool, n):
    """Return per scenario in how many of n data sets each statistic is significant."""
    found = {}
    for name, scenario in studies.SCENARIOS.items():
        counts = list(pool.map(partial(count, name), stretches(n, 50)))
        found[name] = {s: sum(part[s] for part in counts) for s in studies.STATISTICS}
        print(
            f"{scenario.title}: " + ", ".join(f"{s} {c / n:.3f}" for s, c in found[name].items()), flush=True
        )
    return {"n": n, "relabellings": RELABELLINGS, "rejections": found}


def main(n, n_power):
    """Run everything on two processes, or on one where there is no more."""
    with ProcessPoolExecutor(min(2, os.cpu_count())) as pool:
        page.keep("calibration", error_rates(pool, n))
        page.keep("power", power.compare(pool, n_power, RELABELLINGS_POWER))
    page.write()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="per scenario (1000)")
    parser.add_argument("--power-data-sets", type=int, default=200, help="per planted signal (200)")
    given = parser.parse_args()
    main(given.data_sets, given.power_data_sets)
