"""Pictures to pictures: flow, enlarging, a hint for diffusion."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import shuffled_up
from tests.vendor.nets.daily_pieces import leaky_of, unpadded
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, enlarged, silu
from tests.vendor.nets.popular_pieces import doubled, spaced
from tests.vendor.nets.usual_pieces import resized


def flownet_s(g: Builder, h: int, w: int) -> str:
    """FlowNet-S: two pictures in, flow refined over four sizes, each joined to the last."""
    a = leaky_of(0.1)
    k = lambda x, ci, co, n=3, s=1: a(g, conv(g, x, ci, co, n, s))
    c1 = k(g.input(1, 6, h, w), 6, 64, 7, 2)
    c2 = k(c1, 64, 128, 5, 2)
    c3 = k(k(c2, 128, 256, 5, 2), 256, 256)
    c4 = k(k(c3, 256, 512, 3, 2), 512, 512)
    c5 = k(k(c4, 512, 512, 3, 2), 512, 512)
    x = k(k(c5, 512, 1024, 3, 2), 1024, 1024)
    ci, flow = 1024, conv(g, x, 1024, 2, 3, bias=False)
    for s, c, co in ((c5, 512, 512), (c4, 512, 256), (c3, 256, 128), (c2, 128, 64)):
        x = concat(g, s, doubled(g, x, ci, co, a), doubled(g, flow, 2, 2))
        ci = c + co + 2
        flow = conv(g, x, ci, 2, 3, bias=False)
    return flow


def pwc_context(g: Builder, h: int, w: int) -> str:
    """PWC-Net's finest estimator, densely joined, and its dilated context network."""
    a = leaky_of(0.1)
    x, ci = g.input(1, 117, h, w), 117
    for co in (128, 128, 96, 64, 32):
        x, ci = concat(g, a(g, conv(g, x, ci, co, 3)), x), ci + co
    flow, y = conv(g, x, ci, 2, 3), x
    for co, d in ((128, 1), (128, 2), (128, 4), (96, 8), (64, 16), (32, 1)):
        y, ci = spaced(g, y, ci, co, d, a), co
    return g.op("Add", flow, conv(g, y, 32, 2, 3))


def rfdn(g: Builder, h: int, w: int, c: int = 50, n: int = 4, up: int = 2) -> str:
    """RFDN: residual feature distillation, gates from a third of the size."""
    a, d, f = leaky_of(0.05), c // 2, c // 4

    def esa(x):
        y = conv(g, x, c, f, 1)
        z = unpadded(g, y, f, f, 3, 2)
        z = g.op("MaxPool", z, kernel_shape=[7, 7], strides=[3, 3])
        z = conv(g, relu(g, conv(g, relu(g, conv(g, z, f, f, 3)), f, f, 3)), f, f, 3)
        z = g.op("Add", resized(g, z, f, h, w), conv(g, y, f, f, 1))
        return g.op("Mul", x, g.op("Sigmoid", conv(g, z, f, c, 1)))

    def block(x):
        ds = []
        for _ in range(3):
            ds.append(a(g, conv(g, x, c, d, 1)))
            x = a(g, g.op("Add", conv(g, x, c, c, 3), x))
        ds.append(a(g, conv(g, x, c, d, 3)))
        return esa(conv(g, concat(g, *ds), 4 * d, c, 1))

    x = s = conv(g, g.input(1, 3, h, w), 3, c, 3)
    outs = []
    for _ in range(n):
        x = block(x)
        outs.append(x)
    y = a(g, conv(g, concat(g, *outs), n * c, c, 1))
    y = g.op("Add", conv(g, y, c, c, 3), s)
    return shuffled_up(g, conv(g, y, c, 3 * up * up, 3), up)


def pan_x4(g: Builder, e: int, c: int = 40, n: int = 16) -> str:
    """PAN: each half of a block, one of them gated pixel by pixel; enlarged twice by the nearest."""
    a, img = leaky_of(0.2), g.input(1, 3, e, e)
    k = lambda x, ci, co, n=3, bias=False: conv(g, x, ci, co, n, bias=bias)
    x = s = conv(g, img, 3, c, 3)
    for _ in range(n):
        r, d = x, c // 2
        p, q = a(g, k(x, c, d, 1)), a(g, k(x, c, d, 1))
        p = a(g, k(p, d, d))
        q = g.op("Mul", k(q, d, d), g.op("Sigmoid", k(q, d, d, 1, True)))
        q = a(g, k(q, d, d))
        x = g.op("Add", k(concat(g, p, q), c, c, 1), r)
    x, ci = g.op("Add", s, conv(g, x, c, c, 3)), c
    for _ in range(2):
        x = conv(g, enlarged(g, x, 2, "nearest"), ci, 24, 3)
        x = a(g, g.op("Mul", x, g.op("Sigmoid", conv(g, x, 24, 24, 1))))
        x, ci = a(g, conv(g, x, 24, 24, 3)), 24
    return g.op("Add", conv(g, x, 24, 3, 3), enlarged(g, img, 4))


def lapsrn(g: Builder, e: int) -> list[str]:
    """LapSRN: a pyramid of two levels, ten convolutions each, on the brightness alone."""
    a = leaky_of(0.2)
    img = g.input(1, 1, e, e)
    x, outs = a(g, conv(g, img, 1, 64, 3)), []
    for _ in range(2):
        for _ in range(10):
            x = a(g, conv(g, x, 64, 64, 3))
        x = doubled(g, x, 64, 64, a)
        img = g.op("Add", doubled(g, img, 1, 1), conv(g, x, 64, 1, 3))
        outs.append(img)
    return outs


def controlnet_hint(g: Builder, e: int) -> str:
    """ControlNet's encoder of the hint: a picture down to an eighth."""
    x, ci = silu(g, conv(g, g.input(1, 3, e, e), 3, 16, 3)), 16
    for co, s in ((16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2)):
        x, ci = activated(g, x, ci, co, 3, s), co
    return conv(g, x, 256, 320, 3)


POPULAR_PICTURES = {
    "flownet_s_256x448": ("CNN", lambda g: flownet_s(g, 256, 448)),
    "rfdn_x2_180x320": ("CNN", lambda g: rfdn(g, 180, 320)),
    "controlnet_hint_512": ("CNN", lambda g: controlnet_hint(g, 512)),
    "pan_x4_128": ("CNN", lambda g: pan_x4(g, 128)),
    "pwc_context_64x112": ("CNN", lambda g: pwc_context(g, 64, 112)),
    "lapsrn_x4_96": ("CNN", lambda g: lapsrn(g, 96)),
}  # fmt: skip
