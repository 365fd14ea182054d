"""Pictures and sound by transformers: BEiT, CaiT, Swin, Twins, DiT, Squeezeformer."""

import numpy as np

from tests.vendor.builder import Builder
from tests.vendor.nets.everyday_pieces import mlp, product
from tests.vendor.nets.everyday_sight import patches
from tests.vendor.nets.layers import attend, conv, cut, gelu_tanh, heads, joined, layernorm, silu
from tests.vendor.nets.transformer_kinds import window_layer


def three(g: Builder, x: str, b: int, n: int, h: int, w: int) -> list[str]:
    """Queries, keys, values of one product, [B, H, L, D] each."""
    y = g.op("Reshape", product(g, x, h * w, 3 * h * w), g.const([b, n, 3, h, w]))
    y = g.op("Transpose", y, perm=[2, 0, 3, 1, 4])
    return [g.op("Gather", y, g.const(np.array(i)), axis=0) for i in range(3)]


def back(g: Builder, y: str, shape: list[int]) -> str:
    """[B, H, L, D] as [B, L, H*D]."""
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.const(shape))


def beit(g: Builder, size: int, h: int, layers: int) -> str:
    """BEiT: a bias of distances on the scores, branches scaled, the mean of the patches."""
    d = 64 * h
    x, n = patches(g, size, 16, d)
    for _ in range(layers):
        q, k, v = three(g, layernorm(g, x, d), 1, n, h, 64)
        s = g.op("MatMul", g.op("Mul", q, g.const(0.125)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        s = g.op("Softmax", g.op("Add", s, g.weight(1, h, n, n)), axis=-1)
        y = product(g, back(g, g.op("MatMul", s, v), [1, n, d]), d, d)
        x = g.op("Add", x, g.op("Mul", y, g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)))
    y = g.op("ReduceMean", cut(g, x, 1, 1, n), axes=[1], keepdims=0)
    return product(g, layernorm(g, y, d), d, 1000)


def cait(g: Builder, size: int, h: int, layers: int, w: int = 48) -> str:
    """CaiT: heads mixed by a product before and after the softmax."""
    d = h * w
    x, n = patches(g, size, 16, d, cls=False)
    for _ in range(layers):
        q, k, v = three(g, layernorm(g, x, d), 1, n, h, w)
        s = g.op("MatMul", g.op("Mul", q, g.const(w**-0.5)), g.op("Transpose", k, perm=[0, 1, 3, 2]))
        mix = lambda s: g.op(
            "Transpose", product(g, g.op("Transpose", s, perm=[0, 2, 3, 1]), h, h), perm=[0, 3, 1, 2]
        )
        s = mix(g.op("Softmax", mix(s), axis=-1))
        y = product(g, back(g, g.op("MatMul", s, v), [1, n, d]), d, d)
        x = g.op("Add", x, g.op("Mul", y, g.weight(d)))
        x = g.op("Add", x, g.op("Mul", mlp(g, layernorm(g, x, d), d, 4 * d), g.weight(d)))
    return layernorm(g, x, d)


def swin_pair(g: Builder, side: int, h: int) -> str:
    """Swin: a plain and a shifted layer of one stage."""
    x = g.input(1, side * side, 32 * h)
    return window_layer(g, window_layer(g, x, side, 7, h, False), side, 7, h, True)


def twins(g: Builder, side: int, d: int, h: int, r: int, win: int = 7) -> str:
    """Twins-SVT: a layer of windows, one of keys on a smaller map, places by a depthwise convolution."""
    x, n, p, w = g.input(1, side * side, d), side * side, side // win, d // h
    turn = lambda y, s: g.op("Transpose", g.op("Reshape", y, g.const(s)), perm=[0, 1, 3, 2, 4, 5])
    y = g.op("Reshape", turn(layernorm(g, x, d), [1, p, win, p, win, d]), g.const([p * p, win * win, d]))
    y = back(g, attend(g, *three(g, y, p * p, win * win, h, w), w), [1, p, p, win, win, d])
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), g.const([1, n, d]))
    x = g.op("Add", x, product(g, y, d, d))
    x = g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))
    image = lambda t: g.op("Reshape", g.op("Transpose", t, perm=[0, 2, 1]), g.const([1, d, side, side]))
    rows = lambda t, m: g.op("Transpose", g.op("Reshape", t, g.const([1, d, m])), perm=[0, 2, 1])
    z = image(x)
    x, y = rows(g.op("Add", conv(g, z, d, d, 3, 1, d), z), n), None
    y, m = layernorm(g, x, d), n // (r * r)
    k = g.op("Conv", image(y), g.weight(d, d, r, r), g.weight(d), strides=[r, r])
    k = layernorm(g, rows(k, m), d)
    both = g.op("Reshape", product(g, k, d, 2 * d), g.const([1, m, 2, h, w]))
    both = g.op("Transpose", both, perm=[2, 0, 3, 1, 4])
    k, v = (g.op("Gather", both, g.const(np.array(i)), axis=0) for i in range(2))
    y = attend(g, heads(g, product(g, y, d, d), n, h, w), k, v, w)
    x = g.op("Add", x, product(g, joined(g, y, n, d), d, d))
    return g.op("Add", x, mlp(g, layernorm(g, x, d), d, 4 * d))


