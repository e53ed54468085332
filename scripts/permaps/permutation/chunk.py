"""Chunks of the null as files, and how they are merged.

A chunk says what it was computed from. So a chunk from other data, another design or other settings is
noticed before it can reach a result.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from permaps.permutation.fingerprint import fingerprint
from permaps.permutation.from_settings import enhancement_of, p_scale
from permaps.permutation.model import Model, contrast_model
from permaps.permutation.null import ENHANCED, Enhancement, null_maxima
from permaps.permutation.smallest import with_joined_parts
from permaps.spaces.volume import Volume
from permaps.statistics.sorted_p import least_slope, scale_of
from permaps.workflow.arrays import read_arrays
from permaps.workflow.errors import UserError

# Arrays that are as long as the curves of all relabellings together.
VERTICES = ("curve_rank", "curve_p")


def read_chunk(path: str | Path, start: int, stop: int, expected: str) -> dict[str, np.ndarray]:
    """Read one chunk of the null and check that it is the right one.

    Parameters
    ----------
    path : path
    start, stop : int
        The relabellings that it must have, all of them and no others.
    expected : str
        The fingerprint of the data, design and settings of this run.

    Raises
    ------
    UserError
        If the file is cut off, is no chunk, or comes from other data, another design or other settings.
    """
    advice = f"Delete {path} and run again: only this stretch is computed again."
    try:
        chunk = read_arrays(path)
        index, origin = chunk.pop("index"), str(chunk.pop("fingerprint"))
    except Exception as error:
        raise UserError(
            f"{path}: not a whole chunk of a null ({type(error).__name__}: {error}). {advice}"
        ) from None
    if origin != expected:
        raise UserError(f"{path}: computed from other data, another design, seed or other settings. {advice}")
    if not np.array_equal(index, np.arange(start, stop)):
        raise UserError(f"{path}: holds other relabellings than {start} to {stop}. {advice}")
    if not _whole(chunk, len(index)):
        raise UserError(f"{path}: its arrays differ in length. {advice}")
    return chunk


def _whole(chunk, n):
    """Tell whether all arrays have the lengths that those of n relabellings have."""
    n_vertices = chunk["curve_length"].sum() if "curve_length" in chunk else 0
    return all(
        len(values) == (n_vertices if name in VERTICES else n)
        for name, values in chunk.items()
        if not name.endswith("_exceedances")
    )


def chunk_fingerprint(model: Model, settings: dict) -> str:
    """Return the fingerprint that a chunk of this model with these settings must have.

    Parameters
    ----------
    model : permaps.permutation.model.Model
    settings : dict
        `seed`, `two_sided`, `enhance`, `tdp` (false when absent) and, where maps are enhanced, `connectivity`,
        `tfce` (the exponents, or those of each part by its name), `cluster_p` and `uncorrected_tfce` (false
        when absent).
    """
    used = ["seed", "two_sided", "enhance", "tdp"]
    if settings["enhance"]:
        used += ["connectivity", "tfce", "cluster_p", "uncorrected_tfce"]
    return fingerprint(model.fingerprint, {name: settings.get(name, False) for name in used})


def compute_chunk(
    matrix: str | Path,
    model: Model,
    start: int,
    stop: int,
    settings: dict,
    memory_mb: float,
    progress: Callable[[int], None] | None = None,
    covariates: Sequence[str | Path] = (),
) -> dict[str, np.ndarray]:
    """Compute relabellings start to stop - 1 of a contrast, as far as they exist.

    Parameters
    ----------
    matrix : path
        participants x voxels, .npy; read through a memory map. Of a joint test, a list of those of every input.
    model : permaps.permutation.model.Model, or permaps.permutation.joint.Joint
    start, stop : int
    settings : dict
        As for `chunk_fingerprint`.
    memory_mb : float
        Memory for the data.
    progress : callable, optional
        Called with the number of relabellings done so far.
    covariates : list of path
        The maps of the design's columns that are maps.

    Returns
    -------
    dict of numpy.ndarray
        As from `permaps.permutation.null.null_maxima`, and `fingerprint`.
    """
    enhancement, both_signs = enhancement_of(model, settings)
    # In an exact test, chunks beyond the last distinct relabelling are empty.
    stop = max(start, min(stop, model.exchangeability.n_distinct))
    chunk = _maxima(
        model,
        matrix,
        covariates,
        seed=settings["seed"],
        start=start,
        stop=stop,
        both_signs=both_signs,
        enhancement=enhancement,
        scale=p_scale(model, settings),
        memory_mb=memory_mb,
        progress=progress,
    )
    return chunk | {"fingerprint": np.array(chunk_fingerprint(model, settings))}


def _maxima(model, matrix, covariates, **options):
    """Return what `null_maxima` finds in the maps of a model."""
    maps, estimator = model.maps(matrix), model.estimator(covariates)
    return null_maxima(
        maps, estimator, model.exchangeability, is_f=model.is_f, rescaled=model.rescaled, **options
    )


def merge(
    chunks: Iterable[dict[str, np.ndarray]], n_total: int, shift: int | None = None
) -> dict[str, np.ndarray]:
    """Join the chunks of a null, in the order of their relabellings.

    Parameters
    ----------
    chunks : iterable of dict
        From `read_chunk`, in order; only one is held at a time.
    n_total : int
        Number of relabellings, including the observed labelling; the chunks may have more.
    shift : int, optional
        For bounds on true discoveries. Without it, there is no `tdp`.

    Returns
    -------
    dict of numpy.ndarray, each of length n_total
        The maxima, and `tdp`, the pivotal statistic of those bounds. Maxima of several parts are there by part, and
        as `permaps.permutation.smallest.with_joined_parts` joins them.
    """
    maxima = {}
    for chunk in chunks:
        if shift is not None:
            pivotal = least_slope(chunk["curve_rank"], chunk["curve_p"], chunk["curve_length"], shift)
            maxima.setdefault("tdp", []).append(pivotal)
        for name, values in chunk.items():
            if name == "voxel" or (name.startswith(ENHANCED) and not name.endswith("_exceedances")):
                maxima.setdefault(name, []).append(values)
    return with_joined_parts({name: np.concatenate(pieces)[:n_total] for name, pieces in maxima.items()})


def count_exceedances(
    matrix: str | Path,
    model: Model,
    chunks: Iterable[dict[str, np.ndarray]],
    n_total: int,
    settings: dict,
    covariates: Sequence[str | Path] = (),
) -> dict[str, np.ndarray]:
    """Count at each voxel how many of the first `n_total` relabellings reach the observed statistic.

    A chunk that goes beyond `n_total` counts too many, so its first part is counted again.

    Parameters
    ----------
    matrix, model
        As for `compute_chunk`.
    chunks : iterable of dict
        From `read_chunk`, in order; only one is held at a time.
    n_total : int
    settings : dict
        As for `chunk_fingerprint`.
    covariates : list of path

    Returns
    -------
    dict of numpy.ndarray of int, shape (n_voxels,)
        `voxel` and, on request, `tfce`.
    """
    enhancement, both_signs = enhancement_of(model, settings)
    counts, start = {}, 0
    for chunk in chunks:
        stop = start + len(chunk["voxel"])
        names = [name for name in chunk if name.endswith("_exceedances")]
        if start < n_total < stop:
            # The voxel statistic alone takes only a fraction of the time.
            enhanced = enhancement if "tfce_exceedances" in names else None
            stretch = {"seed": settings["seed"], "start": start, "stop": n_total}
            chunk = _maxima(model, matrix, covariates, **stretch, both_signs=both_signs, enhancement=enhanced)
        if start < n_total:
            for name in names:
                counts[name] = counts.get(name, 0) + chunk[name]
        start = stop
    return {name.removesuffix("_exceedances"): count for name, count in counts.items()}


def warm_up(kind: str) -> None:
    """Call every kernel of a kind of model once, so that it is compiled or loaded."""
    space = Volume(np.ones((2, 2, 2), bool), np.eye(4))
    design, contrast = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]]), np.array([[0.0, 1.0]])
    model = contrast_model(
        design, contrast, "t", "permute", {}, kind=kind, space=space, variance_sigma=np.ones(3)
    )
    maps = np.arange(32, dtype=np.float32).reshape(4, 8) % 7
    enhanced = Enhancement(space.adjacency(6), 0.5, 2.0, 1.0)
    for options in ({"enhancement": enhanced, "scale": scale_of(2, 1, False, True)}, {}):
        null_maxima(
            maps, model.estimator(), model.exchangeability, 0, 0, 2, is_f=False, both_signs=True, **options
        )
