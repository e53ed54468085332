"""What a relabelling of several inputs together costs, beside that of one of them."""

import numpy as np
from permaps.permutation.joint import combined_model, multivariate_model
from permaps.permutation.model import contrast_model
from permaps.permutation.null import Enhancement, null_maxima
from permaps.spaces.adjacency import grid_adjacency

from bench.clock import each, in_turn, quotient, spread
from bench.growth import cohort
from bench.markdown import ms, table, times

SHAPE, N = (35, 35, 35), 89
BATCH = 64
# The joint test, its number of inputs and what it may cost, in relabellings of one input.
TESTS = {
    "Fisher": ("fisher", 2, 3),
    "Wilks": ("wilks", 3, 5),
    "Pillai": ("pillai", 3, 5),
    "Roy": ("roy_ii", 3, 5),
}


def measure(example):
    """Seconds of a relabelling of one input and of several, with all four statistics and with voxels alone."""
    found = {}
    for name, enhanced in (("all four statistics", True), ("voxel alone", False)):
        runs = {"one input": runner("t", 1, enhanced)}
        runs |= {test: runner(statistic, count, enhanced) for test, (statistic, count, _) in TESTS.items()}
        taken = in_turn({key: each(run, BATCH, 3 * BATCH) for key, run in runs.items()}, 5)
        found[name] = {"one input": spread(taken["one input"])} | {
            test: {"seconds": spread(taken[test]), "times": quotient(taken[test], taken["one input"])}
            for test in TESTS
        }
    return found


def drawn(n_inputs, n=N, shape=SHAPE):
    """Return smooth maps of a cube for so many inputs, each float32 of shape (n, n_voxels), and a design."""
    rng = np.random.default_rng(0)
    inputs = [
        cohort(n, shape)[0] + rng.standard_normal((n, np.prod(shape)), np.float32) for _ in range(n_inputs)
    ]
    return inputs, np.column_stack([np.ones(n), rng.standard_normal(n)])


def runner(statistic, n_inputs, enhanced):
    """Return what computes so many relabellings of the example of this page."""
    return runner_of(
        statistic, *drawn(n_inputs), grid_adjacency(np.ones(SHAPE, bool), 6) if enhanced else None
    )


def runner_of(statistic, inputs, design, adjacency=None):
    """Return what computes so many relabellings of a test, with all four statistics where there is an adjacency."""
    part = contrast_model(design, np.array([[0.0, 1.0]]), "t", "permute", {})
    parts, numbers = [part] * len(inputs), range(len(inputs))
    if statistic == "t":
        model = part
    elif statistic == "fisher":
        model = combined_model(statistic, parts, numbers, None, two_sided=True)
    else:
        model = multivariate_model(statistic, parts, numbers, None)
    maps = inputs[0] if statistic == "t" else model.maps(inputs)
    enhance = Enhancement(adjacency, 0.5, 2.0, model.threshold(0.001, True)) if adjacency else None
    estimator, exchangeability = model.estimator(), model.exchangeability

    def run(n):
        null_maxima(
            maps, estimator, exchangeability, 0, 1, 1 + n, is_f=model.is_f, both_signs=not model.is_f,
            enhancement=enhance, rescaled=model.rescaled,
        )  # fmt: skip

    return run


def text(numbers):
    rows = [
        [
            with_,
            test,
            str(TESTS[test][1]),
            ms(one[test]["seconds"][0]),
            times(one[test]["times"]),
            str(TESTS[test][2]) if with_ == "all four statistics" else "",
        ]
        for with_, one in numbers.items()
        for test in TESTS
    ]
    alone = "; ".join(f"{ms(one['one input'][0])} with {with_}" for with_, one in numbers.items())
    return f"""\
A relabelling of {N} participants and {np.prod(SHAPE):,} voxels on one core, in milliseconds of processor time.
"Times one input" says how many times as long that is as a relabelling of one input ({alone}).
With voxels alone, the maximum of t needs no map of t, and that of a joint test needs its map.

{table(["with", "joint test", "inputs", "ms", "times one input", "at most"], rows)}"""
