"""Detectors: YOLOv2, YOLO-NAS, YOLO-FastestV2, Faster R-CNN's second head."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import leaky_of
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled


def yolov2(g: Builder, size: int) -> str:
    """YOLOv2: Darknet-19, a pass-through turned from space to depth, raw boxes."""
    act = leaky_of(0.1)
    k = lambda x, a, b, n=3: act(g, conv(g, x, a, b, n))
    x, ci = g.input(1, 3, size, size), 3
    for row in ((32,), (64,), (128, 64, 128), (256, 128, 256), (512, 256, 512, 256, 512)):
        if ci != 3:
            x = pooled(g, x, 2, 2)
        for i, co in enumerate(row):
            x, ci = k(x, ci, co, 1 if i % 2 else 3), co
    p = x
    x = pooled(g, x, 2, 2)
    for i, co in enumerate((1024, 512, 1024, 512, 1024)):
        x, ci = k(x, ci, co, 1 if i % 2 else 3), co
    x = k(k(x, 1024, 1024), 1024, 1024)
    p = g.op("SpaceToDepth", k(p, 512, 64, 1), blocksize=2)
    return conv(g, k(concat(g, p, x), 1280, 1024), 1024, 425, 1)


def yolo_nas_s(g: Builder, size: int) -> list[str]:
    """YOLO-NAS-S: 3x3 (re-parameterised), stages that keep every block's result, a neck that joins three levels."""

    def csp(x, ci, co, h, n, keep):
        a, b = conv_relu(g, x, ci, h, 1), conv_relu(g, x, ci, h, 1)
        ts = [a]
        for _ in range(n):
            y = conv_relu(g, conv_relu(g, ts[-1], h, h, 3), h, h, 3)
            ts.append(g.op("Add", g.op("Mul", ts[-1], g.const(0.9)), y))
        ts = ts[1:] + [a, b] if keep else [ts[-1], b]
        return conv_relu(g, concat(g, *ts), h * len(ts), co, 1)

    x, ci, f = conv_relu(g, g.input(1, 3, size, size), 3, 48, 3, 2), 48, []
    for co, n, h, keep in ((96, 2, 32, False), (192, 3, 64, True), (384, 5, 96, True), (768, 2, 192, True)):
        x = csp(conv_relu(g, x, ci, co, 3, 2), co, co, h, n, keep)
        ci = co
        f.append(x)
    y = conv_relu(g, f[3], 768, 384, 1)
    c5 = conv_relu(g, concat(g, y, *(pooled(g, y, k, 1, k // 2) for k in (5, 9, 13))), 1536, 768, 1)
    c2, c3, c4 = f[:3]

    def up(x, ci, a, ca, b, cb, co, h):
        t = conv_relu(g, x, ci, co, 1)
        u = g.op("ConvTranspose", t, g.weight(co, co, 2, 2), g.weight(co), strides=[2, 2])
        y = concat(g, u, conv_relu(g, a, ca, co, 1), conv_relu(g, conv_relu(g, b, cb, co, 1), co, co, 3, 2))
        return t, csp(conv_relu(g, y, 3 * co, co, 1), co, co, h, 2, True)

    t5, p4 = up(c5, 768, c4, 384, c3, 192, 192, 64)
    t4, p3 = up(p4, 192, c3, 192, c2, 96, 96, 48)
    n4 = csp(concat(g, conv_relu(g, p3, 96, 96, 3, 2), t4), 192, 192, 64, 2, False)
    n5 = csp(concat(g, conv_relu(g, n4, 192, 192, 3, 2), t5), 384, 384, 64, 2, False)
    boxes, scores, e = [], [], size // 8
    for t, c, w in ((p3, 96, 64), (n4, 192, 128), (n5, 384, 256)):
        t = conv_relu(g, t, c, w, 1)
        s = conv(g, conv_relu(g, t, w, w, 3), w, 80, 1)
        b = conv(g, conv_relu(g, t, w, w, 3), w, 68, 1)
        b = g.op("Transpose", g.op("Reshape", b, g.const([1, 4, 17, e * e])), perm=[0, 2, 3, 1])
        boxes.append(g.op("Conv", g.op("Softmax", b, axis=1), g.weight(1, 17, 1, 1)))
        scores.append(g.op("Reshape", s, g.const([1, 80, e * e])))
        e //= 2
    m = sum((size // s) ** 2 for s in (8, 16, 32))
    b = g.op("Reshape", concat(g, *boxes, axis=2), g.const([1, m, 4]))
    lt, rb = g.op("Split", b, g.const([2, 2]), count=2, axis=2)
    a = g.weight(m, 2)
    b = g.op("Mul", concat(g, g.op("Sub", a, lt), g.op("Add", a, rb), axis=2), g.weight(m, 1))
    return [b, g.op("Sigmoid", g.op("Transpose", concat(g, *scores, axis=2), perm=[0, 2, 1]))]


def yolo_fastestv2(g: Builder, size: int) -> list[str]:
    """YOLO-FastestV2: ShuffleNet-V2 of 48, 96, 192; a neck of two levels; 5x5 depthwise heads of 72."""
    x, ci, e, f = pooled(g, conv_relu(g, g.input(1, 3, size, size), 3, 24, 3, 2), 3, 2, 1), 24, size // 4, []
    for co, n in ((48, 4), (96, 8), (192, 4)):
        h = co // 2
        for i in range(n):
            if i == 0:
                a = conv_relu(g, conv(g, x, ci, ci, 3, 2, ci), ci, h, 1)
                b = conv_relu(g, conv(g, conv_relu(g, x, ci, h, 1), h, h, 3, 2, h), h, h, 1)
                e //= 2
            else:
                y = g.op("Transpose", g.op("Reshape", x, g.const([h, 2, e * e])), perm=[1, 0, 2])
                y = g.op("Reshape", y, g.const([2, 1, h, e, e]))
                a, b = (g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(2))
                b = conv_relu(g, conv(g, conv_relu(g, b, h, h, 1), h, h, 3, 1, h), h, h, 1)
            x, ci = concat(g, a, b), co
        f.append(x)

    def dwc(x):
        for _ in range(2):
            x = conv(g, conv_relu(g, x, 72, 72, 5, 1, 72), 72, 72, 1)
        return x

    s3 = conv_relu(g, f[2], 192, 72, 1)
    s2 = conv_relu(g, concat(g, enlarged(g, f[2], 2, "nearest"), f[1]), 288, 72, 1)
    outs = []
    for s in (s2, s3):
        c, r = dwc(s), dwc(s)
        reg, obj = g.op("Sigmoid", conv(g, r, 72, 12, 1)), g.op("Sigmoid", conv(g, c, 72, 3, 1))
        cls = g.op("Softmax", conv(g, c, 72, 80, 1), axis=1)
        outs.append(g.op("Transpose", concat(g, reg, obj, cls), perm=[0, 2, 3, 1]))
    return outs


def box_head(g: Builder, n: int) -> list[str]:
    """Faster R-CNN's second head for regions: four convolutions, a product of 12,544 by 1,024."""
    x = g.input(n, 256, 7, 7)
    for _ in range(4):
        x = conv_relu(g, x, 256, 256, 3)
    y = relu(g, dense(g, g.op("Flatten", x, axis=1), 12544, 1024))
    return [g.op("Softmax", dense(g, y, 1024, 91), axis=1), dense(g, y, 1024, 364)]


POPULAR_DETECTORS = {
    "yolov2_416": ("CNN", lambda g: yolov2(g, 416)),
    "yolo_nas_s_416": ("CNN", lambda g: yolo_nas_s(g, 416)),
    "yolo_fastestv2_352": ("CNN", lambda g: yolo_fastestv2(g, 352)),
    "box_head_b16": ("CNN", lambda g: box_head(g, 16)),
}  # fmt: skip
