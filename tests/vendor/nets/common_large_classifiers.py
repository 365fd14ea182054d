"""Inception v4, ConvNeXt, InceptionNeXt, VAN."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import classified, concat
from tests.vendor.nets.layers import conv, gelu, layernorm
from tests.vendor.nets.usual_pieces import averaged, convolved, pooled


def inception_v4(g: Builder, size: int = 299) -> str:
    """Inception v4."""
    c = lambda x, a, b, k=1, s=1, p=None: convolved(g, x, a, b, k, k, s, p, p)
    v = lambda x, a, b: convolved(g, x, a, b, 7, 1)
    w = lambda x, a, b: convolved(g, x, a, b, 1, 7)
    x = c(c(c(g.input(1, 3, size, size), 3, 32, 3, 2, 0), 32, 32, 3, 1, 0), 32, 64, 3)
    x = concat(g, pooled(g, x, 3, 2), c(x, 64, 96, 3, 2, 0))
    a = c(c(x, 160, 64), 64, 96, 3, 1, 0)
    b = c(v(w(c(x, 160, 64), 64, 64), 64, 64), 64, 96, 3, 1, 0)
    x = concat(g, a, b)
    x = concat(g, c(x, 192, 192, 3, 2, 0), pooled(g, x, 3, 2))
    for _ in range(4):
        x = concat(
            g,
            c(x, 384, 96),
            c(c(x, 384, 64), 64, 96, 3),
            c(c(c(x, 384, 64), 64, 96, 3), 96, 96, 3),
            c(averaged(g, x), 384, 96),
        )
    x = concat(
        g, c(x, 384, 384, 3, 2, 0), c(c(c(x, 384, 192), 192, 224, 3), 224, 256, 3, 2, 0), pooled(g, x, 3, 2)
    )
    for _ in range(7):
        b = v(w(c(x, 1024, 192), 192, 224), 224, 256)
        d = w(v(w(v(c(x, 1024, 192), 192, 192), 192, 224), 224, 224), 224, 256)
        x = concat(g, c(x, 1024, 384), b, d, c(averaged(g, x), 1024, 128))
    b = c(
        v(w(c(x, 1024, 256), 256, 256), 256, 320),
        320,
        320,
        3,
        2,
        0,
    )
    x = concat(g, c(c(x, 1024, 192), 192, 192, 3, 2, 0), b, pooled(g, x, 3, 2))
    for _ in range(3):
        f = lambda t, a: (convolved(g, t, a, 256, 1, 3), convolved(g, t, a, 256, 3, 1))
        b = f(c(x, 1536, 384), 384)
        d = f(convolved(g, convolved(g, c(x, 1536, 384), 384, 448, 3, 1), 448, 512, 1, 3), 512)
        x = concat(g, c(x, 1536, 256), *b, *d, c(averaged(g, x), 1536, 256))
    return classified(g, x, 1536)


def convnext(g: Builder, size: int, dims: Sequence[int], depths: Sequence[int]) -> str:
    """ConvNeXt: 7x7 depthwise, LayerNorm over the channels last, two products."""

    def last(x):
        return g.op("Transpose", x, perm=[0, 2, 3, 1])

    def first(x):
        return g.op("Transpose", x, perm=[0, 3, 1, 2])

    def lin(x, a, b):
        return g.op("Add", g.op("MatMul", x, g.weight(a, b)), g.weight(b))

    x, ci = convolved(g, g.input(1, 3, size, size), 3, dims[0], 4, 4, 4, 0, 0, None), dims[0]
    x = first(layernorm(g, last(x), ci))
    for j, (c, n) in enumerate(zip(dims, depths, strict=True)):
        if j:
            x = convolved(g, first(layernorm(g, last(x), ci)), ci, c, 2, 2, 2, 0, 0, None)
        ci = c
        for _ in range(n):
            y = layernorm(g, last(conv(g, x, c, c, 7, 1, c)), c)
            y = first(lin(gelu(g, lin(y, c, 4 * c)), 4 * c, c))
            x = g.op("Add", g.op("Mul", y, g.weight(c, 1, 1)), x)
    y = g.op("Flatten", first(layernorm(g, last(g.op("GlobalAveragePool", x)), ci)), axis=1)
    return dense(g, y, ci, 1000)


def inception_next(
    g: Builder, size: int, dims: Sequence[int] = (96, 192, 384, 768), depths: Sequence[int] = (3, 3, 9, 3)
) -> str:
    """InceptionNeXt: an eighth of the channels each under 3x3, 1x11 and 11x1, the others as they are."""
    x, ci = convolved(g, g.input(1, 3, size, size), 3, dims[0], 4, 4, 4, 0, 0, None), dims[0]

    def line(x, c, kh, kw):
        return g.op(
            "Conv", x, g.weight(c, 1, kh, kw), g.weight(c), group=c, pads=[kh // 2, kw // 2, kh // 2, kw // 2]
        )

    for j, (c, n) in enumerate(zip(dims, depths, strict=True)):
        if j:
            x = convolved(g, x, ci, c, 2, 2, 2, 0, 0, None)
        ci, q, r = c, c // 8, 3 if j == 3 else 4
        for _ in range(n):
            i, a, b, d = g.op("Split", x, g.const([c - 3 * q, q, q, q]), count=4, axis=1)
            y = concat(g, i, line(a, q, 3, 3), line(b, q, 1, 11), line(d, q, 11, 1))
            y = conv(g, gelu(g, conv(g, y, c, r * c, 1)), r * c, c, 1)
            x = g.op("Add", g.op("Mul", y, g.weight(c, 1, 1)), x)
    y = g.op("ReduceMean", x, axes=[2, 3], keepdims=0)
    return dense(g, layernorm(g, gelu(g, dense(g, y, 768, 2304)), 2304), 2304, 1000)


def van(g: Builder, size: int) -> str:
    """VAN-B0: large kernels as attention, 5x5 and a dilated 7x7, both depthwise."""
    x, ci = g.input(1, 3, size, size), 3
    for j, (c, n, r) in enumerate(zip((32, 64, 160, 256), (3, 3, 5, 2), (8, 8, 4, 4), strict=True)):
        x, ci = conv(g, x, ci, c, 3, 2) if j else conv(g, x, ci, c, 7, 4), c
        for _ in range(n):
            u = gelu(g, conv(g, x, c, c, 1))
            a = conv(g, u, c, c, 5, 1, c)
            a = g.op("Conv", a, g.weight(c, 1, 7, 7), g.weight(c), group=c, dilations=[3, 3], pads=[9] * 4)
            y = conv(g, g.op("Mul", u, conv(g, a, c, c, 1)), c, c, 1)
            x = g.op("Add", x, g.op("Mul", g.op("Add", y, x), g.weight(c, 1, 1)))
            y = gelu(g, conv(g, conv(g, x, c, c * r, 1), c * r, c * r, 3, 1, c * r))
            x = g.op("Add", x, g.op("Mul", conv(g, y, c * r, c, 1), g.weight(c, 1, 1)))
        e = size // (4 << j)
        x = g.op("Transpose", g.op("Reshape", x, g.const([1, c, e * e])), perm=[0, 2, 1])
        x = layernorm(g, x, c)
        if j < 3:
            x = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, c, e, e]))
    return dense(g, g.op("ReduceMean", x, axes=[1], keepdims=0), 256, 1000)


COMMON_LARGE_CLASSIFIERS = {
    "inception_v4_299": ("CNN", lambda g: inception_v4(g)),
    "convnext_tiny_256": ("CNN", lambda g: convnext(g, 256, (96, 192, 384, 768), (3, 3, 9, 3))),
    "inception_next_t_224": ("CNN", lambda g: inception_next(g, 224)),
    "van_b0_256": ("CNN", lambda g: van(g, 256)),
}  # fmt: skip
