"""Maps drawn on surfaces: lateral and medial views of each hemisphere."""

import warnings
from collections.abc import Sequence
from functools import lru_cache
from html import escape

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from nilearn import plotting

from permaps.figures.style import (
    BLACK,
    RED,
    colour_bar,
    end_of_scale,
    heading,
    label_p,
    label_participants,
    label_statistic,
    p_scale,
    panel_title,
    part_of_viewer,
    plt,
    statistic_scale,
    write_above,
)
from permaps.maps.surfaces import SIDES, TEMPLATES
from permaps.permutation.thresholds import significant as is_significant
from permaps.spaces.surface import Surface

VIEWS = ("lateral", "medial")
# Whether a view is from the right, 1, or from the left, -1.
FROM = {("L", "lateral"): -1, ("L", "medial"): 1, ("R", "lateral"): 1, ("R", "medial"): -1}
# Below this share of the scale, the folds of the cortex show in place of the colour.
FAINT = 0.15


def views(space: Surface) -> dict:
    """Return the meshes on which maps are shown, and the depth of the sulci where it is known.

    Returns
    -------
    dict of str to (points, triangles, array or None)
        By hemisphere; inflated where the mesh is a template.
    """
    name = str(space.mesh[0])
    if name in TEMPLATES.values():
        return {side: _template(name)[side] for side in space.hemispheres.tolist()}
    by_side, start = {}, 0
    for side, n in zip(space.hemispheres.tolist(), space.counts, strict=True):
        own = space.triangles[(space.triangles[:, 0] >= start) & (space.triangles[:, 0] < start + n)] - start
        by_side[side] = space.places[start : start + n].astype(float), own, None
        start += n
    return by_side


@lru_cache
def _template(name):
    from nilearn.datasets import load_fsaverage, load_fsaverage_data

    inflated = load_fsaverage(name)["inflated"].parts
    sulci = load_fsaverage_data(name, data_type="sulcal").data.parts
    return {
        side: (inflated[word].coordinates, inflated[word].faces, sulci[word]) for side, word in SIDES.items()
    }


def panels(space: Surface, panels: list, alpha: float, title: str, most: float | None = None) -> Figure:
    """Draw -log10 p maps side by side, each with its hemispheres from outside and inside, on one scale.

    Takes and gives what `permaps.figures.drawing.draw_panels` does.
    """
    threshold, top, extend = p_scale((values for _, values in panels), alpha, most)
    figure, cells, bar = _grid(space, len(panels), title, 0.80)
    for (name, values), cell in zip(panels, cells, strict=True):
        significant = is_significant(values, alpha)
        draw_significant(figure, space, cell, values, significant, threshold, top)
        left, _, width, _ = cell
        write_above(figure, left + width / 2, 0.815, panel_title(name, significant, space))
    label_p(colour_bar(figure, bar, "inferno", threshold, top, extend))
    return figure


def statistic(
    space: Surface,
    values: np.ndarray,
    significant: np.ndarray,
    label: str,
    title: str,
    symmetric: bool = True,
) -> Figure:
    """Draw a statistic on the hemispheres; what is significant is outlined.

    Takes and gives what `permaps.figures.drawing.draw_statistic` does.
    """
    low, top, cmap = statistic_scale(values, symmetric)
    figure, (cell,), bar = _grid(space, 1, title, 0.9, wide=True)
    draw_views(figure, space, cell, but_faint(values, significant, top), cmap, low, top, significant, BLACK)
    label_statistic(colour_bar(figure, bar, cmap, low, top), label)
    return figure


def draw_significant(
    figure: Figure,
    space: Surface,
    cell: tuple,
    values: np.ndarray,
    significant: np.ndarray,
    threshold: float,
    top: float,
) -> None:
    """Draw views of -log10 p where it is significant.

    Parameters
    ----------
    figure, space, cell
        As for `draw_views`.
    values : array, shape (n_elements,)
    significant : bool array, shape (n_elements,)
    threshold, top : float
        Ends of the scale.
    """
    shown = np.where(significant, np.minimum(values, top), np.nan)
    draw_views(figure, space, cell, shown, "inferno", threshold, top)


def but_faint(values: np.ndarray, significant: np.ndarray, top: float) -> np.ndarray:
    """Return a statistic, shape (n_elements,), NaN where it is so small that the folds show in its place."""
    return np.where((np.abs(values) >= FAINT * top) | significant, values, np.nan)


