"""How a file with a map of each kind is read."""

from collections.abc import Callable
from functools import partial

from permaps.maps.cifti import decode_dense
from permaps.maps.connectomes import decode_connectome
from permaps.maps.images import Decoded, decode
from permaps.maps.parcels import decode_parcels
from permaps.maps.surfaces import decode_surface

# By the name of the kind of space.
DECODERS = {
    "volume": decode,
    "surface": decode_surface,
    "grayordinates": decode_dense,
    "parcels": decode_parcels,
    "edges": decode_connectome,
}


def decoder(kind: str, maps: str | list[str] | None, measure: bool = True) -> Callable[[str], Decoded]:
    """Return what reads the maps of an input, given by their paths.

    Parameters
    ----------
    kind : str
        Name of the kind of space.
    maps : str or list of str or None
        Where they are, as in the config: of columns of a table, their patterns.
    measure : bool
        See `permaps.maps.parcels.decode_parcels`.
    """
    if isinstance(maps, list):
        return partial(decode_parcels, patterns=maps, measure=measure)
    return DECODERS[kind]
