"""Written lines: PP-OCRv4's recogniser."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.layers import attend, conv, cut, heads, joined, layernorm, silu
from tests.vendor.nets.usual_pieces import hard_squeezed, hswish


def ppocr_v4_rec(g: Builder, w: int, words: int = 6625, d: int = 120) -> str:
    """PP-OCRv4's recogniser: PP-LCNetV3 of width 0.95, two layers of attention along the line, letters a column."""
    wide = lambda c: max(16, int(c * 0.95 + 8) // 16 * 16)

    def line(x: str) -> str:
        return g.op("Add", g.op("Mul", x, g.weight(1)), g.weight(1))

    def learned(x: str, a: int, b: int, k: int, s: tuple[int, int], gr: int = 1) -> str:
        y = g.op(
            "Conv", x, g.weight(b, a // gr, k, k), g.weight(b), strides=list(s), pads=[k // 2] * 4, group=gr
        )
        return line(y) if s == (2, 2) else line(hswish(g, line(y)))

    x, ci = conv(g, g.input(1, 3, 48, w), 3, 16, 3, 2), 16
    for k, c, s, gate in (
        (3, 32, (1, 1), 0), (3, 64, (1, 1), 0), (3, 64, (1, 1), 0), (3, 128, (2, 1), 0), (3, 128, (1, 1), 0),
        (3, 256, (1, 2), 0), *((5, 256, (1, 1), 0),) * 4,
        (5, 512, (2, 1), 1), (5, 512, (1, 1), 1), (5, 512, (2, 1), 0), (5, 512, (1, 1), 0),
    ):  # fmt: skip
        x = learned(x, ci, ci, k, s, ci)
        x = hard_squeezed(g, x, ci, ci // 4) if gate else x
        x, ci = learned(x, ci, wide(c), 1, (1, 1)), wide(c)
    x, n = g.op("AveragePool", x, kernel_shape=[3, 2], strides=[3, 2]), w // 8

    def across(t: str, a: int, b: int, k: int) -> str:
        return silu(g, g.op("Conv", t, g.weight(b, a, 1, k), g.weight(b), pads=[0, k // 2] * 2))

    z = across(across(x, ci, ci // 8, 3), ci // 8, d, 1)
    z = g.op("Transpose", g.op("Reshape", z, g.const([1, d, n])), perm=[0, 2, 1])
    for _ in range(2):
        y = product(g, layernorm(g, z, d), d, 3 * d)
        q, k, v = (heads(g, cut(g, y, 2, i * d, i * d + d), n, 8, d // 8) for i in range(3))
        y = joined(g, attend(g, q, k, v, d // 8), n, d)
        z = g.op("Add", z, product(g, y, d, d))
        z = g.op("Add", z, mlp(g, layernorm(g, z, d), d, 2 * d, silu))
    z = g.op("Transpose", layernorm(g, z, d), perm=[0, 2, 1])
    z = across(g.op("Reshape", z, g.const([1, d, 1, n])), d, ci, 1)
    z = across(across(concat(g, x, z), 2 * ci, ci // 8, 3), ci // 8, d, 1)
    z = g.op("Transpose", g.op("Squeeze", z, g.const([2])), perm=[0, 2, 1])
    return g.op("Softmax", product(g, z, d, words), axis=-1)


NOWADAYS_LINES = {
    "ppocr_v4_rec_48x320": ("CNN", lambda g: ppocr_v4_rec(g, 320)),
}  # fmt: skip