def coverage(space: Surface, counts: np.ndarray, inside: np.ndarray, participants: int) -> Figure:
    """Draw how many participants have a value at each vertex, with the outline of the analysis mask.

    Takes and gives what `permaps.figures.drawing.draw_coverage` does.
    """
    title = f"Participants with a value; analysis mask outlined ({int(inside.sum()):,} vertices)"
    figure, (cell,), bar = _grid(space, 1, title, 0.9, wide=True)
    shown = np.where(counts > 0, counts, np.nan)
    draw_views(figure, space, cell, shown, "viridis", 0, participants, inside, RED)
    label_participants(colour_bar(figure, bar, "viridis", 0, participants))
    return figure


def viewer(
    space: Surface, values: np.ndarray, threshold: float, title: str, peak: int, symmetric: bool = True
) -> str:
    """Make an interactive view of a statistic on the hemisphere of a vertex, and of the other one beside it.

    Takes and gives what `permaps.figures.drawing.view` does.
    """
    first, top = str(space.sides([peak])[0]), end_of_scale(values)
    return framed(pages_of(space, values, threshold, title, first, symmetric, top))


def pages_of(
    space: Surface, values: np.ndarray, threshold: float, title: str, first: str, symmetric: bool, top: float
) -> list[tuple]:
    """Return a page for each hemisphere, as (what it shows, page).

    Parameters
    ----------
    space, values, threshold, title, symmetric
        As for `permaps.figures.drawing.view`.
    first : {"L", "R"}
        The hemisphere that comes first.
    top : float
        End of the scale.
    """
    whole, pages = space.full(np.asarray(values, np.float32)), []
    for side, (points, triangles, sulci) in sorted(views(space).items(), key=lambda item: item[0] != first):
        seen = points if sulci is not None else _like_a_hemisphere(points)
        page = plotting.view_surf(
            [seen, triangles], whole[side], bg_map=sulci, hemi=SIDES[side], threshold=threshold,
            cmap="RdBu_r" if symmetric else "inferno", symmetric_cmap=symmetric, vmax=top,
            vmin=None if symmetric else 0, title=f"{title}, {SIDES[side]}", view=SIDES[side],
            colorbar_fontsize=12, title_fontsize=11,
        )  # fmt: skip
        standalone = page.get_standalone().replace("</head>", f"{_TOOLS_BELOW}</head>", 1)
        # So that the report can turn it: the camera looks at a vertex from outside, and a point marks it.
        turns = part_of_viewer("turns.js").replace("SIDE", side)
        standalone = standalone.replace("</body>", f"<script>\n{turns}</script></body>")
        pages.append((f"{SIDES[side]} hemisphere", standalone))
    return pages


