"""Pictures and video: noise out of five frames, a frame between two, phones' pictures made better and larger."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of, mean, mean_pooled, unpadded
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged


def fastdvdnet(g: Builder, h: int, w: int) -> str:
    """FastDVDnet's second step: three frames and their noise in groups, a U-Net of shuffles."""
    x = g.input(1, 12, h, w)
    mid = cut(g, x, 1, 4, 7)
    two = lambda t, c: conv_relu(g, conv_relu(g, t, c, c, 3), c, c, 3)
    x0 = conv_relu(g, conv_relu(g, x, 12, 90, 3, 1, 3), 90, 32, 3)
    x1 = two(conv_relu(g, x0, 32, 64, 3, 2), 64)
    x2 = two(conv_relu(g, x1, 64, 128, 3, 2), 128)
    x2 = shuffled_up(g, conv(g, two(x2, 128), 128, 256, 3), 2)
    x1 = shuffled_up(g, conv(g, two(g.op("Add", x1, x2), 64), 64, 128, 3), 2)
    y = conv(g, conv_relu(g, g.op("Add", x0, x1), 32, 32, 3), 32, 3, 3)
    return g.op("Sub", mid, y)


def pmrid(g: Builder, e: int) -> str:
    """PMRID: raw noise away by separable 5x5, four stages down and up."""
    sep = lambda x, a, b, s=1: conv(g, conv(g, x, a, a, 5, s, a), a, b, 1)

    def enc(x, a, m, b, s=1):
        y = sep(relu(g, sep(x, a, m, s)), m, b)
        return relu(g, g.op("Add", y, x if a == b and s == 1 else sep(x, a, b, s)))

    def dec(x, a, b, skip, c):
        y = sep(relu(g, sep(x, a, a)), a, a)
        y = relu(g, g.op("Add", x, y))
        y = g.op("ConvTranspose", y, g.weight(a, b, 2, 2), g.weight(b), strides=[2, 2])
        return g.op("Add", relu(g, y), sep(skip, c, b))

    img = g.input(1, 4, e, e)
    x = x0 = conv_relu(g, img, 4, 16, 3)
    skips, ci = [], 16
    for co, n in ((64, 2), (128, 2), (256, 4), (512, 4)):
        skips.append((x, ci))
        x = enc(x, ci, co // 4, co, 2)
        for _ in range(n - 1):
            x = enc(x, co, co // 4, co)
        ci = co
    x, ci = enc(x, 512, 128, 64), 64
    for (s, c), co in zip(skips[:0:-1], (64, 32, 32), strict=True):
        x, ci = dec(x, ci, co, s, c), co
    x = dec(x, 32, 16, x0, 16)
    x = enc(x, 16, 16, 16)
    return g.op("Add", conv(g, x, 16, 4, 3), img)


def cain(g: Builder, e: int, groups: int = 2, blocks: int = 4, c: int = 192) -> str:
    """CAIN: two frames shuffled down to an eighth, gated residual blocks of 192 channels, shuffled up."""
    lk = leaky_of(0.2)

    def block(x):
        y = conv(g, lk(g, conv(g, x, c, c, 3)), c, c, 3)
        m = g.op("Sigmoid", conv(g, relu(g, conv(g, mean(g, y), c, c // 16, 1)), c // 16, c, 1))
        return g.op("Add", g.op("Mul", y, m), x)

    a, b = (g.op("SpaceToDepth", g.input(1, 3, e, e), blocksize=8) for _ in range(2))
    x = first = conv(g, concat(g, a, b), 2 * c, c, 3)
    for _ in range(groups):
        y = x
        for _ in range(blocks):
            y = block(y)
        x = g.op("Add", conv(g, y, c, c, 3), x)
    return shuffled_up(g, g.op("Add", conv(g, x, c, c, 3), first), 8)


def dped(g: Builder, h: int, w: int) -> str:
    """DPED's ResNet: 9x9, four residual blocks of instance norms, no stride."""
    x = conv_relu(g, g.input(1, 3, h, w), 3, 64, 9)
    for _ in range(4):
        y = relu(g, instance_normed(g, conv(g, x, 64, 64, 3), 64))
        x = g.op("Add", x, instance_normed(g, conv(g, y, 64, 64, 3), 64))
    x = conv_relu(g, conv_relu(g, x, 64, 64, 3), 64, 64, 3)
    y = g.op("Tanh", conv(g, x, 64, 3, 9))
    return g.op("Add", g.op("Mul", y, g.const(0.58)), g.const(0.5))


def super_slomo(g: Builder, e: int, ci: int = 6, co: int = 4) -> str:
    """Super SloMo's flow U-Net: 7x7 and 5x5, means of 2x2, bilinear up, leaky."""
    act = lambda x, a, b, k=3: activated(g, x, a, b, k, act=leaky_of(0.1))
    x = act(act(g.input(1, ci, e, e), ci, 32, 7), 32, 32, 7)
    skips, c = [], 32
    for b, k in ((64, 5), (128, 3), (256, 3), (512, 3), (512, 3)):
        skips.append((x, c))
        x = act(act(mean_pooled(g, x), c, b, k), b, b, k)
        c = b
    for s, b in skips[::-1]:
        x = act(enlarged(g, x, 2), c, b)
        x, c = act(concat(g, x, s), 2 * b, b), b
    return act(x, 32, co)


def cugan(g: Builder, e: int) -> str:
    """Real-CUGAN's first U-Net: no padding, a gate, skips cut to size, twice the size."""
    lk = leaky_of(0.1)
    cv = lambda x, a, b, k=3, s=1: unpadded(g, x, a, b, k, s, lk)
    crop = lambda x, k, n: cut(g, cut(g, x, 2, k, n - k), 3, k, n - k)

    def gated(x, c):
        m = g.op("Sigmoid", conv(g, relu(g, conv(g, mean(g, x), c, c // 8, 1)), c // 8, c, 1))
        return g.op("Mul", x, m)

    up = lambda x, a, b, k: lk(g, g.op("ConvTranspose", x, g.weight(a, b, k, k), g.weight(b), strides=[2, 2]))
    x1 = cv(cv(g.input(1, 3, e, e), 3, 32), 32, 64)
    x2 = cv(x1, 64, 64, 2, 2)
    x2 = gated(cv(cv(x2, 64, 128), 128, 64), 64)
    y = cv(g.op("Add", crop(x1, 4, e - 4), up(x2, 64, 64, 2)), 64, 64)
    y = g.op("ConvTranspose", y, g.weight(64, 3, 4, 4), g.weight(3), strides=[2, 2], pads=[3] * 4)
    return y


def wdsr(g: Builder, e: int, n: int = 8) -> str:
    """WDSR-B x2: a block widens six times by 1x1, a linear low rank behind, one shuffle a path."""
    img = g.input(1, 3, e, e)
    x = conv(g, img, 3, 32, 3)
    for _ in range(n):
        y = conv(g, conv_relu(g, x, 32, 192, 1), 192, 25, 1)
        x = g.op("Add", x, conv(g, y, 25, 32, 3))
    skip = shuffled_up(g, conv(g, img, 3, 12, 5), 2)
    return g.op("Add", shuffled_up(g, conv(g, x, 32, 12, 3), 2), skip)


FURTHER_PICTURES = {
    "fastdvdnet_192x256": ("CNN", lambda g: fastdvdnet(g, 192, 256)),
    "pmrid_256": ("CNN", lambda g: pmrid(g, 256)),
    "cain_256": ("CNN", lambda g: cain(g, 256)),
    "dped_160x192": ("CNN", lambda g: dped(g, 160, 192)),
    "super_slomo_192": ("CNN", lambda g: super_slomo(g, 192)),
    "cugan_up2_128": ("CNN", lambda g: cugan(g, 128)),
    "wdsr_x2_160": ("CNN", lambda g: wdsr(g, 160)),
}  # fmt: skip
