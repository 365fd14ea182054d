"""Classifiers: Network in Network, ProxylessNAS, ShuffleNet, CBAM."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, classified, concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import pooled, relu6, shuffled


def nin(g: Builder, e: int) -> str:
    """Network in Network on ImageNet."""
    x = unpadded(g, g.input(1, 3, e, e), 3, 96, 11, 4, relu)
    one = lambda x, a, b: conv_relu(g, x, a, b, 1)
    x = pooled(g, one(one(x, 96, 96), 96, 96), 3, 2)
    x = pooled(g, one(one(conv_relu(g, x, 96, 256, 5), 256, 256), 256, 256), 3, 2)
    x = pooled(g, one(one(conv_relu(g, x, 256, 384, 3), 384, 384), 384, 384), 3, 2)
    x = one(one(conv_relu(g, x, 384, 1024, 3), 1024, 1024), 1024, 1000)
    return g.op("Softmax", g.op("Flatten", mean(g, x), axis=1), axis=1)


def proxyless(g: Builder, e: int) -> str:
    """ProxylessNAS for mobiles."""
    x = activated(g, g.input(1, 3, e, e), 3, 32, 3, 2, act=relu6)
    x, ci = conv(g, activated(g, x, 32, 32, 3, 1, 32, act=relu6), 32, 16, 1), 16
    for k, t, c, s in (
        (5, 3, 32, 2),
        (3, 3, 32, 1),
        (7, 3, 40, 2),
        (3, 3, 40, 1),
        (5, 3, 40, 1),
        (5, 3, 40, 1),
        (7, 6, 80, 2),
        (5, 3, 80, 1),
        (5, 3, 80, 1),
        (5, 3, 80, 1),
        (5, 6, 96, 1),
        (5, 3, 96, 1),
        (5, 3, 96, 1),
        (5, 3, 96, 1),
        (7, 6, 192, 2),
        (7, 6, 192, 1),
        (7, 3, 192, 1),
        (7, 3, 192, 1),
        (7, 6, 320, 1),
    ):
        y = activated(g, x, ci, t * ci, act=relu6)
        y = conv(g, activated(g, y, t * ci, t * ci, k, s, t * ci, act=relu6), t * ci, c, 1)
        x, ci = g.op("Add", x, y) if s == 1 and c == ci else y, c
    return classified(g, activated(g, x, 320, 1280, act=relu6), 1280)


def shufflenet_v1(
    g: Builder, e: int, gr: int = 3, outs: Sequence[int] = (240, 480, 960), reps: Sequence[int] = (4, 8, 4)
) -> str:
    """ShuffleNet, three groups."""
    x, ci, e = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, 24, 3, 2), 3, 2, 1), 24, e // 4
    for j, (co, n) in enumerate(zip(outs, reps, strict=True)):
        for i in range(n):
            s, m = 2 if i == 0 else 1, co // 4
            o = co - ci if s == 2 else co
            y = conv_relu(g, x, ci, m, 1, 1, 1 if j == i == 0 else gr)
            y = shuffled(g, y, m, e, e, gr)
            if s == 2:
                e //= 2
            y = conv(g, conv(g, y, m, m, 3, s, m), m, o, 1, 1, gr)
            x = relu(g, concat(g, mean_pooled(g, x, 3, 2, 1, 1), y) if s == 2 else g.op("Add", x, y))
            ci = co
    return classified(g, x, ci)


def cbam18(g: Builder, n: int, e: int) -> str:
    """ResNet-18 with CBAM: channels gated by means and maxima, then places."""

    def gate(x, c):
        w1, w2 = g.weight(c // 16, c, 1, 1), g.weight(c, c // 16, 1, 1)
        f = lambda t: g.op("Conv", relu(g, g.op("Conv", t, w1)), w2)
        x = g.op("Mul", x, g.op("Sigmoid", g.op("Add", f(mean(g, x)), f(g.op("GlobalMaxPool", x)))))
        y = concat(g, g.op("ReduceMean", x, axes=[1], keepdims=1), g.op("ReduceMax", x, axes=[1], keepdims=1))
        return g.op("Mul", x, g.op("Sigmoid", conv(g, y, 2, 1, 7, bias=False)))

    x, ci = pooled(g, conv_relu(g, g.input(n, 3, e, e), 3, 64, 7, 2), 3, 2, 1), 64
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if j and i == 0 else 1
            y = gate(conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3), co)
            x, ci = relu(g, g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))), co
    return classified(g, x, ci)


RECENT_CLASSIFIERS = {
    "nin_224": ("CNN", lambda g: nin(g, 224)),
    "proxyless_mobile_224": ("CNN", lambda g: proxyless(g, 224)),
    "shufflenet_v1_g3_224": ("CNN", lambda g: shufflenet_v1(g, 224)),
    "cbam_resnet18_224": ("CNN", lambda g: cbam18(g, 1, 224)),
}  # fmt: skip
