"""Small classifiers: ShuffleNet, GhostNet, SqueezeNet, FasterNet, StarNet, MixNet, MobileNets at further sizes."""

from tests.vendor.builder import Builder
from tests.vendor.nets import mobile as mob
from tests.vendor.nets.everyday_pieces import activated, classified, concat, halves, relu, squeezed
from tests.vendor.nets.layers import conv, silu
from tests.vendor.nets.usual_pieces import convolved, hard_squeezed, pooled, relu6, resized, shuffled


def shufflenet2(
    g: Builder, size: int, ws: tuple[int, ...], ns: tuple[int, ...] = (4, 8, 4), last: int = 1024
) -> str:
    """ShuffleNet v2."""
    x, ci = (pooled(g, activated(g, g.input(1, 3, size, size), 3, 24, 3, 2, act=relu), 3, 2, 1), 24)
    e = size // 4
    for co, n in zip(ws, ns, strict=True):
        h = co // 2
        e //= 2
        a = activated(g, conv(g, x, ci, ci, 3, 2, ci), ci, h, act=relu)
        b = activated(g, conv(g, activated(g, x, ci, h, act=relu), h, h, 3, 2, h), h, h, act=relu)
        x = shuffled(g, concat(g, a, b), co, e, e)
        for _ in range(n - 1):
            a, b = halves(g, x, h)
            b = activated(g, conv(g, activated(g, b, h, h, act=relu), h, h, 3, 1, h), h, h, act=relu)
            x = shuffled(g, concat(g, a, b), co, e, e)
        ci = co
    return classified(g, activated(g, x, ci, last, act=relu), last)


