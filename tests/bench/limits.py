"""What the processor could do at most: multiplications of numbers in registers."""

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from permaps.statistics.multiply import LANES

from bench.clock import cpu

# Sums that do not wait for one another, so that no multiplication waits for the one before.
SUMS = 16


@intrinsic
def _multiply_only(typing_context, n):
    vector = ir.VectorType(ir.DoubleType(), LANES)

    def generate(context, builder, signature, values):
        multiply_add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f64"
        )
        factor = ir.Constant(vector, [0.999] * LANES)
        sums = [
            cgutils.alloca_once_value(builder, ir.Constant(vector, [k + 1.0] * LANES)) for k in range(SUMS)
        ]
        with cgutils.for_range(builder, values[0]):
            for one in sums:
                builder.store(builder.call(multiply_add, [factor, builder.load(one), factor]), one)
        total = builder.load(sums[0])
        for one in sums[1:]:
            total = builder.fadd(total, builder.load(one))
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return types.float64(types.intp), generate


@numba.njit
def _multiply(n):
    return _multiply_only(n)


def multiply_adds(n=2_000_000):
    """Seconds of one multiplication with an addition, when nothing else is done."""
    _multiply(1)
    return cpu(lambda: _multiply(n)) / (n * SUMS * LANES)
