"""How a space is spoken of in pages and in the methods."""

from permaps.spaces.space import Space
from permaps.spaces.stored import KINDS


def space_of(record: dict) -> type[Space]:
    """Return the class of the space of a run, from its provenance."""
    return KINDS[record["mask"].get("kind", "volume")]


def who(people: dict) -> str:
    """Say how many people were analysed, and how many maps where they have several."""
    included = f"{people['included']:,}"
    return included if people["people"] is None else f"{included} maps of {people['people']:,}"


def analysed(record: dict) -> str:
    """Say how many elements were analysed, and of what size or on what."""
    mask, space = record["mask"], space_of(record)
    count = f"{mask[f'n_{space.elements}']:,} {space.elements}"
    if space.kind == "surface":
        sides = {("L",): "the left hemisphere", ("R",): "the right hemisphere"}.get(
            tuple(mask["hemispheres"]), "both hemispheres"
        )
        return f"{count} of {sides} ({mask['mesh']}; {mask['area_mm2']:,.0f} mm²)"
    if space.kind == "edges":
        return f"{count} between {mask['n_nodes']:,} nodes"
    return f"{count} of {' × '.join(f'{side:g}' for side in mask['voxel_size_mm'])} mm"


def smoothing(record: dict) -> str:
    """Say how the maps were smoothed."""
    fwhm = record["config"]["smoothing_fwhm"]
    return f"{fwhm or 0:g} mm FWHM" + (
        " along the surface" if fwhm and space_of(record).kind == "surface" else ""
    )
