"""Small dense networks: recommendation by tables of features, a graph of papers, a field of colours."""

from itertools import pairwise

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.layers import cut
from tests.vendor.nets.sequences import perceptron


def factorised(g: Builder, batch: int, fields: int, width: int, rows: int = 20000) -> str:
    """DeepFM: rows of one table for all fields, products of pairs by squares, a chain of products, a linear term."""
    ids = g.input(batch, fields, dtype=TensorProto.INT64)
    x = g.op("Gather", g.weight(rows, width), ids)
    linear = g.op("ReduceSum", g.op("Gather", g.weight(rows, 1), ids), g.const([1]), keepdims=0)
    total = g.op("ReduceSum", x, g.const([1]), keepdims=0)
    squares = g.op("ReduceSum", g.op("Mul", x, x), g.const([1]), keepdims=0)
    pairs = g.op("Sub", g.op("Mul", total, total), squares)
    pairs = g.op("Mul", g.op("ReduceSum", pairs, g.const([1]), keepdims=1), g.const(0.5))
    deep = perceptron(
        g, g.op("Reshape", x, g.const([batch, fields * width])), (fields * width, 400, 400, 400, 1)
    )
    return g.op("Sigmoid", g.op("Add", g.op("Add", deep, pairs), linear))


def interest(g: Builder, batch: int, history: int, width: int, rows: int = 20000) -> str:
    """DIN: each thing bought before is weighed by a small net over it, the candidate, their difference and product."""
    table = g.weight(rows, width)
    past = g.op("Gather", table, g.input(batch, history, dtype=TensorProto.INT64))
    asked = g.op("Gather", table, g.input(batch, 1, dtype=TensorProto.INT64))
    wide = g.op("Expand", asked, g.const([batch, history, width]))
    x = g.op("Concat", wide, past, g.op("Sub", wide, past), g.op("Mul", wide, past), axis=2)
    for i, (a, b) in enumerate(pairwise((4 * width, 80, 40, 1))):
        x = g.op("Add", g.weight(b), g.op("MatMul", x, g.weight(a, b)))
        x = g.op("Sigmoid", x) if i < 2 else x
    found = g.op("MatMul", g.op("Transpose", x, perm=[0, 2, 1]), past)
    flat = [g.op("Reshape", t, g.const([batch, width])) for t in (found, asked)]
    user = g.input(batch, width)
    return g.op("Sigmoid", perceptron(g, g.op("Concat", *flat, user, axis=1), (3 * width, 200, 80, 1)))


def graph_convolutions(g: Builder, nodes: int, features: int, hidden: int, classes: int) -> str:
    """GCN: features times weights, then the normalised adjacency times that, twice."""
    x, near = g.input(nodes, features), g.input(nodes, nodes)
    x = g.op(
        "Relu",
        g.op("Add", g.op("MatMul", near, g.op("MatMul", x, g.weight(features, hidden))), g.weight(hidden)),
    )
    x = g.op("Add", g.op("MatMul", near, g.op("MatMul", x, g.weight(hidden, classes))), g.weight(classes))
    return g.op("LogSoftmax", x, axis=1)


def field(g: Builder, rays: int, width: int = 256, layers: int = 8) -> list[str]:
    """NeRF: sines and cosines of places and directions, eight dense layers with a shortcut, density and colour."""

    def waves(x: str, octaves: int) -> str:
        parts = [x]
        for i in range(octaves):
            scaled = g.op("Mul", x, g.const(float(2**i)))
            parts += [g.op("Sin", scaled), g.op("Cos", scaled)]
        return g.op("Concat", *parts, axis=1)

    def dense(x: str, a: int, b: int) -> str:
        return g.op("Gemm", x, g.weight(b, a), g.weight(b), transB=1)

    both = g.input(rays, 6)
    place, way = waves(cut(g, both, 1, 0, 3), 10), waves(cut(g, both, 1, 3, 6), 4)
    x, ci = place, 63
    for i in range(layers):
        x, ci = g.op("Relu", dense(x, ci, width)), width
        if i == 4:
            x, ci = g.op("Concat", x, place, axis=1), width + 63
    density = g.op("Relu", dense(x, ci, 1))
    y = g.op("Concat", dense(x, ci, width), way, axis=1)
    y = g.op("Relu", dense(y, width + 27, width // 2))
    return [density, g.op("Sigmoid", dense(y, width // 2, 3))]


TABLES_AND_GRAPHS = {
    "deepfm_b256": ("recommendation", lambda g: factorised(g, 256, 39, 10)),
    "din_b32": ("recommendation", lambda g: interest(g, 32, 50, 64)),
    "gcn_1024": ("dense", lambda g: graph_convolutions(g, 1024, 1433, 16, 7)),
    "nerf_4096": ("dense", lambda g: field(g, 4096)),
}
