"""Pictures to pictures: enlarging, brightening, depth, image decoders."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import (
    activated,
    concat,
    relu,
)
from tests.vendor.nets.layers import (
    conv,
    enlarged,
    silu,
)
from tests.vendor.nets.usual_pieces import (
    pooled,
    prelu,
)


def imdn(g: Builder, size: int, n: int = 6, w: int = 64, scale: int = 2) -> str:
    """IMDN: a quarter of the channels put aside after each convolution; attention by contrast."""
    l5 = lambda g, x: g.op("LeakyRelu", x, alpha=0.05)
    d = w // 4
    f = x = conv(g, g.input(1, 3, size, size), 3, w, 3)
    outs = []
    for _ in range(n):
        y, kept = (x, [])
        for q in range(3):
            y = activated(g, y, w if q == 0 else w - d, w, 3, act=l5)
            k, y = g.op("Split", y, g.const([d, w - d]), count=2, axis=1)
            kept.append(k)
        kept.append(conv(g, y, w - d, d, 3))
        y = concat(g, *kept)
        m = g.op("ReduceMean", y, axes=[2, 3], keepdims=1)
        c = g.op("Sub", y, m)
        sd = g.op("Sqrt", g.op("ReduceMean", g.op("Mul", c, c), axes=[2, 3], keepdims=1))
        a = g.op("Add", sd, g.op("GlobalAveragePool", y))
        a = g.op("Sigmoid", conv(g, relu(g, conv(g, a, w, 4, 1)), 4, w, 1))
        x = g.op("Add", conv(g, g.op("Mul", y, a), w, w, 1), x)
        outs.append(x)
    y = conv(g, activated(g, concat(g, *outs), n * w, w, act=l5), w, w, 3)
    y = conv(g, g.op("Add", y, f), w, 3 * scale * scale, 3)
    return g.op("DepthToSpace", y, blocksize=scale, mode="CRD")


def ecbsr(g: Builder, h: int, w: int, n: int = 4, c: int = 16, scale: int = 2) -> str:
    """ECBSR as it is deployed: a few 3 x 3 convolutions on luminance."""
    i = g.input(1, 1, h, w)
    x = prelu(g, conv(g, i, 1, c, 3), c)
    for _ in range(n):
        x = prelu(g, conv(g, x, c, c, 3), c)
    x = g.op("Add", conv(g, x, c, scale * scale, 3), i)
    return g.op("DepthToSpace", x, blocksize=scale, mode="DCR")


def zero_dce(g: Builder, size: int) -> list[str]:
    """Zero-DCE: eight curves applied to a dark picture."""
    i = g.input(1, 3, size, size)
    x1 = activated(g, i, 3, 32, 3, act=relu)
    x2 = activated(g, x1, 32, 32, 3, act=relu)
    x3 = activated(g, x2, 32, 32, 3, act=relu)
    x4 = activated(g, x3, 32, 32, 3, act=relu)
    x5 = activated(g, concat(g, x3, x4), 64, 32, 3, act=relu)
    x6 = activated(g, concat(g, x2, x5), 64, 32, 3, act=relu)
    r = g.op("Tanh", conv(g, concat(g, x1, x6), 64, 24, 3))
    x = i
    for a in g.op("Split", r, count=8, axis=1):
        x = g.op("Add", x, g.op("Mul", a, g.op("Sub", g.op("Pow", x, g.const(2.0)), x)))
    return [x, r]


def monodepth2(g: Builder, h: int, w: int) -> list[str]:
    """Monodepth2: ResNet-18, padding by reflection, ELU."""
    elu = lambda g, x: g.op("Elu", x)
    x = relu(g, conv(g, g.input(1, 3, h, w), 3, 64, 7, 2))
    f, ci, y = ([(x, 64)], 64, pooled(g, x, 3, 2, 1))
    for j in range(4):
        c = 64 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            z = conv(g, activated(g, y, ci, c, 3, s, act=relu), c, c, 3)
            y, ci = (relu(g, g.op("Add", z, y if s == 1 and ci == c else conv(g, y, ci, c, 1, s))), c)
        f.append((y, c))

    def r3(x, a, b):
        x = g.op("Pad", x, g.const([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
        return g.op("Conv", x, g.weight(b, a, 3, 3), g.weight(b))

    x, ci = f[4]
    outs = []
    for i, co in zip((4, 3, 2, 1, 0), (256, 128, 64, 32, 16), strict=True):
        x = enlarged(g, elu(g, r3(x, ci, co)), 2, "nearest")
        ci = co
        if i:
            x, ci = (concat(g, x, f[i - 1][0]), co + f[i - 1][1])
        x, ci = (elu(g, r3(x, ci, co)), co)
        if i == 0:
            outs.append(g.op("Sigmoid", r3(x, co, 1)))
    return outs


def taesd(g: Builder, e: int) -> str:
    """TAESD's decoder."""

    def block(x):
        y = conv(g, activated(g, activated(g, x, 64, 64, 3, act=relu), 64, 64, 3, act=relu), 64, 64, 3)
        return relu(g, g.op("Add", y, x))

    x = g.op("Mul", g.op("Tanh", g.op("Mul", g.input(1, 4, e, e), g.const(1 / 3))), g.const(3.0))
    x = activated(g, x, 4, 64, 3, act=relu)
    for _ in range(3):
        for _ in range(3):
            x = block(x)
        x = g.op("Conv", enlarged(g, x, 2, "nearest"), g.weight(64, 64, 3, 3), pads=[1] * 4)
    return conv(g, block(x), 64, 3, 3)


def gnorm(g: Builder, x: str, c: int, e: int, groups: int = 32) -> str:
    """Group normalisation as exported by PyTorch."""
    ones, zeros = (g.const(np.ones(groups, np.float16)), g.const(np.zeros(groups, np.float16)))
    y = g.op(
        "InstanceNormalization", g.op("Reshape", x, g.const([0, groups, -1])), ones, zeros, epsilon=1e-06
    )
    y = g.op("Reshape", y, g.const([1, c, e, e]))
    return g.op("Add", g.op("Mul", y, g.weight(c, 1, 1)), g.weight(c, 1, 1))


def vae_up(g: Builder, e: int, a: int, b: int, n: int = 3) -> str:
    """An up block of Stable Diffusion's image decoder, then twice the size."""
    x, ci = (g.input(1, a, e, e), a)
    for _ in range(n):
        y = conv(g, silu(g, gnorm(g, x, ci, e)), ci, b, 3)
        y = conv(g, silu(g, gnorm(g, y, b, e)), b, b, 3)
        x, ci = (g.op("Add", y, conv(g, x, ci, b, 1) if ci != b else x), b)
    return conv(g, enlarged(g, x, 2, "nearest"), b, b, 3)


USUAL_PICTURES = {
    "imdn_x2_160": ("CNN", lambda g: imdn(g, 160)),
    "ecbsr_x2_360x640": ("CNN", lambda g: ecbsr(g, 360, 640)),
    "zero_dce_320": ("CNN", lambda g: zero_dce(g, 320)),
    "monodepth2_192x640": ("CNN", lambda g: monodepth2(g, 192, 640)),
    "taesd_dec_48": ("CNN", lambda g: taesd(g, 48)),
    "vae_up_64": ("CNN", lambda g: vae_up(g, 64, 512, 256, 2)),
}  # fmt: skip
