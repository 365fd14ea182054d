"""What is done in a film by X3D, what is said of a picture by BLIP, token by token."""

from collections.abc import Sequence

from onnx import TensorProto

from tests.vendor.builder import Builder
from tests.vendor.nets.common_pieces import dense
from tests.vendor.nets.everyday_pieces import concat, mlp, product, relu
from tests.vendor.nets.layers import attend, gelu, heads, joined, layernorm, silu


def solid(
    g: Builder, x: str, a: int, b: int, k: Sequence[int], s: int = 1, gr: int = 1, bias: bool = True
) -> str:
    """A convolution over moments, rows and columns, a stride in the last two."""
    w = [g.weight(b, a // gr, *k), *([g.weight(b)] if bias else [])]
    return g.op("Conv", x, *w, strides=[1, s, s], pads=[v // 2 for v in k] * 2, group=gr)


def x3d(g: Builder, t: int, e: int, depths: tuple[int, ...] = (2, 3, 4, 2), classes: int = 400) -> str:
    """X3D-XS (depths of 3, 5, 11, 7 cut): depthwise taps over moments and places, every other block gated."""
    one, x, ci = (1, 1, 1), solid(g, g.input(1, 3, t, e, e), 3, 24, (1, 3, 3), 2, bias=False), 24
    x = relu(g, solid(g, x, 24, 24, (5, 1, 1), 1, 24))
    for c, depth in zip((24, 48, 96, 192), depths, strict=True):
        m = int(2.25 * c)
        r = max(8, int(m / 16 + 4) // 8 * 8)
        for i in range(depth):
            s = 2 if i == 0 else 1
            y = solid(g, relu(g, solid(g, x, ci, m, one)), m, m, (3, 3, 3), s, m)
            if i % 2 == 0:
                z = g.op("GlobalAveragePool", y)
                z = solid(g, relu(g, solid(g, z, m, r, one)), r, m, one)
                y = g.op("Mul", y, g.op("Sigmoid", z))
            y = solid(g, silu(g, y), m, c, one)
            x, ci = relu(g, g.op("Add", y, solid(g, x, ci, c, one, 2) if s == 2 else x)), c
    x = g.op("GlobalAveragePool", relu(g, solid(g, x, 192, 432, one)))
    x = g.op("Flatten", relu(g, solid(g, x, 432, 2048, one, bias=False)), axis=1)
    return dense(g, x, 2048, classes)


def caption_step(
    g: Builder, past: int, layers: int = 3, seen: int = 577, d: int = 768, h: int = 12
) -> list[str]:
    """BLIP's captions by the token (layers of 12 cut): a cache of words, keys and values of the picture kept."""
    w, outs = d // h, []
    x = g.op("Gather", g.weight(30524, d), g.input(1, 1, dtype=TensorProto.INT64))
    x = layernorm(g, g.op("Add", x, g.op("Gather", g.weight(512, d), g.const([past]))), d)
    for _ in range(layers):
        q, k, v = (heads(g, product(g, x, d, d), 1, h, w) for _ in range(3))
        k, v = (concat(g, g.input(1, h, past, w), t, axis=2) for t in (k, v))
        outs += [k, v]
        y = product(g, joined(g, attend(g, q, k, v, w), 1, d), d, d)
        x = layernorm(g, g.op("Add", y, x), d)
        q, k, v = heads(g, product(g, x, d, d), 1, h, w), g.input(1, h, seen, w), g.input(1, h, seen, w)
        y = product(g, joined(g, attend(g, q, k, v, w), 1, d), d, d)
        x = layernorm(g, g.op("Add", y, x), d)
        x = layernorm(g, g.op("Add", mlp(g, x, d, 4 * d), x), d)
    y = layernorm(g, gelu(g, product(g, x, d, d)), d)
    return [product(g, y, d, 30524), *outs]


OF_LATE_FILMS = {
    "x3d_xs_4x160": ("CNN", lambda g: x3d(g, 4, 160)),
    "blip_cap_step_32": ("transformer", lambda g: caption_step(g, 32)),
}  # fmt: skip
