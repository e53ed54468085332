"""The simulated cohort on the cortex, and as grayordinates: the same people, noise and planted effects.

The cortex is that of fsaverage5. Below it, structures are ellipsoids of voxels on the grid of the volumes.
Participant i depends only on (seed, i), as in `permaps.cohort.simulation`.
"""

from collections.abc import Callable

import numpy as np

from permaps.cohort import simulation
from permaps.maps.surfaces import SIDES, read_mesh
from permaps.spaces.grayordinates import Grayordinates
from permaps.spaces.smoothing import smoother
from permaps.spaces.surface import Surface
from permaps.spaces.volume import Volume

MESH = "fsaverage5"
COUNTS = {"L": 10242, "R": 10242}
# Regions further from the cortex than this, in mm, are not planted.
NEAR = 12.0
# Centre and half axes, in mm, on the right; on the left x has the other sign.
STRUCTURES = {
    "CEREBELLUM": ((24, -62, -30), (22, 20, 14)),
    "PUTAMEN": ((27, 2, 2), (7, 15, 9)),
    "THALAMUS": ((12, -17, 8), (9, 13, 9)),
}


def cortex() -> Surface:
    """Return the surface without the medial wall, where the template has no thickness."""
    from nilearn.datasets import load_fsaverage_data

    thickness = load_fsaverage_data(MESH, data_type="thickness").data.parts
    mask = np.concatenate([thickness[SIDES[side]] for side in COUNTS]) > 0
    return Surface.on_mesh(mask, MESH, COUNTS, *read_mesh(MESH, COUNTS))


def planted(space: Surface, effect_size: float) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Return what is planted on a cortex: a row for each region, and by variate its effect at every vertex.

    Parameters
    ----------
    space : permaps.spaces.surface.Surface
    effect_size : float
        Factor on the effects of `pseudo`; the group mean stays.
    """
    return simulation.plant(_on_cortex(space), space.n_elements, "vertices", effect_size)


def _on_cortex(space):
    """Yield the regions near the cortex, as `permaps.cohort.simulation.plant` takes them."""
    own = space.coordinates(slice(None))
    for region in simulation.REGIONS:
        apart = np.sqrt(((own - region.centre) ** 2).sum(axis=1))
        if apart.min() > NEAR:
            continue
        centre = int(np.argmin(apart))
        effect = region.effect(((own - own[centre]) ** 2).sum(axis=1))
        effect[space.sides() != space.sides([centre])[0]] = 0
        yield region, effect, space.where(centre)


def noise_on(space: Surface, draws: int = 20) -> Callable[[np.random.Generator], np.ndarray]:
    """Return what draws noise of unit variance at every vertex, partly smooth.

    Parameters
    ----------
    space : permaps.spaces.surface.Surface
    draws : int
        From which the variance that smoothing leaves is known.
    """

    def white(rng):
        return np.where(space.mask, rng.standard_normal(len(space.mask), dtype=np.float32), np.float32(0))

    parts, rng = [], np.random.Generator(np.random.Philox(0))
    for share, fwhm in simulation.NOISE:
        smooth = smoother(space, fwhm)
        drawn = np.mean([smooth(white(rng)) ** 2 for _ in range(draws if fwhm else 1)], axis=0)
        level = np.sqrt(drawn[space.mask].mean()) if fwhm else 1.0
        parts.append((np.sqrt(share) / level, smooth))
    return lambda rng: sum(scale * smooth(white(rng)) for scale, smooth in parts)[space.mask]


def grayordinates() -> Grayordinates:
    """Return the cortices, without the medial wall, and voxels of structures below them."""
    surface = cortex()
    places = np.stack(np.indices(simulation.SHAPE), axis=-1) @ simulation.AFFINE[:3, :3].T
    places = places + simulation.AFFINE[:3, 3]
    number = np.zeros(simulation.SHAPE, int)
    names = ["CORTEX_LEFT", "CORTEX_RIGHT"]
    for name, (centre, axes) in STRUCTURES.items():
        for side, sign in (("LEFT", -1), ("RIGHT", 1)):
            inside = (((places - np.array(centre) * (sign, 1, 1)) / axes) ** 2).sum(axis=-1) <= 1
            number[inside & (number == 0)] = len(names)
            names.append(f"{name}_{side}")
    side = (surface.sides() == "R").astype(int)
    structure = np.concatenate([side, number[number > 0]])
    # As in the files of others: a structure after the other.
    order = np.empty(len(structure), int)
    order[np.argsort(structure, kind="stable")] = np.arange(len(structure))
    voxels = Volume(number > 0, simulation.AFFINE)
    return Grayordinates(np.ones(len(structure), bool), surface, voxels, np.array(names), structure, order)


def planted_everywhere(space: Grayordinates, effect_size: float) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Return what is planted on the cortices and in the voxels, as `planted` does, at every grayordinate."""
    rows, on_cortex = planted(space.cortex, effect_size)
    near = (region for region in simulation.on_grid(space.voxels.mask) if region[1].any())
    more, in_voxels = simulation.plant(near, simulation.SHAPE, "voxels", effect_size, first=len(rows) + 1)
    return rows + more, {
        name: np.concatenate([values, in_voxels[name][space.voxels.mask]])
        for name, values in on_cortex.items()
    }


def noise_everywhere(space: Grayordinates) -> Callable[[np.random.Generator], np.ndarray]:
    """Return what draws noise of unit variance at every grayordinate."""
    on_cortex = noise_on(space.cortex)
    return lambda rng: np.concatenate([on_cortex(rng), simulation.noise(rng)[space.voxels.mask]])
