"""Maps: DeepLabv3+ on a MobileNet, streets, people, two cameras."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean, mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, prelu, resized


def deeplabv3p(g: Builder, e: int, classes: int = 21) -> str:
    """DeepLabv3+ on MobileNetV2: separable taps apart at a sixteenth, joined with a quarter."""
    m = mobilenet_v2_maps(g, g.input(1, 3, e, e), 5)
    (low, cl), (x, ci) = m[1], m[-1]
    q = e // 16
    ys = [conv_relu(g, x, ci, 256, 1)]
    ys += [conv_relu(g, spaced(g, x, ci, ci, d, relu, ci), ci, 256, 1) for d in (6, 12, 18)]
    ys.append(resized(g, conv_relu(g, mean(g, x), ci, 256, 1), 256, q, q))
    y = enlarged(g, conv_relu(g, concat(g, *ys), 1280, 256, 1), 4)
    y = concat(g, y, conv_relu(g, low, cl, 48, 1))
    for a in (304, 256):
        y = conv_relu(g, conv_relu(g, y, a, a, 3, 1, a), a, 256, 1)
    return enlarged(g, conv(g, y, 256, classes, 1), 4)


def espnet(g: Builder, h: int, w: int, classes: int = 20) -> str:
    """ESPNet: a reduced map through taps 1 to 16 apart, summed step by step, joined."""

    def esp(x, a, b, s=1):
        n = b // 5
        first = b - 4 * n
        y = conv(g, x, a, n, 1) if s == 1 else conv(g, x, a, n, 3, 2)
        d = [spaced(g, y, n, first if k == 1 else n, k) for k in (1, 2, 4, 8, 16)]
        sums = [d[1]]
        for t in d[2:]:
            sums.append(g.op("Add", sums[-1], t))
        y = concat(g, d[0], *sums)
        return prelu(g, g.op("Add", x, y) if s == 1 and a == b else y, b)

    img = g.input(1, 3, h, w)
    x = prelu(g, conv(g, img, 3, 16, 3, 2), 16)
    small = g.op("AveragePool", img, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, count_include_pad=1)
    low = concat(g, x, small)
    x = y0 = esp(low, 19, 64, 2)
    for _ in range(3):
        x = esp(x, 64, 64)
    l2 = concat(g, x, y0)
    x = y0 = esp(l2, 128, 128, 2)
    for _ in range(5):
        x = esp(x, 128, 128)
    x = conv(g, concat(g, x, y0), 256, classes, 1)
    up = lambda t: g.op("ConvTranspose", t, g.weight(classes, classes, 2, 2), strides=[2, 2])
    x = concat(g, conv(g, l2, 128, classes, 1), up(x))
    x = up(esp(x, 2 * classes, classes))
    x = prelu(g, conv(g, concat(g, x, low), classes + 19, classes, 3), classes)
    return up(x)


def refinenet_light(g: Builder, e: int, classes: int = 21) -> str:
    """Light-weight RefineNet on ResNet-50: chains of pools and 1x1 convolutions, sums upwards."""
    maps = resnet(g, e, (3, 4, 6, 3), feats=True)

    def crp(x, c):
        y = x = relu(g, x)
        for _ in range(4):
            y = conv(g, pooled(g, y, 5, 1, 2), c, c, 1, bias=False)
            x = g.op("Add", y, x)
        return x

    x, c = crp(conv(g, maps[-1][0], 2048, 512, 1), 512), 512
    for t, ci in maps[-2::-1]:
        x = conv(g, x, c, 256, 1)
        x = enlarged(g, x, 2)
        x = crp(g.op("Add", x, conv(g, conv(g, t, ci, 256, 1), 256, 256, 1)), 256)
        c = 256
    return conv(g, x, 256, classes, 3)


def humanseg(g: Builder, h: int, w: int) -> str:
    """PP-HumanSeg-lite-like: separable pairs down to an eighth, one skip, enlarged to a mask."""

    def two(x, a, b, s=1):
        y = activated(g, conv(g, x, a, a, 3, s, a), a, b, 1, act=relu)
        z = conv(g, conv(g, y, b, b, 3, 1, b), b, b, 1)
        return relu(g, g.op("Add", y, z))

    img = g.input(1, 3, h, w)
    x = conv_relu(g, img, 3, 36, 3, 2)
    low = x = two(x, 36, 36)
    x = two(x, 36, 18, 2)
    for _ in range(2):
        x = two(x, 18, 18)
    x = two(x, 18, 36, 2)
    for _ in range(3):
        x = two(x, 36, 36)
    x = enlarged(g, conv_relu(g, x, 36, 64, 1), 4)
    y = conv_relu(g, concat(g, x, conv_relu(g, low, 36, 16, 1)), 80, 32, 3)
    return g.op("Softmax", enlarged(g, conv(g, y, 32, 2, 1), 2), axis=1)


def stereonet(g: Builder, h: int, w: int) -> str:
    """StereoNet's pieces in two dimensions: features of both pictures, differences, a refinement."""

    def features(x):
        for a in (3, 32, 32):
            x = conv(g, x, a, 32, 5, 2)
        for _ in range(6):
            x = g.op("Add", x, conv(g, g.op("LeakyRelu", conv(g, x, 32, 32, 3), alpha=0.2), 32, 32, 3))
        return conv(g, x, 32, 32, 3)

    left = g.input(1, 3, h, w)
    a, b = features(left), features(g.input(1, 3, h, w))
    costs = [conv_relu(g, g.op("Sub", a, b), 32, 16, 3)]
    for k in (1, 2, 3):
        d = g.op("Sub", cut(g, a, 3, k, w // 8), cut(g, b, 3, 0, w // 8 - k))
        d = g.op("Pad", d, g.const([0, 0, 0, k, 0, 0, 0, 0]))
        costs.append(conv_relu(g, d, 32, 16, 3))
    y = enlarged(g, conv(g, concat(g, *costs), 64, 1, 3), 8)
    x = spaced(g, concat(g, y, left), 4, 32, 1, relu)
    for d in (1, 2, 4, 8, 1, 1):
        x = g.op("Add", x, spaced(g, spaced(g, x, 32, 32, d, relu), 32, 32, d))
    return relu(g, g.op("Add", y, conv(g, x, 32, 1, 3)))


FURTHER_MAPS = {
    "deeplabv3p_mnv2_384": ("CNN", lambda g: deeplabv3p(g, 384)),
    "espnet_256x512": ("CNN", lambda g: espnet(g, 256, 512)),
    "refinenet_lw_r50_256": ("CNN", lambda g: refinenet_light(g, 256)),
    "humanseg_lite_192": ("CNN", lambda g: humanseg(g, 192, 192)),
    "stereonet_192x384": ("CNN", lambda g: stereonet(g, 192, 384)),
}  # fmt: skip
