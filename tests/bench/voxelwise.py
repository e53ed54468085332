"""Models that differ by voxel, beside one model for all voxels with the same columns and contrast."""

import numpy as np
from permaps.permutation.model import Model, contrast_model
from permaps.permutation.null import null_maxima

from bench.clock import each, in_turn, quotient, spread
from bench.markdown import ms, table, times

RANDOM, RIM = "5 % of all values missing", "10 % missing in patches at the rim"
GROUPS, COVARIATE, SMOOTHED = "two variance groups", "a covariate that is a map", "smoothed variance"
GROUPS_LACKING = f"{GROUPS}, {RANDOM}"
COMMON = "one model for all voxels"
# At most how many times as long as one model for all voxels.
LIMITS = {RANDOM: 2.5, RIM: 2.5, GROUPS: 2.5, COVARIATE: 5, SMOOTHED: 3, GROUPS_LACKING: 4}
# Columns, and rows of the contrast.
SIZES = {"": (2, 1), ", 5 columns": (5, 1), ", 10 columns": (10, 1), ", F of 3 rows": (5, 3)}
# Relabellings of the shorter and the longer run: both whole blocks of every evaluator.
FEW, MANY = 96, 288


def measure(example):
    """Seconds of a relabelling with each kind of model, and how many times those of one model for all voxels."""
    found = {}
    for more, size in SIZES.items():
        cases = models(example, *size)
        enhance = example.enhancement()
        samples = in_turn({name: measured(case, enhance) for name, case in cases.items()}, 3)
        found |= {
            name + more: {"seconds": spread(values), "times": quotient(values, samples[COMMON])}
            for name, values in samples.items()
        }
    return found


def models(example, p, rows):
    """Return the data and the model of each kind, with so many columns and rows of the contrast."""
    maps, rng = example.maps, np.random.default_rng(0)
    space, n = Model.load(example.model_file).space, len(maps)
    lacking = {RANDOM: rng.random(maps.shape) < 0.05, RIM: at_the_rim(space.mask, n, rng)}
    lacking = {name: np.where(absent, np.float32(np.nan), maps) for name, absent in lacking.items()}
    covariate, groups = rng.standard_normal(maps.shape, np.float32), np.arange(n) % 2
    noise = rng.standard_normal((p - 2, n))

    def of(data=maps, kind="voxelwise", covariates=(), **options):
        columns = [np.ones(n), example.tested, *noise, *[np.full(n, np.nan)] * len(covariates)]
        design = np.column_stack(columns)
        model = contrast_model(
            design, np.eye(design.shape[1])[1 : 1 + rows], "F" if rows > 1 else "t", "permute", {}, kind=kind,
            space=space, incomplete=data is not maps, **options,
        )  # fmt: skip
        return data, model.estimator(covariates), model.exchangeability, rows > 1

    found = {COMMON: of(kind="common")}
    found |= {name: of(data) for name, data in lacking.items()}
    found[GROUPS] = of(groups=groups)
    if p == 2:
        found[COVARIATE] = of(covariates=[covariate])
        found[SMOOTHED] = of(kind="smoothed_variance", variance_sigma=(1.0, 1.0, 1.0))
    return found | {GROUPS_LACKING: of(lacking[RANDOM], groups=groups)}


def at_the_rim(mask, n, rng):
    """Everyone lacks the tenth of the voxels that is farthest in a direction of their own."""
    depth = rng.standard_normal((n, 3)) @ np.argwhere(mask).T
    return depth > np.quantile(depth, 0.9, axis=1, keepdims=True)


def measured(case, enhance):
    """Return what measures a relabelling of a model."""
    data, estimator, exchangeability, is_f = case

    def run(n):
        null_maxima(
            data, estimator, exchangeability, 0, 1, 1 + n, is_f=is_f, both_signs=not is_f, enhancement=enhance
        )

    return each(run, FEW, MANY)


def text(numbers):
    rows = [
        [name, ms(found["seconds"][0]), times(found["times"]), str(LIMITS.get(name, ""))]
        for name, found in numbers.items()
    ]
    return f"""\
Processor time of one relabelling of the example on one core, with TFCE and clusters as above. Beside it, one
model for all voxels with the same columns and contrast is measured in turn. Given are the median, lowest and
highest of the repeats.

{table(["with", "ms", "times one model for all", "at most"], rows)}

Each missing value costs a look-up and a multiplication for each column and relabelling. Each voxel that lacks
others than the voxel before it costs a search for the rows that its participants take instead. With variance
groups, the squares of the residuals are summed by group too, and what the groups add grows with the square of
the columns."""
