"""Products of many rows with a tile of voxels, as fast as the processor multiplies, in bits that never differ.

Each element is summed over participants in their order, with one accumulator. The accumulators of six rows and
eight voxels stay in registers while the loop goes over participants, so that almost nothing but multiplication is
left to do. A compiler does not find this by itself. So the code uses vectors of eight, which the compiler splits
into what the processor has.
"""

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from permaps.statistics.compiled import compiled, fma

# Voxels to a tile.
TILE = 128
# Rows and voxels whose sums fill the registers.
ROWS, LANES = 6, 8
# Participants whose values of eight voxels stay in the fastest cache while all rows pass over them.
STRIP = 256


def in_sixes(rows: np.ndarray) -> np.ndarray:
    """Return rows as `multiply` takes them: in C order, with rows of zeros that make their number a multiple."""
    return np.ascontiguousarray(np.pad(rows, [(0, -len(rows) % ROWS), (0, 0)]))


def _in_order(rows, r, first, stop, strip, out, v):
    """Add what participants first..stop give to six rows and eight voxels, for code that is not compiled."""
    for k in range(r, r + ROWS):
        for u in range(LANES):
            for i in range(first, stop):
                out[k, v + u] = fma(rows[k, i], strip[i - first, u], out[k, v + u])


@intrinsic
def _by_vectors(typing_context, rows, r, first, stop, strip, out, v):
    if any(array.layout != "C" for array in (rows, strip, out)):
        raise TypingError("rows, tile and out must be in C order")
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

        def place(array, *offset):
            return builder.gep(array.data, [builder.add(*offset) if len(offset) > 1 else offset[0]])

        def as_vector(pointer):
            return builder.bitcast(pointer, vector.as_pointer())

        each = [builder.add(r, ir.Constant(r.type, k)) for k in range(ROWS)]
        targets = [as_vector(place(out, builder.mul(row, width), v)) for row in each]
        sums = [cgutils.alloca_once_value(builder, builder.load(to, align=8)) for to in targets]
        begins = [builder.mul(row, n) for row in each]
        with cgutils.for_range(builder, builder.sub(stop, first)) as loop:
            at = builder.mul(loop.index, ir.Constant(v.type, LANES))
            x = builder.load(as_vector(place(strip, at)), align=8)
            i = builder.add(first, loop.index)
            for begin, total in zip(begins, sums, strict=True):
                one = builder.insert_element(
                    ir.Constant(vector, ir.Undefined),
                    builder.load(place(rows, begin, i)),
                    ir.Constant(ir.IntType(32), 0),
                )
                all_of_it = builder.shuffle_vector(
                    one, ir.Constant(vector, ir.Undefined), ir.Constant(places, [0] * LANES)
                )
                builder.store(builder.call(multiply_add, [all_of_it, x, builder.load(total)]), total)
        for total, to in zip(sums, targets, strict=True):
            builder.store(builder.load(total), to, align=8)
        return context.get_dummy_value()

    return types.void(rows, types.intp, types.intp, types.intp, strip, out, types.intp), generate


_add_block = _in_order if numba.config.DISABLE_JIT else _by_vectors


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
    strip = np.empty((STRIP, LANES))
    for v in range(0, TILE, LANES):
        for r in range(n_rows):
            for u in range(v, v + LANES):
                out[r, u] = 0.0
        for first in range(0, n, STRIP):
            stop = min(first + STRIP, n)
            for i in range(first, stop):
                for u in range(LANES):
                    strip[i - first, u] = tile[i, v + u]
            for r in range(0, n_rows, ROWS):
                _add_block(rows, r, first, stop, strip, out, v)
