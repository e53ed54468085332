"""Measure this library beside others; write docs/benchmarks.md and its figures.

make bench

A section can be measured alone; the others stay as they were measured before:

PYTHONPATH=scripts:tests python -m bench.run --only voxelwise parts
"""

import argparse
import datetime
import os
import sys
import time

from bench import page
from bench.clock import machine
from bench.example import Example
from bench.sections import SECTIONS


def main(names):
    """Measure sections, and keep each when it is finished."""
    begin, example = time.perf_counter(), Example()
    for name in names:
        print(
            f"{time.perf_counter() - begin:5.0f} s  {name}: {SECTIONS[name].title}",
            file=sys.stderr,
            flush=True,
        )
        numbers = SECTIONS[name].measure(example)
        if numbers is None:
            print(f"{name}: not measured, what it needs is not here", file=sys.stderr)
            continue
        found = {"machine": machine(), "date": str(datetime.date.today()), "load": os.getloadavg()[2]}
        page.keep(name, found | {"numbers": numbers})
    page.write()
    print(f"{time.perf_counter() - begin:5.0f} s  wrote {page.DOCS / 'benchmarks.md'}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        nargs="*",
        choices=SECTIONS,
        metavar="SECTION",
        default=list(SECTIONS),
        help=", ".join(SECTIONS),
    )
    main(parser.parse_args().only)
