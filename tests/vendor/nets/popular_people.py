"""People: Lite-HRNet's joints, a background taken away."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean
from tests.vendor.nets.everyday_pieces import activated, concat, halves, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import relu6, resized, shuffled


def lite_hrnet(
    g: Builder, h: int, w: int, joints: int = 17, stages: Sequence[tuple[int, int]] = ((2, 2), (4, 3), (2, 4))
) -> str:
    """Lite-HRNet-18: gates joined over resolutions, no 1x1 in the blocks, shuffled halves."""
    e, v = h // 4, w // 4
    x = conv_relu(g, g.input(1, 3, h, w), 3, 32, 3, 2)
    a, b = halves(g, x, 16)
    p = conv_relu(g, conv(g, a, 16, 16, 3, 2, 16), 16, 16, 1)
    q = conv_relu(g, conv(g, conv_relu(g, b, 16, 32, 1), 32, 32, 3, 2, 32), 32, 16, 1)
    x = shuffled(g, concat(g, p, q), 32, e, v)
    sz = lambda i: (e >> i, v >> i)

    def sep(x, a, b, s=1, act=True):
        y = conv(g, conv(g, x, a, a, 3, s, a), a, b, 1)
        return relu(g, y) if act else y

    def spatial(x, c):
        m = relu(g, conv(g, mean(g, x), c, c // 4, 1))
        return g.op("Mul", x, g.op("Sigmoid", conv(g, m, c // 4, c, 1)))

    def ccw(xs, cs_):
        n, hs = len(xs), [c // 2 for c in cs_]
        ab = [halves(g, x, c) for x, c in zip(xs, hs, strict=True)]
        ps = []
        for i, (_, t) in enumerate(ab):
            k = 1 << (n - 1 - i)
            ps.append(g.op("AveragePool", t, kernel_shape=[k, k], strides=[k, k]) if k > 1 else t)
        m = sum(hs)
        r = m // 8
        y = g.op("Sigmoid", conv(g, conv_relu(g, concat(g, *ps), m, r, 1), r, m, 1))
        ms = g.op("Split", y, g.const(hs), count=n, axis=1)
        outs = []
        for i, ((a, b), t, c) in enumerate(zip(ab, ms, hs, strict=True)):
            if i < n - 1:
                t = resized(g, t, c, *sz(i), "nearest", "asymmetric")
            b = spatial(conv(g, g.op("Mul", b, t), c, c, 3, 1, c), c)
            outs.append(shuffled(g, concat(g, a, b), 2 * c, *sz(i)))
        return outs

    xs, cs_ = [x], [32]
    for modules, n in stages:
        new = [40 << i for i in range(n)]
        ys = []
        for i in range(n):
            if i < len(xs):
                ys.append(sep(xs[i], cs_[i], new[i]) if cs_[i] != new[i] else xs[i])
            else:
                ys.append(sep(xs[-1], cs_[-1], new[i], 2))
        xs, cs_ = ys, new
        for _ in range(modules):
            for _ in range(2):
                xs = ccw(xs, cs_)
            outs = []
            for i in range(n):
                y = None
                for j in range(n):
                    t = xs[j]
                    if j > i:
                        t = resized(g, conv(g, t, cs_[j], cs_[i], 1), cs_[i], *sz(i), "nearest", "asymmetric")
                    for k in range(j, i):
                        t = sep(t, cs_[j], cs_[i] if k == i - 1 else cs_[j], 2, k < i - 1)
                    y = t if y is None else g.op("Add", y, t)
                outs.append(relu(g, y))
            xs = outs
    y = xs[-1]
    for i in range(len(xs) - 1, -1, -1):
        c = cs_[max(i - 1, 0)]
        if i < len(xs) - 1:
            y = g.op("Add", xs[i], resized(g, y, cs_[i], *sz(i)))
        y = sep(y, cs_[i], c)
    return conv(g, y, 40, joints, 1)


def six_planes(g: Builder, x: str) -> list[str]:
    """MobileNetV2 of six planes in, its last stage dilated instead of strided."""
    x, ci, f = activated(g, x, 6, 32, 3, 2, act=relu6), 32, []
    for e, co, n, s, d in (
        (1, 16, 1, 1, 1),
        (6, 24, 2, 2, 1),
        (6, 32, 3, 2, 1),
        (6, 64, 4, 2, 1),
        (6, 96, 3, 1, 1),
        (6, 160, 3, 1, 2),
        (6, 320, 1, 1, 2),
    ):
        for i in range(n):
            st, t = s if i == 0 else 1, ci * e
            y = activated(g, x, ci, t, act=relu6) if e > 1 else x
            if d > 1:
                y = spaced(g, y, t, t, d, relu6, t)
            else:
                y = activated(g, y, t, t, 3, st, t, act=relu6)
            y = conv(g, y, t, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
        if co in (16, 24, 32, 64):
            f.append(x)
    return [*f, x]


def bgmv2(g: Builder, h: int, w: int) -> list[str]:
    """Background Matting V2's coarse network: picture and background into MobileNetV2, an atrous pyramid, a decoder."""
    i = concat(g, g.input(1, 3, h, w), g.input(1, 3, h, w))
    f = six_planes(g, i)
    x, e, v = f[4], h // 16, w // 16
    ps = [
        conv_relu(g, x, 320, 256, 1),
        *(spaced(g, x, 320, 256, d, relu) for d in (3, 6, 9)),
        resized(g, conv_relu(g, mean(g, x), 320, 256, 1), 256, e, v),
    ]
    y, ci = conv_relu(g, concat(g, *ps), 1280, 256, 1), 256
    for (t, c), co, k in zip(((f[2], 32), (f[1], 24), (f[0], 16)), (128, 64, 48), (8, 4, 2), strict=True):
        y = conv_relu(g, concat(g, resized(g, y, ci, h // k, w // k), t), ci + c, co, 3)
        ci = co
    y = conv(g, concat(g, resized(g, y, 48, h, w), i), 54, 37, 3)
    al, fg, er, hid = g.op("Split", y, g.const([1, 3, 1, 32]), count=4, axis=1)
    clip = lambda t: g.op("Clip", t, g.const(0.0), g.const(1.0))
    return [clip(al), fg, clip(er), relu(g, hid)]


POPULAR_PEOPLE = {
    "lite_hrnet18_256x192": ("CNN", lambda g: lite_hrnet(g, 256, 192)),
    "bgmv2_mnv2_256x448": ("CNN", lambda g: bgmv2(g, 256, 448)),
}  # fmt: skip
