"""A map for a picture by products of shifted channels: UNeXt."""

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, relu
from tests.vendor.nets.layers import conv, cut, enlarged, gelu, layernorm
from tests.vendor.nets.usual_pieces import pooled


def unext(g: Builder, e: int, cs: tuple[int, ...] = (16, 32, 128, 160, 256)) -> str:
    """UNeXt: convolutions, then products whose channels are shifted along rows and columns."""

    def shifted(x: str, c: int, s: int, axis: int) -> str:
        y = g.op(
            "Pad",
            g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, c, s, s])),
            g.const([0, 0, 2, 2] * 2),
        )
        n = -(-c // 5)
        sizes, moved = [n] * 4 + [c - 4 * n], []
        for t, by in zip(g.op("Split", y, g.const(sizes), count=5, axis=1), range(-2, 3), strict=True):
            at = -by % (s + 4)
            moved.append(
                concat(g, cut(g, t, axis, at, s + 4), cut(g, t, axis, 0, at), axis=axis) if by else t
            )
        y = cut(g, cut(g, concat(g, *moved), 2, 2, s + 2), 3, 2, s + 2)
        return g.op("Transpose", g.op("Reshape", y, g.const([1, c, s * s])), perm=[0, 2, 1])

    def product(x: str, c: int) -> str:
        return g.op("Add", g.op("MatMul", x, g.weight(c, c)), g.weight(c))

    def block(x: str, c: int, s: int) -> str:
        y = product(shifted(layernorm(g, x, c), c, s, 2), c)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1]), g.const([1, c, s, s]))
        y = g.op("Reshape", gelu(g, conv(g, y, c, c, 3, 1, c)), g.const([1, c, s * s]))
        y = product(shifted(g.op("Transpose", y, perm=[0, 2, 1]), c, s, 3), c)
        return layernorm(g, g.op("Add", x, y), c)

    def tokens(x: str, c: int, s: int) -> str:
        return layernorm(g, g.op("Transpose", g.op("Reshape", x, g.const([1, c, s * s])), perm=[0, 2, 1]), c)

    def image(x: str, c: int, s: int) -> str:
        return g.op("Reshape", g.op("Transpose", x, perm=[0, 2, 1]), g.const([1, c, s, s]))

    x, ci, skips = g.input(1, 3, e, e), 3, []
    for c in cs[:3]:
        x, ci, e = relu(g, pooled(g, conv(g, x, ci, c, 3), 2, 2)), c, e // 2
        skips.append((x, c))
    for c in cs[3:]:
        x, ci, e = conv(g, x, ci, c, 3, 2), c, e // 2
        x = image(block(tokens(x, c, e), c, e), c, e)
        skips.append((x, c))
    for t, c in skips[-2::-1]:
        x, e = relu(g, enlarged(g, conv(g, x, ci, c, 3), 2)), 2 * e
        x, ci = g.op("Add", x, t), c
        if c >= 128:
            x = image(block(tokens(x, c, e), c, e), c, e)
    return conv(g, relu(g, enlarged(g, conv(g, x, ci, ci, 3), 2)), ci, 1, 1)


LATEST_SHIFTS = {
    "unext_256": ("CNN", lambda g: unext(g, 256)),
}  # fmt: skip
