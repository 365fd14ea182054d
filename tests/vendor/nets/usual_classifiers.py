"""Classifiers of full convolutions: ResNeXt, Wide ResNet, Inception, DenseNet, RepVGG, DLA, ArcFace's."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import (
    activated,
    classified,
    concat,
    relu,
    resnet,
)
from tests.vendor.nets.layers import (
    conv,
)
from tests.vendor.nets.usual_pieces import (
    averaged,
    convolved,
    pooled,
    prelu,
)


def resnext50(g: Builder, size: int) -> str:
    """ResNeXt-50 of 32 groups of 4."""
    x, ci = (pooled(g, activated(g, g.input(1, 3, size, size), 3, 64, 7, 2, act=relu), 3, 2, 1), 64)
    for j, n in enumerate((3, 4, 6, 3)):
        w, co = (128 << j, 256 << j)
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv(g, activated(g, activated(g, x, ci, w, act=relu), w, w, 3, s, 32, act=relu), w, co, 1)
            x, ci = (relu(g, g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))), co)
    return classified(g, x, ci)


def wide50(g: Builder, size: int, ns: tuple[int, ...] = (3, 4, 6, 3)) -> str:
    """Wide ResNet-50: bottlenecks twice as wide."""
    x, ci = (pooled(g, activated(g, g.input(1, 3, size, size), 3, 64, 7, 2, act=relu), 3, 2, 1), 64)
    for j, n in enumerate(ns):
        w, co = (128 << j, 256 << j)
        for i in range(n):
            s = 2 if i == 0 and j else 1
            y = conv(g, activated(g, activated(g, x, ci, w, act=relu), w, w, 3, s, act=relu), w, co, 1)
            x, ci = (relu(g, g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))), co)
    return classified(g, x, ci)


def inception_v3(g: Builder, size: int = 299) -> str:
    """Inception v3 without its auxiliary classes."""
    c = lambda x, a, b, k=1, s=1, p=None: convolved(g, x, a, b, k, k, s, p, p)

    def A(x, ci, pool):
        b = c(c(x, ci, 48), 48, 64, 5)
        d = c(c(c(x, ci, 64), 64, 96, 3), 96, 96, 3)
        return (concat(g, c(x, ci, 64), b, d, c(averaged(g, x), ci, pool)), 224 + pool)

    def sev(x, *ws, first):
        ci = ws[0]
        for i, co in enumerate(ws[1:]):
            tall = (i % 2 == 0) == first
            x, ci = (convolved(g, x, ci, co, 7 if tall else 1, 1 if tall else 7), co)
        return x

    def B(x, k):
        b = sev(c(x, 768, k), k, k, 192, first=False)
        d = sev(c(x, 768, k), k, k, k, k, 192, first=True)
        return concat(g, c(x, 768, 192), b, d, c(averaged(g, x), 768, 192))

    def E(x, ci):

        def fork(t, a):
            return concat(g, convolved(g, t, a, 384, 1, 3), convolved(g, t, a, 384, 3, 1))

        return concat(
            g,
            c(x, ci, 320),
            fork(c(x, ci, 384), 384),
            fork(c(c(x, ci, 448), 448, 384, 3), 384),
            c(averaged(g, x), ci, 192),
        )

    x = c(g.input(1, 3, size, size), 3, 32, 3, 2, 0)
    x = pooled(g, c(c(x, 32, 32, 3, 1, 0), 32, 64, 3), 3, 2)
    x = pooled(g, c(c(x, 64, 80), 80, 192, 3, 1, 0), 3, 2)
    ci = 192
    for p in (32, 64, 64):
        x, ci = A(x, ci, p)
    x = concat(g, c(x, ci, 384, 3, 2, 0), c(c(c(x, ci, 64), 64, 96, 3), 96, 96, 3, 2, 0), pooled(g, x, 3, 2))
    for k in (128, 160, 160, 192):
        x = B(x, k)
    b = c(c(x, 768, 192), 192, 320, 3, 2, 0)
    d = c(sev(c(x, 768, 192), 192, 192, 192, first=False), 192, 192, 3, 2, 0)
    x = concat(g, b, d, pooled(g, x, 3, 2))
    x = E(E(x, 1280), 2048)
    return classified(g, x, 2048)


def repvgg(g: Builder, size: int, ws: tuple[int, ...], ns: tuple[int, ...]) -> str:
    """RepVGG as it is deployed: 3 x 3 convolutions in a chain."""
    x, ci = (activated(g, g.input(1, 3, size, size), 3, ws[0], 3, 2, act=relu), ws[0])
    for co, n in zip(ws[1:], ns, strict=True):
        for i in range(n):
            x, ci = (activated(g, x, ci, co, 3, 2 if i == 0 else 1, act=relu), co)
    return classified(g, x, ci)


def densenet(g: Builder, size: int, growth: int, ns: tuple[int, ...]) -> str:
    """DenseNet-121's shape: normalised and rectified in front, which cannot be folded into the 1x1 behind a Concat."""

    def bn(x, c):
        return relu(
            g,
            g.op(
                "BatchNormalization",
                x,
                *(g.weight(c) for _ in range(3)),
                g.const(np.full(c, 0.5, np.float16)),
            ),
        )

    x, c = (
        pooled(g, activated(g, g.input(1, 3, size, size), 3, 2 * growth, 7, 2, act=relu), 3, 2, 1),
        2 * growth,
    )
    for j, n in enumerate(ns):
        for _ in range(n):
            y = conv(g, activated(g, bn(x, c), c, 4 * growth, act=relu), 4 * growth, growth, 3)
            x, c = (concat(g, x, y), c + growth)
        if j < len(ns) - 1:
            x = conv(g, bn(x, c), c, c // 2, 1)
            x, c = (g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), c // 2)
    return classified(g, bn(x, c), c)


def iresnet(g: Builder, size: int, ns: tuple[int, ...]) -> str:
    """ArcFace's backbone: a normalisation in front, PReLU between, one behind."""

    def bn(x, c):
        return g.op(
            "BatchNormalization", x, *(g.weight(c) for _ in range(3)), g.const(np.full(c, 0.5, np.float16))
        )

    x, ci = (prelu(g, conv(g, g.input(1, 3, size, size), 3, 64, 3), 64), 64)
    for j, n in enumerate(ns):
        co = 64 << j
        for i in range(n):
            s = 2 if i == 0 else 1
            y = conv(g, prelu(g, conv(g, bn(x, ci), ci, co, 3), co), co, co, 3, s)
            x, ci = (g.op("Add", y, x if s == 1 else conv(g, x, ci, co, 1, s)), co)
    e = size // 16
    x = g.op("Flatten", bn(x, ci), axis=1)
    return g.op("Gemm", x, g.weight(512, ci * e * e), g.weight(512), transB=1)


def dla34(g: Builder, size: int, feats: bool = False) -> str:
    """DLA-34: blocks joined as trees."""

    def basic(x, a, b, s=1, res=None):
        y = conv(g, activated(g, x, a, b, 3, s, act=relu), b, b, 3)
        return relu(g, g.op("Add", y, res if res else x))

    def tree1(x, ci, co, s, extra=()):
        d = pooled(g, x, 2, 2) if s == 2 else x
        r = conv(g, d, ci, co, 1) if ci != co else d
        a = basic(x, ci, co, s, r)
        b = basic(a, co, co)
        ks = sum((c for _, c in extra))
        return relu(g, conv(g, concat(g, b, a, *(t for t, _ in extra)), 2 * co + ks, co, 1))

    def tree2(x, ci, co):
        d = pooled(g, x, 2, 2)
        a = tree1(x, ci, co, 2)
        return tree1(a, co, co, 1, [(d, ci), (a, co)])

    x = activated(g, g.input(1, 3, size, size), 3, 16, 7, act=relu)
    x = activated(g, activated(g, x, 16, 16, 3, act=relu), 16, 32, 3, 2, act=relu)
    x2 = tree1(x, 32, 64, 2)
    x3 = tree2(x2, 64, 128)
    x4 = tree2(x3, 128, 256)
    x5 = tree1(x4, 256, 512, 2, [(pooled(g, x4, 2, 2), 256)])
    return ((x2, 64), (x3, 128), (x4, 256), (x5, 512)) if feats else classified(g, x5, 512)


USUAL_CLASSIFIERS = {
    "resnext50_32x4d_256": ("CNN", lambda g: resnext50(g, 256)),
    "wide_resnet50_192": ("CNN", lambda g: wide50(g, 192)),
    "inception_v3_299": ("CNN", lambda g: inception_v3(g)),
    "repvgg_b0_256": ("CNN", lambda g: repvgg(g, 256, (64, 64, 128, 256, 1280), (4, 6, 16, 1))),
    "densenet121_192": ("CNN", lambda g: densenet(g, 192, 32, (6, 12, 24, 16))),
    "iresnet18_112": ("CNN", lambda g: iresnet(g, 112, (2, 2, 2, 2))),
    "dla34_224": ("CNN", lambda g: dla34(g, 224)),
    "resnet18_384": ("CNN", lambda g: resnet(g, 384, (2, 2, 2, 2), False)),
}  # fmt: skip
