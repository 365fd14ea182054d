"""Text of any shape by PAN, the eye's iris."""

from tests.vendor.builder import Builder
from tests.vendor.nets.daily_pieces import unpadded
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, conv_relu, enlarged
from tests.vendor.nets.usual_pieces import pooled, prelu


def pan_text(g: Builder, e: int, c: int = 128) -> str:
    """PAN (text of any shape) on ResNet-18: two light pyramids up and down, six maps."""
    x, ci, fs = pooled(g, conv_relu(g, g.input(1, 3, e, e), 3, 64, 7, 2), 3, 2, 1), 64, []
    for j in range(4):
        co = 64 << j
        for i in range(2):
            s = 2 if j and i == 0 else 1
            y = conv(g, conv_relu(g, x, ci, co, 3, s), co, co, 3)
            x, ci = relu(g, g.op("Add", y, x if s == 1 else conv(g, x, ci, co, 1, s))), co
        fs.append(conv_relu(g, x, co, c, 1))
    light = lambda t, s: conv_relu(g, conv(g, t, c, c, 3, s, c), c, c, 1)
    sums: list[str] = []
    for _ in range(2):
        for j in (2, 1, 0):
            fs[j] = light(g.op("Add", enlarged(g, fs[j + 1], 2), fs[j]), 1)
        for j in (1, 2, 3):
            fs[j] = light(g.op("Add", enlarged(g, fs[j], 2), fs[j - 1]), 2)
        sums, fs = (
            ([g.op("Add", a, b) for a, b in zip(sums, fs, strict=True)] if sums else list(fs)),
            list(fs),
        )
    y = concat(g, sums[0], *(enlarged(g, t, 1 << j) for j, t in enumerate(sums) if j))
    return enlarged(g, conv(g, conv_relu(g, y, 4 * c, c, 3), c, 6, 1), 4)


def iris(g: Builder, n: int) -> list[str]:
    """MediaPipe's iris landmarks for n eyes of 64 x 64: bottlenecks with PReLU, two heads."""

    def block(x: str, c: int) -> str:
        y = prelu(g, conv(g, x, c, c // 2, 1), c // 2)
        return prelu(g, g.op("Add", conv(g, conv(g, y, c // 2, c // 2, 3, 1, c // 2), c // 2, c, 1), x), c)

    def down(x: str, a: int, b: int) -> str:
        y = prelu(g, unpadded(g, x, a, b // 2, 2, 2), b // 2)
        y = conv(g, conv(g, y, b // 2, b // 2, 3, 1, b // 2), b // 2, b, 1)
        x = pooled(g, x, 2, 2)
        x = g.op("Pad", x, g.const([0, 0, 0, 0, 0, b - a, 0, 0])) if b > a else x
        return prelu(g, g.op("Add", y, x), b)

    x = prelu(g, conv(g, g.input(n, 3, 64, 64), 3, 64, 3, 2), 64)
    for _ in range(4):
        x = block(x, 64)
    x = down(x, 64, 128)
    for _ in range(4):
        x = block(x, 128)
    outs = []
    for points in (213, 15):
        y = x
        for _ in range(3):
            y = down(y, 128, 128)
            for _ in range(4):
                y = block(y, 128)
        outs.append(g.op("Reshape", unpadded(g, y, 128, points, 2, 1), g.const([n, points])))
    return outs


NEWEST_POINTS = {
    "iris_b2_64": ("CNN", lambda g: iris(g, 2)),
    "pan_text_r18_640": ("CNN", lambda g: pan_text(g, 640)),
}  # fmt: skip
