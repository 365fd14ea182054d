"""Other detectors for phones: NanoDet, PicoDet, CenterNet, SSDLite."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import (
    activated,
    concat,
    halves,
    relu,
    resnet,
)
from tests.vendor.nets.layers import (
    conv,
    enlarged,
)
from tests.vendor.nets.usual_pieces import (
    hard_squeezed,
    hswish,
    leaky,
    pooled,
    relu6,
    shuffled,
)


def nanodet_plus(g: Builder, size: int) -> str:
    """ShuffleNetV2 1.0x, Ghost-PAN of 96 channels, four levels, depthwise 5x5 towers; LeakyReLU."""
    l01 = leaky
    x, ci, e, f = (
        pooled(g, activated(g, g.input(1, 3, size, size), 3, 24, 3, 2, act=l01), 3, 2, 1),
        24,
        size // 4,
        [],
    )
    for co, n in ((116, 4), (232, 8), (464, 4)):
        h, e = (co // 2, e // 2)
        a = activated(g, conv(g, x, ci, ci, 3, 2, ci), ci, h, act=l01)
        b = activated(g, conv(g, activated(g, x, ci, h, act=l01), h, h, 3, 2, h), h, h, act=l01)
        x = shuffled(g, concat(g, a, b), co, e, e)
        for _ in range(n - 1):
            a, b = halves(g, x, h)
            x = shuffled(
                g,
                concat(
                    g, a, activated(g, conv(g, activated(g, b, h, h, act=l01), h, h, 3, 1, h), h, h, act=l01)
                ),
                co,
                e,
                e,
            )
        ci = co
        f.append(activated(g, x, co, 96, act=l01))

    def ghost(x, a, b, act=True):
        h = b // 2
        u = activated(g, x, a, h, act=l01) if act else conv(g, x, a, h, 1)
        v = activated(g, u, h, h, 3, 1, h, act=l01) if act else conv(g, u, h, h, 3, 1, h)
        return concat(g, u, v)

    def block(x):
        y = ghost(ghost(x, 192, 96), 96, 96, False)
        s = conv(g, conv(g, x, 192, 192, 5, 1, 192), 192, 96, 1)
        return g.op("Add", y, s)

    def dw(x, s):
        return activated(g, activated(g, x, 96, 96, 5, s, 96, act=l01), 96, 96, act=l01)

    p3, p4, p5 = f
    n4 = block(concat(g, enlarged(g, p5, 2), p4))
    n3 = block(concat(g, enlarged(g, n4, 2), p3))
    n4 = block(concat(g, dw(n3, 2), n4))
    n5 = block(concat(g, dw(n4, 2), p5))
    n6 = g.op("Add", dw(p5, 2), dw(n5, 2))
    outs = []
    for t, s in ((n3, 8), (n4, 16), (n5, 32), (n6, 64)):
        y = conv(g, dw(dw(t, 1), 1), 96, 112, 1)
        c, r = g.op("Split", y, g.const([80, 32]), count=2, axis=1)
        e = -(-size // s)
        outs.append(g.op("Reshape", concat(g, g.op("Sigmoid", c), r), g.const([1, 112, e * e])))
    return g.op("Transpose", concat(g, *outs, axis=2), perm=[0, 2, 1])


def picodet(g: Builder, size: int, k: float = 0.75, ch: int = 96) -> list[str]:
    """PP-PicoDet-s: PP-LCNet 0.75 with HardSwish, CSP-PAN, four levels, shared depthwise head."""
    r = lambda c: int(c * k)

    def dp(x, a, b, kk, s, gate=False):
        y = activated(g, x, a, a, kk, s, a, act=hswish)
        if gate:
            y = hard_squeezed(g, y, a, a // 4)
        return activated(g, y, a, b, act=hswish)

    x, ci, f = (activated(g, g.input(1, 3, size, size), 3, r(16), 3, 2, act=hswish), r(16), [])
    for kk, co, s, gate in (
        (3, 32, 1, 0),
        (3, 64, 2, 0),
        (3, 64, 1, 0),
        (3, 128, 2, 0),
        (3, 128, 1, 0),
        (3, 256, 2, 0),
        *((5, 256, 1, 0),) * 5,
        (5, 512, 2, 1),
        (5, 512, 1, 1),
    ):
        if s == 2 and co >= 256:
            f.append((x, ci))
        x, ci = (dp(x, ci, r(co), kk, s, gate), r(co))
    f.append((x, ci))
    p3, p4, p5 = (activated(g, t, c, ch, act=hswish) for t, c in f)

    def csp(x):
        h = ch // 2
        a, b = (activated(g, x, 2 * ch, h, act=hswish), activated(g, x, 2 * ch, h, act=hswish))
        y = activated(g, a, h, h, act=hswish)
        y = activated(g, activated(g, y, h, h, 5, 1, h, act=hswish), h, h, act=hswish)
        return activated(g, concat(g, y, b), ch, ch, act=hswish)

    def dw(x, s):
        return activated(g, activated(g, x, ch, ch, 5, s, ch, act=hswish), ch, ch, act=hswish)

    p6 = dw(p5, 2)
    n4 = csp(concat(g, enlarged(g, p5, 2, "nearest"), p4))
    n3 = csp(concat(g, enlarged(g, n4, 2, "nearest"), p3))
    n4 = csp(concat(g, dw(n3, 2), n4))
    n5 = csp(concat(g, dw(n4, 2), p5))
    n6 = g.op("Add", p6, dw(n5, 2))
    cls, box = ([], [])
    for t, s in ((n3, 8), (n4, 16), (n5, 32), (n6, 64)):
        t = dw(dw(t, 1), 1)
        y = conv(g, t, ch, 112, 1)
        a, b = g.op("Split", y, g.const([80, 32]), count=2, axis=1)
        e = -(-size // s)
        cls.append(g.op("Reshape", g.op("Sigmoid", a), g.const([1, 80, e * e])))
        b = g.op("Reshape", g.op("Transpose", b, perm=[0, 2, 3, 1]), g.const([4 * e * e, 8]))
        b = g.op("MatMul", g.op("Softmax", b, axis=-1), g.const(np.arange(8.0).reshape(8, 1)))
        box.append(g.op("Reshape", b, g.const([1, e * e, 4])))
    return [concat(g, *cls, axis=2), concat(g, *box)]


def centernet_r18(g: Builder, size: int) -> list[str]:
    """CenterNet on ResNet-18, transposed convolutions; peaks found by pooling."""
    x, ci = resnet(g, size, (2, 2, 2, 2), False, True)[-1]
    for co in (256, 128, 64):
        x = relu(
            g, g.op("ConvTranspose", x, g.weight(ci, co, 4, 4), g.weight(co), strides=[2, 2], pads=[1] * 4)
        )
        ci = co
    hm = g.op("Sigmoid", conv(g, activated(g, x, 64, 64, 3, act=relu), 64, 80, 1))
    peak = pooled(g, hm, 3, 1, 1)
    return [hm, peak, *(conv(g, activated(g, x, 64, 64, 3, act=relu), 64, 2, 1) for _ in range(2))]


def ssdlite_v3(g: Builder, size: int) -> list[str]:
    """SSDLite320 on MobileNet-V3-large (reduced tail), six levels."""
    x, ci = (activated(g, g.input(1, 3, size, size), 3, 16, 3, 2, act=hswish), 16)
    f = []
    for k, t, co, gate, act, s in (
        (3, 16, 16, 0, relu, 1),
        (3, 64, 24, 0, relu, 2),
        (3, 72, 24, 0, relu, 1),
        (5, 72, 40, 1, relu, 2),
        (5, 120, 40, 1, relu, 1),
        (5, 120, 40, 1, relu, 1),
        (3, 240, 80, 0, hswish, 2),
        (3, 200, 80, 0, hswish, 1),
        (3, 184, 80, 0, hswish, 1),
        (3, 184, 80, 0, hswish, 1),
        (3, 480, 112, 1, hswish, 1),
        (3, 672, 112, 1, hswish, 1),
        (5, 672, 80, 1, hswish, 2),
        (5, 480, 80, 1, hswish, 1),
        (5, 480, 80, 1, hswish, 1),
    ):
        y = activated(g, x, ci, t, act=act) if t != ci else x
        if s == 2 and co == 80 and (t == 672):
            f.append((y, t))
        y = activated(g, y, t, t, k, s, t, act=act)
        if gate:
            y = hard_squeezed(g, y, t, max(8, t // 4 // 8 * 8))
        y = conv(g, y, t, co, 1)
        x, ci = (g.op("Add", y, x) if s == 1 and ci == co else y, co)
    x = activated(g, x, 80, 480, act=hswish)
    f.append((x, 480))
    ci = 480
    for co in (512, 256, 256, 128):
        h = co // 2
        x = activated(
            g, activated(g, activated(g, x, ci, h, act=relu6), h, h, 3, 2, h, act=relu6), h, co, act=relu6
        )
        ci = co
        f.append((x, co))
    e, loc, cls = (size // 16, [], [])
    for t, c in f:
        for k, outs in ((4, loc), (91, cls)):
            y = conv(g, activated(g, t, c, c, 3, 1, c, act=relu6), c, 6 * k, 1)
            y = g.op("Transpose", g.op("Reshape", y, g.const([1, 6, k, e, e])), perm=[0, 3, 4, 1, 2])
            outs.append(g.op("Reshape", y, g.const([1, 6 * e * e, k])))
        e = (e + 1) // 2
    return [concat(g, *loc), g.op("Softmax", concat(g, *cls), axis=-1)]


USUAL_DETECTORS = {
    "nanodet_plus_416": ("CNN", lambda g: nanodet_plus(g, 416)),
    "centernet_r18_384": ("CNN", lambda g: centernet_r18(g, 384)),
    "ssdlite_mnv3_320": ("CNN", lambda g: ssdlite_v3(g, 320)),
    "picodet_s_320": ("CNN", lambda g: picodet(g, 320)),
}  # fmt: skip
