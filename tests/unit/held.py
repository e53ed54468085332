"""Images read into a store, as the rule `read_maps` does, for the tests of what comes after it."""

import io

import read_maps
from permaps.maps import map_values
from permaps.maps.store import Store
from permaps.tables.tsv import write_frame


def entries_of(cohort, decode=map_values.decode):
    """What the images of a table are."""
    return map_values.decode_maps(cohort, [c for c in cohort if c.startswith("map_")], io.BytesIO(), decode)


def hold(cohort, folder):
    """Read the images of a table; return the files that scripts take, by the names of their arguments."""
    files = {"images": folder / "images.json", "values": folder / "values.bin"}
    write_frame(cohort, folder / "read.tsv")
    names = [c.removeprefix("map_") for c in cohort if c.startswith("map_")]
    read_maps.main(participants=folder / "read.tsv", **files, voxelwise=names)
    return files


def store_of(cohort, folder):
    """The store of a table's images."""
    return Store(**hold(cohort, folder))
