"""Voxel statistics alone: beside another tool, and beside what the processor could do at most."""

from threadpoolctl import threadpool_limits

from bench import limits
from bench.beside import nilearn
from bench.clock import each, in_turn, quotient, spread
from bench.growth import runner
from bench.markdown import ms, table, times

LIMIT = 25
# Participants, and the side of a cube of voxels.
SIZES = ((89, 35), (1000, 35), (10_000, 16))
# Whole batches of the evaluator, whether it holds the data or reads them again for each batch.
FEW, MANY = 768, 1536
# What it may hold: of 10,000 participants, not all.
MEMORY_MB = 500
BATCH_OF_LARGE = 256


def measure(example):
    """Seconds of a relabelling beside nilearn, and shares of what the processor could do."""
    with threadpool_limits(1):
        found = in_turn({"theirs": nilearn(example)["voxel"], "ours": each(example.runner(), FEW, 3 * FEW)})
    numbers = {name: spread(values) for name, values in found.items()}
    numbers["times"] = quotient(found["theirs"], found["ours"])
    numbers["sizes"] = [share(n, side) for n, side in SIZES]
    return numbers


def share(n, side):
    """Seconds of a relabelling, and how many per cent of them the products alone would take."""
    run = runner(n, (side,) * 3, enhanced=False, memory_mb=MEMORY_MB)
    few, many = (FEW, MANY) if n < 10_000 else (BATCH_OF_LARGE, 2 * BATCH_OF_LARGE)
    found = in_turn({"ours": each(run, few, many), "multiply": limits.multiply_adds}, 3)
    products = n * side**3
    return {
        "participants": n,
        "voxels": side**3,
        "seconds": spread(found["ours"]),
        "products": spread(
            [100 * products * a / b for a, b in zip(found["multiply"], found["ours"], strict=True)]
        ),
        "rate": products / spread(found["ours"])[0],
        "limit": 1 / spread(found["multiply"])[0],
    }


def text(numbers):
    rows = [
        [
            f"{one['participants']:,}",
            f"{one['voxels']:,}",
            ms(one["seconds"][0]),
            f"{one['rate'] / 1e9:.1f}",
            f"{one['limit'] / 1e9:.1f}",
            times(one["products"]),
        ]
        for one in numbers["sizes"]
    ]
    header = ["participants", "voxels", "ms", "products of two numbers, thousand million a second"]
    header += ["at most", "share, %"]
    return f"""\
With `statistics: [voxel]` and without bounds on true discoveries, no maps are made: products with the residuals
decide which is the highest. One relabelling of the example takes nilearn's `permuted_ols` {ms(numbers["theirs"][0])}
ms of processor time and ours {ms(numbers["ours"][0])}, in turn on one core: {times(numbers["times"])} times as fast,
where {LIMIT} was wanted.

What limits it is multiplication, one for each participant and voxel: here beside a loop that does nothing but
multiply numbers in registers. Everything is in double precision, drawing the relabelling included.

{table(header, rows)}"""
