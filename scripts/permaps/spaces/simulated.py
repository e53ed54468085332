"""The files of a simulated cohort in each space.

A simulator takes the files for what is planted, by name, the folder for the maps, the names of the participants, the
seed, the factor on the association with `pseudo`, and the number of the input, from 0. It writes what is planted, and
returns the paths of the maps, what writes one of them (None if all are in one file, which it writes too), and how
many elements a map has.
"""

import math
from pathlib import Path

import pandas as pd

from permaps.cohort import networks, simulation, thickness
from permaps.maps.connectomes import write_square
from permaps.maps.images import write_image
from permaps.maps.map_paths import HEMI
from permaps.spaces.files import write_hemispheres, write_map
from permaps.spaces.simulation import (
    COUNTS,
    cortex,
    grayordinates,
    noise_everywhere,
    noise_on,
    planted,
    planted_everywhere,
)
from permaps.tables.text import write_rows
from permaps.tables.tsv import write_frame

_PLANTED = "Permaps: planted effect, {}"


def _volumes(truth, folder, names, seed, size, number):
    """Plant `effect_pseudo` and `effect_mean`, with a table of the `regions` and their `labels`."""
    mask = simulation.brain()
    labels, regions, effects = simulation.truth(mask, size)
    write_image(truth["labels"], labels, simulation.AFFINE, "Permaps: planted regions")
    for variate, effect in effects.items():
        path = truth[f"effect_{variate}"]
        write_image(path, effect.astype("float32"), simulation.AFFINE, _PLANTED.format(variate))
    write_frame(pd.DataFrame(regions), truth["regions"])

    def write(path, index, what):
        values = simulation.statistic_map(seed, index, mask, effects, number)
        write_image(path, values, simulation.AFFINE, what)

    return _below(folder, names, "sub-{}_statmap.nii.gz"), write, mask.sum()


def _surfaces(truth, folder, names, seed, size, number):
    """Plant `pseudo_L` to `mean_R` on the cortex, with a table of the `regions`."""
    space = cortex()
    regions, effects = planted(space, size)
    for variate, effect in effects.items():
        paths = {side: truth[f"{variate}_{side}"] for side in COUNTS}
        write_hemispheres(space, paths, effect, _PLANTED.format(variate))
    write_frame(pd.DataFrame(regions), truth["regions"], "%.6g")
    noise = noise_on(space)

    def write(path, index, what):
        paths = {side: path.replace(HEMI, side) for side in COUNTS}
        values = simulation.brain_map(seed, index, effects, noise, number)
        write_hemispheres(space, paths, values, what)

    paths = _below(folder, names, f"sub-{{}}_hemi-{{{HEMI}}}_statmap.func.gii")
    return paths, write, space.n_elements


def _grayordinates(truth, folder, names, seed, size, number):
    """Plant `effect_pseudo` and `effect_mean` on the cortex and below it, with a table of the `regions`."""
    space = grayordinates()
    regions, effects = planted_everywhere(space, size)
    for variate, effect in effects.items():
        write_map(space, truth[f"effect_{variate}"], effect, _PLANTED.format(variate))
    write_frame(pd.DataFrame(regions), truth["regions"], "%.6g")
    noise = noise_everywhere(space)

    def write(path, index, what):
        write_map(space, path, simulation.brain_map(seed, index, effects, noise, number), what)

    return _below(folder, names, "sub-{}_statmap.dscalar.nii"), write, space.n_elements


def _parcels(truth, folder, names, seed, size, number):
    """Plant the `effect` of `pseudo` on the thickness of regions, in a table as aparcstats2table would write it."""
    regions, effect = thickness.columns(), thickness.planted(size)
    table = Path(folder).absolute() / "thickness.tsv"
    rows = [
        {"lh.aparc.thickness": name}
        | dict(zip(regions, map("{:.4f}".format, thickness.thickness(seed, i, effect, number)), strict=True))
        for i, name in enumerate(names)
    ]
    write_rows(table, list(rows[0]), rows)
    planted_rows = [
        {"index": i, "name": name, "value": f"{value:.6g}"}
        for i, (name, value) in enumerate(zip(regions, effect, strict=True), start=1)
    ]
    write_rows(truth["effect"], ["index", "name", "value"], planted_rows)
    return [f"{table}[{i}]" for i in range(len(names))], None, len(regions)


def _connectomes(truth, folder, names, seed, size, number):
    """Plant the `effect` of `pseudo` on the edges of a network."""
    nodes, effect = networks.node_names(), networks.planted(size)
    write_square(truth["effect"], nodes, effect)

    def write(path, index, what):
        write_square(path, nodes, networks.connectome(seed, index, effect, number))

    return _below(folder, names, "sub-{}_connectome.tsv"), write, math.comb(len(nodes), 2)


def _below(folder, names, file):
    return [str(Path(folder).absolute() / file.format(name)) for name in names]


# By the name of the kind of space.
SIMULATORS = {
    "volume": _volumes,
    "surface": _surfaces,
    "grayordinates": _grayordinates,
    "parcels": _parcels,
    "edges": _connectomes,
}
