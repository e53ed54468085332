"""From the maps to the space in which they are compared, before voxels or vertices leave it for their values."""

import numpy as np

from permaps.inputs.connectomes import read_nodes
from permaps.inputs.masking import FEWEST_VOXELS, brain_mask
from permaps.inputs.plausible import doubts_of_mask
from permaps.inputs.surfaces import read_mesh, read_surface_mask
from permaps.spaces.edges import Edges
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import log, warn


def make_volume(maps, settings):
    """Return the voxels of the brain mask; see `permaps.inputs.masking.brain_mask`."""
    affine = maps.layout.affine
    mask = brain_mask(settings["strategy"], maps, affine, settings["file"])
    space = Volume(mask, affine)
    sides = space.measures()["voxel_size_mm"]
    for text in doubts_of_mask(settings["strategy"], space.n_elements, sides, mask.mean()):
        warn(text)
    return space


def make_surface(maps, settings: dict):
    """Return the vertices of the mask, or those with a value other than 0 in someone.

    Parameters
    ----------
    maps : permaps.inputs.store.Maps
    settings : dict
        `mesh` and `mask`, as in the config.
    """
    counts = maps.layout.parts
    mesh = read_mesh(settings["mesh"], counts)
    if settings["mask"] is None:
        mask = np.zeros(maps.layout.shape, bool)
        for data in maps:
            mask |= np.isfinite(data) & (data != 0)
    else:
        mask = read_surface_mask(settings["mask"], counts)
    referenced = np.zeros(len(mask), bool)
    referenced[mesh.triangles] = True
    if lost := int((mask & ~referenced).sum()):
        log.warning("warning: %d vertices of the mask belong to no triangle of space.mesh, and leave", lost)
    mask &= referenced
    if mask.sum() < FEWEST_VOXELS:
        raise UserError(
            f"space.mask: {int(mask.sum())} vertices are left to analyse, at least {FEWEST_VOXELS} are needed. "
            "Expected values other than 0 in the maps, and above 0 in the mask."
        )
    return Surface(
        mask, np.array(list(counts)), np.array(list(counts.values())), mesh.places, mesh.triangles,
        np.array([settings["mesh"]]),
    )  # fmt: skip


def make_edges(maps, settings: dict):
    """Return all pairs of nodes; those that are the same in everyone leave later.

    Parameters
    ----------
    maps : permaps.inputs.store.Maps
    settings : dict
        `labels`, as in the config.
    """
    names = list(maps.layout.parts)
    return Edges(np.ones(maps.layout.shape, bool), np.array(names), read_nodes(settings["labels"], names))


# How the space of maps of each kind is made.
MAKERS = {"volume": make_volume, "surface": make_surface, "edges": make_edges}
