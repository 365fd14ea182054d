"""Small classifiers: EfficientNet-ES, FBNetV3, FastViT, MambaOut, PeleeNet, RepGhost, EfficientViT, MobileViTv2."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import channels_first, channels_last, eighths, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import activated, classified, concat, product, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, cut, gelu, layernorm
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish, pooled


def efficientnet_es(g: Builder, size: int) -> str:
    """EfficientNet-EdgeTPU-S: whole 3x3 convolutions early, depthwise later, no gates."""
    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32
    for kind, k, s, e, co, n in (
        ("er", 3, 1, 4, 24, 1),
        ("er", 3, 2, 8, 32, 2),
        ("er", 3, 2, 8, 48, 4),
        ("ir", 5, 2, 8, 96, 5),
        ("ir", 5, 1, 8, 144, 4),
        ("ir", 5, 2, 8, 192, 2),
    ):
        for i in range(n):
            st, t = s if i == 0 else 1, (24 if ci == 32 and co == 24 else ci) * e
            if kind == "er":
                y = conv_relu(g, x, ci, t, k, st)
            else:
                y = conv_relu(g, conv_relu(g, x, ci, t, 1), t, t, k, st, t)
            y = conv(g, y, t, co, 1)
            x, ci = g.op("Add", y, x) if st == 1 and ci == co else y, co
    return classified(g, conv_relu(g, x, ci, 1280, 1), 1280)


def fbnetv3_b(g: Builder, size: int) -> str:
    """FBNetV3-B: inverted bottlenecks of HardSwish, gates in half of the stages."""
    h = lambda x, a, b, k=1, s=1, gr=1: activated(g, x, a, b, k, s, gr, act=hswish)
    x, ci = h(g.input(1, 3, size, size), 3, 16, 3, 2), 16
    for k, s, e, co, sq, n in (
        (3, 1, 1, 16, 0, 2),
        (5, 2, 4, 24, 0, 1),
        (5, 1, 2, 24, 0, 3),
        (5, 2, 5, 40, 1, 1),
        (5, 1, 3, 40, 1, 4),
        (5, 2, 5, 72, 0, 1),
        (3, 1, 3, 72, 0, 4),
        (3, 1, 5, 120, 1, 1),
        (5, 1, 3, 120, 1, 5),
        (3, 2, 6, 184, 1, 1),
        (5, 1, 4, 184, 1, 5),
        (5, 1, 6, 224, 1, 1),
    ):
        for _ in range(n):
            t = ci * e
            y = h(x, ci, t) if e > 1 else x
            y = h(y, t, t, k, s, t)
            if sq:
                y = hard_squeezed(g, y, t, eighths(t / 4))
            y = conv(g, y, t, co, 1)
            x, ci = g.op("Add", y, x) if s == 1 and ci == co else y, co
    x = h(mean(g, h(x, ci, 1344)), 1344, 1984)
    return dense(g, g.op("Flatten", x, axis=1), 1984, 1000)


def fastvit_t8(g: Builder, size: int) -> str:
    """FastViT-T8 as it is deployed: depthwise 3x3, 7x7 and products."""

    def ge(x, a, b, k=1, s=1, gr=1):
        return gelu(g, conv(g, x, a, b, k, s, gr))

    x = ge(ge(ge(g.input(1, 3, size, size), 3, 48, 3, 2), 48, 48, 3, 2, 48), 48, 48)
    ci = 48
    for c, n in zip((48, 96, 192, 384), (2, 2, 4, 2), strict=True):
        if c != ci:
            x = g.op("Conv", x, g.weight(c, 1, 7, 7), g.weight(c), group=ci, strides=[2, 2], pads=[3] * 4)
            x, ci = ge(gelu(g, x), c, c), c
        for _ in range(n):
            x = conv(g, x, c, c, 3, 1, c)
            y = conv(g, ge(conv(g, x, c, c, 7, 1, c), c, 3 * c), 3 * c, c, 1)
            x = g.op("Add", x, g.op("Mul", y, g.weight(c, 1, 1)))
    x = g.op("Conv", x, g.weight(768, 1, 3, 3), g.weight(768), group=384, pads=[1] * 4)
    return classified(g, gelu(g, squeezed(g, x, 768, 48, relu)), 768)


def mambaout_femto(g: Builder, size: int) -> str:
    """MambaOut-Femto: gated depthwise convolutions of a third of the channels, channels last."""
    x = channels_first(g, layernorm(g, channels_last(g, conv(g, g.input(1, 3, size, size), 3, 24, 3, 2)), 24))
    x = layernorm(g, channels_last(g, conv(g, gelu(g, x), 24, 48, 3, 2)), 48)
    ci = 48
    for c, n in zip((48, 96, 192, 288), (3, 3, 9, 3), strict=True):
        if c != ci:
            x, ci = layernorm(g, channels_last(g, conv(g, channels_first(g, x), ci, c, 3, 2)), c), c
        h = int(8 / 3 * c)
        for _ in range(n):
            y = product(g, layernorm(g, x, c), c, 2 * h)
            a, i, d = g.op("Split", y, g.const([h, h - c, c]), count=3, axis=3)
            d = channels_last(g, conv(g, channels_first(g, d), c, c, 7, 1, c))
            x = g.op("Add", product(g, g.op("Mul", gelu(g, a), concat(g, i, d, axis=3)), h, c), x)
    y = layernorm(g, g.op("ReduceMean", x, axes=[1, 2], keepdims=0), 288)
    return dense(g, layernorm(g, gelu(g, dense(g, y, 288, 1152)), 1152), 1152, 1000)


def peleenet(g: Builder, size: int) -> str:
    """PeleeNet: two dense branches a layer, products between the stages."""
    x = conv_relu(g, g.input(1, 3, size, size), 3, 32, 3, 2)
    x = conv_relu(
        g, concat(g, conv_relu(g, conv_relu(g, x, 32, 16, 1), 16, 32, 3, 2), pooled(g, x, 2, 2)), 64, 32, 1
    )
    ci = 32
    for j, (n, b) in enumerate(zip((3, 4, 8, 6), (1, 2, 4, 4), strict=True)):
        for _ in range(n):
            q = min(16 * b, ci // 8 * 4)
            x = concat(
                g,
                x,
                conv_relu(g, conv_relu(g, x, ci, q, 1), q, 16, 3),
                conv_relu(g, conv_relu(g, conv_relu(g, x, ci, q, 1), q, 16, 3), 16, 16, 3),
            )
            ci += 32
        x = conv_relu(g, x, ci, ci, 1)
        if j < 3:
            x = mean_pooled(g, x)
    return classified(g, x, ci)


def repghost(g: Builder, size: int) -> str:
    """RepGhostNet 1.0x: a product, then depthwise 3x3 in place of half of it."""

    def ghost(x, a, b, act=True):
        y = relu(g, conv(g, x, a, b, 1)) if act else conv(g, x, a, b, 1)
        y = conv(g, y, b, b, 3, 1, b)
        return relu(g, y) if act else y

    x, ci = conv_relu(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16
    for k, m, co, q, s in (
        (3, 8, 16, 0, 1),
        (3, 24, 24, 0, 2),
        (3, 36, 24, 0, 1),
        (5, 36, 40, 1, 2),
        (5, 60, 40, 1, 1),
        (3, 120, 80, 0, 2),
        (3, 100, 80, 0, 1),
        (3, 120, 80, 0, 1),
        (3, 120, 80, 0, 1),
        (3, 240, 112, 1, 1),
        (3, 336, 112, 1, 1),
        (5, 336, 160, 1, 2),
        (5, 480, 160, 0, 1),
        (5, 480, 160, 1, 1),
        (5, 480, 160, 0, 1),
        (5, 480, 160, 1, 1),
    ):
        y = ghost(x, ci, m)
        if s == 2:
            y = conv(g, y, m, m, k, 2, m)
        if q:
            y = hard_squeezed(g, y, m, eighths(m / 4))
        y = ghost(y, m, co, False)
        sk = x if ci == co and s == 1 else conv(g, conv(g, x, ci, ci, k, s, ci), ci, co, 1)
        x, ci = g.op("Add", y, sk), co
    x = conv_relu(g, mean(g, conv_relu(g, x, 160, 960, 1)), 960, 1280, 1)
    return dense(g, g.op("Flatten", x, axis=1), 1280, 1000)


def efficientvit_b1(
    g: Builder, size: int, ws: Sequence[int] = (16, 32, 64, 128, 256), ds: Sequence[int] = (1, 2, 3, 3, 4)
) -> str:
    """EfficientViT-B1: linear attention of ReLU in the last two stages."""
    h = lambda x, a, b, k=1, s=1, gr=1: activated(g, x, a, b, k, s, gr, act=hswish)
    x, e = h(g.input(1, 3, size, size), 3, 16, 3, 2), size // 2
    x = g.op("Add", conv(g, h(x, 16, 16, 3, 1, 16), 16, 16, 1), x)
    ci = 16

    def mb(x, a, b, s=1):
        y = conv(g, h(h(x, a, 4 * a), 4 * a, 4 * a, 3, s, 4 * a), 4 * a, b, 1)
        return y if a != b or s == 2 else g.op("Add", y, x)

    def mla(x, c, e):
        n, q = e * e, c // 16
        t = conv(g, x, c, 3 * c, 1, bias=False)
        u = g.op(
            "Conv", conv(g, t, 3 * c, 3 * c, 5, 1, 3 * c, bias=False), g.weight(3 * c, 16, 1, 1), group=3 * q
        )
        y = g.op("Transpose", g.op("Reshape", concat(g, t, u), g.const([1, 2 * q, 48, n])), perm=[0, 1, 3, 2])
        qq, kk, v = g.op("Split", y, g.const([16] * 3), count=3, axis=3)
        qq, kk = relu(g, qq), relu(g, kk)
        v = g.op("Pad", v, g.const([0, 0, 0, 0, 0, 0, 0, 1]), g.const(1.0))
        o = g.op("MatMul", qq, g.op("MatMul", g.op("Transpose", kk, perm=[0, 1, 3, 2]), v))
        o = g.op("Div", cut(g, o, 3, 0, 16), g.op("Add", cut(g, o, 3, 16, 17), g.const(0.001)))
        o = g.op("Reshape", g.op("Transpose", o, perm=[0, 1, 3, 2]), g.const([1, 2 * c, e, e]))
        return g.op("Add", conv(g, o, 2 * c, c, 1), x)

    for j in range(1, 5):
        x, ci, e = mb(x, ci, ws[j], 2), ws[j], e // 2
        for _ in range(ds[j] if j > 2 else ds[j] - 1):
            if j > 2:
                x = mla(x, ci, e)
            x = mb(x, ci, ci)
    y = h(x, 256, 1536)
    y = g.op("Flatten", mean(g, y), axis=1)
    return dense(g, hswish(g, layernorm(g, dense(g, y, 1536, 1600), 1600)), 1600, 1000)


def mobilevitv2(g: Builder, size: int) -> str:
    """MobileViTv2-1.0: one score a place, attention without products of maps."""

    def mb(x, a, b, s=1):
        t = 2 * a
        y = conv(g, activated(g, activated(g, x, a, t), t, t, 3, s, t), t, b, 1)
        return g.op("Add", y, x) if a == b and s == 1 else y

    def gn(x, d, e):
        one, zero = g.const(np.ones(1, np.float16)), g.const(np.zeros(1, np.float16))
        y = g.op("InstanceNormalization", g.op("Reshape", x, g.const([0, 1, -1])), one, zero, epsilon=1e-05)
        y = g.op("Reshape", y, g.const([1, d, 4, e * e // 4]))
        return g.op("Add", g.op("Mul", y, g.weight(d, 1, 1)), g.weight(d, 1, 1))

    def vit(x, c, d, n, e):
        y = conv(g, activated(g, x, c, c, 3, 1, c), c, d, 1, bias=False)
        y = g.op("Reshape", y, g.const([d, e // 2, 2, e // 2, 2]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 4, 1, 3]), g.const([1, d, 4, e * e // 4]))
        for _ in range(n):
            q, k, v = g.op(
                "Split", conv(g, gn(y, d, e), d, 1 + 2 * d, 1), g.const([1, d, d]), count=3, axis=1
            )
            s = g.op("ReduceSum", g.op("Mul", k, g.op("Softmax", q, axis=-1)), g.const([3]), keepdims=1)
            y = g.op("Add", y, conv(g, g.op("Mul", relu(g, v), s), d, d, 1))
            y = g.op("Add", y, conv(g, activated(g, gn(y, d, e), d, 2 * d), 2 * d, d, 1))
        y = g.op("Reshape", gn(y, d, e), g.const([d, 2, 2, e // 2, e // 2]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 3, 1, 4, 2]), g.const([1, d, e, e]))
        return conv(g, y, d, c, 1)

    x = mb(activated(g, g.input(1, 3, size, size), 3, 32, 3, 2), 32, 64)
    x = mb(mb(x, 64, 128, 2), 128, 128)
    x = vit(mb(x, 128, 256, 2), 256, 128, 2, size // 8)
    x = vit(mb(x, 256, 384, 2), 384, 192, 4, size // 16)
    x = vit(mb(x, 384, 512, 2), 512, 256, 3, size // 32)
    return classified(g, x, 512)


DAILY_SMALL_CLASSIFIERS = {
    "efficientnet_es_224": ('CNN', lambda g: efficientnet_es(g, 224)),
    "fbnetv3_b_256": ('CNN', lambda g: fbnetv3_b(g, 256)),
    "fastvit_t8_256": ('CNN', lambda g: fastvit_t8(g, 256)),
    "repghost_10_224": ('CNN', lambda g: repghost(g, 224)),
    "peleenet_304": ('CNN', lambda g: peleenet(g, 304)),
    "mambaout_femto_224": ('CNN', lambda g: mambaout_femto(g, 224)),
    "efficientvit_b1_256": ('CNN', lambda g: efficientvit_b1(g, 256)),
    "mobilevitv2_256": ('CNN', lambda g: mobilevitv2(g, 256)),
}  # fmt: skip
