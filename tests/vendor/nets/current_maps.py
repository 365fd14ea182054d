"""Maps: streets in three sizes at once, scans of a lidar, crowds."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, resized


def icnet(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """ICNet: a small ResNet of bottlenecks on half the picture, its fourth stage on a quarter, joined in cascade."""

    def block(x, a, m, b, s=1, d=1):
        y = conv_relu(g, x, a, m, 1, s)
        y = spaced(g, y, m, m, d, relu) if d > 1 else conv_relu(g, y, m, m, 3)
        return relu(g, g.op("Add", conv(g, y, m, b, 1), x if a == b and s == 1 else conv(g, x, a, b, 1, s)))

    img = g.input(1, 3, h, w)
    s1 = conv_relu(g, conv_relu(g, conv_relu(g, img, 3, 32, 3, 2), 32, 32, 3, 2), 32, 64, 3, 2)
    x = resized(g, img, 3, h // 2, w // 2)
    x = conv_relu(g, conv_relu(g, conv_relu(g, x, 3, 32, 3, 2), 32, 32, 3), 32, 64, 3)
    x, ci = pooled(g, x, 3, 2, 1), 64
    for _ in range(3):
        x, ci = block(x, ci, 32, 128), 128
    x = block(x, 128, 64, 256, 2)
    s2 = x
    x = resized(g, x, 256, h // 32, w // 32)
    for _ in range(3):
        x = block(x, 256, 64, 256)
    ci = 256
    for _ in range(6):
        x, ci = block(x, ci, 128, 512, 1, 2), 512
    for _ in range(3):
        x, ci = block(x, ci, 256, 1024, 1, 4), 1024
    e, v = h // 32, w // 32
    y = x
    for k in (1, 2, 4):
        p = (
            mean(g, x)
            if k == 1
            else g.op("AveragePool", x, kernel_shape=[e // k, v // k], strides=[e // k, v // k])
        )
        y = g.op("Add", y, resized(g, p, 1024, e, v))
    y = conv_relu(g, y, 1024, 256, 1)

    def cff(low, a, high, b, e, v):
        t = spaced(g, resized(g, low, a, e, v), a, 128, 2)
        return relu(g, g.op("Add", t, conv(g, high, b, 128, 1)))

    y = cff(y, 256, s2, 256, h // 16, w // 16)
    y = cff(y, 128, s1, 64, h // 8, w // 8)
    return enlarged(g, conv(g, enlarged(g, y, 2), 128, classes, 1), 4)


def salsanext(g: Builder, h: int = 64, w: int = 512, classes: int = 20) -> str:
    """SalsaNext: range images of five channels, dilated residual blocks joined, pixels shuffled up."""
    lk = leaky_of(0.01)
    bn = lambda x, c: g.op("Add", g.op("Mul", x, g.weight(c, 1, 1)), g.weight(c, 1, 1))

    def two(x, a, b, k, d):
        y = g.op(
            "Conv", x, g.weight(b, a, k, k), g.weight(b), pads=[d if k == 3 else 1] * 4, dilations=[d, d]
        )
        return bn(lk(g, y), b)

    def context(x, a, b):
        s = activated(g, x, a, b, 1, act=lk)
        y = bn(lk(g, conv(g, s, b, b, 3)), b)
        return g.op("Add", s, two(y, b, b, 3, 2))

    def res(x, a, b, pool=True):
        s = activated(g, x, a, b, 1, act=lk)
        y1 = bn(lk(g, conv(g, x, a, b, 3)), b)
        y2 = two(y1, b, b, 3, 2)
        y3 = two(y2, b, b, 2, 2)
        y = g.op("Add", s, bn(activated(g, concat(g, y1, y2, y3), 3 * b, b, 1, act=lk), b))
        return (mean_pooled(g, y, 3, 2, 1, 1), y) if pool else y

    x = context(context(context(g.input(1, 5, h, w), 5, 32), 32, 32), 32, 32)
    skips, ci = [], 32
    for co in (64, 128, 256, 256):
        x, s = res(x, ci, co)
        skips.append((s, co))
        ci = co
    x = res(x, 256, 256, False)
    for (s, c), co in zip(skips[::-1], (128, 128, 64, 32), strict=True):
        x = concat(g, shuffled_up(g, x, 2), s)
        a = ci // 4 + c
        y1 = bn(lk(g, conv(g, x, a, co, 3)), co)
        y2 = two(y1, co, co, 3, 2)
        y3 = two(y2, co, co, 2, 2)
        x, ci = bn(activated(g, concat(g, y1, y2, y3), 3 * co, co, 1, act=lk), co), co
    return g.op("Softmax", conv(g, x, 32, classes, 1), axis=1)


def csrnet(g: Builder, h: int, w: int) -> str:
    """CSRNet: crowds counted by VGG-16's ten layers and a dilated tail."""
    x, ci = g.input(1, 3, h, w), 3
    for j, (n, co) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512))):
        if j:
            x = pooled(g, x, 2, 2)
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
    for co in (512, 512, 512, 256, 128, 64):
        x, ci = spaced(g, x, ci, co, 2, relu), co
    return conv(g, x, 64, 1, 1)


CURRENT_MAPS = {
    "csrnet_256x384": ("CNN", lambda g: csrnet(g, 256, 384)),
    "salsanext_64x512": ("CNN", lambda g: salsanext(g)),
    "icnet_256x512": ("CNN", lambda g: icnet(g, 256, 512)),
}  # fmt: skip
