"""From the maps to the space in which they are compared, and why elements leave it for their values later."""

from dataclasses import replace

import numpy as np

from permaps.maps.cifti import CORTICES, read_header, read_models
from permaps.maps.connectomes import read_nodes
from permaps.maps.parcels import read_neighbours
from permaps.maps.store import Maps
from permaps.maps.surfaces import read_mesh, read_surface_mask
from permaps.quality.brain_mask import FEWEST_VOXELS, brain_mask
from permaps.quality.plausible import doubts_of_mask
from permaps.spaces.edges import Edges
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.parcellation import is_parcellation, on_cortex
from permaps.spaces.parcels import Parcels
from permaps.spaces.space import Space
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import warn


def make_volume(maps: Maps, settings: dict) -> Volume:
    """Return the voxels of the brain mask; see `permaps.quality.brain_mask.brain_mask`."""
    affine = maps.layout.affine
    mask = brain_mask(settings["strategy"], maps, affine, settings["file"])
    space = Volume(mask, affine)
    sides = space.measures()["voxel_size_mm"]
    for text in doubts_of_mask(settings["strategy"], space.n_elements, sides, mask.mean()):
        warn(text)
    return space


def make_surface(maps: Maps, settings: dict) -> Surface:
    """Return the vertices of the `mask`, or those with a value other than 0 in someone, on the `mesh`."""
    counts = maps.layout.parts
    mesh = read_mesh(settings["mesh"], counts)
    mask = _with_values(maps) if settings["mask"] is None else read_surface_mask(settings["mask"], counts)
    surface = Surface.on_mesh(mask, settings["mesh"], counts, *mesh)
    mask &= _with_an_area(surface)
    if mask.sum() < FEWEST_VOXELS:
        raise UserError(
            f"space.mask: {int(mask.sum())} vertices are left to analyse, at least {FEWEST_VOXELS} are needed. "
            "Expected values other than 0 in the maps, and above 0 in the mask."
        )
    return replace(surface, mask=mask)


def make_grayordinates(maps: Maps, settings: dict) -> Grayordinates:
    """Return the grayordinates with a value other than 0 in someone, of those that the files have, on the `mesh`."""
    models = read_models(settings["example"])
    if models.identity != maps.layout.models:
        raise UserError(
            f"{settings['example']}: has other brain models than when it was read; expected files that do not change "
            "during a run: run again."
        )
    on_cortex = models.is_vertex
    cortex = _cortex(settings["mesh"], models) if on_cortex.any() else None
    voxels = None
    if not on_cortex.all():
        grid = np.zeros(models.shape, bool)
        grid[tuple(models.index[~on_cortex].T)] = True
        voxels = Volume(grid, models.affine)
    mask = _with_values(maps)
    if cortex is not None:
        mask[on_cortex] &= _with_an_area(cortex.part(mask[on_cortex]))[cortex.mask]
    if mask.sum() < FEWEST_VOXELS:
        raise UserError(
            f"dataset.maps: {int(mask.sum())} grayordinates have a value other than 0 in someone, at least "
            f"{FEWEST_VOXELS} are needed. Are these the maps that are meant?"
        )
    return Grayordinates(mask, cortex, voxels, models.structures, models.structure, models.order)


def _cortex(mesh_name, models):
    """Return the surface of all vertices of the files."""
    counts = models.counts
    mesh = read_mesh(mesh_name, counts)
    starts = dict(zip(counts, np.cumsum(list(counts.values())) - list(counts.values()), strict=True))
    inside = np.zeros(sum(counts.values()), bool)
    for number, name in enumerate(models.structures.tolist()):
        if name in CORTICES:
            inside[starts[CORTICES[name]] + models.index[models.structure == number, 0]] = True
    return Surface.on_mesh(inside, mesh_name, counts, *mesh)


def _with_an_area(surface):
    """Return which vertices of a mesh have an area, and say how many of the mask have none and so leave."""
    has_one = surface.areas > 0
    if lost := int((surface.mask & ~has_one).sum()):
        warn(
            f"space.mesh: {lost:,} of {surface.n_elements:,} vertices have no area on {surface.mesh[0]} (no "
            "triangle, or only flat ones), and leave. Is it the mesh of the maps?"
        )
    return has_one


def _with_values(maps):
    """Return where somebody has a value other than 0, bool of the shape of the maps."""
    mask = np.zeros(maps.layout.shape, bool)
    for data in maps:
        mask |= np.isfinite(data) & (data != 0)
    return mask


def make_parcels(maps: Maps, settings: dict) -> Parcels:
    """Return all regions, with `labels`, `mesh` and `adjacency`; those that are the same in everyone leave later."""
    names, labels = list(maps.layout.parts), settings["labels"]
    header = read_header(settings["example"]) if maps.layout.models else np.empty(0, np.uint8)
    surface, region = on_cortex(names, labels, settings["mesh"], header)
    return Parcels(
        np.ones(maps.layout.shape, bool),
        np.array(names),
        read_nodes(None if is_parcellation(labels) else labels, names),
        read_neighbours(settings["adjacency"], names),
        header,
        surface,
        region,
    )


def make_edges(maps: Maps, settings: dict) -> Edges:
    """Return all pairs of nodes, with `labels`; those that are the same in everyone leave later."""
    names = list(maps.layout.parts)
    return Edges(np.ones(maps.layout.shape, bool), np.array(names), read_nodes(settings["labels"], names))


# How the space of maps of each kind is made, with settings as in the config, and an `example`: the file of one map.
MAKERS = {
    "volume": make_volume,
    "surface": make_surface,
    "grayordinates": make_grayordinates,
    "parcels": make_parcels,
    "edges": make_edges,
}
# What chose its elements.
_CHOSEN = {
    "volume": "by mask.strategy",
    "surface": "by space.mask, or with a value other than 0 in someone",
    "grayordinates": "with a value other than 0 in someone",
    "parcels": "all of them",
    "edges": "all of them",
}
_NOTES = {
    "grid": "{elements} of the maps",
    "brain mask": "{chosen}",
    "under coverage": "of the {whole}: too few participants have a value",
    "not finite": "of the {whole}: infinite after smoothing",
    "constant": "of the {whole}: the same in all participants",
    "analysed": "what remains of the {whole}",
}


def left_out(counts: dict[str, int], space: Space) -> list[dict]:
    """Return a row of a table for each reason by which elements are left out.

    Parameters
    ----------
    counts : dict of str to int
        Elements by reason, as `permaps.spaces.data_matrix.write_matrix` counts them.
    space : permaps.spaces.space.Space
        Before elements left it for their values.
    """
    chosen = _CHOSEN[space.kind]
    if space.kind == "volume" and space.mask.all():
        chosen += "; warning: the whole image, so the maps have no background of one value"
    words = {"elements": space.elements, "whole": space.whole, "chosen": chosen}
    return [
        {
            "reason": space.whole if reason == "brain mask" else reason,
            f"n_{space.elements}": n,
            "note": _NOTES[reason].format(**words),
        }
        for reason, n in counts.items()
    ]
