"""Boxes, faces and looks: SCRFD of 10 GFLOPs, EfficientDet-Lite0, L2CS-Net."""

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import boxes_in_a_row, channels_last, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import activated, concat, relu, resnet
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, relu6


def scrfd_10g(g: Builder, e: int) -> list[str]:
    """SCRFD of 10 GFLOPs with points: pairs of 3x3 from a deep stem, both ways between three maps, shared heads."""
    x = conv_relu(g, conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, 28, 3, 2), 28, 28), 28, 56)
    x, ci, maps = pooled(g, x, 2, 2), 56, []
    for c, n in ((56, 3), (88, 4), (88, 2), (224, 3)):
        for i in range(n):
            s = 2 if i == 0 and maps else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c)
            if s == 2:
                x = conv(g, mean_pooled(g, x), ci, c, 1)
            x, ci = relu(g, g.op("Add", y, x)), c
        maps.append((x, c))
    ps = [conv(g, t, c, 56, 1) for t, c in maps[1:]]
    for i in (1, 0):
        ps[i] = g.op("Add", ps[i], enlarged(g, ps[i + 1], 2, "nearest"))
    ps = [conv(g, t, 56, 56) for t in ps]
    for i in (1, 2):
        ps[i] = g.op("Add", ps[i], conv(g, ps[i - 1], 56, 56, 3, 2))
    ps = [ps[0], *(conv(g, t, 56, 56) for t in ps[1:])]
    found: list[list[str]] = [[], [], []]
    for t, s in zip(ps, (8, 16, 32), strict=True):
        y, c = t, 56
        for _ in range(3):
            y, c = conv_relu(g, y, c, 80), 80
        scores, boxes, points = (conv(g, y, 80, k) for k in (2, 8, 20))
        boxes = g.op("Mul", boxes, g.const(1.0))
        rows = 2 * (e // s) ** 2
        found[0].append(g.op("Sigmoid", g.op("Reshape", channels_last(g, scores), g.const([1, rows, 1]))))
        found[1].append(boxes_in_a_row(g, boxes, rows, 4))
        found[2].append(boxes_in_a_row(g, points, rows, 10))
    return [t for each in found for t in each]


def efficientdet_lite(g: Builder, e: int, w: int = 64, rounds: int = 3, classes: int = 90) -> list[str]:
    """EfficientDet-Lite0: EfficientNet-Lite0, three rounds of a pyramid whose levels are added, ReLU6, two heads."""
    x, ci, maps = activated(g, g.input(1, 3, e, e), 3, 32, 3, 2, act=relu6), 32, []
    for t, co, n, s, k in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ):  # fmt: skip
        for i in range(n):
            m, st = t * ci, 1 if i else s
            y = activated(g, x, ci, m, act=relu6) if t > 1 else x
            y = conv(g, activated(g, y, m, m, k, st, m, act=relu6), m, co, 1)
            x, ci = g.op("Add", x, y) if st == 1 and ci == co else y, co
        if co in (40, 112, 320):
            maps.append((x, co))
    halve = lambda t: pooled(g, t, 3, 2, 1)
    p6 = halve(conv(g, x, 320, w, 1))
    levels = [*(conv(g, t, c, w, 1) for t, c in maps), p6, halve(p6)]
    sides = [e // 8, e // 16, e // 32, -(-e // 64), -(-e // 128)]

    def joined(*parts: str) -> str:
        y = parts[0]
        for t in parts[1:]:
            y = g.op("Add", y, t)
        return conv(g, conv(g, relu6(g, y), w, w, 3, 1, w, False), w, w, 1)

    def up(t: str, i: int) -> str:
        size = g.const([1, w, sides[i], sides[i]])
        return g.op("Resize", t, "", "", size, mode="nearest", nearest_mode="floor",
                    coordinate_transformation_mode="asymmetric")  # fmt: skip

    for _ in range(rounds):
        down = [levels[4]]
        for i in (3, 2, 1, 0):
            down.insert(0, joined(levels[i], up(down[0], i)))
        out = [down[0]]
        for i in (1, 2, 3):
            out.append(joined(levels[i], down[i], halve(out[-1])))
        levels = [*out, joined(levels[4], halve(out[-1]))]
    found = []
    for each in (classes, 4):
        rows = []
        steps = [(g.weight(w, 1, 3, 3), g.weight(w, w, 1, 1)) for _ in range(3)]
        last = (g.weight(w, 1, 3, 3), g.weight(9 * each, w, 1, 1))
        apart = lambda t, a, b, n: g.op("Conv", g.op("Conv", t, a, pads=[1] * 4, group=w), b, g.weight(n))
        for t, side in zip(levels, sides, strict=True):
            for a, b in steps:
                t = relu6(g, apart(t, a, b, w))
            y = apart(t, *last, 9 * each)
            rows.append(boxes_in_a_row(g, y, 9 * side * side, each))
        y = concat(g, *rows)
        found.append(g.op("Sigmoid", y) if each == classes else y)
    return found


def l2cs(g: Builder, e: int, bins: int = 90) -> list[str]:
    """L2CS-Net: ResNet-50 of a face, where the eyes look up and aside in bins."""
    x, c = resnet(g, e, (3, 4, 6, 3), feats=True)[-1]
    f = g.op("Flatten", mean(g, x), axis=1)
    return [dense(g, f, c, bins) for _ in range(2)]


NOWADAYS_DETECTORS = {
    "efficientdet_lite0_320": ("CNN", lambda g: efficientdet_lite(g, 320)),
    "scrfd_10g_640": ("CNN", lambda g: scrfd_10g(g, 640)),
    "l2cs_r50_448": ("CNN", lambda g: l2cs(g, 448)),
}  # fmt: skip
