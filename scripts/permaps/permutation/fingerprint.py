"""A digest of what a result was computed from."""

import hashlib
import json

import numpy as np

from permaps.statistics.memory_maps import let_go


def fingerprint(*parts: object) -> str:
    """Return a digest of arrays and plain values, such as those that a chunk was computed from."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            # In slabs of rows, so that a memory map can have any size.
            rows = max(1, 2**24 // max(1, part[:1].nbytes)) if part.ndim else 1
            for first in range(0, len(part) if part.ndim else 1, rows):
                digest.update(np.ascontiguousarray(part[first : first + rows] if part.ndim else part).data)
                let_go(part)
        else:
            digest.update(json.dumps(part, sort_keys=True).encode())
    return digest.hexdigest()
