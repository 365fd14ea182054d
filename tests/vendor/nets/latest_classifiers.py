"""Classifiers: FocalNet, TinyNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets.daily_pieces import channels_first, channels_last, unpadded
from tests.vendor.nets.everyday_pieces import mlp, product
from tests.vendor.nets.layers import conv, cut, gelu, layernorm


def focalnet(g: Builder, e: int, depths: tuple[int, ...] = (2, 2, 2, 2), levels: int = 2) -> str:
    """FocalNet-T of small fields (its third stage of six cut to two): contexts of two depthwise ones and a mean."""
    x, d, s = unpadded(g, g.input(1, 3, e, e), 3, 96, 4, 4), 96, e // 4
    for j, n in enumerate(depths):
        x = g.op("Transpose", g.op("Reshape", x, g.const([1, d, s * s])), perm=[0, 2, 1])
        x = layernorm(g, x, d)
        for _ in range(n):
            y = g.op("Reshape", layernorm(g, x, d), g.const([1, s, s, d]))
            y = channels_first(g, product(g, y, d, 2 * d + levels + 1))
            q, c, gates = g.op("Split", y, g.const([d, d, levels + 1]), count=3, axis=1)
            all_ = None
            for k in range(levels):
                c = gelu(g, conv(g, c, d, d, 2 * k + 3, 1, d, False))
                y = g.op("Mul", c, cut(g, gates, 1, k, k + 1))
                all_ = y if all_ is None else g.op("Add", all_, y)
            c = gelu(g, g.op("ReduceMean", c, axes=[2, 3], keepdims=1))
            all_ = g.op("Add", all_, g.op("Mul", c, cut(g, gates, 1, levels, levels + 1)))
            y = channels_last(g, g.op("Mul", q, conv(g, all_, d, d, 1)))
            x = g.op("Add", x, g.op("Reshape", product(g, y, d, d), g.const([1, s * s, d])))
            x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
        if j < len(depths) - 1:
            x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, d, s, s]))
            x, d, s = unpadded(g, x, d, 2 * d, 2, 2), 2 * d, s // 2
    x = g.op("ReduceMean", layernorm(g, x, d), axes=[1], keepdims=0)
    return g.op("Gemm", x, g.weight(1000, d), g.weight(1000), transB=1)


LATEST_CLASSIFIERS = {
    "tinynet_c_184": ("CNN", lambda g: mob.efficientnet(g, 184, 0.54, 0.85)),
    "focalnet_t_224": ("CNN", lambda g: focalnet(g, 224)),
}  # fmt: skip
