"""Pictures made of pictures: white-box cartoons, gated filling, ARCNN, MIMO-UNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import doubled, spaced
from tests.vendor.nets.usual_pieces import prelu, resized


def white_box(g: Builder, e: int, c: int = 32) -> str:
    """White-box cartoonization: a small U-Net with sums across, LeakyReLU, bilinear up."""
    a = leaky_of(0.2)
    k = lambda x, ci, co, n=3, s=1: a(g, conv(g, x, ci, co, n, s))
    x0 = k(g.input(1, 3, e, e), 3, c, 7)
    x1 = k(k(x0, c, c, 3, 2), c, 2 * c)
    x2 = k(k(x1, 2 * c, 2 * c, 3, 2), 2 * c, 4 * c)
    x = x2
    for _ in range(4):
        x = g.op("Add", conv(g, k(x, 4 * c, 4 * c), 4 * c, 4 * c), x)
    x = k(x, 4 * c, 2 * c)
    x = k(k(g.op("Add", enlarged(g, x, 2), x1), 2 * c, 2 * c), 2 * c, c)
    x = k(g.op("Add", enlarged(g, x, 2), x0), c, c)
    return conv(g, x, c, 3, 7)


def filled(g: Builder, e: int, c: int = 32) -> str:
    """DeepFill v2's coarse network: gated convolutions, four of them dilated, nearest up."""

    def gated(x, a, b, k=3, s=1, d=1):
        y = spaced(g, x, a, 2 * b, d) if d > 1 else conv(g, x, a, 2 * b, k, s)
        p, q = g.op("Split", y, g.const([b, b]), count=2, axis=1)
        return g.op("Mul", g.op("Elu", p), g.op("Sigmoid", q))

    x = gated(g.input(1, 5, e, e), 5, c // 2, 5)
    x = gated(gated(x, c // 2, c, 3, 2), c, c)
    x = gated(gated(gated(x, c, 2 * c, 3, 2), 2 * c, 2 * c), 2 * c, 2 * c)
    for d in (2, 4, 8, 16):
        x = gated(x, 2 * c, 2 * c, d=d)
    x = gated(gated(x, 2 * c, 2 * c), 2 * c, 2 * c)
    x = gated(gated(enlarged(g, x, 2, "nearest"), 2 * c, c), c, c)
    x = gated(gated(enlarged(g, x, 2, "nearest"), c, c // 2), c // 2, c // 4)
    return g.op("Tanh", conv(g, x, c // 4, 3))


def arcnn(g: Builder, h: int, w: int) -> str:
    """ARCNN: 9x9, 7x7, 1x1 and 5x5 on the whole picture."""
    x = prelu(g, conv(g, g.input(1, 3, h, w), 3, 64, 9), 64)
    x = prelu(g, conv(g, x, 64, 32, 7), 32)
    return conv(g, prelu(g, conv(g, x, 32, 16, 1), 16), 16, 3, 5)


def mimo_unet(g: Builder, e: int, c: int = 32, n: int = 3) -> list[str]:
    """MIMO-UNet: smaller pictures enter at each level, all levels are joined for each of the decoder's."""

    def blocks(x, c):
        for _ in range(n):
            x = g.op("Add", conv(g, conv_relu(g, x, c, c), c, c), x)
        return x

    def scm(x, p):
        y = conv_relu(g, conv_relu(g, conv_relu(g, x, 3, p // 4), p // 4, p // 2, 1), p // 2, p // 2)
        y = conv_relu(g, y, p // 2, p - 3, 1)
        return conv(g, concat(g, x, y), p, p, 1)

    img = g.input(1, 3, e, e)
    small = [resized(g, img, 3, e >> i, e >> i, "nearest", "asymmetric") for i in (1, 2)]
    f = [blocks(conv_relu(g, img, 3, c), c)]
    for i in (1, 2):
        p, s = c << i, scm(small[i - 1], c << i)
        x = conv_relu(g, f[-1], p // 2, p, 3, 2)
        f.append(blocks(g.op("Add", x, conv(g, g.op("Mul", x, s), p, p)), p))
    to = lambda x, ch, s: resized(g, x, ch, s, s, "nearest", "asymmetric")
    aff = []
    for i in (0, 1):
        ts = concat(g, *(t if j == i else to(t, c << j, e >> i) for j, t in enumerate(f)))
        aff.append(conv(g, conv_relu(g, ts, 7 * c, c << i, 1), c << i, c << i))
    x, outs = blocks(f[2], 4 * c), []
    for i in (1, 0):
        outs.append(g.op("Add", conv(g, x, c << i + 1, 3), small[i]))
        x = relu(g, doubled(g, x, c << i + 1, c << i))
        x = blocks(conv_relu(g, concat(g, x, aff[i]), 2 * (c << i), c << i, 1), c << i)
    return [*outs, g.op("Add", conv(g, x, c, 3), img)]


KNOWN_PICTURES_MADE = {
    "whitebox_cartoon_256": ("CNN", lambda g: white_box(g, 256)),
    "deepfill_coarse_256": ("CNN", lambda g: filled(g, 256)),
    "arcnn_160x240": ("CNN", lambda g: arcnn(g, 160, 240)),
    "mimo_unet_160": ("CNN", lambda g: mimo_unet(g, 160)),
}  # fmt: skip
