"""YOLO v3, v7, v8 and v11."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import anchor_heads
from tests.vendor.nets.everyday_detectors import dfl_head, yolo11, yolov5, yolov8_maps
from tests.vendor.nets.everyday_pieces import activated, concat
from tests.vendor.nets.layers import conv, enlarged
from tests.vendor.nets.usual_pieces import leaky, pooled


def yolov8_pose(g: Builder, size: int, w: int = 16) -> str:
    """YOLOv8-pose: one class, seventeen points decoded beside the box."""
    c = [w, 2 * w, 4 * w, 8 * w, 16 * w]
    y = dfl_head(g, yolov8_maps(g, size, c, 1), c[2:], size, classes=1, extra=51)
    n = sum((size // s) ** 2 for s in (8, 16, 32))
    box, k = g.op("Split", y, g.const([5, 51]), count=2, axis=1)
    k = g.op("Reshape", k, g.const([1, 17, 3, n]))
    xy, v = g.op("Split", k, g.const([2, 1]), count=2, axis=2)
    xy = g.op("Mul", g.op("Add", g.op("Mul", xy, g.const(2.0)), g.weight(2, n)), g.weight(1, n))
    k = g.op("Reshape", concat(g, xy, g.op("Sigmoid", v), axis=2), g.const([1, 51, n]))
    return concat(g, box, k)


def yolov7(g: Builder, size: int) -> str:
    """YOLOv7: ELAN blocks of four maps, pooled and strided halves where the size halves."""

    def elan(x, ci, c, co):
        a, b = activated(g, x, ci, c), activated(g, x, ci, c)
        d = activated(g, activated(g, b, c, c, 3), c, c, 3)
        e = activated(g, activated(g, d, c, c, 3), c, c, 3)
        return activated(g, concat(g, e, d, b, a), 4 * c, co)

    def wide(x, ci, c, h, co):
        a, ts = activated(g, x, ci, c), [activated(g, x, ci, c)]
        t, w = ts[0], c
        for _ in range(4):
            t, w = activated(g, t, w, h, 3), h
            ts.append(t)
        return activated(g, concat(g, *reversed(ts), a), 2 * c + 4 * h, co)

    def down(x, ci, h, *more):
        a = activated(g, pooled(g, x, 2, 2), ci, h)
        b = activated(g, activated(g, x, ci, h), h, h, 3, 2)
        return concat(g, b, a, *more)

    x = activated(g, activated(g, g.input(1, 3, size, size), 3, 32, 3), 32, 64, 3, 2)
    x = activated(g, activated(g, x, 64, 64, 3), 64, 128, 3, 2)
    x = elan(x, 128, 64, 256)
    p3 = elan(down(x, 256, 128), 256, 128, 512)
    p4 = elan(down(p3, 512, 256), 512, 256, 1024)
    x = elan(down(p4, 1024, 512), 1024, 256, 1024)
    a = activated(g, activated(g, activated(g, x, 1024, 512), 512, 512, 3), 512, 512)
    a = concat(g, a, *(pooled(g, a, k, 1, k // 2) for k in (5, 9, 13)))
    a = activated(g, activated(g, a, 2048, 512), 512, 512, 3)
    p5 = activated(g, concat(g, a, activated(g, x, 1024, 512)), 1024, 512)
    n4 = wide(
        concat(g, activated(g, p4, 1024, 256), enlarged(g, activated(g, p5, 512, 256), 2, "nearest")),
        512,
        256,
        128,
        256,
    )
    n3 = wide(
        concat(g, activated(g, p3, 512, 128), enlarged(g, activated(g, n4, 256, 128), 2, "nearest")),
        256,
        128,
        64,
        128,
    )
    n4 = wide(down(n3, 128, 128, n4), 512, 256, 128, 256)
    n5 = wide(down(n4, 256, 256, p5), 1024, 512, 256, 512)
    outs = [
        (conv(g, activated(g, t, c, 2 * c, 3), 2 * c, 255, 1), size // s)
        for t, c, s in ((n3, 128, 8), (n4, 256, 16), (n5, 512, 32))
    ]
    return anchor_heads(g, outs)


def yolov3(g: Builder, size: int) -> str:
    """YOLOv3 on Darknet-53."""
    c = lambda x, a, b, k=1, s=1: activated(g, x, a, b, k, s, act=leaky)
    x, ci, f = c(g.input(1, 3, size, size), 3, 32, 3), 32, []
    for co, n in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        x, ci = c(x, ci, co, 3, 2), co
        for _ in range(n):
            x = g.op("Add", x, c(c(x, co, co // 2), co // 2, co, 3))
        f.append(x)
    outs, ci = [], 1024
    for h, p, e in ((512, None, size // 32), (256, f[3], size // 16), (128, f[2], size // 8)):
        if p:
            x, ci = concat(g, enlarged(g, c(x, 2 * h, h), 2, "nearest"), p), 3 * h
        x = c(c(c(c(c(x, ci, h), h, 2 * h, 3), 2 * h, h), h, 2 * h, 3), 2 * h, h)
        outs.append((conv(g, c(x, h, 2 * h, 3), 2 * h, 255, 1), e))
    return anchor_heads(g, outs)


#: Channels of YOLOv8m, whose widest maps are narrower than sixteen times its first.
YOLOV8M = (48, 96, 192, 384, 576)

COMMON_YOLOS = {
    "yolov3_320": ("CNN", lambda g: yolov3(g, 320)),
    "yolov5m_320": ("CNN", lambda g: yolov5(g, 320, 48, 2)),
    "yolov7_416": ("CNN", lambda g: yolov7(g, 416)),
    "yolov8m_384": ("CNN", lambda g: dfl_head(g, yolov8_maps(g, 384, YOLOV8M, 2), YOLOV8M[2:], 384)),
    "yolov8n_pose_512": ("CNN", lambda g: yolov8_pose(g, 512)),
    "yolo11s_416": ("CNN", lambda g: yolo11(g, 416, 32)),
}  # fmt: skip
