"""Maps: edges, flow, light: all at the size of the picture, of few channels."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, dilated, enlarged, halved


def hed(g: Builder, h: int, w: int) -> list[str]:
    """HED on the first four stages of VGG-16: an edge map a stage, enlarged, and their fusion."""
    x, ci, maps = g.input(1, 3, h, w), 3, []
    for i, (c, n) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3))):
        x = halved(g, x, 2) if i else x
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, c, 3), c
        m = conv(g, x, c, 1, 1)
        maps.append(enlarged(g, m, 2**i) if i else m)
    fused = conv(g, concat(g, *maps), 4, 1, 1)
    return [g.op("Sigmoid", m) for m in (*maps, fused)]


def pidinet(g: Builder, h: int, w: int, c: int = 20) -> list[str]:
    """PiDiNet-tiny as converted: depthwise 3x3 and 1x1 with shortcuts, dilated heads, gates of a pixel."""
    x, ci, maps = conv(g, g.input(1, 3, h, w), 3, c, 3), c, []
    for i, k in enumerate((c, 2 * c, 4 * c, 4 * c)):
        for j in range(3 if not i else 4):
            y, b = x, ci
            if i and not j:
                y = mean_pooled(g, x)
                x, b = conv(g, y, ci, k, 1), ci
            y = conv(g, relu(g, conv(g, y, b, b, 3, 1, b, False)), b, k, 1, bias=False)
            x, ci = g.op("Add", y, x), k
        y = conv(g, relu(g, x), k, 8, 1)
        taps = [g.op("Conv", y, g.weight(8, 8, 3, 3), pads=[d] * 4, dilations=[d, d]) for d in (5, 7, 9, 11)]
        y = g.op("Add", g.op("Add", taps[0], taps[1]), g.op("Add", taps[2], taps[3]))
        gate = g.op("Sigmoid", conv(g, conv(g, relu(g, y), 8, 4, 1), 4, 1, 3, bias=False))
        m = conv(g, g.op("Mul", y, gate), 8, 1, 1)
        maps.append(enlarged(g, m, 2**i) if i else m)
    return [g.op("Sigmoid", m) for m in (*maps, conv(g, concat(g, *maps), 4, 1, 1))]


def spynet(g: Builder, h: int, w: int) -> str:
    """One level of SPyNet: two frames and the flow so far, five 7x7, added to the flow."""
    a, b, flow = g.input(1, 3, h, w), g.input(1, 3, h, w), g.input(1, 2, h, w)
    x, ci = concat(g, a, b, flow), 8
    for c in (32, 64, 32, 16):
        x, ci = conv_relu(g, x, ci, c, 7), c
    return g.op("Add", conv(g, x, ci, 2, 7), flow)


def context_aggregation(g: Builder, h: int, w: int, c: int = 24) -> str:
    """CAN-24 (fast image processing): nine dilated 3x3 at the size of the picture."""
    x = conv_relu(g, g.input(1, 3, h, w), 3, c, 3)
    for d in (2, 4, 8, 16, 32, 1):
        x = dilated(g, x, c, c, d)
    return conv(g, x, c, 3, 1)


def self_calibrated_light(g: Builder, h: int, w: int) -> list[str]:
    """SCI's enhancer: 3x3 of 16 channels, the picture divided by its light."""
    i = g.input(1, 3, h, w)
    x = conv_relu(g, i, 3, 16, 3)
    for _ in range(3):
        x = g.op("Add", x, conv_relu(g, x, 16, 16, 3))
    light = g.op("Add", g.op("Sigmoid", conv(g, x, 16, 3, 3)), i)
    light = g.op("Clip", light, g.const(1e-3), g.const(1.0))
    return [light, g.op("Clip", g.op("Div", i, light), g.const(0.0), g.const(1.0))]


def zero_dce_pp(g: Builder, h: int, w: int, c: int = 32) -> str:
    """Zero-DCE++: separable convolutions, skips, eight curves of one map."""
    sep = lambda x, a, b: conv(g, conv(g, x, a, a, 3, 1, a), a, b, 1)
    i = g.input(1, 3, h, w)
    x1 = relu(g, sep(i, 3, c))
    x2 = relu(g, sep(x1, c, c))
    x3 = relu(g, sep(x2, c, c))
    x4 = relu(g, sep(x3, c, c))
    x5 = relu(g, sep(concat(g, x3, x4), 2 * c, c))
    x6 = relu(g, sep(concat(g, x2, x5), 2 * c, c))
    curve = g.op("Tanh", sep(concat(g, x1, x6), 2 * c, 3))
    y = i
    for _ in range(4):
        y = g.op("Add", y, g.op("Mul", curve, g.op("Sub", g.op("Mul", y, y), y)))
    return y


def two_plus_one(g: Builder, e: int, c: int = 32) -> str:
    """A portrait network of a phone: a plain U-Net of three levels, alpha and colours apart."""
    x, ci, skips = g.input(1, 4, e, e), 4, []
    for k in (c, 2 * c, 4 * c):
        x = conv_relu(g, conv_relu(g, x, ci, k, 3), k, k, 3)
        skips.append((x, k))
        x, ci = halved(g, x, 2), k
    for s, k in skips[::-1]:
        x = concat(g, enlarged(g, x, 2), s)
        x, ci = conv_relu(g, conv_relu(g, x, ci + k, k, 3), k, k, 3), k
    y = conv(g, x, c, 4, 1)
    return g.op("Mul", g.op("Sigmoid", cut(g, y, 1, 0, 1)), cut(g, y, 1, 1, 4))


LATER_MAPS = {
    "hed_240x320": ("CNN", lambda g: hed(g, 240, 320)),
    "pidinet_t_240x320": ("CNN", lambda g: pidinet(g, 240, 320)),
    "spynet_128x224": ("CNN", lambda g: spynet(g, 128, 224)),
    "can24_256x384": ("CNN", lambda g: context_aggregation(g, 256, 384)),
    "sci_256x384": ("CNN", lambda g: self_calibrated_light(g, 256, 384)),
    "zero_dcepp_256x384": ("CNN", lambda g: zero_dce_pp(g, 256, 384)),
    "portrait_unet_192": ("CNN", lambda g: two_plus_one(g, 192)),
}  # fmt: skip
