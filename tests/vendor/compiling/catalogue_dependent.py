"""Forms that read tensors whose length the data decide."""

from tests.vendor.compiling.forms import SHAPES, G, form

# What reads a tensor whose length the data decide: NonZero of a matrix, [2, n]
DEPENDENT = ("Relu Sigmoid Neg Sqrt Transpose Reshape Unsqueeze Squeeze Slice Concat Split Gather ReduceSum ReduceMax "
             "Softmax CumSum Tile Flatten TopK ArgMax Shape")  # fmt: skip


@form(DEPENDENT, "of what depends on data", types="float32")
def dependent(g: G, rank: int, dtype: str, op: str):
    x = g.op("Cast", g.op("NonZero", g.x((4, 8), dtype)), to=1)
    ints = lambda *values: g.c(list(values), "int64")
    more, attributes, count = {
        "Transpose": ([], {"perm": [1, 0]}, 1), "Reshape": ([ints(-1)], {}, 1), "Unsqueeze": ([ints(0)], {}, 1),
        "Slice": ([ints(0), ints(1), ints(0)], {}, 1), "Concat": ([x], {"axis": 0}, 1),
        "Split": ([ints(1, 1)], {"axis": 0}, 2),
        "Gather": ([g.c(0, "int64")], {"axis": 0}, 1), "ReduceSum": ([ints(1)], {}, 1), "ReduceMax": ([ints(0)], {}, 1),
        "CumSum": ([g.c(1, "int64")], {}, 1), "Tile": ([ints(1, 2)], {}, 1), "TopK": ([ints(1)], {"axis": 0}, 2),
    }.get(op, ([], {}, 1))  # fmt: skip
    if op == "Squeeze":
        x, more = g.op("Slice", x, ints(0), ints(1), ints(0)), [ints(0)]
    return g.op(op, x, *more, count=count, **attributes)


@form("Add Mul Less MatMul Where Expand GatherND ScatterND", "of what depends on data", types="float32")
def dependent_pair(g: G, rank: int, dtype: str, op: str):
    found = g.op("NonZero", g.x((4, 8), dtype))
    x = g.op("Cast", found, to=1)
    if op == "MatMul":
        return g.op(op, g.w((3, 2), dtype), x)
    if op == "Where":
        return g.op(op, g.op("Less", x, g.c(1.0)), x, g.c(0.0))
    if op == "Expand":
        return g.op(op, x, g.c([3, 1, 1], "int64"))
    if op == "GatherND":
        return g.op(op, g.x((4, 8), dtype), g.op("Transpose", found, perm=[1, 0]))
    if op == "ScatterND":
        where = g.op("Transpose", found, perm=[1, 0])
        return g.op(op, g.x((4, 8), dtype), where, g.op("GatherND", g.x((4, 8), dtype), where))
    return g.op(op, x, g.c([[1.0], [2.0]]))


@form("Where", "constant branch", types="float32 int32", ranks=(2, 3))
def where_constant(g: G, rank: int, dtype: str):
    return g.op("Where", g.x(SHAPES[rank], "bool"), g.x(SHAPES[rank], dtype), g.c(0, dtype))


@form("Where", "constant condition", types="float32", ranks=(2, 3))
def where_condition(g: G, rank: int, dtype: str):
    return g.op("Where", g.w(SHAPES[rank], "bool"), g.x(SHAPES[rank], dtype), g.x(SHAPES[rank], dtype))


@form("Range", "inside", types="float32 int64")
def range_inside(g: G, rank: int, dtype: str):
    return g.op("Neg", g.op("Range", g.x((), dtype), g.x((), dtype), g.x((), dtype)))


def _range(op: str):
    @form("Range", f"then {op}", types="float32 int64")
    def after(g: G, rank: int, dtype: str):
        made = g.op("Range", g.x((), dtype), g.x((), dtype), g.x((), dtype))
        if op == "Cast":
            return g.op(op, made, to=10)
        if op in ("Unsqueeze", "Reshape"):
            return g.op(op, made, g.c([1, -1] if op == "Reshape" else [0], "int64"))
        return g.op(op, made, g.c(3, dtype))


for _op in ("Mul", "Add", "Div", "Cast", "Unsqueeze", "Reshape", "Less"):
    _range(_op)


@form("Range", "then a wave")
def range_wave(g: G, rank: int, dtype: str):
    made = g.op("Range", g.c(0.0), g.x(()), g.c(1.0))
    return g.op("Cos", g.op("Mul", made, g.c(0.1)))


@form("Range", "of a size")
def range_of_size(g: G, rank: int, dtype: str):
    end = g.op("Cast", g.x((), "int32"), to=1)
    return g.op("Sub", g.c(0.5), g.op("Mul", g.op("Range", g.c(0.0), end, g.c(1.0)), g.c(0.1)))


@form("AffineGrid", "run-time size", ranks=(4, 5))
def affine_grid_unknown(g: G, rank: int, dtype: str):
    return g.op("AffineGrid", g.x((1, rank - 2, rank - 1)), g.x((rank,), "int64"))


@form("AffineGrid", "corners", ranks=(4, 5))
def affine_grid_corners(g: G, rank: int, dtype: str):
    n = rank - 2
    return g.op("AffineGrid", g.x((2, n, n + 1)), g.c([2, 3, 4, 5, 6][:rank], "int64"), align_corners=1)
