"""Pictures: light by RetinexNet, key points of what moves (first-order motion); HorNet, RepLKNet, VanillaNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import channels_first, channels_last, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import classified, concat, mlp, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged, gelu, layernorm
from tests.vendor.nets.usual_pieces import pooled


def retinexnet(g: Builder, h: int, w: int, c: int = 64) -> list[str]:
    """RetinexNet: a picture taken apart into what things are and the light on them, the light made anew."""
    i = g.input(1, 3, h, w)
    x = conv(g, concat(g, g.op("ReduceMax", i, axes=[1], keepdims=1), i), 4, c, 9)
    for _ in range(5):
        x = conv_relu(g, x, c, c, 3)
    x = conv(g, x, c, 4, 3)
    things, light = (g.op("Sigmoid", cut(g, x, 1, *r)) for r in ((0, 3), (3, 4)))
    x = conv(g, concat(g, things, light), 4, c, 3)
    downs = [x]
    for _ in range(3):
        downs.append(conv_relu(g, downs[-1], c, c, 3, 2))
    x, ups = downs.pop(), []
    for skip in downs[::-1]:
        x = conv_relu(g, concat(g, enlarged(g, x, 2, "nearest"), skip), 2 * c, c, 3)
        ups.append(x)
    wide = [enlarged(g, t, f, "nearest") if f > 1 else t for t, f in zip(ups, (4, 2, 1), strict=True)]
    new = conv(g, conv(g, concat(g, *wide), 3 * c, c, 1), c, 1, 3)
    return [g.op("Mul", things, new), things, light]


def motion_points(g: Builder, e: int = 256, points: int = 10) -> list[str]:
    """The key points of the first-order motion model: an hourglass at a quarter, where each lies and how it turns."""
    smooth = g.op("Conv", g.input(1, 3, e, e), g.weight(3, 1, 13, 13), group=3, pads=[6] * 4)
    x = g.op("Slice", smooth, g.const([0, 0]), g.const([2**62] * 2), g.const([2, 3]), g.const([4, 4]))
    skips, ci = [(x, 3)], 3
    for c in (64, 128, 256, 512, 1024):
        x, ci = mean_pooled(g, conv_relu(g, skips[-1][0], ci, c, 3)), c
        skips.append((x, c))
    x, ci = skips.pop()
    for c in (512, 256, 128, 64, 32):
        skip, d = skips.pop()
        x = concat(g, conv_relu(g, enlarged(g, x, 2, "nearest"), ci, c, 3), skip)
        ci = c + d
    m = e // 4 - 6
    heat = g.op("Reshape", unpadded(g, x, ci, points, 7, 1), g.const([1, points, m * m]))
    heat = g.op("Softmax", g.op("Div", heat, g.const(0.1)), axis=2)
    heat = g.op("Reshape", heat, g.const([1, points, m, m, 1]))
    where = g.op("ReduceSum", g.op("Mul", heat, g.weight(1, 1, m, m, 2)), g.const([2, 3]), keepdims=0)
    turns = g.op("Reshape", unpadded(g, x, ci, 4 * points, 7, 1), g.const([1, points, 4, m * m]))
    turns = g.op("Mul", g.op("Reshape", heat, g.const([1, points, 1, m * m])), turns)
    turns = g.op("ReduceSum", turns, g.const([3]), keepdims=0)
    return [where, g.op("Reshape", turns, g.const([1, points, 2, 2]))]


def hornet(g: Builder, e: int, depths: tuple[int, ...] = (2, 3, 4, 2)) -> str:
    """HorNet-T (18 of its blocks cut to 4): products of depthwise maps, each twice as wide as the one before."""

    def norm(x: str, c: int) -> str:
        x = g.op("Sub", x, g.op("ReduceMean", x, axes=[1], keepdims=1))
        s = g.op("ReduceMean", g.op("Pow", x, g.const(2.0)), axes=[1], keepdims=1)
        x = g.op("Div", x, g.op("Sqrt", g.op("Add", s, g.const(1e-5))))
        return g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    x, ci = norm(unpadded(g, g.input(1, 3, e, e), 3, 64, 4, 4), 64), 64
    for j, n in enumerate(depths):
        c = 64 << j
        x, ci = unpadded(g, norm(x, ci), ci, c, 2, 2) if j else x, c
        ds = [c >> i for i in range(j + 2)][::-1]
        for _ in range(n):
            y = conv(g, norm(x, c), c, 2 * c, 1)
            a, t = g.op("Split", y, g.const([ds[0], sum(ds)]), count=2, axis=1)
            t = g.op("Mul", conv(g, t, sum(ds), sum(ds), 7, 1, sum(ds)), g.const(1 / 3))
            parts = g.op("Split", t, g.const(ds), count=len(ds), axis=1)
            y = g.op("Mul", a, parts[0])
            for p, q, part in zip(ds, ds[1:], parts[1:], strict=False):
                y = g.op("Mul", conv(g, y, p, q, 1), part)
            x = g.op("Add", x, g.op("Mul", conv(g, y, c, c, 1), g.weight(c, 1, 1)))
            y = g.op("Mul", mlp(g, layernorm(g, channels_last(g, x), c), c, 4 * c), g.weight(c))
            x = g.op("Add", x, channels_first(g, y))
    y = layernorm(g, g.op("ReduceMean", x, axes=[2, 3], keepdims=0), ci)
    return g.op("Gemm", y, g.weight(1000, ci), g.weight(1000), transB=1)


def replknet(g: Builder, e: int, depths: tuple[int, ...] = (1, 1, 2, 1)) -> str:
    """RepLKNet-31B (depths of 2, 2, 18, 2 cut): depthwise kernels of 31 to 13."""
    x = conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, 128, 3, 2), 128, 128, 3, 1, 128)
    x, ci = conv_relu(g, conv_relu(g, x, 128, 128, 1), 128, 128, 3, 2, 128), 128
    for j, (n, k) in enumerate(zip(depths, (31, 29, 27, 13), strict=True)):
        c = 128 << j
        x = conv_relu(g, conv_relu(g, x, ci, c, 1), c, c, 3, 2, c) if j else x
        for _ in range(n):
            y = relu(g, conv(g, conv_relu(g, normed(g, x, c), c, c, 1), c, c, k, 1, c))
            x = g.op("Add", x, conv(g, y, c, c, 1))
            y = gelu(g, conv(g, normed(g, x, c), c, 4 * c, 1))
            x = g.op("Add", x, conv(g, y, 4 * c, c, 1))
        ci = c
    return classified(g, normed(g, x, ci), ci)


def vanillanet(g: Builder, e: int, cs: tuple[int, ...] = (512, 1024, 2048, 4096)) -> str:
    """VanillaNet-6 as deployed: a product over channels a stage, its ReLU spread by a depthwise 7 x 7."""
    act = lambda t, c: conv(g, relu(g, t), c, c, 7, 1, c)
    x, ci = act(unpadded(g, g.input(1, 3, e, e), 3, cs[0], 4, 4), cs[0]), cs[0]
    for c in cs[1:]:
        x, ci = act(pooled(g, conv(g, x, ci, c, 1), 2, 2), c), c
    x = act(conv(g, x, ci, ci, 1), ci)
    return g.op("Flatten", conv(g, g.op("GlobalAveragePool", x), ci, 1000, 1), axis=1)


LATELY_PICTURES = {
    "vanillanet_6_224": ("CNN", lambda g: vanillanet(g, 224)),
    "retinexnet_256x320": ("CNN", lambda g: retinexnet(g, 256, 320)),
    "fomm_points_256": ("CNN", lambda g: motion_points(g)),
    "hornet_t_224": ("CNN", lambda g: hornet(g, 224)),
    "replknet_31b_224": ("CNN", lambda g: replknet(g, 224)),
}  # fmt: skip
