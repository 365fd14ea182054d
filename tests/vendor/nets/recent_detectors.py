"""Detectors: Tiny YOLOv2, FastestDet, SSD with a small pyramid."""

from collections.abc import Sequence

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import channels_last, leaky_of, mean_pooled, mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import activated, concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, relu6, shuffled


def tiny_yolov2(g: Builder, e: int) -> str:
    """Tiny YOLOv2 (ONNX's zoo): six pools, the last of stride 1."""
    lk = leaky_of(0.1)
    x, ci = g.input(1, 3, e, e), 3
    for i, co in enumerate((16, 32, 64, 128, 256, 512)):
        x = activated(g, x, ci, co, 3, act=lk)
        ci = co
        if i < 5:
            x = pooled(g, x, 2, 2)
        else:
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
    x = activated(g, activated(g, x, 512, 1024, 3, act=lk), 1024, 1024, 3, act=lk)
    return conv(g, x, 1024, 125, 1)


def shuffle_maps(
    g: Builder, e: int, outs: Sequence[int] = (24, 48, 96, 192), reps: Sequence[int] = (4, 8, 4)
) -> list[str]:
    """ShuffleNetV2-0.5's three maps."""
    x, e = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, outs[0], 3, 2), 3, 2, 1), e // 4
    ci, f = outs[0], []
    for co, n in zip(outs[1:], reps, strict=True):
        h = co // 2
        a = conv_relu(g, conv(g, x, ci, ci, 3, 2, ci), ci, h, 1)
        b = conv_relu(g, conv(g, conv_relu(g, x, ci, h, 1), h, h, 3, 2, h), h, h, 1)
        e //= 2
        x = shuffled(g, concat(g, a, b), co, e, e)
        for _ in range(n - 1):
            a, b = g.op("Split", x, g.const([h, h]), count=2, axis=1)
            b = conv_relu(g, conv(g, conv_relu(g, b, h, h, 1), h, h, 3, 1, h), h, h, 1)
            x = shuffled(g, concat(g, a, b), co, e, e)
        ci = co
        f.append(x)
    return f


def fastestdet(g: Builder, e: int, classes: int = 80) -> str:
    """FastestDet: ShuffleNetV2-0.5, three maps on one grid, a pyramid of 5x5 depthwise ones, one head."""
    p1, p2, p3 = shuffle_maps(g, e)
    x = concat(g, mean_pooled(g, p1, 3, 2, 1), p2, enlarged(g, p3, 2, "nearest"))
    x = conv_relu(g, x, 336, 96, 1)
    d5 = lambda x: conv_relu(g, x, 96, 96, 5, 1, 96)
    y = conv_relu(g, x, 96, 96, 1)
    s1 = d5(y)
    s2 = d5(d5(y))
    s3 = d5(d5(d5(y)))
    x = relu(g, g.op("Add", y, conv(g, concat(g, s1, s2, s3), 288, 96, 1)))
    x = conv_relu(g, x, 96, 96, 1)
    h = lambda n: conv(g, d5(x), 96, n, 1)
    return concat(g, g.op("Sigmoid", h(1)), h(4), g.op("Softmax", h(classes), axis=1))


def ssd_fpnlite(g: Builder, e: int, classes: int = 91, w: int = 128) -> list[str]:
    """SSD MobileNetV2 FPNLite (TensorFlow's zoo): separable pyramid and shared separable towers."""
    m = mobilenet_v2_maps(g, g.input(1, 3, e, e))
    sep = lambda x, a, b, s=1: activated(g, conv(g, x, a, a, 3, s, a, False), a, b, 1, act=relu6)
    c3, c4, c5 = (conv(g, m[i][0], m[i][1], w, 1) for i in (2, 4, 6))
    p4 = g.op("Add", enlarged(g, c5, 2, "nearest"), c4)
    p3 = g.op("Add", enlarged(g, p4, 2, "nearest"), c3)
    p4, p3 = sep(p4, w, w), sep(p3, w, w)
    p6 = sep(c5, w, w, 2)
    p7 = sep(p6, w, w, 2)
    wd = [[(g.weight(w, 1, 3, 3), g.weight(w, w, 1, 1)) for _ in range(4)] for _ in range(2)]
    last = [(g.weight(w, 1, 3, 3), g.weight(6 * k, w, 1, 1), g.weight(6 * k)) for k in (4, classes)]
    out = [[], []]
    for x in (p3, p4, c5, p6, p7):
        for j, k in enumerate((4, classes)):
            y = x
            for a, b in wd[j]:
                y = relu6(g, g.op("Conv", g.op("Conv", y, a, pads=[1] * 4, group=w), b, g.weight(w)))
            a, b, c = last[j]
            y = g.op("Conv", g.op("Conv", y, a, pads=[1] * 4, group=w), b, c)
            out[j].append(g.op("Reshape", channels_last(g, y), g.const([1, -1, k])))
    return [concat(g, *out[0]), g.op("Sigmoid", concat(g, *out[1]))]


RECENT_DETECTORS = {
    "tiny_yolov2_416": ("CNN", lambda g: tiny_yolov2(g, 416)),
    "fastestdet_352": ("CNN", lambda g: fastestdet(g, 352)),
    "ssd_mnv2_fpnlite_320": ("CNN", lambda g: ssd_fpnlite(g, 320)),
}  # fmt: skip
