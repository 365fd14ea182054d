"""YOLOX, v3-tiny, v9 and v10."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_detectors import dfl_head, sppf
from tests.vendor.nets.everyday_pieces import activated, concat, halves
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.usual_pieces import leaky, pooled


def yolox(g: Builder, size: int, w: int, d: int) -> str:
    """YOLOX: every second pixel into channels, branches for classes and boxes apart."""
    c = [w, 2 * w, 4 * w, 8 * w, 16 * w]

    def csp(x, ci, co, n, add=True):
        h = co // 2
        a, b = (activated(g, x, ci, h), activated(g, x, ci, h))
        for _ in range(n):
            y = activated(g, activated(g, a, h, h), h, h, 3)
            a = g.op("Add", y, a) if add else y
        return activated(g, concat(g, a, b), 2 * h, co)

    i = g.input(1, 3, size, size)

    def every(a, b):
        return g.op("Slice", i, g.const([a, b]), g.const([2**31, 2**31]), g.const([2, 3]), g.const([2, 2]))

    x, f = (activated(g, concat(g, every(0, 0), every(1, 0), every(0, 1), every(1, 1)), 12, w, 3), [])
    for j, n in zip(range(1, 5), (d, 3 * d, 3 * d, d), strict=True):
        x = activated(g, x, c[j - 1], c[j], 3, 2)
        if j == 4:
            p = activated(g, x, c[4], c[3])
            x = activated(g, concat(g, p, *(pooled(g, p, k, 1, k // 2) for k in (5, 9, 13))), 4 * c[3], c[4])
        x = csp(x, c[j], c[j], n, j != 4)
        f.append(x)
    p3, p4, p5 = f[1:]
    t5 = activated(g, p5, c[4], c[3])
    n4 = csp(concat(g, enlarged(g, t5, 2, "nearest"), p4), 2 * c[3], c[3], d, False)
    t4 = activated(g, n4, c[3], c[2])
    n3 = csp(concat(g, enlarged(g, t4, 2, "nearest"), p3), 2 * c[2], c[2], d, False)
    n4 = csp(concat(g, activated(g, n3, c[2], c[2], 3, 2), t4), 2 * c[2], c[3], d, False)
    n5 = csp(concat(g, activated(g, n4, c[3], c[3], 3, 2), t5), 2 * c[3], c[4], d, False)
    outs, m = ([], c[2])
    for x, ch, s in ((n3, c[2], 8), (n4, c[3], 16), (n5, c[4], 32)):
        e = size // s
        x = activated(g, x, ch, m)
        a = activated(g, activated(g, x, m, m, 3), m, m, 3)
        b = activated(g, activated(g, x, m, m, 3), m, m, 3)
        y = concat(
            g,
            conv(g, b, m, 4, 1),
            g.op("Sigmoid", conv(g, b, m, 1, 1)),
            g.op("Sigmoid", conv(g, a, m, 80, 1)),
        )
        outs.append(g.op("Reshape", y, g.const([1, 85, e * e])))
    return g.op("Transpose", concat(g, *outs, axis=2), perm=[0, 2, 1])


def yolov3_tiny(g: Builder, size: int) -> str:
    """YOLOv3-tiny with its boxes decoded by sigmoids."""
    x, ci = (g.input(1, 3, size, size), 3)
    for co in (16, 32, 64, 128):
        x, ci = (pooled(g, activated(g, x, ci, co, 3, act=leaky), 2, 2), co)
    f = activated(g, x, 128, 256, 3, act=leaky)
    x = activated(g, pooled(g, f, 2, 2), 256, 512, 3, act=leaky)
    x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, 0, 1, 1]))
    x = activated(g, pooled(g, x, 2, 1), 512, 1024, 3, act=leaky)
    x = activated(g, x, 1024, 256, act=leaky)
    a = conv(g, activated(g, x, 256, 512, 3, act=leaky), 512, 255, 1)
    y = concat(g, enlarged(g, activated(g, x, 256, 128, act=leaky), 2, "nearest"), f)
    b = conv(g, activated(g, y, 384, 256, 3, act=leaky), 256, 255, 1)
    outs = []
    for t, e in ((a, size // 32), (b, size // 16)):
        t = g.op("Transpose", g.op("Reshape", t, g.const([1, 3, 85, e, e])), perm=[0, 1, 3, 4, 2])
        outs.append(g.op("Reshape", g.op("Sigmoid", t), g.const([1, 3 * e * e, 85])))
    return concat(g, *outs)


def yolov10n(g: Builder, size: int) -> list[str]:
    """YOLOv10-n: no suppression, the best 300 by TopK."""

    def c2f(x, ci, co, n, add=True, cib=False):
        h = co // 2
        ps = list(halves(g, activated(g, x, ci, co), h))
        for _ in range(n):
            t = ps[-1]
            if cib:
                y = activated(g, activated(g, t, h, h, 3, 1, h), h, 2 * h)
                y = activated(
                    g, activated(g, activated(g, y, 2 * h, 2 * h, 7, 1, 2 * h), 2 * h, h), h, h, 3, 1, h
                )
            else:
                y = activated(g, activated(g, t, h, h, 3), h, h, 3)
            ps.append(g.op("Add", t, y) if add else y)
        return activated(g, concat(g, *ps), (2 + n) * h, co)

    def scdown(x, a, b):
        return conv(g, activated(g, x, a, b), b, b, 3, 2, b)

    def psa(x, c, e):
        h, n = (c // 2, max(1, c // 128))
        a, b = halves(g, activated(g, x, c, c), h)
        kd, hd = (h // n // 2, h // n)
        qkv = g.op("Reshape", conv(g, b, h, 2 * h, 1), g.const([1, n, 2 * kd + hd, e * e]))
        q, k, v = g.op("Split", qkv, g.const([kd, kd, hd]), count=3, axis=2)
        s = g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 1, 3, 2]), k), g.const(kd ** (-0.5)))
        y = g.op("MatMul", v, g.op("Transpose", g.op("Softmax", s, axis=-1), perm=[0, 1, 3, 2]))
        y = g.op("Reshape", y, g.const([1, h, e, e]))
        y = g.op("Add", y, conv(g, g.op("Reshape", v, g.const([1, h, e, e])), h, h, 3, 1, h))
        b = g.op("Add", b, conv(g, y, h, h, 1))
        b = g.op("Add", b, conv(g, activated(g, b, h, 2 * h), 2 * h, h, 1))
        return activated(g, concat(g, a, b), c, c)

    x = c2f(activated(g, activated(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 32, 3, 2), 32, 32, 1)
    p3 = c2f(activated(g, x, 32, 64, 3, 2), 64, 64, 2)
    p4 = c2f(scdown(p3, 64, 128), 128, 128, 2)
    p5 = psa(sppf(g, c2f(scdown(p4, 128, 256), 256, 256, 1), 256), 256, size // 32)
    n4 = c2f(concat(g, enlarged(g, p5, 2, "nearest"), p4), 384, 128, 1, False)
    n3 = c2f(concat(g, enlarged(g, n4, 2, "nearest"), p3), 192, 64, 1, False)
    n4 = c2f(concat(g, activated(g, n3, 64, 64, 3, 2), n4), 192, 128, 1, False)
    n5 = c2f(concat(g, scdown(n4, 128, 128), p5), 384, 256, 1, True, True)
    y = dfl_head(g, (n3, n4, n5), (64, 128, 256), size, light=True)
    y = g.op("Transpose", y, perm=[0, 2, 1])
    box, cls = g.op("Split", y, g.const([4, 80]), count=2, axis=2)
    top, _ = g.op("TopK", g.op("ReduceMax", cls, axes=[2], keepdims=0), g.const([300]), count=2, axis=1)
    return [box, cls, top]


def yolov9t(g: Builder, size: int) -> str:
    """GELAN-t: RepNCSPELAN with both halves kept, downsampling by an average in front of a 3x3."""

    def rep(x, a, b, n=1):
        h = b // 2
        u = activated(g, x, a, h)
        for _ in range(n):
            u = g.op("Add", u, activated(g, activated(g, u, h, h, 3), h, h, 3))
        return activated(g, concat(g, u, activated(g, x, a, h)), b, b)

    def elan(x, ci, co, mid, out, n=3):
        a, b = halves(g, activated(g, x, ci, mid), mid // 2)
        c = activated(g, rep(b, mid // 2, out, n), out, out, 3)
        d = activated(g, rep(c, out, out, n), out, out, 3)
        return activated(g, concat(g, a, b, c, d), mid + 2 * out, co)

    def aconv(x, a, b):
        return activated(g, g.op("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1]), a, b, 3, 2)

    x = activated(g, activated(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 32, 3, 2)
    a, b = halves(g, activated(g, x, 32, 32), 16)
    c = activated(g, b, 16, 16, 3)
    d = activated(g, c, 16, 16, 3)
    x = activated(g, concat(g, a, b, c, d), 64, 32)
    p3 = elan(aconv(x, 32, 64), 64, 64, 64, 32)
    p4 = elan(aconv(p3, 64, 96), 96, 96, 96, 48)
    x = elan(aconv(p4, 96, 128), 128, 128, 128, 64)
    ps = [activated(g, x, 128, 64)]
    for _ in range(3):
        ps.append(pooled(g, ps[-1], 5, 1, 2))
    p5 = activated(g, concat(g, *ps), 256, 128)
    n4 = elan(concat(g, enlarged(g, p5, 2, "nearest"), p4), 224, 96, 96, 48)
    n3 = elan(concat(g, enlarged(g, n4, 2, "nearest"), p3), 160, 64, 64, 32)
    n4 = elan(concat(g, aconv(n3, 64, 48), n4), 144, 96, 96, 48)
    n5 = elan(concat(g, aconv(n4, 96, 64), p5), 192, 128, 128, 64)
    return dfl_head(g, (n3, n4, n5), (64, 96, 128), size)


USUAL_YOLOS = {
    "yolov10n_448": ("CNN", lambda g: yolov10n(g, 448)),
    "yolox_tiny_416": ("CNN", lambda g: yolox(g, 416, 24, 1)),
    "yolov9t_384": ("CNN", lambda g: yolov9t(g, 384)),
    "yolov3_tiny_512": ("CNN", lambda g: yolov3_tiny(g, 512)),
}  # fmt: skip
