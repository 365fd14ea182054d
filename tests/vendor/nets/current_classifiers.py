"""Classifiers: a game's frames, MobileNeXt, YOLOv8 that classifies, ConvFormer, EfficientViT."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import channels_first, channels_last, unpadded
from tests.vendor.nets.everyday_detectors import c2f
from tests.vendor.nets.everyday_pieces import activated, classified, concat, product, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import relu6


def dqn(g: Builder, n: int, actions: int = 18) -> str:
    """The network of Nature's DQN: four frames of 84 x 84."""
    x = unpadded(g, g.input(n, 4, 84, 84), 4, 32, 8, 4, relu)
    x = unpadded(g, unpadded(g, x, 32, 64, 4, 2, relu), 64, 64, 3, 1, relu)
    return dense(g, relu(g, dense(g, g.op("Flatten", x, axis=1), 3136, 512)), 512, actions)


def yolov8_cls(g: Builder, size: int, w: int = 32) -> str:
    """YOLOv8-s that classifies."""
    c = [w, 2 * w, 4 * w, 8 * w, 16 * w]
    x = activated(g, g.input(1, 3, size, size), 3, w, 3, 2)
    for i, n in zip(range(1, 5), (1, 2, 2, 1), strict=True):
        x = c2f(g, activated(g, x, c[i - 1], c[i], 3, 2), c[i], c[i], n)
    return g.op("Softmax", classified(g, activated(g, x, c[4], 1280), 1280), axis=1)


def convformer(
    g: Builder, size: int, ws: Sequence[int] = (64, 128, 320, 512), ds: Sequence[int] = (2, 2, 4, 2)
) -> str:
    """ConvFormer-S18 (MetaFormer): separable 7x7 between two products, StarReLU; fewer blocks than it has."""
    ln = lambda x, c: g.op("LayerNormalization", x, g.weight(c), g.const(np.zeros(c)), axis=-1, epsilon=1e-6)

    def star(x):
        y = relu(g, x)
        return g.op("Add", g.op("Mul", g.op("Mul", y, y), g.const(0.8944)), g.const(-0.4472))

    x = g.input(1, 3, size, size)
    ci = 3
    for j, (c, n) in enumerate(zip(ws, ds, strict=True)):
        if j == 0:
            x = g.op("Conv", x, g.weight(c, 3, 7, 7), g.weight(c), strides=[4, 4], pads=[2] * 4)
            x = ln(channels_last(g, x), c)
        else:
            x = channels_last(g, conv(g, channels_first(g, ln(x, ci)), ci, c, 3, 2))
        ci = c
        for _ in range(n):
            y = star(product(g, ln(x, c), c, 2 * c, False))
            y = channels_last(g, conv(g, channels_first(g, y), 2 * c, 2 * c, 7, 1, 2 * c, False))
            y = product(g, y, 2 * c, c, False)
            x = g.op("Add", g.op("Mul", x, g.weight(c)) if j > 1 else x, y)
            y = product(g, star(product(g, ln(x, c), c, 4 * c, False)), 4 * c, c, False)
            x = g.op("Add", g.op("Mul", x, g.weight(c)) if j > 1 else x, y)
    y = ln(g.op("ReduceMean", x, axes=[1, 2], keepdims=0), ci)
    y = g.op("Mul", relu(g, dense(g, y, ci, 4 * ci)), relu(g, dense(g, y, ci, 4 * ci)))
    return dense(g, y, 4 * ci, 1000)


