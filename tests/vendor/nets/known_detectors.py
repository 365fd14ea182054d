"""Detectors and points: YOLOs at other sizes, YOLOX-Nano, EAST, LPRNet, poses."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_people import scrfd
from tests.vendor.nets.everyday_detectors import yolo11, yolov5, yolov8
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import doubled
from tests.vendor.nets.usual_pieces import pooled


def yolox_nano(g: Builder, size: int) -> str:
    """YOLOX-Nano: a depthwise 3x3 and 1x1 for each 3x3."""
    dw = lambda x, a, b, s=1: activated(g, activated(g, x, a, a, 3, s, a), a, b)

    def csp(x, ci, co, n, add=True):
        h = co // 2
        a, b = activated(g, x, ci, h), activated(g, x, ci, h)
        for _ in range(n):
            y = dw(activated(g, a, h, h), h, h)
            a = g.op("Add", y, a) if add else y
        return activated(g, concat(g, a, b), co, co)

    i = g.input(1, 3, size, size)
    every = lambda a, b: g.op(
        "Slice", i, g.const([a, b]), g.const([2**31, 2**31]), g.const([2, 3]), g.const([2, 2])
    )
    x = activated(g, concat(g, every(0, 0), every(1, 0), every(0, 1), every(1, 1)), 12, 16, 3)
    ci, f = 16, []
    for co, n in ((32, 1), (64, 3), (128, 3), (256, 1)):
        x = dw(x, ci, co, 2)
        if co == 256:
            y = activated(g, x, 256, 128)
            x = activated(g, concat(g, y, *(pooled(g, y, k, 1, k // 2) for k in (5, 9, 13))), 512, 256)
        x, ci = csp(x, co, co, n, co != 256), co
        f.append(x)
    t5 = activated(g, f[3], 256, 128)
    t4 = activated(g, csp(concat(g, enlarged(g, t5, 2, "nearest"), f[2]), 256, 128, 1, False), 128, 64)
    n3 = csp(concat(g, enlarged(g, t4, 2, "nearest"), f[1]), 128, 64, 1, False)
    n4 = csp(concat(g, dw(n3, 64, 64, 2), t4), 128, 128, 1, False)
    n5 = csp(concat(g, dw(n4, 128, 128, 2), t5), 256, 256, 1, False)
    outs = []
    for t, c, s in ((n3, 64, 8), (n4, 128, 16), (n5, 256, 32)):
        t, e = activated(g, t, c, 64), size // s
        a, b = dw(dw(t, 64, 64), 64, 64), dw(dw(t, 64, 64), 64, 64)
        y = [conv(g, b, 64, 4, 1), *(g.op("Sigmoid", conv(g, v, 64, k, 1)) for v, k in ((b, 1), (a, 80)))]
        outs.append(g.op("Reshape", concat(g, *y), g.const([1, 85, e * e])))
    return g.op("Transpose", concat(g, *outs, axis=2), perm=[0, 2, 1])


def focus(g: Builder, size: int, apart: bool) -> str:
    """YOLOX's first steps: every second pixel into channels, by a Slice of rows and columns each or, `apart`, by one of
    rows and one of columns as PyTorch exports it, and two convolutions."""
    x, parts = g.input(1, 3, size, size), []

    def every(t, begins, axes):
        ends, steps = [2**31] * len(axes), [2] * len(axes)
        return g.op("Slice", t, *(g.const(v) for v in (begins, ends, axes, steps)))

    for a, b in ((0, 0), (1, 0), (0, 1), (1, 1)):
        parts.append(every(every(x, [a], [2]), [b], [3]) if apart else every(x, [a, b], [2, 3]))
    return conv(g, conv_relu(g, concat(g, *parts), 12, 16, 3), 16, 32, 3, 2)


def east_r18(g: Builder, size: int) -> list[str]:
    """EAST on ResNet-18: maps merged upwards, a score and five numbers a place."""
    f = resnet(g, size, (2, 2, 2, 2), False, True)
    x, ci = f[3]
    for (y, c), co in zip(f[2::-1], (128, 64, 32), strict=True):
        x = concat(g, enlarged(g, x, 2), y)
        x, ci = conv_relu(g, conv_relu(g, x, ci + c, co, 1), co, co, 3), co
    x = conv_relu(g, x, 32, 32, 3)
    return [g.op("Sigmoid", conv(g, x, 32, k, 1)) for k in (1, 4, 1)]


def lprnet(g: Builder, n: int = 1) -> str:
    """LPRNet: plates of 24 x 94, small blocks of 3x1 and 1x3, poolings of uneven strides."""

    def small(x, a, b):
        q, c = (
            b // 4,
            lambda y, w, kh, kw: relu(
                g, g.op("Conv", y, g.weight(w[1], w[0], kh, kw), g.weight(w[1]), pads=[kh // 2, kw // 2] * 2)
            ),
        )
        y = c(c(c(x, (a, q), 1, 1), (q, q), 3, 1), (q, q), 1, 3)
        return conv(g, y, q, b, 1)

    def plain(x, a, b, kh, kw):
        return relu(g, g.op("Conv", x, g.weight(b, a, kh, kw), g.weight(b)))

    x = pooled(g, plain(g.input(n, 3, 24, 94), 3, 64, 3, 3), 3, 1)
    x = relu(g, small(x, 64, 128))
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 2])
    x = relu(g, small(relu(g, small(x, 128, 256)), 256, 256))
    x = g.op("MaxPool", x, kernel_shape=[3, 3], strides=[1, 2])
    x = plain(plain(x, 256, 256, 1, 4), 256, 68, 13, 1)
    return g.op("ReduceMean", x, axes=[2], keepdims=0)


def simple_pose(g: Builder, n: int, h: int = 256, w: int = 192) -> str:
    """SimpleBaseline on ResNet-18 for n people: three transposed convolutions."""
    x, ci = pooled(g, conv_relu(g, g.input(n, 3, h, w), 3, 64, 7, 2), 3, 2, 1), 64
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if i == 0 and j else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else conv(g, x, ci, co, 1, s))), co
    for _ in range(3):
        x, ci = doubled(g, x, ci, 256, relu), 256
    return conv(g, x, 256, 17, 1)


KNOWN_DETECTORS = {
    "yolov5n_640": ("CNN", lambda g: yolov5(g, 640, 16, 1)),
    "yolov8n_416": ("CNN", lambda g: yolov8(g, 416, 16, 1)),
    "yolo11n_320": ("CNN", lambda g: yolo11(g, 320)),
    "scrfd_500m_320": ("CNN", lambda g: scrfd(g, 320)),
    "yolox_nano_416": ("CNN", lambda g: yolox_nano(g, 416)),
    "focus_640": ("CNN", lambda g: focus(g, 640, False)),
    "focus_apart_320": ("CNN", lambda g: focus(g, 320, True)),
    "east_r18_320": ("CNN", lambda g: east_r18(g, 320)),
    "lprnet_b4": ("CNN", lambda g: lprnet(g, 4)),
    "simple_pose_r18_b2": ("CNN", lambda g: simple_pose(g, 2)),
}  # fmt: skip
