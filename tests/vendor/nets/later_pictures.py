"""Pictures and video: denoised, drawn, enlarged."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import instance_normed, shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import concat, halves, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged


def drunet(g: Builder, e: int, n: int = 2) -> str:
    """DRUNet: picture and noise level, residual blocks without bias, 2x2 down and up."""
    x = conv(g, g.input(1, 4, e, e), 4, 64, 3, bias=False)

    def blocks(x, c):
        for _ in range(n):
            y = relu(g, conv(g, x, c, c, 3, bias=False))
            x = g.op("Add", x, conv(g, y, c, c, 3, bias=False))
        return x

    skips = []
    for c in (64, 128, 256):
        skips.append(x)
        x = g.op("Conv", blocks(x, c), g.weight(2 * c, c, 2, 2), strides=[2, 2])
    x = blocks(x, 512)
    for c, s in zip((256, 128, 64), skips[::-1], strict=True):
        x = blocks(g.op("ConvTranspose", x, g.weight(2 * c, c, 2, 2), strides=[2, 2]), c)
        x = g.op("Add", x, s)
    return conv(g, x, 64, 3, 3, bias=False)


def drawn(g: Builder, e: int) -> str:
    """AnimeGANv2's generator: inverted residuals with instance norms, bilinear up."""
    lk = leaky_of(0.2)
    act = lambda x, a, b, k=3, s=1, gr=1: lk(g, instance_normed(g, conv(g, x, a, b, k, s, gr, bias=False), b))

    def inverted(x, a, b, r=2):
        y = act(act(x, a, a * r, 1), a * r, a * r, 3, 1, a * r)
        y = instance_normed(g, conv(g, y, a * r, b, 1, bias=False), b)
        return g.op("Add", x, y) if a == b else y

    x = act(act(act(g.input(1, 3, e, e), 3, 32, 7), 32, 64, 3, 2), 64, 64)
    x = act(act(x, 64, 128, 3, 2), 128, 128)
    x = inverted(x, 128, 256)
    for _ in range(2):
        x = inverted(x, 256, 256)
    x = act(x, 256, 128)
    x = act(act(enlarged(g, x, 2), 128, 128), 128, 128)
    x = act(act(enlarged(g, x, 2), 128, 64), 64, 64)
    return g.op("Tanh", conv(g, act(x, 64, 32, 7), 32, 3, 1, bias=False))


def idn(g: Builder, h: int, w: int, n: int = 2) -> str:
    """IDN x2: information distilled by parts of channels, a 1x1, a transposed convolution."""
    act = lambda x, a, b: leaky_of(0.05)(g, conv(g, x, a, b, 3))
    i = g.input(1, 3, h, w)
    x = act(act(i, 3, 64), 64, 64)
    for _ in range(n):
        y = act(act(act(x, 64, 48), 48, 32), 32, 64)
        kept, on = g.op("Split", y, g.const([16, 48]), count=2, axis=1)
        y = act(act(act(on, 48, 64), 64, 48), 48, 80)
        x = leaky_of(0.05)(g, conv(g, g.op("Add", y, concat(g, x, kept)), 80, 64, 1))
    y = g.op("ConvTranspose", x, g.weight(64, 3, 4, 4), g.weight(3), strides=[2, 2], pads=[1] * 4)
    return g.op("Add", y, enlarged(g, i, 2))


def rlsp(g: Builder, h: int, w: int, c: int = 64, up: int = 4) -> list[str]:
    """RLSP: three frames, the last picture shuffled down, a hidden state: seven 3x3 a frame."""
    x, last, state = g.input(1, 9, h, w), g.input(1, 3, up * h, up * w), g.input(1, c, h, w)
    y = concat(g, x, state, g.op("SpaceToDepth", last, blocksize=up))
    y = conv_relu(g, y, 9 + c + 3 * up * up, c, 3)
    for _ in range(5):
        y = conv_relu(g, y, c, c, 3)
    picture, state = g.op(
        "Split", conv(g, y, c, 3 * up * up + c, 3), g.const([3 * up * up, c]), count=2, axis=1
    )
    near = enlarged(g, cut(g, x, 1, 3, 6), up, "nearest")
    return [g.op("Add", shuffled_up(g, picture, up), near), relu(g, state)]


def repeated_denoiser(g: Builder, h: int, w: int) -> str:
    """MWCNN's first two levels: wavelets as shuffles, four 3x3 a level."""
    i = g.input(1, 3, h, w)
    a = g.op("SpaceToDepth", i, blocksize=2)
    x, ci = a, 12
    for c in (96, 96, 96):
        x, ci = conv_relu(g, x, ci, c, 3), c
    y, cj = g.op("SpaceToDepth", x, blocksize=2), 384
    for c in (192, 192, 384):
        y, cj = conv_relu(g, y, cj, c, 3), c
    x = g.op("Add", g.op("DepthToSpace", y, blocksize=2), x)
    x = conv(g, conv_relu(g, x, 96, 96, 3), 96, 12, 3)
    return g.op("Add", g.op("DepthToSpace", x, blocksize=2), i)


def gated_enlarger(g: Builder, h: int, w: int, c: int = 32) -> str:
    """A phone's enlarger x2: 3x3 pairs multiplied by each other (SimpleGate), shuffled, clipped."""
    i = g.input(1, 3, h, w)
    x = first = conv(g, i, 3, c, 3)
    for _ in range(3):
        a, b = halves(g, conv(g, x, c, 2 * c, 3), c)
        x = g.op("Add", x, conv(g, g.op("Mul", a, b), c, c, 1))
    y = shuffled_up(g, conv(g, g.op("Add", x, first), c, 12, 3), 2)
    return g.op("Clip", g.op("Add", y, enlarged(g, i, 2)), g.const(0.0), g.const(1.0))


LATER_PICTURES = {
    "drunet_128": ("CNN", lambda g: drunet(g, 128)),
    "animegan_v2_192": ("CNN", lambda g: drawn(g, 192)),
    "idn_x2_128x160": ("CNN", lambda g: idn(g, 128, 160)),
    "rlsp_x4_96x128": ("CNN", lambda g: rlsp(g, 96, 128)),
    "mwcnn_192x256": ("CNN", lambda g: repeated_denoiser(g, 192, 256)),
    "simplegate_x2_180x320": ("CNN", lambda g: gated_enlarger(g, 180, 320)),
}  # fmt: skip
