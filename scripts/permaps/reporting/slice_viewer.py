"""The interactive view of a volume: nilearn's page with the viewer brainsprite, filled in without nilearn."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from math import ceil, sqrt
from string import Template

import numpy as np
from nibabel.affines import apply_affine, from_matvec

from permaps.reporting.anatomy import of_nilearn, template
from permaps.reporting.slices import DARKEST
from permaps.reporting.style import in_script, part_of_viewer, plt
from permaps.spaces.volume import Volume

# Voxels of 2 mm would triple the page.
_MM = 3
# In the bar of colours, and the colour there of what is not shown in the slices.
_COLOURS, _HIDDEN = 256, (0.5, 0.5, 0.5, 1.0)


def slice_viewer(
    space: Volume,
    values: np.ndarray,
    threshold: float,
    title: str,
    place: Sequence[float],
    cmap: str,
    low: float,
    top: float,
) -> str:
    """Make a page with three slices through a statistic over the MNI template, which the reader can move.

    Parameters
    ----------
    space : permaps.spaces.volume.Volume
    values : array, shape (n_elements,)
    threshold : float
        What is no farther from 0 is not shown.
    title : str
    place : (x, y, z)
        Where it opens, in mm.
    cmap : str
    low, top : float
        Ends of the scale.

    Returns
    -------
    str
        A complete HTML page that loads nothing.
    """
    from scipy.ndimage import affine_transform

    behind = template(_MM)
    affine = from_matvec(np.diag(behind.step), behind.first)
    there = np.linalg.inv(space.affine) @ affine
    onto = {"matrix": there[:3, :3], "offset": there[:3, 3], "output_shape": behind.values.shape}
    volume = space.full(np.asarray(values, np.float32))
    shown = affine_transform(volume, order=1, **onto)
    hidden = affine_transform((np.abs(volume) <= threshold).astype(np.uint8), order=0, cval=1, **onto) > 0
    number = dict(zip("XYZ", behind.values.shape, strict=True))
    first = apply_affine(np.linalg.inv(affine), place).tolist()
    settings = {
        "canvas": "3Dviewer",
        "sprite": "spriteImg",
        "nbSlice": number,
        "overlay": {"sprite": "overlayImg", "nbSlice": number, "opacity": 1},
        "colorBackground": "#FFFFFF",
        "colorFont": "#000000",
        "crosshair": True,
        "affine": affine.tolist(),
        "flagCoordinates": True,
        "title": title,
        "flagValue": False,
        # Counted from 1, and the template has no rotation.
        "numSlice": {axis: at - 1 for axis, at in zip("XYZ", first, strict=True)},
        "radiological": False,
        "showLR": True,
        "colorMap": {"img": "colorMap", "min": low, "max": top},
    }
    scale = np.linspace(low, top, _COLOURS)
    bar = plt.get_cmap(cmap)(np.linspace(0, 1, _COLOURS))
    bar[np.abs(scale) <= threshold] = _HIDDEN
    grey = plt.get_cmap("gray").with_extremes(bad="white")
    page = Template(of_nilearn("plotting/data/html/stat_map_template.html").read_text(encoding="utf-8"))
    filled = page.safe_substitute(  # its script begins with $(window)
        INSERT_PAGE_TITLE_HERE=escape(title),
        bg_base64=_png(_mosaic(behind.values, behind.values == 0), vmin=DARKEST, vmax=1, cmap=grey),
        stat_map_base64=_png(_mosaic(shown, hidden), vmin=low, vmax=top, cmap=cmap),
        cm_base64=_png(bar[np.newaxis]),
        params=in_script(settings),
        js_jquery=of_nilearn("plotting/data/js/jquery.min.js").read_text(encoding="utf-8"),
        js_brainsprite=of_nilearn("plotting/data/js/brainsprite.min.js").read_text(encoding="utf-8"),
    )
    # So that the report can move it.
    moved = filled.replace("var brain =", "window.brain =")
    return moved.replace("</body>", f"<script>\n{part_of_viewer('moves.js')}</script></body>")


def _mosaic(volume, hidden):
    """Return all sagittal slices of a volume in one picture, as brainsprite expects them, without what is hidden."""
    across, deep, high = volume.shape
    rows = ceil(sqrt(across))
    columns = ceil(across / rows)
    slices = np.ma.masked_array(np.zeros((rows * columns, high, deep)), mask=True)
    slices[:across] = np.ma.masked_array(volume, hidden)[:, :, ::-1].transpose(0, 2, 1)
    return slices.reshape(rows, columns, high, deep).swapaxes(1, 2).reshape(rows * high, columns * deep)


def _png(picture, **colours):
    """Return a picture as a PNG file, in base 64."""
    file = BytesIO()
    plt.imsave(file, picture, format="png", **colours)
    return b64encode(file.getvalue()).decode("ascii")
