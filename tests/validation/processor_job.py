"""What `test_processors` compares: models of every kind and what is made of maps, in small, as digests."""

import hashlib
import json
import sys

import numpy as np
from permaps.permutation.from_settings import enhancement_of, p_scale
from permaps.permutation.model import contrast_model
from permaps.permutation.null import null_maxima
from permaps.permutation.observed import observe
from permaps.permutation.relabelling import relabellings
from permaps.quality.screening import _correlation_with_rest
from permaps.spaces.smoothing import smooth_volume
from permaps.spaces.volume import Volume
from permaps.statistics.glm import fit
from permaps.statistics.roots import RootsEvaluator

SHAPE = (5, 6, 4)
N, RELABELLINGS = 13, 5
ONE, GROUP = np.ones(N), (np.arange(N) >= 5).astype(float)
AGE = np.arange(N) * 7 % 11 / 3.0
SETTINGS = {
    "seed": 3, "two_sided": True, "enhance": True, "connectivity": 26, "cluster_p": 0.2, "tdp": True
}  # fmt: skip
# Per model: columns, contrast, exponents of TFCE and what makes it another than the common one. NaN are maps.
MODELS = {
    "fast": ([ONE, AGE, GROUP], [[0, 0, 1]], (0.5, 2.0), {}),
    "fast, F": ([ONE, AGE, GROUP], [[0, 1, 0], [0, 0, 1]], (0.7, 1.3), {}),
    "missing values": (
        [ONE, AGE, GROUP],
        [[0, 0, 1]],
        (0.5, 2.0),
        {"kind": "voxelwise", "incomplete": True},
    ),
    "maps as covariates": ([ONE, GROUP, AGE * np.nan], [[0, 1, 0]], (0.5, 2.0), {"kind": "voxelwise"}),
    "variance groups": (
        [ONE, AGE, GROUP],
        [[0, 1, 0], [0, 0, 1]],
        (1.0, 1.0),
        {"kind": "voxelwise", "groups": GROUP.astype(int)},
    ),
    "pseudo-t": (
        [ONE, AGE],
        [[0, 1]],
        (0.5, 2.0),
        {"kind": "smoothed_variance", "variance_sigma": [1.1, 1.2, 0.9]},
    ),
}


def random(*shape):
    """Numbers from integers alone, in single precision."""
    words = np.random.Philox(key=7).random_raw(int(np.prod(shape))) >> np.uint64(40)
    return (words.astype(np.float32) / np.float32(2**23) - 1).reshape(shape)


def of_model(columns, contrast, exponents, options):
    """Return the arrays of a model, its null and its observed maps."""
    maps, is_f = random(N, int(np.prod(SHAPE))), len(contrast) > 1
    maps[3, 10:30] = np.nan if options.get("incomplete") else maps[3, 10:30]
    model = contrast_model(
        np.column_stack(columns), np.array(contrast, float), "F" if is_f else "t", "permute", {},
        space=Volume(np.ones(SHAPE, bool), np.eye(4)), **options,
    )  # fmt: skip
    is_map = np.isnan(columns).any(axis=1)
    covariates = [random(N, 2 * maps.shape[1])[:, ::2] for _ in range(is_map.sum())]
    settings = SETTINGS | {"tfce": dict(zip(("extent", "height"), exponents, strict=True))}
    enhanced, both = enhancement_of(model, settings)
    null = null_maxima(
        maps, model.estimator(covariates), model.exchangeability, 3, 0, RELABELLINGS,
        is_f=is_f, both_signs=both, enhancement=enhanced, scale=p_scale(model, settings),
    )  # fmt: skip
    found = observe(maps, model, settings, covariates).measures
    # That relabelling 0 ties with what is observed must hold on any processor.
    assert null["voxel"][0] == np.abs(found["voxel"]).max()
    return model.arrays() | null | {f"observed {name}": values for name, values in found.items()}


def of_inputs():
    """Return multivariate statistics of two inputs, with a contrast of two rows and nuisance that moves."""
    maps = list(random(2, N, 40))
    model = contrast_model(np.column_stack([ONE, AGE, GROUP, AGE**2]), np.eye(4)[[1, 3]], "F", "permute", {})
    drawn = relabellings(model.exchangeability, 3, 0, 3)
    return {
        str(how): next(RootsEvaluator(model.regressors, maps, how, 1).values(*drawn))[1][:, :40]
        for how in range(6)
    }


def of_maps():
    """Return what is made of maps without relabelling: smoothing, correlations, fits."""
    maps = random(N, *SHAPE)
    smoothed = np.array([smooth_volume(one, np.diag([3.0, 2.1, 4.0, 1.0]), 7.3) for one in maps])
    flat = maps.reshape(N, -1).astype(float)
    count = np.full(flat.shape[1], N)
    fitted = {
        f"{name} of {len(contrast)}": values
        for contrast in ([[0, 0, 1]], [[0, 1, 0], [0, 0, 1]])
        for name, values in fit(flat, np.column_stack([ONE, AGE, GROUP]), np.array(contrast, float)).items()
        # These come from the special functions of scipy, which call the C library's.
        if name not in ("p", "z")
    }
    correlations = [_correlation_with_rest(one, flat.sum(axis=0), count, included=True) for one in flat]
    return fitted | {"smoothed": smoothed, "correlations": correlations}


def digest(values):
    values = np.asarray(values)
    return hashlib.sha256(f"{values.dtype.str}{values.shape}".encode() + values.tobytes()).hexdigest()


def main():
    """Print a digest of every array, by model and name."""
    found = {name: of_model(*model) for name, model in MODELS.items()} | {
        "maps": of_maps(),
        "inputs": of_inputs(),
    }
    print(
        json.dumps({f"{kind}: {name}": digest(v) for kind, all_ in found.items() for name, v in all_.items()})
    )


if __name__ == "__main__":
    sys.exit(main())
