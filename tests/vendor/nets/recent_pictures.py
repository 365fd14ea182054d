"""Pictures enlarged, without noise, of other traits."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import mean_pooled
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import prelu


def sesr(g: Builder, h: int, w: int, n: int = 5, c: int = 16, up: int = 2) -> str:
    """SESR-M5 as collapsed: plain convolutions on luma, two long shortcuts."""
    i = g.input(1, 1, h, w)
    x = y = prelu(g, conv(g, i, 1, c, 5), c)
    for _ in range(n):
        y = prelu(g, conv(g, y, c, c, 3), c)
    y = g.op("Add", conv(g, g.op("Add", x, y), c, up * up, 5), i)
    return shuffled_up(g, y, up)


def abpn(g: Builder, h: int, w: int, c: int = 28, up: int = 3) -> str:
    """ABPN (mobile super-resolution): the picture repeated is added before pixels are shuffled up."""
    i = g.input(1, 3, h, w)
    x = conv_relu(g, i, 3, c, 3)
    for _ in range(4):
        x = conv_relu(g, x, c, c, 3)
    x = conv(g, conv_relu(g, x, c, 3 * up * up, 3), 3 * up * up, 3 * up * up, 3)
    x = g.op("Add", x, concat(g, *[i] * (up * up)))
    return g.op("Clip", g.op("DepthToSpace", x, blocksize=up), g.const(0.0), g.const(255.0))


def cbdnet(g: Builder, e: int) -> list[str]:
    """CBDNet: the noise estimated, then a U-Net that takes both."""
    i = g.input(1, 3, e, e)
    n, ci = i, 3
    for _ in range(4):
        n, ci = conv_relu(g, n, ci, 32, 3), 32
    n = conv_relu(g, n, 32, 3, 3)

    def many(x, a, b, k):
        for _ in range(k):
            x, a = conv_relu(g, x, a, b, 3), b
        return x

    d1 = many(concat(g, i, n), 6, 64, 2)
    d2 = many(mean_pooled(g, d1), 64, 128, 3)
    d3 = many(mean_pooled(g, d2), 128, 256, 6)
    up = lambda x, a, b: g.op("ConvTranspose", x, g.weight(a, b, 2, 2), g.weight(b), strides=[2, 2])
    y = many(g.op("Add", up(d3, 256, 128), d2), 128, 128, 3)
    y = many(g.op("Add", up(y, 128, 64), d1), 64, 64, 2)
    return [n, g.op("Add", conv(g, y, 64, 3, 1), i)]


def stargan(g: Builder, n: int, e: int = 128, c: int = 5) -> str:
    """StarGAN's generator: the picture and its wanted traits."""
    nr = lambda x, k: relu(g, instance_normed(g, x, k))
    x = nr(conv(g, concat(g, g.input(n, 3, e, e), g.input(n, c, e, e)), 3 + c, 64, 7, bias=False), 64)
    for a in (64, 128):
        x = nr(g.op("Conv", x, g.weight(2 * a, a, 4, 4), strides=[2, 2], pads=[1] * 4), 2 * a)
    for _ in range(6):
        y = nr(conv(g, x, 256, 256, 3, bias=False), 256)
        x = g.op("Add", x, instance_normed(g, conv(g, y, 256, 256, 3, bias=False), 256))
    for a in (256, 128):
        x = nr(g.op("ConvTranspose", x, g.weight(a, a // 2, 4, 4), strides=[2, 2], pads=[1] * 4), a // 2)
    return g.op("Tanh", conv(g, x, 64, 3, 7, bias=False))


RECENT_PICTURES = {
    "sesr_m5_x2_360x640": ("CNN", lambda g: sesr(g, 360, 640)),
    "abpn_x3_180x320": ("CNN", lambda g: abpn(g, 180, 320)),
    "cbdnet_192": ("CNN", lambda g: cbdnet(g, 192)),
    "stargan_b2_128": ("CNN", lambda g: stargan(g, 2)),
}  # fmt: skip
