"""Dense layers in bfloat16, compiled, for processors that multiply pairs of it: a small network is one call.

A general library prepares each product, and for layers of a hundred units that costs as much as the product. Here a
tile of a layer's outputs stays in registers while the instruction VDPBF16PS adds the products of pairs to it in
float32 (Intel, "BFLOAT16 - hardware numerics definition", 2018). A row's answer is the same in every batch.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from games.bits import rule
from games.compiling import compiled

LANES = 16
"""Numbers of 32 bits that the processor works on at once; widths are rounded up to so many."""

_TALL, _WIDE = (12, 1), (6, 4)
"""Rows and vectors of a tile: what 32 registers hold."""

SPARE = 12
"""Rows that a tile may touch beyond the last."""

CHUNK = 96
"""Rows that pass through all layers together, so that what lies between these stays near."""

_I32, _FLOATS = ir.IntType(32), ir.VectorType(ir.FloatType(), LANES)
_PAIRS, _HALVES = ir.VectorType(ir.IntType(32), LANES), ir.VectorType(ir.IntType(16), LANES)


def fits() -> bool:
    """Return whether this processor has the instruction; one that multiplies whole tiles is served better by torch."""
    features = binding.get_host_cpu_features()
    return bool(features.get("avx512bf16")) and not features.get("amx-bf16")


def _tile(rows: int, vectors: int, *, hidden: bool) -> Any:
    """Return what computes `rows` rows of `vectors` vectors of a layer's outputs.

    A hidden layer's are rectified, and written as pairs of bfloat16; the last layer's are float32.
    """

    @intrinsic
    def tile(context, x, x_at, x_step, weight, at, step, depth, bias, bias_at, y, y_at, y_step):
        def generate(context, builder, signature, arguments):
            _, x_at, x_step, _, at, step, depth, _, bias_at, _, y_at, y_step = arguments
            own = [context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 3, 7, 9)]
            inputs, weights, biases, outputs = own
            whole = at.type

            def vector(pointer, index, kind):
                return builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())

            sums = [[cgutils.alloca_once(builder, _FLOATS) for _ in range(vectors)] for _ in range(rows)]
            for column in range(vectors):
                start = builder.load(vector(biases, builder.add(bias_at, whole(column * LANES)), _FLOATS), align=4)
                for row in range(rows):
                    builder.store(start, sums[row][column])
            firsts = [builder.gep(inputs, [builder.add(x_at, builder.mul(x_step, whole(row)))]) for row in range(rows)]
            none, everywhere = ir.Constant(_PAIRS, ir.Undefined), ir.Constant(_PAIRS, [_I32(0)] * LANES)
            multiply = ir.FunctionType(_FLOATS, [_FLOATS, _PAIRS, _PAIRS])
            with cgutils.for_range(builder, depth) as loop:
                here = builder.add(at, builder.mul(step, loop.index))
                columns = [
                    builder.load(vector(weights, builder.add(here, whole(column * LANES)), _PAIRS), align=4)
                    for column in range(vectors)
                ]
                for row in range(rows):
                    one = builder.insert_element(none, builder.load(builder.gep(firsts[row], [loop.index])), _I32(0))
                    spread = builder.shuffle_vector(one, none, everywhere)
                    for column in range(vectors):
                        operands = [builder.load(sums[row][column]), columns[column], spread]
                        more = builder.asm(multiply, "vdpbf16ps $3, $2, $0", "=v,0,v,v", operands, False)
                        builder.store(more, sums[row][column])
            zero, width = ir.Constant(_FLOATS, [ir.FloatType()(0.0)] * LANES), LANES // 2 if hidden else LANES
            for row in range(rows):
                for column in range(vectors):
                    value = builder.load(sums[row][column])
                    place = builder.add(y_at, builder.add(builder.mul(y_step, whole(row)), whole(column * width)))
                    if hidden:
                        value = builder.select(builder.fcmp_ordered(">", value, zero), value, zero)
                        narrow = ir.FunctionType(_HALVES, [_FLOATS])
                        value = builder.asm(narrow, "vcvtneps2bf16 $1, $0", "=v,v", [value], False)
                    builder.store(value, vector(outputs, place, value.type), align=4)
            return context.get_dummy_value()

        place = types.intp
        return types.void(x, place, place, weight, place, place, place, bias, place, y, place, place), generate

    return tile


_wide, _narrow, _heads = _tile(*_WIDE, hidden=True), _tile(*_TALL, hidden=True), _tile(*_TALL, hidden=False)
_WIDE_ROWS, _WIDE_COLUMNS, _TALL_ROWS = _WIDE[0], _WIDE[1] * LANES, _TALL[0]


@rule
def _layer(x, x_step, rows, weight, at, width, bias, bias_at, y, y_step):
    """Compute a hidden layer of `width` units, a multiple of `LANES`, for rows of `x_step` pairs."""
    column = 0
    while column < width:
        if width - column >= _WIDE_COLUMNS:
            for row in range(0, rows, _WIDE_ROWS):
                _wide(
                    *(x, row * x_step, x_step, weight, at + column, width, x_step),
                    *(bias, bias_at + column, y, row * y_step + column // 2, y_step),
                )
            column += _WIDE_COLUMNS
        else:
            for row in range(0, rows, _TALL_ROWS):
                _narrow(
                    *(x, row * x_step, x_step, weight, at + column, width, x_step),
                    *(bias, bias_at + column, y, row * y_step + column // 2, y_step),
                )
            column += LANES


@rule
def _pair(bits, at, inputs, rows, pairs, out):
    """Round float32, seen as int32 `bits`, to bfloat16, two to a word; where the number of inputs is odd, zero pads."""
    for row in range(rows):
        for index in range(pairs):
            first, second = bits[at + row * inputs + 2 * index], np.int32(0)
            if 2 * index + 1 < inputs:
                second = bits[at + row * inputs + 2 * index + 1]
            first += np.int32(0x7FFF) + (first >> np.int32(16) & np.int32(1))
            second += np.int32(0x7FFF) + (second >> np.int32(16) & np.int32(1))
            out[row * pairs + index] = (first >> np.int32(16) & np.int32(0xFFFF)) | (second & np.int32(-65536))


@compiled(nogil=True, error_model="numpy")
def infer(bits, rows, inputs, widths, weight, places, bias, starts, here, there, out):
    """Run `rows` rows through all layers.

    bits: the observations' float32, flat, as int32, `inputs` a row; widths `[L]` int64: of the layers, multiples of
    `LANES`, the last those of the heads; weight: all layers' pairs, `[pairs of inputs, width]` each, flat, from
    `places [L]` on; bias: float32, from `starts [L]` on; here, there int32: room for `CHUNK` + `SPARE` rows of the
    widest layer; out `[rows + SPARE, widths[-1]]` float32, flat.
    """
    pairs, last = (inputs + 1) // 2, len(widths) - 1
    for begin in range(0, rows, CHUNK):
        count, x, y, step = min(CHUNK, rows - begin), here, there, pairs
        _pair(bits, begin * inputs, inputs, count, pairs, x)
        for layer in range(last):
            _layer(x, step, count, weight, places[layer], widths[layer], bias, starts[layer], y, widths[layer] // 2)
            x, y, step = y, x, widths[layer] // 2
        for column in range(0, widths[last], LANES):
            for row in range(0, count, _TALL_ROWS):
                _heads(
                    *(x, row * step, step, weight, places[last] + column, widths[last], step),
                    *(bias, starts[last] + column, out, (begin + row) * widths[last] + column, widths[last]),
                )


def packed(weight: NDArray[np.float32], inputs: int, width: int) -> NDArray[np.int32]:
    """Return a layer's weights `[outputs, inputs]` as pairs of bfloat16, `[inputs / 2, width]`, zero beyond them."""
    padded = np.zeros((inputs + inputs % 2, width), np.float32)
    padded[: weight.shape[1], : len(weight)] = weight.T
    bits = padded.view(np.uint32)
    halves = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return (halves[0::2] | halves[1::2] << 16).view(np.int32)


def prepare() -> None:
    """Have LLVM read instructions by name."""
    binding.initialize_native_asmparser()
