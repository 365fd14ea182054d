"""Pictures to pictures: CARN, RLFN, FFDNet, CycleGAN, AOD-Net."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu
from tests.vendor.nets.usual_pieces import convolved, pooled, resized


def carn(g: Builder, h: int, w: int) -> str:
    """CARN: residual blocks whose every result is concatenated, within blocks and between them."""
    x = c0 = conv(g, g.input(1, 3, h, w), 3, 64, 3)
    for b in range(3):
        y, cc = x, [x]
        for _ in range(3):
            z = relu(g, g.op("Add", conv(g, conv_relu(g, y, 64, 64, 3), 64, 64, 3), y))
            cc.append(z)
            y = conv_relu(g, concat(g, *cc), 64 * len(cc), 64, 1)
        c0 = concat(g, c0, y)
        x = conv_relu(g, c0, 64 * (b + 2), 64, 1)
    x = shuffled_up(g, conv_relu(g, x, 64, 256, 3), 2)
    return conv(g, x, 64, 3, 3)


def rlfn(g: Builder, h: int, w: int, c: int = 52, n: int = 6, up: int = 4) -> str:
    """RLFN: chains of 3x3 under a gate made of a pooled map enlarged again."""
    l5 = lambda g, x: g.op("LeakyRelu", x, alpha=0.05)
    x = f = conv(g, g.input(1, 3, h, w), 3, c, 3)
    for _ in range(n):
        y = x
        for _ in range(3):
            y = activated(g, y, c, c, 3, act=l5)
        y = conv(g, g.op("Add", y, x), c, c, 1)
        a = conv(g, y, c, 16, 1)
        b = pooled(g, convolved(g, a, 16, 16, 3, 3, 2, 0, 0, None), 7, 3)
        b = resized(g, conv(g, b, 16, 16, 3), 16, h, w)
        m = conv(g, g.op("Add", b, conv(g, a, 16, 16, 1)), 16, c, 1)
        x = g.op("Mul", y, g.op("Sigmoid", m))
    x = g.op("Add", conv(g, x, c, c, 3), f)
    return shuffled_up(g, conv(g, x, c, 3 * up * up, 3), up)


def ffdnet(g: Builder, h: int, w: int) -> str:
    """FFDNet: quarters of the picture and a map of its noise, twelve convolutions."""
    i = g.input(1, 3, h, w)
    y = g.op("Reshape", i, g.const([1, 3, h // 2, 2, w // 2, 2]))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 5, 2, 4]), g.const([1, 12, h // 2, w // 2]))
    y = concat(g, y, g.input(1, 1, h // 2, w // 2))
    y = conv_relu(g, y, 13, 96, 3)
    for _ in range(10):
        y = conv_relu(g, y, 96, 96, 3)
    return shuffled_up(g, conv(g, y, 96, 12, 3), 2)


def cyclegan(g: Builder, size: int) -> str:
    """CycleGAN: reflected borders, normalised instances, nine blocks."""

    def pad(x, n):
        return g.op("Pad", x, g.const([0, 0, n, n, 0, 0, n, n]), mode="reflect")

    x = relu(
        g, instance_normed(g, convolved(g, pad(g.input(1, 3, size, size), 3), 3, 64, 7, 7, 1, 0, 0, None), 64)
    )
    x = relu(g, instance_normed(g, conv(g, x, 64, 128, 3, 2), 128))
    x = relu(g, instance_normed(g, conv(g, x, 128, 256, 3, 2), 256))
    for _ in range(9):
        y = relu(g, instance_normed(g, convolved(g, pad(x, 1), 256, 256, 3, 3, 1, 0, 0, None), 256))
        x = g.op("Add", x, instance_normed(g, convolved(g, pad(y, 1), 256, 256, 3, 3, 1, 0, 0, None), 256))
    for a in (256, 128):
        y = g.op(
            "ConvTranspose",
            x,
            g.weight(a, a // 2, 3, 3),
            g.weight(a // 2),
            strides=[2, 2],
            pads=[1] * 4,
            output_padding=[1, 1],
        )
        x = relu(g, instance_normed(g, y, a // 2))
    return g.op("Tanh", convolved(g, pad(x, 3), 64, 3, 7, 7, 1, 0, 0, None))


def aod(g: Builder, h: int, w: int) -> str:
    """AOD-Net: five convolutions of three channels, maps concatenated."""
    i = g.input(1, 3, h, w)
    a = conv_relu(g, i, 3, 3, 1)
    b = conv_relu(g, a, 3, 3, 3)
    c = conv_relu(g, concat(g, a, b), 6, 3, 5)
    d = conv_relu(g, concat(g, b, c), 6, 3, 7)
    k = conv_relu(g, concat(g, a, b, c, d), 12, 3, 3)
    return relu(g, g.op("Add", g.op("Sub", g.op("Mul", k, i), k), g.const(1.0)))


COMMON_PICTURES = {
    "carn_x2_192": ("CNN", lambda g: carn(g, 192, 192)),
    "rlfn_x4_180x320": ("CNN", lambda g: rlfn(g, 180, 320)),
    "ffdnet_384": ("CNN", lambda g: ffdnet(g, 384, 384)),
    "cyclegan_256": ("CNN", lambda g: cyclegan(g, 256)),
    "aod_net_384x512": ("CNN", lambda g: aod(g, 384, 512)),
}  # fmt: skip
