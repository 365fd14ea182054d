"""Detectors: palms and hands, MTCNN's first network, YOLOP, PointPillars, DAMO-YOLO."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import channels_last, mean, unpadded
from tests.vendor.nets.everyday_detectors import c3, sppf
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu, relu6


def palm(g: Builder, size: int = 192) -> str:
    """MediaPipe's palm detector: depthwise 5x5 and a product, skips pooled, PReLU; anchors of two levels."""

    def blk(x, a, b, s=1):
        if s == 2:
            y = g.op("Conv", x, g.weight(a, 1, 5, 5), g.weight(a), strides=[2, 2], pads=[1, 1, 2, 2], group=a)
        else:
            y = conv(g, x, a, a, 5, 1, a)
        y = conv(g, y, a, b, 1)
        sk = pooled(g, x, 2, 2) if s == 2 else x
        if b > a:
            sk = g.op("Pad", sk, g.const([0, 0, 0, 0, 0, b - a, 0, 0]))
        return prelu(g, g.op("Add", y, sk), b)

    x = prelu(
        g,
        g.op(
            "Conv",
            g.input(1, 3, size, size),
            g.weight(32, 3, 5, 5),
            g.weight(32),
            strides=[2, 2],
            pads=[1, 1, 2, 2],
        ),
        32,
    )
    ci, f = 32, []
    for co in (32, 64, 128, 256, 256):
        if ci != co or (co == 256 and f):
            f.append(x)
            x = blk(x, ci, co, 2)
        for _ in range(3):
            x = blk(x, co, co)
        ci = co
    up = prelu(g, conv(g, enlarged(g, x, 2), 256, 256, 1), 256)
    y = g.op("Add", up, f[3]) if len(f) > 3 else up
    y = blk(blk(y, 256, 256), 256, 256)
    z = prelu(g, conv(g, enlarged(g, y, 2), 256, 128, 1), 128)
    z = blk(blk(g.op("Add", z, f[2]), 128, 128), 128, 128)
    outs, e = [], size // 8
    for k in (1, 18):
        a = g.op("Reshape", channels_last(g, conv(g, z, 128, 2 * k, 1)), g.const([1, 2 * e * e, k]))
        b = g.op("Reshape", channels_last(g, conv(g, y, 256, 6 * k, 1)), g.const([1, 6 * e * e // 4, k]))
        outs.append(concat(g, a, b))
    return outs


def hand_landmark(g: Builder, size: int = 224) -> list[str]:
    """MediaPipe's hand landmarks: MobileNet-V2-like with ReLU6 and 5x5, four small outputs."""
    x, ci = activated(g, g.input(1, 3, size, size), 3, 24, 3, 2, act=relu6), 24
    x, ci = conv(g, activated(g, x, 24, 24, 3, 1, 24, act=relu6), 24, 16, 1), 16
    for k, e, co, n, s in (
        (3, 4, 24, 2, 2),
        (5, 6, 40, 3, 2),
        (3, 6, 80, 3, 2),
        (5, 6, 112, 3, 1),
        (5, 6, 192, 4, 2),
    ):
        for i in range(n):
            st, t = s if i == 0 else 1, ci * e
            y = conv(g, activated(g, activated(g, x, ci, t, act=relu6), t, t, k, st, t, act=relu6), t, co, 1)
            x, ci = g.op("Add", y, x) if st == 1 and ci == co else y, co
    f = g.op("Flatten", mean(g, activated(g, x, 192, 1152, act=relu6)), axis=1)
    return [
        dense(g, f, 1152, 63),
        g.op("Sigmoid", dense(g, f, 1152, 1)),
        g.op("Sigmoid", dense(g, f, 1152, 1)),
        dense(g, f, 1152, 63),
    ]


def pnet(g: Builder, h: int, w: int) -> list[str]:
    """MTCNN's first network on a whole picture."""
    x = prelu(g, unpadded(g, g.input(1, 3, h, w), 3, 10, 3, 1), 10)
    x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    x = prelu(g, unpadded(g, prelu(g, unpadded(g, x, 10, 16, 3, 1), 16), 16, 32, 3, 1), 32)
    return [g.op("Softmax", conv(g, x, 32, 2, 1), axis=1), conv(g, x, 32, 4, 1)]


def yolop(g: Builder, h: int, w: int) -> list[str]:
    """YOLOP: CSPDarknet with a Focus, one detector and two segmenters."""
    i = g.input(1, 3, h, w)
    parts = [
        g.op("Slice", i, g.const([a, b]), g.const([h, w]), g.const([2, 3]), g.const([2, 2]))
        for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))
    ]
    x, ci, f = activated(g, concat(g, *parts), 12, 32, 3), 32, []
    for co, n in ((64, 1), (128, 3), (256, 3)):
        x = c3(g, activated(g, x, ci, co, 3, 2), co, co, n)
        ci = co
        f.append(x)
    x = activated(g, x, 256, 512, 3, 2)
    y = activated(g, x, 512, 256)
    x = activated(g, concat(g, y, *(pooled(g, y, k, 1, k // 2) for k in (5, 9, 13))), 1024, 512)
    x = c3(g, x, 512, 512, 1, False)
    t5 = activated(g, x, 512, 256)
    y = c3(g, concat(g, enlarged(g, t5, 2, "nearest"), f[2]), 512, 256, 1, False)
    t4 = activated(g, y, 256, 128)
    s8 = concat(g, enlarged(g, t4, 2, "nearest"), f[1])
    n3 = c3(g, s8, 256, 128, 1, False)
    n4 = c3(g, concat(g, activated(g, n3, 128, 128, 3, 2), t4), 256, 256, 1, False)
    n5 = c3(g, concat(g, activated(g, n4, 256, 256, 3, 2), t5), 512, 512, 1, False)
    outs, e, v = [], h // 8, w // 8
    for t, c in ((n3, 128), (n4, 256), (n5, 512)):
        t = g.op(
            "Transpose", g.op("Reshape", conv(g, t, c, 18, 1), g.const([1, 3, 6, e, v])), perm=[0, 1, 3, 4, 2]
        )
        outs.append(g.op("Reshape", g.op("Sigmoid", t), g.const([1, 3 * e * v, 6])))
        e, v = e // 2, v // 2

    def seg(x):
        x = enlarged(g, activated(g, x, 256, 128, 3), 2, "nearest")
        x = activated(g, enlarged(g, c3(g, x, 128, 64, 1, False), 2, "nearest"), 64, 32, 3)
        x = enlarged(g, c3(g, activated(g, x, 32, 16, 3), 16, 8, 1, False), 2, "nearest")
        return g.op("Sigmoid", conv(g, x, 8, 2, 3))

    return [concat(g, *outs), seg(s8), seg(s8)]


def pointpillars(g: Builder, h: int, w: int) -> str:
    """PointPillars: the grid's backbone of 64 channels and its heads, pillars already laid out."""
    x, ci, ups = g.input(1, 64, h, w), 64, []
    for n, co, u in ((3, 64, 1), (5, 128, 2), (5, 256, 4)):
        x = conv_relu(g, x, ci, co, 3, 2)
        for _ in range(n):
            x = conv_relu(g, x, co, co, 3)
        ci = co
        up = (
            g.op("ConvTranspose", x, g.weight(co, 128, u, u), g.weight(128), strides=[u, u])
            if u > 1
            else conv(g, x, co, 128, 1)
        )
        ups.append(relu(g, up))
    y = concat(g, *ups)
    return [conv(g, y, 384, k, 1) for k in (18, 42, 12)]


def damo_yolo_t(g: Builder, size: int) -> list[str]:
    """DAMO-YOLO-T: a reparameterised CSP backbone with a Focus, RepGFPN, a head of one layer (ZeroHead)."""
    i = g.input(1, 3, size, size)
    parts = [
        g.op("Slice", i, g.const([a, b]), g.const([size, size]), g.const([2, 3]), g.const([2, 2]))
        for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))
    ]
    x, ci, f = conv_relu(g, concat(g, *parts), 12, 24, 3), 24, []

    def rep(x, a, m, b, s=1):
        y = conv_relu(g, conv_relu(g, x, a, m, 1), m, b, 3, s)
        return relu(g, g.op("Add", y, x)) if a == b and s == 1 else y

    for co, m, n in ((64, 24, 2), (96, 64, 2), (192, 96, 5), (384, 192, 3)):
        for k in range(n):
            x, ci = rep(x, ci, m, co, 2 if k == 0 else 1), co
        if co == 384:
            x = sppf(g, x, 384, relu)
        f.append((x, ci))

    def csp(x, a, b, n=2):
        h = b // 2
        ts, t = [activated(g, x, a, h)], activated(g, x, a, h)
        for _ in range(n):
            t = g.op("Add", t, activated(g, activated(g, t, h, h, 3), h, h, 3))
            ts.append(t)
        return activated(g, concat(g, *ts), (n + 1) * h, b)

    (c3_, a), (c4, b), (c5, d) = f[1:]
    p5 = csp(concat(g, c5, activated(g, c4, b, b, 3, 2)), d + b, d)
    p4 = csp(concat(g, enlarged(g, p5, 2, "nearest"), activated(g, c3_, a, a, 3, 2), c4), d + a + b, b)
    p3 = csp(concat(g, enlarged(g, p4, 2, "nearest"), c3_), b + a, a)
    n4 = csp(concat(g, activated(g, p3, a, a, 3, 2), p4), a + b, b)
    n5 = csp(concat(g, activated(g, p4, b, b, 3, 2), activated(g, n4, b, b, 3, 2), p5), 2 * b + d, d)
    cls, box, e = [], [], size // 8
    for t, c in ((p3, a), (n4, b), (n5, d)):
        cls.append(g.op("Reshape", g.op("Sigmoid", conv(g, t, c, 80, 3)), g.const([1, 80, e * e])))
        y = g.op(
            "Softmax",
            g.op("Reshape", channels_last(g, conv(g, t, c, 68, 3)), g.const([4 * e * e, 17])),
            axis=1,
        )
        box.append(g.op("Reshape", g.op("MatMul", y, g.weight(17, 1)), g.const([1, e * e, 4])))
        e //= 2
    return [g.op("Transpose", concat(g, *cls, axis=2), perm=[0, 2, 1]), concat(g, *box)]


FAMILIAR_DETECTORS = {
    "palm_192": ("CNN", lambda g: palm(g)),
    "damo_yolo_t_416": ("CNN", lambda g: damo_yolo_t(g, 416)),
    "hand_landmark_224": ("CNN", lambda g: hand_landmark(g)),
    "pointpillars_248x216": ("CNN", lambda g: pointpillars(g, 248, 216)),
    "yolop_320x640": ("CNN", lambda g: yolop(g, 320, 640)),
    "pnet_180x320": ("CNN", lambda g: pnet(g, 180, 320)),
}  # fmt: skip
