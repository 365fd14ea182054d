"""Maps of classes and mattes: ERFNet, STDC, RVM, MODNet, selfies, text, a U of MobileNetV2."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3L, dense, mobilenet_v3_maps
from tests.vendor.nets.daily_pieces import eighths, mean, mean_pooled, mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import activated, concat, halves, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import hard_sigmoid, hard_squeezed, hswish, pooled, relu6, resized


def erfnet(g: Builder, h: int, w: int, classes: int = 20) -> str:
    """ERFNet: 3x1 and 1x3 in place of 3x3, dilated."""

    def down(x, a, b):
        return relu(g, concat(g, conv(g, x, a, b - a, 3, 2), pooled(g, x, 2, 2)))

    def line(x, c, kh, kw, d, act=True):
        p = [d * (kh // 2), d * (kw // 2)]
        y = g.op(
            "Conv",
            x,
            g.weight(c, c, kh, kw),
            g.weight(c),
            pads=p + p,
            dilations=[d if kh > 1 else 1, d if kw > 1 else 1],
        )
        return relu(g, y) if act else y

    def nb(x, c, d):
        y = line(line(x, c, 3, 1, 1), c, 1, 3, 1)
        y = line(line(y, c, 3, 1, d), c, 1, 3, d, False)
        return relu(g, g.op("Add", y, x))

    def up(x, a, b):
        return relu(
            g,
            g.op(
                "ConvTranspose",
                x,
                g.weight(a, b, 3, 3),
                g.weight(b),
                strides=[2, 2],
                pads=[1] * 4,
                output_padding=[1, 1],
            ),
        )

    x = down(down(g.input(1, 3, h, w), 3, 16), 16, 64)
    for _ in range(5):
        x = nb(x, 64, 1)
    x = down(x, 64, 128)
    for _ in range(2):
        for d in (2, 4, 8, 16):
            x = nb(x, 128, d)
    x = up(x, 128, 64)
    x = up(nb(nb(x, 64, 1), 64, 1), 64, 16)
    x = nb(nb(x, 16, 1), 16, 1)
    return g.op("ConvTranspose", x, g.weight(16, classes, 2, 2), g.weight(classes), strides=[2, 2])


def stdc1(g: Builder, h: int, w: int, classes: int = 19) -> str:
    """STDC1-Seg: each block's maps halve and are concatenated."""

    def block(x, a, b, s):
        y1 = conv_relu(g, x, a, b // 2, 1)
        z = conv(g, y1, b // 2, b // 2, 3, 2, b // 2) if s == 2 else y1
        y2 = conv_relu(g, z, b // 2, b // 4, 3)
        y3 = conv_relu(g, y2, b // 4, b // 8, 3)
        y4 = conv_relu(g, y3, b // 8, b // 8, 3)
        first = (
            g.op("AveragePool", y1, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, count_include_pad=1)
            if s == 2
            else y1
        )
        return concat(g, first, y2, y3, y4)

    x = conv_relu(g, conv_relu(g, g.input(1, 3, h, w), 3, 32, 3, 2), 32, 64, 3, 2)
    f, ci = [], 64
    for co in (256, 512, 1024):
        x = block(block(x, ci, co, 2), co, co, 1)
        ci = co
        f.append(x)

    def arm(x, a):
        y = conv_relu(g, x, a, 128, 3)
        return g.op("Mul", y, g.op("Sigmoid", conv(g, mean(g, y), 128, 128, 1)))

    avg = resized(
        g, conv_relu(g, mean(g, f[2]), 1024, 128, 1), 128, h // 32, w // 32, "nearest", "asymmetric"
    )
    a32 = g.op("Add", arm(f[2], 1024), avg)
    u = conv_relu(g, enlarged(g, a32, 2, "nearest"), 128, 128, 3)
    u = conv_relu(g, enlarged(g, g.op("Add", arm(f[1], 512), u), 2, "nearest"), 128, 128, 3)
    y = conv_relu(g, concat(g, f[0], u), 384, 256, 1)
    m = g.op("Sigmoid", conv(g, relu(g, conv(g, mean(g, y), 256, 64, 1)), 64, 256, 1))
    y = g.op("Add", g.op("Mul", y, m), y)
    return enlarged(g, conv(g, conv_relu(g, y, 256, 256, 3), 256, classes, 1), 8)


def rvm(g: Builder, h: int, w: int) -> list[str]:
    """Robust video matting, one frame: MobileNetV3, four recurrent states as inputs."""
    i = g.input(1, 3, h, w)
    f = mobilenet_v3_maps(g, i, V3L)
    f1, f2, f3, (x, _) = f[0][0], f[2][0], f[5][0], f[14]
    x = activated(g, x, 160, 960, act=hswish)
    x = g.op("Mul", conv_relu(g, x, 960, 128, 1), g.op("Sigmoid", conv(g, mean(g, x), 960, 128, 1)))
    s1 = mean_pooled(g, i)
    s2 = mean_pooled(g, s1)
    s3 = mean_pooled(g, s2)
    outs = []

    def gru(x, c, e, v):
        s = g.input(1, c, e, v)
        z, r = halves(g, g.op("Sigmoid", conv(g, concat(g, x, s), 2 * c, 2 * c, 3)), c)
        n = g.op("Tanh", conv(g, concat(g, x, g.op("Mul", r, s)), 2 * c, c, 3))
        y = g.op("Add", g.op("Mul", g.op("Sub", g.const(1.0), z), s), g.op("Mul", z, n))
        outs.append(y)
        return y

    a, b = halves(g, x, 64)
    x = concat(g, a, gru(b, 64, h // 32, w // 32))

    def stage(x, skip, img, ci, sk, co, e, v):
        x = resized(g, x, ci, e, v)
        x = conv_relu(g, concat(g, x, skip, img), ci + sk + 3, co, 3)
        a, b = halves(g, x, co // 2)
        return concat(g, a, gru(b, co // 2, e, v))

    s4 = mean_pooled(g, s3)
    x = stage(x, f[11][0], s4, 128, 112, 80, h // 16, w // 16)
    x = stage(x, f3, s3, 80, 40, 40, h // 8, w // 8)
    x = stage(x, f2, s2, 40, 24, 32, h // 4, w // 4)
    x = concat(g, resized(g, x, 32, h // 2, w // 2), f1, s1)
    x = conv_relu(g, x, 51, 16, 3)
    x = concat(g, enlarged(g, x, 2), i)
    x = conv_relu(g, conv_relu(g, x, 19, 16, 3), 16, 16, 3)
    y = conv(g, x, 16, 4, 1)
    fgr, pha = g.op("Split", y, g.const([3, 1]), count=2, axis=1)
    zero, one = g.const(0.0), g.const(1.0)
    return [g.op("Clip", g.op("Add", fgr, i), zero, one), g.op("Clip", pha, zero, one), *outs]


def modnet(g: Builder, size: int) -> str:
    """MODNet: matting by three branches, half of the channels normed by picture."""
    i = g.input(1, 3, size, size)
    f = mobilenet_v2_maps(g, i)
    e2, e4, e32 = f[0][0], f[1][0], activated(g, f[6][0], 320, 1280, act=relu6)

    def ibn(x, a, b, k=3, s=1):
        y = conv(g, x, a, b, k, s)
        u, v = halves(g, y, b // 2)
        v = g.op(
            "InstanceNormalization",
            v,
            g.const(np.ones(b // 2, np.float16)),
            g.const(np.zeros(b // 2, np.float16)),
            epsilon=1e-05,
        )
        u = g.op("Add", g.op("Mul", u, g.weight(b // 2, 1, 1)), g.weight(b // 2, 1, 1))
        return relu(g, concat(g, u, v))

    q = dense(g, relu(g, dense(g, g.op("Flatten", mean(g, e32), axis=1), 1280, 320)), 320, 1280)
    e32 = g.op("Mul", e32, g.op("Reshape", g.op("Sigmoid", q), g.const([1, 1280, 1, 1])))
    l16 = ibn(enlarged(g, e32, 2), 1280, 96, 5)
    l8 = ibn(enlarged(g, l16, 2), 96, 32, 5)
    i2, i4 = (
        g.op(
            "Resize",
            i,
            "",
            g.const_f32([1, 1, 1 / s, 1 / s]),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        for s in (2, 4)
    )
    e2 = ibn(e2, 16, 32, 1)
    h4 = ibn(concat(g, e2, i2), 35, 32, 3, 2)
    h4 = ibn(concat(g, h4, ibn(e4, 24, 32, 1)), 64, 64)
    x = ibn(concat(g, h4, enlarged(g, l8, 2), i4), 99, 64)
    x = ibn(ibn(ibn(x, 64, 64), 64, 64), 64, 32)
    x = ibn(concat(g, enlarged(g, x, 2), e2), 64, 64)
    h2 = ibn(ibn(ibn(x, 64, 32), 32, 32), 32, 32)
    f4 = ibn(enlarged(g, l8, 2), 32, 32, 5)
    f2 = ibn(concat(g, enlarged(g, f4, 2), h2), 64, 32)
    y = ibn(concat(g, enlarged(g, f2, 2), i), 35, 16)
    return g.op("Sigmoid", conv(g, y, 16, 1, 1))


def selfie(g: Builder, h: int, w: int) -> str:
    """MediaPipe's selfie segmentation: MobileNetV3-small features, four levels back up by gated sums."""
    x = activated(g, g.input(1, 3, h, w), 3, 16, 3, 2, act=hswish)
    s1 = x

    def ir(x, a, t, b, k, s, q, act):
        y = activated(g, activated(g, x, a, t, act=act), t, t, k, s, t, act=act)
        if q:
            y = hard_squeezed(g, y, t, eighths(t / 4))
        y = conv(g, y, t, b, 1)
        return g.op("Add", y, x) if a == b and s == 1 else y

    y = activated(g, activated(g, x, 16, 16, act=relu), 16, 16, 3, 2, 16, act=relu)
    s2 = x = conv(g, hard_squeezed(g, y, 16, 8), 16, 16, 1)
    x = ir(x, 16, 72, 24, 3, 2, 0, relu)
    s3 = x = ir(x, 24, 88, 24, 3, 1, 0, relu)
    x = ir(x, 24, 96, 32, 5, 2, 1, hswish)
    for _ in range(4):
        x = ir(x, 32, 128, 32, 5, 1, 1, hswish)
    x = g.op("Mul", conv_relu(g, x, 32, 128, 1), g.op("Sigmoid", conv(g, mean(g, x), 32, 128, 1)))
    ci = 128
    for s, c in ((s3, 24), (s2, 16), (s1, 16)):
        y = conv(g, enlarged(g, x, 2), ci, c, 1)
        t = g.op("Add", s, y)
        m = g.op("Sigmoid", conv(g, conv_relu(g, mean(g, t), c, c, 1), c, c, 1))
        y = conv_relu(g, g.op("Add", g.op("Mul", s, m), y), c, c, 1)
        x, ci = g.op("Add", y, conv_relu(g, y, c, c, 3, 1, c)), c
    y = g.op("ConvTranspose", x, g.weight(16, 1, 2, 2), g.weight(1), strides=[2, 2])
    return g.op("Sigmoid", y)


def ppocr_det(g: Builder, size: int) -> str:
    """PP-OCRv4 mobile: LCNetV3 of 0.75, RSE-FPN of 96, DB head."""
    r = lambda c: eighths(c * 0.75)

    def act(x, c):
        return g.op(
            "Add",
            g.op("Mul", hswish(g, g.op("Add", g.op("Mul", x, g.weight(1)), g.weight(1))), g.weight(1)),
            g.weight(1),
        )

    x, ci, f = conv(g, g.input(1, 3, size, size), 3, r(16), 3, 2), r(16), []
    for stage in (
        ((3, 32, 1, 0),),
        ((3, 64, 2, 0), (3, 64, 1, 0)),
        ((3, 128, 2, 0), (3, 128, 1, 0)),
        ((3, 256, 2, 0), (5, 256, 1, 0), (5, 256, 1, 0), (5, 256, 1, 0), (5, 256, 1, 0)),
        ((5, 512, 2, 1), (5, 512, 1, 1), (5, 512, 1, 0), (5, 512, 1, 0)),
    ):
        for k, co, s, q in stage:
            co = r(co)
            y = conv(g, x, ci, ci, k, s, ci)
            y = act(y, ci) if s == 1 else y
            if q:
                y = hard_squeezed(g, y, ci, ci // 4)
            x, ci = act(conv(g, y, ci, co, 1), co), co
        f.append((x, ci))
    f = [(conv(g, t, c, o, 1), o) for (t, c), o in zip(f[1:], (12, 18, 42, 360), strict=True)]

    def rse(x, a, b, k):
        y = conv(g, x, a, b, k, bias=False)
        m = hard_sigmoid(g, conv(g, conv_relu(g, mean(g, y), b, b // 4, 1), b // 4, b, 1))
        return g.op("Add", y, g.op("Mul", y, m))

    p = [rse(t, c, 96, 1) for t, c in f]
    for i in (2, 1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    p = [rse(t, 96, 24, 3) for t in p]
    y = concat(g, *(enlarged(g, p[i], 1 << i, "nearest") if i else p[0] for i in (3, 2, 1, 0)))
    y = conv_relu(g, y, 96, 24, 3)
    y = relu(g, g.op("ConvTranspose", y, g.weight(24, 24, 2, 2), g.weight(24), strides=[2, 2]))
    return g.op("Sigmoid", g.op("ConvTranspose", y, g.weight(24, 1, 2, 2), g.weight(1), strides=[2, 2]))


def mnv2_unet(g: Builder, size: int) -> str:
    """A U of MobileNetV2's maps."""
    f = mobilenet_v2_maps(g, g.input(1, 3, size, size))
    x, ci = activated(g, f[6][0], 320, 1280, act=relu6), 1280
    for (s, c), co in zip((f[4], f[2], f[1], f[0], (None, 0)), (256, 128, 64, 32, 16), strict=True):
        x = enlarged(g, x, 2, "nearest")
        if s:
            x = concat(g, x, s)
        x, ci = conv_relu(g, conv_relu(g, x, ci + c, co, 3), co, co, 3), co
    return conv(g, x, 16, 2, 3)


DAILY_MAPS = {
    "erfnet_256x512": ('CNN', lambda g: erfnet(g, 256, 512)),
    "mnv2_unet_256": ('CNN', lambda g: mnv2_unet(g, 256)),
    "stdc1_384x768": ('CNN', lambda g: stdc1(g, 384, 768)),
    "ppocr_v4_det_480": ('CNN', lambda g: ppocr_det(g, 480)),
    "selfie_seg_144x256": ('CNN', lambda g: selfie(g, 144, 256)),
    "rvm_mnv3_288x512": ('CNN', lambda g: rvm(g, 288, 512)),
    "modnet_256": ('CNN', lambda g: modnet(g, 256)),
}  # fmt: skip
