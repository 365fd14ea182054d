"""Forms with tensors of no elements, with axes and sizes known at run time only, and losses."""

from tests.vendor.compiling.forms import SHAPES, G, form

# Tensors without elements, between such as have some
NOTHING = (2, 0, 16)


@form("Concat", "empty", types="float32 int64", ranks=(3,))
def concat_empty(g: G, rank: int, dtype: str):
    none = g.op("Slice", g.x((2, 4, 16), dtype), *(g.c([v], "int64") for v in (0, 0, 1)))
    return g.op("Concat", none, g.x((2, 4, 16), dtype), axis=1)


@form("Split", "empty part", types="float32")
def split_empty(g: G, rank: int, dtype: str):
    return g.op("Split", g.x((2, 4, 16), dtype), g.c([4, 0], "int64"), count=2, axis=1)[0]


@form("Split", "empty output", types="float32")
def split_empty_output(g: G, rank: int, dtype: str):
    return g.op("Split", g.x((2, 4, 16), dtype), g.c([4, 0], "int64"), count=2, axis=1)


@form("Slice", "empty", types="float32")
def slice_empty(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x((2, 4, 16), dtype), *(g.c([v], "int64") for v in (0, 0, 1)))


@form("Relu Sigmoid Transpose ReduceSum ReduceMax Softmax CumSum Identity Cast", "empty", types="float32")
def unary_empty(g: G, rank: int, dtype: str, op: str):
    more = {"perm": [1, 0, 2]} if op == "Transpose" else {"axis": 1} if op == "Softmax" else {}
    if op == "Cast":
        more = {"to": 7}
    axes = [g.c([1], "int64")] if op.startswith("Reduce") else [g.c(1, "int64")] if op == "CumSum" else []
    return g.op(op, g.x(NOTHING, dtype), *axes, **more)


@form("Add Mul MatMul", "empty", types="float32")
def binary_empty(g: G, rank: int, dtype: str, op: str):
    other = (2, 16, 4) if op == "MatMul" else NOTHING
    return g.op(op, g.x(NOTHING, dtype), g.x(other, dtype))


@form(
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceProd ReduceSumSquare ReduceLogSum "
    "ReduceLogSumExp",
    "input axes",
    types="float32 int32",
    ranks=(3, 4),
)
def reduce_axes_input(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.x((1,), "int64"), keepdims=1)


@form("CumSum", "axis input", types="float32 int32", ranks=(1, 2, 3, 4))
def scan_axis_input(g: G, rank: int, dtype: str):
    return g.op("CumSum", g.x(SHAPES[rank], dtype), g.x((), "int64"))


@form("OneHot", "depth input", types="int64 float32", ranks=(1, 2, 3))
def one_hot_input(g: G, rank: int, dtype: str):
    return g.op("OneHot", g.x(SHAPES[rank], dtype), g.x((), "int64"), g.x((2,), "float32"))


def _loss(name: str, rank_: int, weights: bool, **attributes):
    @form("NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss", name, ranks=(rank_,), types="float32")
    def loss(g: G, rank: int, dtype: str, op: str):
        shape = (3, 5, 6, 7)[:rank]
        more = [g.x((5,))] if weights else []
        return g.op(op, g.x(shape), g.x((shape[0], *shape[2:]), "int64"), *more, **attributes)


for _rank in (2, 3, 4):
    _loss(f"{_rank}D", _rank, False)
    _loss(f"{_rank}D weights", _rank, True, reduction="sum")
    _loss(f"{_rank}D none", _rank, False, reduction="none")
    _loss(f"{_rank}D ignored", _rank, False, ignore_index=1)


@form("Unique", "axis")
def unique_axis(g: G, rank: int, dtype: str):
    return g.op("Unique", g.x((4, 8)), count=4, axis=0)


@form("Unique", "values only")
def unique_values(g: G, rank: int, dtype: str):
    return g.op("Unique", g.x((16,)))


@form("Trilu", "run-time k", types="float32 int64")
def trilu_unknown(g: G, rank: int, dtype: str):
    return g.op("Trilu", g.x((4, 8), dtype), g.x((), "int64"))


@form("Trilu", "constant k", types="float32 int64")
def trilu_k(g: G, rank: int, dtype: str):
    return g.op("Trilu", g.x((4, 8), dtype), g.c(1, "int64"))


@form("Dropout", "training")
def dropout_training(g: G, rank: int, dtype: str):
    return g.op("Dropout", g.x(SHAPES[3]), g.c(0.5), g.c(True, "bool"), count=2)


@form("Dropout", "mask")
def dropout_mask(g: G, rank: int, dtype: str):
    return g.op("Dropout", g.x(SHAPES[3]), count=2)


@form("Squeeze Unsqueeze", "run-time axes")
def squeeze_unknown(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x((1, 4, 16)), g.x((1,), "int64"))


@form("Split", "run-time sizes")
def split_unknown(g: G, rank: int, dtype: str):
    return g.op("Split", g.x(SHAPES[3]), g.x((2,), "int64"), count=2, axis=2)


@form("Slice", "run-time axes")
def slice_axes_unknown(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[3]), g.x((1,), "int64"), g.x((1,), "int64"), g.x((1,), "int64"))


@form("Resize", "run-time scales")
def resize_scales_unknown(g: G, rank: int, dtype: str):
    return g.op("Resize", g.x((1, 8, 16, 12)), "", g.x((4,)), mode="nearest")


@form("CenterCropPad", "run-time shape")
def crop_unknown(g: G, rank: int, dtype: str):
    return g.op("CenterCropPad", g.x((10, 8)), g.x((2,), "int64"))


@form("SimplifiedLayerNormalization")
def simplified(g: G, rank: int, dtype: str):
    return g.op("SimplifiedLayerNormalization", g.x((1, 8, 16)), g.w((16,)), axis=-1)


@form("Slice", "step 1", ranks=(3, 4, 5), types="float32 int32")
def slice_step_one(g: G, rank: int, dtype: str):
    return g.op("Slice", g.x(SHAPES[rank], dtype), *(g.c([v], "int64") for v in (0, 9, rank - 1, 1)))
