"""Where the time of a relabelling goes, and what memory alone would cost."""

import matplotlib.pyplot as plt
import numpy as np
from permaps.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED
from permaps.permutation.relabelling import relabellings
from permaps.statistics import enhancement
from permaps.statistics.compiled import compiled
from permaps.statistics.components import components

from bench.clock import cpu, each, in_turn, quotient, spread
from bench.markdown import ms, table, times

CONNECTIVITY = (6, 18, 26)
LIMITS = {6: 2.0, 26: 1.8}
BATCH = 64
FIGURE = "benchmark-parts.png"
COLOURS = {"draw": BLACK, "product": GREEN, "collect": GREY, "sort": ORANGE, "union-find": BLUE}


def measure(example):
    """Seconds of each part of one relabelling, by number of neighbours."""
    return {str(k): parts(example, k) for k in CONNECTIVITY}


def parts(example, connectivity):
    maps, (model, exchangeability) = example.maps, example.model()
    enhance = example.enhancement(connectivity)
    workspace = enhancement.Workspace(enhance.adjacency, enhance.extent)
    labelled = relabellings(exchangeability, 0, 1, 1 + BATCH)
    evaluator = model.evaluator(maps, False, 1e6)
    heights = example.heights(BATCH)

    def products():
        for _ in evaluator.values(*labelled):
            pass

    def sort_one(one):
        return enhancement._sort_descending(
            one.view(np.uint32), enhance.adjacency.position, workspace.keys, workspace.histograms
        )

    def sort():
        for one in heights:
            sort_one(one)

    def maxima():
        for one in heights:
            workspace.maxima(one, True, enhance.height, enhance.threshold)

    def walk(kernel, *more):
        for one in heights:
            n_positive = sort_one(one)
            kernel(workspace.keys[0, :n_positive], workspace.steps[0], workspace.label, *more)
            kernel(workspace.keys[0, n_positive:], workspace.steps[0], workspace.label, *more)

    works = {
        "draw": lambda: relabellings(exchangeability, 0, 1, 1 + BATCH),
        "product": products,
        "sort": sort,
        "floor": lambda: walk(_traffic),
        "looked up": lambda: walk(_look_up, np.arange(2, dtype=np.uint32)),
        "transform": maxima,
    }
    measures = {name: lambda work=work: cpu(work) / BATCH for name, work in works.items()}
    found = in_turn(measures | {"all": each(example.runner(enhance), BATCH, 4 * BATCH)})
    shown = {name: spread(values)[0] for name, values in found.items()}
    shown["union-find"] = shown["transform"] - shown["sort"]
    shown["collect"] = max(shown["all"] - shown["draw"] - shown["product"] - shown["transform"], 0.0)
    shown["joins"] = joins(heights[0], enhance.adjacency)
    return shown | {"above": quotient(found["transform"], found["floor"])}


def joins(heights, adjacency):
    """Return how many times a voxel joins components, of either sign: summits, less what is left in the end."""
    one, other = adjacency.pairs.T
    joined = one, other = np.stack([one, other])[:, heights[one] * heights[other] > 0]
    higher = np.abs(heights[one]) < np.abs(heights[other])
    summits = np.setdiff1d(np.arange(len(heights)), np.where(higher, *joined)).size
    return int(summits - components(np.sign(heights), adjacency).max())


@compiled
def _traffic(keys, steps, label):
    """Read the labels around each voxel and write its own, in order of height: a walk that decides nothing."""
    for q in range(keys.size):
        p = keys[q] & np.uint64(0xFFFFFFFF)
        # With a constant number, the compiler unrolls the loop, as in the union-find.
        if steps.size == 6:
            top = _highest(label, p, steps, 6)
        elif steps.size == 18:
            top = _highest(label, p, steps, 18)
        else:
            top = _highest(label, p, steps, 26)
        label[p] = top | np.uint32(1)
    _clear(keys, label)


@compiled
def _highest(label, p, steps, width):
    top = np.uint32(0)
    for k in range(width):
        top = max(top, label[p + steps[np.uint64(k)]])
    return top


@compiled
def _look_up(keys, steps, label, component):
    """The same walk, but of the components that the labels stand for, and of the lowest too."""
    for q in range(keys.size):
        p = keys[q] & np.uint64(0xFFFFFFFF)
        own = np.uint64(0)
        if steps.size == 6:
            union, bottom = enhancement._union_and_lowest(component, label, p, steps, own, 6)
        elif steps.size == 18:
            union, bottom = enhancement._union_and_lowest(component, label, p, steps, own, 18)
        else:
            union, bottom = enhancement._union_and_lowest(component, label, p, steps, own, 26)
        label[p] = (union & bottom) | np.uint32(1)
    _clear(keys, label)


@compiled
def _clear(keys, label):
    for q in range(keys.size):
        label[keys[q] & np.uint64(0xFFFFFFFF)] = 0


def text(numbers):
    rows = [
        [
            k,
            *(ms(p[name]) for name in ("all", *COLOURS, "floor")),
            times(p["above"]),
            str(LIMITS.get(int(k), "")),
            ms(p["looked up"]),
            f"{p['joins']:,}",
        ]
        for k, p in numbers.items()
    ]
    header = ["neighbours", "all", "drawing it", "product and t", "maxima of t", "sort", "union-find"]
    header += ["sort and memory traffic alone", "times that", "at most"]
    header += ["with components looked up", "joins"]
    return f"""\
One relabelling of the example on one core, in milliseconds of processor time. The floor is the sort and a walk
over the voxels in order of height that reads the labels around each and writes its own, but decides nothing. A
method that adds voxels in descending order cannot be faster than that. The next column says how many times as
long sort and union-find take. Besides, they look up the component of each label around, compare these, and join
them where they differ. They also add to the TFCE, size and mass of the component. The last columns say what
the walk takes if it looks up the components as well, and how many joins one of the maps has. The rest of the time
goes to these and to the sums.

{table(header, rows)}

![Shares of a relabelling](figures/{FIGURE})"""


def draw(numbers, folder):
    """Bars of the parts of a relabelling, and the floor."""
    figure, axis = plt.subplots(figsize=(6.5, 2.4), layout="constrained")
    for row, p in enumerate(numbers.values()):
        left = 0.0
        for name, colour in COLOURS.items():
            axis.barh(row, 1000 * p[name], left=left, color=colour, label=name if row == 0 else None)
            left += 1000 * p[name]
        floor = 1000 * (p["draw"] + p["product"] + p["collect"] + p["floor"])
        axis.plot([floor, floor], [row - 0.4, row + 0.4], color=RED, label="floor" if row == 0 else None)
    axis.set(yticks=range(len(numbers)), yticklabels=[f"{k} neighbours" for k in numbers])
    axis.set(xlabel="ms per relabelling, one core")
    axis.invert_yaxis()
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(folder / FIGURE)
    plt.close(figure)
