"""Faces and how people stand: SCRFD of 2.5 GFLOPs, IR-SE-50, HRNet-W32."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.daily_pieces import boxes_in_a_row, channels_last, mean, mean_pooled
from tests.vendor.nets.everyday_pieces import relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu


def scrfd_25g(g: Builder, e: int, w: int = 24, head: int = 64) -> list[str]:
    """SCRFD of 2.5 GFLOPs with points: pairs of 3x3 from a deep stem, both ways between three maps, heads of two."""
    x = conv_relu(
        g, conv_relu(g, conv_relu(g, g.input(1, 3, e, e), 3, w // 2, 3, 2), w // 2, w // 2), w // 2, w
    )
    x, ci, maps = pooled(g, x, 2, 2), w, []
    for c, n in ((24, 3), (48, 5), (48, 3), (80, 2)):
        for i in range(n):
            s = 2 if i == 0 and maps else 1
            y = conv(g, conv_relu(g, x, ci, c, 3, s), c, c)
            if s == 2:
                x = conv(g, mean_pooled(g, x), ci, c, 1)
            x, ci = relu(g, g.op("Add", y, x)), c
        maps.append((x, c))
    ps = [conv(g, t, c, w, 1) for t, c in maps[1:]]
    for i in (1, 0):
        ps[i] = g.op("Add", ps[i], enlarged(g, ps[i + 1], 2, "nearest"))
    ps = [conv(g, t, w, w) for t in ps]
    for i in (1, 2):
        ps[i] = g.op("Add", ps[i], conv(g, ps[i - 1], w, w, 3, 2))
    ps = [ps[0], *(conv(g, t, w, w) for t in ps[1:])]
    found: list[list[str]] = [[], [], []]
    for t, s in zip(ps, (8, 16, 32), strict=True):
        y = conv_relu(g, conv_relu(g, t, w, head), head, head)
        scores, boxes, points = (conv(g, y, head, k) for k in (2, 8, 20))
        boxes, rows = g.op("Mul", boxes, g.const(1.0)), 2 * (e // s) ** 2
        found[0].append(g.op("Sigmoid", g.op("Reshape", channels_last(g, scores), g.const([1, rows, 1]))))
        found[1].append(boxes_in_a_row(g, boxes, rows, 4))
        found[2].append(boxes_in_a_row(g, points, rows, 10))
    return [t for each in found for t in each]


def ir_se50(g: Builder, e: int, ns: tuple[int, ...] = (3, 4, 14, 3), out: int = 512) -> str:
    """IR-SE-50: normalised in front of the first 3x3, PReLU, the stride on the second, a gate; a vector of length 1."""

    def normed(x: str, c: int) -> str:
        return g.op(
            "BatchNormalization", x, *(g.weight(c) for _ in range(3)), g.const(np.full(c, 0.5, np.float16))
        )

    x, ci = prelu(g, conv(g, g.input(1, 3, e, e), 3, 64), 64), 64
    for c, n in zip((64, 128, 256, 512), ns, strict=True):
        for i in range(n):
            s = 1 if i else 2
            side = pooled(g, x, 1, s) if ci == c and s > 1 else x
            side = conv(g, x, ci, c, 1, s) if ci != c else side
            y = prelu(g, conv(g, normed(x, ci), ci, c, 3, 1, 1, False), c)
            y = conv(g, y, c, c, 3, s)
            gate = relu(g, conv(g, mean(g, y), c, c // 16, 1, 1, 1, False))
            gate = g.op("Sigmoid", conv(g, gate, c // 16, c, 1, 1, 1, False))
            x, ci = g.op("Add", g.op("Mul", y, gate), side), c
    n = ci * (e // 16) ** 2
    x = dense(g, g.op("Flatten", normed(x, ci), axis=1), n, out)
    return g.op("Div", x, g.op("ReduceL2", x, axes=[1], keepdims=1))


def hrnet(g: Builder, h: int, w: int, c: int = 32, joints: int = 17) -> str:
    """HRNet of 32 channels: up to four sizes side by side, four pairs of 3x3 each, then all into all; 1, 4, 3 times."""
    cs = [c << i for i in range(4)]

    def fused(xs: list[str], count: int) -> list[str]:
        out = []
        for i in range(count):
            total = ""
            for j, x in enumerate(xs):
                if j > i:
                    x = enlarged(g, conv(g, x, cs[j], cs[i], 1), 1 << j - i, "nearest")
                for k in range(j, i):
                    last = k == i - 1
                    x = (conv if last else conv_relu)(g, x, cs[j], cs[i] if last else cs[j], 3, 2)
                total = g.op("Add", total, x) if total else x
            out.append(relu(g, total))
        return out

    x = conv_relu(g, conv_relu(g, g.input(1, 3, h, w), 3, 64, 3, 2), 64, 64, 3, 2)
    for i in range(4):
        y = conv(g, conv_relu(g, conv_relu(g, x, 256 if i else 64, 64, 1), 64, 64), 64, 256, 1)
        x = relu(g, g.op("Add", y, x if i else conv(g, x, 64, 256, 1)))
    xs = [conv_relu(g, x, 256, cs[0]), conv_relu(g, x, 256, cs[1], 3, 2)]
    for many, times in ((2, 1), (3, 4), (4, 3)):
        if many > 2:
            xs.append(conv_relu(g, xs[-1], cs[many - 2], cs[many - 1], 3, 2))
        for k in range(times):
            for j in range(many):
                for _ in range(4):
                    y = conv(g, conv_relu(g, xs[j], cs[j], cs[j]), cs[j], cs[j])
                    xs[j] = relu(g, g.op("Add", y, xs[j]))
            xs = fused(xs, 1 if many == 4 and k == times - 1 else many)
    return conv(g, xs[0], c, joints, 1)


THESE_DAYS_PEOPLE = {
    "scrfd_25g_640": ("CNN", lambda g: scrfd_25g(g, 640)),
    "ir_se50_112": ("CNN", lambda g: ir_se50(g, 112)),
    "hrnet_w32_256x192": ("CNN", lambda g: hrnet(g, 256, 192)),
}  # fmt: skip