def _like_a_hemisphere(points):
    """Return points about 0 in the size of a hemisphere, which a viewer's camera looks at."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) * (90 / max(float((high - low).max()) / 2, 1e-6))


def framed(pages: list[tuple]) -> str:
    """Return one page with several, as from `pages_of`: hemispheres side by side where there is room."""
    frames = "\n".join(f'<iframe title="{shown}" srcdoc="{escape(page)}"></iframe>' for shown, page in pages)
    return part_of_viewer("frames.html").replace("FRAMES", frames)


# plotly lays its tools over the title.
_TOOLS_BELOW = "<style>.modebar-container { top: auto !important; bottom: 1.6rem; }</style>"


def _grid(space, count, title, top, wide=False):
    """Return a figure, where its panels lie in it, and where its colour bar lies."""
    across = len(VIEWS) * len(space.hemispheres) if wide else len(space.hemispheres)
    width, height = (2.5 * across + 0.9, 2.4) if wide else (3.1 * count + 0.7, 4.0)
    figure = plt.figure(figsize=(width, height))
    heading(figure, title)
    right, gap = 1 - 0.75 / width, (0.3 / width if count > 1 else 0.0)
    cells = [(right * k / count, 0.0, right / count - gap, top) for k in range(count)]
    return figure, cells, [right + 0.1 / width, 0.2, 0.13 / width, 0.45]


def _larger(box, by):
    """Return a box with the same centre, since brains leave the borders of their axes empty."""
    left, bottom, width, height = box
    return [left - width * (by - 1) / 2, bottom - height * (by - 1) / 2, width * by, height * by]


def draw_views(
    figure: Figure,
    space: Surface,
    cell: Sequence[float],
    values: np.ndarray,
    cmap: str,
    low: float,
    top: float,
    outlined: np.ndarray | None = None,
    colour: str = BLACK,
) -> None:
    """Draw all views of a map into a part of a figure: two by two, or in a row where that is wide.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    space : permaps.spaces.surface.Surface
    cell : (left, bottom, width, height)
    values : array, shape (n_elements,)
        NaN is not drawn.
    cmap : str
    low, top : float
        Ends of the scale.
    outlined : bool or int array, shape (n_elements,), optional
        Vertices with the same number above 0 have an outline together.
    colour : str
        Of the outlines.
    """
    whole = space.full(np.asarray(values, float), np.nan)
    lines = None if outlined is None else space.full(np.asarray(outlined, int), 0)
    meshes = views(space)
    # They are drawn once, as an image, because matplotlib takes a second for some and a figure has two formats.
    drawn = Figure(figsize=figure.get_size_inches(), dpi=plt.rcParams["savefig.dpi"])
    drawn.patch.set_visible(False)
    for side, view, box in _boxes(figure, cell, list(meshes)):
        points, triangles, sulci = meshes[side]
        mesh = [points, _in_sight(points, triangles, FROM[side, view])]
        axes = drawn.add_axes(_larger(box, 1.1 if sulci is None else 1.18), projection="3d")
        shown = {"hemi": SIDES[side], "axes": axes, "figure": drawn}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plotting.plot_surf(
                mesh, np.clip(whole[side], low, top), bg_map=_shade(sulci, triangles), view=view, engine="matplotlib",
                cmap=cmap, vmin=low, vmax=top, colorbar=False,
                # By the corners that have a value, so that a vertex alone is seen.
                # Without sulci, nilearn draws a mesh that one can see through.
                avg_method="nanmean" if sulci is None else "nanmedian", alpha=1.0 if sulci is None else None, **shown,
            )  # fmt: skip
            levels = [] if lines is None else _levels(lines[side], mesh[1])
            if levels:
                colours = [colour] * len(levels)
                plotting.plot_surf_contours(mesh, lines[side], levels=levels, colors=colours, **shown)
        axes.patch.set_visible(False)  # it would cover the views beside it
        axes.set_title("")  # nilearn would repeat that of the figure
        _write_view(figure, box, f"{SIDES[side]}, {view}")
    _show(figure, drawn)


def _shade(sulci, triangles):
    """Return sulci from 0 to 1 over all triangles; otherwise nilearn would scale them by the triangles in sight."""
    if sulci is None:
        return None
    of_triangles = sulci[triangles].mean(axis=1)
    low, high = of_triangles.min(), of_triangles.max()
    # A little inside, since whatever rounding makes smaller than 0 or larger than 1 would be scaled again.
    return 1e-6 + (1 - 2e-6) * (sulci.astype(float) - low) / (high - low)


def _show(figure, drawn):
    """Show a drawn figure in another one of its size, pixel by pixel."""
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())
    height, width = image.shape[:2]
    rows, columns = (np.flatnonzero(image[..., 3].any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    axes = figure.add_axes(
        [left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height]
    )
    axes.imshow(image[top:bottom, left:right], aspect="auto", interpolation="nearest")
    axes.axis("off")


def _in_sight(points, triangles, towards):
    """Return the triangles of a closed surface that do not face away from where it is seen; else all of them.

    Parameters
    ----------
    points, triangles : array, shape (n, 3)
    towards : int
        1 where it is seen from the right, -1 from the left.
    """
    one = triangles.astype(np.int64)  # products of numbers of vertices are large
    other = np.roll(one, -1, axis=1)
    there, back = (np.sort((a * len(points) + b).ravel()) for a, b in ((one, other), (other, one)))
    # In a closed surface, each side of a triangle is a side of one other, the other way round.
    if not (np.array_equal(there, back) and (np.diff(there) > 0).all()):
        return triangles
    a, b, c = (points[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    outside = np.sign((normal * a).sum())  # of the volume inside
    length = np.linalg.norm(normal, axis=1)
    # With room for perspective, which shows a little more.
    return triangles[outside * towards * normal[:, 0] > -0.2 * length]


def _boxes(figure, cell, sides):
    """Yield where each view of each hemisphere lies in a part of a figure: (hemisphere, view, box)."""
    left, bottom, width, height = cell
    pairs = [(side, view) for side in sides for view in VIEWS]
    in_a_row = width * figure.get_figwidth() > 2 * height * figure.get_figheight()
    across = len(pairs) if in_a_row else len(sides)
    down = len(pairs) // across
    for k, (side, view) in enumerate(pairs):
        row, column = (0, k) if in_a_row else (VIEWS.index(view), sides.index(side))
        box = left + width * column / across, bottom + height * (1 - (row + 1) / down)
        yield side, view, [*box, width / across, height / down]


def _write_view(figure, box, words):
    """Write what a view shows into its corner."""
    figure.text(
        box[0] + 0.1 / figure.get_figwidth(),
        box[1] + 0.05 / figure.get_figheight(),
        words,
        fontsize=7,
        color=BLACK,
        ha="left",
        va="bottom",
    )


def _levels(lines, triangles):
    """Return what has an outline: nilearn raises an error for vertices of which no two are neighbours."""
    of_triangle = lines[triangles]
    levels = np.unique(lines[lines > 0]).tolist()
    return [level for level in levels if ((of_triangle == level).sum(axis=1) > 1).any()]
