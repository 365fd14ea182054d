"""Detectors and points: YOLOs at other sizes, SSD300, RetinaNet, YOLOX-Nano, EAST, LPRNet."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_people import scrfd
from tests.vendor.nets.common_pieces import shared_kernel
from tests.vendor.nets.everyday_detectors import yolo11, yolov5, yolov8
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.popular_pieces import doubled, spaced
from tests.vendor.nets.usual_pieces import pooled


def flat(g: Builder, x: str, n: int, k: int) -> str:
    """[1, A K, H, W] as [1, A H W, K]."""
    return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.const([1, n, k]))


def ssd300(g: Builder, classes: int = 21) -> list[str]:
    """SSD300 on VGG-16: six levels, the first normalised by its length."""
    x, ci = g.input(1, 3, 300, 300), 3
    for n, co in ((2, 64), (2, 128), (3, 256), (3, 512)):
        if ci != 3:
            x = g.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, co, 3), co
    long = g.op("Clip", g.op("ReduceL2", x, axes=[1], keepdims=1), g.const(1e-4))
    f = [(g.op("Mul", g.op("Div", x, long), g.weight(512, 1, 1)), 512, 38, 4)]
    x = pooled(g, x, 2, 2)
    for _ in range(3):
        x = conv_relu(g, x, 512, 512, 3)
    x = conv_relu(g, spaced(g, pooled(g, x, 3, 1, 1), 512, 1024, 6, relu), 1024, 1024, 1)
    f.append((x, 1024, 19, 6))
    ci = 1024
    further = (256, 512, 2, 1, 10, 6), (128, 256, 2, 1, 5, 6), (128, 256, 1, 0, 3, 4), (128, 256, 1, 0, 1, 4)
    for m, co, s, p, e, a in further:
        y = conv_relu(g, x, ci, m, 1)
        x = relu(g, g.op("Conv", y, g.weight(co, m, 3, 3), g.weight(co), strides=[s, s], pads=[p] * 4))
        ci = co
        f.append((x, co, e, a))
    box = [flat(g, conv(g, t, c, 4 * a, 3), a * e * e, 4) for t, c, e, a in f]
    cls = [flat(g, conv(g, t, c, classes * a, 3), a * e * e, classes) for t, c, e, a in f]
    return [concat(g, *box), g.op("Softmax", concat(g, *cls), axis=-1)]


def retinanet_r18(g: Builder, size: int, classes: int = 80) -> list[str]:
    """RetinaNet on ResNet-18: five levels of 256, towers of four shared kernels."""
    f = resnet(g, size, (2, 2, 2, 2), False, True)[1:]
    p = [conv(g, t, c, 256, 1) for t, c in f]
    for i in (1, 0):
        p[i] = g.op("Add", p[i], enlarged(g, p[i + 1], 2, "nearest"))
    p = [conv(g, t, 256, 256, 3) for t in p]
    p.append(conv(g, f[2][0], 512, 256, 3, 2))
    p.append(conv(g, relu(g, p[3]), 256, 256, 3, 2))
    A, B = ([shared_kernel(g, 256, 256, 3) for _ in range(4)] for _ in range(2))
    A1, B1 = shared_kernel(g, 256, 9 * classes, 3), shared_kernel(g, 256, 36, 3)
    cls, box, e = [], [], size // 8
    for t in p:
        a = b = t
        for k, m in zip(A, B, strict=True):
            a, b = relu(g, k(a)), relu(g, m(b))
        cls.append(flat(g, g.op("Sigmoid", A1(a)), 9 * e * e, classes))
        box.append(flat(g, B1(b), 9 * e * e, 4))
        e = (e + 1) // 2
    return [concat(g, *cls), concat(g, *box)]


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
    "ssd300_vgg16": ("CNN", lambda g: ssd300(g)),
    "retinanet_r18_320": ("CNN", lambda g: retinanet_r18(g, 320)),
    "yolox_nano_416": ("CNN", lambda g: yolox_nano(g, 416)),
    "focus_640": ("CNN", lambda g: focus(g, 640, False)),
    "focus_apart_320": ("CNN", lambda g: focus(g, 320, True)),
    "east_r18_320": ("CNN", lambda g: east_r18(g, 320)),
    "lprnet_b4": ("CNN", lambda g: lprnet(g, 4)),
    "simple_pose_r18_b2": ("CNN", lambda g: simple_pose(g, 2)),
}  # fmt: skip
