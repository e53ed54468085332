"""What is found in each region of the atlas, and in each mask of a region."""

from permaps.permutation.discoveries import Bound
from permaps.permutation.thresholds import significant
from permaps.reporting.regions import regions_of, tabulate_regions
from permaps.spaces.atlas_regions import region_names
from permaps.spaces.files import read_map, read_space
from permaps.spaces.masks import elements_inside
from permaps.tables.tsv import write_frame
from permaps.workflow.errors import UserError
from permaps.workflow.jobs import job, log


def main(
    *, mask, values, corrected, regions, atlas, output, voxel_stat, alpha, null, observed=None, shift=None
):
    """Write one row per region, those with a mask of their own first.

    Parameters
    ----------
    mask : path
        What the maps are defined on.
    values : path
        Signed t, or F.
    corrected : dict of str to path
        -log10 FWE p by the name of the statistic.
    regions : dict of str to path or dict
        Mask images or spheres, by the name of the region.
    atlas : (path, path) or None
        Label image, and table with its names; or files of labels that hold their names, and nothing.
    output : path
    voxel_stat : str
    alpha : float
        Corrected level.
    null : path
    observed : path, optional
        Observed maps, for bounds on true discoveries.
    shift : int, optional
        Of those bounds.
    """
    space = read_space(mask)
    named_regions = [
        ("mask", name, elements_inside(space, path, f"inference.regions.{name}"))
        for name, path in regions.items()
    ]
    if atlas:
        names = region_names(space, *atlas)
        named_regions += [("atlas", name, elements) for name, elements in regions_of(names).items()]
    if not named_regions:
        raise UserError(
            f"atlas.image: no {space.element} of the analysis mask lies in a region of {atlas[0]}. Expected an atlas "
            "in the space of the maps: compare the two in a viewer."
        )
    table = tabulate_regions(
        named_regions,
        read_map(space, values),
        voxel_stat,
        {stat: significant(read_map(space, path), alpha) for stat, path in corrected.items()},
        space,
        Bound.read(null, observed, shift, alpha) if observed else None,
    )
    log.info("%d regions", len(table))
    write_frame(table, output, "%.6g")


def by_region(spheres, files):
    """Return where each region is: its sphere, or the next of the files."""
    files = iter(files)
    return {name: next(files) if sphere is None else sphere for name, sphere in spheres.items()}


if "snakemake" in globals():
    with job(snakemake):
        settings = snakemake.params.settings
        main(
            mask=snakemake.input.mask,
            values=snakemake.input.values,
            corrected=dict(zip(settings["stats"], snakemake.input.corrected, strict=True)),
            regions=by_region(settings["regions"], snakemake.input.regions),
            atlas=(snakemake.input.atlas, snakemake.input.get("labels")) if snakemake.input.atlas else None,
            output=snakemake.output.table,
            **{name: settings[name] for name in ("voxel_stat", "alpha", "shift")},
            null=snakemake.input.null,
            observed=snakemake.input.get("observed"),
        )
