"""A class a pixel: DeepLabV3, FPN, PIDNet, BiSeNet, attention U-Net."""

from collections.abc import Sequence

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, dilated, enlarged
from tests.vendor.nets.usual_pieces import pooled, resized


def deeplabv3_r50(g: Builder, size: int, classes: int = 21) -> str:
    """DeepLabV3 on ResNet-50 at an eighth: three dilated branches and the mean."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, size, size), 3, 64, 7, 2), 3, 2, 1), 64
    for j, n in enumerate((3, 4, 6, 3)):
        w, co = 64 << j, 256 << j
        for i in range(n):
            s = 2 if i == 0 and j == 1 else 1
            r = 1 if j < 2 else (j - 1) * 2 if i else max(1, (j - 2) * 2)
            y = conv_relu(g, x, ci, w, 1)
            y = conv_relu(g, y, w, w, 3, s) if r == 1 else dilated(g, y, w, w, r)
            y = conv(g, y, w, co, 1)
            x, ci = relu(g, g.op("Add", y, x if i else conv(g, x, ci, co, 1, s))), co
    e = size // 8
    a = [
        conv_relu(g, x, 2048, 256, 1),
        *(dilated(g, x, 2048, 256, r) for r in (12, 24, 36)),
        resized(g, conv_relu(g, g.op("GlobalAveragePool", x), 2048, 256, 1), 256, e, e),
    ]
    y = conv_relu(g, conv_relu(g, concat(g, *a), 1280, 256, 1), 256, 256, 3)
    return resized(g, conv(g, y, 256, classes, 1), classes, size, size)


def fpn_r18(g: Builder, size: int, classes: int = 1) -> str:
    """A pyramid on ResNet-18, each level enlarged and normalised in turn, all added."""
    f = resnet(g, size, (2, 2, 2, 2), False, True)
    p = [conv(g, t, c, 256, 1) for t, c in f]
    for i in (2, 1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    ones, zeros = g.const(np.ones(32, np.float16)), g.const(np.zeros(32, np.float16))

    def block(x, a, e):
        y = g.op(
            "InstanceNormalization",
            g.op("Reshape", conv(g, x, a, 128, 3), g.const([0, 32, -1])),
            ones,
            zeros,
            epsilon=1e-5,
        )
        y = g.op("Reshape", y, g.const([1, 128, e, e]))
        return relu(g, g.op("Add", g.op("Mul", y, g.weight(128, 1, 1)), g.weight(128, 1, 1)))

    s = None
    for i in range(4):
        x, e = p[i], size // (4 << i)
        x = block(x, 256, e)
        for q in range(i):
            x = enlarged(g, x, 2)
            e *= 2
            if q < i - 1:
                x = block(x, 128, e)
        s = x if s is None else g.op("Add", s, x)
    return g.op("Sigmoid", enlarged(g, conv(g, s, 128, classes, 1), 4))


def pidnet_s(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """PIDNet-S: details, context and borders in three branches that gate each other."""

    def basic(x, a, b, s=1, last=True):
        y = conv(g, conv_relu(g, x, a, b, 3, s), b, b, 3)
        y = g.op("Add", y, x if a == b and s == 1 else conv(g, x, a, b, 1, s))
        return relu(g, y) if last else y

    def bott(x, a, m, s=1):
        y = conv(g, conv_relu(g, conv_relu(g, x, a, m, 1), m, m, 3, s), m, 2 * m, 1)
        return g.op("Add", y, conv(g, x, a, 2 * m, 1, s))

    def up(x, c, d):
        return resized(g, x, c, h // d, w // d)

    def pag(x, y, c, m):
        q = up(conv(g, y, c, m, 1), m, 8)
        k = conv(g, x, c, m, 1)
        s = g.op("Sigmoid", g.op("ReduceSum", g.op("Mul", k, q), g.const([1]), keepdims=1))
        return g.op("Add", g.op("Mul", g.op("Sub", g.const(1.0), s), x), g.op("Mul", s, up(y, c, 8)))

    x = conv_relu(g, conv_relu(g, g.input(1, 3, h, w), 3, 32, 3, 2), 32, 32, 3, 2)
    x = relu(g, basic(basic(x, 32, 32), 32, 32, last=False))
    x = relu(g, basic(basic(x, 32, 64, 2), 64, 64, last=False))
    p = basic(basic(x, 64, 64), 64, 64, last=False)
    d = basic(x, 64, 32, last=False)
    x = relu(g, basic(basic(basic(x, 64, 128, 2), 128, 128), 128, 128, last=False))
    p = pag(p, conv(g, x, 128, 64, 1), 64, 32)
    d = g.op("Add", d, up(conv(g, x, 128, 32, 3), 32, 8))
    x = relu(g, basic(basic(basic(x, 128, 256, 2), 256, 256), 256, 256, last=False))
    p = basic(basic(relu(g, p), 64, 64), 64, 64, last=False)
    d = bott(relu(g, d), 32, 32)
    p = pag(p, conv(g, x, 256, 64, 1), 64, 32)
    d = g.op("Add", d, up(conv(g, x, 256, 64, 3), 64, 8))
    p, d = bott(relu(g, p), 64, 64), bott(relu(g, d), 64, 64)
    x = bott(relu(g, bott(x, 256, 256, 2)), 512, 256)
    x0 = conv(g, relu(g, x), 512, 96, 1)
    ss = []
    for k, s in ((5, 2), (9, 4), (17, 8), (0, 0)):
        how = {"kernel_shape": [k, k], "strides": [s, s], "pads": [k // 2] * 4, "count_include_pad": 1}
        t = g.op("AveragePool", x, **how) if k else g.op("GlobalAveragePool", x)
        ss.append(g.op("Add", resized(g, conv(g, relu(g, t), 512, 96, 1), 96, h // 64, w // 64), x0))
    t = conv(g, relu(g, concat(g, *ss)), 384, 384, 3, 1, 4)
    x = g.op("Add", conv(g, relu(g, concat(g, x0, t)), 480, 128, 1), conv(g, relu(g, x), 512, 128, 1))
    x = up(x, 128, 8)
    e = g.op("Sigmoid", d)
    a = conv(g, g.op("Add", g.op("Mul", g.op("Sub", g.const(1.0), e), x), p), 128, 128, 1)
    b = conv(g, g.op("Add", x, g.op("Mul", e, p)), 128, 128, 1)
    y = relu(g, conv(g, relu(g, g.op("Add", a, b)), 128, 128, 3))
    return resized(g, conv(g, y, 128, classes, 1), classes, h, w)


def bisenet_v1(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """BiSeNet on ResNet-18: a shallow branch beside a deep one."""
    i = g.input(1, 3, h, w)
    sp = conv_relu(
        g, conv_relu(g, conv_relu(g, conv_relu(g, i, 3, 64, 7, 2), 64, 64, 3, 2), 64, 64, 3, 2), 64, 128, 1
    )
    x, ci, f = pooled(g, conv_relu(g, i, 3, 64, 7, 2), 3, 2, 1), 64, []
    for j in range(4):
        c = 64 << j
        for q in range(2):
            s = 2 if q == 0 and j else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 and ci == c else conv(g, x, ci, c, 1, s))), c
        f.append(x)

    def arm(x, a):
        y = conv_relu(g, x, a, 128, 3)
        return g.op("Mul", y, g.op("Sigmoid", conv(g, g.op("GlobalAveragePool", y), 128, 128, 1)))

    avg = conv_relu(g, g.op("GlobalAveragePool", f[3]), 512, 128, 1)
    a32 = g.op("Add", arm(f[3], 512), avg)
    u32 = conv_relu(g, enlarged(g, a32, 2, "nearest"), 128, 128, 3)
    u16 = conv_relu(g, enlarged(g, g.op("Add", arm(f[2], 256), u32), 2, "nearest"), 128, 128, 3)
    y = conv_relu(g, concat(g, sp, u16), 256, 256, 1)
    m = g.op("Sigmoid", conv(g, relu(g, conv(g, g.op("GlobalAveragePool", y), 256, 64, 1)), 64, 256, 1))
    y = g.op("Add", g.op("Mul", y, m), y)
    return enlarged(g, conv(g, conv_relu(g, y, 256, 256, 3), 256, classes, 1), 8)


def attention_unet(g: Builder, size: int, ws: Sequence[int] = (64, 128, 256, 512, 1024)) -> str:
    """A U-Net whose skips are gated by what is enlarged beneath them."""

    def two(x, a, b):
        return conv_relu(g, conv_relu(g, x, a, b, 3), b, b, 3)

    x, ci, f = g.input(1, 3, size, size), 3, []
    for i, c in enumerate(ws):
        x, ci = two(pooled(g, x, 2, 2) if i else x, ci, c), c
        f.append(x)
    for s, c in zip(reversed(f[:-1]), reversed(ws[:-1]), strict=True):
        d = conv_relu(g, enlarged(g, x, 2, "nearest"), ci, c, 3)
        a = relu(g, g.op("Add", conv(g, d, c, c // 2, 1), conv(g, s, c, c // 2, 1)))
        s = g.op("Mul", s, g.op("Sigmoid", conv(g, a, c // 2, 1, 1)))
        x, ci = two(concat(g, s, d), 2 * c, c), c
    return conv(g, x, ws[0], 1, 1)


COMMON_MAPS = {
    "deeplabv3_r50_320": ("CNN", lambda g: deeplabv3_r50(g, 320)),
    "fpn_r18_384": ("CNN", lambda g: fpn_r18(g, 384)),
    "pidnet_s_384x512": ("CNN", lambda g: pidnet_s(g, 384, 512)),
    "bisenet_v1_r18_384x640": ("CNN", lambda g: bisenet_v1(g, 384, 640)),
    "attention_unet_256": ("CNN", lambda g: attention_unet(g, 256)),
}  # fmt: skip
