"""Maps of classes and depths by small networks: ContextNet, DABNet, DenseDepth, PortraitNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean_pooled, mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import leaky, pooled, prelu, relu6, resized


def contextnet(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """ContextNet: a deep branch at a quarter of the size, a shallow one at full size, added."""
    img = g.input(1, 3, h, w)
    sep = lambda x, a, b, s=1: conv_relu(g, conv_relu(g, x, a, a, 3, s, a), a, b, 1)
    x = conv_relu(g, resized(g, img, 3, h // 4, w // 4), 3, 32, 3, 2)
    ci = 32
    for t, co, n, s in (
        (1, 32, 1, 1),
        (6, 32, 1, 1),
        (6, 48, 3, 2),
        (6, 64, 3, 2),
        (6, 96, 2, 1),
        (6, 128, 2, 1),
    ):
        for i in range(n):
            st = s if i == 0 else 1
            y = conv_relu(g, conv_relu(g, x, ci, ci * t, 1), ci * t, ci * t, 3, st, ci * t)
            y = conv(g, y, ci * t, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
    x = conv_relu(g, x, 128, 128)
    y = sep(sep(sep(conv_relu(g, img, 3, 32, 3, 2), 32, 64, 2), 64, 128, 2), 128, 128)
    x = conv(g, spaced(g, enlarged(g, x, 4), 128, 128, 4, relu, 128), 128, 128, 1)
    x = relu(g, g.op("Add", x, conv(g, y, 128, 128, 1)))
    return enlarged(g, conv(g, sep(sep(x, 128, 128), 128, 128), 128, classes, 1), 8)


def dabnet(g: Builder, h: int, w: int, classes: int = 11) -> str:
    """DABNet: asymmetric depthwise pairs, one of them dilated; the picture joined to each stage."""

    def bn_prelu(x, c):
        y = g.op("BatchNormalization", x, g.weight(c), g.weight(c), g.weight(c), g.const([0.5] * c))
        return prelu(g, y, c)

    def line(x, c, kh, kw, d=1):
        p, dl = [d * (kh // 2), d * (kw // 2)], [d if kh > 1 else 1, d if kw > 1 else 1]
        y = g.op("Conv", x, g.weight(c, 1, kh, kw), g.weight(c), pads=p + p, dilations=dl, group=c)
        return prelu(g, y, c)

    def block(x, c, d):
        m = c // 2
        y = prelu(g, conv(g, bn_prelu(x, c), c, m, 3), m)
        a, b = line(line(y, m, 3, 1), m, 1, 3), line(line(y, m, 3, 1, d), m, 1, 3, d)
        return g.op("Add", conv(g, bn_prelu(g.op("Add", a, b), m), m, c, 1), x)

    img = g.input(1, 3, h, w)
    downs = [img]
    for _ in range(3):
        downs.append(mean_pooled(g, downs[-1], 3, 2, 1, 1))
    x = prelu(g, conv(g, img, 3, 32, 3, 2), 32)
    for _ in range(2):
        x = prelu(g, conv(g, x, 32, 32, 3), 32)
    x = bn_prelu(concat(g, x, downs[1]), 35)
    x = first = bn_prelu(concat(g, conv(g, x, 35, 29, 3, 2), pooled(g, x, 2, 2)), 64)
    for _ in range(3):
        x = block(x, 64, 2)
    x = bn_prelu(concat(g, x, first, downs[2]), 131)
    x = second = bn_prelu(conv(g, x, 131, 128, 3, 2), 128)
    for d in (4, 4, 8, 8, 16, 16):
        x = block(x, 128, d)
    x = bn_prelu(concat(g, x, second, downs[3]), 259)
    return enlarged(g, conv(g, x, 259, classes, 1), 8)


def dense_depth(g: Builder, h: int, w: int) -> str:
    """DenseDepth on MobileNetV2: bilinear up, joined with each stage, two 3x3."""
    f = mobilenet_v2_maps(g, g.input(1, 3, h, w))
    x, ci = conv(g, f[6][0], f[6][1], 256, 1), 256
    for i, co in ((4, 128), (2, 64), (1, 32), (0, 16)):
        x = concat(g, enlarged(g, x, 2), f[i][0])
        x = leaky(g, conv(g, leaky(g, conv(g, x, ci + f[i][1], co)), co, co))
        ci = co
    return conv(g, x, ci, 1, 3)


def portraitnet(g: Builder, e: int) -> list[str]:
    """PortraitNet: MobileNetV2, blocks of separable pairs with a side, transposed convolutions by channels."""
    f = mobilenet_v2_maps(g, g.input(1, 3, e, e))
    sep = lambda x, a, b: conv(g, activated(g, x, a, a, 3, 1, a, relu6), a, b, 1)

    def block(x, a, b):
        y = sep(relu(g, sep(x, a, b)), b, b)
        return relu(g, g.op("Add", y, conv(g, x, a, b, 1)))

    up = lambda x, c: g.op("ConvTranspose", x, g.weight(c, 1, 4, 4), strides=[2, 2], pads=[1] * 4, group=c)
    x = up(block(f[6][0], 320, 96), 96)
    for i, a, b in ((4, 96, 32), (2, 32, 24), (1, 24, 16), (0, 16, 8)):
        x = up(block(g.op("Add", x, f[i][0]), a, b), b)
    return [conv(g, x, 8, 2, 1), conv(g, x, 8, 2, 1)]


KNOWN_MAPS_SMALL = {
    "contextnet_384x768": ("CNN", lambda g: contextnet(g, 384, 768)),
    "dabnet_360x480": ("CNN", lambda g: dabnet(g, 360, 480)),
    "densedepth_mnv2_256x320": ("CNN", lambda g: dense_depth(g, 256, 320)),
    "portraitnet_224": ("CNN", lambda g: portraitnet(g, 224)),
}  # fmt: skip
