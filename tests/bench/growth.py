"""Time of one relabelling as data grow, and on two processes."""

import multiprocessing

import matplotlib.pyplot as plt
import numpy as np
from permaps.figures.style import BLUE, GREY
from permaps.permutation.model import contrast_model
from permaps.permutation.null import Enhancement, null_maxima
from permaps.spaces.adjacency import grid_adjacency
from scipy.ndimage import gaussian_filter

from bench.clock import each, in_turn, quotient, seconds, spread
from bench.markdown import ms, times

BATCH = 96
FIGURE = "benchmark-growth.png"
SIDES = (22, 32, 46, 67, 97)
PARTICIPANTS = (20, 50, 89, 200, 500, 1000, 2000)
NUISANCE = (0, 1, 2, 5, 10, 20)


def measure(example):
    """Seconds for one relabelling as voxels, participants and nuisance columns grow, and on one and two processes."""
    found = {
        "voxels": {side**3: one(89, (side,) * 3) for side in SIDES},
        "participants": {n: one(n, (35, 35, 35)) for n in PARTICIPANTS},
        "nuisance columns": {k: one(89, (35, 35, 35), k) for k in NUISANCE},
    }
    return {"sizes": found, "processes": processes(example.runner(example.enhancement()))}


def one(*sizes):
    run = runner(*sizes)
    return spread(in_turn({"": each(run, BATCH, 2 * BATCH)}, 3)[""])[0]


def runner(n_participants, shape, n_nuisance=0, enhanced=True, memory_mb=1000):
    """Return what computes so many relabellings of smooth maps of a cube, with a model with nuisance columns."""
    maps, model = cohort(n_participants, shape, n_nuisance)
    enhance = Enhancement(grid_adjacency(np.ones(shape, bool), 6), 0.5, 2.0, 3.4) if enhanced else None

    def run(n):
        null_maxima(
            maps, *model, 0, 1, 1 + n, is_f=False, both_signs=True, enhancement=enhance, memory_mb=memory_mb
        )  # fmt: skip

    return run


def cohort(n_participants, shape, n_nuisance=0, n_patterns=48):
    """Return smooth maps of a cube, and a model with nuisance columns."""
    rng = np.random.default_rng(0)
    patterns = np.array(
        [gaussian_filter(rng.standard_normal(shape, np.float32), 1.2).ravel() for _ in range(n_patterns)]
    )
    maps = rng.standard_normal((n_participants, n_patterns), np.float32) @ patterns
    design = np.column_stack([np.ones(n_participants), rng.standard_normal((n_participants, 1 + n_nuisance))])
    model = contrast_model(design, np.eye(2 + n_nuisance)[1:2], "t", "permute", {})
    return maps, (model.estimator(), model.exchangeability)


def processes(run, n=4 * BATCH):
    """Wall-clock seconds of one relabelling on one process and on two that share the work, and their quotient."""
    fork = multiprocessing.get_context("fork")

    def on(count):
        def whole():
            started = [fork.Process(target=run, args=(n // count,)) for _ in range(count)]
            for process in started:
                process.start()
            for process in started:
                process.join()

        return lambda: seconds(whole) / n

    found = in_turn({"1": on(1), "2": on(2)})
    return {k: spread(values) for k, values in found.items()} | {"times": quotient(found["1"], found["2"])}


def text(numbers):
    both = numbers["processes"]
    return f"""\
One relabelling on one core, everything but what grows as in the example (voxels: cubes of smooth noise).

![Time of a relabelling against voxels, participants and nuisance columns](figures/{FIGURE})

On one process a relabelling of the example takes {ms(both["1"][0])} ms, on two {ms(both["2"][0])} ms by the
wall clock: {times(both["times"])} times as fast."""


def draw(numbers, folder):
    """Time of a relabelling against each size, with the line that would be proportional."""
    figure, axes = plt.subplots(1, 3, figsize=(9.5, 3), layout="constrained")
    for axis, (name, taken) in zip(axes, numbers["sizes"].items(), strict=True):
        sizes, values = [int(k) for k in taken], [1000 * v for v in taken.values()]
        axis.plot(sizes, values, "o-", color=BLUE)
        if name == "nuisance columns":
            axis.set_ylim(0)
        else:
            axis.plot(sizes, [values[-1] * s / sizes[-1] for s in sizes], ":", color=GREY, zorder=0)
            axis.annotate(
                "proportional", (sizes[1], values[-1] * sizes[1] / sizes[-1]), (6, -8),
                textcoords="offset points", color=GREY, fontsize=8,
            )  # fmt: skip
            axis.set(xscale="log", yscale="log")
            axis.xaxis.set_major_formatter(lambda x, _: f"{x / 1000:,.0f}k" if x >= 1e4 else f"{x:,.0f}")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter("")
            axis.yaxis.set_minor_formatter("")
        axis.set(xlabel=name, title=f"{name[0].upper()}{name[1:]}")
    axes[0].set_ylabel("ms per relabelling")
    figure.savefig(folder / FIGURE)
    plt.close(figure)
