"""Make the space in which the maps are compared: from the screened maps, the template or files."""

from permaps.maps.store import Store
from permaps.spaces.files import write_space
from permaps.spaces.from_maps import MAKERS
from permaps.tables.participants import read_participants
from permaps.tables.text import ID, MAP, REASON
from permaps.workflow.jobs import log, run


def main(*, screened, images, values, brain, space=(), kind="volume", **settings):
    """Write the brain mask, as an image (uint8) or with the space that it belongs to.

    Parameters
    ----------
    screened : path
        Participants table with `reason`, empty for those who stay.
    images, values : path
        What their images are, and the values of these.
    brain : path
        To write.
    space : list of path
        The files that `settings` names for the mesh and the mask on it.
    kind : str
        Name of the kind of space.
    **settings
        Of a volume `strategy` and `file`, else those of the section `space`; as in the config.
    """
    cohort = read_participants(screened)
    staying = cohort[cohort[REASON].isna()]
    maps = Store(images, values).maps(staying[ID], MAP)
    space = MAKERS[kind](maps, settings | {"example": staying[MAP].iloc[0]})
    write_space(space, brain, f"Permaps: brain mask, {settings.get('strategy', 'file')}")
    log.info("%d of %d %s", space.n_elements, space.mask.size, space.elements)


if "snakemake" in globals():
    run(main, snakemake)
