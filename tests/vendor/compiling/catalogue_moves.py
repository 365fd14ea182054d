"""Forms of ops that move, make and count."""

from tests.vendor.compiling.forms import MS, RANKS, SHAPES, G, form

SOME = (1, 2, 3, 4, 5, 6, 7)


@form("Transpose", ranks=SOME, types="all")
def transpose(g: G, rank: int, dtype: str):
    return g.op("Transpose", g.x(SHAPES[rank], dtype), perm=list(range(rank))[::-1])


@form("Transpose", "two axes", ranks=(4, 5, 6, 7))
def transpose_two(g: G, rank: int, dtype: str):
    order = list(range(rank))
    return g.op("Transpose", g.x(SHAPES[rank], dtype), perm=[*order[:-2], order[-1], order[-2]])


@form("Reshape", ranks=SOME, types="all")
def reshape(g: G, rank: int, dtype: str):
    return g.op("Reshape", g.x(SHAPES[rank], dtype), g.c([*SHAPES[rank][:-1], 2, -1], "int64"))


@form("Reshape", "run-time shape")
def reshape_unknown(g: G, rank: int, dtype: str):
    return g.op("Reshape", g.x(SHAPES[3], dtype), g.x((2,), "int64"))


@form("Flatten", ranks=SOME, types="all")
def flatten(g: G, rank: int, dtype: str):
    return g.op("Flatten", g.x(SHAPES[rank], dtype), axis=1)


@form("Squeeze", ranks=(2, 3, 4, 5), types="all")
def squeeze(g: G, rank: int, dtype: str):
    return g.op("Squeeze", g.x((1, *SHAPES[rank][1:]), dtype), g.c([0], "int64"))


@form("Unsqueeze", ranks=RANKS, types="all")
def unsqueeze(g: G, rank: int, dtype: str):
    return g.op("Unsqueeze", g.x(SHAPES[rank], dtype), g.c([0], "int64"))


@form("Shape Size", types="float32 int32", ranks=(0, 3, 5))
def measure(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype))


@form("Concat", ranks=SOME, types="all")
def concat(g: G, rank: int, dtype: str):
    return g.op("Concat", g.x(SHAPES[rank], dtype), g.x(SHAPES[rank], dtype), axis=-1)


@form("Split", ranks=SOME, types="all")
def split(g: G, rank: int, dtype: str):
    return g.op("Split", g.x(SHAPES[rank], dtype), count=2, axis=-1, num_outputs=2)


@form("Split", "sizes", ranks=(3, 5))
def split_sizes(g: G, rank: int, dtype: str):
    return g.op("Split", g.x(SHAPES[rank], dtype), g.c([1, 2, 13], "int64"), count=3, axis=-1)


@form("Slice", ranks=SOME, types="all")
def slice_(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[rank], dtype), *(g.c([v], "int64") for v in (1, 9, rank - 1)))


@form("Slice", "step 2", ranks=(3, 4, 5))
def slice_step(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[rank], dtype), *(g.c([v], "int64") for v in (0, 16, rank - 1, 2)))


@form("Slice", "backwards", ranks=(3, 4), types="float32 int32")
def slice_back(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[rank], dtype), *(g.c([v], "int64") for v in (-1, -99, rank - 1, -1)))


@form("Slice", "run-time start")
def slice_unknown(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[3], dtype), g.x((1,), "int64"), g.c([9], "int64"), g.c([2], "int64"))


@form("Tile", ranks=SOME, types="all")
def tile(g: G, rank: int, dtype: str):
    return g.op("Tile", g.x(SHAPES[rank], dtype), g.c([1] * (rank - 1) + [2], "int64"))


@form("Tile", "run-time repeats")
def tile_unknown(g: G, rank: int, dtype: str):
    return g.op("Tile", g.x(SHAPES[3], dtype), g.x((3,), "int64"))


@form("Expand", ranks=SOME, types="all")
def expand(g: G, rank: int, dtype: str):
    return g.op(
        "Expand",
        g.x((1, *SHAPES[rank][1:]) if rank > 1 else (1,), dtype),
        g.c([3, *SHAPES[rank][1:]], "int64"),
    )


@form("Expand", "run-time shape")
def expand_unknown(g: G, rank: int, dtype: str):
    return g.op("Expand", g.x(SHAPES[3], dtype), g.x((3,), "int64"))


