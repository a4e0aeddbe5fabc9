"""Eight numbers that the processor works on at once, in compiled code: what a tree keeps of eight edges.

numba turns loops over eight numbers into scalar code, several times slower than what a search step may cost. These are
values of LLVM's vector types, with Python's operators; they live in registers and exist inside compiled functions only.
Operations are those of single numbers, in the order written, never fused.
"""

import operator
from collections.abc import Callable
from typing import Any, ClassVar

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.core.datamodel.registry import register_default
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

LANES = 8

_LINE = 16
"""Words of 32 bits that memory moves at once."""

_BYTE = ir.IntType(8)

intrinsic: Callable[..., Any] = extending.intrinsic


class _Vector(types.Type):
    """The type of eight numbers.

    LLVM's type belongs to the class: it remembers its name once it was asked for, and would tell an object that was
    used from one that was not, and with it the code that is kept on disk.
    """

    llvm: ClassVar[ir.VectorType]

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__)


class _Floats(_Vector):
    llvm = ir.VectorType(ir.FloatType(), LANES)


class _Ints(_Vector):
    llvm = ir.VectorType(ir.IntType(32), LANES)


class _Flags(_Vector):
    llvm = ir.VectorType(ir.IntType(1), LANES)


_floats, _ints, _flags = _Floats(), _Ints(), _Flags()
_I32 = ir.IntType(32)


@register_default(_Floats)
@register_default(_Ints)
@register_default(_Flags)
class _Model(PrimitiveModel):
    def __init__(self, manager: Any, kind: _Vector) -> None:
        super().__init__(manager, kind, kind.llvm)


def _spread(builder: ir.IRBuilder, kind: _Vector, value: Any) -> Any:
    """Return a vector of one value eight times."""
    none = ir.Constant(kind.llvm, ir.Undefined)
    first = builder.insert_element(none, value, _I32(0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(_I32, LANES), [_I32(0)] * LANES))


def _pointer(context: Any, builder: ir.IRBuilder, array: Any, kind: Any, index: Any, vector: _Vector) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    place = cgutils.gep(builder, data, index)
    return builder.bitcast(place, vector.llvm.as_pointer())


def _loading(vector: _Vector) -> Any:
    """Return a function that reads eight numbers of a flat array."""

    @intrinsic
    def load(context, array, index):
        def generate(context, builder, signature, arguments):
            place = _pointer(context, builder, arguments[0], signature.args[0], arguments[1], vector)
            return builder.load(place, align=4)

        return vector(array, types.intp), generate

    return load


load_floats = _loading(_floats)
"""Return eight float32 of a flat array, from an index on."""

load_ints = _loading(_ints)
"""Return eight int32 of a flat array, from an index on."""


@intrinsic
def store(context, array, index, values):
    """Write eight numbers into a flat array, from `index` on."""

    def generate(context, builder, signature, arguments):
        array, index, vector = arguments
        builder.store(vector, _pointer(context, builder, array, signature.args[0], index, values), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, values), generate


