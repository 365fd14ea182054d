"""Faces and bodies: YuNet, SCRFD, RTMPose."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged, silu
from tests.vendor.nets.usual_pieces import hard_sigmoid, pooled


def yunet(g: Builder, size: int) -> list[str]:
    """YuNet: 1x1 then depthwise, three levels, four heads each."""

    def unit(x, a, b, act=True):
        y = conv(g, conv(g, x, a, b, 1), b, b, 3, 1, b)
        return relu(g, y) if act else y

    x = unit(conv_relu(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 16)
    four = lambda x, a: unit(unit(x, a, a), a, 64)
    x = four(four(pooled(g, x, 2, 2), 16), 64)
    p3 = four(pooled(g, x, 2, 2), 64)
    p4 = four(pooled(g, p3, 2, 2), 64)
    p5 = four(pooled(g, p4, 2, 2), 64)
    p5 = unit(p5, 64, 64)
    p4 = unit(g.op("Add", p4, enlarged(g, p5, 2, "nearest")), 64, 64)
    p3 = unit(g.op("Add", p3, enlarged(g, p4, 2, "nearest")), 64, 64)
    outs = []
    for t, s in ((p3, 8), (p4, 16), (p5, 32)):
        t, n = unit(t, 64, 64), (size // s) ** 2
        for k in (1, 1, 4, 10):
            y = g.op(
                "Reshape", g.op("Transpose", unit(t, 64, k, False), perm=[0, 2, 3, 1]), g.const([1, n, k])
            )
            outs.append(g.op("Sigmoid", y) if k == 1 else y)
    return outs


def scrfd(g: Builder, size: int) -> list[str]:
    """SCRFD-500M: depthwise then 1x1, a pyramid both ways, three heads each."""

    def dw(x, a, b, s=1):
        return conv_relu(g, conv_relu(g, x, a, a, 3, s, a), a, b, 1)

    x, ci, f = dw(conv_relu(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 16), 16, []
    for co, n in ((40, 2), (72, 3), (152, 2), (288, 6)):
        for i in range(n):
            x, ci = dw(x, ci, co, 2 if i == 0 else 1), co
        f.append((x, co))
    p = [conv(g, t, c, 16, 1) for t, c in f[1:]]
    for i in (1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    p = [conv(g, t, 16, 16, 3) for t in p]
    for i in (0, 1):
        p[i + 1] = g.op("Add", p[i + 1], conv(g, p[i], 16, 16, 3, 2))
    p[1:] = [conv(g, t, 16, 16, 3) for t in p[1:]]
    outs = []
    for t, s in zip(p, (8, 16, 32), strict=True):
        t, n = dw(dw(t, 16, 64), 64, 64), 2 * (size // s) ** 2
        for k in (1, 4, 10):
            y = g.op(
                "Reshape", g.op("Transpose", conv(g, t, 64, 2 * k, 3), perm=[0, 2, 3, 1]), g.const([1, n, k])
            )
            outs.append(g.op("Sigmoid", y) if k == 1 else y)
    return outs


def rtmpose(g: Builder, h: int, w: int, joints: int = 17) -> list[str]:
    """RTMPose-s: CSPNeXt, each joint a token of one gated attention, a row of x and one of y."""

    def csp(x, a, b, n, add=True):
        m = b // 2
        u, v = activated(g, x, a, m), activated(g, x, a, m)
        for _ in range(n):
            y = activated(g, activated(g, activated(g, u, m, m, 3), m, m, 5, 1, m), m, m)
            u = g.op("Add", y, u) if add else y
        y = concat(g, u, v)
        y = g.op("Mul", y, hard_sigmoid(g, conv(g, g.op("GlobalAveragePool", y), b, b, 1)))
        return activated(g, y, b, b)

    x = activated(g, activated(g, activated(g, g.input(1, 3, h, w), 3, 16, 3, 2), 16, 16, 3), 16, 32, 3)
    x = csp(activated(g, x, 32, 64, 3, 2), 64, 64, 1)
    x = csp(activated(g, x, 64, 128, 3, 2), 128, 128, 2)
    x = csp(activated(g, x, 128, 256, 3, 2), 256, 256, 2)
    x = activated(g, x, 256, 512, 3, 2)
    a = activated(g, x, 512, 256)
    x = activated(g, concat(g, a, *(pooled(g, a, k, 1, k // 2) for k in (5, 9, 13))), 1024, 512)
    x = csp(x, 512, 512, 1, False)
    n = (h // 32) * (w // 32)
    y = g.op("Reshape", conv(g, x, 512, joints, 7), g.const([1, joints, n]))

    def norm(t):
        s = g.op("ReduceL2", t, axes=[-1], keepdims=1)
        return g.op(
            "Mul", g.op("Div", t, g.op("Clip", g.op("Mul", s, g.const(0.125)), g.const(1e-5))), g.weight(1)
        )

    y = g.op("MatMul", norm(y), g.weight(n, 256))
    z = silu(g, g.op("MatMul", norm(y), g.weight(256, 2 * 512 + 128)))
    u, v, b = g.op("Split", z, g.const([512, 512, 128]), count=3, axis=2)
    q, k = (g.op("Add", g.op("Mul", b, g.weight(1, 1, 128)), g.weight(128)) for _ in range(2))
    s = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))
    s = relu(g, g.op("Div", s, g.const(128**0.5)))
    s = g.op("MatMul", g.op("Mul", s, s), v)
    y = g.op("Add", g.op("Mul", y, g.weight(256)), g.op("MatMul", g.op("Mul", u, s), g.weight(512, 256)))
    return [g.op("MatMul", y, g.weight(256, 2 * w)), g.op("MatMul", y, g.weight(256, 2 * h))]


COMMON_PEOPLE = {
    "yunet_320": ("CNN", lambda g: yunet(g, 320)),
    "scrfd_500m_640": ("CNN", lambda g: scrfd(g, 640)),
    "rtmpose_s_256x192": ("CNN", lambda g: rtmpose(g, 256, 192)),
}  # fmt: skip
