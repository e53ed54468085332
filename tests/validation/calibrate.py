"""Measure family-wise error under the null, power against a stepped TFCE, and how often bounds on true discoveries
fail; write docs/validation.md.

make calibrate

A row that is new, or one whose numbers are meant to change, can be measured alone; the others stay:

PYTHONPATH=scripts:tests python -m validation.calibrate --only cut_exponential cut_normal
PYTHONPATH=scripts:tests python -m validation.calibrate --only discoveries
PYTHONPATH=scripts:tests python -m validation.calibrate --example results
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from validation import discoveries, page, power, studies
from validation.studies import stretches

# With the observed labelling 100 and 40, so that 5 % of them are a whole number.
RELABELLINGS, RELABELLINGS_POWER = 99, 39
# What is measured of bounds on true discoveries, beside the scenarios.
DISCOVERIES = "discoveries"


def count(name, indices):
    """Count rejections in some data sets of a scenario, given by name so that a process can be told."""
    return studies.rejections(studies.SCENARIOS[name], indices, RELABELLINGS)


def error_rates(pool, n, names):
    """Return per scenario in how many of n data sets each statistic is significant."""
    found = {}
    for name in names:
        counts = list(pool.map(partial(count, name), stretches(n, 50)))
        found[name] = {s: sum(part[s] for part in counts) for s in studies.STATISTICS}
        rates = ", ".join(f"{s} {c / n:.3f}" for s, c in found[name].items())
        print(f"{studies.SCENARIOS[name].title}: {rates}", flush=True)
    return {"n": n, "relabellings": RELABELLINGS, "rejections": found}


def bound(name, indices):
    """Return how bounds on true discoveries come out in some data sets of a scenario, given by name."""
    return discoveries.outcomes(studies.SCENARIOS[name], indices, RELABELLINGS)


def bounds(pool, n):
    """Keep how often bounds on true discoveries fail in n data sets of each scenario, and what they find.

    Each scenario is kept when it is finished. Those that were kept before, of as many data sets, stay.
    """
    same = {"n": n, "relabellings": RELABELLINGS, "planted": int(discoveries.ball().sum())}
    before = page.kept("discoveries") or {}
    found = before["outcomes"] if before | same == before else {}
    for name in [name for name in discoveries.SCENARIOS if name not in found]:
        parts = list(pool.map(partial(bound, name), stretches(n, 50)))
        found[name] = {
            what: {str(key): int(sum(part[what][key] for part in parts)) for key in parts[0][what]}
            for what in parts[0]
        }
        print(f"{studies.SCENARIOS[name].title}: {found[name]}", flush=True)
        page.keep("discoveries", same | {"outcomes": found})


def merged(kept, new):
    """Return kept error rates with the new rows, of as many data sets and relabellings, in place of the old."""
    if any(kept[key] != new[key] for key in ("n", "relabellings")):
        raise SystemExit(f"The kept rows have {kept['n']} data sets each: --data-sets {kept['n']}")
    rows = kept["rejections"] | new["rejections"]
    return new | {"rejections": {name: rows[name] for name in studies.SCENARIOS if name in rows}}


def main(n, n_power, only):
    """Run everything, or some scenarios alone, on two processes, or on one where there is no more."""
    with ProcessPoolExecutor(min(2, os.cpu_count())) as pool:
        if names := [name for name in only or studies.SCENARIOS if name != DISCOVERIES]:
            found = error_rates(pool, n, names)
            page.keep("calibration", merged(page.kept("calibration"), found) if only else found)
        if not only or DISCOVERIES in only:
            bounds(pool, n)
        if not only:
            page.keep("power", power.compare(pool, n_power, RELABELLINGS_POWER))
    page.write()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="per scenario (1000)")
    parser.add_argument("--power-data-sets", type=int, default=200, help="per planted signal (200)")
    parser.add_argument(
        "--only", nargs="+", choices=[*studies.SCENARIOS, DISCOVERIES], metavar="SCENARIO", default=[]
    )
    parser.add_argument(
        "--example", help="results of a default run: compare its bounds with ARI's, nothing else"
    )
    given = parser.parse_args()
    if given.example:
        page.keep("example", discoveries.beside_ari(given.example))
        page.write()
        sys.exit()
    main(given.data_sets, given.power_data_sets, given.only)