@form("Trilu", ranks=(2, 3, 4, 5, 6), types="all")
def trilu(g: G, rank: int, dtype: str):
    return g.op("Trilu", g.x(SHAPES[rank], dtype), upper=0)


@form("EyeLike", types="all")
def eye(g: G, rank: int, dtype: str):
    return g.op("EyeLike", g.x((4, 4), dtype))


def _pad(mode: str):
    @form("Pad", mode, ranks=SOME, types="all" if mode == "constant" else "float32 float16 int32 int8")
    def pad(g: G, rank: int, dtype: str):
        ends = [0] * (rank - 1) + [1]
        return g.op("Pad", g.x(SHAPES[rank], dtype), g.c(ends * 2, "int64"), mode=mode)


for _mode in ("constant", "edge", "reflect", "wrap"):
    _pad(_mode)


@form("Pad", "negative", ranks=(3, 4))
def pad_negative(g: G, rank: int, dtype: str):
    return g.op("Pad", g.x(SHAPES[rank], dtype), g.c(([0] * (rank - 1) + [-1]) * 2, "int64"))


@form("Pad", "run-time pads")
def pad_unknown(g: G, rank: int, dtype: str):
    return g.op("Pad", g.x(SHAPES[3], dtype), g.x((6,), "int64"))


@form("RandomNormalLike RandomUniformLike Bernoulli", types="float32 float16")
def random_like(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[3], dtype))


@form("Multinomial")
def multinomial(g: G, rank: int, dtype: str):
    return g.op("Multinomial", g.x((2, 8)), sample_size=4)


@form("Range", types="all")
def range_(g: G, rank: int, dtype: str):
    return g.op("Range", g.x((), dtype), g.x((), dtype), g.x((), dtype))


@form("ConstantOfShape")
def constant_of_shape(g: G, rank: int, dtype: str):
    return g.op("ConstantOfShape", g.x((2,), "int64"))


@form("OneHot", ranks=(1, 2, 3, 4), types="int32 int64 float32 uint8")
def one_hot(g: G, rank: int, dtype: str):
    return g.op("OneHot", g.x(SHAPES[rank], dtype), g.c(9, "int64"), g.c([0, 1], "float32"))


@form("NonZero", types="all")
def nonzero(g: G, rank: int, dtype: str):
    return g.op("NonZero", g.x(SHAPES[2], dtype))


@form("Unique")
def unique(g: G, rank: int, dtype: str):
    return g.op("Unique", g.x((16,)), count=4)


@form("Compress", types="all")
def compress(g: G, rank: int, dtype: str):
    return g.op("Compress", g.x(SHAPES[3], dtype), g.x((4,), "bool"), axis=1)


@form("Det")
@form("Inverse", domain=MS)
def det(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x((2, 4, 4)), **({"domain": MS} if op == "Inverse" else {}))


@form("BitCast", types="float32 int32")
def bitcast(g: G, rank: int, dtype: str):
    return g.op("BitCast", g.x(SHAPES[3], dtype), to={"float32": 6, "int32": 1}[dtype])


@form("HannWindow HammingWindow BlackmanWindow")
def window(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x((), "int64"))


@form("SwiGLU", types="float32 float16")
def swiglu(g: G, rank: int, dtype: str):
    return g.op("SwiGLU", g.x(SHAPES[3], dtype), g.x(SHAPES[3], dtype))


@form("Einsum", types="all", ranks=(3,))
def einsum(g: G, rank: int, dtype: str):
    return g.op("Einsum", g.x((2, 4, 16), dtype), g.x((2, 16, 8), dtype), equation="bij,bjk->bik")


def _einsum(name: str, equation: str, *shapes: tuple[int, ...]):
    @form("Einsum", name)
    def other(g: G, rank: int, dtype: str):
        return g.op("Einsum", *(g.x(s) for s in shapes), equation=equation)


_einsum("heads", "bhqd,bhkd->bhqk", (2, 3, 4, 16), (2, 3, 8, 16))
_einsum("outer", "i,j->ij", (8,), (16,))
_einsum("trace", "bii->b", (2, 8, 8))
_einsum("three", "bi,ij,jk->bk", (2, 8), (8, 16), (16, 4))
_einsum("ellipsis", "...ij,...jk->...ik", (2, 3, 4, 16), (2, 3, 16, 8))
_einsum("five", "bcxyz,bcxyw->bczw", (2, 3, 4, 4, 8), (2, 3, 4, 4, 16))
_einsum("sum", "bij->b", (2, 4, 16))
