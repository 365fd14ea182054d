"""Other detectors: Faster R-CNN up to its proposals, FCOS, PP-YOLOE."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3L, mobilenet_v3_maps, shared_kernel
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.usual_pieces import hard_sigmoid, hswish, pooled


def frcnn_rpn(g: Builder, h: int, w: int) -> list[str]:
    """MobileNetV3-large, a pyramid of two levels, proposals by kernels that three levels share."""
    f = mobilenet_v3_maps(g, g.input(1, 3, h, w), V3L)
    c4, (x, _) = f[12][0], f[14]
    c5 = activated(g, x, 160, 960, act=hswish)
    p5 = conv(g, c5, 960, 256, 1)
    p4 = g.op("Add", conv(g, c4, 160, 256, 1), p5)
    p4, p5 = conv(g, p4, 256, 256, 3), conv(g, p5, 256, 256, 3)
    outs, A, B, D = (
        [],
        shared_kernel(g, 256, 256, 3),
        shared_kernel(g, 256, 15, 1),
        shared_kernel(g, 256, 60, 1),
    )
    for t in (p4, p5, pooled(g, p5, 1, 2)):
        y = relu(g, A(t))
        outs += [B(y), D(y)]
    return [p4, p5, *outs]


def fcos(g: Builder, size: int) -> list[str]:
    """FCOS on ResNet-50: five levels, towers of shared kernels and normalised groups."""
    f = resnet(g, size, (3, 4, 6, 3), True, True)[1:]
    p = [conv(g, t, c, 256, 1) for t, c in f]
    for i in (1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    p = [conv(g, t, 256, 256, 3) for t in p]
    p.append(conv(g, p[2], 256, 256, 3, 2))
    p.append(conv(g, relu(g, p[3]), 256, 256, 3, 2))
    cls, box = [], []
    e = size // 8
    A, B = (
        [(shared_kernel(g, 256, 256, 3), g.weight(256, 1, 1), g.weight(256, 1, 1)) for _ in range(4)]
        for _ in range(2)
    )
    A1, B1, B2 = shared_kernel(g, 256, 91, 3), shared_kernel(g, 256, 4, 3), shared_kernel(g, 256, 1, 3)
    ones, zeros = g.const(np.ones(32, np.float16)), g.const(np.zeros(32, np.float16))

    def tower(x, layers, e):
        for k, scale, shift in layers:
            y = g.op(
                "InstanceNormalization",
                g.op("Reshape", k(x), g.const([0, 32, -1])),
                ones,
                zeros,
                epsilon=1e-5,
            )
            y = g.op("Reshape", y, g.const([1, 256, e, e]))
            x = relu(g, g.op("Add", g.op("Mul", y, scale), shift))
        return x

    for t in p:
        a, b = tower(t, A, e), tower(t, B, e)
        flat = lambda y, n, e=e: g.op("Transpose", g.op("Reshape", y, g.const([1, n, e * e])), perm=[0, 2, 1])
        cls.append(flat(A1(a), 91))
        box.append(flat(concat(g, relu(g, B1(b)), B2(b)), 5))
        e = (e + 1) // 2
    return [concat(g, *cls), concat(g, *box)]


def ppyoloe(g: Builder, size: int) -> list[str]:
    """PP-YOLOE-s: gates on whole stages, heads weighed by the mean of their level."""

    def block(x, c, add):
        y = activated(g, activated(g, x, c, c, 3), c, c, 3)
        return g.op("Add", x, y) if add else y

    def ese(x, c):
        return g.op("Mul", x, hard_sigmoid(g, conv(g, g.op("GlobalAveragePool", x), c, c, 1)))

    x = activated(g, activated(g, activated(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 16, 3), 16, 32, 3)
    f, ci = [], 32
    for co, n in ((64, 1), (128, 2), (256, 2), (512, 1)):
        m = (ci + co) // 2
        x = activated(g, x, ci, m, 3, 2)
        a, b = activated(g, x, m, m // 2), activated(g, x, m, m // 2)
        for _ in range(n):
            b = block(b, m // 2, True)
        x, ci = activated(g, ese(concat(g, a, b), m), m, co), co
        f.append(x)

    def stage(x, a, b, spp=False):
        h = b // 2
        u, v = activated(g, x, a, h), activated(g, x, a, h)
        v = block(v, h, False)
        if spp:
            v = activated(g, concat(g, v, *(pooled(g, v, k, 1, k // 2) for k in (5, 9, 13))), 4 * h, h)
        return activated(g, concat(g, u, v), b, b)

    n5 = stage(f[3], 512, 384, True)
    n4 = stage(concat(g, enlarged(g, activated(g, n5, 384, 192), 2, "nearest"), f[2]), 448, 192)
    n3 = stage(concat(g, enlarged(g, activated(g, n4, 192, 96), 2, "nearest"), f[1]), 224, 96)
    n4 = stage(concat(g, activated(g, n3, 96, 96, 3, 2), n4), 288, 192)
    n5 = stage(concat(g, activated(g, n4, 192, 192, 3, 2), n5), 576, 384)
    cls, box = [], []
    for t, c, s in ((n5, 384, 32), (n4, 192, 16), (n3, 96, 8)):
        e = size // s
        m = g.op("GlobalAveragePool", t)
        gate = lambda t=t, m=m, c=c: activated(g, g.op("Mul", t, g.op("Sigmoid", conv(g, m, c, c, 1))), c, c)
        y = conv(g, g.op("Add", gate(), t), c, 80, 3)
        cls.append(g.op("Reshape", g.op("Sigmoid", y), g.const([1, 80, e * e])))
        y = g.op("Reshape", conv(g, gate(), c, 68, 3), g.const([1, 4, 17, e * e]))
        y = g.op("Softmax", g.op("Transpose", y, perm=[0, 2, 1, 3]), axis=1)
        box.append(g.op("Reshape", g.op("Conv", y, g.weight(1, 17, 1, 1)), g.const([1, 4, e * e])))
    return [concat(g, *cls, axis=2), g.op("Transpose", concat(g, *box, axis=2), perm=[0, 2, 1])]


COMMON_DETECTORS = {
    "frcnn_mnv3_rpn_384x512": ("CNN", lambda g: frcnn_rpn(g, 384, 512)),
    "fcos_r50_320": ("CNN", lambda g: fcos(g, 320)),
    "ppyoloe_s_416": ("CNN", lambda g: ppyoloe(g, 416)),
}  # fmt: skip
