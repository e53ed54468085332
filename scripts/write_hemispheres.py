"""Write maps of a surface as GIFTI, a file for each hemisphere."""

import nibabel as nib
from permaps.spaces.files import read_map, read_space, write_hemispheres
from permaps.workflow.jobs import job, log


def main(*, space, maps, outputs, sides):
    """Write every map again.

    Parameters
    ----------
    space : path
        What the maps are defined on.
    maps : list of path
    outputs : list of path
        For each map, a file for each of `sides`.
    sides : list of str
        "L", "R" or both.
    """
    surface, files = read_space(space), iter(outputs)
    for path in maps:
        description = str(nib.load(path).header.get_axis(0).name[0])
        paths = {side: next(files) for side in sides}
        write_hemispheres(surface, paths, read_map(surface, path), description)
    log.info("%d maps", len(maps))


if "snakemake" in globals():
    with job(snakemake):
        main(
            **snakemake.input,
            outputs=list(snakemake.output),
            sides=snakemake.params.settings["sides"],
        )
