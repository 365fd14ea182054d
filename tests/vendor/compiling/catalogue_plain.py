"""Forms of ops that work element by element."""

from tests.vendor.compiling.forms import MS, RANKS, SHAPES, TYPES, G, form

SOME = (1, 2, 3, 4, 5, 6, 7)
FLOATS = "float32 float16"


@form(
    "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish "
    "Identity IsInf IsNaN LeakyRelu Log Mish Neg Not BitwiseNot Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin "
    "Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Swish Dropout",
    ranks=RANKS,
    types="all",
)
def unary(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype))


@form("Gelu QuickGelu FastGelu", ranks=(2, 3, 4, 5), types=FLOATS, domain=MS)
def unary_microsoft(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), domain=MS)


@form("BiasGelu FastGelu", "bias", ranks=(2, 3, 4), types=FLOATS, domain=MS)
@form("BiasAdd", ranks=(3,), types=FLOATS, domain=MS)
def with_bias(g: G, rank: int, dtype: str, op: str):
    bias = g.w((16,), dtype)
    return g.op(
        op,
        g.x(SHAPES[rank], dtype),
        bias,
        *([g.x(SHAPES[rank], dtype)] if op == "BiasAdd" else []),
        domain=MS,
    )


@form("Gelu", "tanh")
def gelu_tanh(g: G, rank: int, dtype: str):
    return g.op("Gelu", g.x(SHAPES[3]), approximate="tanh")


@form(
    "Add Sub Mul Div Mod Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor BitwiseAnd BitwiseOr BitwiseXor "
    "Max Min Sum Mean Pow PRelu BitShift",
    ranks=RANKS,
    types="all",
)
def binary(g: G, rank: int, dtype: str, op: str):
    return _pair(g, op, g.x(SHAPES[rank], dtype), g.x(SHAPES[rank], dtype), dtype)


@form(
    "Add Sub Mul Div Mod Equal Less Greater Max Min Pow PRelu And BitwiseAnd",
    "constant",
    types="all",
    ranks=SOME,
)
def binary_constant(g: G, rank: int, dtype: str, op: str):
    return _pair(g, op, g.x(SHAPES[rank], dtype), g.w((SHAPES[rank] or (1,))[-1:], dtype), dtype)


@form("Add Mul Less Max Pow", "broadcast", ranks=(2, 3, 4, 5, 6), types="float32 int32 int64")
def binary_broadcast(g: G, rank: int, dtype: str, op: str):
    shape = SHAPES[rank]
    return _pair(g, op, g.x(shape, dtype), g.x((*shape[:-2], 1, shape[-1]), dtype), dtype)


def _pair(g: G, op: str, a: str, b: str, dtype: str):
    more = {"direction": "LEFT"} if op == "BitShift" else {}
    if op == "Mod" and dtype.startswith(("float", "bfloat")):
        more = {"fmod": 1}
    return g.op(op, a, b, **more)


@form("Max Min Sum Mean", "three", types="float32 float16 int32")
def three(g: G, rank: int, dtype: str, op: str):
    return g.op(op, *(g.x(SHAPES[3], dtype) for _ in range(3)))


@form("Mod", "fmod", types="float32 float16 int32 int64")
def fmod(g: G, rank: int, dtype: str):
    return g.op("Mod", g.x(SHAPES[3], dtype), g.x(SHAPES[3], dtype), fmod=1)


@form("Where", ranks=RANKS, types="float32 float16 float64 int8 uint8 int16 int32 int64 uint32 uint64 bool")
def where(g: G, rank: int, dtype: str):
    shape = SHAPES[rank]
    return g.op("Where", g.x(shape, "bool"), g.x(shape, dtype), g.x(shape, dtype))


@form("Clip", ranks=RANKS, types="all")
def clip(g: G, rank: int, dtype: str):
    return g.op("Clip", g.x(SHAPES[rank], dtype), g.c(1, dtype), g.c(6, dtype))


@form("Clip", "run-time bound", types="float32 int32")
def clip_bound(g: G, rank: int, dtype: str):
    return g.op("Clip", g.x(SHAPES[3], dtype), g.x((), dtype), g.x((), dtype))


CASTS = tuple(TYPES)


def _cast(target: str):
    @form("Cast", f"to {target}", types="all", ranks=(3,))
    def cast(g: G, rank: int, dtype: str):
        return g.op("Cast", g.x(SHAPES[rank], dtype), to=TYPES[target])


for _target in CASTS:
    _cast(_target)


@form("Cast", "ranks", ranks=RANKS, types="int32")
def cast_ranks(g: G, rank: int, dtype: str):
    return g.op("Cast", g.x(SHAPES[rank], dtype), to=1)


@form("CastLike", types="float32 int32")
def cast_like(g: G, rank: int, dtype: str):
    return g.op("CastLike", g.x(SHAPES[3], dtype), g.x(SHAPES[3], "float16"))


def _between(target: str):
    @form("Cast", f"between, to {target}", types="all", ranks=(3,))
    def cast(g: G, rank: int, dtype: str):
        x = g.x(SHAPES[rank], dtype)
        y = g.op("Cast", g.op("Concat", x, x, axis=0), to=TYPES[target])
        return g.op("Concat", y, y, axis=1)


for _target in CASTS:
    _between(_target)
