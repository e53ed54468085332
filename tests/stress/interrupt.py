"""Kill a local run at random moments, start it again, and compare its bits with an undisturbed run's.

    python tests/stress/interrupt.py [--trials 20] [--seed 0]

Prints a table of what was done, what was left, what ran again and what had to be typed; exits with 1 when a
result was ever wrong.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "workflow"), str(TESTS.parent / "scripts")]

from conftest import run_snakemake  # noqa: E402  after the path is set
from interruption import CONFIG, WAYS, bits, interrupt  # noqa: E402
from tiny import UP_TO_MAPS, write_study  # noqa: E402


def after(seconds):
    """Return a `when` that waits so long, or until the run has ended."""

    def when(process):
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)

    return when


def main(trials, seed, folder):
    """Run the trials and return how many went wrong."""
    # As users start it, and not forked.
    study = write_study(folder, partial(run_snakemake, through=("env",)))
    blank = study.copied(folder / "blank")
    began = time.perf_counter()
    study.finish(*UP_TO_MAPS, config=CONFIG, timeout=1800)
    length = time.perf_counter() - began
    reference = bits(study)
    print(f"An undisturbed run takes {length:.0f} s and makes {len(reference)} files.\n")
    print(
        "| trial | how | after (s) | chunks left | computed then | had to be typed | wrong files | same bits |"
    )
    print("| --- " * 8 + "|", flush=True)
    rng, typed, bad = random.Random(seed), Counter(), 0
    trial = 1
    while trial <= trials:
        way, seconds = rng.choice(list(WAYS)), rng.uniform(0.05, 0.8) * length
        victim = blank.copied(folder / "trial")
        outcome = interrupt(victim, reference, way, after(seconds))
        shutil.rmtree(victim.folder)
        if outcome.ended:
            # No trial at all: the machine has less to do than before.
            length *= 0.8
            continue
        wrong = bool(outcome.wrong) or not outcome.same
        bad += wrong
        typed.update(outcome.typed or ["nothing"])
        cells = [
            trial,
            way,
            f"{seconds:.1f}",
            outcome.whole,
            outcome.computed,
            ", ".join(outcome.typed) or "nothing",
            ", ".join(outcome.wrong) or "none",
            "yes" if outcome.same else "NO",
        ]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        trial += 1
    print(f"\n{trials - bad} of {trials} ended with the bits of the undisturbed run, and left no wrong file.")
    return bad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="permaps-interrupt-") as folder:
        sys.exit(bool(main(arguments.trials, arguments.seed, Path(folder))))
