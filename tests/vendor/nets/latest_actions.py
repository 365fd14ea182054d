"""People's moves, the game of Go: ST-GCN, KataGo."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu


def stgcn(g: Builder, n: int, t: int, v: int = 25, classes: int = 60) -> str:
    """ST-GCN on NTU skeletons: a product by three graphs of joints, nine frames convolved (six layers of nine)."""
    x = g.op("Transpose", g.input(n, 3, t, v), perm=[0, 3, 1, 2])
    x = normed(g, g.op("Reshape", x, g.const([n, v * 3, t])), v * 3)
    x = g.op("Transpose", g.op("Reshape", x, g.const([n, v, 3, t])), perm=[0, 2, 3, 1])
    graph, ci = np.random.default_rng(1).random((1, 3, v, v)), 3
    for i, (c, s) in enumerate(((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1))):
        edges = g.op("Mul", g.const(graph), g.weight(1, 3, v, v))
        y = g.op("Reshape", conv(g, x, ci, 3 * c, 1), g.const([n, 3, c * t, v]))
        y = g.op("ReduceSum", g.op("MatMul", y, edges), g.const([1]), keepdims=0)
        y = relu(g, normed(g, g.op("Reshape", y, g.const([n, c, t, v])), c))
        y = g.op("Conv", y, g.weight(c, c, 9, 1), g.weight(c), strides=[s, 1], pads=[4, 0, 4, 0])
        if s == 2:
            x = g.op("Conv", x, g.weight(c, ci, 1, 1), g.weight(c), strides=[2, 1])
        x, ci, t = relu(g, g.op("Add", y, x) if i else y), c, t // s
    x = g.op("AveragePool", x, kernel_shape=[t, v])
    return g.op("Reshape", conv(g, x, ci, classes, 1), g.const([n, classes]))


def katago(g: Builder, n: int, blocks: int = 6, c: int = 96, e: int = 19) -> list[str]:
    """KataGo b6c96: pre-activated pairs, two with means and maxima over the board; policy and value."""

    def pre(x: str, a: int) -> str:
        return relu(g, normed(g, x, a))

    def board(x: str, value: bool = False) -> str:
        m = g.op("ReduceMean", x, axes=[2, 3], keepdims=0)
        two = g.op("Mul", m, g.const(0.5))
        last = g.op("Mul", m, g.const(0.15)) if value else g.op("ReduceMax", x, axes=[2, 3], keepdims=0)
        return concat(g, m, two, last)

    def told(x: str, a: int, b: int) -> str:
        return g.op("Reshape", g.op("MatMul", x, g.weight(a, b)), g.const([n, b, 1, 1]))

    x = conv(g, g.input(n, 22, e, e), 22, c, 5, bias=False)
    x = g.op("Add", x, told(g.input(n, 19), 19, c))
    for i in range(blocks):
        y = pre(x, c)
        if i in (2, 4):
            z = board(pre(conv(g, y, c, 32, 3, bias=False), 32))
            y = pre(g.op("Add", conv(g, y, c, 64, 3, bias=False), told(z, 96, 64)), 64)
            y = conv(g, y, 64, c, 3, bias=False)
        else:
            y = conv(g, conv_relu(g, y, c, c, 3), c, c, 3, bias=False)
        x = g.op("Add", x, y)
    x = pre(x, c)
    z = board(pre(conv(g, x, c, 32, 1, bias=False), 32))
    p = pre(g.op("Add", conv(g, x, c, 32, 1, bias=False), told(z, 96, 32)), 32)
    p = g.op("Reshape", conv(g, p, 32, 2, 1, bias=False), g.const([n, 2, e * e]))
    gone = g.op("Reshape", g.op("MatMul", z, g.weight(96, 2)), g.const([n, 2, 1]))
    v = pre(conv(g, x, c, 32, 1, bias=False), 32)
    h = relu(g, dense(g, board(v, True), 96, 48))
    return [
        concat(g, p, gone, axis=2),
        dense(g, h, 48, 3),
        dense(g, h, 48, 6),
        conv(g, v, 32, 1, 1, bias=False),
    ]


LATEST_ACTIONS = {
    "katago_b6c96_b4": ("CNN", lambda g: katago(g, 4)),
    "stgcn_b2_152x25": ("CNN", lambda g: stgcn(g, 2, 152)),
}  # fmt: skip
