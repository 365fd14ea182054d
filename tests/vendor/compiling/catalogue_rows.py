"""Forms of ops along an axis: reductions, scans, softmax, the largest of a row."""

from tests.vendor.compiling.forms import SHAPES, G, form

SOME = (1, 2, 3, 4, 5, 6, 7)


REDUCE = (
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare ReduceProd ReduceLogSum "
    "ReduceLogSumExp"
)


@form(REDUCE, ranks=SOME, types="all")
def reduce_last(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.c([-1], "int64"), keepdims=0)


@form(REDUCE, "keep", ranks=(4, 5, 6))
def reduce_keep(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.c([1], "int64"), keepdims=1)


@form(REDUCE, "all axes", ranks=(2, 4, 5), types="float32 int32")
def reduce_all(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), keepdims=0)


@form("ReduceSum ReduceMean ReduceMax", "run-time axes")
def reduce_unknown(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[3], dtype), g.x((1,), "int64"), keepdims=1)


@form("ArgMax ArgMin", ranks=SOME, types="all")
def arg(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), axis=-1, keepdims=0)


@form("ArgMax", "last index", types="float32")
def arg_last(g: G, rank: int, dtype: str):
    return g.op("ArgMax", g.x(SHAPES[3], dtype), axis=1, select_last_index=1)


@form("TopK", ranks=SOME, types="all")
def topk(g: G, rank: int, dtype: str):
    return g.op("TopK", g.x(SHAPES[rank], dtype), g.c([3], "int64"), count=2, axis=-1)


@form("TopK", "smallest")
def topk_smallest(g: G, rank: int, dtype: str):
    return g.op("TopK", g.x(SHAPES[3], dtype), g.c([2], "int64"), count=2, axis=1, largest=0, sorted=0)


@form("TopK", "run-time k")
def topk_unknown(g: G, rank: int, dtype: str):
    return g.op("TopK", g.x(SHAPES[3], dtype), g.x((1,), "int64"), count=2, axis=-1)


@form("CumSum CumProd", ranks=SOME, types="all")
def scan(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.c(-1, "int64"))


@form("CumSum", "first axis", ranks=(2, 4))
def scan_first(g: G, rank: int, dtype: str):
    return g.op("CumSum", g.x(SHAPES[rank], dtype), g.c(0, "int64"))


@form("CumSum", "reverse exclusive", types="float32 int32")
def scan_reverse(g: G, rank: int, dtype: str):
    return g.op("CumSum", g.x(SHAPES[3], dtype), g.c(1, "int64"), reverse=1, exclusive=1)


@form("CumSum", "run-time axis")
def scan_unknown(g: G, rank: int, dtype: str):
    return g.op("CumSum", g.x(SHAPES[3], dtype), g.x((), "int64"))


@form("Softmax LogSoftmax Hardmax LpNormalization", ranks=SOME, types="all")
def softmax(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), axis=-1)


@form("Softmax LogSoftmax Hardmax LpNormalization", "axis 1", ranks=(4, 5))
def softmax_middle(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), axis=1)


@form("LpNormalization", "p 1")
def lp_norm_1(g: G, rank: int, dtype: str):
    return g.op("LpNormalization", g.x(SHAPES[3]), axis=-1, p=1)


@form("MeanVarianceNormalization", types="all")
def mvn(g: G, rank: int, dtype: str):
    return g.op("MeanVarianceNormalization", g.x(SHAPES[4], dtype), axes=[0, 2, 3])
