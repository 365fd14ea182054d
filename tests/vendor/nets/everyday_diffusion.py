"""Blocks of diffusion: SDXL, Stable Diffusion 1.5, PixArt."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import concat, mlp, product
from tests.vendor.nets.layers import (
    attend,
    conv,
    enlarged,
    gelu,
    gelu_tanh,
    groupnorm,
    heads,
    joined,
    layernorm,
    silu,
)


def cross(g: Builder, x: str, c: str, n: int, m: int, d: int, cd: int, h: int, w: int) -> str:
    """Attention of N rows to M rows of another width."""
    q = heads(g, product(g, x, d, d, False), n, h, w)
    k, v = (heads(g, product(g, c, cd, d, False), m, h, w) for _ in range(2))
    return product(g, joined(g, attend(g, q, k, v, w), n, d), d, d)


def tf_block(g: Builder, x: str, c: str, n: int, m: int, d: int, cd: int, h: int) -> str:
    """Attention to itself, to a context, a gated feed-forward."""
    w = d // h
    y = layernorm(g, x, d)
    x = g.op("Add", cross(g, y, y, n, n, d, d, h, w), x)
    x = g.op("Add", cross(g, layernorm(g, x, d), c, n, m, d, cd, h, w), x)
    a, b = g.op("Split", product(g, layernorm(g, x, d), d, 8 * d), g.const([4 * d, 4 * d]), count=2, axis=2)
    return g.op("Add", product(g, g.op("Mul", a, gelu(g, b)), 4 * d, d), x)


def spatial(
    g: Builder, x: str, c: str, side: int, m: int, d: int, cd: int, h: int, layers: int, linear_proj: bool
) -> str:
    """Transformer blocks on an image's pixels."""
    n = side * side
    y = groupnorm(g, x, (1, d, side, side), 32)
    if not linear_proj:
        y = conv(g, y, d, d, 1)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), g.const([1, n, d]))
    if linear_proj:
        y = product(g, y, d, d)
    for _ in range(layers):
        y = tf_block(g, y, c, n, m, d, cd, h)
    if linear_proj:
        y = product(g, y, d, d)
    y = g.op("Transpose", g.op("Reshape", y, g.const([1, side, side, d])), perm=[0, 3, 1, 2])
    if not linear_proj:
        y = conv(g, y, d, d, 1)
    return g.op("Add", y, x)


def resblock(g: Builder, x: str, t: str, ci: int, co: int, side: int) -> str:
    """A residual pair with the step's vector added between."""
    y = conv(g, silu(g, groupnorm(g, x, (1, ci, side, side), 32)), ci, co)
    e = g.op("Unsqueeze", product(g, silu(g, t), 1280, co), g.const([2, 3]))
    y = g.op("Add", y, e)
    y = conv(g, silu(g, groupnorm(g, y, (1, co, side, side), 32)), co, co)
    return g.op("Add", conv(g, x, ci, co, 1) if ci != co else x, y)


def sdxl(g: Builder, side: int, layers: int) -> str:
    """A block of SDXL's middle."""
    return spatial(
        g, g.input(1, 1280, side, side), g.input(1, 77, 2048), side, 77, 1280, 2048, 20, layers, True
    )


def sd_up(g: Builder, side: int, ci: int, skip: str, co: int, h: int) -> str:
    """A block of Stable Diffusion 1.5's way up."""
    x, t, c = g.input(1, ci, side, side), g.input(1, 1280), g.input(1, 77, 768)
    x = resblock(g, concat(g, x, g.input(1, skip, side, side)), t, ci + skip, co, side)
    x = spatial(g, x, c, side, 77, co, 768, h, 1, False)
    return conv(g, enlarged(g, x, 2, "nearest"), co, co)


def pixart(g: Builder, side: int, d: int = 1152, h: int = 16, text: int = 120) -> str:
    """A layer of PixArt: norms moved and scaled by the step, attention to text."""
    n, w = side * side, d // h
    x, t, c = g.input(1, n, d), g.input(1, 6, d), g.input(1, text, d)
    ms = g.op("Split", g.op("Add", g.weight(1, 6, d), t), count=6, axis=1)

    def norm(x):
        return g.op("LayerNormalization", x, g.const(np.ones(d)), g.const(np.zeros(d)), axis=-1, epsilon=1e-6)

    def mod(x, s, b):
        return g.op("Add", g.op("Mul", norm(x), g.op("Add", s, g.const(1.0))), b)

    y = mod(x, ms[1], ms[0])
    q, k, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
    y = product(g, joined(g, attend(g, q, k, v, w), n, d), d, d)
    x = g.op("Add", x, g.op("Mul", ms[2], y))
    x = g.op("Add", x, cross(g, x, c, n, text, d, d, h, w))
    return g.op("Add", x, g.op("Mul", ms[5], mlp(g, mod(x, ms[4], ms[3]), d, 4 * d, gelu_tanh)))


EVERYDAY_DIFFUSION = {
    "sdxl_tf_32": ("transformer", lambda g: sdxl(g, 32, 1)),
    "pixart_1024": ("transformer", lambda g: pixart(g, 32)),
    "sd15_up_16": ("transformer", lambda g: sd_up(g, 16, 1280, 1280, 1280, 8)),
}  # fmt: skip