def ghost2(g: Builder, size: int) -> str:
    """GhostNet v2: half of the channels made by a depthwise convolution, attention at half the size."""

    def ghost(x, ci, co, act=True, e=0, dfc=False):
        h = co // 2
        f = relu if act else lambda g, x: x
        a = activated(g, x, ci, h, act=f)
        y = concat(g, a, activated(g, a, h, h, 3, 1, h, act=f))
        if dfc:
            r = g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            r = conv(g, r, ci, co, 1)
            r = g.op("Conv", r, g.weight(co, 1, 1, 5), g.weight(co), pads=[0, 2, 0, 2], group=co)
            r = g.op("Conv", r, g.weight(co, 1, 5, 1), g.weight(co), pads=[2, 0, 2, 0], group=co)
            y = g.op("Mul", y, resized(g, g.op("Sigmoid", r), co, e, e, "nearest"))
        return y

    x, ci, e = (activated(g, g.input(1, 3, size, size), 3, 16, 3, 2, act=relu), 16, size // 2)
    i = 0
    for k, t, co, gate, s in (
        (3, 16, 16, 0, 1),
        (3, 48, 24, 0, 2),
        (3, 72, 24, 0, 1),
        (5, 72, 40, 1, 2),
        (5, 120, 40, 1, 1),
        (3, 240, 80, 0, 2),
        (3, 200, 80, 0, 1),
        (3, 184, 80, 0, 1),
        (3, 184, 80, 0, 1),
        (3, 480, 112, 1, 1),
        (3, 672, 112, 1, 1),
        (5, 672, 160, 1, 2),
        (5, 960, 160, 0, 1),
        (5, 960, 160, 1, 1),
        (5, 960, 160, 0, 1),
        (5, 960, 160, 1, 1),
    ):
        y = ghost(x, ci, t, True, e, i > 1 and e % 2 == 0)
        if s == 2:
            y, e = (conv(g, y, t, t, k, 2, t), e // 2)
        if gate:
            y = hard_squeezed(g, y, t, t // 4)
        y = ghost(y, t, co, False)
        if not (s == 1 and ci == co):
            x = conv(g, conv(g, x, ci, ci, k, s, ci), ci, co, 1)
        x, ci, i = (g.op("Add", y, x), co, i + 1)
    x = g.op("GlobalAveragePool", activated(g, x, 160, 960, act=relu))
    x = g.op("Flatten", relu(g, conv(g, x, 960, 1280, 1)), axis=1)
    return g.op("Gemm", x, g.weight(1000, 1280), g.weight(1000), transB=1)


def fired(g: Builder, x: str, ci: int, s: int, e: int) -> str:
    """SqueezeNet's block: few channels, then e of 1x1 beside e of 3x3."""
    x = activated(g, x, ci, s, act=relu)
    return concat(g, activated(g, x, s, e, act=relu), activated(g, x, s, e, 3, act=relu))


def squeezenet10(g: Builder, size: int) -> str:
    """SqueezeNet 1.0: a convolution of 7 x 7, pooled early."""
    fire = lambda x, ci, s, e: fired(g, x, ci, s, e)
    x = pooled(g, convolved(g, g.input(1, 3, size, size), 3, 96, 7, 7, 2, 0, 0), 3, 2)
    x = fire(fire(fire(x, 96, 16, 64), 128, 16, 64), 128, 32, 128)
    x = fire(fire(fire(fire(pooled(g, x, 3, 2), 256, 32, 128), 256, 48, 192), 384, 48, 192), 384, 64, 256)
    x = fire(pooled(g, x, 3, 2), 512, 64, 256)
    return g.op("Flatten", g.op("GlobalAveragePool", activated(g, x, 512, 1000, act=relu)), axis=1)


def fasternet(g: Builder, size: int, w: int, ns: tuple[int, ...]) -> str:
    """FasterNet: 3 x 3 over a quarter of the channels."""
    x, ci = (g.op("Conv", g.input(1, 3, size, size), g.weight(w, 3, 4, 4), g.weight(w), strides=[4, 4]), w)
    for j, n in enumerate(ns):
        if j:
            x, ci = (g.op("Conv", x, g.weight(2 * ci, ci, 2, 2), g.weight(2 * ci), strides=[2, 2]), 2 * ci)
        q = ci // 4
        for _ in range(n):
            a, b = g.op("Split", x, g.const([q, ci - q]), count=2, axis=1)
            y = concat(g, g.op("Conv", a, g.weight(q, q, 3, 3), pads=[1] * 4), b)
            y = conv(g, relu(g, conv(g, y, ci, 2 * ci, 1)), 2 * ci, ci, 1)
            x = g.op("Add", x, y)
    x = relu(g, conv(g, g.op("GlobalAveragePool", x), ci, 1280, 1))
    return g.op("Gemm", g.op("Flatten", x, axis=1), g.weight(1000, 1280), g.weight(1000), transB=1)


def starnet(g: Builder, size: int, w: int = 24, ns: tuple[int, ...] = (2, 2, 8, 3)) -> str:
    """StarNet: products of two branches."""
    x, ci = (activated(g, g.input(1, 3, size, size), 3, 32, 3, 2, act=relu6), 32)
    for j, n in enumerate(ns):
        co = w << j
        x, ci = (conv(g, x, ci, co, 3, 2), co)
        for _ in range(n):
            y = conv(g, x, ci, ci, 7, 1, ci)
            y = g.op("Mul", relu6(g, conv(g, y, ci, 4 * ci, 1)), conv(g, y, ci, 4 * ci, 1))
            y = conv(g, conv(g, y, 4 * ci, ci, 1), ci, ci, 7, 1, ci)
            x = g.op("Add", x, y)
    return classified(g, x, ci)


def mixnet(g: Builder, size: int) -> str:
    """MixNet: depthwise kernels of several sizes over shares of the channels."""

    def parts(x, c, ks, s):
        n = len(ks)
        own = [c // n + (c % n if i == 0 else 0) for i in range(n)]
        ts = g.op("Split", x, g.const(own), count=n, axis=1) if n > 1 else [x]
        ts = [conv(g, t, k_, k_, k, s, k_) for t, k_, k in zip(ts, own, ks, strict=True)]
        return concat(g, *ts) if n > 1 else ts[0]

    x, ci = (activated(g, g.input(1, 3, size, size), 3, 16, 3, 2, act=relu), 16)
    x = g.op("Add", x, conv(g, activated(g, x, 16, 16, 3, 1, 16, act=relu), 16, 16, 1))
    for ks, co, s, e, gate, n in (
        ((3,), 24, 2, 6, 0, 1),
        ((3,), 24, 1, 3, 0, 1),
        ((3, 5, 7), 40, 2, 6, 12, 1),
        ((3, 5), 40, 1, 6, 12, 3),
        ((3, 5, 7), 80, 2, 6, 24, 1),
        ((3, 5), 80, 1, 6, 24, 2),
        ((3, 5, 7), 120, 1, 6, 2 * 30, 1),
        ((3, 5, 7, 9), 120, 1, 3, 60, 2),
        ((3, 5, 7, 9, 11), 200, 2, 6, 60, 1),
        ((3, 5, 7, 9), 200, 1, 6, 100, 2),
    ):
        for _ in range(n):
            t = ci * e
            act = silu if gate else relu
            y = act(g, parts(activated(g, x, ci, t, act=act), t, ks, s))
            if gate:
                y = squeezed(g, y, t, gate)
            y = conv(g, y, t, co, 1)
            x, ci = (g.op("Add", y, x) if s == 1 and ci == co else y, co)
    return classified(g, activated(g, x, ci, 1536, act=relu), 1536)


USUAL_SMALL_CLASSIFIERS = {
    "shufflenet_v2_x15_288": ("CNN", lambda g: shufflenet2(g, 288, (176, 352, 704))),
    "ghostnet_v2_224": ("CNN", lambda g: ghost2(g, 224)),
    "squeezenet_v10_256": ("CNN", lambda g: squeezenet10(g, 256)),
    "fasternet_t1_224": ("CNN", lambda g: fasternet(g, 224, 64, (1, 2, 8, 2))),
    "starnet_s1_256": ("CNN", lambda g: starnet(g, 256)),
    "mixnet_s_224": ("CNN", lambda g: mixnet(g, 224)),
    "mobilenet_v3l_384": ("CNN", lambda g: mob.mobilenet_v3_large(g, 384)),
    "mobilenet_v2_512": ("CNN", lambda g: mob.mobilenet_v2(g, 512, 1.0)),
    "efficientnet_b2_260": ("CNN", lambda g: mob.efficientnet(g, 260, 1.1, 1.2)),
}  # fmt: skip
