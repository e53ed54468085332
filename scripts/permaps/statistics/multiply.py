"""Products of many rows with a tile of voxels, as fast as the processor multiplies, in bits that never differ.

Each element is summed over participants in their order, with one accumulator. The accumulators of six rows and of a
few vectors of eight voxels stay in registers while the loop goes over participants, so that almost nothing but
multiplication is left to do. A compiler does not find this by itself. So the code uses vectors of eight, which the
compiler splits into what the processor has. How many of them it takes at a time depends on how many registers there
are, and no bit depends on that.
"""

from collections.abc import Callable

import numba
import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from permaps.statistics.compiled import compiled, fma

# Voxels to a tile.
TILE = 128
# Rows, and voxels of a vector.
ROWS, LANES = 6, 8
# Vectors whose sums, one for each row, fill the registers: 32 with AVX-512, of eight numbers each; else 16, of four.
FEATURES = numba.config.CPU_FEATURES or binding.get_host_cpu_features().flatten()
VECTORS = 4 if "+avx512f" in FEATURES else 1
# Participants whose values of so many voxels stay in the fastest cache while all rows pass over them.
STRIP = 384 // VECTORS
# Numbers to a line of the cache: a vector that lies across two lines takes twice as long to load.
LINE = 8


def in_sixes(rows: np.ndarray) -> np.ndarray:
    """Return rows as `multiply` takes them: in C order, with rows of zeros that make their number a multiple."""
    return np.ascontiguousarray(np.pad(rows, [(0, -len(rows) % ROWS), (0, 0)]))


def _in_order(rows, r, first, stop, strip, out, v):
    """Add what participants first..stop give to six rows and the strip's voxels, for code that is not compiled."""
    for k in range(r, r + ROWS):
        for u in range(strip.shape[1]):
            for i in range(first, stop):
                out[k, v + u] = fma(rows[k, i], strip[i - first, u], out[k, v + u])


def by_vectors(n_vectors: int) -> Callable:
    """Return what does the same, with the sums of so many vectors in registers."""

    @intrinsic
    def add_block(typing_context, rows, r, first, stop, strip, out, v):
        if any(array.layout != "C" for array in (rows, strip, out)):
            raise TypingError("rows, strip and out must be in C order")
        vector, places = ir.VectorType(ir.DoubleType(), LANES), ir.VectorType(ir.IntType(32), LANES)

        def generate(context, builder, signature, values):
            rows, strip, out = (
                context.make_array(signature.args[k])(context, builder, values[k]) for k in (0, 4, 5)
            )
            r, first, stop, v = (values[k] for k in (1, 2, 3, 6))
            n, width = (cgutils.unpack_tuple(builder, array.shape)[1] for array in (rows, out))
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f64"
            )

            def constant(k):
                return ir.Constant(v.type, k)

            def place(array, at, more):
                return builder.gep(array.data, [builder.add(at, more)])

            def vectors(array, at):
                places = (place(array, at, constant(LANES * u)) for u in range(n_vectors))
                return [builder.bitcast(one, vector.as_pointer()) for one in places]

            def everywhere(number):
                none = ir.Constant(vector, ir.Undefined)
                one = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(one, none, ir.Constant(places, [0] * LANES))

            each = [builder.add(r, constant(k)) for k in range(ROWS)]
            begins = [builder.mul(row, n) for row in each]
            targets = [vectors(out, builder.add(builder.mul(row, width), v)) for row in each]
            sums = [
                [cgutils.alloca_once_value(builder, builder.load(to, align=8)) for to in of_row]
                for of_row in targets
            ]
            with cgutils.for_range(builder, builder.sub(stop, first)) as loop:
                at = builder.mul(loop.index, constant(LANES * n_vectors))
                x = [builder.load(one, align=8) for one in vectors(strip, at)]
                i = builder.add(first, loop.index)
                for begin, of_row in zip(begins, sums, strict=True):
                    row = everywhere(builder.load(place(rows, begin, i)))
                    for values, total in zip(x, of_row, strict=True):
                        builder.store(builder.call(multiply_add, [row, values, builder.load(total)]), total)
            for of_row, to_row in zip(sums, targets, strict=True):
                for total, to in zip(of_row, to_row, strict=True):
                    builder.store(builder.load(total), to, align=8)
            return context.get_dummy_value()

        return types.void(rows, types.intp, types.intp, types.intp, strip, out, types.intp), generate

    return add_block


_add_block = _in_order if numba.config.DISABLE_JIT else by_vectors(VECTORS)


@compiled
def multiply(rows: np.ndarray, tile: np.ndarray, out: np.ndarray) -> None:
    """Out = rows @ tile, each element summed over participants in their order.

    Parameters
    ----------
    rows : float64, shape (n_rows, n)
        In C order, as all of these; a multiple of `ROWS`.
    tile : float64, shape (n or more, TILE)
    out : float64, shape (n_rows or more, TILE)
    """
    n_rows, n = rows.shape
    width = VECTORS * LANES
    room = np.empty(STRIP * width + LINE)
    begin = -(room.ctypes.data // room.itemsize) % LINE
    strip = room[begin : begin + STRIP * width].reshape(STRIP, width)
    for r in range(n_rows):
        for v in range(TILE):
            out[r, v] = 0.0
    for first in range(0, n, STRIP):
        stop = min(first + STRIP, n)
        for v in range(0, TILE, width):
            for i in range(first, stop):
                for u in range(width):
                    strip[i - first, u] = tile[i, v + u]
            for r in range(0, n_rows, ROWS):
                _add_block(rows, r, first, stop, strip, out, v)
