"""Time of one relabelling by this library: in all, by part, and as data grow."""

import multiprocessing
import statistics
import time

import numpy as np
from permaps.permutation.model import Model, contrast_model
from permaps.permutation.null import Enhancement, null_maxima
from permaps.permutation.relabelling import relabellings
from permaps.spaces.adjacency import grid_adjacency
from permaps.statistics import enhancement
from permaps.statistics.compiled import compiled
from permaps.statistics.sorted_p import Curves, scale_of
from scipy.ndimage import gaussian_filter

from bench.clock import REPEATS, each, median

BATCH = 64


def on_processes(processes, maps, model, enhance, few=BATCH, many=1024):
    """Seconds for one relabelling, when so many processes share the work."""

    def run(n):
        share = n // processes
        null_maxima(maps, *model, 0, 1, 1 + share, is_f=False, both_signs=True, enhancement=enhance)

    if processes == 1:
        return each(run, few, many)
    fork = multiprocessing.get_context("fork")
    barrier, told = fork.Barrier(processes), fork.SimpleQueue()

    def work():
        run(few)
        barrier.wait()
        begin = time.perf_counter()
        run(few)
        middle = time.perf_counter()
        run(many)
        told.put((time.perf_counter() - middle) - (middle - begin))

    durations = []
    for _ in range(REPEATS):
        started = [fork.Process(target=work) for _ in range(processes)]
        for process in started:
            process.start()
        for process in started:
            process.join()
        durations.append(max(told.get() for _ in started) / (many - few))
    return statistics.median(durations)


def parts(example, connectivity):
    """Seconds of each part of one relabelling, and of what memory alone would cost."""
    maps, (model, exchangeability) = np.array(example.maps), example.model()
    enhance = example.enhancement(connectivity)
    workspace = enhancement.Workspace(enhance.adjacency, enhance.extent)
    labelled = relabellings(exchangeability, 0, 1, 1 + BATCH)
    evaluator = model.evaluator(maps, False, 1e6)
    heights = np.empty((BATCH, maps.shape[1]), np.float32)

    def products():
        for _ in evaluator.values(*labelled):
            pass

    for first, values in evaluator.values(*labelled):
        width = min(values.shape[1], maps.shape[1] - first)
        heights[:, first : first + width] = values[:, :width]

    def sort():
        for one in heights:
            sort_one(one)

    def sort_one(one):
        position = enhance.adjacency.position
        return enhancement._sort_descending(
            one.view(np.uint32), position, workspace.keys, workspace.histograms
        )

    def maxima():
        for one in heights:
            workspace.maxima(one, True, enhance.height, enhance.threshold)

    def sort_and_traffic():
        for one in heights:
            n_positive = sort_one(one)
            _traffic(workspace.keys[0, :n_positive], workspace.steps[0], workspace.label)
            _traffic(workspace.keys[0, n_positive:], workspace.steps[0], workspace.label)

    def everything():
        null_maxima(
            maps, model, exchangeability, 0, 1, 1 + BATCH, is_f=False, both_signs=True, enhancement=enhance
        )

    found = {
        "draw": median(lambda: relabellings(exchangeability, 0, 1, 1 + BATCH)),
        "product": median(products),
        "sort": median(sort),
        "floor": median(sort_and_traffic),
    }
    found["union-find"] = median(maxima) - found["sort"]
    found = {name: value / BATCH for name, value in found.items()}
    return found | {"all": each(lambda n: [everything() for _ in range(n)], 1, 4) / BATCH}


def bounds(example):
    """Seconds for the sorted p of one relabelling, from which bounds on true discoveries are calibrated."""
    maps, (model, exchangeability) = np.array(example.maps), example.model()
    evaluator = model.evaluator(maps, False, 1e6)
    heights = np.empty((BATCH, maps.shape[1]), np.float32)
    for first, values in evaluator.values(*relabellings(exchangeability, 0, 1, 1 + BATCH)):
        width = min(values.shape[1], maps.shape[1] - first)
        heights[:, first : first + width] = values[:, :width]
    found = {}
    for name, is_f in (("t", False), ("F", True)):
        curves = Curves(scale_of(model.dof, 1, is_f, not is_f), maps.shape[1])
        of_name = heights**2 if is_f else heights

        def run(curves=curves, of_name=of_name):
            for one in of_name:
                curves.of(one)

        found[name] = median(run) / BATCH
    return found


@compiled
def _traffic(keys, steps, label):
    """Read the labels around each voxel and write its own, in order of height: a walk that decides nothing."""
    for q in range(keys.size):
        p = keys[q] & np.uint64(0xFFFFFFFF)
        top = np.uint32(0)
        for k in range(steps.size):
            top = max(top, label[p + steps[k]])
        label[p] = top | np.uint32(1)
    label[:] = 0


def general(example):
    """Seconds for one relabelling where voxels differ in their models: the general path, on one core."""
    maps, rng = np.array(example.maps), np.random.default_rng(0)
    space, enhance = Model.load(example.model_file).space, example.enhancement()
    n = len(maps)
    fixed = np.column_stack([np.ones(n), example.tested])
    lacking = np.where(rng.random(maps.shape) < 0.05, np.float32(np.nan), maps)
    extended = np.column_stack([fixed, np.full(n, np.nan)])
    covariate = rng.standard_normal(maps.shape, np.float32)

    def measured(maps, design, covariates=(), **options):
        contrast = np.eye(design.shape[1])[1:2]
        kind = "smoothed_variance" if "variance_sigma" in options else "voxelwise"
        model = contrast_model(design, contrast, "t", "permute", {}, kind=kind, space=space, **options)
        pair = model.estimator(covariates), model.exchangeability
        return on_processes(1, maps, pair, enhance, few=8, many=40)

    return {
        "5 % of all values missing": measured(lacking, fixed),
        "two variance groups": measured(maps, fixed, groups=np.arange(n) % 2),
        "a covariate that is a map": measured(maps, extended, [covariate]),
        "smoothed variance": measured(maps, fixed, variance_sigma=(1.0, 1.0, 1.0)),
    }


def cohort(n_participants, shape, n_nuisance=0, n_patterns=48):
    """Make smooth maps of a cube, a model with nuisance columns, and their enhancement."""
    rng = np.random.default_rng(0)
    patterns = np.array(
        [gaussian_filter(rng.standard_normal(shape, np.float32), 1.2).ravel() for _ in range(n_patterns)]
    )
    maps = rng.standard_normal((n_participants, n_patterns), np.float32) @ patterns
    design = np.column_stack([np.ones(n_participants), rng.standard_normal((n_participants, 1 + n_nuisance))])
    contrast = np.eye(2 + n_nuisance)[1:2]
    model = contrast_model(design, contrast, "t", "permute", {})
    return (
        maps,
        (model.estimator(), model.exchangeability),
        Enhancement(grid_adjacency(np.ones(shape, bool), 6), 0.5, 2.0, 3.4),
    )


def growth():
    """Seconds for one relabelling as voxels, participants and nuisance columns grow."""
    found = {"voxels": {}, "participants": {}, "nuisance columns": {}}
    for side in (22, 32, 46, 67, 97):
        found["voxels"][side**3] = on_processes(1, *cohort(89, (side,) * 3), many=2 * BATCH)
    for n in (20, 50, 89, 200, 500, 1000, 2000):
        found["participants"][n] = on_processes(1, *cohort(n, (35, 35, 35)), many=3 * BATCH)
    for n in (0, 1, 2, 5, 10, 20):
        found["nuisance columns"][n] = on_processes(1, *cohort(89, (35, 35, 35), n), many=4 * BATCH)
    return found
