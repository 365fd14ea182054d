"""Boxes: RFBNet on MobileNet, faces by YOLO5Face, ThunderNet's proposals, one thing followed by NanoTrack."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import V3S, mobilenet_v3_maps
from tests.vendor.nets.daily_pieces import boxes_in_a_row
from tests.vendor.nets.everyday_detectors import c3
from tests.vendor.nets.everyday_pieces import activated, concat, halves, relu, squeezed
from tests.vendor.nets.layers import conv, conv_relu, cut, enlarged
from tests.vendor.nets.popular_pieces import spaced
from tests.vendor.nets.usual_pieces import pooled, shuffled


def rfb_mobile(g: Builder, e: int = 300, classes: int = 21) -> list[str]:
    """RFBNet on MobileNetV1: fields of three sizes joined and added to what they saw, six levels of boxes."""

    def field(x: str, a: int, b: int, s: int = 1) -> str:
        m = a // 8
        y = spaced(g, conv_relu(g, x, a, 2 * m, 1, s), 2 * m, 2 * m, 1)
        z = spaced(g, conv_relu(g, conv_relu(g, x, a, m, 1), m, 2 * m, 3, s), 2 * m, 2 * m, 2)
        w = conv_relu(g, conv_relu(g, conv_relu(g, x, a, m, 1), m, 3 * m // 2, 3), 3 * m // 2, 2 * m, 3, s)
        y = conv(g, concat(g, y, z, spaced(g, w, 2 * m, 2 * m, 3)), 6 * m, b, 1)
        return relu(g, g.op("Add", y, conv(g, x, a, b, 1, s)))

    x, ci, maps = conv_relu(g, g.input(1, 3, e, e), 3, 32, 3, 2), 32, []
    table = (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1)
    for c, s in table:
        if c == 1024 and s == 2:
            maps.append((field(x, 512, 512), 512, 19))
        x, ci = conv_relu(g, conv_relu(g, x, ci, ci, 3, s, ci), ci, c, 1), c
    x = field(x, 1024, 1024)
    maps.append((x, 1024, 10))
    x = field(x, 1024, 512, 2)
    maps.append((x, 512, 5))
    for a, b, c, m in ((512, 128, 256, 3), (256, 128, 256, 2), (256, 64, 128, 1)):
        x = conv_relu(g, conv_relu(g, x, a, b, 1), b, c, 3, 2)
        maps.append((x, c, m))
    boxes = [boxes_in_a_row(g, conv(g, t, c, 24, 1), 6 * m * m, 4) for t, c, m in maps]
    scores = [boxes_in_a_row(g, conv(g, t, c, 6 * classes, 1), 6 * m * m, classes) for t, c, m in maps]
    return [concat(g, *boxes), g.op("Softmax", concat(g, *scores), axis=-1)]


def yolo5face_s(g: Builder, e: int) -> str:
    """YOLOv5s-face: a stem of two branches, small poolings, boxes with five points."""
    x = activated(g, g.input(1, 3, e, e), 3, 32, 3, 2)
    y = activated(g, activated(g, x, 32, 16), 16, 32, 3, 2)
    x = activated(g, concat(g, y, pooled(g, x, 2, 2)), 64, 32)
    x = c3(g, x, 32, 64, 1)
    p3 = c3(g, activated(g, x, 64, 128, 3, 2), 128, 128, 3)
    p4 = c3(g, activated(g, p3, 128, 256, 3, 2), 256, 256, 3)
    x = activated(g, activated(g, p4, 256, 512, 3, 2), 512, 256)
    x = activated(g, concat(g, x, *(pooled(g, x, k, 1, k // 2) for k in (3, 5, 7))), 1024, 512)
    t5 = activated(g, c3(g, x, 512, 512, 1, False), 512, 256)
    x = c3(g, concat(g, enlarged(g, t5, 2, "nearest"), p4), 512, 256, 1, False)
    t4 = activated(g, x, 256, 128)
    n3 = c3(g, concat(g, enlarged(g, t4, 2, "nearest"), p3), 256, 128, 1, False)
    n4 = c3(g, concat(g, activated(g, n3, 128, 128, 3, 2), t4), 256, 256, 1, False)
    n5 = c3(g, concat(g, activated(g, n4, 256, 256, 3, 2), t5), 512, 512, 1, False)
    outs = []
    for j, (t, c) in enumerate(((n3, 128), (n4, 256), (n5, 512))):
        m = e // (8 << j)
        t = g.op("Reshape", conv(g, t, c, 48, 1), g.const([1, 3, 16, m, m]))
        t = g.op("Transpose", t, perm=[0, 1, 3, 4, 2])
        box, sure = g.op("Sigmoid", cut(g, t, 4, 0, 5)), g.op("Sigmoid", cut(g, t, 4, 15, 16))
        t = concat(g, box, cut(g, t, 4, 5, 15), sure, axis=4)
        outs.append(g.op("Reshape", t, g.const([1, 3 * m * m, 16])))
    return concat(g, *outs)


def thundernet(g: Builder, e: int = 320, a: int = 245) -> list[str]:
    """ThunderNet up to its regions: SNet49, context of three sizes, proposals that gate the map for the regions."""
    x, ci = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, 24, 3, 2), 3, 2, 1), 24
    m, maps = e // 4, []
    for co, n in ((60, 4), (120, 8), (240, 4)):
        h, m = co // 2, m // 2
        y = conv_relu(g, conv(g, x, ci, ci, 5, 2, ci), ci, h, 1)
        z = conv_relu(g, conv(g, conv_relu(g, x, ci, h, 1), h, h, 5, 2, h), h, h, 1)
        x, ci = shuffled(g, concat(g, y, z), co, m, m), co
        for _ in range(n - 1):
            y, z = halves(g, x, h)
            z = conv_relu(g, conv(g, conv_relu(g, z, h, h, 1), h, h, 5, 1, h), h, h, 1)
            x = shuffled(g, concat(g, y, z), co, m, m)
        maps.append(x)
    x = conv_relu(g, x, 240, 512, 1)
    y = g.op("Add", conv(g, maps[1], 120, a, 1), enlarged(g, conv(g, x, 512, a, 1), 2, "nearest"))
    y = g.op("Add", y, conv(g, g.op("GlobalAveragePool", x), 512, a, 1))
    r = conv_relu(g, conv(g, y, a, a, 5, 1, a), a, 256, 1)
    gated = g.op("Mul", y, g.op("Sigmoid", conv(g, r, 256, a, 1)))
    n = (e // 16) ** 2 * 25
    scores = g.op("Softmax", boxes_in_a_row(g, conv(g, r, 256, 50, 1), n, 2), axis=-1)
    return [gated, scores, boxes_in_a_row(g, conv(g, r, 256, 100, 1), n, 4)]


def nanotrack(g: Builder, e: int = 256, c: int = 48) -> list[str]:
    """NanoTrack: MobileNetV3's map of where to look, each place against each of what is sought, two light towers."""
    x, m = mobilenet_v3_maps(g, g.input(1, 3, e, e), V3S[:8])[-1][0], e // 16
    z = g.op("Transpose", g.op("Reshape", g.input(1, c, 8, 8), g.const([1, c, 64])), perm=[0, 2, 1])
    y = g.op("MatMul", z, g.op("Reshape", x, g.const([1, c, m * m])))
    y = g.op("Reshape", y, g.const([1, 64, m, m]))
    y = squeezed(g, y, 64, 16, act=relu)
    outs = []
    for k in (2, 4):
        t, ci = concat(g, y, x) if k == 4 else y, 64 + c if k == 4 else 64
        for _ in range(4):
            t, ci = conv_relu(g, conv_relu(g, t, ci, ci, 3, 1, ci), ci, 96, 1), 96
        t = conv(g, t, 96, k, 3)
        outs.append(g.op("Exp", t) if k == 4 else t)
    return outs


LATELY_DETECTORS = {
    "rfb_mobile_300": ("CNN", lambda g: rfb_mobile(g)),
    "yolov5s_face_320": ("CNN", lambda g: yolo5face_s(g, 320)),
    "thundernet_320": ("CNN", lambda g: thundernet(g)),
    "nanotrack_256": ("CNN", lambda g: nanotrack(g)),
}  # fmt: skip
