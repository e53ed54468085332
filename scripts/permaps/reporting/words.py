"""How spaces and numbers are written in pages, figures and the methods."""

import os
import re

from permaps.spaces.space import Space
from permaps.spaces.stored import CLASSES

# The resolution of every figure. It is here, so that pages need not import what draws.
DPI = 150
# What relabellings are called, by the scheme.
SCHEMES = {"permute": "permutations", "flip": "sign-flips", "both": "combined permutations and sign-flips"}
# Where maps are smoothed that are no volumes.
_ALONG = {"surface": " along the surface", "grayordinates": " along the surface, and within the voxels"}


def masks_of(record: dict) -> dict[str, dict]:
    """Return the analysis mask of every input by its name, which is "" for one without, from the provenance."""
    return record["masks"] if "masks" in record else {"": record["mask"]}


def space_of(record: dict) -> type[Space]:
    """Return the class of the space of a run, from its provenance."""
    return CLASSES[next(iter(masks_of(record).values())).get("kind", "volume")]


def are_alone(record: dict) -> bool:
    """Tell whether no elements of a run are neighbours, so that there are no clusters: parcels as they come."""
    return next(iter(masks_of(record).values())).get("n_neighbours") == 0


def column(name: str) -> str:
    """Return the name of a column of the design as figures show it: group[T.b] for C(group, levels=...)[T.b]."""
    return re.sub(r"C\(([^(),]+)(?:,[^()]*)?\)(?=\[)", r"\1", name)


def who(people: dict) -> str:
    """Say how many people were analysed, and how many maps where they have several, or not one of every input."""
    included = f"{people['included']:,}"
    text = included if people["people"] is None else f"{included} maps of {people['people']:,}"
    return "; ".join([text, *(f"{name}: {n:,}" for name, n in without_some(people).items())])


def without_some(people: dict) -> dict[str, int]:
    """Return how many maps there are of each input that not everyone has."""
    return {name: n for name, n in people.get("with_maps", {}).items() if n < people["included"]}


def enhanced(record: dict) -> list[str]:
    """Return the parts that are enhanced each on its own: "cortex", "voxels" or both."""
    return _parts_of(next(iter(masks_of(record).values())))


def _parts_of(mask):
    if mask.get("kind") == "grayordinates":
        return [name for name in ("cortex", "voxels") if name in mask]
    return ["cortex" if mask.get("kind") == "surface" else "voxels"]


def analysed(record: dict) -> str:
    """Say how many elements were analysed, and of what size or on what; of each input, if there are several."""
    return "; ".join(
        f"{name}, {_elements(mask, space_of(record))}" if name else _elements(mask, space_of(record))
        for name, mask in masks_of(record).items()
    )


def _elements(mask, space):
    count = f"{mask[f'n_{space.elements}']:,} {space.elements}"
    if space.kind == "surface":
        return f"{count} of {_sides(mask)} ({_mesh(mask)}; {mask['area_mm2']:,.0f} mm²)"
    if space.kind == "grayordinates":
        parts = [_part(name, mask[name]) for name in _parts_of(mask)]
        return f"{count} ({' and '.join(parts)})"
    if space.kind == "parcels":
        return count
    if space.kind == "edges":
        return f"{count} between {mask['n_nodes']:,} nodes"
    return f"{count} of {_grid(mask)}"


def _part(name, measured):
    if name == "cortex":
        return (
            f"{measured['n_vertices']:,} vertices of {_sides(measured)}, {measured['area_mm2']:,.0f} mm² on "
            f"{_mesh(measured)}"
        )
    return f"{measured['n_voxels']:,} voxels of {_grid(measured)}"


def _mesh(measured):
    """Return the name of the mesh, without the folders of a file."""
    return os.path.basename(measured["mesh"])


def _sides(measured):
    sides = {("L",): "the left hemisphere", ("R",): "the right hemisphere"}
    return sides.get(tuple(measured["hemispheres"]), "both hemispheres")


def _grid(measured):
    return " × ".join(f"{side:g}" for side in measured["voxel_size_mm"]) + " mm"


def smoothing(record: dict) -> str:
    """Say how the maps were smoothed, which may have been done before."""
    fwhm, kind = record["config"]["smoothing_fwhm"], space_of(record).kind
    if kind in ("parcels", "edges"):
        return "none"
    return f"{fwhm:g} mm FWHM{_ALONG.get(kind, '')}" if fwhm else "none here"


def number(value: float) -> str:
    """Write a statistic with four digits, and with an exponent only if it would be long."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.4g}"


def p_text(p: float) -> str:
    """Write a p value as in a paper, and never round it to 0."""
    return f"p = {bare_p(p)}"


def bare_p(p: float) -> str:
    """Write a p value as `p_text` does, without its letter."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1g}"
