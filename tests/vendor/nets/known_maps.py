"""Maps of classes: V-Net on slices, deep residual U-Net, U²-Net small."""

from itertools import pairwise

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, dilated
from tests.vendor.nets.usual_pieces import pooled, prelu, resized


def twice(g: Builder, x: str, a: int, b: int) -> str:
    """Twice the size by a transposed convolution of 2x2."""
    return g.op("ConvTranspose", x, g.weight(a, b, 2, 2), g.weight(b), strides=[2, 2])


def vnet(g: Builder, e: int, w: int = 16, classes: int = 2) -> str:
    """V-Net on slices: 5x5 convolutions, a slope for each channel, each level added to its last convolution."""
    x, f = prelu(g, conv(g, g.input(1, 1, e, e), 1, w, 5), w), []
    for i, n in enumerate((1, 2, 3, 2)):
        f.append(x)
        a, b = w << i, w << i + 1
        x = y = prelu(g, g.op("Conv", x, g.weight(b, a, 2, 2), g.weight(b), strides=[2, 2]), b)
        for _ in range(n):
            y = prelu(g, conv(g, y, b, b, 5), b)
        x = prelu(g, g.op("Add", x, y), b)
    c = 16 * w
    for i, n in ((3, 2), (2, 2), (1, 1), (0, 1)):
        b = 2 * (w << i)
        x = y = concat(g, prelu(g, twice(g, x, c, b // 2), b // 2), f[i])
        for _ in range(n):
            y = prelu(g, conv(g, y, b, b, 5), b)
        x, c = prelu(g, g.op("Add", x, y), b), b
    return conv(g, x, c, classes, 1)


def resunet(g: Builder, e: int, ws: tuple[int, ...] = (64, 128, 256, 512)) -> str:
    """Deep residual U-Net: scale, shift and ReLU in front of convolutions, transposed convolutions up."""

    def act(x, c):
        y = g.op("BatchNormalization", x, g.weight(c), g.weight(c), g.weight(c), g.const([0.5] * c))
        return relu(g, y)

    def block(x, a, b, s):
        y = conv(g, act(conv(g, act(x, a), a, b, 3, s), b), b, b, 3)
        return g.op("Add", y, conv(g, x, a, b, 3, s))

    img = g.input(1, 3, e, e)
    x = g.op("Add", conv(g, conv_relu(g, img, 3, ws[0]), ws[0], ws[0]), conv(g, img, 3, ws[0], 3))
    f = [x]
    for a, b in pairwise(ws):
        x = block(x, a, b, 2)
        f.append(x)
    for i in (2, 1, 0):
        x = block(concat(g, twice(g, x, ws[i + 1], ws[i + 1]), f[i]), ws[i + 1] + ws[i], ws[i], 1)
    return g.op("Sigmoid", conv(g, x, ws[0], 1, 1))


def u2netp(g: Builder, e: int) -> list[str]:
    """U²-Net small: U-Nets of 16 channels in each stage of a U-Net of 64."""
    even = lambda x, to, c: resized(g, x, c, to, to)

    def rsu(x, a, n, s, m=16, b=64):
        x0 = conv_relu(g, x, a, b)
        x, f, sizes = conv_relu(g, x0, b, m), [], []
        for i in range(n - 1):
            f.append(x)
            sizes.append(s >> i)
            if i < n - 2:
                x = conv_relu(g, pooled(g, x, 2, 2), m, m)
        x = dilated(g, x, m, m, 2)
        for i in range(n - 2, -1, -1):
            x = conv_relu(g, concat(g, x, f[i]), 2 * m, m if i else b)
            if i:
                x = even(x, sizes[i - 1], m)
        return g.op("Add", x, x0)

    def flat(x, a, m=16, b=64):
        x0 = conv_relu(g, x, a, b)
        f = [conv_relu(g, x0, b, m)]
        for d in (2, 4):
            f.append(dilated(g, f[-1], m, m, d))
        x = dilated(g, f[-1], m, m, 8)
        for i, d in ((2, 4), (1, 2), (0, 1)):
            x = dilated(g, concat(g, x, f[i]), 2 * m, m if i else b, d)
        return g.op("Add", x, x0)

    x, f, s = g.input(1, 3, e, e), [], e
    for j, n in enumerate((7, 6, 5, 4)):
        x = rsu(x, 64 if j else 3, n, s)
        f.append((x, s, n))
        x, s = pooled(g, x, 2, 2), s // 2
    x5 = flat(x, 64)
    x6 = flat(pooled(g, x5, 2, 2), 64)
    x = flat(concat(g, even(x6, s, 64), x5), 128)
    side = [(x6, s // 2), (x, s)]
    for t, s, n in f[::-1]:
        x = rsu(concat(g, even(x, s, 64), t), 128, n, s)
        side.append((x, s))
    maps = [even(conv(g, t, 64, 1), e, 1) if s < e else conv(g, t, 64, 1) for t, s in side]
    return [g.op("Sigmoid", conv(g, concat(g, *maps), 6, 1, 1))]


KNOWN_MAPS = {
    "vnet2d_192": ("CNN", lambda g: vnet(g, 192)),
    "resunet_192": ("CNN", lambda g: resunet(g, 192)),
    "u2netp_320": ("CNN", lambda g: u2netp(g, 320)),
}  # fmt: skip
