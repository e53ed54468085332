"""The brain mask: which voxels of the grid of the maps are brain."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from nibabel.affines import apply_affine

from permaps.maps.images import UnusableMap, affine_text, load_volume, same_grid, shape_text, values_at
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log

# One voxel is no map: it has neither a maximum over voxels nor a neighbour.
FEWEST_VOXELS = 2
# At least this share of a mask on another grid has to lie in the maps; otherwise it is a mask in another space.
LEAST_KEPT = 0.5


def brain_mask(
    strategy: str, maps: Iterable[np.ndarray], affine: np.ndarray, file: str | Path | None = None
) -> np.ndarray:
    """Make a brain mask on the grid of the maps.

    Parameters
    ----------
    strategy : str
        background, epi: nilearn's masks of the mean map, as NiftiMasker computes them from all maps; a
        value that one map lacks does not count for it.
        template: nilearn's MNI152 brain mask. file: the mask in `file`.
    maps : iterable of numpy.ndarray, shape (x, y, z)
        All on one grid.
    affine : numpy.ndarray, shape (4, 4)
        Of the grid, voxel to mm.
    file : path, optional

    Returns
    -------
    numpy.ndarray of bool, shape (x, y, z)

    Raises
    ------
    UserError
        When the mask holds no voxel, or a single one, or the file's lies elsewhere than the maps.
    """
    if strategy in ("background", "epi"):
        brain = _data_mask(strategy, maps, affine)
        advice = "Do the maps have a background? Try mask.strategy: template, or a file."
    else:
        shape = next(iter(maps)).shape
        if strategy == "template":
            brain = _template_mask(shape, affine)
            advice = "nilearn's template is in MNI space: are the maps?"
        else:
            brain = _file_mask(file, shape, affine)
            advice = f"Expected at least {FEWEST_VOXELS} voxels of the maps where {file} is above 0."
    if brain.sum() < FEWEST_VOXELS:
        raise UserError(f"the brain mask (mask.strategy: {strategy}) holds {few(brain.sum())}. {advice}")
    return brain


def _data_mask(strategy, maps, affine):
    import nibabel as nib
    from nilearn import masking

    total, count = 0.0, 0
    for data in maps:
        finite = np.isfinite(data)
        total = total + np.where(finite, data, 0).astype(np.float64)
        count = count + finite
    # NaN where nobody has a value: one participant's hole near the border must not turn the mask inside out.
    with np.errstate(invalid="ignore"):
        mean = nib.Nifti1Image(total / count, affine)
    compute = {"background": masking.compute_background_mask, "epi": masking.compute_epi_mask}[strategy]
    return np.asarray(compute(mean).dataobj) != 0


def _template_mask(shape, affine):
    from nilearn.datasets import load_mni152_brain_mask
    from nilearn.image import resample_img
    from nilearn.image.resampling import BoundingBoxError

    # nilearn's own template strategy opens the mask by two voxels, whatever their size; at 3 to 5 mm that
    # cuts off temporal poles and cerebellum, so its mask at 1 mm is taken as it is.
    try:
        resampled = resample_img(
            load_mni152_brain_mask(resolution=1),
            target_affine=affine,
            target_shape=shape,
            interpolation="nearest",
            force_resample=True,
            copy_header=True,
        )
    except BoundingBoxError:  # nothing of the template is where the maps are
        return np.zeros(shape, dtype=bool)
    return np.asarray(resampled.dataobj) != 0


def _file_mask(file, shape, affine):
    try:
        data, mask_affine = load_volume(file)
    except UnusableMap as unusable:
        raise UserError(
            f"mask.file: {file}: {unusable}; expected one volume, above 0 in the brain."
        ) from None
    if not same_grid(data.shape, mask_affine, shape, affine):
        data = _on_grid(file, data, mask_affine, shape, affine)
    brain = data > 0
    values = np.unique(data[brain])
    if values.size > 1:
        log.warning(
            "warning: mask.file has values from %g to %g; all above 0 are brain", values[0], values[-1]
        )
    return brain


def _on_grid(file, data, mask_affine, shape, affine):
    """Return a mask at the voxels of the maps' grid: the value of its nearest voxel."""
    grids = f"The mask: {_grid(data.shape, mask_affine)}. The maps: {_grid(shape, affine)}."
    places = apply_affine(affine, np.indices(shape).reshape(3, -1).T)
    resampled = values_at(data, mask_affine, places).reshape(shape)
    had, has = (
        (values > 0).sum() * abs(np.linalg.det(its_affine[:3, :3]))
        for values, its_affine in ((data, mask_affine), (resampled, affine))
    )
    if has < LEAST_KEPT * had:
        raise UserError(
            f"mask.file: of the {had / 1e6:.3g} litres of {file}, {has / 1e6:.3g} lie in the images of the maps. "
            f"{grids} Expected a mask in the space of the maps: compare the two in a viewer."
        )
    log.info("mask.file is on another grid than the maps: each voxel has the value of its nearest. %s", grids)
    return resampled


def few(number: int, element: str = "voxel") -> str:
    """Return in words how many voxels or the like there are, of fewer than are needed."""
    return {0: f"no {element}", 1: f"a single {element}"}[int(number)]


def _grid(shape, affine):
    return f"{shape_text(shape)}, affine {affine_text(affine)}"