def dit(g: Builder, n: int, h: int, layers: int, b: int = 2) -> str:
    """DiT: two latents at once (with and without the label), six numbers a channel from the time."""
    d = 64 * h
    x, c = g.input(b, n, d), g.input(b, d)
    for _ in range(layers):
        m = g.op("Unsqueeze", product(g, silu(g, c), d, 6 * d), g.const([1]))
        m = g.op("Split", m, g.const([d] * 6), count=6, axis=2)
        turn = lambda y, s, t: g.op("Add", g.op("Mul", layernorm(g, y, d), g.op("Add", t, g.const(1.0))), s)
        q, k, v = three(g, turn(x, m[0], m[1]), b, n, h, 64)
        y = product(g, back(g, attend(g, q, k, v, 64), [b, n, d]), d, d)
        x = g.op("Add", x, g.op("Mul", m[2], y))
        x = g.op("Add", x, g.op("Mul", m[5], mlp(g, turn(x, m[3], m[4]), d, 4 * d, gelu_tanh)))
    return x


def squeezeformer(g: Builder, n: int, h: int, w: int, layers: int, k: int = 31) -> str:
    """Squeezeformer: norms behind, each branch scaled and shifted in front."""
    d = h * w
    x = g.input(1, n, d)
    scaled = lambda x: g.op("Add", g.op("Mul", x, g.weight(1, 1, d)), g.weight(1, 1, d))
    line = lambda t, a, b: g.op("Conv", t, g.weight(b, a, 1), g.weight(b))
    for _ in range(layers):
        y = scaled(x)
        q, kk, v = (heads(g, product(g, y, d, d), n, h, w) for _ in range(3))
        y = product(g, joined(g, attend(g, q, kk, v, w), n, d), d, d)
        x = layernorm(g, g.op("Add", x, y), d)
        x = layernorm(g, g.op("Add", x, mlp(g, scaled(x), d, 4 * d, silu)), d)
        y = silu(g, line(g.op("Transpose", scaled(x), perm=[0, 2, 1]), d, d))
        y = silu(g, g.op("Conv", y, g.weight(d, 1, k), g.weight(d), group=d, pads=[k // 2] * 2))
        x = layernorm(g, g.op("Add", x, g.op("Transpose", line(y, d, d), perm=[0, 2, 1])), d)
        x = layernorm(g, g.op("Add", x, mlp(g, scaled(x), d, 4 * d, silu)), d)
    return x


KNOWN_SIGHT = {
    "beit_b_224_x2": ("transformer", lambda g: beit(g, 224, 12, 2)),
    "cait_xs_224_x2": ("transformer", lambda g: cait(g, 224, 6, 2)),
    "swin_s_pair_28": ("transformer", lambda g: swin_pair(g, 28, 6)),
    "swin_b_pair_14": ("transformer", lambda g: swin_pair(g, 14, 16)),
    "twins_s_28": ("transformer", lambda g: twins(g, 28, 128, 4, 4)),
    "dit_s_256_x2": ("transformer", lambda g: dit(g, 256, 6, 2)),
    "squeezeformer_s_300_x2": ("transformer", lambda g: squeezeformer(g, 300, 4, 49, 2)),
}  # fmt: skip
