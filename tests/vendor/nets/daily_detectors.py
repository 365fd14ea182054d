"""Detectors: YOLOv4, 12 and of turned boxes, PP-YOLO-Tiny, YOLACT, faces, a head of masks, lanes."""

import math

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3L, dense, mobilenet_v3_maps, shared_kernel
from tests.vendor.nets.daily_pieces import boxes_in_a_row, leaky_of, mish, mobilenet_v2_maps, unpadded
from tests.vendor.nets.everyday_detectors import dfl_head, yolov8_maps
from tests.vendor.nets.everyday_pieces import activated, concat, halves, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu, resized


def yolov4(g: Builder, size: int) -> str:
    """YOLOv4: CSPDarknet of Mish, pooled pyramid, paths down and up."""
    m = lambda x, a, b, k=1, s=1: activated(g, x, a, b, k, s, act=mish)
    c = lambda x, a, b, k=1, s=1: activated(g, x, a, b, k, s, act=leaky_of(0.1))
    x, ci, f = m(g.input(1, 3, size, size), 3, 32, 3), 32, []
    for j, (co, n) in enumerate(((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))):
        x = m(x, ci, co, 3, 2)
        h = co if j == 0 else co // 2
        a, b = m(x, co, h), m(x, co, h)
        for _ in range(n):
            b = g.op("Add", b, m(m(b, h, co // 2), co // 2, h, 3))
        x, ci = m(concat(g, m(b, h, h), a), 2 * h, co), co
        f.append(x)
    three = lambda x, a, h: c(c(c(x, a, h), h, 2 * h, 3), 2 * h, h)
    five = lambda x, a, h: c(c(three(x, a, h), h, 2 * h, 3), 2 * h, h)
    x = three(f[4], 1024, 512)
    x = concat(g, pooled(g, x, 13, 1, 6), pooled(g, x, 9, 1, 4), pooled(g, x, 5, 1, 2), x)
    p5 = three(x, 2048, 512)
    p4 = five(concat(g, c(f[3], 512, 256), enlarged(g, c(p5, 512, 256), 2, "nearest")), 512, 256)
    p3 = five(concat(g, c(f[2], 256, 128), enlarged(g, c(p4, 256, 128), 2, "nearest")), 256, 128)
    n4 = five(concat(g, c(p3, 128, 256, 3, 2), p4), 512, 256)
    n5 = five(concat(g, c(n4, 256, 512, 3, 2), p5), 1024, 512)
    return [conv(g, c(t, w, 2 * w, 3), 2 * w, 255, 1) for t, w in ((p3, 128), (n4, 256), (n5, 512))]


def yolo12n(g: Builder, size: int) -> str:
    """YOLO12n: attention in areas of a map."""

    def c3k(x, c):
        h = c // 2
        u = activated(g, x, c, h)
        for _ in range(2):
            u = g.op("Add", u, activated(g, activated(g, u, h, h, 3), h, h, 3))
        return activated(g, concat(g, u, activated(g, x, c, h)), c, c)

    def c3k2(x, ci, co, e=0.5, deep=False):
        h = int(co * e)
        a, b = halves(g, activated(g, x, ci, 2 * h), h)
        y = c3k(b, h) if deep else g.op("Add", b, activated(g, activated(g, b, h, h // 2, 3), h // 2, h, 3))
        return activated(g, concat(g, a, b, y), 3 * h, co)

    def attn(x, c, e, area):
        n, hn = e * e // area, c // 32
        y = g.op(
            "Transpose", g.op("Reshape", conv(g, x, c, 3 * c, 1), g.const([1, 3 * c, e * e])), perm=[0, 2, 1]
        )
        y = g.op("Transpose", g.op("Reshape", y, g.const([area, n, hn, 96])), perm=[0, 2, 3, 1])
        q, k, v = g.op("Split", y, g.const([32] * 3), count=3, axis=2)
        s = g.op("Mul", g.op("MatMul", g.op("Transpose", q, perm=[0, 1, 3, 2]), k), g.const(32 ** (-0.5)))
        o = g.op("MatMul", v, g.op("Transpose", g.op("Softmax", s, axis=-1), perm=[0, 1, 3, 2]))

        def image(t):
            t = g.op("Reshape", g.op("Transpose", t, perm=[0, 3, 1, 2]), g.const([1, e, e, c]))
            return g.op("Transpose", t, perm=[0, 3, 1, 2])

        return conv(g, g.op("Add", image(o), conv(g, image(v), c, c, 7, 1, c)), c, c, 1)

    def a2c2f(x, ci, co, n, e=0, area=0):
        h = co // 2
        ys = [activated(g, x, ci, h)]
        for _ in range(n):
            t = ys[-1]
            if area:
                for _ in range(2):
                    t = g.op("Add", t, attn(t, h, e, area))
                    t = g.op("Add", t, conv(g, activated(g, t, h, 2 * h), 2 * h, h, 1))
            else:
                t = c3k(t, h)
            ys.append(t)
        return activated(g, concat(g, *ys), (1 + n) * h, co)

    x = activated(g, activated(g, g.input(1, 3, size, size), 3, 16, 3, 2), 16, 32, 3, 2)
    x = c3k2(x, 32, 64, 0.25)
    p3 = c3k2(activated(g, x, 64, 64, 3, 2), 64, 128, 0.25)
    p4 = a2c2f(activated(g, p3, 128, 128, 3, 2), 128, 128, 2, size // 16, 4)
    p5 = a2c2f(activated(g, p4, 128, 256, 3, 2), 256, 256, 2, size // 32, 1)
    n4 = a2c2f(concat(g, enlarged(g, p5, 2, "nearest"), p4), 384, 128, 1)
    n3 = a2c2f(concat(g, enlarged(g, n4, 2, "nearest"), p3), 256, 64, 1)
    n4 = a2c2f(concat(g, activated(g, n3, 64, 64, 3, 2), n4), 192, 128, 1)
    n5 = c3k2(concat(g, activated(g, n4, 128, 128, 3, 2), p5), 384, 256, deep=True)
    return dfl_head(g, (n3, n4, n5), (64, 128, 256), size, light=True)


def ppyolo_tiny(g: Builder, size: int) -> str:
    """PP-YOLO-Tiny: MobileNetV3 x0.5, depthwise 5x5, anchors."""
    c = lambda x, a, b, k=1, gr=1: activated(g, x, a, b, k, 1, gr, act=leaky_of(0.1))
    f = mobilenet_v3_maps(g, g.input(1, 3, size, size), V3L, 0.5)
    f = [f[i] for i in (5, 11, 14)]
    outs, route, rc = [], None, 0
    for i, ((x, ci), ch) in enumerate(zip(reversed(f), (160, 128, 96), strict=True)):
        if route:
            x, ci = concat(g, enlarged(g, c(route, rc, ch), 2, "nearest"), x), ci + ch
        y = c(x, ci, ch)
        if i == 0:
            y = concat(g, y, *(pooled(g, y, k, 1, k // 2) for k in (5, 9, 13)))
            y = c(y, 4 * ch, ch)
        y = c(c(y, ch, ch, 5, ch), ch, ch)
        route = c(c(y, ch, ch, 5, ch), ch, ch)
        rc = ch
        tip = c(c(route, ch, ch, 5, ch), ch, ch)
        outs.append(conv(g, tip, ch, 255, 1))
    return outs


def ultraface(g: Builder, h: int, w: int) -> list[str]:
    """Ultra-light face detector RFB-320."""

    def dw(x, a, b, s=1):
        return conv_relu(g, conv_relu(g, x, a, a, 3, s, a), a, b, 1)

    def nact(x, a, b, d):
        return g.op("Conv", x, g.weight(b, a, 3, 3), g.weight(b), pads=[d] * 4, dilations=[d, d])

    x = conv_relu(g, g.input(1, 3, h, w), 3, 16, 3, 2)
    x = dw(dw(dw(x, 16, 32), 32, 32, 2), 32, 32)
    x = dw(dw(dw(x, 32, 64, 2), 64, 64), 64, 64)
    a = nact(conv_relu(g, conv(g, x, 64, 8, 1), 8, 16, 3), 16, 16, 2)
    b = nact(conv_relu(g, conv(g, x, 64, 8, 1), 8, 16, 3), 16, 16, 3)
    d = nact(conv_relu(g, conv_relu(g, conv(g, x, 64, 8, 1), 8, 12, 3), 12, 16, 3), 16, 16, 5)
    y = conv(g, concat(g, a, b, d), 48, 64, 1)
    f0 = relu(g, g.op("Add", g.op("Mul", y, g.const(0.1)), conv(g, x, 64, 64, 1)))
    f1 = dw(dw(dw(f0, 64, 128, 2), 128, 128), 128, 128)
    f2 = dw(dw(f1, 128, 256, 2), 256, 256)
    f3 = relu(g, conv(g, conv_relu(g, conv_relu(g, f2, 256, 64, 1), 64, 64, 3, 2, 64), 64, 256, 1))
    cls, box = [], []
    e, v = (h + 7) // 8, (w + 7) // 8
    for t, c, k in ((f0, 64, 3), (f1, 128, 2), (f2, 256, 2), (f3, 256, 3)):

        def head(o, t=t, c=c):
            return (
                conv(g, conv_relu(g, t, c, c, 3, 1, c), c, o, 1)
                if c < 256 or t != f3
                else conv(g, t, c, o, 3)
            )

        cls.append(boxes_in_a_row(g, head(2 * k), e * v * k, 2))
        box.append(boxes_in_a_row(g, head(4 * k), e * v * k, 4))
        e, v = (e + 1) // 2, (v + 1) // 2
    return [g.op("Softmax", concat(g, *cls), axis=2), concat(g, *box)]


def yolact(g: Builder, size: int) -> list[str]:
    """YOLACT-R50: boxes, classes and coefficients of shared heads, prototypes of masks."""
    f = resnet(g, size, (3, 4, 6, 3), True, True)[1:]
    p = [conv(g, t, c, 256, 1) for t, c in f]
    for i in (1, 0):
        p[i] = g.op("Add", resized(g, p[i + 1], 256, size // (8 << i), size // (8 << i)), p[i])
    p = [conv_relu(g, t, 256, 256, 3) for t in p]
    for _ in range(2):
        p.append(conv(g, p[-1], 256, 256, 3, 2))
    y = p[0]
    for _ in range(3):
        y = conv_relu(g, y, 256, 256, 3)
    y = conv_relu(g, conv_relu(g, relu(g, enlarged(g, y, 2)), 256, 256, 3), 256, 32, 1)
    proto = g.op("Transpose", y, perm=[0, 2, 3, 1])
    H, B, K, M = (shared_kernel(g, 256, n, 3) for n in (256, 12, 243, 96))
    box, cls, mask, e = [], [], [], size // 8
    for t in p:
        y = relu(g, H(t))
        n = 3 * e * e
        box.append(boxes_in_a_row(g, B(y), n, 4))
        cls.append(boxes_in_a_row(g, K(y), n, 81))
        mask.append(g.op("Tanh", boxes_in_a_row(g, M(y), n, 32)))
        e = (e + 1) // 2
    return [concat(g, *box), g.op("Softmax", concat(g, *cls), axis=-1), concat(g, *mask), proto]


def onet(g: Builder, n: int) -> list[str]:
    """MTCNN's last network, n faces of 48 x 48 at once."""

    def ceil(x, k, p):
        return g.op("MaxPool", x, kernel_shape=[k, k], strides=[2, 2], pads=p)

    x = prelu(g, unpadded(g, g.input(n, 3, 48, 48), 3, 32, 3, 1), 32)
    x = prelu(g, unpadded(g, ceil(x, 3, [0, 0, 1, 1]), 32, 64, 3, 1), 64)
    x = prelu(g, unpadded(g, ceil(x, 3, [0, 0, 0, 0]), 64, 64, 3, 1), 64)
    x = prelu(g, unpadded(g, ceil(x, 2, [0] * 4), 64, 128, 2, 1), 128)
    x = dense(g, g.op("Flatten", x, axis=1), 1152, 256)
    x = g.op("PRelu", x, g.weight(256))
    return [g.op("Softmax", dense(g, x, 256, 2), axis=1), dense(g, x, 256, 4), dense(g, x, 256, 10)]


def mask_head(g: Builder, n: int) -> str:
    """Mask R-CNN's head on n maps of 14 x 14."""
    x = g.input(n, 256, 14, 14)
    for _ in range(4):
        x = conv_relu(g, x, 256, 256, 3)
    x = relu(g, g.op("ConvTranspose", x, g.weight(256, 256, 2, 2), g.weight(256), strides=[2, 2]))
    return g.op("Sigmoid", conv(g, x, 256, 80, 1))


def obb(g: Builder, size: int) -> str:
    """YOLOv8s of turned boxes."""
    c = [32, 64, 128, 256, 512]
    y = dfl_head(g, yolov8_maps(g, size, c, 1), c[2:], size, classes=15, extra=1)
    xy, wh, cls, a = g.op("Split", y, g.const([2, 2, 15, 1]), count=4, axis=1)
    a = g.op("Mul", g.op("Sub", g.op("Sigmoid", a), g.const(0.25)), g.const(math.pi))
    n = sum((size // s) ** 2 for s in (8, 16, 32))
    x, v = g.op("Split", xy, g.const([1, 1]), count=2, axis=1)
    cos, sin = g.op("Cos", a), g.op("Sin", a)
    u = g.op("Sub", g.op("Mul", x, cos), g.op("Mul", v, sin))
    t = g.op("Add", g.op("Mul", x, sin), g.op("Mul", v, cos))
    xy = g.op("Add", concat(g, u, t), g.weight(1, 2, n))
    return concat(g, xy, wh, cls, a)


def ufld(g: Builder, h: int, w: int) -> str:
    """Ultra-Fast lane detection v2: ResNet-18, a large product."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j in range(4):
        c = 64 << j
        for q in range(2):
            s = 2 if q == 0 and j else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 and ci == c else conv(g, x, ci, c, 1, s))), c
    n = 8 * (h // 32) * (w // 32)
    y = g.op("Reshape", conv(g, x, 512, 8, 1), g.const([1, n]))
    y = dense(g, relu(g, dense(g, y, n, 2048)), 2048, 101 * 56 * 4)
    return g.op("Reshape", y, g.const([1, 101, 56, 4]))


def centerface(g: Builder, h: int, w: int) -> list[str]:
    """CenterFace: MobileNetV2, a narrow pyramid of transposed convolutions; every level from a picture of its own."""
    f = [mobilenet_v2_maps(g, g.input(1, 3, h, w), i + 1)[i] for i in (1, 2, 4, 6)]
    y = conv_relu(g, f[3][0], 320, 24, 1)
    for t, c in reversed(f[:3]):
        up = relu(g, g.op("ConvTranspose", y, g.weight(24, 24, 2, 2), g.weight(24), strides=[2, 2]))
        y = g.op("Add", up, conv_relu(g, t, c, 24, 1))
    y = conv_relu(g, y, 24, 24, 3)
    outs = [conv(g, conv_relu(g, y, 24, 24, 3), 24, k, 1) for k in (1, 2, 2, 10)]
    return [g.op("Sigmoid", outs[0]), *outs[1:]]


DAILY_DETECTORS = {
    "yolo12n_416": ('CNN', lambda g: yolo12n(g, 416)),
    "ultraface_240x320": ('CNN', lambda g: ultraface(g, 240, 320)),
    "ppyolo_tiny_320": ('CNN', lambda g: ppyolo_tiny(g, 320)),
    "centerface_480x640": ('CNN', lambda g: centerface(g, 480, 640)),
    "yolov8s_obb_512": ('CNN', lambda g: obb(g, 512)),
    "onet_b16": ('CNN', lambda g: onet(g, 16)),
    "ufld_v2_r18_320x800": ('CNN', lambda g: ufld(g, 320, 800)),
    "yolov4_320": ('CNN', lambda g: yolov4(g, 320)),
    "yolact_r50_352": ('CNN', lambda g: yolact(g, 352)),
    "mask_head_b32": ('CNN', lambda g: mask_head(g, 32)),
}  # fmt: skip
