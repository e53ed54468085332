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
    *, mask, values, corrected, regions, null, table, voxel_stat, alpha, atlas=None, labels=None, observed=None,
    shift=None
):  # fmt: skip
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
    null : path
    table : path
        To write.
    voxel_stat : str
    alpha : float
        Corrected level.
    atlas, labels : path, optional
        Label image, and table with its names; or files of labels that hold their names.
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
        names = region_names(space, atlas, labels)
        named_regions += [("atlas", name, elements) for name, elements in regions_of(names).items()]
    if not named_regions:
        raise UserError(
            f"atlas.image: no {space.element} of the analysis mask lies in a region of {atlas}. Expected an atlas "
            "in the space of the maps: compare the two in a viewer."
        )
    found = tabulate_regions(
        named_regions,
        read_map(space, values),
        voxel_stat,
        {stat: significant(read_map(space, path), alpha) for stat, path in corrected.items()},
        space,
        Bound.read(null, observed, shift, alpha) if observed else None,
    )
    log.info("%d regions", len(found))
    write_frame(found, table, "%.6g")


def by_region(spheres, masks):
    """Return where each region is: its sphere, or the next of the masks."""
    masks = iter(masks)
    return {name: next(masks) if sphere is None else sphere for name, sphere in spheres.items()}


if "snakemake" in globals():
    with job(snakemake):
        given, settings = dict(snakemake.input.items()), dict(snakemake.params.settings)
        given["corrected"] = dict(zip(settings.pop("stats"), given["corrected"], strict=True))
        main(
            regions=by_region(settings.pop("regions"), given.pop("masks")),
            **given,
            **settings,
            **snakemake.output,
        )
