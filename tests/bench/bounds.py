"""What the sorted p of a relabelling cost, from which bounds on true discoveries are calibrated."""

from permaps.statistics.sorted_p import Curves, scale_of

from bench.clock import cpu, each, in_turn, quotient, spread
from bench.markdown import ms, table, times

BATCH = 64
LIMIT = 10


def measure(example):
    """Seconds of the sorted p of t and F of a relabelling, and percent of what a relabelling without them takes."""
    dof, heights, enhance = example.model()[0].dof, example.heights(BATCH), example.enhancement()

    def curve(is_f):
        curves = Curves(scale_of(dof, 1, is_f, not is_f), heights.shape[1])
        values = heights**2 if is_f else heights

        def run():
            for one in values:
                curves.of(one)

        return lambda: cpu(run) / BATCH

    found = in_turn(
        {
            "t": curve(False),
            "F": curve(True),
            "all four statistics": each(example.runner(enhance), BATCH, 5 * BATCH),
            "voxel alone": each(example.runner(), 4 * BATCH, 20 * BATCH),
        }
    )
    return {
        name: {
            "seconds": spread(found[name]),
            "curve": {kind: spread(found[kind]) for kind in ("t", "F")},
            "percent": [100 * value for value in quotient(found["t"], found[name])],
        }
        for name in ("all four statistics", "voxel alone")
    }


def text(numbers):
    rows = [
        [
            name,
            ms(one["seconds"][0]),
            *(ms(one["curve"][kind][0]) for kind in "tF"),
            times(one["percent"]),
            str(LIMIT),
        ]
        for name, one in numbers.items()
    ]
    return f"""\
What the sorted p of a relabelling add to it ([how much is active](discoveries.md)), in milliseconds of
processor time on one core, beside a relabelling without them.

{table(["a relabelling with", "takes", "sorted p of t", "of F", "t, %", "at most"], rows)}"""
