"""Pictures by transformers: ViTPose, DeiT III, DINO, Hiera, CvT, MobileViTv2, Mask2Former."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.known_sight import back, three
from tests.vendor.nets.layers import attend, conv, groupnorm, heads, joined, layernorm, silu


def plain(g: Builder, high: int, wide: int, p: int, h: int, layers: int, scaled: bool, cls: bool) -> str:
    """A ViT of one product for q, k, v on an image of HIGH x WIDE; each branch times a learned scale if `scaled`."""
    d, a, b = 64 * h, high // p, wide // p
    x = g.op("Conv", g.input(1, 3, high, wide), g.weight(d, 3, p, p), g.weight(d), strides=[p, p])
    x, n = g.op("Transpose", g.op("Reshape", x, g.const([1, d, a * b])), perm=[0, 2, 1]), a * b + cls
    x = g.op("Add", concat(g, g.weight(1, 1, d), x, axis=1) if cls else x, g.weight(1, n, d))
    branch = lambda y: g.op("Mul", y, g.weight(d)) if scaled else y
    for _ in range(layers):
        q, k, v = three(g, layernorm(g, x, d), 1, n, h, 64)
        x = g.op("Add", x, branch(product(g, back(g, attend(g, q, k, v, 64), [1, n, d]), d, d)))
        x = g.op("Add", x, branch(mlp(g, layernorm(g, x, d), d, 4 * d)))
    return layernorm(g, x, d)


def poses(g: Builder, high: int, wide: int, h: int, layers: int) -> str:
    """ViTPose: a plain ViT, two transposed convolutions, a map a joint."""
    d, a, b = 64 * h, high // 16, wide // 16
    x = g.op("Transpose", plain(g, high, wide, 16, h, layers, False, False), perm=[0, 2, 1])
    x, c = g.op("Reshape", x, g.const([1, d, a, b])), d
    for _ in range(2):
        x = g.op("ConvTranspose", x, g.weight(c, 256, 4, 4), g.weight(256), strides=[2, 2], pads=[1] * 4)
        x, c = relu(g, x), 256
    return conv(g, x, 256, 17, 1)


def hiera(g: Builder, units: int, rows: int, d: int, h: int, layers: int) -> str:
    """Hiera (SAM 2's eye): attention within units of the image, the units a batch axis between heads and rows."""
    w, n = d // h, units * rows
    x = g.input(1, n, d)
    for _ in range(layers):
        y = g.op("Reshape", product(g, layernorm(g, x, d), d, 3 * d), g.const([1, rows, units, 3, h, w]))
        y = g.op("Transpose", y, perm=[3, 0, 4, 2, 1, 5])
        q, k, v = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3))
        s = g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), g.op("Transpose", k, perm=[0, 1, 2, 4, 3]))
        y = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 2, 1, 4]), g.const([1, n, d]))
        x = g.op("Add", x, product(g, y, d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return x


def cvt(g: Builder, side: int, d: int, h: int, layers: int) -> str:
    """CvT: q, k, v of depthwise convolutions of the rows as an image, keys and values at half the size."""
    n, m, w = side * side, (side // 2) ** 2, d // h
    x = g.input(1, n, d)
    for _ in range(layers):
        y = g.op("Transpose", layernorm(g, x, d), perm=[0, 2, 1])
        y = g.op("Reshape", y, g.const([1, d, side, side]))
        rows = lambda t, k: g.op("Transpose", g.op("Reshape", t, g.const([1, d, k])), perm=[0, 2, 1])
        q = heads(g, product(g, rows(conv(g, y, d, d, 3, 1, d), n), d, d), n, h, w)
        k, v = (heads(g, product(g, rows(conv(g, y, d, d, 3, 2, d), m), d, d), m, h, w) for _ in range(2))
        x = g.op("Add", x, product(g, joined(g, attend(g, q, k, v, w), n, d), d, d))
        x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    return x


def separable(g: Builder, side: int, c: int, d: int, layers: int) -> str:
    """MobileViTv2: a context of softmax over patches, four pixels apart, times values; all by 1x1 convolutions."""
    n = side * side // 4
    x = g.input(1, c, side, side)
    y = conv(g, silu(g, conv(g, x, c, c, 3, 1, c)), c, d, 1, bias=False)
    y = g.op("Reshape", y, g.const([1, d, side // 2, 2, side // 2, 2]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 5, 2, 4]), g.const([1, d, 4, n]))
    norm = lambda t: groupnorm(g, t, (1, d, 4, n), 1)
    for _ in range(layers):
        parts = g.op("Split", conv(g, norm(y), d, 1 + 2 * d, 1), g.const([1, d, d]), count=3, axis=1)
        t = g.op("Mul", parts[1], g.op("Softmax", parts[0], axis=-1))
        t = g.op("Mul", relu(g, parts[2]), g.op("ReduceSum", t, g.const([-1]), keepdims=1))
        y = g.op("Add", y, conv(g, t, d, d, 1))
        y = g.op("Add", y, conv(g, silu(g, conv(g, norm(y), d, 2 * d, 1)), 2 * d, d, 1))
    y = g.op("Reshape", norm(y), g.const([1, d, 2, 2, side // 2, side // 2]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3]), g.const([1, d, side, side]))
    return conv(g, y, d, c, 1)


def masked_queries(g: Builder, n: int, side: int, layers: int, d: int = 256, h: int = 8) -> list[str]:
    """Mask2Former's decoder: queries attend to a map's pixels where a mask lets them, then to each other."""
    x, m, w = g.weight(1, n, d), side * side, d // h
    pixels, mask = g.input(1, m, d), g.input(1, 1, n, m)
    for _ in range(layers):
        q, k, v = (heads(g, product(g, t, d, d), r, h, w) for t, r in ((x, n), (pixels, m), (pixels, m)))
        y = product(g, joined(g, attend(g, q, k, v, w, mask), n, d), d, d)
        x = layernorm(g, g.op("Add", x, y), d)
        q, k, v = (heads(g, product(g, x, d, d), n, h, w) for _ in range(3))
        x = layernorm(g, g.op("Add", x, product(g, joined(g, attend(g, q, k, v, w), n, d), d, d)), d)
        x = layernorm(g, g.op("Add", x, mlp(g, x, d, 2048, relu)), d)
    masks = g.op("MatMul", mlp(g, x, d, d, relu), g.op("Transpose", pixels, perm=[0, 2, 1]))
    return [product(g, x, d, 134), masks]


FURTHER_SIGHT = {
    "deit3_s_384_x1": ("transformer", lambda g: plain(g, 384, 384, 16, 6, 1, True, True)),
    "dino_s8_224_x1": ("transformer", lambda g: plain(g, 224, 224, 8, 6, 1, False, True)),
    "vitpose_s_256x192_x2": ("transformer", lambda g: poses(g, 256, 192, 6, 2)),
    "hiera_t_56_x2": ("transformer", lambda g: hiera(g, 49, 64, 96, 1, 2)),
    "cvt_28_x2": ("transformer", lambda g: cvt(g, 28, 192, 3, 2)),
    "mobilevitv2_32_x2": ("transformer", lambda g: separable(g, 32, 256, 128, 2)),
    "mask2former_100_x2": ("transformer", lambda g: masked_queries(g, 100, 32, 2)),
}  # fmt: skip
