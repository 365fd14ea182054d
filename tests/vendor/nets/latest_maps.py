"""A map for a picture: SwiftNet, EDANet; for turns of a laser: SqueezeSegV2."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.latest_pieces import normed
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, resized


def swiftnet(g: Builder, h: int, w: int, d: int = 128, classes: int = 19) -> str:
    """SwiftNet on ResNet-18: a pyramid of means below, maps before their ReLU added on the way up."""
    x, ci, skips = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64, []
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if j and i == 0 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3)
            y = g.op("Add", y, x if ci == co and s == 1 else conv(g, x, ci, co, 1, s))
            x, ci = relu(g, y), co
        skips.append((y, co))
    pre = lambda t, a, b, k: conv(g, relu(g, normed(g, t, a)), a, b, k, bias=False)
    eh, ew = h // 32, w // 32
    x = pre(skips[3][0], 512, d, 1)
    parts = [x]
    for k in (1, 2, 4, 8):
        y = mean_pooled(g, x, k, k) if k > 1 else x
        parts.append(resized(g, pre(y, d, d // 4, 1), d // 4, eh, ew))
    x = pre(concat(g, *parts), 2 * d, d, 1)
    for t, c in skips[2::-1]:
        x = pre(g.op("Add", enlarged(g, x, 2), pre(t, c, d, 1)), d, d, 3)
    return enlarged(g, pre(x, d, classes, 1), 4)


def edanet(g: Builder, h: int, w: int, k: int = 40, classes: int = 19) -> str:
    """EDANet: dense modules of 3x1 and 1x3, spread ever wider."""

    def asym(x: str, d: int) -> str:
        x = g.op("Conv", x, g.weight(k, k, 3, 1), pads=[d, 0, d, 0], dilations=[d, 1])
        return relu(
            g, g.op("Conv", x, g.weight(k, k, 1, 3), g.weight(k), pads=[0, d, 0, d], dilations=[1, d])
        )

    def down(x: str, a: int, b: int) -> str:
        y = conv(g, x, a, b - a if a < b else b, 3, 2)
        return relu(g, normed(g, concat(g, y, pooled(g, x, 2, 2)), b)) if a < b else relu(g, y)

    x = down(down(g.input(1, 3, h, w), 3, 15), 15, 60)
    c = 60
    for ds in ((1, 1, 1, 2, 2), (2, 2, 4, 4, 8, 8, 16, 16)):
        for d in ds:
            y = asym(asym(conv_relu(g, x, c, k, 1), 1), d)
            x, c = concat(g, y, x), c + k
        if c == 260:
            x, c = down(x, 260, 130), 130
    return enlarged(g, conv(g, x, c, classes, 1), 8)


def squeezeseg(g: Builder, h: int = 64, w: int = 512, classes: int = 12) -> str:
    """SqueezeSegV2 up to its recurrent field: fire modules that halve the width only, a gate of maxima."""

    def gated(x: str, c: int) -> str:
        y = conv_relu(g, pooled(g, x, 7, 1, 3), c, c // 16, 1)
        return g.op("Mul", x, g.op("Sigmoid", conv(g, y, c // 16, c, 1)))

    def fire(x: str, a: int, s: int, e: int, up: bool = False) -> str:
        x = conv_relu(g, x, a, s, 1)
        if up:
            y = g.op("ConvTranspose", x, g.weight(s, s, 1, 4), g.weight(s), strides=[1, 2], pads=[0, 1, 0, 1])
            x = relu(g, y)
        return concat(g, conv_relu(g, x, s, e, 1), conv_relu(g, x, s, e, 3))

    wide = lambda x: g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 2], pads=[1] * 4)
    i = g.input(1, 5, h, w)
    c1 = relu(g, g.op("Conv", i, g.weight(64, 5, 3, 3), g.weight(64), strides=[1, 2], pads=[1] * 4))
    c1 = gated(c1, 64)
    f3 = gated(fire(gated(fire(wide(c1), 64, 16, 64), 128), 128, 16, 64), 128)
    f5 = fire(fire(wide(f3), 128, 32, 128), 256, 32, 128)
    y, a = wide(f5), 256
    for s, e in ((48, 192), (48, 192), (64, 256), (64, 256)):
        y, a = fire(y, a, s, e), 2 * e
    y = g.op("Add", fire(y, 512, 64, 128, True), f5)
    y = g.op("Add", fire(y, 256, 32, 64, True), f3)
    y = g.op("Add", fire(y, 128, 16, 32, True), c1)
    y = g.op("Add", fire(y, 64, 16, 32, True), conv(g, i, 5, 64, 1))
    return g.op("Softmax", conv(g, y, 64, classes, 3), axis=1)


LATEST_MAPS = {
    "squeezeseg_v2_64x512": ("CNN", lambda g: squeezeseg(g)),
    "edanet_256x512": ("CNN", lambda g: edanet(g, 256, 512)),
    "swiftnet_r18_512x1024": ("CNN", lambda g: swiftnet(g, 512, 1024)),
}  # fmt: skip
