"""Measure family-wise error under the null, power against a stepped TFCE, how often bounds on true discoveries fail,
and joint tests; write docs/validation.md.

make calibrate

A row that is new, or one whose numbers are meant to change, can be measured alone; the others stay:

PYTHONPATH=scripts:tests python -m validation.calibrate --only cut_exponential cut_normal
PYTHONPATH=scripts:tests python -m validation.calibrate --only discoveries joint --processes 1
PYTHONPATH=scripts:tests python -m validation.calibrate --example results
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from validation import discoveries, joint, joint_power, page, power, studies
from validation.studies import stretches

# With the observed labelling 100 and 40, so that 5 % of them are a whole number.
RELABELLINGS, RELABELLINGS_POWER = 99, 39
# With 200, so is the half of 5 % that each of two tests has.
RELABELLINGS_JOINT = 199
# What is measured beside the scenarios: bounds on true discoveries, and tests of several inputs or contrasts.
DISCOVERIES, JOINT = "discoveries", "joint"
JOINT_ROWS = {row.name: row for row in (*joint.JOINED, *joint.CONJUNCTIONS, *joint.UNLIKE, *joint.FEW_GROUPS)}
PLANTED = {row.name: row for row in joint_power.PLANTED}


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
    """Keep how often bounds on true discoveries fail in n data sets of each scenario, and what they find."""
    same = {"n": n, "relabellings": RELABELLINGS, "planted": int(discoveries.ball().sum())}
    row_by_row(pool, DISCOVERIES, same, dict.fromkeys(discoveries.SCENARIOS, (bound, n)))


def joined(name, indices):
    """Return how joint tests come out in some data sets of a row, given by name."""
    return (JOINT_ROWS | PLANTED)[name].outcomes(indices, RELABELLINGS_JOINT)


def joint_tests(pool, n, n_power):
    """Keep how often joint tests find something in n data sets without an effect, and in n_power with one."""
    same = {"n": n, "n_power": n_power, "relabellings": RELABELLINGS_JOINT}
    rows = dict.fromkeys(JOINT_ROWS, (joined, n)) | dict.fromkeys(PLANTED, (joined, n_power))
    row_by_row(pool, JOINT, same, rows)


def row_by_row(pool, name, same, rows):
    """Keep what comes of the data sets of each row, as soon as it is measured.

    Rows that were kept before, with the same settings, stay.

    Parameters
    ----------
    pool : concurrent.futures.Executor
    name : str
        Of the numbers that are kept.
    same : dict
        The settings, which are kept too.
    rows : dict of str to (callable, int)
        What takes the name of a row and numbers of data sets, and returns a dict of dicts of counts; and how many
        data sets there are.
    """
    before = page.kept(name) or {}
    found = before["outcomes"] if before | same == before else {}
    for row, (outcomes, n) in rows.items():
        if row not in found:
            parts = list(pool.map(partial(outcomes, row), stretches(n, 50)))
            found[row] = {
                what: {str(key): sum(part[what][key] for part in parts) for key in parts[0][what]}
                for what in parts[0]
            }
            print(f"{name}, {row}: {found[row]}", flush=True)
            page.keep(name, same | {"outcomes": found})


def merged(kept, new):
    """Return kept error rates with the new rows, of as many data sets and relabellings, in place of the old."""
    if any(kept[key] != new[key] for key in ("n", "relabellings")):
        raise SystemExit(f"The kept rows have {kept['n']} data sets each: --data-sets {kept['n']}")
    rows = kept["rejections"] | new["rejections"]
    return new | {"rejections": {name: rows[name] for name in studies.SCENARIOS if name in rows}}


def main(n, n_power, only, processes):
    """Run everything, or some of it alone."""
    with ProcessPoolExecutor(processes) as pool:
        if names := [name for name in only or studies.SCENARIOS if name not in (DISCOVERIES, JOINT)]:
            found = error_rates(pool, n, names)
            page.keep("calibration", merged(page.kept("calibration"), found) if only else found)
        if not only or DISCOVERIES in only:
            bounds(pool, n)
        if not only or JOINT in only:
            joint_tests(pool, n, n_power)
        if not only:
            page.keep("power", power.compare(pool, n_power, RELABELLINGS_POWER))
    page.write()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="per scenario (1000)")
    parser.add_argument("--power-data-sets", type=int, default=200, help="per planted signal (200)")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count()), help="two, if there are two")
    parser.add_argument(
        "--only", nargs="+", choices=[*studies.SCENARIOS, DISCOVERIES, JOINT], metavar="SCENARIO", default=[]
    )
    parser.add_argument(
        "--example", help="results of a default run: compare its bounds with ARI's, nothing else"
    )
    given = parser.parse_args()
    if given.example:
        page.keep("example", discoveries.beside_ari(given.example))
        page.write()
        sys.exit()
    main(given.data_sets, given.power_data_sets, given.only, given.processes)
