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
RANDOM, RIM = "5 % of all values missing", "10 % missing in patches at the rim"


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
    """Processor time of one relabelling where voxels differ in their models, beside one model for all.

    All are measured in turn, so that what else the machine does falls on each of them alike.

    Returns
    -------
    dict of str to dict
        For each kind of model, `seconds` and `times` (those of one model for all voxels with the same columns and
        contrast): median, lowest and highest of the repeats.
    """
    maps, rng = np.array(example.maps), np.random.default_rng(0)
    space, enhance = Model.load(example.model_file).space, example.enhancement()
    n = len(maps)
    at = np.argwhere(space.mask)
    # Everyone lacks the tenth of the voxels that is farthest in a direction of their own.
    depth = rng.standard_normal((n, 3)) @ at.T
    lacking = {
        RANDOM: np.where(rng.random(maps.shape) < 0.05, np.float32(np.nan), maps),
        RIM: np.where(depth > np.quantile(depth, 0.9, axis=1, keepdims=True), np.float32(np.nan), maps),
    }
    covariate, groups = rng.standard_normal(maps.shape, np.float32), np.arange(n) % 2
    noise = rng.standard_normal((8, n))

    def of(p, rows, data=maps, kind="voxelwise", covariates=(), **options):
        columns = [np.ones(n), example.tested, *noise[: p - 2], *[np.full(n, np.nan)] * len(covariates)]
        design = np.column_stack(columns)
        model = contrast_model(
            design, np.eye(design.shape[1])[1 : 1 + rows], "F" if rows > 1 else "t", "permute", {}, kind=kind,
            space=space, incomplete=data is not maps, **options,
        )  # fmt: skip
        return data, model.estimator(covariates), model.exchangeability, rows > 1

    def measured(data, estimator, exchangeability, is_f):
        def run(many):
            begin = time.process_time()
            null_maxima(
                data,
                estimator,
                exchangeability,
                0,
                1,
                1 + many,
                is_f=is_f,
                both_signs=not is_f,
                enhancement=enhance,
            )
            return time.process_time() - begin

        few, many = 24, 24 + 2 * BATCH
        return (run(many) - run(few)) / (many - few)

    sizes = {"": (2, 1), ", 5 columns": (5, 1), ", 10 columns": (10, 1), ", F of 3 rows": (5, 3)}
    found = {}
    for more, size in sizes.items():
        cases = {name: of(*size, data) for name, data in lacking.items()}
        cases["two variance groups"] = of(*size, groups=groups)
        if not more:
            cases["a covariate that is a map"] = of(*size, covariates=[covariate])
            cases["smoothed variance"] = of(*size, kind="smoothed_variance", variance_sigma=(1.0, 1.0, 1.0))
        cases[f"two variance groups, {RANDOM}"] = of(*size, lacking[RANDOM], groups=groups)
        common = of(*size, kind="common")
        for repeat in range(1 + REPEATS):
            fast = measured(*common)
            for name, case in {"one model for all voxels": common, **cases}.items():
                seconds = measured(*case)
                # The first one compiles.
                if repeat:
                    one = found.setdefault(name + more, {"seconds": [], "times": []})
                    one["seconds"].append(seconds)
                    one["times"].append(seconds / fast)
    return {
        name: {key: [statistics.median(values), min(values), max(values)] for key, values in one.items()}
        for name, one in found.items()
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