def mobilenext(g: Builder, size: int) -> str:
    """MobileNeXt: sandglass blocks, depthwise at both wide ends."""
    x, ci = activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu6), 32
    for t, c, n, s in (
        (2, 96, 1, 2),
        (6, 144, 1, 1),
        (6, 192, 3, 2),
        (6, 288, 3, 2),
        (6, 384, 4, 1),
        (6, 576, 4, 2),
        (6, 960, 2, 1),
        (6, 1280, 1, 1),
    ):
        for i in range(n):
            st, h = s if i == 0 else 1, max(16, ci // t // 8 * 8)
            y = activated(g, x, ci, ci, 3, 1, ci, act=relu6)
            y = activated(g, conv(g, y, ci, h, 1), h, c, act=relu6)
            y = conv(g, y, c, c, 3, st, c)
            x, ci = g.op("Add", x, y) if st == 1 and ci == c else y, c
    return classified(g, x, ci)


def efficientvit_m2(
    g: Builder,
    size: int,
    ws: Sequence[int] = (128, 192, 224),
    ds: Sequence[int] = (1, 2, 3),
    hs: Sequence[int] = (4, 3, 2),
    kd: int = 16,
    ks: Sequence[int] = (7, 5, 3, 3),
) -> str:
    """EfficientViT-M2: heads one after the other, each on its share of the channels and what the last made."""
    x, ci = g.input(1, 3, size, size), 3
    for i, co in enumerate((16, 32, 64, 128)):
        x = conv(g, x, ci, co, 3, 2) if i == 3 else conv_relu(g, x, ci, co, 3, 2)
        ci = co
    e = size // 16
    dw = lambda x, c: g.op("Add", x, conv(g, x, c, c, 3, 1, c))
    ffn = lambda x, c: g.op("Add", x, conv(g, conv_relu(g, x, c, 2 * c, 1), 2 * c, c, 1))

    def cga(x, b, c, e, h):
        n, dd = e * e, c // h
        parts, out, y = g.op("Split", x, g.const([dd] * h), count=h, axis=1), [], None
        for i in range(h):
            t = parts[i] if y is None else g.op("Add", y, parts[i])
            q, k, v = g.op("Split", conv(g, t, dd, 2 * kd + dd, 1), g.const([kd, kd, dd]), count=3, axis=1)
            q = conv(g, q, kd, kd, ks[i], 1, kd)
            q, k, v = (g.op("Reshape", r, g.const([b, z, n])) for r, z in ((q, kd), (k, kd), (v, dd)))
            s = g.op(
                "Add",
                g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 2, 1]), k), g.const(kd**-0.5)),
                g.weight(n, n),
            )
            y = g.op("MatMul", v, g.op("Transpose", g.op("Softmax", s, axis=-1), perm=[0, 2, 1]))
            y = g.op("Reshape", y, g.const([b, dd, e, e]))
            out.append(y)
        return conv(g, relu(g, concat(g, *out)), c, c, 1)

    def local(x, c, e, h, win=7):
        if e <= win:
            return g.op("Add", x, cga(x, 1, c, e, h))
        p = e // win
        y = g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, p, win, p, win, c]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([p * p, win, win, c]))
        y = cga(g.op("Transpose", y, perm=[0, 3, 1, 2]), p * p, c, win, h)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), g.const([1, p, p, win, win, c]))
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, e, e, c]))
        return g.op("Add", x, g.op("Transpose", y, perm=[0, 3, 1, 2]))

    for j, (c, n, h) in enumerate(zip(ws, ds, hs, strict=True)):
        if j:
            x = ffn(dw(x, ci), ci)
            t = 4 * ci
            y = conv_relu(g, conv_relu(g, x, ci, t, 1), t, t, 3, 2, t)
            x, e = conv(g, squeezed(g, y, t, t // 4, relu), t, c, 1), -(-e // 2)
            x, ci = ffn(dw(x, c), c), c
        for _ in range(n):
            x = local(ffn(dw(x, c), c), c, e, h)
            x = ffn(dw(x, c), c)
    return dense(g, g.op("Flatten", g.op("GlobalAveragePool", x), axis=1), ci, 1000)


CURRENT_CLASSIFIERS = {
    "dqn_nature_b8": ("CNN", lambda g: dqn(g, 8)),
    "mobilenext_224": ("CNN", lambda g: mobilenext(g, 224)),
    "yolov8s_cls_224": ("CNN", lambda g: yolov8_cls(g, 224)),
    "convformer_s18_224": ("CNN", lambda g: convformer(g, 224)),
    "efficientvit_m2_224": ("transformer", lambda g: efficientvit_m2(g, 224)),
}  # fmt: skip
