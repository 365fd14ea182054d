"""Boxes and lines: SqueezeDet, S3FD, M-LSD."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import boxes_in_a_row, mobilenet_v2_maps
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled
from tests.vendor.nets.usual_small_classifiers import fired


def squeezedet(g: Builder, h: int, w: int, anchors: int = 9, classes: int = 3) -> list[str]:
    """SqueezeDet on a road's wide pictures: fires, one convolution for nine anchors a place."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 3, 2), 3, 2, 1), 64
    for s, e, n, down in ((16, 64, 2, 1), (32, 128, 2, 1), (48, 192, 2, 0), (64, 256, 2, 0), (96, 384, 2, 0)):
        for _ in range(n):
            x, ci = fired(g, x, ci, s, e), 2 * e
        x = pooled(g, x, 3, 2, 1) if down else x
    n, k = (h // 16) * (w // 16) * anchors, classes + 5
    y = boxes_in_a_row(g, conv(g, x, ci, anchors * k, 3), n, k)
    scores = g.op("Softmax", cut(g, y, 2, 0, classes), axis=-1)
    sure = g.op("Sigmoid", cut(g, y, 2, classes, classes + 1))
    return [g.op("Mul", scores, sure), cut(g, y, 2, classes + 1, k)]


def s3fd(g: Builder, e: int) -> list[str]:
    """S3FD: faces of all sizes on VGG16, three maps scaled to a length of their own, six levels."""

    def scaled(x: str, c: int) -> str:
        norm = g.op("Add", g.op("ReduceL2", x, axes=[1], keepdims=1), g.const(1e-4))
        return g.op("Mul", g.op("Div", x, norm), g.weight(1, c, 1, 1))

    x, ci, maps = g.input(1, 3, e, e), 3, []
    for j, (n, c) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))):
        for _ in range(n):
            x, ci = conv_relu(g, x, ci, c, 3), c
        if j > 1:
            maps.append((scaled(x, c), c, e >> j))
        x = pooled(g, x, 2, 2)
    x = conv_relu(g, conv_relu(g, x, 512, 1024, 3), 1024, 1024, 1)
    maps.append((x, 1024, e // 32))
    for a, b, c, s in ((1024, 256, 512, 64), (512, 128, 256, 128)):
        x = conv_relu(g, conv_relu(g, x, a, b, 1), b, c, 3, 2)
        maps.append((x, c, -(-e // s)))
    boxes, scores = [], []
    for j, (x, c, m) in enumerate(maps):
        s = conv(g, x, c, 2 if j else 4, 3)
        if not j:
            most = g.op("ReduceMax", cut(g, s, 1, 0, 3), axes=[1], keepdims=1)
            s = concat(g, most, cut(g, s, 1, 3, 4))
        scores.append(boxes_in_a_row(g, s, m * m, 2))
        boxes.append(boxes_in_a_row(g, conv(g, x, c, 4, 3), m * m, 4))
    return [concat(g, *boxes), g.op("Softmax", concat(g, *scores), axis=-1)]


def mlsd_tiny(g: Builder, e: int) -> str:
    """M-LSD tiny: lines of a picture by MobileNetV2's first maps, joined on the way up."""

    def joined(a: str, ca: int, b: str, cb: int, c: int) -> str:
        b = enlarged(g, conv_relu(g, b, cb, c, 1), 2)
        return concat(g, conv_relu(g, a, ca, c, 1), b)

    def block(x: str, a: int, b: int) -> str:
        return conv_relu(g, g.op("Add", conv_relu(g, x, a, a, 3), x), a, b, 3)

    maps = mobilenet_v2_maps(g, g.input(1, 3, e, e), 4)
    x = block(joined(maps[2][0], 32, maps[3][0], 64, 64), 128, 64)
    x = block(joined(maps[1][0], 24, x, 64, 32), 64, 64)
    x = conv(g, conv_relu(g, spaced(g, x, 64, 64, 5, relu), 64, 64, 3), 64, 16, 1)
    return enlarged(g, cut(g, x, 1, 7, 16), 2)


NEWEST_DETECTORS = {
    "squeezedet_384x1248": ("CNN", lambda g: squeezedet(g, 384, 1248)),
    "mlsd_tiny_512": ("CNN", lambda g: mlsd_tiny(g, 512)),
    "s3fd_320": ("CNN", lambda g: s3fd(g, 320)),
}  # fmt: skip
