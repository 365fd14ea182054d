"""Sound and series over time: Citrinet, CAM++, ModernTCN."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import line
from tests.vendor.nets.everyday_pieces import concat, product, relu
from tests.vendor.nets.layers import gelu


def citrinet(g: Builder, t: int, c: int = 256, blocks: int = 7) -> str:
    """Citrinet-256's first blocks: five separable convolutions over time, a gate of the whole context, a residual."""
    x = relu(g, line(g, line(g, g.input(1, 80, t), 80, 80, 5, 1, 80), 80, c))
    for b in range(blocks):
        y, s, k = x, 2 if b in (0, 6) else 1, (11, 13, 15, 17, 19, 21, 13)[b]
        for i in range(5):
            y = line(g, line(g, y, c, c, k, s if i == 4 else 1, c), c, c)
            if i < 4:
                y = relu(g, y)
        m = g.op("Transpose", g.op("ReduceMean", y, axes=[2], keepdims=1), perm=[0, 2, 1])
        m = relu(g, g.op("MatMul", m, g.weight(c, c // 8)))
        m = g.op("Transpose", g.op("MatMul", m, g.weight(c // 8, c)), perm=[0, 2, 1])
        y = g.op("Mul", y, g.op("Sigmoid", m))
        r = g.op("Conv", x, g.weight(c, c, 1), g.weight(c), strides=[s])
        x = relu(g, g.op("Add", y, r))
    x = line(g, x, c, 1025, 1)
    return g.op("LogSoftmax", g.op("Transpose", x, perm=[0, 2, 1]), axis=-1)


def campp(g: Builder, t: int, mel: int = 80) -> str:
    """CAM++ for speakers: a small 2D front, three densely joined stages with masks from the context."""

    def bn(x, c):
        w = [g.weight(c) for _ in range(3)]
        return relu(g, g.op("BatchNormalization", x, *w, g.const(np.full(c, 0.5, np.float16))))

    def k2(x, a, b, s=1, k=3):
        return g.op("Conv", x, g.weight(b, a, k, k), g.weight(b), strides=[s, 1], pads=[k // 2] * 4)

    x = relu(g, k2(g.input(1, 1, mel, t), 1, 32))
    for s in (2, 1, 2, 1):
        y = k2(relu(g, k2(x, 32, 32, s)), 32, 32)
        x = relu(g, g.op("Add", y, k2(x, 32, 32, s, 1) if s == 2 else x))
    x = relu(g, k2(x, 32, 32, 2))
    x = g.op("Reshape", x, g.const([1, 32 * mel // 8, t]))
    x, ci, n = relu(g, line(g, x, 320, 128, 5, 2)), 128, t // 2
    for layers, d in ((12, 1), (24, 2), (16, 2)):
        for _ in range(layers):
            y = bn(line(g, bn(x, ci), ci, 128), 128)
            m = g.op("ReduceMean", y, axes=[2], keepdims=1)
            s = g.op("ReduceMean", y, axes=[2], keepdims=1)  # one segment of 100 is all there is
            s = g.op("Expand", s, g.const([1, 128, n]))
            m = line(g, relu(g, line(g, g.op("Add", m, s), 128, 64)), 64, 32)
            y = g.op("Mul", line(g, y, 128, 32, 3, 1, 1, d), g.op("Sigmoid", m))
            x, ci = concat(g, x, y), ci + 32
        x, ci = line(g, bn(x, ci), ci, ci // 2), ci // 2
    x = bn(x, ci)
    mu = g.op("ReduceMean", x, axes=[2], keepdims=1)
    z = g.op("Sub", x, mu)
    sd = g.op("Sqrt", g.op("Add", g.op("ReduceMean", g.op("Mul", z, z), axes=[2], keepdims=0), g.const(1e-4)))
    return dense(g, concat(g, g.op("Squeeze", mu, g.const([2])), sd), 2 * ci, 512)


def moderntcn(g: Builder, t: int = 336, m: int = 7, d: int = 64, blocks: int = 3, ahead: int = 96) -> str:
    """ModernTCN for forecasts: patches of 8, depthwise 51 over time, products within and across the variables."""

    def turned(x, a, b):
        y = g.op("Transpose", g.op("Reshape", x, g.const([1, a, b, n])), perm=[0, 2, 1, 3])
        return g.op("Reshape", y, g.const([1, a * b, n]))

    x, n = g.op("Reshape", g.input(1, m, t), g.const([m, 1, t])), t // 4
    x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, 4]), mode="edge")
    x = g.op("Conv", x, g.weight(d, 1, 8), g.weight(d), strides=[4])
    x = g.op("Reshape", x, g.const([1, m * d, n]))
    for _ in range(blocks):
        y = line(g, x, m * d, m * d, 51, 1, m * d)
        y = line(g, gelu(g, line(g, y, m * d, 2 * m * d, 1, 1, m)), 2 * m * d, m * d, 1, 1, m)
        y = turned(y, m, d)
        y = line(g, gelu(g, line(g, y, m * d, 2 * m * d, 1, 1, d)), 2 * m * d, m * d, 1, 1, d)
        x = g.op("Add", x, turned(y, d, m))
    return product(g, g.op("Reshape", x, g.const([1, m, d * n])), d * n, ahead)


POPULAR_SOUND = {
    "citrinet256_t400": ("CNN", lambda g: citrinet(g, 400)),
    "campp_200": ("CNN", lambda g: campp(g, 200)),
    "moderntcn_336": ("CNN", lambda g: moderntcn(g)),
}  # fmt: skip