@intrinsic
def fetch(context, array, index, count):
    """Have the `count` words of 32 bits from `index` on brought near, to be read later."""

    def generate(context, builder, signature, arguments):
        array, index, count = arguments
        data = context.make_array(signature.args[0])(context, builder, array).data
        first = builder.bitcast(cgutils.gep(builder, data, index), _BYTE.as_pointer())
        of_prefetch = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), _I32, _I32, _I32])
        bring = cgutils.get_or_insert_function(builder.module, of_prefetch, "llvm.prefetch.p0i8")
        with cgutils.for_range_slice(builder, count.type(0), count, count.type(_LINE)) as (word, _):
            place = builder.gep(first, [builder.mul(word, word.type(4))])
            builder.call(bring, [place, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate


@intrinsic
def floats(context, value):
    """Return a float32 eight times, or eight int32 as float32."""
    if isinstance(value, _Ints):
        return _floats(_ints), lambda context, builder, signature, arguments: builder.sitofp(arguments[0], _floats.llvm)
    one = types.float32
    return _floats(one), lambda context, builder, signature, arguments: _spread(builder, _floats, arguments[0])


@intrinsic
def ints(context, value):
    """Return an int32 eight times, or eight whole float32 as int32."""
    if isinstance(value, _Floats):
        return _ints(_floats), lambda context, builder, signature, arguments: builder.fptosi(arguments[0], _ints.llvm)
    one = types.int32
    return _ints(one), lambda context, builder, signature, arguments: _spread(builder, _ints, arguments[0])


@intrinsic
def as_floats(context, value):
    """Read the bits of eight int32 as float32."""
    return _floats(_ints), lambda context, builder, signature, arguments: builder.bitcast(arguments[0], _floats.llvm)


@intrinsic
def choose(context, condition, yes, no):
    """Return `yes` where the flags are up and `no` elsewhere."""
    return yes(_flags, yes, yes), lambda context, builder, signature, arguments: builder.select(*arguments)


@intrinsic
def floor(context, value):
    """Round eight float32 down."""

    def generate(context, builder, signature, arguments):
        of_eight = ir.FunctionType(_floats.llvm, [_floats.llvm])
        return builder.call(cgutils.get_or_insert_function(builder.module, of_eight, "llvm.floor.v8f32"), arguments)

    return _floats(_floats), generate


def _halved(builder: ir.IRBuilder, vector: Any, join: Callable[[Any, Any], Any]) -> Any:
    """Join the upper half with the lower until one number is left, and return that."""
    none = ir.Constant(vector.type, ir.Undefined)
    width = LANES
    while width > 1:
        width //= 2
        places = [_I32(width + lane if lane < width else lane) for lane in range(LANES)]
        moved = builder.shuffle_vector(vector, none, ir.Constant(ir.VectorType(_I32, LANES), places))
        vector = join(vector, moved)
    return builder.extract_element(vector, _I32(0))


@intrinsic
def total(context, values):
    """Add up eight float32: halves first, then halves of these."""
    return types.float32(_floats), lambda context, builder, signature, arguments: _halved(
        builder, arguments[0], builder.fadd
    )


@intrinsic
def greatest(context, values):
    """Return the greatest of eight float32."""

    def generate(context, builder, signature, arguments):
        def join(a, b):
            return builder.select(builder.fcmp_ordered(">=", a, b), a, b)

        return _halved(builder, arguments[0], join)

    return types.float32(_floats), generate


@intrinsic
def first(context, condition):
    """Return the lowest place of a flag that is up, 8 where none is."""

    def generate(context, builder, signature, arguments):
        bits = builder.zext(builder.bitcast(arguments[0], ir.IntType(LANES)), ir.IntType(64))
        guarded = builder.or_(bits, ir.IntType(64)(1 << LANES))
        return builder.cttz(guarded, ir.IntType(1)(1))

    return types.int64(_flags), generate


def _operation(symbol: Any, of_floats: Callable[..., Any], of_ints: Callable[..., Any] | None) -> None:
    """Give two vectors of a kind an operator; each is made by a function of the builder and both.

    Registered as the operators of numba's own types are: an `overload`, inlined, takes longer to compile each time.
    """
    compares = symbol in (operator.gt, operator.ge, operator.eq, operator.lt)
    typed: Any = infer_global

    @typed(symbol)
    class _Template(AbstractTemplate):
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            known = (_floats,) if of_ints is None else (_floats, _ints)
            if len(args) == 2 and args[0] == args[1] and args[0] in known:
                return signature(_flags if compares else args[0], *args)
            return None

    for kind, make in ((_Floats, of_floats), (_Ints, of_ints)):
        if make is not None:
            _lower(symbol, kind, make)


def _lower(symbol: Any, kind: type[_Vector], make: Callable[..., Any]) -> None:
    @lower_builtin(symbol, kind, kind)
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return make(builder, *arguments)


def _comparing(sign: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (
        lambda builder, a, b: builder.fcmp_ordered(sign, a, b),
        lambda builder, a, b: builder.icmp_signed(sign, a, b),
    )


_operation(operator.add, lambda b, x, y: b.fadd(x, y), lambda b, x, y: b.add(x, y))
_operation(operator.sub, lambda b, x, y: b.fsub(x, y), lambda b, x, y: b.sub(x, y))
_operation(operator.mul, lambda b, x, y: b.fmul(x, y), lambda b, x, y: b.mul(x, y))
_operation(operator.truediv, lambda b, x, y: b.fdiv(x, y), None)
_operation(operator.lshift, lambda b, x, y: None, lambda b, x, y: b.shl(x, y))
for _symbol, _sign in ((operator.gt, ">"), (operator.ge, ">="), (operator.eq, "=="), (operator.lt, "<")):
    _operation(_symbol, *_comparing(_sign))
