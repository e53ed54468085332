"""How a file with a map of each kind is read."""

from permaps.inputs.cifti import decode_dense
from permaps.inputs.connectomes import decode_connectome
from permaps.inputs.images import decode
from permaps.inputs.parcels import decode_parcels
from permaps.inputs.surfaces import decode_surface

# By the name of the kind of space.
DECODERS = {
    "volume": decode,
    "surface": decode_surface,
    "grayordinates": decode_dense,
    "parcels": decode_parcels,
    "edges": decode_connectome,
}
