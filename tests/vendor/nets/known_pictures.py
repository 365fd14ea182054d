"""Pictures made larger or clean: SRResNet, waifu2x, BSRN, DBPN, HINet, FFA-Net."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of, mean, unpadded
from tests.vendor.nets.everyday_pieces import concat, halves
from tests.vendor.nets.known_maps import twice
from tests.vendor.nets.layers import conv, conv_relu, gelu
from tests.vendor.nets.usual_pieces import prelu, resized


def srresnet(g: Builder, e: int, n: int = 8) -> str:
    """SRGAN's generator: 64 channels, PReLU, two shuffles."""
    x = s = prelu(g, conv(g, g.input(1, 3, e, e), 3, 64, 9), 64)
    for _ in range(n):
        x = g.op("Add", conv(g, prelu(g, conv(g, x, 64, 64), 64), 64, 64), x)
    x = g.op("Add", conv(g, x, 64, 64), s)
    for _ in range(2):
        x = prelu(g, shuffled_up(g, conv(g, x, 64, 256), 2), 64)
    return conv(g, x, 64, 3, 9)


def upconv7(g: Builder, e: int) -> str:
    """waifu2x UpConv7: convolutions without padding, a transposed one of 4x4 at the end."""
    a, x, ci = leaky_of(0.1), g.input(1, 3, e, e), 3
    for co in (16, 32, 64, 128, 128, 256):
        x, ci = unpadded(g, x, ci, co, 3, 1, a), co
    return g.op("ConvTranspose", x, g.weight(256, 3, 4, 4), g.weight(3), strides=[2, 2], pads=[3] * 4)


def bsrn(g: Builder, h: int, w: int, c: int = 64, n: int = 4) -> str:
    """BSRN: blueprint separable convolutions, distilled halves, gates of contrast left out."""
    d, img = c // 2, g.input(1, 3, h, w)
    bs = lambda x, a, b: conv(g, conv(g, x, a, b, 1, bias=False), b, b, 3, 1, b)

    def esa(x):
        f = c // 4
        y = conv(g, x, c, f, 1)
        z = g.op("MaxPool", unpadded(g, y, f, f, 3, 2), kernel_shape=[7, 7], strides=[3, 3])
        z = bs(gelu(g, bs(gelu(g, bs(z, f, f)), f, f)), f, f)
        z = g.op("Add", resized(g, z, f, h, w), conv(g, y, f, f, 1))
        return g.op("Mul", x, g.op("Sigmoid", conv(g, z, f, c, 1)))

    def block(x):
        s, ds = x, []
        for _ in range(3):
            ds.append(gelu(g, conv(g, x, c, d, 1)))
            x = gelu(g, g.op("Add", bs(x, c, c), x))
        ds.append(gelu(g, bs(x, c, d)))
        return g.op("Add", esa(conv(g, concat(g, *ds), 4 * d, c, 1)), s)

    x = s = bs(concat(g, img, img, img, img), 12, c)
    outs = []
    for _ in range(n):
        x = block(x)
        outs.append(x)
    x = gelu(g, conv(g, concat(g, *outs), n * c, c, 1))
    return shuffled_up(g, conv(g, g.op("Add", bs(x, c, c), s), c, 12, 3), 2)


def dbpn(g: Builder, e: int, n: int = 2) -> str:
    """DBPN small, twice the size: up and down again by 6x6 at stride 2, what is left projected."""
    c = 32
    six = lambda kind, x: prelu(
        g, g.op(kind, x, g.weight(c, c, 6, 6), g.weight(c), strides=[2, 2], pads=[2] * 4), c
    )
    up, down = lambda x: six("ConvTranspose", x), lambda x: six("Conv", x)

    def rise(x):
        h = up(x)
        return g.op("Add", up(g.op("Sub", down(h), x)), h)

    def fall(x):
        y = down(x)
        return g.op("Add", down(g.op("Sub", up(y), x)), y)

    x = prelu(g, conv(g, g.input(1, 3, e, e), 3, 128), 128)
    x = prelu(g, conv(g, x, 128, c, 1), c)
    hs = [rise(x)]
    for _ in range(n):
        x = fall(hs[-1] if len(hs) == 1 else prelu(g, conv(g, concat(g, *hs), c * len(hs), c, 1), c))
        hs.append(rise(x))
    return conv(g, concat(g, *hs), c * len(hs), 3, 3)


def hinet(g: Builder, e: int, w: int = 32) -> str:
    """HINet's one stage: half of the channels instance-normalised, skips joined behind a 3x3."""
    a = leaky_of(0.2)

    def block(x, ci, co):
        p, q = halves(g, conv(g, x, ci, co), co // 2)
        y = a(g, conv(g, a(g, concat(g, instance_normed(g, p, co // 2), q)), co, co))
        return g.op("Add", y, conv(g, x, ci, co, 1))

    x, c, f = conv(g, g.input(1, 3, e, e), 3, w), w, []
    for i in range(4):
        x = block(x, c, w << i)
        c = w << i
        if i < 3:
            f.append(x)
            x = g.op("Conv", x, g.weight(c, c, 4, 4), strides=[2, 2], pads=[1] * 4)
    for i in (2, 1, 0):
        b = w << i
        x = concat(g, twice(g, x, c, b), conv(g, f[i], b, b))
        x = g.op("Add", a(g, conv(g, a(g, conv(g, x, 2 * b, b)), b, b)), conv(g, x, 2 * b, b, 1))
        c = b
    return conv(g, x, c, 3)


def ffa(g: Builder, e: int, n: int = 4, c: int = 64) -> str:
    """FFA-Net's first group: each block gated by channel and by pixel."""

    def gated(x):
        s = conv(g, conv_relu(g, mean(g, x), c, c // 8, 1), c // 8, c, 1)
        x = g.op("Mul", x, g.op("Sigmoid", s))
        s = conv(g, conv_relu(g, x, c, c // 8, 1), c // 8, 1, 1)
        return g.op("Mul", x, g.op("Sigmoid", s))

    img = g.input(1, 3, e, e)
    x = s = conv(g, img, 3, c)
    for _ in range(n):
        y = g.op("Add", conv_relu(g, x, c, c), x)
        x = g.op("Add", gated(conv(g, y, c, c)), x)
    x = g.op("Add", conv(g, x, c, c), s)
    return g.op("Add", conv(g, conv(g, gated(x), c, c), c, 3), img)


KNOWN_PICTURES = {
    "srresnet_x4_96": ("CNN", lambda g: srresnet(g, 96)),
    "waifu2x_upconv7_156": ("CNN", lambda g: upconv7(g, 156)),
    "bsrn_x2_120x160": ("CNN", lambda g: bsrn(g, 120, 160)),
    "dbpn_s_x2_96": ("CNN", lambda g: dbpn(g, 96)),
    "hinet_192": ("CNN", lambda g: hinet(g, 192)),
    "ffa_net_160": ("CNN", lambda g: ffa(g, 160)),
}  # fmt: skip
